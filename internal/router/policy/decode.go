package policy

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// maxValues bounds what aliases can make of a small file.
const maxValues = 100_000

// decoder fills Go values from YAML nodes. Unlike the library's own, it goes on
// after an error, knows the path of each, and asks back about unknown keys.
type decoder struct {
	*problems
	values int
}

// defaulter is a section with keys that have defaults.
type defaulter interface{ setDefaults() }

// prefill sets the defaults of a section and of those in it that are always there.
func prefill(v reflect.Value) {
	if v.Kind() != reflect.Struct || !v.CanAddr() {
		return
	}
	if d, ok := v.Addr().Interface().(defaulter); ok {
		d.setDefaults()
	}
	for _, f := range fieldsOf(v.Type()) {
		prefill(v.FieldByIndex(f.index))
	}
}

// value reads n into v, which is addressable. Nothing it says repeats a value
// that could be a secret in the wrong place.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	n = resolve(n)
	if d.values++; d.values > maxValues {
		if d.values == maxValues+1 {
			d.add("", "there are more than %d values in it: use fewer aliases", maxValues)
		}
		return
	}
	switch {
	case n.Tag == "!!null":
		d.add(path, "is empty: give a value ({} for a section without keys), or leave the key out")
	case v.Kind() == reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		prefill(p.Elem())
		d.value(n, p.Elem(), path)
		v.Set(p)
	case v.Type() == reflect.TypeFor[time.Duration]():
		d.duration(n, v, path)
	case decodesItself(v, n):
		d.itself(n, v, path)
	case v.Kind() == reflect.Struct:
		d.section(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path)
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		d.table(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// decodesItself reports whether the type has its own way to read YAML.
func decodesItself(v reflect.Value, n *yaml.Node) bool {
	switch v.Addr().Interface().(type) {
	case yaml.Unmarshaler, interface{ UnmarshalYAML(func(any) error) error }:
		return true
	case encoding.TextUnmarshaler:
		return n.Kind == yaml.ScalarNode
	}
	return false
}

// itself lets the type read n. Where it is a struct with keys, as those of
// Prometheus' libraries are, unknown ones are found here: node.Decode passes
// over them.
func (d *decoder) itself(n *yaml.Node, v reflect.Value, path string) {
	before := len(d.errs)
	d.unknownKeys(n, v.Type(), path)
	if err := n.Decode(v.Addr().Interface()); err != nil && len(d.errs) == before {
		d.add(path, "%s", withoutValues(err))
	}
}

// withoutValues takes from an error of a library what it quotes of the file,
// credentials in an URL included, and the line, which is known better.
func withoutValues(err error) string {
	text := regexp.MustCompile("(?s)`.*?` ").ReplaceAllString(err.Error(), "")
	text = regexp.MustCompile(`//[^\s/]*@`).ReplaceAllString(text, "//...@")
	text = regexp.MustCompile(`yaml: unmarshal errors:\s*|yaml: |line \d+: `).ReplaceAllString(text, "")
	return strings.Join(strings.Fields(text), " ")
}

func (d *decoder) unknownKeys(n *yaml.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	n = resolve(n)
	fields := fieldsOf(t)
	if n.Kind != yaml.MappingNode || !slices.ContainsFunc(fields, func(f field) bool { return f.tagged }) {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		d.lines[join(path, key.Value)] = key.Line
		if j := slices.IndexFunc(fields, func(f field) bool { return f.name == key.Value }); j >= 0 {
			d.unknownKeys(n.Content[i+1], t.FieldByIndex(fields[j].index).Type, join(path, key.Value))
		} else if key.Tag != "!!merge" {
			d.unknown(key, fields, path)
		}
	}
}

func (d *decoder) unknown(key *yaml.Node, fields []field, path string) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	d.lines[join(path, key.Value)] = key.Line
	d.odd[path] = true
	d.add(join(path, key.Value), "unknown key: %s", meant(key.Value, names))
}

// section reads a mapping of known keys, each at most once.
func (d *decoder) section(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.add(path, "%s where keys and values belong", describe(n))
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		below := join(path, key.Value)
		j := slices.IndexFunc(fields, func(f field) bool { return f.name == key.Value })
		switch {
		case j < 0:
			d.unknown(key, fields, path)
			continue
		case seen[key.Value]:
			d.twice(key, below)
			continue
		}
		seen[key.Value] = true
		d.lines[below] = key.Line
		d.value(n.Content[i+1], v.FieldByIndex(fields[j].index), below)
	}
}

// twice blames the second key, not the first, whose line is that of the path.
func (d *decoder) twice(key *yaml.Node, path string) {
	first := d.lines[path]
	d.lines[path] = key.Line
	d.add(path, "is given twice: keep one of them")
	d.lines[path] = first
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.add(path, "%s where a list belongs: write [a, b], or one entry per line after \"- \"", describe(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.lines[at(path, i)] = item.Line
		prefill(v.Index(i))
		d.value(item, v.Index(i), at(path, i))
	}
}

func (d *decoder) table(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.add(path, "%s where keys and values belong", describe(n))
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		d.lines[join(path, key.Value)] = key.Line
		item := reflect.New(v.Type().Elem()).Elem()
		prefill(item)
		d.value(n.Content[i+1], item, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), item)
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.add(path, "%s where a single value belongs", describe(n))
	case v.Kind() == reflect.String:
		v.SetString(n.Value) // as written: a phone number is no number to YAML's mind
	case n.Decode(v.Addr().Interface()) != nil:
		d.add(path, "is no %s", kindName(v.Kind()))
	}
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "truth value: write true or false"
	case reflect.Float32, reflect.Float64:
		return "number"
	default:
		return "whole number"
	}
}

func (d *decoder) duration(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.add(path, "%s where a duration belongs", describe(n))
		return
	}
	t, err := model.ParseDuration(n.Value)
	switch {
	case err != nil:
		d.add(path, "%s is no duration: write a number with its unit, such as 30s, 10m, 1h30m, 3d or 2w", strconv.Quote(n.Value))
	case t == 0:
		d.add(path, "must be more than 0")
	default:
		v.SetInt(int64(t))
	}
}

// field is a key of a section.
type field struct {
	name   string
	index  []int // for FieldByIndex
	tagged bool  // it says its name itself
}

// fieldsOf lists the keys of a struct as the YAML library sees them, inlined
// ones included.
func fieldsOf(t reflect.Type) []field {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case !f.IsExported() || name == "-":
		case strings.Contains(options, "inline"):
			for _, in := range fieldsOf(f.Type) {
				fields = append(fields, field{in.name, append([]int{i}, in.index...), in.tagged})
			}
		case name == "":
			fields = append(fields, field{strings.ToLower(f.Name), []int{i}, tagged})
		default:
			fields = append(fields, field{name, []int{i}, true})
		}
	}
	return fields
}

// resolve follows aliases.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

// describe names what was found, never its value.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}

// syntaxError turns the YAML library's error into one that names file and line.
func syntaxError(file string, err error) error {
	line := 1
	if m := regexp.MustCompile(`line (\d+):`).FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits
	}
	return &Error{file, line, "", fmt.Sprintf("not YAML: %s: check indentation, brackets and quotes there", withoutValues(err))}
}

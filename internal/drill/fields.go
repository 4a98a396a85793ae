package drill

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// mapping reads the keys of one YAML mapping and keeps what is wrong with them.
// Its readers return the zero value where the key is absent or wrong.
type mapping struct {
	*problems
	line   int
	broken bool                  // no mapping at all, which was said: nothing is missing from it
	values map[string]*yaml.Node // :: key -> value, aliases resolved
}

// newMapping checks that node is a mapping of known keys, each at most once.
// The result is usable, if empty, in any case.
func newMapping(p *problems, node *yaml.Node, field string, known ...string) mapping {
	node = resolve(node)
	m := mapping{problems: p, line: node.Line, values: map[string]*yaml.Node{}}
	if node.Kind != yaml.MappingNode {
		m.broken = true
		p.add(node.Line, field, describe(node)+" where keys and values belong", "write key: value, with the keys "+strings.Join(known, ", "))
		return m
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], resolve(node.Content[i+1])
		switch _, twice := m.values[key.Value]; {
		case !slices.Contains(known, key.Value):
			p.add(key.Line, "", fmt.Sprintf("the key %q is unknown", key.Value), "use one of "+strings.Join(known, ", "))
		case twice:
			p.add(key.Line, key.Value, "given twice", "keep one of them")
		default:
			m.values[key.Value] = value
		}
	}
	return m
}

// has reports whether the key is given, well or badly.
func (m mapping) has(key string) bool { return m.values[key] != nil }

// at returns the line of the key's value, or of the mapping where it is absent.
func (m mapping) at(key string) int {
	if v := m.values[key]; v != nil {
		return v.Line
	}
	return m.line
}

// blamed reports whether the key was found wrong already.
func (m mapping) blamed(key string) bool {
	return slices.ContainsFunc(m.errs, func(err error) bool {
		e, ok := errors.AsType[*FileError](err)
		return ok && e.Field == key && e.Line == m.at(key)
	})
}

// require complains if the key is absent, and says what it is for.
func (m mapping) require(key, remedy string) {
	if !m.has(key) && !m.broken {
		m.add(m.line, key, "missing", remedy)
	}
}

// text reads a scalar as text.
func (m mapping) text(key string) string {
	v := m.values[key]
	switch {
	case v == nil:
		return ""
	case v.Kind != yaml.ScalarNode:
		m.add(v.Line, key, describe(v)+" where text belongs", "write "+key+": text")
	case v.Tag == "!!null" || strings.TrimSpace(v.Value) == "":
		m.add(v.Line, key, "empty", "give a value, or leave the key out")
	default:
		return strings.TrimSpace(v.Value)
	}
	return ""
}

// duration reads a duration that is not negative. It is not ok if the key is
// absent or wrong.
func (m mapping) duration(key string) (d time.Duration, ok bool) {
	s := m.text(key)
	if s == "" {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		m.add(m.at(key), key, strconv.Quote(s)+" is not a duration", "write a number with its unit, such as 90s, 10m or 1h30m")
	case d < 0:
		m.add(m.at(key), key, s+" is negative", "times count from minute zero on, such as 10m")
	case d%time.Second != 0:
		m.add(m.at(key), key, s+" is not a whole number of seconds", "users are counted by the second: round it")
	default:
		return d, true
	}
	return 0, false
}

// number reads a number. It is not ok if the key is absent or wrong.
func (m mapping) number(key string) (n float64, ok bool) {
	v := m.values[key]
	if v == nil {
		return 0, false
	}
	if v.Kind != yaml.ScalarNode || (v.Tag != "!!int" && v.Tag != "!!float") || v.Decode(&n) != nil {
		m.add(v.Line, key, describe(v)+" where a number belongs", "write a number, such as 0.3 or 40")
		return 0, false
	}
	return n, true
}

// list reads the entries of a list; an absent one has none.
func (m mapping) list(key string) []*yaml.Node {
	v := m.values[key]
	if v == nil {
		return nil
	}
	if v.Kind != yaml.SequenceNode {
		m.add(v.Line, key, describe(v)+" where a list belongs", "write one entry per line, each after \"- \"; or leave the key out")
		return nil
	}
	return v.Content
}

// resolve follows aliases.
func resolve(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode && node.Alias != nil {
		node = node.Alias
	}
	return node
}

// describe names what was found, for people.
func describe(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "keys and values"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Tag == "!!null":
		return "nothing"
	default:
		return strconv.Quote(node.Value)
	}
}

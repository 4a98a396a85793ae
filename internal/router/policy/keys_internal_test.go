package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"goldensignals/internal/receiver/outbound"
)

// keysOf calls each with every key of a section, as docs/policy.md writes it,
// and with its default.
func keysOf(v reflect.Value, path string, each func(path string, v reflect.Value)) {
	switch v.Type() {
	case reflect.TypeFor[config.HTTPClientConfig](), reflect.TypeFor[outbound.Secret](), reflect.TypeFor[names]():
		return // explained as a whole
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem()).Elem()
		prefill(p)
		keysOf(p, path, each)
	case reflect.Slice:
		p := reflect.New(v.Type().Elem()).Elem()
		prefill(p)
		keysOf(p, path+"[]", each)
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			below := join(path, f.name)
			each(below, v.FieldByIndex(f.index))
			keysOf(v.FieldByIndex(f.index), below, each)
		}
	default: // a single value
	}
}

func allKeys(each func(path string, v reflect.Value)) {
	var f file
	v := reflect.ValueOf(&f).Elem()
	prefill(v)
	keysOf(v, "", each)
}

// elsewhere tells the keys of one kind of provider or tracker. They belong to
// the package of the receiver, which explains them.
var elsewhere = regexp.MustCompile(`^(providers\[\]|receivers\[\]\.ticket)\.\w+[.\[]`)

// kinds tells those kinds themselves.
var kinds = regexp.MustCompile(`^(providers\[\]|receivers\[\]\.ticket)\.\w+$`)

// A key that is not in the table, one that is and does not exist, and a default
// that is another one: each fails.
func TestDocumentationNamesEveryKey(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // :: key -> default
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]*)\\| [^|]+ \\|$").FindAllStringSubmatch(string(doc), -1) {
		rows[m[1]] = strings.Trim(m[2], " `")
	}
	allKeys(func(path string, v reflect.Value) {
		text, ok := rows[path]
		if !ok && elsewhere.MatchString(path) {
			return
		}
		if !ok {
			t.Errorf("docs/policy.md has no row for `%s`", path)
		}
		delete(rows, path)
		if want, ok := defaultOf(v); ok && !sameDefault(text, want) {
			t.Errorf("docs/policy.md says that the default of `%s` is %q; it is %v", path, text, want)
		}
	})
	for path := range rows {
		t.Errorf("docs/policy.md explains `%s`, which does not exist", path)
	}
}

// defaultOf returns what is there if the key is not given.
func defaultOf(v reflect.Value) (any, bool) {
	if n, ok := reflect.TypeAssert[names](v); ok && n.all {
		return "all", true
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Pointer:
		return nil, false
	default:
		return v.Interface(), !v.IsZero() || v.Kind() == reflect.Bool
	}
}

func sameDefault(text string, want any) bool {
	if d, ok := want.(time.Duration); ok {
		got, err := model.ParseDuration(text)
		return err == nil && time.Duration(got) == d
	}
	return text == fmt.Sprint(want)
}

// The example shows every key, and some of the kinds of providers and trackers.
func TestExampleHasEveryKey(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../../deploy/alertrouter/alertrouter.yml")
	if err != nil {
		t.Fatal(err)
	}
	root, err := document("example", []byte(strings.ReplaceAll(string(data), "#: ", "")))
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{problems: newProblems("example")}
	var f file
	d.value(root, reflect.ValueOf(&f).Elem(), "")
	if err := d.err(); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for path := range d.lines {
		shown[regexp.MustCompile(`\[\d+\]`).ReplaceAllString(path, "[]")] = true
	}
	allKeys(func(path string, _ reflect.Value) {
		if !shown[path] && !kinds.MatchString(path) && !elsewhere.MatchString(path) {
			t.Errorf("%s does not show `%s`", filepath.Base("alertrouter.yml"), path)
		}
	})
}

func TestDefaultsHoldBelowDefaults(t *testing.T) {
	t.Parallel()
	allKeys(func(path string, v reflect.Value) {
		if d, ok := reflect.TypeAssert[time.Duration](v); ok && d <= 0 && !elsewhere.MatchString(path) {
			t.Errorf("the default of %s is %v", path, d)
		}
	})
}

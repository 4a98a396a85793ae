package runbook_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/runbook"
)

func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

const full = `---
alert: ShopErrors
drill: payments-errors
repairs: [clear-faults, rollback]
---
# ShopErrors

## Meaning

More than 1 % of the [users'](https://example.org) ` + "`requests`" + ` fail
for **five** minutes. Budget burns.

| a | b |
|---|---|
| 1 | 2 |

` + "```promql\nup == 0\n```\n"

func TestLoad(t *testing.T) {
	t.Parallel()
	lib, err := runbook.Load(files("ShopErrors.md", full, "Plain.md", "Just text", "README.md", "# not a runbook", "sub/X.md", "no"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Plain", "ShopErrors"}, lib.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	got, ok := lib.Lookup("ShopErrors")
	if !ok {
		t.Fatal("ShopErrors not found")
	}
	if want := "More than 1 % of the users' requests fail for five minutes."; got.Brief != want {
		t.Errorf("brief = %q, want %q", got.Brief, want)
	}
	if got.Drill != "payments-errors" || !cmp.Equal(got.Repairs, []string{"clear-faults", "rollback"}) {
		t.Errorf("drill, repairs = %q, %q", got.Drill, got.Repairs)
	}
	for _, want := range []string{"<table>", `<code class="language-promql">up == 0`, `<h2 id="meaning">`} {
		if !strings.Contains(string(got.HTML), want) {
			t.Errorf("html lacks %q:\n%s", want, got.HTML)
		}
	}
	if _, ok := lib.Lookup("Nope"); ok {
		t.Error("found a runbook that is not there")
	}
}

func TestLoadSanitises(t *testing.T) {
	t.Parallel()
	lib, err := runbook.Load(files("Evil.md", "# Evil\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n\n<img src=x onerror=alert(1)>\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Lookup("Evil")
	for _, bad := range []string{"<script", "javascript:", "onerror"} {
		if strings.Contains(string(p.HTML), bad) {
			t.Errorf("html contains %q:\n%s", bad, p.HTML)
		}
	}
}

func TestLoadRejects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"another alert", "---\nalert: B\n---\n", "A.md: front matter says alert"},
		{"unknown key", "---\nalert: A\nowner: me\n---\n", "line 3"},
		{"no end", "---\nalert: A\n", "A.md:1: front matter has no end"},
		{"not YAML", "---\nalert: [\n---\n", "A.md: front matter"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := runbook.Load(files("A.md", tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestNilLibraryIsEmpty(t *testing.T) {
	t.Parallel()
	var lib *runbook.Library
	if _, ok := lib.Lookup("A"); ok || lib.Names() != nil {
		t.Error("nil library is not empty")
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"no stop", "# A\n\nUsers wait", "Users wait"},
		{"number with a point", "Above 0.5 % it pages. More.", "Above 0.5 % it pages."},
		{"code first", "```\nrm -rf x\n```\n\nThen prose.", "Then prose."},
		{"list first", "- one\n- two\n\nProse.", "Prose."},
		{"nothing", "# A\n", ""},
	} {
		lib, err := runbook.Load(files("A.md", tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if p, _ := lib.Lookup("A"); p.Brief != tt.want {
			t.Errorf("%s: brief = %q, want %q", tt.name, p.Brief, tt.want)
		}
	}
}

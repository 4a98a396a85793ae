package runbook_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

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
repairs:
  - rollback --service=payments
  - restart --service orders
resolves_within: 7m
---
# ShopErrors

## Meaning

More than 1 % of the [users'](https://example.org) ` + "`requests`" + ` fail
for **five** minutes. Budget burns.

| a | b |
|---|---|
| 1 | 2 |

` + "```promql\n# outage: some\nup == 0\n```\n"

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
	if got.Drill != "payments-errors" || got.ResolvesWithin != 7*time.Minute {
		t.Errorf("drill, resolves within = %q, %v", got.Drill, got.ResolvesWithin)
	}
	if diff := cmp.Diff([]runbook.Repair{{Name: "rollback", Service: "payments", Line: 5}, {Name: "restart", Service: "orders", Line: 6}}, got.Repairs); diff != "" {
		t.Errorf("repairs (-want +got):\n%s", diff)
	}
	for _, want := range []string{"<table>", "<code class=\"language-promql\"># outage: some\nup == 0", `<h2 id="meaning">`} {
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
		{"another alert", "---\nalert: B\n---\n", "A.md:2: front matter says alert"},
		{"unknown key", "---\nalert: A\nowner: me\n---\n", "line 3"},
		{"no end", "---\nalert: A\n", "A.md:1: front matter has no end"},
		{"not YAML", "---\nalert: [\n---\n", "A.md:2: front matter"},
		{"a list for a text", "---\nalert: A\ndrill: [b]\n---\n", "A.md:3: front matter: line 3: write one text here"},
		{"repair without service", "---\nrepairs:\n  - rollback\n---\n", `A.md:3: the repair "rollback" is none; write it as behind`},
		{"two repairs in one", "---\nrepairs: [rollback restart --service=auth]\n---\n", `A.md:2: the repair "rollback restart --service=auth" is none`},
		{"no time", "---\nresolves_within: soon\n---\n", `A.md:2: resolves_within "soon" is no time`},
		{"fraction of a second", "---\nresolves_within: 1500ms\n---\n", `A.md:2: resolves_within "1500ms" is no time`},
		{"wrong reading", "---\nalert: A\n---\n\n```promql\n# outage: nothing\nup\n```\n", `A.md:6: outage: "nothing" is no reading; write empty, some, or {`},
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

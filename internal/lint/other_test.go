package lint_test

import (
	"strings"
	"testing"

	"goldensignals/internal/lint"
)

const someDrill = "name: broken\nduration: 30m\ntimeline:\n- {at: 5m, fault: errors, service: payments, ratio: 0.5, for: 10m}\nincidents:\n- {name: x, from: 5m, to: 15m, page_within: 5m}\n"

const soundPage = `---
alert: A
not_drilled: no drill lets it fire
---

# A

## Meaning

It is down.

## Impact

None.

## Diagnosis

` + "```promql\n# outage: some\nup == 0\n```" + `

## Mitigation

Start it.

## Verification

` + "```promql\n# well: empty\nup == 0\n```" + `
`

func otherCases() []testCase {
	rules := group(alert("A", "info", "up"))
	book := func(front string) files {
		return files{"a.rules.yml": rules, "runbooks/A.md": "---\nalert: A\n" + front + "---\n# A\n", "drills/x.yaml": someDrill}
	}
	return []testCase{
		{check: "runbook-page", name: "unknown key", files: files{"runbooks/A.md": strings.Replace(soundPage, "alert: A\n", "alert: A\nowner: me\n", 1)}, want: []string{
			"runbooks/A.md:3: front matter: field owner not found in type runbook.front; known keys are alert, drill, not_drilled, repairs and resolves_within",
		}},
		{check: "runbook-page", name: "another name", files: files{"a/runbooks/X.md": soundPage, "b/X.md": "---\nalert: X\n"}, want: []string{
			`a/runbooks/X.md:2: front matter says alert "A"; name the file A.md, or correct the front matter`,
			"b/X.md:1: front matter has no end; close it with a line of ---",
		}},
		{check: "runbook-page", name: "a series that no rule records", files: files{"a.rules.yml": rules, "runbooks/A.md": strings.ReplaceAll(soundPage, "up == 0", "a:b:c == 0")}, want: []string{
			"runbooks/A.md:19: no rule records a:b:c; ask for a series that there is",
			"runbooks/A.md:30: no rule records a:b:c; ask for a series that there is",
		}},
		{check: "runbook-page", name: "not a page", files: files{"A.md": soundPage, "notes.md": "---\ntitle: no runbook\n---\n"}},
		{check: "runbook-page", name: "sound", files: files{"runbooks/A.md": soundPage}},
		{check: "services", name: "wrong", files: files{"x/services.yaml": "services:\n  a: {calls: [b]}\n"}, want: []string{
			`x/services.yaml:2: there is no service "b"; add it below services:, or correct the name`,
		}},
		{check: "services", name: "no YAML", files: files{"services.yaml": "services:\n  a: [\n"}, want: []string{
			"services.yaml:2: did not find expected node content; correct its YAML",
		}},
		{check: "services", name: "unknown key", files: files{"services.yaml": "services: {a: {}}\nother: 1\n"}, want: []string{
			`services.yaml:2: unknown key "other"; the file has one key, services`,
		}},
		{check: "services", name: "no marks", files: files{"services.yaml": "services:\n  a: {}\n", "alertmanager.yml": "route: {receiver: r}\nreceivers: [{name: r}]\n"}, want: []string{
			"alertmanager.yml:1: there is no place for the inhibition rules; write these two lines below inhibit_rules: # Generated from services.yaml: begin # Generated from services.yaml: end",
			`services.yaml:1: dependencies.rules.yml is not there; run "gameday dependencies" on the folder`,
		}},
		{check: "services", name: "old", files: files{
			"services.yaml": "services:\n  a: {}\n", "dependencies.rules.yml": "groups: []\n",
			"alertmanager.yml": "route: {receiver: r}\nreceivers: [{name: r}]\ninhibit_rules:\n  # Generated from services.yaml: begin\n  # Generated from services.yaml: end\n",
		}, want: []string{`dependencies.rules.yml:1: it is not what services.yaml says; run "gameday dependencies" on the folder`}},
		{check: "services", name: "alone", files: files{"services.yaml": "services:\n  a: {}\n"}},
		{check: "runbook-alert", name: "no alert", files: files{"a.rules.yml": rules, "runbooks/B.md": "# B"}, want: []string{
			"runbooks/B.md:1: no rule is named B; name the file after its alert, or remove it",
		}},
		{check: "runbook-alert", name: "no rules", files: files{"runbooks/B.md": "# B"}},
		{check: "runbook-alert", name: "sound", files: book("")},
		{check: "runbook-drill", name: "no drill", files: book("repairs: [rollback]\ndrill: other\n"), want: []string{
			"runbooks/A.md:4: there is no drill other; name one of `gameday drill list`, or leave drill out",
		}},
		{check: "runbook-drill", name: "by its file", files: book("drill: x\n")},
		{check: "runbook-drill", name: "by its name", files: book("drill: broken\n")},
		{check: "runbook-drill", name: "none", files: book("")},
		{check: "drill-parse", name: "two faults", files: files{"d.yaml": "name: x\nduration: 5x\ntimeline: []\nfoo: 1\n"}, want: []string{
			`d.yaml:2: duration: "5x" is not a duration; write a number with its unit, such as 90s, 10m or 1h30m`,
			`d.yaml:4: the key "foo" is unknown; use one of name, title, brief, history, duration, load, timeline, incidents`,
		}},
		{check: "drill-parse", name: "sound", files: files{"d.yaml": someDrill}},
	}
}

// TestShippedRulesStandInForRunbooksOnly: nobody said that a configuration of
// somebody's own belongs to them.
func TestShippedRulesStandInForRunbooksOnly(t *testing.T) {
	t.Parallel()
	found := files{
		"a.rules.yml": group(alert("A", "info", "up")), "runbooks/B.md": strings.ReplaceAll(strings.ReplaceAll(soundPage, "alert: A", "alert: B"), "# A", "# B"),
		"am.yml": routes("  routes:\n  - matchers: [severity=\"critical\"]\n"),
	}.find(t)
	for i := range found {
		if found[i].Kind == lint.KindRules {
			found[i].Role = lint.Shipped
		}
	}
	got := lint.Run(found, lint.Options{Series: seriesOf(t)})
	want := "runbooks/B.md:1: warning: no rule is named B among the shipped ones; give the rules, too, if they are others: gameday lint runbooks RULES"
	if len(got) != 1 || got[0].String() != want {
		t.Errorf("findings = %v, want [%s]", got, want)
	}
}

func TestSavedSeries(t *testing.T) {
	t.Parallel()
	in := sel(`my_total{x="1"} and up{job="a"} and nope`)
	for _, tt := range []struct{ name, text, want string }{
		{"a target's answer lacks what scraping adds", "my_total{y=\"1\"} 1\n", "series"},
		{"federated", "# TYPE my_total untyped\nmy_total{y=\"1\",job=\"a\",instance=\"b\"} 1\n", "matchers series"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			series := &lint.Series{}
			if err := series.AddFile(strings.NewReader(tt.text)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range lint.Run(in.find(t), lint.Options{Series: series}) {
				if f.Check == "series" || f.Check == "matchers" {
					got = append(got, f.Check)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("checks that found something = %v, want %s", got, tt.want)
			}
		})
	}
	if err := (&lint.Series{}).AddFile(strings.NewReader("<html>\n")); err == nil {
		t.Error("AddFile(<html>) = nil, want an error")
	}
}

func TestFederatedHistogramIsOne(t *testing.T) {
	t.Parallel()
	series := &lint.Series{}
	if err := series.AddFile(strings.NewReader("w_bucket{job=\"a\",le=\"1\"} 1\n")); err != nil {
		t.Fatal(err)
	}
	for _, f := range lint.Run(sel("histogram_sum(w) and w_bucket").find(t), lint.Options{Series: series}) {
		if f.Check == "series" {
			t.Errorf("finding %v, want none", f)
		}
	}
}

// TestRulesOfOneCall: rules that are given along with a configuration belong to
// it, wherever they are; those that only lie beside others do not.
func TestRulesOfOneCall(t *testing.T) {
	t.Parallel()
	found := files{
		"a/am.yml": routes("  routes:\n  - matchers: [alertname=\"Given\"]\n  - matchers: [alertname=\"Near\"]\n  - matchers: [alertname=\"Far\"]\n"),
		"a/a.yml":  group(alert("Near", "info", "up")), "b/b.yml": group(alert("Given", "info", "up")), "b/c.yml": group(alert("Far", "info", "up")),
	}.find(t)
	for i := range found {
		if found[i].Name == "a/a.yml" || found[i].Name == "b/c.yml" {
			found[i].Role = lint.Beside
		}
	}
	got := lint.Run(found, lint.Options{Series: seriesOf(t)})
	if len(got) != 1 || got[0].Line != 6 || got[0].Check != "route-unmatched" {
		t.Errorf("findings = %v, want the route of Far to be unmatched", got)
	}
}

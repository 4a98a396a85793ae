package runbook_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/runbook"
	"goldensignals/internal/runbook/promql"
)

// good is a runbook without a fault. The tests break one thing at a time.
const good = "---\n" + // line 1
	`alert: A
drill: d
repairs:
  - rollback --service=payments
resolves_within: 7m
---

# A

## Meaning

Customers get errors. Many of them.

## Impact

See [A](A) and <https://example.org>.

## Diagnosis

Put each query in place of QUERY:

` + "```sh\ncurl -G http://127.0.0.1/query \\\n  --data-urlencode 'query=QUERY'\n```\n" + `
1. Who fails?

   ` + "```promql\n   # outage: {service=\"payments\"} > 0.05\n   service:errors:ratio > 0\n   ```\n" + `
## Mitigation

   ` + "```sh\n   gameday fix apply rollback --service=payments\n   gameday fix list\n   ```\n" + `
Not ` + "`gameday fix apply restart --service=payments`" + `.

## Verification

` + "```promql\n# outage: some\n# well: empty\nservice:errors:ratio > 0\n```\n" + `
The alert ends 7
minutes later.
`

func known() runbook.Known {
	return runbook.Known{Alerts: []string{"A"}, Recorded: []string{"service:errors:ratio"}, Drills: []string{"d"}}
}

func lint(t *testing.T, text string, known runbook.Known) (found []string) {
	t.Helper()
	findings, err := runbook.Lint(files("A.md", text, "README.md", "TODO"), known, promql.Selects)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		found = append(found, f.String())
	}
	return found
}

func TestLintFindsNothing(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string(nil), lint(t, good, known())); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string(nil), lint(t, good, runbook.Known{})); diff != "" {
		t.Errorf("findings where nothing is known (-want +got):\n%s", diff)
	}
}

// TestLintFindsEachFault breaks the good page in one place and wants that told,
// with its line, and nothing else.
func TestLintFindsEachFault(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, old, new, want string
		more                 bool // other findings follow from it
	}{
		{"no front matter", good[:strings.Index(good, "# A")], "", "A.md:1: front matter lacks the alert; begin the file with", true},
		{"no alert", "alert: A\n", "", "A.md:1: front matter lacks the alert", false},
		{"unreadable", "7m", "7", `A.md:6: resolves_within "7" is no time`, false},
		{"no drill", "drill: d\nrepairs:\n  - rollback --service=payments\nresolves_within: 7m\n", "", "A.md:2: front matter has no drill; name one", false},
		{"drill and reason", "drill: d\n", "drill: d\nnot_drilled: no\n", "A.md:4: there is a drill and a reason for having none", false},
		{"unknown drill", "drill: d\n", "drill: e\n", "A.md:3: there is no drill e", false},
		{"no time", "resolves_within: 7m\n", "", "A.md:3: front matter lacks resolves_within", false},
		{"time without drill", "drill: d\nrepairs:\n  - rollback --service=payments\n", "not_drilled: no\n", "A.md:4: without a drill nothing proves resolves_within", false},
		{"repair without drill", "drill: d", "not_drilled: no", "A.md:6: without a drill nothing proves resolves_within", true},
		{"unknown repair", "  - rollback", "  - reboot --service=payments\n  - rollback", `A.md:5: the repair reboot --service=payments: repair: "reboot" is unknown`, true},
		{"repair not told", "  - rollback", "  - restart --service=payments\n  - rollback", "A.md:5: Mitigation does not tell people to do this; write there: gameday fix apply restart --service=payments", false},
		{"section missing", "## Impact\n", "", `A.md:18: the heading is "## Diagnosis", want "## Impact"; the order is A, Meaning, Impact, Diagnosis, Mitigation, Verification`, false},
		{"section too many", "minutes later.\n", "minutes later.\n\n## More\n", `A.md:55: the heading "## More" is one too many`, false},
		{"title", "# A\n", "# B\n", `A.md:9: the heading is "# B", want "# A"`, false},
		{"long sentence", "Customers get", "Customers " + strings.Repeat("really ", 12) + "get", "A.md:13: the first sentence of Meaning has 105 characters", false},
		{"no sentence", "Customers get errors. Many of them.\n", "", "A.md:8: Meaning says nothing", false},
		{"unfinished", "Many of them.", "TODO.", "A.md:13: TODO: write what is missing", false},
		{"link", "[A](A)", "[B](B#x)", "A.md:17: the link to B#x leads nowhere", false},
		{"image", "[A](A)", "![A](a.png)", "A.md:17: the link to a.png leads nowhere", false},
		{"code of no kind", "```sh\ncurl", "```\ncurl", `A.md:24: code of the kind "" is not checked`, false},
		{"query", "ratio > 0\n   ```", "ratio >\n   ```", "A.md:33: 3:1: parse error: unexpected end of input", false},
		{"query of a series that is not recorded", "service:errors:ratio > 0\n   ```", "service:x > 0\n   ```", "A.md:31: no rule records service:x", false},
		{"no outage reading", "   # outage: {service=\"payments\"} > 0.05\n", "", "A.md:31: the query says nowhere what it returns in the outage", false},
		{"no well reading", "# well: empty\n", "", "A.md:47: the query says nowhere what it returns when all is well", false},
		{"same readings", "# outage: some", "# outage: empty", "A.md:47: the query reads the same in the outage, so it verifies nothing", false},
		{"misplaced reading", "ratio > 0\n   ```", "ratio > 0\n   # well: empty\n   ```", "A.md:33: a reading stands below the query", false},
		{"unknown repair in a command", "   gameday fix list", "   gameday fix apply reboot --service=auth", `A.md:39: the command gameday fix apply reboot --service=auth: repair: "reboot" is unknown`, false},
		{"unknown service in a command", "   gameday fix list", "   gameday fix apply restart --service=basket", `A.md:39: the command gameday fix apply restart --service=basket: service: "basket" is unknown`, false},
		{"no service in a command", "   gameday fix list", "   gameday fix apply restart", "A.md:39: the command gameday fix apply restart: name a repair and its service", false},
		{"unknown repair in prose", "`gameday fix apply restart", "`gameday fix apply reboot", `A.md:42: the command gameday fix apply reboot --service=payments: repair: "reboot" is unknown`, false},
		{"unknown fault", "   gameday fix list", "   gameday fault inject rain --service auth", "A.md:39: the command gameday fault inject rain --service auth: there is no fault rain", false},
		{"service of a fault", "   gameday fix list", "   gameday fault clear --service=x", "A.md:39: the command gameday fault clear --service=x: there is no service x", false},
		{"unknown subcommand", "   gameday fix list", "   gameday fix all", "A.md:39: the command gameday fix all: gameday fix does not know all", false},
		{"placeholder", "   gameday fix list", "   docker restart <name>", "A.md:39: the command leaves <name> to be filled in", false},
		{"dots", "   gameday fix list", "   docker restart ...", "A.md:39: the command leaves ... to be filled in", false},
		{"word without meaning", "in place of QUERY", "in place of that", "A.md:24: the command says QUERY, and the text of Diagnosis nowhere what to put in its place", false},
		{"time in words", "7\nminutes", "8\nminutes", `A.md:44: Verification does not say when the alert ends; write "7 minutes"`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(good, tt.old, tt.new, 1)
			if broken == good {
				t.Fatalf("the good page has no %q", tt.old)
			}
			got := lint(t, broken, known())
			if len(got) == 0 || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("findings = %q, want %q", got, tt.want)
			}
			if !tt.more && len(got) > 1 {
				t.Errorf("findings = %q, want one", got)
			}
		})
	}
}

func TestLintComparesWithTheAlerts(t *testing.T) {
	t.Parallel()
	k := known()
	k.Alerts = []string{"B"}
	want := []string{
		"A.md:2: no rule is named A; name the file after its alert, or remove it",
		"B.md: the alert has no runbook; write one, CONTRIBUTING.md says how",
	}
	if diff := cmp.Diff(want, lint(t, good, k)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestLintWantsQueries(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(good, "```promql", "```text")
	want := []string{
		"A.md:19: Diagnosis has no query; add a fence of promql with its readings",
		"A.md:44: Verification has no query; add a fence of promql with its readings",
	}
	if diff := cmp.Diff(want, lint(t, text, known())); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestLintTime: how a time may be written.
func TestLintTime(t *testing.T) {
	t.Parallel()
	for in, words := range map[string]string{"1m": "1 minute", "60m": "1 hour", "1h": "60 minutes", "90s": "90 seconds", "2h": "2 hours"} {
		text := strings.NewReplacer("7m\n", in+"\n", "7\nminutes", words).Replace(good)
		if got := lint(t, text, known()); got != nil {
			t.Errorf("%s as %q: %q", in, words, got)
		}
	}
}

package lint_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"goldensignals/internal/lint"
)

// exposition is what a target of the tests exports.
const exposition = `# TYPE requests_total counter
requests_total{service="a",code="200"} 1
# TYPE temperature gauge
temperature 1
# TYPE wait_seconds histogram
wait_seconds_bucket{route="/",le="+Inf"} 1
wait_seconds_sum{route="/"} 1
wait_seconds_count{route="/"} 1
# TYPE size_bytes summary
size_bytes{quantile="0.5"} 1
size_bytes_sum 1
size_bytes_count 1
`

func seriesOf(t *testing.T) *lint.Series {
	t.Helper()
	s := &lint.Series{}
	if err := s.AddTarget(strings.NewReader(exposition), expfmt.FmtText, "zone"); err != nil {
		t.Fatal(err)
	}
	return s
}

// files are the files of one case by their names.
type files map[string]string

func (f files) find(t *testing.T) []lint.File {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range f {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	found, err := lint.Find(fsys, ".", "")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// testCase is an example for one check: what it finds, or that it finds nothing.
type testCase struct {
	check string
	name  string
	files files
	opts  lint.Options
	want  []string // nil: it is sound
}

// group puts rules, as YAML list items, into a file.
func group(rules ...string) string {
	return "groups:\n- name: g\n  rules:\n" + strings.Join(rules, "")
}

// alert is a sound rule on the lines 4 to 12 of a file if it is the first.
func alert(name, severity, expr string) string {
	return "  - alert: " + name + "\n    expr: " + expr + "\n    labels:\n      severity: " + severity + "\n" +
		"    annotations:\n      summary: S.\n      description: D.\n      runbook_url: '{{ $externalLabels.runbook_base }}/" + name + "'\n      dashboard_url: U\n"
}

func routes(more string) string {
	return "route:\n  receiver: r\n" + more + "receivers:\n- name: r\n"
}

func cases() []testCase {
	return slices.Concat(ruleCases(), seriesCases(), alertmanagerCases(), inhibitCases(), otherCases())
}

func TestEveryCheck(t *testing.T) {
	t.Parallel()
	faulty, sound := map[string]bool{}, map[string]bool{}
	for _, tt := range cases() {
		faulty[tt.check] = faulty[tt.check] || tt.want != nil
		sound[tt.check] = sound[tt.check] || tt.want == nil
		t.Run(tt.check+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			opts := tt.opts
			if opts.Series == nil {
				opts.Series = seriesOf(t)
			}
			var got []string
			for _, f := range lint.Run(tt.files.find(t), opts) {
				if f.Check == tt.check {
					got = append(got, f.String())
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
	want := slices.Sorted(slices.Values(lint.CheckNames()))
	for what, names := range map[string]map[string]bool{"a fault": faulty, "a sound case": sound} {
		maps.DeleteFunc(names, func(_ string, shown bool) bool { return !shown })
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(names))); diff != "" {
			t.Errorf("checks that are shown %s (-want +got):\n%s", what, diff)
		}
	}
}

func TestFindingsAreSortedByPlace(t *testing.T) {
	t.Parallel()
	in := files{
		"b.rules.yml": group(alert("B", "page", "up")),
		"a.rules.yml": group(alert("A1", "info", "up"), alert("A2", "page", "nope"), "  - record: x\n    expr: up\n"),
	}
	var got []string
	for _, f := range lint.Run(in.find(t), lint.Options{Series: seriesOf(t)}) {
		got = append(got, strings.SplitN(f.String(), ": ", 2)[0]+" "+f.Check)
	}
	want := []string{"a.rules.yml:14 series", "a.rules.yml:16 severity", "a.rules.yml:22 record-name", "b.rules.yml:7 severity"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestOnlyJudgedFilesHaveFindings(t *testing.T) {
	t.Parallel()
	found := files{
		"a.rules.yml": group(alert("A", "page", "b:x:y > 1")),
		"b.rules.yml": group("  - record: b:x:y\n    expr: nope\n"),
	}.find(t)
	found[1].Role = lint.Beside
	got := lint.Run(found, lint.Options{Series: seriesOf(t)})
	if len(got) != 1 || got[0].Check != "severity" || got[0].File != "a.rules.yml" {
		t.Errorf("findings = %v, want the severity of a.rules.yml only", got)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	found := files{
		"x/odd.rules.yml":      "nothing",
		"x/my.yaml":            "groups: []",
		"x/broken.yml":         "groups:\n- name: [",
		"x/am.yml":             "route: {}",
		"x/services.yaml":      "a: b",
		"x/d.yaml":             "title: t\nduration: 1h",
		"x/e.yaml":             "{name: t, timeline: []}",
		"x/tests/a_test.yml":   "rule_files: []\ntests: []",
		"x/compose.yaml":       "name: t\nservices: {}",
		"x/notes.md":           "# Notes",
		"x/A.md":               "---\nalert: A\n---\n",
		"x/runbooks/B.md":      "# B",
		"x/runbooks/README.md": "# no runbook",
		"x/.git/c.yml":         "groups: []",
		"x/code.go":            "groups: []",
		"x/windows.md":         "---\r\nalert: A\r\n---\r\n",
	}.find(t)
	got := map[string]lint.Kind{}
	for _, f := range found {
		got[f.Name] = f.Kind
	}
	want := map[string]lint.Kind{
		"x/odd.rules.yml": lint.KindRules, "x/my.yaml": lint.KindRules, "x/broken.yml": lint.KindRules, "x/am.yml": lint.KindAlertmanager,
		"x/services.yaml": lint.KindServices, "x/d.yaml": lint.KindDrill, "x/e.yaml": lint.KindDrill,
		"x/A.md": lint.KindRunbook, "x/runbooks/B.md": lint.KindRunbook, "x/windows.md": lint.KindRunbook,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// TestNonsenseIsNoPanic feeds every check what a broken editor leaves behind.
func TestNonsenseIsNoPanic(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "\x00", "[", "groups: 1", "groups: [1, null, {rules: [1, null, [], {alert: [a], expr: {}}]}]", "groups: [{name: g, rules: [{record: a, expr: *b}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: '', labels: [], for: x}]}]", "groups:\n- rules:\n  - alert: A\n    expr: |\n", "--- a\n--- b", "route: [", "route: 1", "route: {receiver: a, routes: [1]}",
		"timeline: 1\nname: []", "---\nalert: [\n---", "---\nalert: A", "&a [*a]", "<<: 1\ngroups: 1",
	} {
		for _, name := range []string{"a.rules.yml", "a.yml", "services.yaml", "runbooks/a.md"} {
			lint.Run(files{name: text}.find(t), lint.Options{Series: seriesOf(t)})
		}
		lint.Run(files{"a.yml": "route: {receiver: r}\nx: " + text, "b.yml": "groups: " + text, "c.yml": "name: a\ntimeline: " + text}.find(t), lint.Options{})
	}
}

const scrape = 15 * time.Second

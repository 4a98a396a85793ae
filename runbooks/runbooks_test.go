package runbooks_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/parser"

	"goldensignals/alerts"
	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/runbooks"
)

func TestRunbooks(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(runbooks.FS(), "*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob(*.md) = %v, %v, want files", files, err)
	}
	rules := rulesText(t)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data, err := fs.ReadFile(runbooks.FS(), file)
			if err != nil {
				t.Fatal(err)
			}
			name, text := strings.TrimSuffix(file, ".md"), string(data)
			if !strings.Contains(rules, "- alert: "+name+"\n") {
				t.Errorf("no rule is named %s", name)
			}
			checkShape(t, name, text)
			checkQueries(t, text, rules)
			checkCommands(t, text)
			checkLinks(t, text)
			checkDrill(t, text)
		})
	}
}

// rulesText is all rule files in one.
func rulesText(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	files, err := fs.Glob(alerts.FS(), "*.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(alerts.FS(), file)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return b.String()
}

func checkShape(t *testing.T, name, text string) {
	t.Helper()
	if want := "---\nalert: " + name + "\n"; !strings.HasPrefix(text, want) {
		t.Errorf("front matter: got %.40q, want it to begin with %q", text, want)
	}
	var got []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "## ") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{"# " + name, "## Meaning", "## Impact", "## Diagnosis", "## Mitigation", "## Verification"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headings (-want +got):\n%s", diff)
	}
	_, meaning, _ := strings.Cut(text, "## Meaning\n\n")
	sentence, _, _ := strings.Cut(strings.ReplaceAll(meaning, "\n", " "), ". ")
	if len(sentence) > 90 {
		t.Errorf("the first sentence of Meaning has %d characters, want at most 90 for an SMS: %q", len(sentence), sentence)
	}
}

var (
	promqlFence = regexp.MustCompile("(?s)```promql\n(.*?)```")
	shellFence  = regexp.MustCompile("(?s)```sh\n(.*?)```")
	recorded    = regexp.MustCompile(`[a-z_]+:[a-z0-9_]+:[a-z0-9_]+`)
	drillOf     = regexp.MustCompile(`(?m)^drill: (.+)$`)
	pageLink    = regexp.MustCompile(`\]\(([^)]+)\)`)
)

func checkQueries(t *testing.T, text, rules string) {
	t.Helper()
	queries := promqlFence.FindAllStringSubmatch(text, -1)
	if len(queries) == 0 {
		t.Error("it has no query")
	}
	for _, q := range queries {
		if _, err := parser.NewParser(parser.Options{}).ParseExpr(q[1]); err != nil {
			t.Errorf("query %s: %v", q[1], err)
		}
		for _, name := range recorded.FindAllString(q[1], -1) {
			if !strings.Contains(rules, "- record: "+name+"\n") {
				t.Errorf("query %s: no rule records %s", q[1], name)
			}
		}
	}
}

func checkDrill(t *testing.T, text string) {
	t.Helper()
	if d := drillOf.FindStringSubmatch(text); d != nil {
		if _, err := os.Stat(filepath.Join("..", "drills", d[1]+".yaml")); err != nil {
			t.Errorf("drill %s: %v", d[1], err)
		}
	}
}

// checkCommands wants the faults and the repairs of commands to exist, and the
// repairs to fit the service.
func checkCommands(t *testing.T, text string) {
	t.Helper()
	var kinds []string
	for _, k := range fault.Kinds() {
		kinds = append(kinds, k.Name)
	}
	for _, fence := range shellFence.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(fence[1]) {
			words := strings.Fields(line)
			if len(words) < 4 || words[0] != "gameday" {
				continue
			}
			name := words[3]
			switch words[1] + " " + words[2] {
			case "fault clear", "fault inject":
				if !strings.HasPrefix(name, "-") && !slices.Contains(kinds, name) {
					t.Errorf("command %q: there is no fault %s", strings.TrimSpace(line), name)
				}
			case "fix apply":
				_, service, _ := strings.Cut(line, "--service=")
				if _, err := fault.CheckRepair(name, strings.TrimSpace(service), drill.Services()...); err != nil {
					t.Errorf("command %q: %v", strings.TrimSpace(line), err)
				}
			}
		}
	}
}

func checkLinks(t *testing.T, text string) {
	t.Helper()
	for _, link := range pageLink.FindAllStringSubmatch(text, -1) {
		if strings.HasPrefix(link[1], "https://") {
			continue
		}
		if _, err := fs.Stat(runbooks.FS(), link[1]+".md"); err != nil {
			t.Errorf("link to %s: %v", link[1], err)
		}
	}
}

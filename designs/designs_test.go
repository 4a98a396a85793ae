package designs_test

import (
	"io/fs"
	"log/slog"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"goldensignals/alerts"
	"goldensignals/dashboards"
	"goldensignals/designs"
	"goldensignals/internal/alert"
	"goldensignals/runbooks"
)

func folders(t *testing.T) []string {
	t.Helper()
	entries, err := fs.ReadDir(designs.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	if len(out) == 0 {
		t.Fatal("there is no design")
	}
	return out
}

func read(t *testing.T, fsys fs.FS, name string) string {
	t.Helper()
	content, err := fs.ReadFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// rulesOf reads the rules of a design as strictly as Prometheus does.
func rulesOf(t *testing.T, design string) []rulefmt.Rule {
	t.Helper()
	files, err := fs.Glob(designs.FS(), design+"/*.rules.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob(%s/*.rules.yml) = %v, %v, want files", design, files, err)
	}
	var rules []rulefmt.Rule
	for _, file := range files {
		groups, errs := rulefmt.Parse([]byte(read(t, designs.FS(), file)), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
		for _, err := range errs {
			t.Errorf("%s: %v", file, err)
		}
		if groups == nil {
			t.Fatalf("%s: no groups", file)
		}
		for _, g := range groups.Groups {
			rules = append(rules, g.Rules...)
		}
	}
	return rules
}

// TestAlertsKeepTheConventions wants of other designs what the shipped one keeps,
// so that only what they are named for differs. Their runbooks are the shipped ones.
func TestAlertsKeepTheConventions(t *testing.T) {
	t.Parallel()
	const base = "{{ $externalLabels.runbook_base }}/"
	camel := regexp.MustCompile(`^([A-Z][a-z0-9]+)+$`)
	for _, design := range folders(t) {
		seen := map[string]bool{}
		for _, r := range rulesOf(t, design) {
			name := design + ": " + r.Alert
			if r.Alert == "" {
				t.Errorf("%s: it records %s, which may be recorded by alerts/signals.rules.yml as well", design, r.Record)
				continue
			}
			if !camel.MatchString(r.Alert) || seen[r.Alert] {
				t.Errorf("%s: the name is taken, or not CamelCase", name)
			}
			seen[r.Alert] = true
			if _, err := alert.ParseSeverity(r.Labels["severity"]); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, k := range []string{"summary", "description"} {
				if v := r.Annotations[k]; !strings.HasSuffix(v, ".") {
					t.Errorf("%s: annotation %s = %q, want a sentence", name, k, v)
				}
			}
			if n := len(r.Annotations["summary"]); n > 90 {
				t.Errorf("%s: the summary has %d characters, want at most 90", name, n)
			}
			board, ok := strings.CutPrefix(r.Annotations["dashboard_url"], "{{ $externalLabels.dashboard_base }}/d/")
			board, _, _ = strings.Cut(board, "?")
			if _, err := fs.Stat(dashboards.FS(), board+".json"); !ok || err != nil {
				t.Errorf("%s: dashboard_url = %q leads to no board: %v", name, r.Annotations["dashboard_url"], err)
			}
			runbook, ok := strings.CutPrefix(r.Annotations["runbook_url"], base)
			if _, err := fs.Stat(runbooks.FS(), runbook+".md"); !ok || err != nil {
				t.Errorf("%s: runbook_url = %q leads to no runbook: %v", name, r.Annotations["runbook_url"], err)
			}
		}
	}
}

// receivers are those of a configuration, as they are written there.
func receivers(t *testing.T, content string) []config.Receiver {
	t.Helper()
	conf, err := config.Load(content)
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	for _, r := range conf.Receivers {
		for _, w := range r.WebhookConfigs {
			w.HTTPConfig = nil // defaults, with functions in them
		}
	}
	return conf.Receivers
}

func TestWhoRoutesOtherwiseTellsTheSameRouter(t *testing.T) {
	t.Parallel()
	configs, err := fs.Glob(designs.FS(), "*/alertmanager.yml")
	if err != nil || len(configs) == 0 {
		t.Fatalf("Glob(*/alertmanager.yml) = %v, %v, want files", configs, err)
	}
	want := receivers(t, read(t, alerts.FS(), "alertmanager.yml"))
	for _, file := range configs {
		if diff := cmp.Diff(want, receivers(t, read(t, designs.FS(), file)), cmp.Comparer(func(a, b config.SecretTemplateURL) bool { return a == b })); diff != "" {
			t.Errorf("%s: receivers (-shipped +its):\n%s", file, diff)
		}
	}
}

func TestEveryDesignSaysWhatItTeaches(t *testing.T) {
	t.Parallel()
	all := read(t, designs.FS(), "README.md")
	for _, design := range folders(t) {
		text := read(t, designs.FS(), path.Join(design, "README.md"))
		if n := strings.Count(text, "\n"); n > 25 {
			t.Errorf("%s/README.md has %d lines, want at most 25", design, n)
		}
		if want := "--b=designs/" + design; !strings.Contains(text, want) {
			t.Errorf("%s/README.md does not say how to compare it: %s", design, want)
		}
		if want := "(" + design + "/)"; !strings.Contains(all, want) {
			t.Errorf("README.md does not lead to %s", design)
		}
	}
}

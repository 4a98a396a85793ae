package alerts_test

import (
	"io/fs"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"goldensignals/alerts"
)

// rulesOf reads every rule file as strictly as Prometheus does.
func rulesOf(t *testing.T) []rulefmt.Rule {
	t.Helper()
	files, err := fs.Glob(alerts.FS(), "*.rules.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob(*.rules.yml) = %v, %v, want files", files, err)
	}
	var rules []rulefmt.Rule
	for _, file := range files {
		data, err := fs.ReadFile(alerts.FS(), file)
		if err != nil {
			t.Fatal(err)
		}
		groups, errs := rulefmt.Parse(data, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
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

// TestAlertsKeepTheConventions holds what only the shipped alerts have to keep; the
// rest is what "gameday lint" wants of everybody's, and of these in its own test.
func TestAlertsKeepTheConventions(t *testing.T) {
	t.Parallel()
	dashboard := regexp.MustCompile(`^\{\{ \$externalLabels\.dashboard_base }}/d/[a-z]+(\?var-(service={{ \$labels\.service }}|instance={{ \$labels\.instance }}))?$`)
	for _, r := range rulesOf(t) {
		if r.Alert == "" {
			continue
		}
		for _, k := range []string{"summary", "description"} {
			if v := r.Annotations[k]; !strings.HasSuffix(v, ".") {
				t.Errorf("%s: annotation %s = %q, want a sentence", r.Alert, k, v)
			}
		}
		// 90 characters leave room for the runbook's address in an SMS.
		if n := len(r.Annotations["summary"]); n > 90 {
			t.Errorf("%s: the summary has %d characters, want at most 90", r.Alert, n)
		}
		if got, want := r.Annotations["runbook_url"], "{{ $externalLabels.runbook_base }}/"+r.Alert; got != want {
			t.Errorf("%s: runbook_url = %q, want %q", r.Alert, got, want)
		}
		if strings.Contains(r.Expr, "gameday_") || strings.Contains(r.Expr, "load_") {
			t.Errorf("%s reads the truth, by which alerts are judged: %s", r.Alert, r.Expr)
		}
		if lines := strings.Count(strings.TrimSpace(r.Expr), "\n") + 1; lines > 12 {
			t.Errorf("%s: the expression has %d lines, want at most 12: give parts of it a name", r.Alert, lines)
		}
		if asksForItself(t, r) && !slices.Contains([]string{"ShopErrorsFastBurn", "ShopLatencyFastBurn", "ShopTrafficLost"}, r.Alert) {
			t.Errorf("%s asks for itself, or for alerts of the past; record what it has to remember", r.Alert)
		}
		if got := r.Annotations["dashboard_url"]; !dashboard.MatchString(got) {
			t.Errorf("%s: dashboard_url = %q, want %s", r.Alert, got, dashboard)
		}
	}
}

// asksForItself reports whether an alert reads its own series ALERTS, or that of any with
// an offset. ARCHITECTURE.md says why three do.
func asksForItself(t *testing.T, r rulefmt.Rule) (asks bool) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr)
	if err != nil {
		t.Fatalf("%s: %v", r.Alert, err)
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok && v.Name == "ALERTS" {
			asks = asks || v.OriginalOffset != 0
			for _, m := range v.LabelMatchers {
				asks = asks || m.Name == "alertname" && m.Matches(r.Alert)
			}
		}
		return nil
	})
	return asks
}

func TestOnlyWhatTheEnginesReadIsEmbedded(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(alerts.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := []string{
		"alertmanager.yml", "capacity.rules.yml", "changes.rules.yml", "dependencies.rules.yml", "meta.rules.yml", "queue.rules.yml",
		"services.rules.yml", "services.yaml", "signals.rules.yml", "slo.rules.yml", "targets.rules.yml", "traffic.rules.yml",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

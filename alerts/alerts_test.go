package alerts_test

import (
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"goldensignals/alerts"
	"goldensignals/internal/alert"
	"goldensignals/runbooks"
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

func TestRecordingRulesAreNamedByLevelMetricOperations(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z_]+:[a-z0-9_]+:[a-z0-9_]+$`)
	seen := make(map[string]bool)
	for _, r := range rulesOf(t) {
		if r.Record == "" {
			continue
		}
		if !name.MatchString(r.Record) {
			t.Errorf("recording rule %q is not named level:metric:operations", r.Record)
		}
		series := fmt.Sprint(r.Record, r.Labels)
		if seen[series] {
			t.Errorf("two rules record %q", series)
		}
		seen[series] = true
	}
}

func TestAlertsKeepTheConventions(t *testing.T) {
	t.Parallel()
	camel := regexp.MustCompile(`^([A-Z][a-z0-9]+)+$`)
	seen := make(map[string]bool)
	for _, r := range rulesOf(t) {
		if r.Alert == "" {
			continue
		}
		if !camel.MatchString(r.Alert) {
			t.Errorf("%s: the name is not CamelCase", r.Alert)
		}
		if seen[r.Alert] {
			t.Errorf("%s: two rules have this name, but it is the name of one runbook", r.Alert)
		}
		seen[r.Alert] = true
		checkLabels(t, r)
		checkAnnotations(t, r)
		if _, err := fs.Stat(runbooks.FS(), r.Alert+".md"); err != nil {
			t.Errorf("%s: it has no runbook: %v", r.Alert, err)
		}
	}
}

func checkLabels(t *testing.T, r rulefmt.Rule) {
	t.Helper()
	if _, err := alert.ParseSeverity(r.Labels["severity"]); err != nil {
		t.Errorf("%s: %v", r.Alert, err)
	}
	for k, v := range r.Labels {
		if strings.Contains(v, "$value") {
			t.Errorf("%s: label %s contains $value, so that every evaluation makes a new alert", r.Alert, k)
		}
	}
}

func checkAnnotations(t *testing.T, r rulefmt.Rule) {
	t.Helper()
	for _, k := range []string{"summary", "description"} {
		if v := r.Annotations[k]; !strings.HasSuffix(v, ".") {
			t.Errorf("%s: annotation %s = %q, want a sentence", r.Alert, k, v)
		}
	}
	// 90 characters leave room for the runbook's address in an SMS.
	if n := len(r.Annotations["summary"]); n > 90 {
		t.Errorf("%s: the summary has %d characters, want at most 90", r.Alert, n)
	}
	want := map[string]string{
		"runbook_url":   "{{ $externalLabels.runbook_base }}/" + r.Alert,
		"dashboard_url": "{{ $externalLabels.dashboard_base }}/",
	}
	got := map[string]string{"runbook_url": r.Annotations["runbook_url"], "dashboard_url": r.Annotations["dashboard_url"]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: links (-want +got):\n%s", r.Alert, diff)
	}
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

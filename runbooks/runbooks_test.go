package runbooks_test

import (
	"io/fs"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"goldensignals/alerts"
	"goldensignals/drills"
	"goldensignals/internal/runbook"
	"goldensignals/internal/runbook/promql"
	"goldensignals/runbooks"
)

// TestRunbooks checks the runbooks as they stand against the shipped alerts and drills.
func TestRunbooks(t *testing.T) {
	t.Parallel()
	findings, err := runbook.Lint(runbooks.FS(), known(t), promql.Selects)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("runbooks/%s", f)
	}
}

// known is what there is beside the runbooks.
func known(t *testing.T) (k runbook.Known) {
	t.Helper()
	for _, data := range contents(t, alerts.FS(), "*.rules.yml") {
		var file struct {
			Groups []struct {
				Rules []struct{ Alert, Record string }
			}
		}
		if err := yaml.Unmarshal([]byte(data), &file); err != nil {
			t.Fatal(err)
		}
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" {
					k.Alerts = append(k.Alerts, r.Alert)
				} else {
					k.Recorded = append(k.Recorded, r.Record)
				}
			}
		}
	}
	for name := range contents(t, drills.FS(), "*.yaml") {
		k.Drills = append(k.Drills, strings.TrimSuffix(name, ".yaml"))
	}
	return k
}

// contents reads the files of a pattern, by name.
func contents(t *testing.T, fsys fs.FS, pattern string) map[string]string {
	t.Helper()
	names, err := fs.Glob(fsys, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("Glob(%s) = %v, %v, want files", pattern, names, err)
	}
	all := map[string]string{}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(data)
	}
	return all
}

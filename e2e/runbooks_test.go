package e2e

import (
	"io/fs"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"goldensignals/alerts"
	"goldensignals/internal/rehearsal"
	"goldensignals/internal/runbook"
	"goldensignals/internal/tier"
	"goldensignals/runbooks"
)

// sentinelRunbooks are those of the default tier, one of each severity. The last one
// repairs nothing, and is followed in TestDrills.
func sentinelRunbooks() []string { return []string{"ShopErrorsFastBurn", "QueueBacklog", "HostBusy"} }

// TestRunbooks does what every runbook with repairs says, in its drill: its queries
// must return what it says, its repairs must end the alert, in the time it says.
func TestRunbooks(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	pages, err := drilled()
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if !tier.Pick(t, slices.Contains(sentinelRunbooks(), page.Alert), true) {
			continue
		}
		s, err := scenario(page.Drill)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, watches := rehearsal.Watch(page, s); watches {
			continue // in TestDrills
		}
		t.Run(page.Alert, func(t *testing.T) {
			t.Parallel()
			execute(t, page)
		})
	}
}

func execute(t *testing.T, page runbook.Page) {
	t.Helper()
	content, err := fs.ReadFile(runbooks.FS(), page.File)
	if err != nil {
		t.Fatal(err)
	}
	input, err := spec(page.Drill)
	if err != nil {
		t.Fatal(err)
	}
	if input, err = histories.With(t.Context(), input); err != nil {
		t.Fatal(err)
	}
	input.LateStart = true
	done, err := rehearsal.Runbook(t.Context(), rehearsal.Spec{File: page.File, Content: content, Drill: input})
	if err != nil {
		t.Fatal(err)
	}
	report(t, page.Alert, done)
}

// report says what came of a runbook, for those who write it, too.
func report(t *testing.T, alert string, done runbook.Execution) {
	t.Helper()
	for _, f := range done.Findings {
		t.Errorf("runbooks/%s", f)
	}
	for _, r := range done.Read {
		t.Logf("%s, line %d: in the outage %s; after it %s", alert, r.Line, r.Outage, r.After)
	}
	t.Logf("%s: fired after %v, repaired at %v, well after %v, over after %v", alert, done.Fired, done.Ordered, done.Verified, done.Resolved)
}

// TestSentinelRunbooks: the default tier has one of each severity.
func TestSentinelRunbooks(t *testing.T) {
	t.Parallel()
	of := severities(t)
	var got []string
	for _, alert := range sentinelRunbooks() {
		got = append(got, of[alert])
	}
	if want := []string{"critical", "warning", "info"}; !slices.Equal(got, want) {
		t.Errorf("the severities of %v are %v, want %v", sentinelRunbooks(), got, want)
	}
}

// severities are those of the shipped alerts, by name.
func severities(t *testing.T) map[string]string {
	t.Helper()
	files, err := fs.Glob(alerts.FS(), "*.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for _, name := range files {
		content, err := fs.ReadFile(alerts.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Groups []struct {
				Rules []struct {
					Alert  string
					Labels map[string]string
				}
			}
		}
		if err := yaml.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				of[r.Alert] = r.Labels["severity"]
			}
		}
	}
	return of
}

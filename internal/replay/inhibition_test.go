package replay_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/alerts"
	"goldensignals/drills"
	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
	"goldensignals/internal/replay"
	"goldensignals/internal/tier"
)

// lateSource lets the page of payments fire one evaluation after that of the
// shop, which it mutes.
const lateSource = `groups:
- name: late
  rules:
  - alert: Target
    expr: vector(1) and on () (minute() >= %[1]d < %[2]d)
    labels: {severity: critical, signal: errors, service: shop, http_route: %[3]s}
    annotations: {summary: s, runbook_url: 'http://127.0.0.1/Target'}
  - alert: Source
    expr: vector(1) and on () (minute() >= %[1]d < %[2]d)
    for: 5s
    labels: {severity: critical, signal: errors, service: payments}
    annotations: {summary: s, runbook_url: 'http://127.0.0.1/Source'}
`

// TestATargetThatFiresBeforeItsSourceIsMuted plays the race that grouping has to
// win: group_wait of the shipped configuration is longer than the seconds between
// the target and the source that mutes it. A journey that has nothing to do with
// the source is the counter-example.
func TestATargetThatFiresBeforeItsSourceIsMuted(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	for _, tt := range []struct {
		route string
		want  []string
	}{
		{"/checkout", []string{"Source"}},
		{"/", []string{"Target", "Source"}},
	} {
		t.Run(tt.route, func(t *testing.T) {
			t.Parallel()
			got := replayAt5s(t, fmt.Sprintf(lateSource, 8, 12, tt.route))
			var paged []string
			for _, n := range got.Notifications {
				if n.CountsAs == drill.RoleFalsePage {
					paged = append(paged, n.AlertName)
				}
			}
			if strings.Join(paged, " ") != strings.Join(tt.want, " ") {
				t.Errorf("paged %v, want %v", paged, tt.want)
			}
		})
	}
}

// replayAt5s plays a quiet drill with the rules and the shipped configuration,
// at the intervals that `gameday up` has.
func replayAt5s(t *testing.T, rules string) (result drill.Result) {
	t.Helper()
	scenario, err := drill.Parse("quiet.yaml", []byte("name: quiet\ntitle: Quiet\nbrief: Nothing.\nhistory: 5m\nduration: 10m\nload: {rps: 1, shape: constant}\n"))
	if err != nil {
		t.Fatal(err)
	}
	ruleSource, _ := replay.Design(design(t, rules, plainAlertmanager))
	synctest.Test(t, func(t *testing.T) {
		result, err = replay.Run(t.Context(), replay.Options{
			Scenario: scenario, Seed: 1, Interval: 5 * time.Second, Rules: ruleSource, Alertmanager: engine.ConfigFromFS(alerts.FS(), "alertmanager.yml"),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestPaymentsDownIsOnePage is the promise about dependencies: three services
// fail, and one SMS says which, whom it hurts, and that customers feel it.
func TestPaymentsDownIsOnePage(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	tier.Full(t)
	content, err := fs.ReadFile(drills.FS(), "payments-down.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, interval := range []time.Duration{5 * time.Second, 15 * time.Second} {
		t.Run(interval.String(), func(t *testing.T) {
			t.Parallel()
			got, err := replay.Drill(t.Context(), replay.Spec{File: "payments-down.yaml", Content: content, Seed: 3, Interval: interval}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Score.Pages != 1 || got.Incidents[0].Alert != "DependencyFails" {
				t.Errorf("%d pages, the first %s; want one, DependencyFails", got.Score.Pages, got.Incidents[0].Alert)
			}
			muted := map[string]bool{}
			for _, a := range got.Alerts {
				for _, m := range a.Muted {
					muted[a.AlertName+" "+a.Labels["service"]] = m.By == drill.ByInhibition
				}
				if a.AlertName == "DependencyFails" && a.Labels["service"] == "payments" && (len(a.Muted) > 0 || a.Labels["callers"] != "orders and shop") {
					t.Errorf("the page about payments is %v, want its callers named and it not muted", a)
				}
			}
			for _, want := range []string{"DependencyFails orders", "ShopErrorsFastBurn shop"} {
				if !muted[want] {
					t.Errorf("%s is not muted by inhibition; muted are %v", want, muted)
				}
			}
		})
	}
}

package e2e

import (
	"slices"
	"testing"

	"goldensignals/internal/drill"
	"goldensignals/internal/scorecard"
	"goldensignals/internal/tier"
)

// TestDrills plays drills against the shipped alerts, so that changing a rule shows at
// once what it does to people: every incident is paged in time and once, and nothing
// else is. Whatever boards show in a drill, and runbooks without repairs say of it, is
// looked at in the same replay.
func TestDrills(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	shown, err := showings()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range played(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // as many at once as there are processors
			w := watch(t, name)
			checkScore(t, w.Result)
			for _, f := range w.Findings {
				t.Error(f)
			}
			for alert, done := range w.Followed {
				report(t, alert, done)
			}
			if want := len(shown[showing{Drill: name}]); w.Asked != want {
				t.Errorf("%d things of boards were looked at, want %d", w.Asked, want)
			}
			t.Logf("%d pages, %d tickets, %d log lines; %d things of boards were looked at",
				w.Result.Score.Pages, w.Result.Score.Tickets, w.Result.Score.LogLines, w.Asked)
			checkRecord(t, scorecard.Shipped, w.Result)
		})
	}
}

// checkScore wants one page per incident, in time, and no other.
func checkScore(t *testing.T, r drill.Result) {
	t.Helper()
	for _, problem := range r.Problems {
		t.Error(problem)
	}
	for _, inc := range r.Incidents {
		if inc.ExtraPages > 0 {
			t.Errorf("%q has %d pages, want one", inc.Name, inc.Pages)
		}
	}
	if r.Score.WithoutRunbook > 0 {
		t.Errorf("%d alerts fired without a runbook", r.Score.WithoutRunbook)
	}
}

// TestSentinels: the drills of the default tier are eight at least, and two of them
// controls.
func TestSentinels(t *testing.T) {
	t.Parallel()
	controls := 0
	for _, name := range sentinels() {
		s, err := scenario(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Control() {
			controls++
		}
	}
	if n := len(sentinels()); n < 8 || controls < 2 || !slices.Contains(sentinels(), "repaired") {
		t.Errorf("%d sentinels with %d controls, want at least 8 with 2, and repaired, in which most boards show something", n, controls)
	}
}

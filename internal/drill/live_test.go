package drill_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
)

func TestEvaluateLive(t *testing.T) {
	t.Parallel()
	half := func(from, to float64) bad { return during("checkout", minute(from), minute(to), 4, 0) }
	tests := []struct {
		name     string
		truth    bad
		messages []drill.Notification
		verdict  drill.Verdict
		to       float64 // minutes
		reset    float64 // minutes; 0: never
		recall   float64
		problems int
		notes    []string // in their order, a part of each
	}{
		{
			name: "nobody lifts a finger", truth: half(10, 25), messages: []drill.Notification{page(12, "a"), resolved(28, "a")},
			verdict: drill.Detected, to: 25, reset: 3, recall: 1,
		},
		{
			name: "over within the slack", truth: half(10, 24.5), messages: []drill.Notification{page(12, "a"), resolved(28, "a")},
			verdict: drill.Detected, to: 25, reset: 3, recall: 1,
		},
		{
			name: "repaired after the page", truth: half(10, 16), messages: []drill.Notification{page(12, "a"), resolved(18, "a")},
			verdict: drill.Detected, to: 16, reset: 2, recall: 1,
			notes: []string{`Incident "checkout fails" ended after 6m instead of 15m`},
		},
		{
			name: "repaired, and broken again", truth: func(j string, at time.Duration) (int, int) {
				if at < minute(14) {
					return half(10, 12)(j, at)
				}
				return half(18, 20)(j, at)
			}, messages: []drill.Notification{page(11, "a"), resolved(21, "a")},
			verdict: drill.Detected, to: 20, reset: 1, recall: 1,
			notes: []string{`ended after 10m instead of 15m`},
		},
		{
			name: "quicker than the harm", truth: half(10, 10),
			verdict: drill.Averted, to: 10, recall: 1,
			notes: []string{`hurt nobody beyond doubt (0 of 36000 requests failed (0 %) and 0 were slow (0 %)): the players were quicker than the harm.`},
		},
		{
			name: "quicker than the harm, but paged at once", truth: half(10, 10), messages: []drill.Notification{page(11, "a")},
			verdict: drill.Detected, to: 10, recall: 1, notes: []string{"quicker than the harm"},
		},
		{
			name: "quicker than the harm, and paged when all was over", truth: half(10, 10), messages: []drill.Notification{page(16, "a")},
			verdict: drill.Averted, to: 10, recall: 1, problems: 1, notes: []string{"quicker than the harm"},
		},
		{
			name: "quicker than the page", truth: half(10, 12),
			verdict: drill.Averted, to: 12, recall: 1,
			notes: []string{"ended after 2m instead of 15m", "was over after 2m, before anybody had to be paged (within 5m)"},
		},
		{
			name: "repaired, but a page was due", truth: half(10, 16),
			verdict: drill.Missed, to: 16, recall: 0, problems: 1, notes: []string{"ended after 6m instead of 15m"},
		},
		{
			name: "nobody noticed", truth: half(10, 25),
			verdict: drill.Missed, to: 25, recall: 0, problems: 1,
		},
		{
			name: "hurt late", truth: half(17, 25), messages: []drill.Notification{page(18, "a")},
			verdict: drill.Late, to: 25, recall: 1, problems: 1, notes: []string{"hurt users from 17m on only, although it began at 10m"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := scenario(incident("checkout fails", 10, 25))
			r, err := drill.EvaluateLive(s, drill.Run{Start: start, Seen: traffic(time.Hour, tt.truth), Notifications: tt.messages})
			if err != nil {
				t.Fatalf("EvaluateLive: %v", err)
			}
			inc := r.Incidents[0]
			if inc.Verdict != tt.verdict || inc.ToSeconds != minute(tt.to).Seconds() || minutes(inc.ResetSeconds) != tt.reset || r.Score.Recall != tt.recall {
				t.Errorf("verdict %s, end %vs, reset %v min, recall %v; want %s, %vs, %v, %v",
					inc.Verdict, inc.ToSeconds, minutes(inc.ResetSeconds), r.Score.Recall, tt.verdict, minute(tt.to).Seconds(), tt.reset, tt.recall)
			}
			if len(r.Problems) != tt.problems || r.Passed != (tt.problems == 0) {
				t.Errorf("passed %v, problems %q; want %d", r.Passed, r.Problems, tt.problems)
			}
			wantNotes(t, r.Notes, tt.notes)
			if diff := cmp.Diff(scenario(incident("checkout fails", 10, 25)), s); diff != "" {
				t.Errorf("EvaluateLive changed the scenario (-want +got):\n%s", diff)
			}
		})
	}
}

func wantNotes(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("notes = %q, want %d: %q", got, len(want), want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("note %q lacks %q", got[i], want[i])
		}
	}
}

// TestEvaluateLiveUnclaimedHarm: what somebody else broke may page.
func TestEvaluateLiveUnclaimedHarm(t *testing.T) {
	t.Parallel()
	seen := traffic(time.Hour, during("checkout", minute(20), minute(22), 4, 0))
	messages := []drill.Notification{page(19.9, "early"), page(21, "a"), page(27, "b"), page(27.1, "late")}
	r, err := drill.EvaluateLive(scenario(), drill.Run{Start: start, Seen: seen, Notifications: messages})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Score; got.Pages != 4 || got.FalsePages != 2 || got.Precision != 0.5 {
		t.Errorf("score = %+v, want 4 pages, 2 of them false", got)
	}
	if r.Passed {
		t.Error("passed with two false pages")
	}
	wantNotes(t, r.Notes, []string{"Users were hurt outside of the incidents, from 20m to 22m: of checkout, 480 of 960 requests failed"})
}

// TestEvaluateLiveIsEvaluate: where nobody did anything, the bytes are the same.
func TestEvaluateLiveIsEvaluate(t *testing.T) {
	t.Parallel()
	s := scenario(incident("one", 10, 15), incident("two", 40, 50))
	run := drill.Run{Start: start, Notifications: []drill.Notification{page(12, "a"), resolved(17, "a"), page(30, "b"), page(44, "a")}}
	run.Seen = traffic(time.Hour, func(_ string, at time.Duration) (int, int) {
		if at >= minute(10) && at < minute(15) || at >= minute(40) && at < minute(50) {
			return 2, 1
		}
		return 0, 0
	})
	live, err := drill.EvaluateLive(s, run)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(evaluate(t, s, run), live); diff != "" {
		t.Errorf("replayed and live (-replay +live):\n%s", diff)
	}
}

func TestEvaluateLiveRefusesABrokenRun(t *testing.T) {
	t.Parallel()
	if _, err := drill.EvaluateLive(scenario(), drill.Run{Start: start}); err == nil || !strings.Contains(err.Error(), "the truth is empty") {
		t.Errorf("EvaluateLive without a truth = %v, want an error", err)
	}
}

package replay_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/replay"
	"goldensignals/internal/tier"
)

// replayed returns the result as bytes, without the time that it took.
func replayed(t *testing.T, h *replay.Histories, spec replay.Spec) string {
	t.Helper()
	result, err := h.Drill(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	result.WallSeconds = 0
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// failingRule is the simple rule alone, so that a healthy history is quiet.
func failingRule() string {
	rule, _, _ := strings.Cut(fmt.Sprintf(simpleRule, ""), "  - alert: Cause")
	return rule
}

// TestHistoryThatIsThereChangesNothing replays a drill without a history on disk, with
// it, with one that somebody has spoiled, and with one that was made elsewhere.
func TestHistoryThatIsThereChangesNothing(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	spec := replay.Spec{
		File: "test.yaml", Seed: 1, Interval: 15 * time.Second,
		Content: lightly(errorsDrill(40*time.Minute, 19*time.Minute, 11*time.Minute, 3*time.Minute, 0.5, "")),
	}
	rules, routes := design(t, failingRule(), plainAlertmanager)
	spec.Rules, spec.Alertmanager = tier.Pick(t, rules, nil), tier.Pick(t, routes, "") // a third of the time
	dir := t.TempDir()
	want := replayed(t, replay.NewHistories(dir), spec)
	entries, err := filepath.Glob(filepath.Join(dir, "*", "content", "late", "*", "index"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("series of a history: %v, %v; want some", entries, err)
	}
	kept, err := os.Stat(entries[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, replayed(t, replay.NewHistories(dir), spec)); diff != "" {
		t.Errorf("with the history on disk (-made +found):\n%s", diff)
	}
	if again, err := os.Stat(entries[0]); err != nil || !os.SameFile(kept, again) {
		t.Errorf("the history was made again: %v", err)
	}
	if err := os.Truncate(entries[0], 100); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, replayed(t, replay.NewHistories(dir), spec)); diff != "" {
		t.Errorf("with a history that is broken (-made +broken):\n%s", diff)
	}
	other := spec
	other.Seed = 2
	if replayed(t, replay.NewHistories(dir), other) == want {
		t.Error("another seed has the same result")
	}
}

// TestLateStartScoresAlike holds a drill that starts when the calm is nearly over against
// one that is played from the beginning.
func TestLateStartScoresAlike(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	tier.Full(t)
	content := errorsDrill(40*time.Minute, 25*time.Minute, 12*time.Minute, 5*time.Minute, 0.5, "")
	histories := replay.NewHistories(t.TempDir())
	spec, err := histories.With(t.Context(), replay.Spec{File: "test.yaml", Seed: 1, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	var results [2]drill.Result
	for i, late := range []bool{false, true} {
		spec.LateStart = late
		if results[i], err = replay.Drill(t.Context(), spec, nil); err != nil {
			t.Fatal(err)
		}
	}
	early, late := results[0], results[1]
	if len(early.Timeline.Journeys) != len(late.Timeline.Journeys) || late.Requests >= early.Requests+1000 {
		t.Errorf("requests: %d early, %d late", early.Requests, late.Requests)
	}
	a, b := early.Incidents[0], late.Incidents[0]
	if a.Verdict != drill.Detected || b.Verdict != a.Verdict || a.Alert != b.Alert || a.Pages != b.Pages {
		t.Fatalf("early: %+v; late: %+v", a, b)
	}
	if math.Abs(*a.TimeToDetectSeconds-*b.TimeToDetectSeconds) > 15 || math.Abs(*a.ResetSeconds-*b.ResetSeconds) > 60 {
		t.Errorf("detected after %gs and %gs, reset after %gs and %gs", *a.TimeToDetectSeconds, *b.TimeToDetectSeconds, *a.ResetSeconds, *b.ResetSeconds)
	}
	if late.Incidents[0].Requests == 0 || math.Abs(float64(a.Requests-b.Requests)) > 0.05*float64(a.Requests) {
		t.Errorf("requests in the incident: %d early, %d late", a.Requests, b.Requests)
	}
}

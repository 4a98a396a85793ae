package drills_test

import (
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/drills"
	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/replay"
	"goldensignals/internal/report"
	"goldensignals/internal/tier"
)

func TestMain(m *testing.M) {
	bubble.Child(replay.Jobs())
	os.Exit(m.Run())
}

// TestDrillsReplayed replays every drill against the shipped alerts, so that
// changing a rule shows at once what it does to people: every incident is paged
// in time and once, and nothing else is.
func TestDrillsReplayed(t *testing.T) {
	tier.Replay(t)
	files := slices.Sorted(maps.Keys(parseAll(t)))
	results := make([]drill.Result, len(files))
	t.Run("all", func(t *testing.T) {
		slots := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i, file := range files {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				results[i] = play(t, file)
			})
		}
	})
	if !t.Failed() {
		checkScorecard(t, results)
	}
}

func play(t *testing.T, file string) drill.Result {
	t.Helper()
	content, err := fs.ReadFile(drills.FS(), file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := replay.Drill(t.Context(), replay.Spec{File: "drills/" + file, Content: content, Seed: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range got.Problems {
		t.Error(problem)
	}
	for _, inc := range got.Incidents {
		if inc.ExtraPages > 0 {
			t.Errorf("%q has %d pages, want one", inc.Name, inc.Pages)
		}
	}
	if got.Score.WithoutRunbook > 0 {
		t.Errorf("%d alerts fired without a runbook", got.Score.WithoutRunbook)
	}
	t.Logf("%d pages, %d tickets, %d log lines; %.0f virtual seconds in %.1f s",
		got.Score.Pages, got.Score.Tickets, got.Score.LogLines, got.VirtualSeconds, got.WallSeconds)
	return got
}

// checkScorecard holds the table in the README against what was just seen.
func checkScorecard(t *testing.T, results []drill.Result) {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "<!-- gameday:scorecard -->\n")
	table, _, found := strings.Cut(rest, "<!-- /gameday:scorecard -->")
	if !found {
		t.Fatal("README.md has no scorecard; write the marks <!-- gameday:scorecard --> and <!-- /gameday:scorecard -->")
	}
	var want strings.Builder
	if err := report.Markdown(&want, results); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(want.String()), strings.TrimSpace(table)); diff != "" {
		t.Errorf("the scorecard in README.md is old; run \"go generate ./designs\" (-now +README):\n%s", diff)
	}
}

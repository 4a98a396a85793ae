package drills_test

import (
	"io/fs"
	"os"
	"runtime"
	"testing"

	"goldensignals/drills"
	"goldensignals/internal/bubble"
	"goldensignals/internal/stack"
)

func TestMain(m *testing.M) {
	bubble.Child(stack.Jobs())
	os.Exit(m.Run())
}

// TestDrillsReplayed replays every drill against the shipped alerts, so that
// changing a rule shows at once what it does to people.
func TestDrillsReplayed(t *testing.T) {
	switch {
	case testing.Short():
		t.Skip("replays hours of virtual time")
	case raceDetector:
		t.Skip("the race detector makes it ten times slower and watches the same code in internal/stack")
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for file := range parseAll(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			content, err := fs.ReadFile(drills.FS(), file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := stack.ReplayDrill(t.Context(), stack.ReplaySpec{File: "drills/" + file, Content: content, Seed: 1}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range got.Problems {
				t.Error(problem)
			}
			if got.Score.WithoutRunbook > 0 {
				t.Errorf("%d alerts fired without a runbook", got.Score.WithoutRunbook)
			}
			t.Logf("%d pages, %d tickets, %d log lines; %.0f virtual seconds in %.1f s",
				got.Score.Pages, got.Score.Tickets, got.Score.LogLines, got.VirtualSeconds, got.WallSeconds)
		})
	}
}

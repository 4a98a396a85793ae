package runbooks_test

import (
	"io/fs"
	"os"
	"runtime"
	"testing"
	"time"

	"goldensignals/drills"
	"goldensignals/internal/bubble"
	"goldensignals/internal/rehearsal"
	"goldensignals/internal/replay"
	"goldensignals/internal/runbook"
	"goldensignals/internal/tier"
	"goldensignals/runbooks"
)

func TestMain(m *testing.M) {
	bubble.Child(rehearsal.Jobs())
	os.Exit(m.Run())
}

// TestRunbooksExecuted does what every runbook says, in its drill: its queries
// must return what it says, its repairs must end the alert, in the time it says.
func TestRunbooksExecuted(t *testing.T) {
	tier.Replay(t)
	lib, err := runbook.Load(runbooks.FS())
	if err != nil {
		t.Fatal(err)
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, alert := range lib.Names() {
		page, _ := lib.Lookup(alert)
		if page.Drill == "" {
			t.Logf("%s is not drilled: %s", alert, page.NotDrilled)
			continue
		}
		t.Run(alert, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
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
	scenario, err := fs.ReadFile(drills.FS(), page.Drill+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	done, err := rehearsal.Runbook(t.Context(), rehearsal.Spec{
		File: "runbooks/" + page.File, Content: content,
		Drill: replay.Spec{File: "drills/" + page.Drill + ".yaml", Content: scenario, Seed: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range done.Findings {
		t.Error(f)
	}
	for _, r := range done.Read {
		t.Logf("line %d: in the outage %s; after it %s", r.Line, r.Outage, r.After)
	}
	t.Logf("%s: fired after %v, repaired at %v, well after %v, over after %v; %v",
		page.Drill, done.Fired, done.Ordered, done.Verified, done.Resolved, time.Since(start).Round(time.Millisecond))
}

package designs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"goldensignals/drills"
	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/replay"
	"goldensignals/internal/tier"
)

func TestMain(m *testing.M) {
	bubble.Child(replay.Jobs())
	os.Exit(m.Run())
}

// shipped is the design that the others are compared with. That it detects
// everything in time and pages for nothing is what go test ./drills wants.
const shipped = "../alerts"

// run is a drill with a design.
type run struct{ design, drill string }

// replays plays each run that the claims need once, as many at a time as there
// are processors.
func replays(t *testing.T, runs []run) map[run]drill.Result {
	t.Helper()
	var (
		mu      sync.Mutex
		all     sync.WaitGroup
		results = map[run]drill.Result{}
		slots   = make(chan struct{}, runtime.GOMAXPROCS(0))
	)
	for _, r := range runs {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			result, err := play(t, r)
			if err != nil {
				t.Errorf("%s with %s: %v", r.drill, r.design, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			results[r] = result
		})
	}
	all.Wait()
	return results
}

func play(t *testing.T, r run) (drill.Result, error) {
	file := r.drill + ".yaml"
	content, err := fs.ReadFile(drills.FS(), file)
	if err != nil {
		return drill.Result{}, fmt.Errorf("read drill: %w", err)
	}
	spec := replay.Spec{File: "drills/" + file, Content: content, Seed: 1, Rules: []string{r.design}}
	if config := filepath.Join(r.design, "alertmanager.yml"); exists(config) {
		spec.Alertmanager = config
	}
	return replay.Drill(t.Context(), spec, nil)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// claim is something that README.md says of a drill with a design, beside the
// shipped one with the same drill where that is played.
type claim struct {
	run
	says  string
	holds func(its, shipped drill.Result) bool
}

// TestClaims replays the drills that README.md makes its points with.
func TestClaims(t *testing.T) {
	tier.Replay(t)
	runs := []run{{shipped, "payments-errors"}, {shipped, "payments-down"}}
	for _, c := range claims() {
		runs = append(runs, c.run)
	}
	results := replays(t, runs)
	if t.Failed() {
		t.FailNow()
	}
	for _, c := range claims() {
		its, ours := results[c.run], results[run{shipped, c.drill}]
		if !c.holds(its, ours) {
			t.Errorf("%s: %s %s; it was %s, shipped %s: the rules have changed, or README.md is wrong", c.drill, c.design, c.says, outcome(its), outcome(ours))
		}
	}
}

func claims() []claim {
	missed := func(its, _ drill.Result) bool { return its.Incidents[0].Verdict == drill.Missed }
	return []claim{
		{run{"static", "payments-slow"}, "misses answers that are slow, but not over a second", missed},
		{run{"static", "flapping"}, "misses what never lasts for five minutes", missed},
		{run{"static", "payments-errors"}, "is late and calls it over minutes sooner", func(its, ours drill.Result) bool {
			i, o := its.Incidents[0], ours.Incidents[0]
			return i.Verdict == drill.Late && o.Verdict == drill.Detected && *i.ResetSeconds < *o.ResetSeconds-120
		}},
		{run{"causes", "payments-errors"}, "misses errors that fill nothing", missed},
		{run{"causes", "nightly-batch"}, "pages although nobody is hurt", func(its, _ drill.Result) bool { return its.Control && its.Score.FalsePages > 0 }},
		{run{"naive", "long-tail"}, "misses what the median does not show", missed},
		{run{"naive", "payments-down"}, "sends a page for every alert, but half a minute sooner", func(its, ours drill.Result) bool {
			i, o := its.Incidents[0], ours.Incidents[0]
			return its.Score.Pages >= 4 && ours.Score.Pages == 1 && *i.TimeToDetectSeconds < *o.TimeToDetectSeconds-20
		}},
	}
}

func outcome(r drill.Result) string {
	if len(r.Incidents) == 0 {
		return fmt.Sprintf("a control with %d pages", r.Score.Pages)
	}
	seconds := func(s *float64) string {
		if s == nil {
			return "never"
		}
		return fmt.Sprintf("after %.0f s", *s)
	}
	i := r.Incidents[0]
	return fmt.Sprintf("%s %s, over %s, %d pages", i.Verdict, seconds(i.TimeToDetectSeconds), seconds(i.ResetSeconds), r.Score.Pages)
}

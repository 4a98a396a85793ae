package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/scorecard"
	"goldensignals/internal/tier"
)

// designs is the folder of the alert designs that the shipped one is compared with.
var designs = filepath.Join("..", "designs")

// record is what came of all drills with all designs when they were last generated.
func record(t *testing.T) scorecard.Record {
	t.Helper()
	f, err := os.Open(filepath.Join(designs, "scorecard.jsonl"))
	if err != nil {
		t.Fatalf("%v; run: go generate ./designs", err)
	}
	defer f.Close()
	r, err := scorecard.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkRecord holds the record, which the tables are made of, against a replay.
func checkRecord(t *testing.T, design string, r drill.Result) {
	t.Helper()
	want, _ := record(t).Find(design, r.Drill)
	if diff := cmp.Diff(want, scorecard.Of(design, r)); diff != "" {
		t.Errorf("the record of %s with %s is old; run: go generate ./designs (-record +replay):\n%s", r.Drill, design, diff)
	}
}

// claim is something that designs/README.md says of a drill with a design, beside the
// shipped one with the same drill.
type claim struct {
	design, drill string
	says          string
	holds         func(its, shipped drill.Result) bool
}

// The first one is a sentinel, which is played by default.
func claims() []claim {
	missed := func(its, _ drill.Result) bool { return its.Incidents[0].Verdict == drill.Missed }
	return []claim{
		{"naive", "payments-down", "sends a page for every alert, but half a minute sooner", func(its, ours drill.Result) bool {
			i, o := its.Incidents[0], ours.Incidents[0]
			return its.Score.Pages >= 4 && ours.Score.Pages == 1 && *i.TimeToDetectSeconds < *o.TimeToDetectSeconds-20
		}},
		{"naive", "long-tail", "misses what the median does not show", missed},
		{"static", "payments-slow", "misses answers that are slow, but not over a second", missed},
		{"static", "flapping", "misses what never lasts for five minutes", missed},
		{"static", "payments-errors", "is late and calls it over minutes sooner", func(its, ours drill.Result) bool {
			i, o := its.Incidents[0], ours.Incidents[0]
			return i.Verdict == drill.Late && o.Verdict == drill.Detected && *i.ResetSeconds < *o.ResetSeconds-120
		}},
		{"causes", "payments-errors", "misses errors that fill nothing", missed},
		{"causes", "nightly-batch", "pages although nobody is hurt", func(its, _ drill.Result) bool { return its.Control && its.Score.FalsePages > 0 }},
	}
}

// TestClaims holds what designs/README.md says against the record.
func TestClaims(t *testing.T) {
	t.Parallel()
	all := record(t)
	for _, c := range claims() {
		its, ok := all.Find(c.design, c.drill)
		ours, too := all.Find(scorecard.Shipped, c.drill)
		if !ok || !too {
			t.Errorf("%s is not on record with %s and the shipped design; run: go generate ./designs", c.drill, c.design)
			continue
		}
		if !c.holds(its.Result(), ours.Result()) {
			t.Errorf("%s: %s %s; it was %s, shipped %s: the rules have changed, or README.md is wrong",
				c.drill, c.design, c.says, outcome(its.Result()), outcome(ours.Result()))
		}
	}
}

// TestDesigns plays the drills that claims are made of, and holds the record against
// them.
func TestDesigns(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	for _, c := range tier.Pick(t, claims()[:1], claims()) {
		t.Run(c.design+"/"+c.drill, func(t *testing.T) {
			t.Parallel()
			input, err := spec(c.drill)
			if err != nil {
				t.Fatal(err)
			}
			input.Rules = []string{filepath.Join(designs, c.design)}
			if routes := filepath.Join(designs, c.design, "alertmanager.yml"); exists(t, routes) {
				input.Alertmanager = routes
			}
			result, err := histories.Drill(t.Context(), input, nil)
			if err != nil {
				t.Fatal(err)
			}
			checkRecord(t, c.design, result)
			t.Log(outcome(result))
		})
	}
}

func exists(t *testing.T, name string) bool {
	t.Helper()
	_, err := os.Stat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
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

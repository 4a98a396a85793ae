package stack_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/stack"
)

// repairedDrill breaks payments for an hour and repairs it in minute 8: first
// with the wrong repair, then with the right one.
const repairedDrill = `name: repaired
brief: Something is broken.
history: 5m
duration: 15m
load: {rps: 20}
timeline:
  - {at: 2m, fault: errors, service: payments, ratio: 0.5, for: 1h}
  - {at: 4m, fix: restart, service: payments}
  - {at: 4m, fix: scale-out, service: shop}
  - {at: 7m30s, fix: rollback, service: payments}
incidents:
  - {name: checkout fails, from: 2m, to: 8m, page_within: 5m}
`

// repairedAs is what the record of that drill must say.
func repairedAs() []drill.RepairResult {
	none := []string{}
	return []drill.RepairResult{
		{AtSeconds: 240, EffectSeconds: 260, Repair: "restart", Service: "payments", Ended: none, Helped: none},
		{AtSeconds: 240, EffectSeconds: 270, Repair: "scale-out", Service: "shop", Ended: none, Helped: none},
		{AtSeconds: 450, EffectSeconds: 480, Repair: "rollback", Service: "payments", Ended: []string{"errors"}, Helped: none},
	}
}

func TestReplayRepairs(t *testing.T) {
	t.Parallel()
	scenario, err := drill.Parse("repaired.yaml", []byte(repairedDrill))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r, err := stack.Replay(t.Context(), stack.ReplayOptions{Scenario: scenario, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(repairedAs(), r.Repairs); diff != "" {
			t.Errorf("repairs (-want +got):\n%s", diff)
		}
		if !r.Passed || r.Timeline.Faults[0].ToSeconds != 480 {
			t.Errorf("problems %q, fault until %v; want a drill that passes, with a fault that the repair ended", r.Problems, r.Timeline.Faults[0].ToSeconds)
		}
	})
}

// TestLiveDrillRepairedByPlayers: what people order is on record as well, and
// nothing that repairs added outlives the drill, or is there when it begins.
func TestLiveDrillRepairedByPlayers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := play(t, stack.Options{Seed: 1})
		defer g.stop()
		order := func(repair, service string) {
			if code := g.do(http.MethodPost, "/api/v1/fixes", map[string]string{"repair": repair, "service": service}, nil); code != http.StatusCreated {
				t.Errorf("%s of %s = %d, want 201", repair, service, code)
			}
		}
		inForce := func() (list []string) {
			var fixes struct{ Applied []fault.Applied }
			g.do(http.MethodGet, "/api/v1/fixes", nil, &fixes)
			for _, a := range fixes.Applied {
				if a.InForceAt(time.Now()) {
					list = append(list, a.Repair+" "+a.Service)
				}
			}
			return list
		}
		order("scale-out", "auth")
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"scale-out auth"}, inForce()); diff != "" {
			t.Errorf("before the drill (-want +got):\n%s", diff)
		}

		s := g.start(shortDrill)
		if left := inForce(); left != nil {
			t.Errorf("the drill begins with %v", left)
		}
		time.AfterFunc(3*time.Minute, func() { order("scale-out", "payments") })
		time.AfterFunc(5*time.Minute, func() { order("rollback", "payments") })
		last, _ := s.last()
		if last.Result == nil {
			t.Fatalf("last line = %+v, want a result", last)
		}
		var got []string
		for _, r := range last.Result.Repairs {
			for _, kind := range append(r.Ended, "") {
				got = append(got, r.Repair+" "+r.Service+" "+kind)
			}
		}
		if diff := cmp.Diff([]string{"scale-out payments ", "rollback payments errors", "rollback payments "}, got); diff != "" {
			t.Errorf("repairs (-want +got):\n%s", diff)
		}
		if to := last.Result.Timeline.Faults[0].ToSeconds; to >= 480 || to < 320 {
			t.Errorf("the fault ended at %v, want half a minute after the order", to)
		}
		if left := inForce(); left != nil {
			t.Errorf("the drill leaves %v behind", left)
		}
		g.nothingLeft("40")
	})
}

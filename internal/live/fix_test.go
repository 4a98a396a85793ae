package live_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
	"goldensignals/internal/live"
	"goldensignals/internal/live/livetest"
	"goldensignals/internal/stack"
)

// TestLiveDrillRepairedByPlayers: what people order is on record as well, and
// nothing that repairs added outlives the drill, or is there when it begins.
func TestLiveDrillRepairedByPlayers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := livetest.Play(t, live.Options{Stack: stack.Options{Seed: 1, Interval: 15 * time.Second}})
		defer g.Stop()
		order := func(repair, service string) {
			if code := g.Do(http.MethodPost, "/api/v1/fixes", map[string]string{"repair": repair, "service": service}, nil); code != http.StatusCreated {
				t.Errorf("%s of %s = %d, want 201", repair, service, code)
			}
		}
		inForce := func() (list []string) {
			var fixes struct{ Applied []fault.Applied }
			g.Do(http.MethodGet, "/api/v1/fixes", nil, &fixes)
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

		s := g.Start(livetest.ShortDrill)
		if left := inForce(); left != nil {
			t.Errorf("the drill begins with %v", left)
		}
		time.AfterFunc(3*time.Minute, func() { order("scale-out", "payments") })
		time.AfterFunc(5*time.Minute+15*time.Second, func() { order("rollback", "payments") }) // the drill starts within an interval
		last, _ := s.Last()
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
		g.NothingLeft("40")
	})
}

package drill_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

// TestRepairsAreOnRecord: the right repair and the wrong one, in order, and a
// fault lasts until the right one acted.
func TestRepairsAreOnRecord(t *testing.T) {
	t.Parallel()
	s := scenario(incident("checkout fails", 10, 25))
	s.Timeline = []drill.Step{
		{At: minute(10), Fault: &fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.5, For: fault.Duration(minute(40))}},
		{At: minute(10), Fault: &fault.Fault{Kind: "errors", Service: "auth", Ratio: 0.1, For: fault.Duration(minute(40))}},
	}
	applied := func(repair string, at float64, ended ...string) fault.Applied {
		when := start.Add(minute(at))
		return fault.Applied{Repair: repair, Service: "payments", At: when, Effect: when.Add(30 * time.Second), Ended: ended}
	}
	run := drill.Run{
		Start: start, Seen: traffic(time.Hour, during("checkout", minute(10), minute(25), 4, 0)),
		Repairs: []fault.Applied{applied("rollback", 24.5, "errors"), applied("restart", 20)},
	}
	for name, score := range map[string]func(*drill.Scenario, drill.Run) (drill.Result, error){"replayed": drill.Evaluate, "live": drill.EvaluateLive} {
		r, err := score(s, run)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := []drill.RepairResult{
			{AtSeconds: 1200, EffectSeconds: 1230, Repair: "restart", Service: "payments", Ended: []string{}, Helped: []string{}},
			{AtSeconds: 1470, EffectSeconds: 1500, Repair: "rollback", Service: "payments", Ended: []string{"errors"}, Helped: []string{}},
		}
		if diff := cmp.Diff(want, r.Repairs); diff != "" {
			t.Errorf("%s: repairs (-want +got):\n%s", name, diff)
		}
		if f := r.Timeline.Faults; f[0].ToSeconds != 1500 || f[1].ToSeconds != 3000 {
			t.Errorf("%s: the faults end at %v and %v, want at the repair and at their own time", name, f[0].ToSeconds, f[1].ToSeconds)
		}
		data, err := json.Marshal(r)
		if want := `"repairs":[{"at_seconds":1200,"effect_seconds":1230,"repair":"restart","service":"payments","ended":[],"helped":[]},`; err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: the JSON (%v) lacks %s", name, err, want)
		}
	}
	run.Repairs = nil
	if r, err := drill.Evaluate(s, run); err != nil || r.Repairs != nil {
		t.Errorf("without repairs: %v, %v", r.Repairs, err)
	}
}

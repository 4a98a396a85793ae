package replay_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/replay"
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
		r, err := replay.Run(t.Context(), replay.Options{Scenario: scenario, Seed: 1})
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

package fault_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
)

func apply(t *testing.T, s *fault.Set, now time.Time, name string) fault.Applied {
	t.Helper()
	a, err := s.Apply(now, name)
	if err != nil {
		t.Fatalf("Apply(%s): %v", name, err)
	}
	return a
}

func TestApplyEndsWhatItWouldReallyEnd(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	inject(t, s, noon, fault.Fault{Kind: "errors"})
	inject(t, s, noon, fault.Fault{Kind: "latency", Delay: ms(10)})
	a := apply(t, s, noon.Add(time.Minute), "rollback")
	effect := noon.Add(90 * time.Second)
	want := fault.Applied{Repair: "rollback", Service: "auth", At: noon.Add(time.Minute), Effect: effect, Until: effect, Ended: []string{"errors"}, Helped: []string{}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("Apply (-want +got):\n%s", diff)
	}
	if got := s.Active(effect.Add(-1)); len(got) != 2 || !got[0].Until.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("Active = %+v before the repair takes effect, want nothing that tells it is the right one", got)
	}
	if !s.Effect(effect.Add(-1), 1).Fail {
		t.Error("the fault ended before the repair took effect")
	}
	if got := s.Effect(effect, 1); got != (fault.Effect{Delay: 10 * time.Millisecond}) {
		t.Errorf("Effect = %+v, want the delay only", got)
	}
	if got := s.State(effect, noon).Restart; !got.Equal(effect) {
		t.Errorf("the process is as old as %v, want it replaced at %v", got, effect)
	}
	if got := s.State(effect.Add(-1), noon).Restart; !got.IsZero() {
		t.Errorf("the process was replaced at %v, before the repair took effect", got)
	}
}

func TestApplyTheWrongOne(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	inject(t, s, noon, fault.Fault{Kind: "errors", For: mins(10)})
	a := apply(t, s, noon, "restart")
	if len(a.Ended) != 0 || a.Ended == nil || len(a.Helped) != 0 || a.Helped == nil {
		t.Errorf("Ended %#v, Helped %#v; want two empty lists", a.Ended, a.Helped)
	}
	if !s.Effect(a.Effect, 1).Fail {
		t.Error("the wrong repair ended the fault")
	}
	// What is gone by itself until then was not ended by the repair.
	late := apply(t, s, noon.Add(9*time.Minute+45*time.Second), "rollback")
	if len(late.Ended) != 0 {
		t.Errorf("Ended = %q, although the fault was over by then", late.Ended)
	}
}

func TestApplyHelps(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	inject(t, s, noon, fault.Fault{Kind: "cpu-burn", For: mins(120)})
	a := apply(t, s, noon, "scale-out")
	if diff := cmp.Diff([]string{"cpu-burn"}, a.Helped); diff != "" || len(a.Ended) != 0 {
		t.Errorf("Ended %q, Helped %q; want that it helps", a.Ended, a.Helped)
	}
	for after, want := range map[time.Duration]float64{-1: 1, 0: 2, time.Hour - 1: 2, time.Hour: 1} {
		at := a.Effect.Add(after)
		if st := s.State(at, noon); st.ScaleOr1() != want || st.Burn != 0.8 {
			t.Errorf("%v after the effect: scale %v, burn %v; want %v and a fault that goes on", after, st.ScaleOr1(), st.Burn, want)
		}
		if got := a.InForceAt(at); got != (want == 2) {
			t.Errorf("InForceAt %v after the effect = %v", after, got)
		}
	}
}

// TestEveryRepairActs: what each adds or does to the service.
func TestEveryRepairActs(t *testing.T) {
	t.Parallel()
	for _, r := range fault.Repairs() {
		service := append(r.Services, "auth")[0]
		s := fault.NewSet(service)
		at := apply(t, s, noon, r.Name).Effect
		want := map[string]fault.State{
			"rollback": {Restart: at}, "restart": {Restart: at}, "scale-out": {Scale: 2}, "shed-load": {Shed: true},
			"drain-queue": {Drained: at}, "raise-pool": {Pool: 2}, "fail-over": {}, "clear-disk": {},
		}
		expected, known := want[r.Name]
		if !known {
			t.Errorf("repair %s has no case here", r.Name)
		}
		if diff := cmp.Diff(expected, s.State(at, noon)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.Name, diff)
		}
		if got := at.Sub(noon); got != time.Duration(r.Takes) {
			t.Errorf("%s takes %v, want %v", r.Name, got, r.Takes)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	for name, want := range map[string]string{
		"reboot":    `repair: "reboot" is unknown; choose one of rollback, restart`,
		"":          "repair: missing; choose one of rollback",
		"shed-load": "service: auth has nothing to shed-load; choose one of shop",
	} {
		if _, err := s.Apply(noon, name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Apply(%q) = %v, want %q", name, err, want)
		}
	}
	first := apply(t, s, noon, "restart")
	_, err := s.Apply(first.Effect.Add(-1), "rollback")
	busy, ok := errors.AsType[*fault.BusyError](err)
	if !ok || busy.Repair != "restart" || err.Error() != "restart of auth is under way until 12:00:20 UTC; wait for its end" {
		t.Errorf("Apply while another is under way = %v", err)
	}
	apply(t, s, first.Effect, "rollback")
	if got := s.Applied(); len(got) != 2 || got[0].Repair != "restart" || got[1].Repair != "rollback" {
		t.Errorf("Applied = %+v, want the two that were ordered", got)
	}
}

func TestUndo(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	inject(t, s, noon, fault.Fault{Kind: "errors", For: mins(60)})
	inject(t, s, noon, fault.Fault{Kind: "latency", Delay: ms(10), For: mins(60)})
	scaled := apply(t, s, noon, "scale-out")
	restarted := apply(t, s, scaled.Effect, "restart")
	now := restarted.Effect.Add(time.Minute)
	pending := apply(t, s, now, "rollback")

	s.Undo(now)

	st := s.State(pending.Effect, noon)
	if st.ScaleOr1() != 1 {
		t.Error("the second replica is still there")
	}
	if !st.Restart.Equal(restarted.Effect) {
		t.Errorf("the process was replaced at %v, want at %v: what was under way is forgotten", st.Restart, restarted.Effect)
	}
	if got := s.Effect(pending.Effect, 1); !got.Fail || got.Delay != 0 {
		t.Errorf("Effect = %+v, want errors, which nothing ended, and no delay, which the restart ended", got)
	}
	var names []string
	for _, a := range s.Applied() {
		names = append(names, a.Repair)
	}
	if diff := cmp.Diff([]string{"scale-out", "restart"}, names); diff != "" {
		t.Errorf("Applied (-want +got):\n%s", diff)
	}
	apply(t, s, now, "restart") // nothing is under way
	fault.NewSet("auth").Undo(now)
}

func TestAppliedIsBounded(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	for i := range 150 {
		apply(t, s, noon.Add(time.Duration(i)*time.Minute), "restart")
	}
	got := s.Applied()
	if len(got) != 100 || !got[99].At.Equal(noon.Add(149*time.Minute)) {
		t.Errorf("%d repairs are remembered, the last of %v; want the last hundred", len(got), got[len(got)-1].At)
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	tests := []struct {
		ended, helped []string
		want          string
	}{
		{nil, nil, ""},
		{[]string{"errors"}, nil, "ended errors"},
		{nil, []string{"cpu-burn", "slow-start"}, "helped against cpu-burn, slow-start"},
		{[]string{"crash", "latency"}, []string{"cpu-burn"}, "ended crash, latency, helped against cpu-burn"},
	}
	for _, tt := range tests {
		a := fault.Applied{At: noon, Effect: noon.Add(time.Minute), Ended: tt.ended, Helped: tt.helped}
		if did, known := a.Outcome(a.Effect.Add(-1)); did != "" || known {
			t.Errorf("before the effect: %q, %v", did, known)
		}
		if did, known := a.Outcome(a.Effect); did != tt.want || !known {
			t.Errorf("Outcome = %q, %v, want %q", did, known, tt.want)
		}
	}
}

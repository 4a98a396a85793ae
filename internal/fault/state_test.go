package fault_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
)

// TestState: what each kind makes of the service, at a moment or two. The
// process started half an hour before the fault.
func TestState(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	tests := []struct {
		give  fault.Fault
		after time.Duration
		want  fault.State
	}{
		{fault.Fault{Kind: "errors"}, 0, fault.State{}},
		{fault.Fault{Kind: "latency", Delay: ms(1)}, 0, fault.State{}},
		{fault.Fault{Kind: "latency-tail", Delay: ms(1)}, 0, fault.State{}},
		{fault.Fault{Kind: "dependency-down", Service: "orders"}, 0, fault.State{}},
		{fault.Fault{Kind: "traffic-loss", Service: "shop"}, 0, fault.State{}},
		{fault.Fault{Kind: "crash"}, 0, fault.State{Down: true}},
		{fault.Fault{Kind: "crash"}, 10 * time.Minute, fault.State{}},
		{fault.Fault{Kind: "crash-loop"}, 5 * time.Second, fault.State{Down: true, Restart: noon}},
		{fault.Fault{Kind: "crash-loop"}, 10 * time.Second, fault.State{Restart: at(10 * time.Second)}},
		{fault.Fault{Kind: "crash-loop"}, 25 * time.Second, fault.State{Down: true, Restart: at(10 * time.Second)}},
		{fault.Fault{Kind: "crash-loop"}, 45 * time.Second, fault.State{Restart: at(45 * time.Second)}},
		{fault.Fault{Kind: "cpu-burn"}, 0, fault.State{Burn: 0.8}},
		{fault.Fault{Kind: "cpu-burn", Ratio: 0.5, Ramp: mins(4)}, time.Minute, fault.State{Burn: 0.125}},
		{fault.Fault{Kind: "memory-leak"}, 3 * time.Minute, fault.State{Leaked: 48 << 20}},
		{fault.Fault{Kind: "memory-leak", Size: 4 << 20}, 0, fault.State{}},
		{fault.Fault{Kind: "queue-stall", Service: "orders"}, 0, fault.State{Stalled: true}},
		{fault.Fault{Kind: "queue-stall", Service: "orders", Flap: mins(1)}, time.Minute, fault.State{}},
		{fault.Fault{Kind: "pool-leak", Service: "payments", Ratio: 0.5, Ramp: mins(2)}, time.Minute, fault.State{PoolLost: 0.25}},
		{fault.Fault{Kind: "traffic-spike", Service: "shop"}, 0, fault.State{Crowd: 3}},
		{fault.Fault{Kind: "traffic-spike", Service: "shop", Factor: 3, Ramp: mins(2)}, time.Minute, fault.State{Crowd: 1}},
		{fault.Fault{Kind: "bad-deploy"}, time.Minute, fault.State{Release: fault.BadRelease, Restart: noon}},
		{fault.Fault{Kind: "bad-deploy", Ratio: 0.1}, time.Minute, fault.State{Canary: fault.BadRelease}},
		{fault.Fault{Kind: "disk-fill", Service: "orders"}, 2 * time.Minute, fault.State{Written: 256 << 20}},
		{fault.Fault{Kind: "slow-start", Factor: 5}, 0, fault.State{Restart: noon, Cost: 4}},
		{fault.Fault{Kind: "slow-start", Factor: 5}, 5 * time.Minute, fault.State{Restart: noon, Cost: 2}},
		{fault.Fault{Kind: "lost-metrics"}, 0, fault.State{Hidden: true}},
		{fault.Fault{Kind: "deploy"}, time.Minute, fault.State{Release: fault.GoodRelease, Restart: noon}},
		{fault.Fault{Kind: "batch"}, 0, fault.State{HostBurn: 0.7}},
		{fault.Fault{Kind: "gc-pause"}, 20 * time.Millisecond, fault.State{Pause: 40 * time.Millisecond}},
		{fault.Fault{Kind: "gc-pause"}, 5 * time.Second, fault.State{}},
		{fault.Fault{Kind: "scaling"}, 0, fault.State{Scale: 2}},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		seen[tt.give.Kind] = true
		if tt.give.Service == "" {
			tt.give.Service = "auth"
		}
		s := fault.NewSet(tt.give.Service)
		if _, err := s.Inject(noon, tt.give); err != nil {
			t.Errorf("Inject(%+v): %v", tt.give, err)
			continue
		}
		if diff := cmp.Diff(tt.want, s.State(at(tt.after), at(-30*time.Minute))); diff != "" {
			t.Errorf("%s (%s) after %v (-want +got):\n%s", tt.give.Kind, tt.give.Settings(), tt.after, diff)
		}
	}
	for _, k := range fault.Kinds() {
		if !seen[k.Name] {
			t.Errorf("kind %s has no case here", k.Name)
		}
	}
}

// TestEffectOfEachKind: what a request meets where all are hit.
func TestEffectOfEachKind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give fault.Fault
		want fault.Effect
	}{
		{fault.Fault{Kind: "errors"}, fault.Effect{Fail: true}},
		{fault.Fault{Kind: "latency", Delay: ms(300)}, fault.Effect{Delay: 300 * time.Millisecond}},
		{fault.Fault{Kind: "dependency-down", Service: "shop"}, fault.Effect{Cut: true}},
		{fault.Fault{Kind: "traffic-loss", Service: "shop"}, fault.Effect{Lost: true}},
		{fault.Fault{Kind: "crash"}, fault.Effect{}},
	}
	for _, tt := range tests {
		if tt.give.Service == "" {
			tt.give.Service = "auth"
		}
		s := fault.NewSet(tt.give.Service)
		if _, err := s.Inject(noon, tt.give); err != nil {
			t.Fatal(err)
		}
		if got := s.Effect(noon, 7); got != tt.want {
			t.Errorf("%s: Effect = %+v, want %+v", tt.give.Kind, got, tt.want)
		}
	}

	tail := fault.NewSet("auth")
	inject(t, tail, noon, fault.Fault{Kind: "latency-tail", Delay: ms(100)})
	canary := fault.NewSet("auth")
	inject(t, canary, noon, fault.Fault{Kind: "bad-deploy", Ratio: 0.2})
	short, long, other, failed := 0, 0, 0, 0
	for key := range uint64(10_000) {
		switch d := tail.Effect(noon, key).Delay; {
		case d < 100*time.Millisecond || d > fault.MaxDelay:
			t.Fatalf("the tail has a delay of %v", d)
		case d < 160*time.Millisecond:
			short++
		case d > 2*time.Second:
			long++
		}
		e := canary.Effect(noon, key)
		if e.Canary {
			other++
		}
		if e.Fail {
			failed++
		}
	}
	if short < 4_800 || short > 5_300 || long < 70 || long > 160 {
		t.Errorf("of 10,000 delays of at least 100ms %d are below 160ms and %d above 2s, want half and one in a hundred", short, long)
	}
	if other < 1_850 || other > 2_150 || failed < 500 || failed > 700 {
		t.Errorf("a canary of a fifth serves %d of 10,000 and fails %d, want 2,000 and 600", other, failed)
	}
}

func TestStateDefaults(t *testing.T) {
	t.Parallel()
	if st := (fault.State{}); st.ScaleOr1() != 1 || st.PoolOr1() != 1 || st.CostOr1() != 1 {
		t.Errorf("a service that nothing happens to has scale %v, pool %v, cost %v", st.ScaleOr1(), st.PoolOr1(), st.CostOr1())
	}
}

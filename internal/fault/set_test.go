package fault_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
)

var noon = time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)

func inject(t *testing.T, s *fault.Set, now time.Time, f fault.Fault) fault.Active {
	t.Helper()
	f.Service = "auth"
	a, err := s.Inject(now, f)
	if err != nil {
		t.Fatalf("Inject(%+v): %v", f, err)
	}
	return a
}

func TestSetEndsFaultsByItself(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	a := inject(t, s, noon, fault.Fault{Kind: "errors", For: mins(10)})
	if want := noon.Add(10 * time.Minute); !a.Until.Equal(want) {
		t.Errorf("Until = %v, want %v", a.Until, want)
	}
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{-1, false}, {0, true}, {10*time.Minute - 1, true}, {10 * time.Minute, false}} {
		now := noon.Add(tt.after)
		if got := s.Effect(now, 1).Fail; got != tt.want {
			t.Errorf("Effect after %v: Fail = %v, want %v", tt.after, got, tt.want)
		}
		if got := len(s.Active(now)) == 1; got != tt.want {
			t.Errorf("Active after %v: %v, want %v", tt.after, got, tt.want)
		}
	}
}

func TestSetReplacesTheSameKind(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	if first := inject(t, s, noon, fault.Fault{Kind: "errors"}); first.Replaced {
		t.Error("the first fault says that it replaced one")
	}
	inject(t, s, noon, fault.Fault{Kind: "latency", Delay: ms(10)})
	if second := inject(t, s, noon.Add(time.Minute), fault.Fault{Kind: "errors", Ratio: 0.5}); !second.Replaced {
		t.Error("the second fault does not say that it replaced the first")
	}
	active := s.Active(noon.Add(time.Minute))
	if len(active) != 2 || active[0].Kind != "errors" || active[0].Ratio != 0.5 || active[0].Replaced || active[1].Kind != "latency" {
		t.Errorf("Active = %+v, want errors at 0.5 and latency", active)
	}
	if late := inject(t, s, noon.Add(time.Hour), fault.Fault{Kind: "errors"}); late.Replaced {
		t.Error("a fault says that it replaced one that had expired")
	}
}

func TestSetClear(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	inject(t, s, noon, fault.Fault{Kind: "errors"})
	inject(t, s, noon, fault.Fault{Kind: "latency", Delay: ms(10)})
	if got := s.Clear(noon, "gremlin"); got != nil {
		t.Errorf("Clear(gremlin) = %v, want none", got)
	}
	if got := s.Clear(noon, "errors"); len(got) != 1 || got[0].Kind != "errors" {
		t.Errorf("Clear(errors) = %v, want it", got)
	}
	if got, want := s.Effect(noon, 1), (fault.Effect{Delay: 10 * time.Millisecond}); got != want {
		t.Errorf("Effect = %+v, want %+v", got, want)
	}
	if got := s.Clear(noon, ""); len(got) != 1 || got[0].Kind != "latency" {
		t.Errorf("Clear of all = %v, want latency", got)
	}
	if got := s.Effect(noon, 1); got != (fault.Effect{}) {
		t.Errorf("Effect = %+v, want none", got)
	}
	inject(t, s, noon, fault.Fault{Kind: "errors"})
	if got := s.Clear(noon.Add(time.Hour), ""); got != nil {
		t.Errorf("Clear after expiry = %v, want none", got)
	}
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	for _, f := range []fault.Fault{{Kind: "errors", Service: "shop"}, {Kind: "latency", Service: "auth"}, {Service: "auth"}} {
		if _, err := s.Inject(noon, f); err == nil {
			t.Errorf("Inject(%+v) = nil, want an error", f)
		}
	}
	if got := s.Active(noon); got != nil {
		t.Errorf("Active = %v, want none", got)
	}
}

// hits counts how many of the keys the set hits with errors and with latency.
func hits(s *fault.Set, keys []uint64) (fails, slows map[uint64]bool) {
	fails, slows = map[uint64]bool{}, map[uint64]bool{}
	for _, k := range keys {
		e := s.Effect(noon, k)
		if e.Fail {
			fails[k] = true
		}
		if e.Delay > 0 {
			slows[k] = true
		}
	}
	return fails, slows
}

func TestSetHitsTheShareAskedFor(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([]uint64, 100_000)
	for i := range keys {
		keys[i] = r.Uint64()
	}
	s := fault.NewSet("auth")
	inject(t, s, noon, fault.Fault{Kind: "errors", Ratio: 0.3})
	alone, _ := hits(s, keys)
	if n := len(alone); n < 29_000 || n > 31_000 { // 7 standard deviations
		t.Errorf("ratio 0.3 hit %d of 100,000", n)
	}

	inject(t, s, noon, fault.Fault{Kind: "latency", Ratio: 0.3, Delay: ms(1)})
	fails, slows := hits(s, keys)
	if diff := cmp.Diff(alone, fails); diff != "" {
		t.Error("a second kind changed which requests the first one hits")
	}
	both := 0
	for k := range fails {
		if slows[k] {
			both++
		}
	}
	if both < 8_400 || both > 9_600 {
		t.Errorf("%d requests were hit by both, want about 9,000: the kinds are not independent", both)
	}

	inject(t, s, noon, fault.Fault{Kind: "errors", Ratio: 0.5})
	more, _ := hits(s, keys)
	for k := range alone {
		if !more[k] {
			t.Fatalf("key %d is hit at ratio 0.3, not at 0.5", k)
		}
	}
}

func TestSetConcurrently(t *testing.T) {
	t.Parallel()
	s := fault.NewSet("auth")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 200 {
				if _, err := s.Inject(noon, fault.Fault{Kind: "latency", Service: "auth", Delay: ms(5)}); err != nil {
					t.Errorf("Inject: %v", err)
				}
				if d := s.Effect(noon, uint64(n)).Delay; d != 0 && d != 5*time.Millisecond {
					t.Errorf("Delay = %v, want 0 or 5ms", d)
				}
				if i == 0 {
					s.Clear(noon, "latency")
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkEffect(b *testing.B) {
	s := fault.NewSet("auth")
	b.Run("none", func(b *testing.B) {
		for b.Loop() {
			s.Effect(noon, 7)
		}
	})
	if _, err := s.Inject(noon, fault.Fault{Kind: "errors", Service: "auth", Ratio: 0.3}); err != nil {
		b.Fatal(err)
	}
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			s.Effect(noon, 7)
		}
	})
}

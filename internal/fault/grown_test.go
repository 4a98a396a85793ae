package fault_test

import (
	"testing"
	"time"

	"goldensignals/internal/fault"
)

// TestGrowingFaults: what leaks and fills adds up, less while it grows, and
// stays in the pauses.
func TestGrowingFaults(t *testing.T) {
	t.Parallel()
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	after := func(m float64) time.Time { return at.Add(time.Duration(m * float64(time.Minute))) }
	for _, tt := range []struct {
		name       string
		ramp, flap int     // minutes
		minutes    float64 // since the fault
		restarted  float64 // minutes since the fault at which the process started
		mib        fault.Bytes
	}{
		{"steady", 0, 0, 3, -1, 48},
		{"a new process begins anew", 0, 0, 3, 2, 16},
		{"half of the ramp", 4, 0, 2, -1, 8},
		{"beyond the ramp", 4, 0, 6, -1, 64},
		{"on", 0, 2, 1, -1, 16},
		{"a pause keeps what was lost", 0, 2, 3, -1, 32},
		{"on again", 0, 2, 5, -1, 48},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := fault.NewSet("payments")
			for _, kind := range []string{"memory-leak", "disk-fill"} {
				f := fault.Fault{Kind: kind, Service: "payments", Size: 16 << 20, Ramp: mins(tt.ramp), Flap: mins(tt.flap), For: mins(60)}
				if _, err := s.Inject(at, f); err != nil {
					t.Fatal(err)
				}
			}
			st := s.State(after(tt.minutes), after(tt.restarted))
			if want := tt.mib << 20; st.Leaked != want || (tt.restarted < 0 && st.Written != want) {
				t.Errorf("leaked %v, written %v, want %v", st.Leaked, st.Written, want)
			}
		})
	}
}

// TestRollout: a bad release that ramps is a canary until all requests are on it.
func TestRollout(t *testing.T) {
	t.Parallel()
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	s := fault.NewSet("payments")
	if _, err := s.Inject(at, fault.Fault{Kind: "bad-deploy", Service: "payments", Ramp: mins(10), For: mins(30)}); err != nil {
		t.Fatal(err)
	}
	served := func(now time.Time) (canary int) {
		for key := range uint64(1000) {
			if s.Effect(now, key*0x9e3779b97f4a7c15).Canary {
				canary++
			}
		}
		return canary
	}
	half, full := at.Add(5*time.Minute), at.Add(10*time.Minute)
	if st := s.State(half, at); st.Canary != fault.BadRelease || st.Release != "" {
		t.Errorf("half-way: %+v, want a canary", st)
	}
	if n := served(half); n < 450 || n > 550 {
		t.Errorf("half-way the canary serves %d of 1000", n)
	}
	if st := s.State(full, at); st.Release != fault.BadRelease || st.Canary != "" || !st.Restart.Equal(full) {
		t.Errorf("at the end of the ramp: %+v, want the release, and a process of that moment", st)
	}
	if n := served(full); n > 0 {
		t.Errorf("when all is rolled out a canary serves %d of 1000", n)
	}
}

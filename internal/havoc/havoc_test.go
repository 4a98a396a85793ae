package havoc // the plan, and what is held, are not for others to see

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
)

const mib = 1 << 20

func TestPlan(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	for _, tt := range []struct {
		name    string
		state   fault.State
		maxLeak int64
		want    plan
	}{
		{name: "well"},
		{name: "leak", state: fault.State{Leaked: 5 * mib}, want: plan{leaked: 5 * mib}},
		{name: "leak without the kernel's limit", state: fault.State{Leaked: 1 << 40}, maxLeak: 8 * mib, want: plan{leaked: 8 * mib}},
		{name: "burn", state: fault.State{Burn: 0.8}, want: plan{burners: 2, duty: 0.6}},
		{name: "fill", state: fault.State{Written: 7}, want: plan{written: 7}},
		{name: "crash", state: fault.State{Down: true, Leaked: mib}, want: plan{end: ErrDown}},
		{name: "restart", state: fault.State{Restart: now.Add(1), Leaked: mib}, want: plan{end: ErrRestart}},
		{name: "restarted already", state: fault.State{Restart: now}},
		{name: "outside of the container", state: fault.State{HostBurn: 1, Crowd: 10, Scale: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := New(Options{State: func(time.Time) fault.State { return tt.state }, Started: now, Cores: 1.5, MaxLeak: tt.maxLeak})
			got := h.plan(now.Add(time.Minute))
			if !errors.Is(got.end, tt.want.end) || math.Abs(got.duty-tt.want.duty) > 1e-9 {
				t.Errorf("plan() = %+v, want %+v", got, tt.want)
			}
			got.end, got.duty, tt.want.end, tt.want.duty = nil, 0, nil, 0
			if got != tt.want {
				t.Errorf("plan() = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cores, duty float64
		n           int
	}{{0, 0, 0}, {-1, 0, 0}, {0.25, 0.25, 1}, {1, 1, 1}, {1.5, 0.75, 2}} {
		if n, duty := spread(tt.cores); n != tt.n || duty != tt.duty {
			t.Errorf("spread(%v) = %d, %v; want %d, %v", tt.cores, n, duty, tt.n, tt.duty)
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	for _, tt := range []struct {
		name    string
		written int64
		v       volume
		want    int64
	}{
		{"as asked", 5 * mib, volume{size: gib, total: 100 * gib, free: 50 * gib}, 5 * mib},
		{"no more than the service may", 2 * gib, volume{size: gib, total: 100 * gib, free: 50 * gib}, gib},
		{"leaves others their room", 600 * mib, volume{size: gib, total: 100 * gib, free: gib + 10*mib}, 10 * mib},
		{"takes none of others' room", 600 * mib, volume{size: gib, total: 100 * gib, free: 10 * mib}, 0},
		{"keeps what it has", 600 * mib, volume{own: 100 * mib, size: gib, total: 100 * gib, free: gib}, 100 * mib},
		{"a file system of its own is filled", gib, volume{own: 10 * mib, size: gib, total: 300 * mib, free: 200 * mib}, 210 * mib},
		{"shrinks", mib, volume{own: 10 * mib, size: gib, total: 100 * gib, free: 50 * gib}, mib},
		{"nothing", 0, volume{own: 10 * mib, size: gib, total: 100 * gib, free: 50 * gib}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fill(tt.written, tt.v); got != tt.want {
				t.Errorf("fill(%d, %+v) = %d, want %d", tt.written, tt.v, got, tt.want)
			}
		})
	}
}

// world is a service that faults make something of.
type world struct {
	state  atomic.Pointer[fault.State]
	burnt  atomic.Int64 // nanoseconds
	dir    string
	havoc  *Havoc
	ended  chan error
	cancel context.CancelFunc
}

// start runs a Havoc; it belongs into a synctest bubble.
func start(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), ended: make(chan error, 1)}
	w.state.Store(&fault.State{})
	w.havoc = New(Options{
		State: func(time.Time) fault.State { return *w.state.Load() },
		Cores: 2, Dir: w.dir, DirSize: 1 << 30,
	})
	w.havoc.burners.work = func(cpu time.Duration) { w.burnt.Add(int64(cpu)) }
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() { w.ended <- w.havoc.Run(ctx) }()
	return w
}

// become changes the state and waits until the container is in line with it.
func (w *world) become(st fault.State) {
	w.state.Store(&st)
	time.Sleep(2 * tick)
	synctest.Wait()
}

func (w *world) filled() int64 {
	info, err := os.Stat(filepath.Join(w.dir, FillFile))
	if err != nil {
		return 0
	}
	return info.Size()
}

func TestRunFollowsTheState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		type held struct{ leaked, filled int64 }
		now := func() held { return held{w.havoc.leak.bytes(), w.filled()} }
		for _, step := range []struct {
			state fault.State
			want  held
		}{
			{fault.State{}, held{}},
			{fault.State{Leaked: 3 * mib, Written: 5000}, held{3 * mib, 5000}},
			{fault.State{Leaked: 8 * mib, Written: 2 * mib}, held{8 * mib, 2 * mib}},
			{fault.State{Leaked: 2*mib + 1, Written: 100}, held{2 * mib, 100}},
			{fault.State{}, held{}},
			{fault.State{Leaked: mib, Written: 100}, held{mib, 100}},
		} {
			w.become(step.state)
			if diff := cmp.Diff(step.want, now(), cmp.AllowUnexported(held{})); diff != "" {
				t.Errorf("in state %+v the container holds (-want +got):\n%s", step.state, diff)
			}
		}
		w.cancel()
		if err := <-w.ended; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
		if got := now(); got != (held{}) {
			t.Errorf("after the end the container holds %+v, want nothing", got)
		}
	})
}

func TestRunBurnsItsShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.become(fault.State{Burn: 0.75})
		before := w.burnt.Load()
		time.Sleep(10 * time.Second)
		if share := float64(w.burnt.Load()-before) / float64(10*time.Second); math.Abs(share-1.5) > 0.02 {
			t.Errorf("0.75 of two processors burnt %.2f processors, want 1.5", share)
		}
		w.become(fault.State{Burn: 0.1})
		before = w.burnt.Load()
		time.Sleep(10 * time.Second)
		if share := float64(w.burnt.Load()-before) / float64(10*time.Second); math.Abs(share-0.2) > 0.02 {
			t.Errorf("0.1 of two processors burnt %.2f processors, want 0.2", share)
		}
		w.become(fault.State{})
		before = w.burnt.Load()
		time.Sleep(time.Minute)
		if w.burnt.Load() != before {
			t.Error("it burns on after the fault")
		}
		w.cancel()
		if err := <-w.ended; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
}

func TestRunEndsTheProcess(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		state func() fault.State
		want  error
	}{
		{"crash", func() fault.State { return fault.State{Down: true} }, ErrDown},
		{"restart", func() fault.State { return fault.State{Restart: time.Now()} }, ErrRestart},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := start(t)
				defer w.cancel()
				w.become(fault.State{Burn: 1, Leaked: mib, Written: 100})
				w.become(tt.state())
				if err := <-w.ended; !errors.Is(err, tt.want) {
					t.Errorf("Run() = %v, want %v", err, tt.want)
				}
				if w.filled() != 0 || w.havoc.leak.bytes() != 0 {
					t.Error("it left something behind")
				}
			})
		})
	}
}

// TestLeftovers: what was killed could not take its file away.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, FillFile)
	if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := New(Options{State: func(time.Time) fault.State { return fault.State{} }, Dir: dir, DirSize: mib})
	if err := h.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of the last process is still there: %v", err)
	}
}

func TestWorkUsesProcessorTime(t *testing.T) {
	t.Parallel()
	const want = 20 * time.Millisecond
	start := time.Now()
	Work(want)
	if took := time.Since(start); took < want*9/10 {
		t.Errorf("Work(%v) took %v: nobody can use more processor time than passes", want, took)
	}
	Work(0) // ends
}

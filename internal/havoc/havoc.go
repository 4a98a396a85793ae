// Package havoc makes real, in the container that the process runs in, what the
// faults of a service say about it: lost memory, burnt processor time, a volume
// that fills up, a process that ends. cmd/demoapp runs it. What faults do to a
// single request is not its business, and it knows nothing of what a fault is
// called: it looks at a fault.State and brings the container in line with it,
// several times a second.
//
// It cannot break what lies outside of its container: State.HostBurn and the
// users' robots of State.Crowd stay words here. Replicas (State.Scale) are the
// orchestrator's.
package havoc

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"time"

	"goldensignals/internal/fault"
)

// Why Run ended.
var (
	// ErrDown: the process must not run. End it at once, as a crash does.
	ErrDown = errors.New("the process is down by a fault")
	// ErrRestart: the process must be replaced by a new one. End it gracefully;
	// whoever started it starts it again.
	ErrRestart = errors.New("the process is to be replaced")
)

// tick is how often the container is brought in line.
const tick = 200 * time.Millisecond

// Options configure a Havoc. State is required.
type Options struct {
	// State says what the faults make of the service at now.
	State func(now time.Time) fault.State
	// Started is when the process started; zero: at New.
	Started time.Time
	// Cores are those that the container may use; 0: every one that there is.
	Cores float64
	// MaxLeak bounds the memory that is lost where no limit of the container
	// does; 0: nothing bounds it, so that the kernel kills the process.
	MaxLeak int64
	// Dir is the folder of the volume that is filled; empty: none is.
	Dir string
	// DirSize is what the service may use of it, in bytes.
	DirSize int64
	// Log hears once of what could not be done; nil: discarded.
	Log *slog.Logger
}

// Havoc breaks its own container.
type Havoc struct {
	o       Options
	leak    leak
	burners burners
	filler  filler
}

// New returns a Havoc that breaks nothing before Run.
func New(o Options) *Havoc {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Cores == 0 {
		o.Cores = float64(runtime.NumCPU())
	}
	if o.Started.IsZero() {
		o.Started = time.Now()
	}
	return &Havoc{o: o, burners: burners{work: Work}, filler: filler{dir: o.Dir, size: o.DirSize, log: o.Log}}
}

// Run brings the container in line with the state until ctx ends, and returns
// nil, or until the process must end, and returns ErrDown or ErrRestart. Either
// way it takes back what it did.
func (h *Havoc) Run(ctx context.Context) error {
	defer h.do(plan{})
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for now := time.Now(); ; {
		p := h.plan(now)
		if p.end != nil {
			return p.end
		}
		h.do(p)
		select {
		case <-ctx.Done():
			return nil
		case now = <-ticker.C:
		}
	}
}

// plan is what the container shall be like.
type plan struct {
	end     error   // ErrDown, ErrRestart, or nil: the process goes on
	leaked  int64   // bytes of memory that are lost
	written int64   // bytes of the volume that are wasted
	burners int     // how many burn processor time
	duty    float64 // share of one processor that each of them uses
}

// plan decides; it changes nothing.
func (h *Havoc) plan(now time.Time) plan {
	st := h.o.State(now)
	switch {
	case st.Down:
		return plan{end: ErrDown}
	case st.Restart.After(h.o.Started):
		return plan{end: ErrRestart}
	}
	p := plan{leaked: int64(st.Leaked), written: int64(st.Written)}
	if h.o.MaxLeak > 0 {
		p.leaked = min(p.leaked, h.o.MaxLeak)
	}
	p.burners, p.duty = spread(st.Burn * h.o.Cores)
	return p
}

func (h *Havoc) do(p plan) {
	h.leak.set(p.leaked)
	h.burners.set(p.burners, p.duty)
	h.filler.set(p.written)
}

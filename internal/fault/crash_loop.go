package fault

import "time"

// The pace of a crash loop: the wait before each start doubles up to a limit,
// as with a container that Kubernetes restarts.
const (
	loopUp      = 15 * time.Second
	loopBackOff = 10 * time.Second
	loopMax     = 80 * time.Second
)

// crashLoopKind lets the process start, run for a moment and end, again and
// again.
func crashLoopKind() Kind {
	return Kind{
		Name:    "crash-loop",
		Summary: "ends its process again and again, shortly after it has started",
		Params:  takes(),
		Signals: []Signal{Traffic},
		Hurts:   "users get errors most of the time, if they need it",
		Repairs: []string{"rollback"},
		act: func(s span, st *State) {
			down, since := loopAt(s.now.Sub(s.Since))
			st.Down = st.Down || down
			st.Restart = latest(st.Restart, s.Since.Add(since))
		},
	}
}

// loopAt says whether the process is down, so long after the loop began, and
// when it was started last.
func loopAt(t time.Duration) (down bool, started time.Duration) {
	wait := loopBackOff
	for begin := time.Duration(0); ; {
		if t < begin+wait {
			return true, started
		}
		started = begin + wait
		begin = started + loopUp
		if t < begin {
			return false, started
		}
		wait = min(2*wait, loopMax)
	}
}

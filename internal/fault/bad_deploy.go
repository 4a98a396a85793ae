package fault

import "time"

// The bad release: what it does to the requests that it serves.
const (
	BadRelease    = "1.1.0"
	badFailures   = 0.3
	badSlower     = 150 * time.Millisecond
	fullyDeployed = 1.0
)

// badDeployKind rolls out a release that is broken, to a share of the requests
// (a canary) or to all of them.
func badDeployKind() Kind {
	return Kind{
		Name:    "bad-deploy",
		Summary: "rolls out a release that fails three requests in ten and is slower; a ratio below 1 is a canary, a ramp a rollout",
		Params:  takes("ratio=1", "ramp?", "flap?"),
		Signals: []Signal{Latency, Errors},
		Hurts:   "users get errors and wait",
		Repairs: []string{"rollback"},
		apply: func(h hit, e *Effect) {
			e.Canary = h.Ratio*h.strength < fullyDeployed
			e.Delay += badSlower
			e.Fail = e.Fail || h.draw < badFailures
		},
		act: func(s span, st *State) {
			if s.Ratio*s.strength < fullyDeployed {
				st.Canary = BadRelease
				return
			}
			st.Release, st.Restart = BadRelease, latest(st.Restart, s.Since.Add(time.Duration(s.Ramp)))
		},
	}
}

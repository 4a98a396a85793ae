package fault

import "time"

// latencyKind makes requests wait, while they hold one of the service's
// workers: enough of it and the service saturates.
func latencyKind() Kind {
	return Kind{
		Name:    "latency",
		Summary: "makes requests slower by a fixed delay",
		Params: []Param{
			{Name: "delay", Summary: "time added to each request that is hit, up to 60s", Required: true},
			ratioParam(),
		},
		apply: func(f Fault, e *Effect) { e.Delay += time.Duration(f.Delay) },
	}
}

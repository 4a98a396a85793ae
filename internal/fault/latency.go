package fault

import "time"

// latencyKind makes requests wait, while they hold one of the service's
// workers: enough of it and the service saturates.
func latencyKind() Kind {
	return Kind{
		Name:    "latency",
		Summary: "makes requests slower by a fixed delay",
		Params:  takes("delay", "ratio=1", "ramp?", "flap?"),
		Signals: []Signal{Latency},
		Hurts:   "users wait, and give up if it is long",
		Repairs: []string{"restart"},
		apply:   func(h hit, e *Effect) { e.Delay += time.Duration(h.Delay) },
	}
}

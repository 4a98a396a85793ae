package fault

import (
	"math"
	"time"
)

// tailIndex is that of the Pareto distribution: the lower, the heavier its tail.
const tailIndex = 1.5

// latencyTailKind makes requests wait for a time that has no typical length:
// one in a hundred that are hit waits 21 times as long as the shortest. An
// average hardly shows it.
func latencyTailKind() Kind {
	return Kind{
		Name:    "latency-tail",
		Summary: "makes requests slower by a delay with a heavy tail; the delay given is the shortest",
		Params:  takes("delay", "ratio=1", "ramp?", "flap?"),
		Signals: []Signal{Latency},
		Hurts:   "some users wait very long",
		Repairs: []string{"fail-over"},
		apply: func(h hit, e *Effect) {
			tail := math.Pow(1-h.draw, -1/tailIndex)
			e.Delay += time.Duration(min(float64(h.Delay)*tail, float64(MaxDelay)))
		},
	}
}

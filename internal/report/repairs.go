package report

import (
	"cmp"
	"fmt"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

// repairs says in sentences who repaired what, and whether it was the right
// thing to do.
func repairs(r drill.Result) []string {
	var out []string
	for _, a := range r.Repairs {
		out = append(out, fmt.Sprintf("%s of %s at %s, acting from %s on: %s.", a.Repair, a.Service, span(a.AtSeconds), span(a.EffectSeconds), outcome(a)))
	}
	return out
}

// outcome says what a repair has changed.
func outcome(a drill.RepairResult) string {
	did, _ := fault.Applied{Ended: a.Ended, Helped: a.Helped}.Outcome(time.Time{})
	return cmp.Or(did, "changed nothing")
}

// repairs draws each repair from its order to its effect, a lane for each service.
func (c *canvas) repairs(r drill.Result) {
	if len(r.Repairs) == 0 {
		return
	}
	c.head("Repairs", "from the order to the effect")
	tops := map[string]float64{} // :: service -> top of its lane
	for i, a := range r.Repairs {
		if _, ok := tops[a.Service]; !ok {
			tops[a.Service] = c.lane(a.Service, laneHeight)
		}
		c.bar(tops[a.Service], a.AtSeconds, a.EffectSeconds, "repair", a.Repair+": "+outcome(a), repairs(r)[i])
	}
}

package report

import (
	"fmt"

	"goldensignals/internal/drill"
)

// faults draws what was broken, a lane for each service.
func (c *canvas) faults(r drill.Result) {
	c.head("Faults", "")
	if len(r.Timeline.Faults) == 0 {
		c.nothing("none")
		return
	}
	tops := map[string]float64{} // :: service -> top of its lane
	for _, f := range r.Timeline.Faults {
		if _, ok := tops[f.Service]; !ok {
			tops[f.Service] = c.lane(f.Service, laneHeight)
		}
		text := f.Fault
		if f.Setting != "" {
			text += ", " + f.Setting
		}
		c.bar(tops[f.Service], f.FromSeconds, f.ToSeconds, "fault", text, fmt.Sprintf("%s on %s, %s to %s", text, f.Service, span(f.FromSeconds), span(f.ToSeconds)))
	}
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

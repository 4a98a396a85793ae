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

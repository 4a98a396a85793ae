package lint

import (
	"fmt"
	"slices"
)

// runbookDrill wants the drill that a runbook names to exist.
func runbookDrill(in *input) []Finding {
	var found []Finding
	for _, p := range in.pages {
		exists := slices.ContainsFunc(in.drills, func(d drillFile) bool { return slices.Contains(d.names, p.drill.value) })
		if p.drill.value != "" && !exists {
			found = append(found, fault(p.file, p.drill.line, fmt.Sprintf("there is no drill %s", p.drill.value), "name one of `gameday drill list`, or leave drill out"))
		}
	}
	return found
}

package lint

import (
	"fmt"
	"slices"
	"strings"
)

// routeRoot wants every alert to have a route of its own kind, if there are
// any below the root.
func routeRoot(in *input) []Finding {
	var found []Finding
	for _, c := range in.configs {
		if c.root == nil || len(c.root.below) == 0 {
			continue
		}
		var names []string
		for _, a := range in.matchable(c) {
			wanted := slices.ContainsFunc(c.root.below, func(r *route) bool { return a.matches(r.matchers) != no })
			if !wanted && !slices.Contains(names, a.name) {
				names = append(names, a.name)
			}
		}
		if len(names) > 0 {
			found = append(found, doubt(c.file, c.root.line, fmt.Sprintf("no route below the root takes %s", strings.Join(names, ", ")), "add a route for it, or correct its labels"))
		}
	}
	return found
}

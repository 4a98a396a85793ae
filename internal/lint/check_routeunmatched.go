package lint

import "fmt"

// routeUnmatched wants every route to be one that some alert can take.
func routeUnmatched(in *input) []Finding {
	var found []Finding
	for _, c := range in.configs {
		c.root.walk(func(r *route) {
			if r.above == nil || len(in.matchable(c)) == 0 || len(takers(in.matchable(c), r)) > 0 {
				return
			}
			if r.above.above != nil && len(takers(in.matchable(c), r.above)) == 0 {
				return // told of already, above
			}
			found = append(found, fault(c.file, r.line, fmt.Sprintf("no alert of the rules can match the route %s", r.matchText), "correct its matchers or the labels of the rules, or remove it"))
		})
	}
	return found
}

// takers returns the alerts that can match a route and those above it.
func takers(alerts []alertShape, r *route) []alertShape {
	var can []alertShape
	for _, a := range alerts {
		if a.matches(r.path()) != no {
			can = append(can, a)
		}
	}
	return can
}

package lint

import (
	"fmt"
	"slices"

	"github.com/prometheus/alertmanager/pkg/labels"
)

// routeShadowed wants no route that an earlier one leaves nothing to: without
// "continue" the first that matches takes the alert.
func routeShadowed(in *input) []Finding {
	var found []Finding
	for _, c := range in.configs {
		c.root.walk(func(r *route) {
			if by := shadow(in.matchable(c), r); by != nil {
				found = append(found, fault(c.file, r.line,
					fmt.Sprintf("the route %s is never reached: the one on line %d takes all that it matches", r.matchText, by.line),
					"move it before that one, or give that one continue: true"))
			}
		})
	}
	return found
}

// shadow returns the earlier sibling after which nothing is left for a route;
// nil if something can be.
func shadow(alerts []alertShape, r *route) *route {
	for _, e := range r.earlier {
		if !e.proceed && asksLess(e, r) {
			return e
		}
	}
	can := takers(alerts, r)
	if len(can) == 0 {
		return nil // routeUnmatched speaks of it
	}
	var last *route
	for _, a := range can {
		i := slices.IndexFunc(r.earlier, func(e *route) bool { return !e.proceed && a.matches(e.matchers) == yes })
		if i < 0 {
			return nil
		}
		last = r.earlier[i]
	}
	return last
}

// asksLess reports whether every matcher of a is one of b, too.
func asksLess(a, b *route) bool {
	for _, m := range a.matchers {
		if !slices.ContainsFunc(b.matchers, func(o *labels.Matcher) bool { return o.String() == m.String() }) {
			return false
		}
	}
	return true
}

package lint

import "fmt"

// inhibitEqual wants labels that must be equal to be there: Alertmanager takes
// a label that both alerts lack as equal, so that everything is muted.
func inhibitEqual(in *input) []Finding {
	var found []Finding
	for _, c := range in.configs {
		for _, r := range c.inhibits {
			for _, name := range r.equal {
				if f, ok := bothLack(in.matchable(c), r, name); ok {
					f.File = c.file
					found = append(found, f)
				}
			}
		}
	}
	return found
}

// bothLack tells of the first source and target that are certain to lack the
// label, those first that are certain to be source and target.
func bothLack(alerts []alertShape, r inhibitRule, name scalar) (Finding, bool) {
	var best Finding
	found := no
	for _, s := range alerts {
		for _, t := range alerts {
			v := min(s.matches(r.source), t.matches(r.target))
			if v <= found || s.name == t.name || !s.lacks(name.value) || !t.lacks(name.value) || sameValues(s.shape, t.shape, r.equal) == no {
				continue
			}
			found = v
			verb := "mutes"
			if v == may {
				verb = "may mute"
			}
			best = fault("", name.line,
				fmt.Sprintf("%s: neither %s nor %s has the label %s, which counts as equal: %s %s %s everywhere", r.title(), s.name, t.name, name.value, s.name, verb, t.name),
				fmt.Sprintf("keep the label in their expressions, or ask for %s!=\"\" on both sides; if Prometheus adds it, say so with --external-label", name.value))
			if v == may {
				best.Severity = Warning
			}
		}
	}
	return best, found != no
}

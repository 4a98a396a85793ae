package lint

import "fmt"

// inhibitSelf wants no alert to be source and target of one rule at once.
// Its labels equal its own, so it would mute itself; Alertmanager therefore
// never lets such alerts mute one another, and the rule does not do what it says.
func inhibitSelf(in *input) []Finding {
	var found []Finding
	for _, c := range in.configs {
		for _, r := range c.inhibits {
			for _, a := range in.matchable(c) {
				both := a.matches(append(r.source[:len(r.source):len(r.source)], r.target...))
				if both == no {
					continue
				}
				f := fault(c.file, r.line,
					fmt.Sprintf("%s: %s %ssource and target at once: it would mute itself, so that Alertmanager never mutes such alerts by one another", r.title(), a.name, possibly(both)),
					"exclude it from one side of the rule")
				if both == may {
					f.Severity = Warning
				}
				found = append(found, f)
			}
		}
	}
	return found
}

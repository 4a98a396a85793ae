package lint

import "fmt"

// inhibitName wants a name for every rule of inhibition.
func inhibitName(in *input) []Finding {
	var found []Finding
	for _, c := range in.configs {
		lines := map[string]int{}
		for _, r := range c.inhibits {
			switch {
			case r.name == "":
				found = append(found, fault(c.file, r.line, "this inhibition rule has no name, so that nobody can tell why an alert was muted", "give it a name that says what mutes what"))
			case lines[r.name] > 0:
				found = append(found, fault(c.file, r.line, fmt.Sprintf("the inhibition rule on line %d is named %s, too", lines[r.name], r.name), "give each a name of its own"))
			default:
				lines[r.name] = r.line
			}
		}
	}
	return found
}

package lint

import "fmt"

// receiverUnused wants every receiver to be one that a route names.
func receiverUnused(in *input) []Finding {
	var found []Finding
	for _, c := range in.configs {
		used := map[string]bool{}
		c.root.walk(func(r *route) { used[r.receiver] = true })
		for _, r := range c.receivers {
			if c.err == nil && !used[r.value] {
				found = append(found, doubt(c.file, r.line, fmt.Sprintf("no route uses the receiver %s", r.value), "name it in a route, or remove it"))
			}
		}
	}
	return found
}

package lint

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// alertmanagerLoad wants a configuration that Alertmanager loads.
func alertmanagerLoad(in *input) []Finding {
	var found []Finding
	for _, f := range in.of(KindAlertmanager) {
		for _, c := range in.configs {
			if c.file != f.Name || c.err == nil {
				continue
			}
			for _, p := range yamlProblems(c.err) {
				if p.line == 1 {
					p.line = lineOf(f.Content, p.value)
				}
				found = append(found, fault(f.Name, p.line, "Alertmanager does not load it: "+p.value, "correct it there"))
			}
		}
	}
	return found
}

// lineOf returns the line of the last text in a YAML file that a message quotes
// or, for want of that, of the first key that it names: Alertmanager says what
// it does not like, but not where. It is 1 if there is none.
func lineOf(content []byte, message string) int {
	var doc yaml.Node
	if yaml.Unmarshal(content, &doc) != nil {
		return 1
	}
	if m := regexp.MustCompile(`"([^"]+)"`).FindStringSubmatch(message); m != nil {
		if lines := linesWith(&doc, func(text string) bool { return strings.Contains(text, m[1]) }); len(lines) > 0 {
			return slices.Max(lines)
		}
	}
	keys := regexp.MustCompile(`[a-z]+(_[a-z]+)+`).FindAllString(message, -1)
	if lines := linesWith(&doc, func(text string) bool { return slices.Contains(keys, text) }); len(lines) > 0 {
		return slices.Min(lines)
	}
	return 1
}

// linesWith returns the lines of the keys and values that are accepted.
func linesWith(n *yaml.Node, accept func(text string) bool) []int {
	var lines []int
	if n.Kind == yaml.ScalarNode && accept(n.Value) {
		lines = append(lines, n.Line)
	}
	for _, c := range n.Content {
		lines = append(lines, linesWith(c, accept)...)
	}
	return lines
}

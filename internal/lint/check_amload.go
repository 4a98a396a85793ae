package lint

import (
	"regexp"
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
					p.line = lineOfQuoted(f.Content, p.value)
				}
				found = append(found, fault(f.Name, p.line, "Alertmanager does not load it: "+p.value, "correct it there"))
			}
		}
	}
	return found
}

// lineOfQuoted returns the line of the last value in a YAML file that a message
// quotes: Alertmanager says what it does not like, but not where. It is 1 if
// there is none.
func lineOfQuoted(content []byte, message string) int {
	m := regexp.MustCompile(`"([^"]+)"`).FindStringSubmatch(message)
	var doc yaml.Node
	if m == nil || yaml.Unmarshal(content, &doc) != nil {
		return 1
	}
	line := 1
	var visit func(*yaml.Node)
	visit = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, m[1]) {
			line = max(line, n.Line)
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	visit(&doc)
	return line
}

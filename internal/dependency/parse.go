package dependency

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// parser turns YAML nodes into a Map and gathers what is wrong with its line.
type parser struct {
	file  string
	known map[string]bool // :: service
	errs  []error
}

func (p *parser) fault(n *yaml.Node, problem, remedy string) {
	p.errs = append(p.errs, &Error{p.file, n.Line, problem, remedy})
}

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// document reads the only key at the top.
func (p *parser) document(doc *yaml.Node) *Map {
	var list yaml.Node
	if len(doc.Content) > 0 {
		p.pairs(doc.Content[0], "the file", func(key, value *yaml.Node) {
			if key.Value != "services" {
				p.fault(key, fmt.Sprintf("unknown key %q", key.Value), "the file has one key, services")
				return
			}
			list = *value
		})
	}
	return p.services(&list)
}

func (p *parser) services(n *yaml.Node) *Map {
	m := &Map{}
	p.pairs(n, "services", func(key, _ *yaml.Node) {
		if !nameShape.MatchString(key.Value) {
			p.fault(key, fmt.Sprintf("%q is not the name of a service", key.Value), "use small letters, digits, - and _")
		}
		p.known[key.Value] = true
	})
	p.pairs(n, "services", func(key, value *yaml.Node) { m.services = append(m.services, p.service(key.Value, value)) })
	if len(m.services) == 0 && len(p.errs) == 0 {
		p.errs = append(p.errs, &Error{p.file, 0, "there is no service", `list them below services:, such as "shop: {calls: [auth]}"`})
	}
	return m
}

func (p *parser) service(name string, n *yaml.Node) service {
	s := service{name: name}
	p.pairs(n, name, func(key, value *yaml.Node) {
		switch key.Value {
		case "calls":
			s.calls = p.names(value)
		case "journeys":
			p.pairs(value, "journeys", func(route, needs *yaml.Node) {
				s.journeys = append(s.journeys, journey{route: route.Value, needs: p.names(needs)})
			})
		default:
			p.fault(key, fmt.Sprintf("unknown key %q of %s", key.Value, name), "known keys are calls and journeys")
		}
	})
	return s
}

// pairs walks over a mapping; nothing at all is an empty one.
func (p *parser) pairs(n *yaml.Node, what string, each func(key, value *yaml.Node)) {
	if n.Kind == 0 || n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		p.fault(n, what+" is not a mapping", `write it as "name: value"`)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		each(n.Content[i], n.Content[i+1])
	}
}

func (p *parser) names(n *yaml.Node) []string {
	if n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		p.fault(n, "want a list of services", "write one, such as [auth, orders]")
		return nil
	}
	var names []string
	for _, item := range n.Content {
		if !p.known[item.Value] {
			p.fault(item, fmt.Sprintf("there is no service %q", item.Value), "add it below services:, or correct the name")
			continue
		}
		names = append(names, item.Value)
	}
	return names
}

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

func (p *parser) errorf(n *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s", p.file, n.Line, fmt.Sprintf(format, args...)))
}

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// document reads the only key at the top.
func (p *parser) document(doc *yaml.Node) *Map {
	var list yaml.Node
	if len(doc.Content) > 0 {
		p.pairs(doc.Content[0], "the file", func(key, value *yaml.Node) {
			if key.Value != "services" {
				p.errorf(key, "unknown key %q; the file has one key, services", key.Value)
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
			p.errorf(key, "%q is not the name of a service; use small letters, digits, - and _", key.Value)
		}
		p.known[key.Value] = true
	})
	p.pairs(n, "services", func(key, value *yaml.Node) { m.services = append(m.services, p.service(key.Value, value)) })
	if len(m.services) == 0 && len(p.errs) == 0 {
		p.errs = append(p.errs, fmt.Errorf("%s: there is no service; list them below services:, such as \"shop: {calls: [auth]}\"", p.file))
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
			p.errorf(key, "unknown key %q of %s; known keys are calls and journeys", key.Value, name)
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
		p.errorf(n, "%s is not a mapping; write it as \"name: value\"", what)
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
		p.errorf(n, "want a list of services, such as [auth, orders]")
		return nil
	}
	var names []string
	for _, item := range n.Content {
		if !p.known[item.Value] {
			p.errorf(item, "there is no service %q; add it below services:, or correct the name", item.Value)
			continue
		}
		names = append(names, item.Value)
	}
	return names
}

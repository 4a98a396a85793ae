// Package dependency knows who calls whom: it reads services.yaml and writes what
// Alertmanager and Prometheus need to know of it, so that a broken service is one
// page and not one for each of its callers. The generator and the lint call it. It
// knows no service by name and touches no file.
package dependency

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Map says who calls whom. It never changes after Parse and is safe for
// concurrent use.
type Map struct {
	services []service // in the order of the file
}

type service struct {
	name     string
	calls    []string  // on its own account
	journeys []journey // that customers take, if it is an entrance
}

// journey is what customers come for.
type journey struct {
	route string // value of the label http_route
	needs []string
}

// Error is something that is wrong with a file, and what to do about it.
type Error struct {
	File    string
	Line    int // counted from 1; 0: the file as a whole
	Problem string
	Remedy  string
}

// Error renders e in one line, file and line first.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s; %s", e.File, e.Problem, e.Remedy)
	}
	return fmt.Sprintf("%s:%d: %s; %s", e.File, e.Line, e.Problem, e.Remedy)
}

// Parse reads services.yaml. Its errors are *Error, joined if there are several,
// unless the file is no YAML. Unknown keys are errors.
func Parse(file string, data []byte) (*Map, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w; correct its YAML", file, err)
	}
	p := parser{file: file, known: map[string]bool{}}
	m := p.document(&doc)
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	if circle := m.firstCircle(); circle != nil {
		return nil, &Error{file, 0, "services call one another in a circle (" + strings.Join(circle, " > ") + "), in which each would mute the next", "leave out the call that matters least"}
	}
	return m, nil
}

// Services lists the services in the order of the file.
func (m *Map) Services() []string {
	names := make([]string, len(m.services))
	for i, s := range m.services {
		names[i] = s.name
	}
	return names
}

// Calls lists whom a service calls, on its own account or for a journey, each once.
func (m *Map) Calls(name string) []string {
	called := []string{}
	for _, s := range m.services {
		if s.name != name {
			continue
		}
		all := slices.Clone(s.calls)
		for _, j := range s.journeys {
			all = append(all, j.needs...)
		}
		for _, c := range all {
			if !slices.Contains(called, c) {
				called = append(called, c)
			}
		}
	}
	return called
}

// needs reports whether work for which the services in roots are called comes
// to name in the end.
func (m *Map) needs(roots []string, name string) bool {
	for _, r := range roots {
		if r == name || m.needs(m.Calls(r), name) {
			return true
		}
	}
	return false
}

// callers lists who fails when name does, directly or through others: the
// nearest first.
func (m *Map) callers(name string) []service {
	var list []service
	for _, s := range m.services {
		if m.needs(m.Calls(s.name), name) {
			list = append(list, s)
		}
	}
	// Who calls another of them stands behind it.
	slices.SortStableFunc(list, func(a, b service) int {
		switch {
		case m.needs(m.Calls(a.name), b.name):
			return 1
		case m.needs(m.Calls(b.name), a.name):
			return -1
		default:
			return 0
		}
	})
	return list
}

// routes lists the journeys of an entrance that need name.
func (m *Map) routes(entrance service, name string) []string {
	var routes []string
	for _, j := range entrance.journeys {
		if m.needs(j.needs, name) {
			routes = append(routes, j.route)
		}
	}
	return routes
}

// firstCircle returns services that call themselves in the end, nil if there are
// none: in a circle each would mute the next, and nobody would be paged.
func (m *Map) firstCircle() []string {
	for _, s := range m.services {
		if path := m.circle(s.name, []string{s.name}); path != nil {
			return path
		}
	}
	return nil
}

// circle returns the way from the first service of path back to it.
func (m *Map) circle(at string, path []string) []string {
	for _, c := range m.Calls(at) {
		if c == path[0] {
			return append(path, c)
		}
		if slices.Contains(path, c) {
			continue // another circle, which its own members find
		}
		if found := m.circle(c, append(slices.Clone(path), c)); found != nil {
			return found
		}
	}
	return nil
}

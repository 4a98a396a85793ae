package dependency

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// RulesFile is the name of the file that Rules is written to, beside services.yaml.
const RulesFile = "dependencies.rules.yml"

const header = "# Generated from services.yaml by \"go generate ./alerts\" or \"gameday dependencies\"; do not edit.\n"

// Rules writes the recording rules that tell other rules who depends on whom:
// one series for each service that is called and each journey that needs it, with
// the callers that it hurts as a label.
func (m *Map) Rules() []byte {
	var b bytes.Buffer
	b.WriteString(header)
	b.WriteString("# Which journeys of customers need a service that is called, and whom it hurts.\ngroups:\n  - name: dependencies\n    rules:\n")
	for _, s := range m.services {
		callers := m.callers(s.name)
		var names []string
		for _, c := range callers {
			names = append(names, c.name)
		}
		for _, c := range callers {
			for _, route := range m.routes(c, s.name) {
				fmt.Fprintf(&b, "      - record: service_route:dependency:info\n        expr: vector(1)\n        labels: {service: %s, http_route: %s, callers: %s}\n",
					quote(s.name), quote(route), quote(inWords(names)))
			}
		}
	}
	return b.Bytes()
}

// The marks between which Insert writes.
const (
	begin = "  # Generated from services.yaml: begin"
	end   = "  # Generated from services.yaml: end"
)

// Insert replaces what stands between the two marks in an Alertmanager
// configuration with the inhibition rules of m. It changes nothing else, and
// fails where a mark is missing.
func (m *Map) Insert(file string, config []byte) ([]byte, error) {
	lines := strings.SplitAfter(string(config), "\n")
	from, to := -1, -1
	for i, l := range lines {
		switch strings.TrimRight(l, "\r\n") {
		case begin:
			from = i
		case end:
			to = i
		}
	}
	if from < 0 || to < from {
		return nil, &Error{file, 0, "there is no place for the inhibition rules", "write these two lines below inhibit_rules:\n" + begin + "\n" + end}
	}
	var b bytes.Buffer
	b.WriteString(strings.Join(lines[:from+1], ""))
	m.inhibitions(&b)
	b.WriteString(strings.Join(lines[to:], ""))
	return b.Bytes(), nil
}

// again is what to do about what is generated and old.
const again = `run "gameday dependencies" on the folder`

// Check compares an Alertmanager configuration and the file of Rules with what
// they would be if they were written now. Its errors are *Error, joined.
func (m *Map) Check(configFile string, config []byte, rulesFile string, rules []byte) error {
	var errs []error
	now, err := m.Insert(configFile, config)
	if err == nil && !bytes.Equal(now, config) {
		err = &Error{configFile, 0, "its inhibition rules are not those of services.yaml", again}
	}
	errs = append(errs, err)
	if !bytes.Equal(m.Rules(), rules) {
		errs = append(errs, &Error{rulesFile, 0, "it is not what services.yaml says", again})
	}
	return errors.Join(errs...)
}

// inhibitions writes, for each service that is called, what its pages mute. The
// labels are compared by matchers alone, never by "equal": source and target are
// different services, and a label that both lack would count as equal.
func (m *Map) inhibitions(b *bytes.Buffer) {
	for _, s := range m.services {
		callers := m.callers(s.name)
		if len(callers) == 0 {
			continue
		}
		var inner []string // callers that have no journeys of their own
		for _, c := range callers {
			if len(c.journeys) == 0 {
				inner = append(inner, c.name)
			}
		}
		for _, kind := range []struct{ mute, source, targets string }{
			{"-errors-mute-", `signal="errors"`, `signal=~"errors|latency"`},
			{"-slowness-mutes-", `signal="latency"`, `signal="latency"`},
		} {
			source := []string{`severity="critical"`, kind.source, matcher("service", s.name)}
			target := []string{`severity="critical"`, kind.targets}
			if len(inner) > 0 {
				inhibition(b, s.name+kind.mute+"callers", source, append(target, matcher("service", inner...)))
			}
			for _, c := range callers {
				if routes := m.routes(c, s.name); len(routes) > 0 {
					inhibition(b, s.name+kind.mute+c.name, source, append(target, matcher("service", c.name), matcher("http_route", routes...)))
				}
			}
		}
	}
}

func inhibition(b *bytes.Buffer, name string, source, target []string) {
	list := func(matchers []string) string {
		quoted := make([]string, len(matchers))
		for i, m := range matchers {
			quoted[i] = quote(m)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	fmt.Fprintf(b, "  - name: %s\n    source_matchers: %s\n    target_matchers: %s\n", name, list(source), list(target))
}

// matcher is a matcher of Alertmanager for one of the values.
func matcher(label string, values ...string) string {
	if len(values) == 1 {
		return fmt.Sprintf("%s=%q", label, values[0])
	}
	patterns := make([]string, len(values))
	for i, v := range values {
		patterns[i] = literal(v)
	}
	return fmt.Sprintf("%s=~%q", label, strings.Join(patterns, "|"))
}

var special = regexp.MustCompile(`[.+*?()|\[\]{}^$\\]`)

// literal makes a regular expression of a text. Classes, not backslashes: those
// would have to be escaped in YAML and in the matcher once more.
func literal(s string) string { return special.ReplaceAllString(s, "[$0]") }

// quote is a YAML string in single quotes.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// inWords lists names as a sentence does.
func inWords(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

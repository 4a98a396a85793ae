package drill

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"goldensignals/internal/alert"
	"goldensignals/internal/fault"
)

// stepKeys are the keys of a step. A fault takes its parameters, a fix a
// service, a silence neither.
func stepKeys() []string {
	keys := []string{"at", "fault", "service"}
	for _, p := range fault.Params() {
		keys = append(keys, p.Name)
	}
	return append(keys, "fix", "silence")
}

// deeds are the keys of which a step has exactly one.
func deeds() []string { return []string{"fault", "fix", "silence"} }

// placed is a step and the line it stands in.
type placed struct {
	Step
	line    int
	endLine int           // of a fault: the line that says how long it lasts
	end     time.Duration // of a fault, when it is over; of a fix, when it takes effect
	ends    []string      // of a fix: the kinds that it ends
}

// readTimeline reads what happens during the drill, sorted by time. A duration
// of zero was not understood and limits nothing.
func readTimeline(parent mapping, duration time.Duration) []Step {
	var steps []placed
	for _, node := range parent.list("timeline") {
		if step, ok := readStep(parent.problems, node, duration); ok {
			steps = append(steps, step)
		}
	}
	slices.SortStableFunc(steps, func(a, b placed) int { return cmp.Compare(a.At, b.At) })
	applyFixes(steps)
	checkOverlap(parent.problems, steps)
	checkEnds(parent.problems, steps, duration)
	var timeline []Step
	for _, s := range steps {
		timeline = append(timeline, s.Step)
	}
	return timeline
}

// readStep is ok if it is known what happens and when.
func readStep(p *problems, node *yaml.Node, duration time.Duration) (placed, bool) {
	m := newMapping(p, node, "timeline", stepKeys()...)
	if m.broken {
		return placed{}, false
	}
	m.require("at", "say when it happens, such as 10m")
	at, ok := m.duration("at")
	if ok && duration > 0 && at >= duration {
		m.add(m.at("at"), "at", fmt.Sprintf("%s is outside of the drill, which lasts %s", text(at), text(duration)), "let it happen earlier or make the duration longer")
		ok = false
	}
	step := placed{Step: Step{At: at}, line: m.line}
	var read bool
	switch given := slices.DeleteFunc(deeds(), func(key string) bool { return !m.has(key) }); {
	case len(given) > 1:
		m.add(m.line, "", "both a "+strings.Join(given, " and a "), "make an entry of each, with its own at")
	case len(given) == 0:
		m.add(m.line, "", "nothing happens here", "give a fault, a fix or a silence")
	case given[0] == "silence":
		step.Silence, read = readSilence(m)
	case given[0] == "fix":
		read = readFix(m, &step)
	default:
		read = readFault(m, &step)
	}
	return step, ok && read
}

// applyFixes lets faults be over that a fix ends. The steps are sorted.
func applyFixes(steps []placed) {
	for n, fix := range steps {
		if fix.Fix == nil {
			continue
		}
		for i, s := range steps[:n] {
			if s.Fault != nil && s.Fault.Service == fix.Fix.Service && slices.Contains(fix.ends, s.Fault.Kind) {
				steps[i].end = min(s.end, fix.end)
			}
		}
	}
}

// checkOverlap wants one fault at a time on one service, because nobody could
// tell which of two hurts users, and one fix at a time, because a service
// refuses another. The steps are sorted.
func checkOverlap(p *problems, steps []placed) {
	last := map[string]placed{} // :: fault or fix and service -> the one that ends last
	for _, s := range steps {
		what, service, remedy := "fault", "", "let one service have one fault at a time"
		switch {
		case s.Fault != nil:
			service = s.Fault.Service
		case s.Fix != nil:
			what, service, remedy = "fix", s.Fix.Service, "let a fix take effect before the next on the same service"
		default:
			continue
		}
		key := what + " " + service
		prev, ok := last[key]
		if ok && s.At < prev.end {
			p.add(s.line, "at", fmt.Sprintf("%s overlaps the %s of line %d on %s, which lasts until %s", text(s.At), what, prev.line, service, text(prev.end)), remedy)
		}
		if !ok || s.end > prev.end {
			last[key] = s
		}
	}
}

// checkEnds wants everything to be over when the drill is.
func checkEnds(p *problems, steps []placed, duration time.Duration) {
	for _, s := range steps {
		switch {
		case duration == 0 || s.end <= duration:
		case s.Fault != nil:
			p.add(s.endLine, "for", fmt.Sprintf("the fault ends at %s, after the drill, which lasts %s", text(s.end), text(duration)), "shorten it or make the duration longer")
		case s.Fix != nil:
			p.add(s.line, "fix", fmt.Sprintf("it takes effect at %s, after the drill, which lasts %s", text(s.end), text(duration)), "let it happen earlier or make the duration longer")
		}
	}
}

// only complains of keys that what happens does not take.
func (m mapping) only(what, remedy string, keys ...string) {
	for _, key := range stepKeys() {
		if m.has(key) && !slices.Contains(keys, key) {
			m.add(m.at(key), key, what+" does not take it", remedy)
		}
	}
}

// readSilence reads what somebody silences, and for how long.
func readSilence(step mapping) (*Silence, bool) {
	before := len(step.errs)
	step.only("a silence", "leave it out; what a silence needs stands within it", "at", "silence")
	m := newMapping(step.problems, step.values["silence"], "silence", "matchers", "for", "comment")
	m.require("matchers", "say which alerts to mute, such as [alertname=~\"Shop.*\"]")
	m.require("for", "say how long, such as 30m")
	s := &Silence{Comment: cmp.Or(m.text("comment"), "silenced by the drill")}
	if d, ok := m.duration("for"); ok {
		s.For = d
		if d == 0 {
			m.add(m.at("for"), "for", "0s mutes nothing", "give a duration above 0, such as 30m")
		}
	}
	s.Matchers = readMatchers(m)
	return s, len(m.errs) == before
}

func readMatchers(m mapping) []alert.Matcher {
	nodes := m.list("matchers")
	if m.has("matchers") && m.values["matchers"].Kind == yaml.SequenceNode && len(nodes) == 0 {
		m.add(m.at("matchers"), "matchers", "the list is empty", "say which alerts to mute, such as [alertname=~\"Shop.*\"]")
	}
	var matchers []alert.Matcher
	before := len(m.errs)
	for _, node := range nodes {
		node = resolve(node)
		matcher, err := parseMatcher(node.Value)
		if node.Kind != yaml.ScalarNode || err != nil {
			m.add(node.Line, "matchers", describe(node)+" is not a matcher", "write label, operator (=, !=, =~, !~) and value, such as alertname=~\"Shop.*\", with a valid regular expression")
			continue
		}
		matchers = append(matchers, matcher)
	}
	if len(matchers) > 0 && len(m.errs) == before && !slices.ContainsFunc(matchers, selective) {
		m.add(m.at("matchers"), "matchers", "all of them match alerts that lack the label", "add one that does not, such as alertname=~\".+\"")
	}
	return matchers
}

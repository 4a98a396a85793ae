package drill

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"goldensignals/internal/alert"
	"goldensignals/internal/fault"
)

// stepKeys are the keys of a fault; a silence takes at and silence only.
func stepKeys() []string {
	return []string{"at", "fault", "service", "ratio", "delay", "for", "silence"}
}

// placed is a step and the line it stands in.
type placed struct {
	Step
	line int
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
	checkOverlap(parent.problems, steps)
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
	switch {
	case m.has("fault") && m.has("silence"):
		m.add(m.line, "", "both a fault and a silence", "make two entries of it, each with its own at")
		return step, false
	case m.has("silence"):
		var read bool
		step.Silence, read = readSilence(m)
		return step, ok && read
	case !m.has("fault"):
		m.add(m.line, "", "nothing happens here", "give a fault or a silence")
		return step, false
	}
	f, read := readFault(m)
	step.Fault = &f
	if end := at + time.Duration(f.For); ok && read && duration > 0 && end > duration {
		m.add(m.at("for"), "for", fmt.Sprintf("the fault ends at %s, after the drill, which lasts %s", text(end), text(duration)), "shorten it or make the duration longer")
	}
	return step, ok && read
}

// readFault leaves the judgement to the fault package and adds the lines.
func readFault(m mapping) (fault.Fault, bool) {
	before := len(m.errs)
	f := fault.Fault{Kind: m.text("fault"), Service: m.text("service")}
	if ratio, ok := m.number("ratio"); ok {
		f.Ratio = ratio
		if ratio == 0 { // Complete would take it for "not given"
			m.add(m.at("ratio"), "ratio", "0 is not a share of requests", "give a number above 0 and up to 1, such as 0.3")
		}
	}
	f.Delay = positive(m, "delay")
	f.For = positive(m, "for")
	seen := map[string]bool{}
	for range 8 { // enough to hear about every field
		done, err := f.Complete(Services()...)
		if err == nil {
			return done, len(m.errs) == before
		}
		field, ok := errors.AsType[*fault.FieldError](err)
		if !ok {
			m.add(m.line, "fault", err.Error(), "correct it")
			return f, false
		}
		if key := yamlKey(field.Field); !seen[field.Field] && !m.blamed(key) {
			m.add(m.at(key), key, field.Problem, field.Remedy)
		}
		if field.Field == "kind" { // what else may be given depends on it
			return f, false
		}
		f = neutral(f, field.Field, seen[field.Field])
		seen[field.Field] = true
	}
	return f, false
}

// positive reads a duration for which zero is no value.
func positive(m mapping, key string) fault.Duration {
	d, ok := m.duration(key)
	if ok && d == 0 {
		m.add(m.at(key), key, "0s is not positive", "give a duration above 0, such as 300ms or 10m")
	}
	return fault.Duration(d)
}

// neutral replaces a field that was found wrong by a value that is not, so that
// the others can be judged. Whether a delay must be given or must not be depends
// on the kind: again says that the first choice was wrong.
func neutral(f fault.Fault, field string, again bool) fault.Fault {
	switch field {
	case "service":
		f.Service = Services()[0]
	case "ratio":
		f.Ratio = 0
	case "delay":
		f.Delay = 0
		if again {
			f.Delay = fault.Duration(time.Millisecond)
		}
	case "for":
		f.For = 0
	}
	return f
}

// yamlKey is the key of a drill file for a field of a fault.
func yamlKey(field string) string {
	if field == "kind" {
		return "fault"
	}
	return field
}

// checkOverlap wants one fault at a time on one service: nobody could tell
// which of two hurts users. The steps are sorted.
func checkOverlap(p *problems, steps []placed) {
	last := map[string]placed{} // :: service -> the fault that ends last
	for _, s := range steps {
		if s.Fault == nil {
			continue
		}
		service := s.Fault.Service
		end := s.At + time.Duration(s.Fault.For)
		prev, ok := last[service]
		prevEnd := prev.At
		if ok {
			prevEnd += time.Duration(prev.Fault.For)
		}
		if ok && s.At < prevEnd {
			p.add(s.line, "at", fmt.Sprintf("%s overlaps the fault of line %d on %s, which lasts until %s", text(s.At), prev.line, service, text(prevEnd)),
				"let one service have one fault at a time")
		}
		if !ok || end > prevEnd {
			last[service] = s
		}
	}
}

// readSilence reads what somebody silences, and for how long.
func readSilence(step mapping) (*Silence, bool) {
	before := len(step.errs)
	for _, key := range []string{"service", "ratio", "delay", "for"} {
		if step.has(key) {
			step.add(step.at(key), key, "a silence does not take it", "leave it out; what a silence needs stands within it")
		}
	}
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

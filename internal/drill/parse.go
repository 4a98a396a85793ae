package drill

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Parse reads and checks one drill file. The name is what errors call the file.
// Every error that can be told apart is reported, each as a *FileError with its
// line and remedy, joined in the order of the file's parts.
func Parse(name string, content []byte) (*Scenario, error) {
	root, err := document(name, content)
	if err != nil {
		return nil, err
	}
	p := &problems{file: name}
	s := readScenario(p, root)
	if err := p.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// document returns the root of the only YAML document of a file.
func document(name string, content []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var doc, next yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF) || (err == nil && len(doc.Content) == 0):
		return nil, &FileError{File: name, Line: 1, Problem: "the file is empty", Remedy: "give at least name and duration"}
	case err != nil:
		return nil, syntaxError(name, err)
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		return nil, &FileError{File: name, Line: next.Line, Problem: "a second document begins", Remedy: "keep one drill per file"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(name, err)
	}
	return doc.Content[0], nil
}

// readScenario reads the whole file; the result counts only if p stays empty.
func readScenario(p *problems, root *yaml.Node) *Scenario {
	m := newMapping(p, root, "", "name", "title", "brief", "history", "duration", "load", "timeline", "incidents")
	s := &Scenario{File: p.file, Brief: m.text("brief"), Load: readLoad(m)}
	s.Name = readName(m)
	s.Title = cmp.Or(m.text("title"), s.Name)
	s.History = readHistory(m)
	s.Duration = readDuration(m)
	s.Timeline = readTimeline(m, s.Duration)
	s.Incidents = readIncidents(m, s.Duration)
	return s
}

func readName(m mapping) string {
	m.require("name", "give the drill a name such as payments-errors")
	name := m.text("name")
	if name != "" && !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(name) {
		m.add(m.at("name"), "name", strconv.Quote(name)+" is not a name", "use lower-case letters, digits and single hyphens, such as payments-errors")
	}
	return name
}

func readHistory(m mapping) time.Duration {
	history, ok := m.duration("history")
	switch {
	case !ok:
		return DefaultHistory
	case history > MaxHistory:
		m.add(m.at("history"), "history", text(history)+" is too long", "give up to "+text(MaxHistory)+" of healthy traffic")
	}
	return history
}

func readDuration(m mapping) time.Duration {
	m.require("duration", "say how long the drill lasts, such as 45m")
	duration, ok := m.duration("duration")
	if ok && (duration < MinDuration || duration > MaxDuration) {
		m.add(m.at("duration"), "duration", text(duration)+" is out of range",
			fmt.Sprintf("give a duration from %s to %s", text(MinDuration), text(MaxDuration)))
	}
	return duration
}

func readLoad(parent mapping) Load {
	load := DefaultLoad()
	if !parent.has("load") {
		return load
	}
	m := newMapping(parent.problems, parent.values["load"], "load", "rps", "shape")
	if rps, ok := m.number("rps"); ok {
		load.RPS = rps
		if !(rps > 0 && rps <= MaxRPS) { // written so that NaN is refused
			m.add(m.at("rps"), "rps", strconv.FormatFloat(rps, 'g', -1, 64)+" is out of range",
				fmt.Sprintf("give a number of requests per second above 0 and up to %g, such as 40", math.Floor(MaxRPS)))
		}
	}
	if shape := m.text("shape"); shape != "" {
		load.Shape = Shape(shape)
		if !slices.Contains(Shapes(), load.Shape) {
			names := []string{}
			for _, known := range Shapes() {
				names = append(names, string(known))
			}
			m.add(m.at("shape"), "shape", strconv.Quote(shape)+" is unknown", "choose one of "+strings.Join(names, ", "))
		}
	}
	return load
}

// readIncidents reads the claims. A duration of zero was not understood and
// limits nothing.
func readIncidents(parent mapping, duration time.Duration) []Incident {
	var incidents []Incident
	for _, node := range parent.list("incidents") {
		m := newMapping(parent.problems, node, "incidents", "name", "from", "to", "page_within")
		if inc, ok := readIncident(m, duration); ok {
			incidents = append(incidents, inc)
		}
	}
	slices.SortStableFunc(incidents, func(a, b Incident) int { return cmp.Compare(a.From, b.From) })
	checkDistance(parent.problems, incidents)
	checkIncidentNames(parent.problems, incidents)
	return incidents
}

// readIncident is ok if the span of the incident is known.
func readIncident(m mapping, duration time.Duration) (Incident, bool) {
	m.require("name", "say in a few words what users suffer")
	m.require("from", "say when users begin to be hurt, such as 10m")
	m.require("to", "say when users are served well again, such as 25m")
	m.require("page_within", "say how soon somebody must be paged, such as 5m")
	from, okFrom := m.duration("from")
	to, okTo := m.duration("to")
	within, okWithin := m.duration("page_within")
	inc := Incident{Name: m.text("name"), From: from, To: to, PageWithin: within, Line: m.line}
	if okFrom && okTo && from >= to {
		m.add(m.at("to"), "to", fmt.Sprintf("%s is not after from (%s)", text(to), text(from)), "let the incident end after it begins")
		okTo = false
	}
	if okTo && duration > 0 && to > duration {
		m.add(m.at("to"), "to", fmt.Sprintf("%s is outside of the drill, which lasts %s", text(to), text(duration)), "end the incident earlier or make the duration longer")
	}
	if okFrom && duration > 0 && from >= duration {
		m.add(m.at("from"), "from", fmt.Sprintf("%s is outside of the drill, which lasts %s", text(from), text(duration)), "begin the incident earlier or make the duration longer")
	}
	if okWithin && within == 0 {
		m.add(m.at("page_within"), "page_within", "0s leaves no time to notice anything", "give the time in which somebody must be paged, such as 5m")
	}
	if okFrom && okTo && okWithin && from+within > to+Grace {
		m.add(m.at("page_within"), "page_within", fmt.Sprintf("a page after %s would be a false one, as the incident is over by then", text(within)),
			"give up to "+text(to-from+Grace))
	}
	return inc, okFrom && okTo
}

// checkDistance wants each page to belong to one incident only. The incidents
// are sorted.
func checkDistance(p *problems, incidents []Incident) {
	for i := 1; i < len(incidents); i++ {
		a, b := incidents[i-1], incidents[i]
		switch {
		case b.From < a.To:
			p.add(b.Line, "from", fmt.Sprintf("%s overlaps the incident of line %d, which lasts until %s", text(b.From), a.Line, text(a.To)), "make one incident of the two, or move one")
		case b.From < a.To+Grace:
			p.add(b.Line, "from", fmt.Sprintf("%s is too close to the incident of line %d, which lasts until %s", text(b.From), a.Line, text(a.To)),
				fmt.Sprintf("leave %s between incidents, so that each page belongs to one", text(Grace)))
		}
	}
}

func checkIncidentNames(p *problems, incidents []Incident) {
	lines := map[string]int{}
	for _, inc := range incidents {
		if line, taken := lines[inc.Name]; taken && inc.Name != "" {
			p.add(inc.Line, "name", fmt.Sprintf("%q is the incident of line %d already", inc.Name, line), "give each incident a name of its own")
		}
		lines[inc.Name] = inc.Line
	}
}

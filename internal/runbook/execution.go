package runbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

// Answer is what a query of a runbook returned.
type Answer struct {
	Query   Query
	Samples []Sample
}

// Execution is what happened when somebody did what a runbook says in its drill.
type Execution struct {
	Fired    time.Duration   // since minute zero of the drill; 0: never
	Ordered  time.Duration   // of the repairs, or the end of the drill's last fault; since minute zero
	Verified time.Duration   // from then until the queries read well for the first time; 0: never
	Resolved time.Duration   // from then to the end of the alert; 0: never
	Applied  []fault.Applied // the repairs that were ordered
	Findings []Finding       // where the runbook is wrong; none: it is right
	Read     []Read          // what the queries returned, for whoever writes the runbook
}

// Read is what one query of a runbook returned, in words.
type Read struct {
	Line          int
	Outage, After string
}

// Note keeps what the queries returned in the outage, or after it.
func (e *Execution) Note(answers []Answer, after bool) {
	if len(e.Read) == 0 {
		e.Read = make([]Read, len(answers))
	}
	for i, a := range answers {
		e.Read[i].Line = a.Query.Line
		if after {
			e.Read[i].After = shown(a.Samples)
		} else {
			e.Read[i].Outage = shown(a.Samples)
		}
	}
}

// CheckOutage judges what the queries returned while the alert fired. What
// Verification calls well must not be there yet: else it would prove nothing.
func (p *Page) CheckOutage(answers []Answer) (findings []Finding) {
	for _, a := range answers {
		for _, r := range a.Query.Outage {
			if !r.Holds(a.Samples) {
				findings = append(findings, p.finding(r.Line, "in the outage, want %s, got %s; %s", r, shown(a.Samples), a.Query.named()))
			}
		}
		if a.Query.Section == "Verification" && len(a.Query.Well) > 0 && readsWell(a) {
			findings = append(findings, p.finding(a.Query.Well[0].Line, "in the outage it reads well already, got %s, so it verifies nothing; %s", shown(a.Samples), a.Query.named()))
		}
	}
	return findings
}

func readsWell(a Answer) bool {
	return !slices.ContainsFunc(a.Query.Well, func(r Reading) bool { return !r.Holds(a.Samples) })
}

// CheckWell judges what the queries returned after the repair.
func (p *Page) CheckWell(answers []Answer) (findings []Finding) {
	for _, a := range answers {
		for _, r := range a.Query.Well {
			if !r.Holds(a.Samples) {
				findings = append(findings, p.finding(r.Line, "after the repair, want %s, got %s; %s", r, shown(a.Samples), a.Query.named()))
			}
		}
	}
	return findings
}

// CheckEnd judges the end of the alert: stillFiring are its labels at the end of
// ResolvesWithin, if it has not ended by then.
func (p *Page) CheckEnd(stillFiring []Sample) (findings []Finding) {
	if len(stillFiring) == 0 {
		return nil
	}
	line, since := frontLine(p.meta.ResolvesWithin), "the order of its repairs"
	if len(p.Repairs) == 0 {
		since = "the end of the drill's last fault"
	}
	return []Finding{p.finding(line, "%v after %s the alert still fires for %s; state the time that it takes, or a repair that ends it",
		fault.Duration(p.ResolvesWithin), since, shown(stillFiring))}
}

// CheckProof wants every repair of p to have done something, and no fault of the
// drill to have ended by itself between the first order and over: then it was the
// repairs that ended the alert. Minute zero of the drill was at start.
func (p *Page) CheckProof(applied []fault.Applied, timeline []drill.Step, start, over time.Time) (findings []Finding) {
	for _, r := range p.Repairs {
		i := slices.IndexFunc(applied, func(a fault.Applied) bool { return a.Repair == r.Name && a.Service == r.Service })
		if i < 0 || len(applied[i].Ended)+len(applied[i].Helped) == 0 {
			findings = append(findings, p.finding(r.Line, "the repair %s ended nothing and helped against nothing in the drill %s", r, p.Drill))
		}
	}
	if len(applied) == 0 {
		return findings
	}
	for _, s := range timeline {
		if s.Fault == nil {
			continue
		}
		end := start.Add(s.At + time.Duration(s.Fault.For))
		if end.After(applied[0].At) && !end.After(over) && !endedBy(applied, *s.Fault) {
			findings = append(findings, p.finding(frontLine(p.meta.Drill), "%s of %s ends by itself in minute %v of the drill %s, before the alert has ended, so the repairs prove nothing; name a drill that lasts longer",
				s.Fault.Kind, s.Fault.Service, fault.Duration(end.Sub(start)), p.Drill))
		}
	}
	return findings
}

func endedBy(applied []fault.Applied, f fault.Fault) bool {
	return slices.ContainsFunc(applied, func(a fault.Applied) bool { return a.Service == f.Service && slices.Contains(a.Ended, f.Kind) })
}

// Executable reports why p cannot be executed with the scenario, which is its
// drill: there must be something to repair, and nobody else who repairs it.
func (p *Page) Executable(s *drill.Scenario) error {
	switch {
	case p.Drill == "":
		return fmt.Errorf("%s names no drill", p.File)
	case p.Drill != s.Name:
		return fmt.Errorf("%s names the drill %s, not %s", p.File, p.Drill, s.Name)
	case p.ResolvesWithin == 0:
		return fmt.Errorf("%s lacks resolves_within", p.File)
	case slices.ContainsFunc(s.Timeline, func(step drill.Step) bool { return step.Fix != nil }):
		return fmt.Errorf("%s names the drill %s, in which somebody else repairs; name one without fix steps", p.File, p.Drill)
	case !slices.ContainsFunc(s.Timeline, func(step drill.Step) bool { return step.Fault != nil }):
		return fmt.Errorf("%s names the drill %s, in which nothing breaks", p.File, p.Drill)
	}
	return nil
}

// NeverFired is the finding for a drill that is over without the alert.
func (p *Page) NeverFired() Finding {
	return p.finding(frontLine(p.meta.Drill), "the alert does not fire in the drill %s before its faults end; name a drill that fires it", p.Drill)
}

// FiresBefore is the finding for an alert that fires before anything is broken.
func (p *Page) FiresBefore(firing []Sample) Finding {
	return p.finding(frontLine(p.meta.Drill), "the alert fires before anything is broken in the drill %s, for %s", p.Drill, shown(firing))
}

// EndedBefore is the finding for an alert that was over when it was to be repaired.
func (p *Page) EndedBefore() Finding {
	return p.finding(frontLine(p.meta.Drill), "the alert ended before anything was repaired in the drill %s, so the execution proves nothing", p.Drill)
}

// named shows a query on one line, without its comments.
func (q Query) named() string {
	var parts []string
	for text := range strings.Lines(q.Expr) {
		if !strings.HasPrefix(strings.TrimSpace(text), "#") {
			parts = append(parts, strings.Fields(text)...)
		}
	}
	return "query: " + strings.Join(parts, " ")
}

// maxShown is how many samples a finding shows.
const maxShown = 8

// shown writes samples as they are read: labels and value.
func shown(samples []Sample) string {
	if len(samples) == 0 {
		return "empty"
	}
	var parts []string
	for _, s := range samples[:min(len(samples), maxShown)] {
		labels := s.Labels.Clone()
		delete(labels, "__name__")
		parts = append(parts, labels.String()+" "+strconv.FormatFloat(s.Value, 'g', 4, 64))
	}
	slices.Sort(parts)
	if more := len(samples) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

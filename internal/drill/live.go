package drill

import (
	"fmt"
	"slices"
	"time"
)

// EvaluateLive scores a run in which people took part, as the package
// documentation defines it. Where the truth differs from the claims of s, the
// players made the difference: the result says so in Notes, and only a run that
// is broken in itself is refused. It changes neither argument.
func EvaluateLive(s *Scenario, run Run) (Result, error) {
	ordered, seen, err := prepare(s, run)
	if err != nil {
		return Result{}, err
	}
	p := seen.played(ordered)
	r := score(ordered, run, seen, p)
	for _, inc := range r.Incidents {
		if inc.Verdict == Averted && inc.ToSeconds > inc.FromSeconds {
			p.note("Incident %q was over after %s, before anybody had to be paged (within %s).",
				inc.Name, secondsText(inc.ToSeconds-inc.FromSeconds), secondsText(inc.PageWithinSeconds))
		}
	}
	r.Notes = p.notes
	return r, nil
}

// played is what people made of a live run. Nil stands for a replay, in which
// nobody takes part.
type played struct {
	shortened map[string]bool // :: incident -> the players ended it before its time
	unclaimed []span          // harm that no incident claims
	notes     []string
}

func (p *played) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// played compares the claims of s with what users saw and lets the incidents of
// s end when users were no longer hurt, if that was before their time.
func (t *truth) played(s *Scenario) *played {
	p := &played{shortened: map[string]bool{}}
	for _, healthy := range outside(s) { // of the claims, before any is shortened
		p.unclaimed = append(p.unclaimed, t.unclaimed(p, healthy)...)
	}
	for i := range s.Incidents {
		inc := &s.Incidents[i]
		claimed := span{inc.From, min(inc.To, t.duration)}
		switch end, first, hurt := t.extent(claimed); {
		case !hurt:
			p.note("Incident %q hurt nobody beyond doubt (%s): the players were quicker than the harm.", inc.Name, t.between(everybody, claimed.from, claimed.to))
			p.shortened[inc.Name], inc.To = true, inc.From
		case end < claimed.to-harmSlack:
			p.note("Incident %q ended after %s instead of %s: no user was hurt any more.", inc.Name, text(end-inc.From), text(inc.To-inc.From))
			p.shortened[inc.Name], inc.To = true, end
			fallthrough
		default:
			if first > inc.From+harmLead {
				p.note("Incident %q hurt users from %s on only, although it began at %s; the time to detect counts from its beginning.", inc.Name, text(first), text(inc.From))
			}
		}
	}
	return p
}

// unclaimed lists the harm of any journey within s and notes it.
func (t *truth) unclaimed(p *played, s span) []span {
	var found []span
	for _, name := range t.series() {
		for _, harm := range t.allHarm(name, s) {
			if !slices.Contains(found, harm) { // of everybody: the harm of one journey, again
				p.note("Users were hurt outside of the incidents, from %s to %s: of %s, %s. A page about that is no false page.",
					text(harm.from), text(harm.to), name, t.between(name, harm.from, harm.to))
			}
			found = append(found, harm)
		}
	}
	return found
}

// extent returns when within s the users of any journey were hurt last, and
// when they were first.
func (t *truth) extent(s span) (end, first time.Duration, hurt bool) {
	for _, name := range t.series() {
		for _, harm := range t.allHarm(name, s) {
			if !hurt {
				first = harm.from
			}
			end, first, hurt = max(end, harm.to), min(first, harm.from), true
		}
	}
	return end, first, hurt
}

// allHarm lists every harm of the series within s, in order.
func (t *truth) allHarm(name string, s span) []span {
	var all []span
	for s.from < s.to {
		harm, hurt := t.harmIn(name, s)
		if !hurt {
			break
		}
		all = append(all, harm)
		s.from = harm.to
	}
	return all
}

// averted reports whether nobody had to be paged for the incident: the players
// ended it in the time that a page has, and none came.
func (p *played) averted(r IncidentResult) bool {
	return p != nil && p.shortened[r.Name] && r.Verdict == Missed && r.ToSeconds-r.FromSeconds <= r.PageWithinSeconds
}

// justifies reports whether users were hurt around at although no incident
// says so: a page then is not a false one.
func (p *played) justifies(at time.Duration) bool {
	return p != nil && slices.ContainsFunc(p.unclaimed, func(harm span) bool { return at >= harm.from && at <= harm.to+Grace })
}

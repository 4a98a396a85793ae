package setup

import (
	"slices"
	"time"

	"goldensignals/internal/router"
	"goldensignals/internal/router/policy"
)

// escalate says how long a receiver waits before it tells the person of a level.
// Who is on call decides how many different people are in a chain.
func escalate(p *policy.Policy) func(receiver string, level int, now time.Time) (time.Duration, bool) {
	wait := make(map[string]time.Duration)
	for _, r := range p.AllReceivers() {
		if r.SMS != nil {
			wait[r.Name] = r.SMS.EscalateAfter
		}
	}
	return func(receiver string, level int, now time.Time) (time.Duration, bool) {
		if _, ok := p.Chain(receiver).At(level, now); !ok {
			return 0, false
		}
		return wait[receiver], true
	}
}

// duties says who is told by each SMS receiver at now, level by level.
func duties(p *policy.Policy, now time.Time) []router.Duty {
	ends := shiftEnds(p, now)
	var all []router.Duty
	for _, r := range p.AllReceivers() {
		c := p.Chain(r.Name)
		for level, person := range c.People(now) {
			all = append(all, router.Duty{Receiver: r.Name, Level: level, Person: person.Name, Until: until(c, level, person.Name, ends)})
		}
	}
	return all
}

// until returns when somebody else than this person is at a level; zero if nobody
// ever is.
func until(c *policy.Chain, level int, person string, ends []time.Time) time.Time {
	for _, at := range ends {
		if name, ok := c.Who(level, at); !ok || name != person {
			return at
		}
	}
	return time.Time{}
}

// shiftEnds returns when shifts end in one round of each rota, in order.
func shiftEnds(p *policy.Policy, now time.Time) []time.Time {
	var ends []time.Time
	for _, r := range p.Rotas() {
		for _, s := range r.Shifts(now, len(r.People())) {
			ends = append(ends, s.To)
		}
	}
	slices.SortFunc(ends, time.Time.Compare)
	return ends
}

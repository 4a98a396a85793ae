package drill

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// The objectives that users are served by, and what decides that they are not.
const (
	FailedAllowed = 0.001 // share of requests that may fail
	SlowAllowed   = 0.01  // share of answered requests that may be slow

	harmWindow    = 5 * time.Minute
	harmStep      = 10 * time.Second
	harmSlack     = 30 * time.Second // at the edges of incidents
	harmLead      = 5 * time.Minute  // an incident may begin so long before the first window of harm
	harmMinimum   = 5
	harmDeviation = 3.0
)

// everybody is the series of all journeys together.
const everybody = "all journeys"

// tally counts requests.
type tally struct{ requests, failed, slow int }

func (t tally) plus(o tally) tally {
	return tally{t.requests + o.requests, t.failed + o.failed, t.slow + o.slow}
}

func (t tally) minus(o tally) tally {
	return tally{t.requests - o.requests, t.failed - o.failed, t.slow - o.slow}
}

// hurt reports whether users who saw t were hurt, as the package defines it.
func (t tally) hurt() bool {
	return exceeds(t.failed, t.requests, FailedAllowed) || exceeds(t.slow, t.requests-t.failed, SlowAllowed)
}

func exceeds(bad, of int, allowed float64) bool {
	expected := allowed * float64(of)
	return bad >= harmMinimum && float64(bad) > expected+harmDeviation*math.Sqrt(expected)
}

// String gives the figures, for people.
func (t tally) String() string {
	if t.requests == 0 {
		return "no requests"
	}
	return fmt.Sprintf("%d of %d requests failed (%s) and %d were slow (%s)",
		t.failed, t.requests, percent(t.failed, t.requests), t.slow, percent(t.slow, t.requests))
}

func percent(n, of int) string { return fmt.Sprintf("%.3g %%", 100*float64(n)/float64(of)) }

// truth answers what the users saw between two times of a drill. It covers the
// time from minute zero to the duration.
type truth struct {
	duration time.Duration
	sums     map[string][]tally // :: journey -> sums[i] counts the seconds before i
}

// newTruth sums up what users saw. What lies outside of the drill is left out.
func newTruth(seen []Second, start time.Time, duration time.Duration) (*truth, error) {
	seconds := int(duration / time.Second)
	t := &truth{duration: duration, sums: map[string][]tally{everybody: make([]tally, seconds+1)}}
	for _, s := range seen {
		if s.Requests < 0 || s.Failed < 0 || s.Slow < 0 || s.Failed+s.Slow > s.Requests {
			return nil, fmt.Errorf("the truth is broken: %s at %s counts %d requests, %d failed and %d slow", s.Journey, s.At.UTC().Format(time.RFC3339), s.Requests, s.Failed, s.Slow)
		}
		i := int(math.Floor(s.At.Sub(start).Seconds()))
		if i < 0 || i >= seconds {
			continue
		}
		if t.sums[s.Journey] == nil {
			t.sums[s.Journey] = make([]tally, seconds+1)
		}
		one := tally{s.Requests, s.Failed, s.Slow}
		t.sums[s.Journey][i+1] = t.sums[s.Journey][i+1].plus(one)
		t.sums[everybody][i+1] = t.sums[everybody][i+1].plus(one)
	}
	for _, sums := range t.sums {
		for i := 1; i < len(sums); i++ {
			sums[i] = sums[i].plus(sums[i-1])
		}
	}
	if t.sums[everybody][seconds].requests == 0 {
		return nil, errors.New("the truth is empty: no user sent a request between minute zero and the end; run the load generator along with the drill")
	}
	return t, nil
}

// series lists what can be asked for: the journeys by name, everybody last.
func (t *truth) series() []string {
	names := slices.Sorted(maps.Keys(t.sums))
	names = slices.DeleteFunc(names, func(n string) bool { return n == everybody })
	return append(names, everybody)
}

// between counts the requests that users sent from from (inclusive) to to
// (exclusive), as far as the drill reaches.
func (t *truth) between(name string, from, to time.Duration) tally {
	from, to = max(0, min(from, t.duration)), max(0, min(to, t.duration))
	if from >= to {
		return tally{}
	}
	sums := t.sums[name]
	return sums[to/time.Second].minus(sums[from/time.Second])
}

// span is a stretch of time.
type span struct{ from, to time.Duration }

// windows yields the windows of harm within s, in their order. A stretch that
// is no longer than a window is one.
func (t *truth) windows(s span) func(yield func(span) bool) {
	return func(yield func(span) bool) {
		for from := s.from; ; from += harmStep {
			w := span{from, min(from+harmWindow, s.to)}
			if !yield(w) || w.to == s.to {
				return
			}
		}
	}
}

// harmIn returns where within s the users of the series were hurt first:
// from their first to their last bad request of all windows of harm that touch.
func (t *truth) harmIn(name string, s span) (span, bool) {
	var harm span
	found := false
	for w := range t.windows(s) {
		switch hurt := t.between(name, w.from, w.to).hurt(); {
		case hurt && !found:
			harm, found = w, true
		case hurt && w.from <= harm.to:
			harm.to = w.to
		}
	}
	if !found && t.between(name, s.from, s.to).hurt() {
		harm, found = s, true
	}
	if !found {
		return span{}, false
	}
	return t.trim(name, harm), true
}

// trim cuts the seconds without a bad request from the ends of s.
func (t *truth) trim(name string, s span) span {
	bad := func(from time.Duration) bool {
		c := t.between(name, from, from+time.Second)
		return c.failed+c.slow > 0
	}
	for s.from < s.to && !bad(s.from) {
		s.from += time.Second
	}
	for s.to > s.from && !bad(s.to-time.Second) {
		s.to -= time.Second
	}
	return s
}

// check compares the claims of the scenario with the truth.
func (t *truth) check(s *Scenario) error {
	var errs []error
	at := func(line int) string {
		if s.File == "" {
			return s.Name + ": "
		}
		return fmt.Sprintf("%s:%d: ", s.File, max(line, 1))
	}
	for _, inc := range s.Incidents {
		if err := t.checkClaim(inc); err != nil {
			errs = append(errs, fmt.Errorf("%s%w", at(inc.Line), err))
		}
	}
	for _, healthy := range outside(s) {
		if err := t.checkHealthy(healthy); err != nil {
			errs = append(errs, fmt.Errorf("%s%w", at(1), err))
		}
	}
	return errors.Join(errs...)
}

// checkClaim wants users to be hurt during the incident, from its start on.
func (t *truth) checkClaim(inc Incident) error {
	whole := span{inc.From, min(inc.To, t.duration)}
	hurt := false
	first := time.Duration(-1) // start of the first window in which users were hurt
	for _, name := range t.series() {
		hurt = hurt || t.between(name, whole.from, whole.to).hurt()
		for w := range t.windows(whole) {
			if !t.between(name, w.from, w.to).hurt() {
				continue
			}
			hurt = true
			if first < 0 || w.from < first {
				first = w.from
			}
			break
		}
	}
	switch {
	case !hurt:
		return fmt.Errorf("incident %q is claimed from %s to %s, but no user was hurt: %s; correct from and to, or take the incident out",
			inc.Name, text(inc.From), text(inc.To), t.between(everybody, whole.from, whole.to))
	case first > inc.From+harmLead:
		return fmt.Errorf("incident %q is claimed from %s on, but users were not hurt before %s: until then, %s; move from to when users begin to be hurt",
			inc.Name, text(inc.From), text(first), t.between(everybody, inc.From, first))
	}
	return nil
}

// checkHealthy wants no user to be hurt within s. It reports what was hurt most.
func (t *truth) checkHealthy(s span) error {
	var worst, worstSpan = "", span{}
	most := 0
	for _, name := range t.series() {
		harm, hurt := t.harmIn(name, s)
		if !hurt {
			continue
		}
		if c := t.between(name, harm.from, harm.to); c.failed+c.slow > most {
			worst, worstSpan, most = name, harm, c.failed+c.slow
		}
	}
	if worst == "" {
		return nil
	}
	return fmt.Errorf("users were hurt outside of the incidents, from %s to %s: of %s, %s; claim an incident there, or make the fault smaller",
		text(worstSpan.from), text(worstSpan.to), worst, t.between(worst, worstSpan.from, worstSpan.to))
}

// outside lists the stretches of the drill that no incident claims.
func outside(s *Scenario) []span {
	var healthy []span
	from := time.Duration(0)
	for _, inc := range s.Incidents {
		if to := inc.From - harmSlack; to > from {
			healthy = append(healthy, span{from, to})
		}
		from = inc.To + harmSlack
	}
	if s.Duration > from {
		healthy = append(healthy, span{from, s.Duration})
	}
	return healthy
}

package router

import (
	"time"

	"goldensignals/internal/store"
)

// Budget is how many messages a phone gets; carriers block a number that gets
// more, and so does the person who owns it. A zero limit is none.
type Budget struct {
	PerMinute, Per15Minutes, PerHour int
}

// The first page of an incident is not held back by what else the phone got: a few
// may exceed each limit, after a moment in which it shows whether they are a few
// or a storm. A storm is told in digests, which keep to the limits.
const (
	aFew   = 3
	moment = 2 * time.Second
)

// unlimited reports whether b holds nothing back.
func (b Budget) unlimited() bool { return b == Budget{} }

// verdict is what to do for a phone: send one message, or one digest of all, or
// nothing before a time.
type verdict struct {
	send, digest bool
	at           time.Time
}

// decide says what to do with what waits for a phone. It is pure.
func (b Budget) decide(w store.Waiting, now time.Time) verdict {
	few := w.First > 0 && w.First <= aFew
	if open := b.open(w.Sent, 0); open.After(now) {
		if !few {
			return verdict{at: open}
		}
		at := b.open(w.Sent, aFew)
		if settled := w.OldestFirst.Add(moment); settled.After(at) {
			at = settled
		}
		if at.After(open) {
			at = open
		}
		if at.After(now) {
			return verdict{at: at}
		}
		return verdict{send: true}
	}
	// The first SMS of a storm is a page, which names a runbook; the next one counts.
	fresh := w.First > 0 && (len(w.Sent) == 0 || now.Sub(w.Sent[len(w.Sent)-1]) >= 15*time.Minute)
	one := few || fresh || w.Count == 1
	return verdict{send: one, digest: !one}
}

// open returns when one more message keeps within all limits, each raised by
// extra. sent is when the last hour's messages went out, oldest first.
func (b Budget) open(sent []time.Time, extra int) time.Time {
	var open time.Time
	for _, window := range []struct {
		length time.Duration
		limit  int
	}{{time.Minute, b.PerMinute}, {15 * time.Minute, b.Per15Minutes}, {time.Hour, b.PerHour}} {
		limit := window.limit + extra
		if window.limit == 0 || len(sent) < limit {
			continue
		}
		if at := sent[len(sent)-limit].Add(window.length); at.After(open) {
			open = at
		}
	}
	return open
}

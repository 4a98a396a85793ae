package load

import "time"

// never is a gap that does not end: nobody arrives.
const never time.Duration = 1<<63 - 1

// clock keeps the schedule of arrivals. It is absolute: each arrival is due a
// gap after the one before was due, so that the rate holds even when the loop
// is late.
type clock struct {
	timer *time.Timer
	next  time.Time // when the next arrival is due
}

// newClock returns a clock whose first arrival is due a gap from now.
func newClock(now time.Time, gap time.Duration) *clock {
	c := &clock{timer: time.NewTimer(gap)}
	c.restart(now, gap)
	return c
}

// restart forgets the schedule: the next arrival is due a gap from now. The
// waiting times of a Poisson process have no memory, so this does not bend it.
func (c *clock) restart(now time.Time, gap time.Duration) {
	c.next = now
	c.advance(now, gap)
}

// advance moves to the arrival after this one.
func (c *clock) advance(now time.Time, gap time.Duration) {
	if gap == never {
		c.timer.Stop()
		return
	}
	c.next = c.next.Add(gap)
	c.timer.Reset(c.next.Sub(now)) // not positive when late: fires at once
}

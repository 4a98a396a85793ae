package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"goldensignals/internal/deadline"
)

// maxIdle is how many goroutines wait for a user to come; more end.
const maxIdle = 64

// crowd are the goroutines that users are on. They are used again: a new one
// would have to grow its stack and make its timer for every user.
type crowd struct {
	g    *Generator
	ctx  context.Context // of the run
	next chan user       // unbuffered: whoever receives is idle
	idle atomic.Int64
	all  sync.WaitGroup
}

// enter sends the user on their way. Only Run calls it.
func (c *crowd) enter(u user) {
	select {
	case c.next <- u:
	default:
		c.all.Go(func() { c.serve(u) })
	}
}

// leave waits until all users have come back.
func (c *crowd) leave() {
	close(c.next)
	c.all.Wait()
}

// serve lets one user after the other visit the shop.
func (c *crowd) serve(u user) {
	var sleeper deadline.Sleeper
	for ok := true; ok; {
		c.visit(&sleeper, u)
		if c.idle.Add(1) <= maxIdle {
			u, ok = <-c.next
		} else {
			ok = false
		}
		c.idle.Add(-1)
	}
}

func (c *crowd) visit(sleeper *deadline.Sleeper, u user) {
	defer c.g.inFlight.Add(-1)
	status, err := c.g.visit(c.ctx, sleeper, u)
	if c.ctx.Err() != nil {
		return // cut short by the end of the run: nobody knows what they would have seen
	}
	if u.robot {
		c.g.metrics.robots.Inc()
		return
	}
	took := time.Since(u.arrival)
	c.g.count(u, judge(status, err, took), took)
}

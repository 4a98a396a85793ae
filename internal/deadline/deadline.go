// Package deadline has contexts whose time limit costs next to nothing until
// somebody waits for it. It is called by whoever makes very many short requests
// (the users of load, the calls of shop). A context of the standard library
// makes a timer and an entry with its parent for every limit, though nearly all
// requests end long before theirs. It never starts a goroutine.
package deadline

import (
	"context"
	"sync"
	"time"
)

// Context is a context that ends at a time, or with its parent. Err, Deadline
// and Value cost no timer; Done makes one, the first time that it is called.
// It is safe for concurrent use, Sleep excepted.
type Context struct {
	context.Context // the nearest ancestor that is of another kind
	at              time.Time
	sleeper         *Sleeper // of the goroutine that made the outermost; may be nil

	mu     sync.Mutex
	real   context.Context // made by Done
	cancel context.CancelFunc
}

// Sleeper is a timer that one goroutine uses again and again. The zero value is
// ready. It is not safe for concurrent use: all who Sleep in contexts that it
// made, and in those made of them, must be on its goroutine.
type Sleeper struct{ timer *time.Timer }

// With returns a context that ends at the given time or with parent, as
// context.WithDeadline does. Close it when what it limits has ended.
func (s *Sleeper) With(parent context.Context, at time.Time) *Context {
	c := With(parent, at)
	c.sleeper = s
	return c
}

// With is the same without a Sleeper of its own: it has the parent's, if any.
func With(parent context.Context, at time.Time) *Context {
	p, ok := parent.(*Context)
	if !ok {
		return &Context{Context: parent, at: at}
	}
	if p.at.Before(at) {
		at = p.at
	}
	return &Context{Context: p.Context, at: at, sleeper: p.sleeper}
}

// Deadline returns when the context ends at the latest.
func (c *Context) Deadline() (time.Time, bool) {
	if t, limited := c.Context.Deadline(); limited && t.Before(c.at) {
		return t, true // it ends by itself; at is for what the ancestor does not know
	}
	return c.at, true
}

// Err says why the context has ended; nil while it has not.
func (c *Context) Err() error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(c.at) {
		return context.DeadlineExceeded
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real != nil {
		return c.real.Err()
	}
	return nil
}

// Done returns a channel that is closed when the context ends.
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real == nil {
		c.real, c.cancel = context.WithDeadline(c.Context, c.at)
	}
	return c.real.Done()
}

// Close gives back what Done has made and ends whoever still waits for it.
func (c *Context) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}

// Sleep returns true after d, or false as soon as ctx ends.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	c, ok := ctx.(*Context)
	if !ok {
		timer := time.NewTimer(d)
		defer timer.Stop()
		return first(ctx, timer, true)
	}
	left := time.Until(c.at)
	inTime := d < left
	if left <= 0 {
		return false
	}
	if c.sleeper == nil {
		c.sleeper = &Sleeper{}
	}
	return first(c.Context, c.sleeper.set(min(d, left)), inTime)
}

// first returns whole when the timer fires, or false when ctx ends before.
func first(ctx context.Context, timer *time.Timer, whole bool) bool {
	select {
	case <-timer.C:
		return whole
	case <-ctx.Done():
		timer.Stop()
		return false
	}
}

func (s *Sleeper) set(d time.Duration) *time.Timer {
	if s.timer == nil {
		s.timer = time.NewTimer(d)
	} else {
		s.timer.Reset(d)
	}
	return s.timer
}

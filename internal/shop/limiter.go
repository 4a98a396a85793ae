package shop

import (
	"context"
	"slices"
	"sync"
)

// unlimited is a queue of a limiter that turns nobody away.
const unlimited = -1

// limiter limits how many hold something at a time, and how many wait for it:
// the workers of a service, the connections of its pool. Waiting is first come,
// first served. The limit is given anew at every call, since faults and repairs
// change it; who waits profits from a higher one as soon as anybody comes or goes.
type limiter struct {
	queue int // how many may wait; unlimited: all

	mu      sync.Mutex
	busy    int
	waiting []chan struct{} // closed when its owner has got its place
}

func newLimiter(queue int) *limiter { return &limiter{queue: queue} }

// try takes a place if one is free and nobody waits for it.
func (l *limiter) try(limit int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(limit)
}

// take is try for those who hold the lock.
func (l *limiter) take(limit int) bool {
	l.admit(limit)
	if l.busy >= limit || len(l.waiting) > 0 {
		return false
	}
	l.busy++
	return true
}

// acquire takes a place and answers done; the caller must then release it.
// Otherwise it answers overloaded at once when the queue is full, or gone when
// ctx ends while the request waits.
func (l *limiter) acquire(ctx context.Context, limit int) outcome {
	l.mu.Lock()
	if l.take(limit) {
		l.mu.Unlock()
		return done
	}
	if l.queue != unlimited && len(l.waiting) >= l.queue {
		l.mu.Unlock()
		return overloaded
	}
	mine := make(chan struct{})
	l.waiting = append(l.waiting, mine)
	l.mu.Unlock()

	select {
	case <-mine:
		return done
	case <-ctx.Done():
		l.leave(mine, limit)
		return gone
	}
}

// leave gives up waiting, or the place that came at the same moment.
func (l *limiter) leave(mine chan struct{}, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, mine); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		return
	}
	l.busy--
	l.admit(limit)
}

func (l *limiter) release(limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.admit(limit)
}

// admit hands free places to those who have waited longest.
func (l *limiter) admit(limit int) {
	for l.busy < limit && len(l.waiting) > 0 {
		close(l.waiting[0])
		l.waiting = l.waiting[1:]
		l.busy++
	}
}

// levels says how many hold a place and how many wait.
func (l *limiter) levels() (busy, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy, len(l.waiting)
}

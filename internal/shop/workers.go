package shop

import (
	"context"
	"sync/atomic"
)

// workers limits how many requests are worked on at a time, and how many wait
// for that. Waiting is first come, first served: a channel hands a freed place
// to the request that has waited longest.
type workers struct {
	busy   chan struct{} // one entry per request that is worked on
	queue  int64
	queued atomic.Int64
}

func newWorkers(n, queue int) *workers {
	return &workers{busy: make(chan struct{}, n), queue: int64(queue)}
}

// acquire takes a worker and answers done; the caller must then release it.
// Otherwise it answers overloaded at once when the queue is full, or gone when
// ctx ends while the request waits.
func (w *workers) acquire(ctx context.Context) outcome {
	select {
	case w.busy <- struct{}{}:
		return done
	default:
	}
	if w.queued.Add(1) > w.queue {
		w.queued.Add(-1)
		return overloaded
	}
	defer w.queued.Add(-1)
	select {
	case w.busy <- struct{}{}:
		return done
	case <-ctx.Done():
		return gone
	}
}

func (w *workers) release() { <-w.busy }

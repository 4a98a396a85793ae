package router

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"goldensignals/internal/alert"
)

// settleTimeout bounds the write that says how an attempt ended. It runs even
// if the router is being stopped meanwhile.
const settleTimeout = 5 * time.Second

// deliver sends one receiver's messages, one at a time, until ctx is done. It
// sleeps until a message arrives or the next one falls due.
func (rt *Router) deliver(ctx context.Context, r Receiver) {
	for ctx.Err() == nil {
		wait, err := rt.step(ctx, r)
		if err != nil && ctx.Err() == nil {
			rt.log.Error("deliver messages", "receiver", r.Name(), "err", err)
			wait = rt.opts.RetryMin // the store is in trouble; it is asked again
		}
		if wait == 0 {
			continue
		}
		rt.sleep(ctx, r.Name(), wait)
	}
}

// forever stands for "until woken".
const forever time.Duration = -1

func (rt *Router) sleep(ctx context.Context, receiver string, wait time.Duration) {
	var due <-chan time.Time // nil: never
	if wait != forever {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-rt.wake[receiver]:
	case <-due:
	}
}

// step sends one message if one is due, and says how long to wait after it.
func (rt *Router) step(ctx context.Context, r Receiver) (time.Duration, error) {
	due, ok, err := rt.store.NextDue(ctx, r.Name())
	if err != nil {
		return 0, err
	}
	if !ok {
		return forever, nil
	}
	now := time.Now()
	if wait := due.Sub(now); wait > 0 {
		return wait, nil
	}
	// The lease outlives the attempt and the write that ends it.
	n, ok, err := rt.store.Lease(ctx, r.Name(), now, now.Add(rt.opts.SendTimeout+2*settleTimeout))
	if err != nil || !ok {
		return 0, err
	}
	sendCtx, cancel := context.WithTimeout(ctx, rt.opts.SendTimeout)
	defer cancel()
	_, cause := r.Send(sendCtx, n)
	return 0, rt.settle(ctx, n, cause)
}

// settle writes down how an attempt ended, and counts it once that is durable.
func (rt *Router) settle(ctx context.Context, n alert.Notification, cause error) error {
	stopping := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	now := time.Now()
	log := rt.log.With("receiver", n.Receiver, "notification", n.ID, "incident", n.Incident, "attempt", n.Attempts)
	if cause == nil {
		if err := rt.store.Delivered(ctx, n.ID, now); err != nil {
			return err
		}
		rt.metrics.done(n, alert.Delivered, now)
		log.Debug("message delivered")
		return nil
	}
	if stopping {
		return rt.store.Retry(ctx, n, now, cause) // the stop broke it off: send again at the next start
	}
	rt.metrics.failed.WithLabelValues(n.Receiver).Inc()
	wait := backoff(n.ID, n.Attempts, rt.opts.RetryMin, rt.opts.RetryMax)
	if final, cause := rt.final(n, now.Add(wait), cause); final {
		if err := rt.store.Dead(ctx, n, cause); err != nil {
			return err
		}
		rt.metrics.done(n, alert.Dead, now)
		log.Error("message is dead", "err", cause)
		return nil
	}
	log.Warn("message not delivered, will be tried again", "wait", wait, "err", cause)
	return rt.store.Retry(ctx, n, now.Add(wait), cause)
}

// final says whether n is given up instead of being tried again at next, and why.
func (rt *Router) final(n alert.Notification, next time.Time, cause error) (bool, error) {
	switch {
	case alert.IsPermanent(cause):
		return true, fmt.Errorf("permanent: %w", cause)
	case next.Sub(n.CreatedAt) > rt.opts.MaxAge:
		return true, fmt.Errorf("given up after %s: %w", rt.opts.MaxAge, cause)
	}
	return false, cause
}

// backoff doubles from first to longest and takes up to a quarter off. The
// part taken off is a hash, so that messages spread and replays repeat.
func backoff(id string, attempt int, first, longest time.Duration) time.Duration {
	wait := longest
	if shift := max(attempt, 1) - 1; shift < 32 {
		wait = min(first<<shift, longest)
	}
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%d", id, attempt)
	return wait - wait*time.Duration(h.Sum32()%1000)/4000
}

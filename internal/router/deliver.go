package router

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

const (
	// settleTimeout bounds the write that says how an attempt ended. It runs even
	// if the router is being stopped meanwhile.
	settleTimeout = 5 * time.Second
	// A receiver that failed tripAfter times in a row is left alone for breakerRest,
	// then tried with one message.
	tripAfter   = 5
	breakerRest = 10 * time.Second
	// lookAgain is the least time between two looks at a backlog that has to wait.
	lookAgain = 200 * time.Millisecond
)

// lane delivers the messages of one receiver: it picks, and hands each message to
// a goroutine of its own, as many at a time as the receiver bears.
type lane struct {
	*setting
	r       Receiver
	limits  Limits
	wake    <-chan struct{}
	done    chan struct{} // a message has been sent, or not; holds one
	rate    *rate.Limiter
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	storm   bool // many wait for the budget; of the goroutine of run
}

func newLane(s *setting, r Receiver, limits Limits, wake <-chan struct{}) *lane {
	l := &lane{setting: s, r: r, limits: limits, wake: wake, done: make(chan struct{}, 1), rate: rate.NewLimiter(rate.Inf, 1)}
	l.limits.Concurrency = max(limits.Concurrency, 1)
	if limits.PerSecond > 0 {
		l.rate = rate.NewLimiter(rate.Limit(limits.PerSecond), max(1, int(limits.PerSecond)))
	}
	l.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: r.Name(), MaxRequests: 1, Timeout: breakerRest,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsSuccessful: func(err error) bool { return err == nil || alert.IsPermanent(err) }, // the message's fault, not the receiver's
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
	})
	return l
}

// run delivers until ctx is done, then waits for what is being sent. Sending
// itself ends with sendCtx: a reload does not break it off.
func (l *lane) run(ctx, sendCtx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, l.limits.Concurrency)
	for {
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		n, wait, err := l.next(ctx)
		if err != nil && ctx.Err() == nil {
			l.log.Error("deliver messages", "receiver", l.r.Name(), "err", err)
			wait = l.plan.RetryMin // the store is in trouble; it is asked again
		}
		if n.ID == "" {
			<-slots
			if l.storm {
				l.ignore(ctx, lookAgain)
			}
			if err != nil || wait != 0 {
				l.sleep(ctx, wait)
			}
			continue
		}
		wg.Go(func() {
			l.send(sendCtx, n)
			<-slots
			select {
			case l.done <- struct{}{}:
			default: // it will look anyway
			}
		})
	}
}

// forever stands for "until woken".
const forever time.Duration = -1

func (l *lane) sleep(ctx context.Context, wait time.Duration) {
	var due <-chan time.Time // nil: never
	if wait != forever {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-l.done:
	case <-due:
	}
}

// next leases the message to send now, or says how long to wait for one; 0 means
// to look again.
func (l *lane) next(ctx context.Context) (alert.Notification, time.Duration, error) {
	now := time.Now()
	due, ok, err := l.store.NextDue(ctx, l.r.Name())
	switch {
	case err != nil:
		return alert.Notification{}, 0, err
	case !ok:
		return alert.Notification{}, forever, nil
	case due.After(now):
		return alert.Notification{}, due.Sub(now), nil
	case l.breaker.State() == gobreaker.StateOpen:
		return alert.Notification{}, breakerRest / 10, nil
	}
	if wait := l.reserve(now); wait > 0 {
		return alert.Notification{}, wait, nil
	}
	if l.limits.Budget.unlimited() {
		n, _, err := l.store.Lease(context.WithoutCancel(ctx), l.r.Name(), now, l.leaseEnd(now)) // what is leased is sent
		return n, 0, err
	}
	return l.nextForPhones(ctx, now)
}

// reserve takes the right to send one message now, or says when there is one.
func (l *lane) reserve(now time.Time) time.Duration {
	r := l.rate.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// leaseEnd outlives the attempt and the write that ends it.
func (l *lane) leaseEnd(now time.Time) time.Time {
	return now.Add(l.plan.SendTimeout + 2*settleTimeout)
}

// nextForPhones picks within the budget of each phone, and makes digests of what
// is beyond it.
func (l *lane) nextForPhones(ctx context.Context, now time.Time) (alert.Notification, time.Duration, error) {
	name := l.r.Name()
	l.storm = false
	ctx = context.WithoutCancel(ctx) // what is leased is sent
	waiting, err := l.store.WaitingFor(ctx, name, now, now.Add(-time.Hour))
	if err != nil {
		return alert.Notification{}, 0, err
	}
	wait := forever
	for _, w := range waiting {
		v := l.limits.Budget.decide(w, now)
		if v.digest {
			err = l.store.Gather(ctx, name, w.Recipient, now, digestSample, l.composer.digest(l.r, w.Recipient, now))
		}
		if err != nil || v.send || v.digest {
			var n alert.Notification
			if err == nil {
				n, _, err = l.store.LeaseFor(ctx, name, w.Recipient, now, l.leaseEnd(now))
			}
			return n, 0, err
		}
		if d := max(v.at.Sub(now), lookAgain); wait == forever || d < wait {
			wait = d
		}
	}
	if wait == forever { // what is due waits for something older of its incident
		return alert.Notification{}, time.Second, nil
	}
	l.storm = wait > lookAgain && len(waiting) > 0 && waiting[0].Count > 10*aFew
	return alert.Notification{}, wait, nil
}

// ignore lets a moment pass, whatever happens: in a storm, each new message would
// be a reason to look at the whole backlog again.
func (l *lane) ignore(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// send makes one attempt.
func (l *lane) send(ctx context.Context, n alert.Notification) {
	allow, err := l.breaker.Allow()
	if err != nil { // it has opened meanwhile
		err = l.store.Retry(context.WithoutCancel(ctx), n, time.Now().Add(breakerRest), fmt.Errorf("not tried: %w", err))
		if err != nil {
			l.log.Error("give a message back", "receiver", n.Receiver, "notification", n.ID, "err", err)
		}
		return
	}
	until := time.Now().Add(l.plan.SendTimeout + settleTimeout) // before the lease ends
	sendCtx, cancel := context.WithTimeout(ctx, l.plan.SendTimeout)
	defer cancel()
	receipt, cause := l.r.Send(sendCtx, n)
	allow(cause)
	err = l.settle(ctx, n, receipt, cause, until)
	l.pages.Notify()
	if err != nil {
		l.log.Error("write down how an attempt ended; it will be made again", "receiver", n.Receiver, "notification", n.ID, "err", err)
	}
}

// persist writes how an attempt ended, also while the router is being stopped, and
// again while the store is in trouble, until the given time: what was sent and is
// not written down is sent twice.
func (l *lane) persist(ctx context.Context, until time.Time, write func(context.Context) error) error {
	for {
		writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
		err := write(writing)
		cancel()
		if err == nil || ctx.Err() != nil || errors.Is(err, store.ErrClosed) || time.Now().Add(l.plan.RetryMin).After(until) {
			return err
		}
		l.log.Warn("it cannot be written down yet how an attempt ended", "receiver", l.r.Name(), "err", err)
		l.ignore(ctx, l.plan.RetryMin)
	}
}

// settle writes down how an attempt ended, and counts it once that is durable.
func (l *lane) settle(ctx context.Context, n alert.Notification, receipt alert.Receipt, cause error, until time.Time) error {
	now := time.Now()
	log := l.log.With("receiver", n.Receiver, "notification", n.ID, "incident", n.Incident, "attempt", n.Attempts)
	if cause == nil {
		err := l.persist(ctx, until, func(ctx context.Context) error { return l.store.Delivered(ctx, n.ID, now, receipt) })
		if err != nil {
			return err
		}
		l.metrics.done(n, alert.Delivered, now)
		log.Debug("message delivered")
		return nil
	}
	if alert.IsUnsure(cause) {
		l.metrics.unsure.WithLabelValues(n.Receiver).Inc()
	}
	if ctx.Err() != nil { // the stop broke it off: send again at the next start
		return l.persist(ctx, until, func(ctx context.Context) error { return l.store.Retry(ctx, n, now, cause) })
	}
	l.metrics.failed.WithLabelValues(n.Receiver).Inc()
	wait := max(backoff(n.ID, n.Attempts, l.plan.RetryMin, l.plan.RetryMax), alert.WaitAfter(cause))
	if final, cause := l.final(n, now.Add(wait), cause); final {
		err := l.persist(ctx, until, func(ctx context.Context) error { return l.store.Dead(ctx, n, cause) })
		if err != nil {
			return err
		}
		l.metrics.done(n, alert.Dead, now)
		log.Error("message is dead", "err", cause)
		return nil
	}
	log.Warn("message not delivered, will be tried again", "wait", wait, "err", cause)
	return l.persist(ctx, until, func(ctx context.Context) error { return l.store.Retry(ctx, n, now.Add(wait), cause) })
}

// final says whether n is given up instead of being tried again at next, and why.
func (l *lane) final(n alert.Notification, next time.Time, cause error) (bool, error) {
	switch {
	case alert.IsPermanent(cause):
		return true, fmt.Errorf("permanent: %w", cause)
	case next.Sub(n.FreshAt) > l.plan.MaxAge:
		return true, fmt.Errorf("given up after %s: %w", l.plan.MaxAge, cause)
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

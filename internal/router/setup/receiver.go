package setup

import (
	"context"
	"sync"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/router"
)

// receiver is one that the router can stop without breaking off what it sends,
// and that can be closed. It is as safe for concurrent use as the one within.
type receiver struct {
	router.Receiver

	grace time.Duration
	run   func(context.Context) error // nil: it has nothing to do all the time
	close func() error
	once  sync.Once     // for close
	file  *logline.File // of a log receiver; nil: it is none

	sending sync.RWMutex // held to read while something is sent
}

// Send sends n. If ctx is cancelled meanwhile, which is how the router stops, it
// has the grace to come to its end, within the deadline of ctx.
func (r *receiver) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	if r.grace == 0 {
		return r.Receiver.Send(ctx, n)
	}
	r.sending.RLock()
	defer r.sending.RUnlock()
	ctx, cancel := outlive(ctx, r.grace)
	defer cancel()
	return r.Receiver.Send(ctx, n)
}

// Run runs the receiver until ctx is done, and then as long as something is sent.
// It implements router.Runner.
func (r *receiver) Run(ctx context.Context) error {
	if r.run == nil {
		return nil
	}
	inner, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	stop := context.AfterFunc(ctx, func() {
		r.sending.Lock()
		defer r.sending.Unlock()
		end()
	})
	defer stop()
	return r.run(inner)
}

// Close closes what was opened for the receiver. Nothing may be sent any more. A
// second time it does nothing.
func (r *receiver) Close() (err error) {
	r.once.Do(func() { err = r.close() })
	return err
}

// outlive returns a context with the deadline and values of ctx that is done the
// grace after ctx is cancelled.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	inner := context.WithoutCancel(ctx)
	endDeadline := func() {}
	if deadline, ok := ctx.Deadline(); ok {
		inner, endDeadline = context.WithDeadline(inner, deadline)
	}
	inner, end := context.WithCancel(inner)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, end) })
	return inner, func() {
		stop()
		end()
		endDeadline()
	}
}

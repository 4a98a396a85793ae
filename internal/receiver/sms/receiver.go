package sms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"goldensignals/internal/alert"
)

const (
	// tripAfter failures in a row a provider is left out for openFor; one message
	// then tries it again.
	tripAfter = 3
	openFor   = time.Minute

	// attemptTimeout is how long all providers together may take where the
	// caller's context has no deadline.
	attemptTimeout = 30 * time.Second
)

// Recipients says whom to tell.
type Recipients interface {
	// At returns the phone number of the person at a level of escalation, 0
	// being who is on call; ok is false if there is nobody.
	At(level int, now time.Time) (phone string, ok bool)
}

// ReceiverOptions describe a Receiver.
type ReceiverOptions struct {
	Name      string // how messages name it; "sms" if empty
	To        Recipients
	Providers []Provider // in the order in which they are tried; at least one

	// Limits bound how often a provider is asked, by its name; one that is missing
	// is not bounded. Receivers that share a provider share its limit.
	Limits map[string]*rate.Limiter

	// ReportURL says where a provider shall report to. Without it, or where it
	// returns "", no report is asked for.
	ReportURL func(provider, notificationID string) string
}

// Receiver sends text messages through the first provider that takes them. It
// is safe for concurrent use.
type Receiver struct {
	name      string
	to        Recipients
	lines     []*line
	reportURL func(provider, notificationID string) string
}

// line is the way to one provider.
type line struct {
	Provider
	breaker *gobreaker.CircuitBreaker[alert.Receipt]
	limit   *rate.Limiter // nil: none
}

// NewReceiver returns a receiver. It panics without recipients or providers.
func NewReceiver(o ReceiverOptions) *Receiver {
	if o.To == nil || len(o.Providers) == 0 {
		panic("sms: ReceiverOptions needs To and Providers")
	}
	r := &Receiver{name: o.Name, to: o.To, reportURL: o.ReportURL}
	if r.name == "" {
		r.name = "sms"
	}
	for _, p := range o.Providers {
		r.lines = append(r.lines, newLine(p, o.Limits[p.Name()]))
	}
	return r
}

func newLine(p Provider, limit *rate.Limiter) *line {
	l := &line{Provider: p, limit: limit}
	l.breaker = gobreaker.NewCircuitBreaker[alert.Receipt](gobreaker.Settings{
		Name:        p.Name(),
		Timeout:     openFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		// Who refuses a number for good works as it should.
		IsSuccessful: func(err error) bool { return err == nil || alert.IsPermanent(err) },
		// That we shut down says nothing about a provider.
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
	})
	return l
}

// Name returns the receiver's name.
func (r *Receiver) Name() string { return r.name }

// Type returns "sms".
func (r *Receiver) Type() string { return "sms" }

// Compose returns n with recipient and text. A recipient that n has stays. Where
// nobody is to be told, To stays empty and Send asks again.
func (r *Receiver) Compose(n alert.Notification, _ []alert.Alert) alert.Notification {
	if n.To == "" {
		n.To, _ = r.to.At(n.Level, n.CreatedAt)
	}
	n.Text = Text(n)
	return n
}

// Send hands n to the first provider that takes it. Each has its share of the
// time, so that one that hangs leaves some for the next. The error has the marks
// that hold for all providers.
func (r *Receiver) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	if n.To == "" {
		to, ok := r.to.At(n.Level, time.Now())
		if !ok {
			return alert.Receipt{}, fmt.Errorf("send sms: nobody is on call at level %d", n.Level)
		}
		n.To = to
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, attemptTimeout)
		defer cancel()
	}
	lines, failures, bypass := r.choose(n)
	unsure := 0
	for i, l := range lines {
		receipt, err := r.try(ctx, l, n, len(lines)-i, bypass)
		if err == nil {
			receipt.Provider, receipt.Unsure = l.Name(), unsure
			return receipt, nil
		}
		if alert.IsUnsure(err) {
			unsure++
		}
		failures = append(failures, failure{err: fmt.Errorf("%s: %w", l.Name(), err)})
		if ctx.Err() != nil {
			failures = append(failures, leftOut(lines[i+1:], "no time was left for it")...)
			break
		}
	}
	return alert.Receipt{}, fmt.Errorf("send sms to %s: %w", n.To, join(failures))
}

// choose returns the providers to try, and the ones that are left out: who took
// n before and reported that it failed, and who failed often of late. If all of
// them did, all are tried, past their breakers.
func (r *Receiver) choose(n alert.Notification) (lines []*line, out []failure, bypass bool) {
	candidates := make([]*line, 0, len(r.lines))
	for _, l := range r.lines {
		if n.Report != alert.ReportFailed || n.Provider != l.Name() {
			candidates = append(candidates, l)
		}
	}
	if len(candidates) == 0 {
		candidates = r.lines // the only one; it may do better the second time
	}
	var open []*line
	for _, l := range candidates {
		if l.breaker.State() == gobreaker.StateOpen {
			open = append(open, l)
		} else {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return candidates, nil, true
	}
	return lines, leftOut(open, "left out after failures"), false
}

func leftOut(lines []*line, why string) []failure {
	var out []failure
	for _, l := range lines {
		out = append(out, failure{fmt.Errorf("%s: %s", l.Name(), why), true})
	}
	return out
}

// try sends n through l, in an equal share of the time that is left for so many
// providers.
func (r *Receiver) try(ctx context.Context, l *line, n alert.Notification, left int, bypass bool) (alert.Receipt, error) {
	deadline, _ := ctx.Deadline()
	share := time.Until(deadline) / time.Duration(left)
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	if err := l.wait(ctx, share/2); err != nil {
		return alert.Receipt{}, err
	}
	o := Outgoing{ID: n.ID, To: n.To, Text: n.Text, notification: n}
	if r.reportURL != nil {
		o.ReportURL = r.reportURL(l.Name(), n.ID)
	}
	if bypass {
		return l.Send(ctx, o)
	}
	receipt, err := l.breaker.Execute(func() (alert.Receipt, error) { return l.Send(ctx, o) })
	if errors.Is(err, gobreaker.ErrTooManyRequests) || errors.Is(err, gobreaker.ErrOpenState) {
		err = errors.New("another message tries it first, after failures")
	}
	return receipt, err
}

// wait holds back a message for the rate limit, unless that takes too long.
func (l *line) wait(ctx context.Context, most time.Duration) error {
	if l.limit == nil {
		return nil
	}
	place := l.limit.Reserve()
	delay := place.Delay()
	if delay == 0 {
		return nil
	}
	if delay > most {
		place.Cancel()
		return alert.After(errors.New("rate limit reached"), delay)
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		place.Cancel()
		return fmt.Errorf("wait for the rate limit: %w", ctx.Err())
	}
}

// Run keeps the sessions of providers that have one, until ctx ends; it returns
// when all have ended.
func (r *Receiver) Run(ctx context.Context) error {
	var g errgroup.Group
	for _, l := range r.lines {
		if p, ok := l.Provider.(interface{ Run(context.Context) error }); ok {
			g.Go(func() error {
				if err := p.Run(ctx); err != nil {
					return fmt.Errorf("run sms provider %s: %w", l.Name(), err)
				}
				return nil
			})
		}
	}
	return g.Wait()
}

// Close lets go of what providers keep, such as idle connections.
func (r *Receiver) Close() error {
	var errs []error
	for _, l := range r.lines {
		if c, ok := l.Provider.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Package setup makes of a policy what the router works by: it opens receivers
// and providers as the file describes them, and hands on what the policy decides.
// Whoever runs a router calls it, at the start and at each reload. It decides
// nothing itself, and starts nothing: connections are made by the first message,
// sessions by the router.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/common/config"
	"golang.org/x/time/rate"

	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
	"goldensignals/internal/router"
	"goldensignals/internal/router/policy"
	"goldensignals/internal/router/silence"
)

// Env is what a plan needs beside the policy.
type Env struct {
	Inbox   sms.Inbox       // of the built-in phone; required
	Board   ticket.Board    // the built-in one; required
	Journal logline.Journal // of the log page; required
	Stdout  io.Writer       // of log receivers without a file; nil: the log page only

	// ExternalURL is where providers reach the router. Nil: they are asked for no
	// reports.
	ExternalURL *url.URL
	// Transport is instead of what the policy says of HTTP clients, in tests. Nil:
	// what the policy says.
	Transport http.RoundTripper
	Log       *slog.Logger // nil: discarded

	// Grace is how long a message that is being sent may go on when the router is
	// told to stop. Zero: it is broken off, and sent again at the next start.
	Grace time.Duration

	// Reported and Replied are told what SMPP sessions bring; see sms.Env.
	Reported func(ctx context.Context, r sms.Reported) error
	Replied  func(ctx context.Context, r sms.Reply) error
}

// Plan returns the plan that p describes. Its receivers are io.Closers: once
// nothing is sent by them any more, whoever has the plan closes them, by Close or
// one by one. After an error nothing is open. Errors are outbound.FieldErrors
// where a value of the file cannot be used.
func Plan(p *policy.Policy, e Env) (plan router.Plan, err error) {
	if e.Inbox == nil || e.Board == nil || e.Journal == nil {
		return router.Plan{}, errors.New("set up the router: option Inbox, Board or Journal is missing: give the store")
	}
	if e.Stdout == nil {
		e.Stdout = io.Discard
	}
	o := opener{policy: p, env: e}
	if err := o.open(); err != nil {
		return router.Plan{}, errors.Join(fmt.Errorf("set up the router: %w", err), closeAll(o.receivers))
	}
	plan = decisions(p)
	if plan.Silencer, err = silencer(p.Settings(), e); err != nil {
		return router.Plan{}, errors.Join(fmt.Errorf("set up the router: %w", err), closeAll(o.receivers))
	}
	plan.Receivers, plan.Limits, plan.Hooks = o.receivers, limits(p), o.hooks
	return plan, nil
}

// silencer is where silences are made; nil where the policy names no Alertmanager.
func silencer(s policy.Settings, e Env) (router.Silencer, error) {
	if len(s.Alertmanagers) == 0 {
		return nil, nil //nolint:nilnil // the plan without one
	}
	transport := e.Transport
	if transport == nil {
		var c config.HTTPClientConfig
		if s.AlertmanagerHTTP != nil {
			c = *s.AlertmanagerHTTP
		}
		var err error
		if transport, err = outbound.Transport("alertmanager", c); err != nil {
			return nil, outbound.Below("silences", err)
		}
	}
	return silence.New(silence.Options{URLs: s.Alertmanagers, Transport: transport})
}

// Close closes what a plan of Plan has opened. Nothing may be sent by its
// receivers any more: the router must have ended, or never had the plan.
func Close(p router.Plan) error { return closeAll(p.Receivers) }

func closeAll(receivers []router.Receiver) error {
	var errs []error
	for _, r := range receivers {
		if c, ok := r.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Reopen has the log receivers of a plan continue in files that are opened anew,
// after the old ones were moved away. One that cannot be opened goes on as it was.
func Reopen(p router.Plan) error {
	var errs []error
	for _, r := range p.Receivers {
		if l, ok := r.(*receiver); ok && l.file != nil {
			if err := l.file.Reopen(); err != nil {
				errs = append(errs, fmt.Errorf("receiver %s: %w", r.Name(), err))
			}
		}
	}
	return errors.Join(errs...)
}

// decisions is what the policy decides, without what has to be opened for it.
func decisions(p *policy.Policy) router.Plan {
	s := p.Settings()
	return router.Plan{
		Route:         p.Receivers,
		Escalate:      escalate(p),
		NotBefore:     p.NotBefore,
		PersonByPhone: p.PersonByPhone,
		OnCall:        func(now time.Time) []router.Duty { return duties(p, now) },

		WatchdogAfter:  s.WatchdogAfter,
		WatchdogTells:  s.WatchdogReceivers,
		StaleAfter:     s.StaleAfter,
		KeepFor:        s.KeepFor,
		WebhookToken:   s.WebhookToken,
		LinksValidFor:  s.LinksValidFor,
		UsualSilence:   s.UsualSilence,
		LongestSilence: s.LongestSilence,

		RepeatAfter: s.RepeatAfter,
		SendTimeout: s.Retry.Timeout,
		RetryMin:    s.Retry.First,
		RetryMax:    s.Retry.Longest,
		MaxAge:      s.Retry.GiveUpAfter,
	}
}

// limits are what the receivers bear.
func limits(p *policy.Policy) map[string]router.Limits {
	all := make(map[string]router.Limits)
	for _, r := range p.AllReceivers() {
		l := router.Limits{Concurrency: r.Concurrency, PerSecond: r.RatePerSecond}
		if r.SMS != nil {
			l.Budget = router.Budget(r.SMS.Budget)
		}
		all[r.Name] = l
	}
	return all
}

// opener opens what a policy describes.
type opener struct {
	policy    *policy.Policy
	env       Env
	providers map[string]*provider // :: name
	receivers []router.Receiver
	hooks     map[string]sms.Hook
}

// provider is one that receivers share.
type provider struct {
	sms.Provider
	limit *rate.Limiter // nil: none
	used  bool          // a receiver has it that runs and closes it
}

func (o *opener) open() error {
	if err := o.openProviders(); err != nil {
		return err
	}
	for i, c := range o.policy.AllReceivers() {
		r, err := o.receiver(c)
		if err != nil {
			return outbound.Below(fmt.Sprintf("receivers[%d]", i), err)
		}
		o.receivers = append(o.receivers, r)
	}
	return nil
}

func (o *opener) openProviders() error {
	o.providers, o.hooks = make(map[string]*provider), make(map[string]sms.Hook)
	for i, c := range o.policy.SMSProviders() {
		p, err := c.Open(sms.Env{
			Inbox: o.env.Inbox, Transport: o.env.Transport, Log: o.env.Log, Reported: o.env.Reported, Replied: o.env.Replied,
		})
		if err != nil {
			return outbound.Below(fmt.Sprintf("providers[%d]", i), err)
		}
		o.providers[c.Name] = &provider{Provider: p, limit: c.Limit()}
		if hook, ok := p.(sms.Hook); ok {
			o.hooks[c.Name] = hook
		}
	}
	return nil
}

func (o *opener) receiver(c policy.Receiver) (router.Receiver, error) {
	switch {
	case c.SMS != nil:
		return o.sms(c), nil
	case c.Ticket != nil:
		t, err := c.Ticket.Open(ticket.Env{Name: c.Name, Board: o.env.Board, Transport: o.env.Transport, Log: o.env.Log})
		if err != nil {
			return nil, outbound.Below("ticket", err)
		}
		return &receiver{Receiver: t, grace: o.env.Grace, close: func() error { t.Close(); return nil }}, nil
	default:
		f, err := c.Log.Open(o.env.Stdout)
		if err != nil {
			return nil, outbound.Below("log", err)
		}
		l := logline.New(logline.Options{Name: c.Name, Writer: f, Journal: o.env.Journal})
		return &receiver{Receiver: l, grace: o.env.Grace, file: f, close: f.Close}, nil
	}
}

func (o *opener) sms(c policy.Receiver) router.Receiver {
	opts := sms.ReceiverOptions{
		Name: c.Name, To: o.policy.Chain(c.Name), Limits: make(map[string]*rate.Limiter), ReportURL: reportURL(o.env.ExternalURL),
	}
	for _, name := range c.SMS.Providers {
		p := o.providers[name]
		opts.Limits[name] = p.limit
		opts.Providers = append(opts.Providers, p.lend())
	}
	r := sms.NewReceiver(opts)
	return &receiver{Receiver: r, grace: o.env.Grace, run: r.Run, close: r.Close}
}

// lend returns the provider for one more receiver. The first one runs and closes
// it: a session must not be kept twice. The others only send.
func (p *provider) lend() sms.Provider {
	if p.used {
		return struct{ sms.Provider }{p.Provider} // without its other methods
	}
	p.used = true
	return p.Provider
}

// reportURL says where a provider reports to.
func reportURL(external *url.URL) func(provider, notification string) string {
	if external == nil {
		return nil
	}
	return func(provider, _ string) string { return external.JoinPath("hooks", provider, "report").String() }
}

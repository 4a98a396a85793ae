// Package router turns Alertmanager's webhooks into messages to people:
// critical to a phone, warning to a ticket, info to a log. It accepts a group,
// decides what is new, stores that and what follows in one transaction, answers
// 2xx, and then delivers, again and again if need be. cmd/alertrouter and
// internal/stack run it.
//
// It never judges whether an alert is right, never groups, inhibits or silences
// (Alertmanager does), and never loses what it answered 2xx.
package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/web"
	"goldensignals/internal/runbook"
	"goldensignals/internal/store"
)

// Receiver brings messages to people. The router calls Send of one receiver
// from one goroutine at a time, Compose from several.
type Receiver interface {
	// Name tells receivers apart; it is stored with every message.
	Name() string
	// Type is sms, ticket or logline: it decides which severity comes here.
	Type() string
	// Compose fills in To and Text of n, which is about the given alerts. It
	// must be pure and quick: it runs inside the transaction.
	Compose(n alert.Notification, alerts []alert.Alert) alert.Notification
	// Send delivers n. It may be called again with the same n.ID after an
	// error, a timeout or a crash; a receiver that remembers IDs delivers once.
	// An error marked by alert.Permanent is not tried again.
	Send(ctx context.Context, n alert.Notification) (alert.Receipt, error)
}

// The types of receivers, and which severity they are for.
const (
	TypeSMS     = "sms"     // critical
	TypeTicket  = "ticket"  // warning, and what nobody knows
	TypeLogline = "logline" // info
)

// Options are what a Router needs. Zero durations and sizes mean the defaults.
type Options struct {
	Store     *store.Store     // required; the caller closes it after Run has returned
	Receivers []Receiver       // required: at least one of each type
	Runbooks  *runbook.Library // nil: no runbooks
	// ExternalURL is where people reach the router; links in messages and
	// pages start with it. Required, absolute.
	ExternalURL *url.URL
	Registry    *prometheus.Registry // nil: a new one; served at /metrics
	Log         *slog.Logger         // nil: discarded

	RepeatAfter time.Duration // age of the last message before a repeat is sent; 1 h
	MaxBody     int64         // bytes of one webhook; 16 MiB
	SendTimeout time.Duration // for one attempt; 10 s
	RetryMin    time.Duration // wait after the first failed attempt; 1 s
	RetryMax    time.Duration // longest wait between attempts; 1 min
	MaxAge      time.Duration // a message older than this is given up; 24 h
}

func (o *Options) setDefaults() {
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxBody == 0 {
		o.MaxBody = 16 << 20
	}
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&o.RepeatAfter, time.Hour},
		{&o.SendTimeout, 10 * time.Second},
		{&o.RetryMin, time.Second},
		{&o.RetryMax, time.Minute},
		{&o.MaxAge, 24 * time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
}

func (o *Options) validate() error {
	if o.Store == nil {
		return errors.New("option Store is missing: open one with store.Open")
	}
	u := o.ExternalURL
	if u == nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("option ExternalURL %v: want an absolute http or https URL, for example http://localhost:8080/router/", u)
	}
	if o.MaxBody < 0 || min(o.RepeatAfter, o.SendTimeout, o.RetryMin, o.RetryMax, o.MaxAge) < 0 {
		return errors.New("options MaxBody, RepeatAfter, SendTimeout, RetryMin, RetryMax, MaxAge: want no negative value")
	}
	names := make(map[string]bool, len(o.Receivers))
	types := make(map[string]bool, len(o.Receivers))
	for _, r := range o.Receivers {
		if names[r.Name()] || r.Name() == "" {
			return fmt.Errorf("option Receivers: name %q is empty or used twice; give each receiver its own", r.Name())
		}
		names[r.Name()], types[r.Type()] = true, true
	}
	for _, want := range []string{TypeSMS, TypeTicket, TypeLogline} {
		if !types[want] {
			return fmt.Errorf("option Receivers: none has type %s; alerts of that severity would be lost, so add one", want)
		}
	}
	return nil
}

// Router is one alert router. Its Handler is safe for concurrent use.
type Router struct {
	opts     Options
	store    *store.Store
	log      *slog.Logger
	policy   Policy
	composer composer
	metrics  *metrics
	handler  http.Handler
	wake     map[string]chan struct{} // :: receiver name -> there is something to send
	watchdog atomic.Int64             // Unix nanoseconds; 0: never seen
}

// New returns a router. It reads the store, and starts nothing.
func New(o Options) (*Router, error) {
	o.setDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	rt := &Router{
		opts:     o,
		store:    o.Store,
		log:      o.Log,
		policy:   Policy{RepeatAfter: o.RepeatAfter, Routes: routes(o.Receivers)},
		composer: composer{receivers: make(map[string]Receiver), runbooks: o.Runbooks, external: o.ExternalURL},
		wake:     make(map[string]chan struct{}),
	}
	for _, r := range o.Receivers {
		rt.composer.receivers[r.Name()] = r
		rt.wake[r.Name()] = make(chan struct{}, 1)
	}
	seen, err := o.Store.WatchdogLastSeen(context.Background())
	if err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	if !seen.IsZero() {
		rt.watchdog.Store(seen.UnixNano())
	}
	if rt.metrics, err = newMetrics(o.Registry, rt); err != nil {
		return nil, fmt.Errorf("router: register metrics: %w", err)
	}
	pages, err := web.New(web.Options{Store: o.Store, Runbooks: o.Runbooks, ExternalURL: o.ExternalURL, Log: o.Log})
	if err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	rt.handler = rt.routes(pages)
	return rt, nil
}

// routes says who gets which severity: all receivers of its type.
func routes(receivers []Receiver) map[alert.Severity][]store.Target {
	out := make(map[alert.Severity][]store.Target)
	for sev, typ := range map[alert.Severity]string{
		alert.Critical: TypeSMS, alert.Warning: TypeTicket, alert.Info: TypeLogline,
	} {
		for _, r := range receivers {
			if r.Type() == typ {
				out[sev] = append(out[sev], store.Target{Name: r.Name(), Type: typ})
			}
		}
	}
	return out
}

// Run delivers messages until ctx is done, and returns nil after all its
// goroutines have ended. It must run once at a time.
func (rt *Router) Run(ctx context.Context) error {
	count, err := rt.store.Recover(ctx, time.Now())
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("run router: %w", err)
	}
	if count > 0 {
		rt.log.Info("messages that were being sent when the router stopped are sent again", "count", count)
	}
	var wg sync.WaitGroup
	for _, name := range slices.Sorted(maps.Keys(rt.composer.receivers)) {
		wg.Go(func() { rt.deliver(ctx, rt.composer.receivers[name]) })
	}
	wg.Wait()
	return nil
}

// Handler serves the API and the pages at "/".
func (rt *Router) Handler() http.Handler { return rt.handler }

// accept decides about g and stores the decision; after nil it is durable.
func (rt *Router) accept(ctx context.Context, g alert.Group, now time.Time) error {
	var d Decision
	var ch store.Change
	err := rt.store.Accept(ctx, g, now, func(st store.GroupState) (store.Change, error) {
		d = Decide(st, g, now, rt.policy)
		ch = rt.composer.change(d, now)
		return ch, nil
	})
	if err != nil {
		return err // d and ch may still be in use by the writer
	}
	if d.Watchdog {
		rt.watchdog.Store(now.UnixNano())
	}
	if d.Message != nil {
		rt.log.Info("people are told", "group_key", g.GroupKey, "incident", d.Incident.ID,
			"outcome", d.Outcome, "severity", d.Message.Severity, "status", d.Message.Status)
	}
	for _, n := range ch.Notifications {
		select {
		case rt.wake[n.Receiver] <- struct{}{}:
		default: // it is awake, or will be
		}
	}
	return nil
}

func (rt *Router) watchdogLastSeen() time.Time {
	if n := rt.watchdog.Load(); n != 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

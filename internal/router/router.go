// Package router turns Alertmanager's webhooks into messages to people:
// critical to a phone, warning to a ticket, info to a log. It accepts a group,
// decides what is new, stores that and what follows in one transaction, answers
// 2xx, and then delivers, again and again if need be. cmd/alertrouter and
// internal/stack run it, and hand in its pages and runbooks if it is to have any.
//
// It never judges whether an alert is right, never groups, inhibits or silences
// (Alertmanager does), and never loses what it answered 2xx.
package router

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/link"
	"goldensignals/internal/router/silence"
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
	Plan                  // who is told what; Receivers are required
	Store    *store.Store // required; the caller closes it after Run has returned
	Runbooks Runbooks     // nil: no runbooks
	// Pages makes the pages. Nil: there are none, only the API.
	Pages func(Shown) (Pages, error)
	// ExternalURL is where people reach the router; links in messages and
	// pages start with it. Required, absolute.
	ExternalURL *url.URL
	Registry    *prometheus.Registry // nil: a new one; served at /metrics
	Log         *slog.Logger         // nil: discarded
	MaxBody     int64                // bytes of one webhook; 16 MiB
	// LinkKey signs the links in messages by which people act. Zero: there are none.
	LinkKey link.Key
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
	o.Plan.setDefaults()
	if o.ExternalURL != nil { // JoinPath leaves out the slash that links need
		u := *o.ExternalURL
		u.Path = "/" + strings.TrimPrefix(u.Path, "/")
		o.ExternalURL = &u
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
	if o.MaxBody < 0 {
		return errors.New("option MaxBody: want no negative value")
	}
	return o.Plan.validate()
}

// Router is one alert router. Its Handler is safe for concurrent use.
type Router struct {
	opts     Options
	store    *store.Store
	log      *slog.Logger
	metrics  *metrics
	handler  http.Handler
	public   http.Handler
	pages    Pages
	setting  atomic.Pointer[setting]
	reloaded chan struct{} // holds one: the setting is another one
	attend   chan struct{} // holds one: something was written that has a due time
	formKey  link.Key      // of forms; another one at each start, if there is none for links
	watchdog watchdog
	kept     atomic.Pointer[[]silence.Kept] // silences made here that are active, or ended within the hour
	asked    atomic.Pointer[askedAlerts]
	muted    map[string]string    // :: incident -> what mutes it; attendTo's
	gone     map[string]time.Time // :: incident -> since when Alertmanager does not have it; attendTo's

	mu   sync.Mutex
	bell map[string]chan struct{} // :: receiver name -> there is something to send
}

// setting is what follows from one plan. It never changes; a reload makes another.
type setting struct {
	plan     Plan
	policy   Policy
	composer composer
	store    *store.Store
	log      *slog.Logger
	metrics  *metrics
	pages    Pages
	taken    atomic.Bool // by Run, or by whoever replaced it before
}

// New returns a router. It reads the store, and starts nothing.
func New(o Options) (*Router, error) {
	o.setDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	rt := &Router{
		opts: o, store: o.Store, log: o.Log, pages: noPages{},
		reloaded: make(chan struct{}, 1),
		attend:   make(chan struct{}, 1),
		bell:     make(map[string]chan struct{}),
		muted:    make(map[string]string),
	}
	if rt.formKey = o.LinkKey; rt.formKey.IsZero() {
		var secret [link.KeySize]byte
		_, _ = rand.Read(secret[:]) // never fails
		rt.formKey = link.New(secret)
	}
	seen, err := o.Store.WatchdogLastSeen(context.Background())
	if err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	rt.watchdog.see(seen)
	if rt.metrics, err = newMetrics(o.Registry, rt); err != nil {
		return nil, fmt.Errorf("router: register metrics: %w", err)
	}
	if o.Pages != nil {
		rt.pages, err = o.Pages(Shown{Store: rt.store, ExternalURL: o.ExternalURL, Log: rt.log, Actions: Actions{rt}, OnCall: rt.onCall})
		if err != nil {
			return nil, fmt.Errorf("router: %w", err)
		}
	}
	rt.set(o.Plan)
	if err := rt.buildHandlers(); err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	return rt, nil
}

func (rt *Router) buildHandlers() (err error) {
	if rt.handler, err = instrument(rt.opts.Registry, rt.routes(rt.pages.All())); err != nil {
		return err
	}
	rt.public, err = instrument(rt.opts.Registry, rt.publicRoutes(rt.pages.Public()))
	return err
}

// onCall says who is told now, as the plan has it.
func (rt *Router) onCall(now time.Time) []Duty {
	if f := rt.setting.Load().plan.OnCall; f != nil {
		return f(now)
	}
	return nil
}

// Apply replaces the plan. What is being sent is finished by the receivers of the
// old one; what waits for a receiver that is gone goes to one of the same type.
// After an error the old plan stays.
func (rt *Router) Apply(p Plan) error {
	p.setDefaults()
	if err := p.validate(); err != nil {
		return fmt.Errorf("router: %w", err)
	}
	rt.set(p)
	ring(rt.reloaded)
	return nil
}

// set replaces the setting. Run takes each setting that it finds; one that it
// never saw is closed here.
func (rt *Router) set(p Plan) {
	s := &setting{
		plan: p, policy: p.policy(), store: rt.store, log: rt.log, metrics: rt.metrics, pages: rt.pages,
		composer: composer{
			receivers: make(map[string]Receiver), runbooks: rt.opts.Runbooks, external: rt.opts.ExternalURL,
			notBefore: p.NotBefore, lapsed: rt.lapsed,
		},
	}
	if !rt.opts.LinkKey.IsZero() {
		s.composer.action = func(incident string, now time.Time) string {
			token := rt.opts.LinkKey.Sign(link.Claim{Incident: incident, Expires: now.Add(p.LinksValidFor)})
			return rt.opts.ExternalURL.JoinPath("i", token).String()
		}
	}
	for _, r := range p.Receivers {
		s.composer.receivers[r.Name()] = r
		rt.metrics.expect(r.Name())
	}
	if old := rt.setting.Swap(s); old != nil && old.taken.CompareAndSwap(false, true) {
		rt.closeReceivers(old)
	}
}

// closeReceivers closes what is used no more.
func (rt *Router) closeReceivers(s *setting) {
	for _, r := range s.plan.Receivers {
		if c, ok := r.(io.Closer); ok {
			if err := c.Close(); err != nil {
				rt.log.Warn("close receiver", "receiver", r.Name(), "err", err)
			}
		}
	}
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
	defer wg.Wait()
	wg.Go(func() {
		defer rt.pages.Close() // at once: a server that ends waits for streams
		rt.attendTo(ctx)
	})
	rt.setting.Load().taken.Store(false) // of an earlier Run
	for ctx.Err() == nil {
		rt.deliverUntilReload(ctx)
	}
	return nil
}

// Runner is a receiver that has something to do all the time, such as keeping a
// connection. Run ends with ctx. A receiver that is an io.Closer is closed once it
// is used no more.
type Runner interface {
	Run(ctx context.Context) error
}

// deliverUntilReload runs the lanes of the setting until it is replaced.
func (rt *Router) deliverUntilReload(ctx context.Context) {
	s := rt.setting.Load()
	if !s.taken.CompareAndSwap(false, true) {
		return // it has been replaced already, so there is another one now
	}
	rt.adopt(ctx, s)
	var lanes, runners sync.WaitGroup
	laneCtx, stopLanes := context.WithCancel(ctx)
	runCtx, stopRunners := context.WithCancel(ctx)
	for _, r := range s.plan.Receivers {
		if runner, ok := r.(Runner); ok {
			runners.Go(func() {
				if err := runner.Run(runCtx); err != nil && runCtx.Err() == nil {
					rt.log.Error("run receiver", "receiver", r.Name(), "err", err)
				}
			})
		}
		lanes.Go(func() { newLane(s, r, s.plan.Limits[r.Name()], rt.bellOf(r.Name())).run(laneCtx, ctx) })
	}
	for rt.setting.Load() == s && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-rt.reloaded: // or an earlier reload, that was seen already
		}
	}
	stopLanes()
	lanes.Wait()
	stopRunners()
	runners.Wait()
	rt.closeReceivers(s)
}

// adopt gives what waits for receivers that are gone to one of the same type.
func (rt *Router) adopt(ctx context.Context, s *setting) {
	orphans, err := rt.store.Orphans(ctx, s.plan.everybody())
	if err != nil {
		rt.log.Error("look for messages without a receiver", "err", err)
		return
	}
	for _, o := range orphans {
		heir := s.heir(o.Type)
		n := heir.Compose(alert.Notification{Receiver: heir.Name(), CreatedAt: time.Now()}, nil)
		count, err := rt.store.Adopt(ctx, o.Name, heir.Name(), n.To)
		if err != nil {
			rt.log.Error("hand over messages", "from", o.Name, "to", heir.Name(), "err", err)
			continue
		}
		rt.log.Warn("messages of a receiver that is gone are sent by another", "from", o.Name, "to", heir.Name(), "count", count)
	}
}

// heir is the first receiver of a type; the first of all if there is none.
func (s *setting) heir(typ string) Receiver {
	for _, r := range s.plan.Receivers {
		if r.Type() == typ {
			return r
		}
	}
	return s.plan.Receivers[0]
}

// ring wakes whoever waits for c, now or next.
func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake, or will be
	}
}

// bellOf returns the channel that wakes the lane of a receiver.
func (rt *Router) bellOf(receiver string) chan struct{} {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	c, ok := rt.bell[receiver]
	if !ok {
		c = make(chan struct{}, 1)
		rt.bell[receiver] = c
	}
	return c
}

// Handler serves the API and the pages at "/".
func (rt *Router) Handler() http.Handler { return rt.handler }

// PublicHandler serves, without a password, only what carries its own proof: the
// links in messages, and the callbacks of SMS providers.
func (rt *Router) PublicHandler() http.Handler { return rt.public }

// accept decides about g and stores the decision; after nil it is durable.
func (rt *Router) accept(ctx context.Context, g alert.Group, now time.Time) error {
	s := rt.setting.Load()
	return rt.acceptAs(ctx, g, now, s, s.policy)
}

func (rt *Router) acceptAs(ctx context.Context, g alert.Group, now time.Time, s *setting, p Policy) error {
	var d Decision
	var ch store.Change
	err := rt.store.Accept(ctx, g, now, func(st store.GroupState) (store.Change, error) {
		d = Decide(st, g, now, p)
		ch = s.composer.change(d, now)
		return ch, nil
	})
	if err != nil {
		return err // d and ch may still be in use by the writer
	}
	if d.Watchdog {
		rt.watchdog.see(now)
	}
	if d.Message != nil {
		rt.log.Info("people are told", "group_key", g.GroupKey, "incident", d.Incident.ID,
			"outcome", d.Outcome, "severity", d.Message.Severity, "status", d.Message.Status)
	}
	rt.announce(ch)
	return nil
}

// amend changes one incident by a decision; after nil it is durable.
func (rt *Router) amend(ctx context.Context, incident string, now time.Time, decide func(store.Incident) (store.Change, error)) error {
	var ch store.Change
	err := rt.store.Amend(ctx, incident, now, func(inc store.Incident) (store.Change, error) {
		var err error
		ch, err = decide(inc)
		return ch, err
	})
	if err != nil {
		return err
	}
	rt.announce(ch)
	return nil
}

// announce wakes whoever has to do with a stored change.
func (rt *Router) announce(ch store.Change) {
	for _, n := range ch.Notifications {
		ring(rt.bellOf(n.Receiver))
	}
	rt.pages.Notify()
	if ch.Incident != nil && len(ch.Incident.Escalations) > 0 {
		ring(rt.attend)
	}
}

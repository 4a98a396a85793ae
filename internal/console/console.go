// Package console is the web page of gameday: the four golden signals of every
// service, the alerts and what became of them, the silences, what people were
// sent, the faults, the repairs and the live drill, with the forms that inject
// and clear faults, apply repairs, silence an alert and stop the drill. It also
// serves the JSON that the command line speaks, which package faultapi makes.
//
// The stack mounts it at "/". It asks Prometheus, Alertmanager and the router
// over their public HTTP APIs and keeps nothing: what it shows is what they
// answered a moment ago. It never evaluates a rule, never sends a message to
// a person and never decides whether an alert is right.
package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"goldensignals/internal/faultapi"
)

// Limits of the console. They are constants because nobody has needed others.
const (
	sourceTimeout   = 3 * time.Second        // an answer that takes longer is shown as missing
	refreshInterval = 2 * time.Second        // while somebody watches
	refreshGap      = 250 * time.Millisecond // least time between two refreshes, however many ask
	maxWatchers     = 64                     // open event streams
	maxAnswerBytes  = 8 << 20                // of an API's answer
	maxRequestBytes = 64 << 10               // of a form
)

// Drill is what the players of a live drill may know of it.
type Drill struct {
	Brief             string
	Elapsed, Duration time.Duration
}

// Drills is what the console needs of whoever plays live drills. Its methods
// must be safe for concurrent use; Running must be quick.
type Drills interface {
	// Running returns the drill that runs now, if one does.
	Running() (Drill, bool)
	// Stop ends it and returns once nothing of it is left. Without a drill it
	// does nothing.
	Stop()
}

// Links are the public addresses of pages that others serve, for example
// /router/phone. An empty one is not shown as a link.
type Links struct {
	Phone, Tickets, Log, Runbooks string
}

// Options configure a Console. The three addresses and Faults are required.
type Options struct {
	// Prometheus, Alertmanager and Router are the addresses below which the
	// APIs lie, for example http://prometheus:9090/prometheus.
	Prometheus, Alertmanager, Router *url.URL
	// Transport carries the requests to them; nil means a transport of the
	// console's own, over TCP.
	Transport http.RoundTripper
	Faults    faultapi.Faults
	Drills    Drills // nil: there are none
	Traces    Traces // nil: none are kept
	Links     Links
	// Hosts are the names by which browsers may reach the console beside
	// localhost and IP addresses. See GuardHost.
	Hosts []string
	// Location is the time zone of the clock times shown and of those that
	// people type; nil means time.Local.
	Location *time.Location
	// Log receives what people change and what fails; nil discards it.
	Log *slog.Logger
}

// validate names the first field that is missing or unusable.
func (o Options) validate() error {
	for _, u := range []struct {
		name string
		url  *url.URL
	}{{"Prometheus", o.Prometheus}, {"Alertmanager", o.Alertmanager}, {"Router", o.Router}} {
		if u.url == nil || u.url.Host == "" || (u.url.Scheme != "http" && u.url.Scheme != "https") {
			return fmt.Errorf("option %s: %v is not an address; give one such as http://127.0.0.1:9090", u.name, u.url)
		}
	}
	if o.Faults == nil {
		return errors.New("option Faults: missing; give what injects faults")
	}
	return nil
}

// Console serves the pages. Make one with New; it is safe for concurrent use.
type Console struct {
	opts    Options
	sources sources
	pages   *pages
	hub     *hub
	faults  *faultapi.API
	handler http.Handler
	running atomic.Bool
}

// New checks the options and prepares the pages. It starts nothing.
func New(opts Options) (*Console, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	if opts.Transport == nil {
		opts.Transport = &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}
	}
	if opts.Location == nil {
		opts.Location = time.Local
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	p, err := newPages(opts.Location)
	if err != nil {
		return nil, fmt.Errorf("prepare pages: %w", err)
	}
	c := &Console{
		opts:    opts,
		sources: newSources(opts),
		pages:   p,
		hub:     newHub(),
	}
	c.faults = faultapi.New(faultapi.Options{Faults: opts.Faults, Log: opts.Log, OnChange: c.hub.poke, Hidden: c.drillRuns})
	c.handler = c.routes()
	return c, nil
}

// Handler returns the console's pages and API, to be mounted at "/".
func (c *Console) Handler() http.Handler { return c.handler }

// Run keeps the pages of those who watch fresh until ctx is done; then it ends
// their event streams and returns nil. Cancel ctx before shutting the HTTP
// server down, or the server waits for the watchers. Run can be called once.
func (c *Console) Run(ctx context.Context) error {
	if !c.running.CompareAndSwap(false, true) {
		return errors.New("run console: it was run before; make a new one")
	}
	defer c.hub.close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.hub.wake:
			c.follow(ctx)
		}
	}
}

// follow refreshes while somebody watches.
func (c *Console) follow(ctx context.Context) {
	tick := time.NewTicker(refreshInterval)
	defer tick.Stop()
	for c.hub.watched() {
		c.refresh(ctx)
		if !pause(ctx, refreshGap) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-c.hub.wake:
		case <-tick.C:
		}
	}
}

// refresh renders every section once, for all who watch.
func (c *Console) refresh(ctx context.Context) {
	v := c.view(ctx)
	sections, err := c.pages.sections(v)
	if err != nil {
		c.opts.Log.Error("render sections", "err", err)
		return
	}
	if ctx.Err() == nil { // else the sources look broken, although we are ending
		c.hub.publish(sections)
	}
}

// pause waits for d and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Package stack wires the parts into one running whole: the shop and its
// users, the engines, the router and the console. It is the only package that
// knows everybody; the parts do not know one another beyond the addresses
// they are given. It decides nothing about alerts.
package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"goldensignals/alerts"
	"goldensignals/internal/engine"
)

// stopTimeout bounds how long one server may take to finish what it has begun.
const stopTimeout = 2 * time.Second

// Options configure a Stack. The zero value of each field is explained; all
// but PublicURL may be left zero.
type Options struct {
	// Network joins the parts. Nil means a new Loopback.
	Network Network
	// DataDir keeps series, silences and notifications. Empty means a
	// temporary folder that is removed at the end.
	DataDir string
	// PublicURL is where people reach Handler, such as http://127.0.0.1:8080.
	PublicURL *url.URL
	// Rules and Alertmanager yield the alert design. Nil means the shipped one.
	Rules        engine.RuleSource
	Alertmanager engine.ConfigSource
	// Interval is how often targets are scraped and rules evaluated. Zero means 5s.
	Interval time.Duration
	// RPS is how many requests the users send per second. Zero means 40.
	RPS float64
	// Remember is how long what users saw is kept. Zero means 24h.
	Remember time.Duration
	// History is what the charts show of the time before the start. The zero
	// value means nothing.
	History History
	// Seed of everything random. The same seed gives the same users.
	Seed uint64
	// Volatile leaves out the waits for the disk that make a crash harmless:
	// for replays, whose data nobody needs afterwards.
	Volatile bool
	// Traces says that the failed and the slowest traces are kept and shown,
	// and sent to a collector if the process's OTEL_* environment names one.
	// Replays do without: nobody could look at theirs.
	Traces bool
	// Log is where the parts log. Nil discards.
	Log *slog.Logger
}

func (o *Options) setDefaults() {
	if o.Network == nil {
		o.Network = &Loopback{}
	}
	if o.Rules == nil {
		o.Rules = engine.RulesFromFS(alerts.FS())
	}
	if o.Alertmanager == nil {
		o.Alertmanager = engine.ConfigFromFS(alerts.FS(), "alertmanager.yml")
	}
	if o.Interval == 0 {
		o.Interval = 5 * time.Second
	}
	if o.RPS == 0 {
		o.RPS = 40
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Stack is the whole platform in one process. Several may run side by side.
type Stack struct {
	opts     Options
	reports  string // folder for the reports of live drills; empty: nothing would keep it
	parts    parts
	handler  http.Handler
	failed   chan error // a part that ended although nobody asked it to
	cleanups []cleanup
}

// cleanup is one named step of stopping. The steps run last to first.
type cleanup struct {
	name string
	stop func() error
}

// New checks and builds every part and opens its servers on the network.
// Nothing moves before Run; on error nothing is left behind.
func New(ctx context.Context, opts Options) (*Stack, error) {
	opts.setDefaults()
	if opts.PublicURL == nil {
		return nil, errors.New("PublicURL is required")
	}
	s := &Stack{opts: opts, failed: make(chan error, 8)}
	if err := s.build(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// Handler serves everything at one address: the console at /, the unmodified
// APIs below /prometheus/ and /alertmanager/, the router below /router/.
func (s *Stack) Handler() http.Handler { return s.handler }

// Reload reads rules and Alertmanager configuration again. What cannot be
// read changes nothing.
func (s *Stack) Reload() error { return s.parts.engine.Reload() }

// Run starts the parts and blocks until ctx is done or a part fails, then
// stops them in reverse. It is called once.
func (s *Stack) Run(ctx context.Context) error {
	err := s.start(ctx)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-s.failed:
		}
	}
	return errors.Join(err, s.stop())
}

// Close stops a stack that was built but is not run.
func (s *Stack) Close() error { return s.stop() }

// start sets the parts going in the order in which data flows backwards, so
// that whoever receives is there before whoever sends.
func (s *Stack) start(ctx context.Context) error {
	s.goRun(ctx, "router", s.parts.router.Run)
	makeHistory, err := s.prepareHistory()
	if err != nil {
		return fmt.Errorf("prepare the history: %w", err)
	}
	if err := s.parts.engine.Start(); err != nil {
		return fmt.Errorf("start engines: %w", err)
	}
	s.goRun(ctx, "history", makeHistory)
	s.goRun(ctx, "users", s.parts.users.Run)
	s.goRun(ctx, "console", s.parts.console.Run)
	s.onStop("drill", s.parts.drills.close) // first of all, while it can still clear up
	return nil
}

// goRun runs a part on a goroutine of its own until the stack stops. Its
// context outlives ctx: parts end in order, not all at once.
func (s *Stack) goRun(ctx context.Context, name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			s.failed <- fmt.Errorf("run %s: %w", name, err)
		}
	}()
	s.onStop(name, func() error {
		cancel()
		<-done
		return nil
	})
}

func (s *Stack) onStop(name string, stop func() error) {
	s.cleanups = append(s.cleanups, cleanup{name, stop})
}

func (s *Stack) stop() error {
	var errs []error
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		if err := s.cleanups[i].stop(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", s.cleanups[i].name, err))
		}
	}
	s.cleanups = nil
	return errors.Join(errs...)
}

// serve opens a server on the stack's network for as long as the stack lives.
func (s *Stack) serve(addr string, h http.Handler) error {
	stop, err := s.opts.Network.Serve(addr, h)
	if err != nil {
		return err
	}
	s.onStop(addr, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		return stop(ctx)
	})
	return nil
}

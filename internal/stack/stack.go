// Package stack wires the parts into one running whole: the shop and its users,
// the engines and the router, joined by a network. The parts do not know one
// another beyond the addresses they are given. It has what a replay and a live
// stack have in common, and nothing that people look at: package replay plays it
// in virtual time, package live hands in pages, and puts console and drills
// beside it. It decides nothing about alerts.
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
	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
	"goldensignals/internal/referee"
	"goldensignals/internal/router"
	"goldensignals/internal/trace"
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
	// PublicURL is where people reach everything, such as http://127.0.0.1:8080.
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
	// Seed of everything random. The same seed gives the same users.
	Seed uint64
	// Started is when the services started, if they take the place of those of an
	// earlier stack whose series are in DataDir. Zero: now.
	Started time.Time
	// Volatile leaves out the waits for the disk that make a crash harmless:
	// for replays, whose data nobody needs afterwards.
	Volatile bool
	// Runbooks and Pages are those of the router. Nil means none.
	Runbooks router.Runbooks
	Pages    func(router.Shown) (router.Pages, error)
	// Spans hears of all that services and users do. Nil means that nobody does.
	Spans Spans
	// Drills are live drills, for the metrics of the game day. The zero value
	// means that there are none.
	Drills Drills
	// Log is where the parts log. Nil discards.
	Log *slog.Logger
}

// Spans is told of every span when it ends. Record must be safe for concurrent use.
type Spans interface{ Record(trace.Span) }

// Drills tell of live drills. The functions must be safe for concurrent use; nil
// means never.
type Drills struct {
	// Running reports whether one runs.
	Running func() bool
	// Scored returns the last one that was scored, and when it ended.
	Scored func() (drill.Result, time.Time, bool)
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
	if o.Drills.Running == nil {
		o.Drills.Running = func() bool { return false }
	}
	if o.Drills.Scored == nil {
		o.Drills.Scored = func() (drill.Result, time.Time, bool) { return drill.Result{}, time.Time{}, false }
	}
}

// Stack is shop, engines and router in one process. Several may run side by side.
type Stack struct {
	opts     Options
	parts    parts
	game     referee.Options
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
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Options returns those of the stack, with all defaults filled in.
func (s *Stack) Options() Options { return s.opts }

// Game is what a referee must know of the stack. What to play and when is for the
// caller to add.
func (s *Stack) Game() referee.Options { return s.game }

// Engine is Prometheus and Alertmanager.
func (s *Stack) Engine() *engine.Engine { return s.parts.engine }

// Router is the alert router.
func (s *Stack) Router() *router.Router { return s.parts.router }

// Faults breaks and mends the services.
func (s *Stack) Faults() Faults { return Faults{s.parts.services} }

// Users are the load.
func (s *Stack) Users() Users { return Users{s.parts.users} }

// Reload reads rules and Alertmanager configuration again. What cannot be
// read changes nothing.
func (s *Stack) Reload() error { return s.parts.engine.Reload() }

// Run starts the parts and blocks until ctx is done or a part fails, then
// closes the stack. It is called once.
func (s *Stack) Run(ctx context.Context) error {
	err := s.Start(ctx)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-s.failed:
		}
	}
	return errors.Join(err, s.Close())
}

// Start sets the parts going in the order in which data flows backwards, so
// that whoever receives is there before whoever sends. They outlive ctx: Close
// stops them, also after an error.
func (s *Stack) Start(ctx context.Context) error {
	s.goRun(ctx, "router", s.parts.router.Run)
	if err := s.parts.engine.Start(); err != nil {
		return fmt.Errorf("start engines: %w", err)
	}
	s.goRun(ctx, "users", s.parts.users.Run)
	return nil
}

// Failed says why a part has ended although nobody asked it to.
func (s *Stack) Failed() <-chan error { return s.failed }

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

// Close stops what was started and built, in reverse.
func (s *Stack) Close() error {
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

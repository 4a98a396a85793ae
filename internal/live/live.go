// Package live is a stack that people play with, in real time: the console and the
// router's pages, live drills with their HTTP API and reports, traces, a past, and
// everything at one address. `gameday up` runs it; package front takes its drills and
// its house for parts that run elsewhere.
package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"

	"goldensignals/internal/console"
	"goldensignals/internal/router/web"
	"goldensignals/internal/runbook"
	"goldensignals/internal/stack"
	"goldensignals/runbooks"
)

// Options configure a Stack.
type Options struct {
	// Stack is what lies below. Its runbooks, pages, spans and drills are handed in
	// here.
	Stack stack.Options
	// History is what the charts show of the time before the start. The zero
	// value means nothing.
	History History
	// Traces says that the failed and the slowest traces are kept and shown,
	// and sent to a collector if the process's OTEL_* environment names one.
	Traces bool
}

// Stack is the whole platform in one process. Several may run side by side.
type Stack struct {
	opts    Options
	wired   *stack.Stack
	drills  *Drills
	traces  traces
	console *console.Console
	handler http.Handler
}

// New checks and builds every part and opens its servers on the network.
// Nothing moves before Run; on error nothing is left behind.
func New(ctx context.Context, o Options) (_ *Stack, err error) {
	s := &Stack{opts: o, drills: new(Drills)}
	if o.Traces {
		log := o.Stack.Log
		if log == nil {
			log = slog.New(slog.DiscardHandler)
		}
		if s.traces, err = newTraces(ctx, log); err != nil {
			return nil, err
		}
	}
	if err := s.build(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stack) build(ctx context.Context) error {
	books, err := runbook.Load(runbooks.FS())
	if err != nil {
		return fmt.Errorf("load runbooks: %w", err)
	}
	below := s.opts.Stack
	below.Runbooks, below.Pages = books, web.Pages(books)
	below.Spans = s.traces.spans()
	below.Drills = stack.Drills{Running: s.drills.Runs, Scored: s.drills.LastScored}
	if s.wired, err = stack.New(ctx, below); err != nil {
		return err
	}
	s.drills.playOn(s.drillsOptions())
	if s.console, err = s.newConsole(); err != nil {
		return fmt.Errorf("build the console: %w", err)
	}
	s.handler = Rooms{
		Prometheus: s.wired.Engine().PrometheusHandler(), Alertmanager: s.wired.Engine().AlertmanagerHandler(),
		Router: s.wired.Router().Handler(), Drills: s.drills.Handler(), Console: s.console.Handler(),
	}.House(below.PublicURL.Hostname())
	return nil
}

func (s *Stack) drillsOptions() DrillsOptions {
	below := s.wired.Options()
	o := DrillsOptions{
		Game: s.wired.Game(), Active: s.wired.Faults().Active, RPS: s.wired.Users().RPS,
		Interval: below.Interval, Remember: below.Remember, Log: below.Log,
	}
	if dir := s.opts.Stack.DataDir; dir != "" { // else nothing would keep them
		o.Folder = filepath.Join(dir, "drills")
	}
	return o
}

func (s *Stack) newConsole() (*console.Console, error) {
	game := s.wired.Game()
	o := console.Options{
		Prometheus: game.Prometheus, Alertmanager: game.Alertmanager, Router: game.Router, Transport: s.wired.Transport(),
		Faults: s.wired.Faults(), Drills: s.drills, Links: Links(), Hosts: []string{s.opts.Stack.PublicURL.Hostname()}, Log: game.Log,
	}
	if s.traces.recorder != nil {
		o.Traces = s.traces.recorder
	}
	return console.New(o)
}

// Handler serves everything at one address: see Rooms.House.
func (s *Stack) Handler() http.Handler { return s.handler }

// Faults breaks and mends the services, and tells also of what a drill hides.
func (s *Stack) Faults() stack.Faults { return s.wired.Faults() }

// Users are the load.
func (s *Stack) Users() stack.Users { return s.wired.Users() }

// Reload reads rules and Alertmanager configuration again. What cannot be
// read changes nothing.
func (s *Stack) Reload() error { return s.wired.Reload() }

// Run starts the parts and blocks until ctx is done or a part fails, then
// stops them in reverse. It is called once.
func (s *Stack) Run(ctx context.Context) error {
	makeHistory, err := s.prepareHistory()
	if err != nil {
		return errors.Join(fmt.Errorf("prepare the history: %w", err), s.Close())
	}
	if err = s.wired.Start(ctx); err == nil {
		err = s.play(ctx, makeHistory)
	}
	return errors.Join(err, s.Close())
}

// play runs what is beside the started stack until ctx is done or a part fails. A
// drill that runs ends first of all, while it can still clear up.
func (s *Stack) play(ctx context.Context, makeHistory func(context.Context)) error {
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { makeHistory(beside) })
	failed := make(chan error, 1)
	running.Go(func() {
		if err := s.console.Run(beside); err != nil {
			failed <- fmt.Errorf("run console: %w", err)
		}
	})
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.wired.Failed():
	case err = <-failed:
	}
	return errors.Join(err, s.drills.Close())
}

// Close stops a stack that was built but is not run.
func (s *Stack) Close() (err error) {
	if s.wired != nil {
		err = s.wired.Close()
	}
	s.traces.close()
	return err
}

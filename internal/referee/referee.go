// Package referee plays a scenario against a running stack and writes down what
// happened: it injects the faults and applies the repairs by the clock, creates
// the silences, watches who is muted, and collects alerts, messages, repairs and
// the users' truth at the end. The same referee plays replays and live drills,
// since it knows a stack only by its public APIs. It judges nothing: package
// drill scores what it recorded.
package referee

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

// Faults breaks and mends services.
type Faults interface {
	Inject(fault.Fault) (fault.Active, error)
	Clear(kind, service string) ([]fault.Active, error) // without an error, none of them acts any more
	Apply(repair, service string) (fault.Applied, error)
	Undo(service string) error // takes back what repairs have added; empty: to every service
	Applied() []fault.Applied
}

// Users is the load and its memory.
type Users interface {
	SetRPS(float64) error
	Seen(from, to time.Time) ([]drill.Second, error)
}

// Options say what to play and where. Fields without a stated default are
// required.
type Options struct {
	Scenario *drill.Scenario
	// Start is minute zero. Play waits for it; if it has passed, the clock of
	// the scenario is late by as much.
	Start time.Time
	// Since is the beginning of what is watched and collected, such as the
	// history's. Zero means Start.
	Since time.Time
	Seed  uint64 // noted in the run
	// The base URLs of the three APIs, and what carries the requests.
	Prometheus, Alertmanager, Router *url.URL
	Transport                        http.RoundTripper
	Faults                           Faults
	Users                            Users
	// Sample is how often the referee looks who is muted: spans of muting are
	// known to this precision. Zero means 5s.
	Sample time.Duration
	// OnProgress hears the time since minute zero at every sample. Nil: nobody.
	OnProgress func(time.Duration)
	Log        *slog.Logger // nil: discarded
}

// cleanupTimeout bounds how long an aborted drill may take to clear up.
const cleanupTimeout = 10 * time.Second

// Play plays the scenario to its end and returns what was recorded. When ctx
// ends early it returns the context's cause. Either way no fault and no silence
// of the scenario is left behind, and nothing that a repair has added; nor is
// there any at the beginning, so that every run begins alike.
func Play(ctx context.Context, o Options) (run drill.Run, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Sample == 0 {
		o.Sample = 5 * time.Second
	}
	if o.Since.IsZero() {
		o.Since = o.Start
	}
	g := &game{Options: o, api: api{client: &http.Client{Transport: o.Transport, Timeout: time.Minute}}, muting: newMuting()}
	defer func() { err = errors.Join(err, g.clearUp(ctx)) }()
	if err := o.Faults.Undo(""); err != nil {
		return drill.Run{}, fmt.Errorf("take back earlier repairs: %w", err)
	}
	if err := g.play(ctx); err != nil {
		return drill.Run{}, fmt.Errorf("play %s: %w", o.Scenario.Name, err)
	}
	if run, err = g.collect(ctx); err != nil {
		return drill.Run{}, fmt.Errorf("collect what happened in %s: %w", o.Scenario.Name, err)
	}
	return run, nil
}

// game is one run of a scenario.
type game struct {
	Options
	api      api
	muting   *muting
	injected []fault.Fault
	silences []string // IDs
}

// play walks through the history and the timeline. Between its steps it looks who is muted and
// keeps the load to its shape.
func (g *game) play(ctx context.Context) error {
	end := g.Start.Add(g.Scenario.Duration)
	steps := g.Scenario.Timeline
	next := g.Since
	for {
		due := min(next.Sub(g.Start), g.Scenario.Duration)
		if len(steps) > 0 {
			due = min(due, steps[0].At)
		}
		if err := waitUntil(ctx, g.Start.Add(due)); err != nil {
			return err
		}
		now := time.Now()
		for len(steps) > 0 && !g.Start.Add(steps[0].At).After(now) {
			if err := g.step(ctx, steps[0], now); err != nil {
				return err
			}
			steps = steps[1:]
		}
		if !now.Before(end) {
			return nil
		}
		if now.Before(next) {
			continue
		}
		if err := g.sample(ctx, now); err != nil {
			return err
		}
		for !next.After(now) {
			next = next.Add(g.Sample)
		}
	}
}

func waitUntil(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func (g *game) step(ctx context.Context, s drill.Step, now time.Time) error {
	switch {
	case s.Fault != nil:
		g.injected = append(g.injected, *s.Fault) // first: it may act although the answer is lost
		if _, err := g.Faults.Inject(*s.Fault); err != nil {
			return fmt.Errorf("inject fault at %v: %w", s.At, err)
		}
	case s.Fix != nil:
		_, err := g.Faults.Apply(s.Fix.Repair, s.Fix.Service)
		if _, busy := errors.AsType[*fault.BusyError](err); busy { // somebody else repairs it at this moment
			g.Log.Warn("repair of the drill left out", "repair", s.Fix.Repair, "service", s.Fix.Service, "err", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("apply repair at %v: %w", s.At, err)
		}
	case s.Silence != nil:
		id, err := g.api.createSilence(ctx, g.Alertmanager, s.Silence.StartingAt(now))
		if err != nil {
			return fmt.Errorf("create silence at %v: %w", s.At, err)
		}
		g.silences = append(g.silences, id)
	}
	return nil
}

func (g *game) sample(ctx context.Context, now time.Time) error {
	if err := g.Users.SetRPS(g.Scenario.Load.RateAt(now.Sub(g.Start))); err != nil {
		return fmt.Errorf("set the load: %w", err)
	}
	alerts, err := g.api.alerts(ctx, g.Alertmanager)
	if err != nil {
		return err
	}
	if err := g.muting.look(ctx, g, alerts, now); err != nil {
		return err
	}
	if g.OnProgress != nil {
		g.OnProgress(now.Sub(g.Start))
	}
	return nil
}

// clearUp ends the faults and silences of the scenario that are still there, and
// takes back what repairs have added, whoever applied them.
// It works on after ctx is done: an aborted drill must not go on hurting.
func (g *game) clearUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	var errs []error
	for _, f := range g.injected {
		if _, err := g.Faults.Clear(f.Kind, f.Service); err != nil {
			errs = append(errs, fmt.Errorf("clear %s: %w", f.Kind, err))
		}
	}
	errs = append(errs, g.Faults.Undo(""))
	for _, id := range g.silences {
		errs = append(errs, g.api.expireSilence(ctx, g.Alertmanager, id))
	}
	return errors.Join(errs...)
}

// Quiet reports whether since o.Since no alert has been pending or firing and nobody was
// told anything. It may be asked while nobody plays.
func Quiet(ctx context.Context, o Options) (bool, error) {
	g := &game{Options: o, api: api{client: &http.Client{Transport: o.Transport, Timeout: time.Minute}}, muting: newMuting()}
	now := time.Now()
	spans, err := g.alertSpans(ctx, now)
	if err != nil {
		return false, err
	}
	told, err := g.notifications(ctx, now)
	return len(spans)+len(told) == 0, err
}

func (g *game) collect(ctx context.Context) (drill.Run, error) {
	end := time.Now()
	spans, err := g.alertSpans(ctx, end)
	if err != nil {
		return drill.Run{}, err
	}
	notifications, err := g.notifications(ctx, end)
	if err != nil {
		return drill.Run{}, err
	}
	seen, err := g.Users.Seen(g.Since, end)
	if err != nil {
		return drill.Run{}, fmt.Errorf("ask what users saw: %w", err)
	}
	return drill.Run{
		Start: g.Start, Seed: g.Seed, Virtual: end.Sub(g.Since),
		Seen: seen, Notifications: notifications, Alerts: spans,
		Repairs: g.repairs(end),
	}, nil
}

// repairs lists those that were ordered during the drill, by whomever.
func (g *game) repairs(end time.Time) []fault.Applied {
	return slices.DeleteFunc(g.Faults.Applied(), func(a fault.Applied) bool { return a.At.Before(g.Start) || a.At.After(end) })
}

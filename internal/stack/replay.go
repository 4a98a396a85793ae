package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
	"goldensignals/internal/referee"
)

// replayURL is where a replayed stack would be reached. It is the default of
// `gameday up`, so that the links in a replay's messages open in a live stack.
func replayURL() *url.URL { return &url.URL{Scheme: "http", Host: "127.0.0.1:8080"} }

// settle is how long the stack runs before the history begins, so that its
// first scrape is not the beginning of the history.
const settle = time.Minute

// ReplayOptions say what to replay.
type ReplayOptions struct {
	Scenario *drill.Scenario
	Seed     uint64
	// Interval is how often targets are scraped and rules evaluated. Zero means 15s.
	Interval time.Duration
	// Rules and Alertmanager yield the alert design. Nil means the shipped one.
	Rules        engine.RuleSource
	Alertmanager engine.ConfigSource
	// OnProgress hears how much of the virtual time has passed. Nil: nobody.
	OnProgress func(done, total time.Duration)

	wholeHistory bool // simulate all of it; for tests
}

// Replay plays a scenario through a whole stack in virtual time and scores it.
// It must be called inside a bubble: see package bubble.
func Replay(ctx context.Context, o ReplayOptions) (drill.Result, error) {
	var run drill.Run
	err := o.afterHistory(ctx, func(ctx context.Context, _ *Stack, opts referee.Options) (err error) {
		run, err = referee.Play(ctx, opts)
		run.Virtual = o.Scenario.History + o.Scenario.Duration
		return err
	})
	if err != nil {
		return drill.Result{}, err
	}
	result, err := drill.Evaluate(o.Scenario, run)
	if err != nil {
		return drill.Result{}, fmt.Errorf("score %s: %w", o.Scenario.Name, err)
	}
	return result, nil
}

// afterHistory runs a stack in virtual time and calls play when all of the history
// is there that play does not have to walk through itself.
func (o ReplayOptions) afterHistory(ctx context.Context, play func(context.Context, *Stack, referee.Options) error) error {
	if o.Interval == 0 {
		o.Interval = 15 * time.Second
	}
	return inVirtualTime(ctx, Options{
		PublicURL: replayURL(), Rules: o.Rules, Alertmanager: o.Alertmanager,
		Interval: o.Interval, RPS: o.Scenario.Load.RPS, Seed: o.Seed,
		Remember: o.Scenario.History + o.Scenario.Duration + time.Hour,
	}, func(ctx context.Context, s *Stack) error {
		// Otherwise a quiet night would begin with the crowd of the day.
		if err := s.parts.users.SetRPS(o.Scenario.Load.RateAt(-o.Scenario.History)); err != nil {
			return fmt.Errorf("set the load: %w", err)
		}
		since := time.Now().Add(settle)
		if err := s.repeatHistory(ctx, o, since); err != nil {
			return fmt.Errorf("make the history: %w", err)
		}
		return play(ctx, s, s.refereeOptions(o, since))
	})
}

// inVirtualTime runs a stack on a network in memory for as long as do takes.
func inVirtualTime(ctx context.Context, o Options, do func(context.Context, *Stack) error) error {
	o.Network, o.Volatile = &bubble.Network{}, true
	s, err := New(ctx, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() {
		err := s.Run(ctx)
		cancel() // a part has failed: nothing to wait for
		stopped <- err
	}()
	err = do(ctx, s)
	cancel()
	return errors.Join(<-stopped, err)
}

// refereeOptions say what to play. What is simulated begins at since.
func (s *Stack) refereeOptions(o ReplayOptions, since time.Time) referee.Options {
	start := since.Add(o.simulated())
	total := o.Scenario.History + o.Scenario.Duration
	return referee.Options{
		Scenario: o.Scenario, Start: start, Since: since, Seed: o.Seed, Sample: o.Interval,
		Prometheus:   s.base(prometheusAddr, "prometheus"),
		Alertmanager: s.base(alertmanagerAddr, "alertmanager"),
		Router:       s.base(routerAddr, ""),
		Transport:    s.opts.Network.Transport(),
		Faults:       faults{s.parts.services},
		Users:        users{s.parts.users},
		OnProgress: func(sinceStart time.Duration) {
			if o.OnProgress != nil {
				o.OnProgress(o.Scenario.History+sinceStart, total)
			}
		},
		Log: s.opts.Log,
	}
}

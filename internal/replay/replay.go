// Package replay plays drills in virtual time, in child processes that have no more
// than they need: a stack on a network in memory, and a referee. It also makes the
// healthy history of a stack. What people look at is not linked here, so that a
// changed page changes no replay. Commands and tests call it.
package replay

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
	"goldensignals/internal/stack"
)

// replayURL is where a replayed stack would be reached. It is the default of
// `gameday up`, so that the links in a replay's messages open in a live stack.
func replayURL() *url.URL { return &url.URL{Scheme: "http", Host: "127.0.0.1:8080"} }

// Options say what to replay.
type Options struct {
	Scenario *drill.Scenario
	Seed     uint64
	// Interval is how often targets are scraped and rules evaluated. Zero means 15s.
	Interval time.Duration
	// Rules and Alertmanager yield the alert design. Nil means the shipped one.
	Rules        engine.RuleSource
	Alertmanager engine.ConfigSource
	// Drills are live drills that somebody plays beside it. The zero value: nobody does.
	Drills stack.Drills
	// Past is a folder with the series of the history. Empty: the history is made
	// first.
	Past string
	// LateStart allows the drill's stack to start minutes after minute zero, if Past
	// has what happened until then: nothing. Whoever looks must not want to see it.
	LateStart bool
	// Observers watch the drill while the referee plays it.
	Observers []Observer
	// OnProgress hears how much of the virtual time has passed. Nil: nobody.
	OnProgress func(done, total time.Duration)

	wholeHistory bool // simulate all of it; for tests
}

// Run plays a scenario through a whole stack in virtual time and scores it.
// It must be called inside a bubble: see package bubble.
func Run(ctx context.Context, o Options) (drill.Result, error) {
	var run drill.Run
	seen, err := o.seenBefore(o.moments(time.Now()))
	if err != nil {
		return drill.Result{}, err
	}
	err = o.afterHistory(ctx, func(ctx context.Context, _ *stack.Stack, opts referee.Options) (err error) {
		run, err = o.playWatched(ctx, opts)
		run.Virtual = o.Scenario.History + o.Scenario.Duration
		run.Seen = append(seen, run.Seen...)
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
func (o Options) afterHistory(ctx context.Context, play func(context.Context, *stack.Stack, referee.Options) error) error {
	o.Interval = o.interval()
	m := o.moments(time.Now())
	return withDataDir(func(dir string) error {
		if err := o.bringPast(ctx, m, dir); err != nil {
			return err
		}
		return inVirtualTime(ctx, o.stackOptions(m, dir), func(ctx context.Context, s *stack.Stack) error {
			// Otherwise a quiet night would begin with the crowd of the day.
			if err := s.Users().SetRPS(o.Scenario.Load.RateAt(time.Since(m.zero))); err != nil {
				return fmt.Errorf("set the load: %w", err)
			}
			return play(ctx, s, o.game(s, m))
		})
	})
}

func (o Options) interval() time.Duration {
	if o.Interval == 0 {
		return 15 * time.Second
	}
	return o.Interval
}

func (o Options) stackOptions(m moments, dataDir string) stack.Options {
	return stack.Options{
		DataDir: dataDir, PublicURL: replayURL(), Rules: o.Rules, Alertmanager: o.Alertmanager, Drills: o.Drills,
		Interval: o.Interval, RPS: o.Scenario.Load.RPS, Seed: o.Seed, Started: m.began,
		Remember: o.Scenario.History + o.Scenario.Duration + time.Hour,
	}
}

// inVirtualTime runs a stack on a network in memory for as long as do takes.
func inVirtualTime(ctx context.Context, o stack.Options, do func(context.Context, *stack.Stack) error) error {
	o.Network, o.Volatile = &bubble.Network{}, true
	s, err := stack.New(ctx, o)
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

// game says what to play.
func (o Options) game(s *stack.Stack, m moments) referee.Options {
	game := s.Game()
	game.Scenario, game.Start, game.Since, game.Sample = o.Scenario, m.zero, m.since(), o.Interval
	game.OnProgress = func(sinceStart time.Duration) { o.tell(m, m.zero.Add(sinceStart)) }
	return game
}

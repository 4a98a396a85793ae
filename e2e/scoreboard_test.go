package e2e

import (
	"context"
	"fmt"
	"sync"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/referee"
)

// scoreboard plays a drill live beside one that is replayed, as package live does.
type scoreboard struct {
	mu     sync.Mutex
	plays  bool
	result *drill.Result // nil: none has ended
	ended  time.Time
}

func (b *scoreboard) running() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.plays
}

func (b *scoreboard) scored() (drill.Result, time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.result == nil {
		return drill.Result{}, time.Time{}, false
	}
	return *b.result, b.ended, true
}

// play plays a drill to its end, and waits for a scrape after it.
func (b *scoreboard) play(ctx context.Context, game referee.Options, s *drill.Scenario) error {
	b.set(true, nil)
	game.Scenario, game.OnProgress = s, nil
	game.Start = time.Now().Truncate(game.Sample).Add(game.Sample)
	game.Since, game.Sample = game.Start, 0
	run, err := referee.Play(ctx, game)
	if err != nil {
		return err
	}
	result, err := drill.EvaluateLive(s, run)
	if err != nil {
		return fmt.Errorf("score %s: %w", s.Name, err)
	}
	b.set(false, &result)
	return sleepUntil(ctx, time.Now().Add(2*scrapeInterval))
}

func (b *scoreboard) set(plays bool, result *drill.Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plays, b.result, b.ended = plays, result, time.Now()
}

package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
	"goldensignals/internal/stack"
)

// The healthy history of a drill does not depend on the drill. So a stack of its own
// makes it, as blocks of series, and the drill's stack goes on from there: with the
// same services, whose counters start again as after a restart.
const (
	// maxSimulated is how much of a healthy history is simulated request by request.
	// What a longer one has before that are copies of it: under constant load one
	// healthy time is like another, and days of it would take minutes.
	maxSimulated = 20 * time.Minute
	// copied is how much of it, at its end, is copied: what rules record before that
	// comes from windows that are not full.
	copied = 15 * time.Minute
	// settle is how long a stack runs before anything of it counts.
	settle = time.Minute
	// lead is how long the drill's stack runs before minute zero: the windows of a
	// minute are its own by then.
	lead = 2 * time.Minute
	// handOver is the pause between the two stacks. The first has ended by then.
	handOver = time.Second
)

// progressStep is after how much virtual time a child gives a sign of life while
// nothing else does.
const progressStep = 10 * time.Minute

// moments are those of one replay, in virtual time.
type moments struct {
	began time.Time // the services are as old
	cut   time.Time // the history ends; began, if there is none
	zero  time.Time // minute zero of the drill
}

// since is the beginning of what is watched.
func (m moments) since() time.Time {
	if m.cut.Equal(m.began) {
		return m.began.Add(settle)
	}
	return m.zero.Add(settle - lead)
}

// moments of a replay that begins now.
func (o Options) moments(now time.Time) moments {
	m := moments{began: now, cut: now, zero: now.Add(settle + o.simulated())}
	if o.Scenario.History > lead {
		m.cut = m.zero.Add(-lead)
	}
	return m
}

// simulated returns how much of the history is simulated.
func (o Options) simulated() time.Duration {
	if o.Scenario.Load.Shape != drill.Constant || o.wholeHistory {
		return o.Scenario.History
	}
	return min(o.Scenario.History, maxSimulated)
}

// bringPast puts the series of the history into dataDir and returns when the drill's
// stack may start.
func (o Options) bringPast(ctx context.Context, m moments, dataDir string) error {
	if m.cut.Equal(m.began) {
		return nil
	}
	blocks := o.Past
	if blocks == "" {
		dir := filepath.Join(dataDir, "past")
		if err := o.makePast(ctx, m, dir); err != nil {
			return fmt.Errorf("make the history: %w", err)
		}
		blocks = blocksIn(dir)
	}
	if err := engine.LinkBlocks(blocks, dataDir); err != nil {
		return err
	}
	start := m.cut.Add(handOver)
	if late := time.Since(start); late > 0 {
		return fmt.Errorf("the stack that made the history took %v longer to stop than it may", late)
	}
	return passTime(ctx, start, func() {})
}

// blocksIn is where makePast leaves the series in its folder.
func blocksIn(dir string) string { return filepath.Join(dir, "blocks") }

// workIn is where the stack works that makes them.
func workIn(dir string) string { return filepath.Join(dir, "work") }

// makePast runs a stack until the cut and leaves its series, and what it worked in, in
// dir.
func (o Options) makePast(ctx context.Context, m moments, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create folder of the history: %w", err)
	}
	return inVirtualTime(ctx, o.stackOptions(m, workIn(dir)), func(ctx context.Context, s *stack.Stack) error {
		if err := o.livePast(ctx, m, s); err != nil {
			return err
		}
		if longer := o.Scenario.History - o.simulated(); longer > 0 {
			warmUp := m.cut.Sub(m.began) - copied
			if err := s.Engine().Repeat(ctx, copied, warmUp, m.zero.Add(-o.Scenario.History)); err != nil {
				return fmt.Errorf("copy the history: %w", err)
			}
		}
		return s.Engine().Snapshot(blocksIn(dir))
	})
}

// livePast waits for the cut and keeps the load to its shape until then.
func (o Options) livePast(ctx context.Context, m moments, s *stack.Stack) error {
	for now := time.Now(); now.Before(m.cut); now = time.Now() {
		if err := s.Users().SetRPS(o.Scenario.Load.RateAt(now.Sub(m.zero))); err != nil {
			return fmt.Errorf("set the load: %w", err)
		}
		next := now.Truncate(o.Interval).Add(o.Interval)
		if next.After(m.cut) {
			next = m.cut
		}
		if err := passTime(ctx, next, func() {}); err != nil {
			return err
		}
		o.tell(m, next)
	}
	return nil
}

// tell says how far the replay is at now.
func (o Options) tell(m moments, now time.Time) {
	if o.OnProgress != nil {
		o.OnProgress(now.Sub(m.zero)+o.Scenario.History, o.Scenario.History+o.Scenario.Duration)
	}
}

// passTime waits until t and calls alive after each step; it returns the cause
// for which ctx ends before.
func passTime(ctx context.Context, t time.Time, alive func()) error {
	for now := time.Now(); now.Before(t); now = time.Now() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(min(progressStep, t.Sub(now))):
			alive()
		}
	}
	return nil
}

// withDataDir calls do with a folder that is gone afterwards.
func withDataDir(do func(dir string) error) error {
	dir, err := os.MkdirTemp("", "goldensignals-")
	if err != nil {
		return fmt.Errorf("create temporary data folder: %w", err)
	}
	return errors.Join(do(dir), os.RemoveAll(dir))
}

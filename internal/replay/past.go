package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
	"goldensignals/internal/referee"
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
	// lead is how long the drill's stack runs before anything may happen: the windows
	// of a minute are its own by then.
	lead = 2 * time.Minute
	// handOver is the pause between the two stacks where both are in one bubble. The
	// first has ended by then.
	handOver = time.Second
)

// progressStep is after how much virtual time a child gives a sign of life while
// nothing else does.
const progressStep = 10 * time.Minute

// In most drills nothing happens before the tenth minute, so those minutes are the same
// in all of them: a history that is kept has them, too.
const calm = 10 * time.Minute

// moments are those of one replay, in virtual time.
type moments struct {
	began time.Time // the services are as old
	cut   time.Time // the drill's stack starts, and goes on from the history; began, if there is none
	zero  time.Time // minute zero of the drill
}

// since is the beginning of what is watched.
func (m moments) since() time.Time {
	switch {
	case m.cut.Equal(m.began):
		return m.began.Add(settle)
	case m.cut.After(m.zero):
		return m.cut
	}
	return m.cut.Add(settle)
}

// moments of a replay that begins now.
func (o Options) moments(now time.Time) moments {
	m := moments{began: now, cut: now, zero: now.Add(settle + o.simulated())}
	switch {
	case o.startsLate():
		m.cut = m.zero.Add(calm - lead)
	case o.Scenario.History > lead:
		m.cut = m.zero.Add(-lead)
	}
	return m
}

// startsLate reports whether the drill's stack starts when the calm is nearly over.
func (o Options) startsLate() bool {
	if o.Past == "" || !o.LateStart || !o.isCalm() {
		return false
	}
	_, err := os.Stat(lateIn(o.Past))
	return err == nil
}

// isCalm reports whether nothing happens in the drill while the calm lasts.
func (o Options) isCalm() bool {
	s := o.Scenario
	return s.Load.Shape == drill.Constant && s.Duration > calm && (len(s.Timeline) == 0 || s.Timeline[0].At >= calm)
}

// simulated returns how much of the history is simulated.
func (o Options) simulated() time.Duration {
	if o.Scenario.Load.Shape != drill.Constant || o.wholeHistory {
		return o.Scenario.History
	}
	return min(o.Scenario.History, maxSimulated)
}

// bringPast puts the series of the history into dataDir and waits until the drill's
// stack may start.
func (o Options) bringPast(ctx context.Context, m moments, dataDir string) error {
	if m.cut.Equal(m.began) {
		return nil
	}
	start, from := m.cut, o.Past
	if from == "" {
		from = filepath.Join(dataDir, "past")
		if err := o.makePast(ctx, m, from, false); err != nil {
			return fmt.Errorf("make the history: %w", err)
		}
		start = m.cut.Add(handOver)
		if late := time.Since(start); late > 0 {
			return fmt.Errorf("the stack that made the history took %v longer to stop than it may", late)
		}
	}
	blocks := earlyIn(from)
	if m.cut.After(m.zero) {
		blocks = lateIn(from)
	}
	if err := engine.LinkBlocks(blocks, dataDir); err != nil {
		return err
	}
	return passTime(ctx, start, func() {})
}

// What is in the folder of a history: series until shortly before minute zero, and, if
// nothing was wrong until then, series until the calm is nearly over, and what users saw
// since minute zero.
func earlyIn(dir string) string { return filepath.Join(dir, "early") }
func lateIn(dir string) string  { return filepath.Join(dir, "late") }
func seenIn(dir string) string  { return filepath.Join(dir, "seen.json") }

// makePast runs a stack until the history ends, and through the calm if that is wanted,
// and leaves in dir what it has seen.
func (o Options) makePast(ctx context.Context, m moments, dir string, calmToo bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create folder of the history: %w", err)
	}
	return withDataDir(func(work string) error {
		return inVirtualTime(ctx, o.stackOptions(m, work), func(ctx context.Context, s *stack.Stack) error {
			if err := o.livePast(ctx, m, s); err != nil {
				return err
			}
			if longer := o.Scenario.History - o.simulated(); longer > 0 {
				warmUp := m.cut.Sub(m.began) - copied
				if err := s.Engine().Repeat(ctx, copied, warmUp, m.zero.Add(-o.Scenario.History)); err != nil {
					return fmt.Errorf("copy the history: %w", err)
				}
			}
			if err := s.Engine().Snapshot(earlyIn(dir)); err != nil || !calmToo {
				return err
			}
			return o.makeCalm(ctx, m, s, dir)
		})
	})
}

// makeCalm goes on through the calm. A design that alerts on nothing has no late start:
// the drill's stack would alert again.
func (o Options) makeCalm(ctx context.Context, m moments, s *stack.Stack, dir string) error {
	if err := passTime(ctx, m.zero.Add(calm-lead), func() {}); err != nil {
		return err
	}
	game := o.game(s, m)
	quiet, err := referee.Quiet(ctx, game)
	if err != nil || !quiet {
		return err
	}
	seen, err := game.Users.Seen(game.Since, time.Now())
	if err != nil {
		return fmt.Errorf("ask what users saw: %w", err)
	}
	text, err := json.Marshal(seen)
	if err != nil {
		return fmt.Errorf("encode what users saw: %w", err)
	}
	if err := os.WriteFile(seenIn(dir), text, 0o644); err != nil {
		return fmt.Errorf("write what users saw: %w", err)
	}
	return s.Engine().Snapshot(lateIn(dir))
}

// seenBefore returns what users saw before a drill's stack that started late.
func (o Options) seenBefore(m moments) (seen []drill.Second, err error) {
	if !m.cut.After(m.zero) {
		return nil, nil
	}
	text, err := os.ReadFile(seenIn(o.Past))
	if err != nil {
		return nil, fmt.Errorf("read what users saw: %w", err)
	}
	if err := json.Unmarshal(text, &seen); err != nil {
		return nil, fmt.Errorf("read what users saw: %w", err)
	}
	return seen, nil
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

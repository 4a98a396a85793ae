package replay

import (
	"context"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
)

// maxSimulated is how much of a healthy history is simulated request by
// request. What a longer one has before that are copies of it: under constant
// load one healthy time is like another, and days of it would take minutes.
const maxSimulated = 20 * time.Minute

// warmUp is how much of it has no copies: what rules record at first comes from
// windows that are not full.
const warmUp = 5 * time.Minute

// progressStep is after how much virtual time a child gives a sign of life while
// nothing else does.
const progressStep = 10 * time.Minute

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

// simulated returns how much of the history is simulated.
func (o Options) simulated() time.Duration {
	if o.Scenario.Load.Shape != drill.Constant || o.wholeHistory {
		return o.Scenario.History
	}
	return min(o.Scenario.History, maxSimulated)
}

// repeatHistory waits until what is simulated of the history has passed since
// since, and puts copies of it before it. It does nothing if all is simulated.
func (o Options) repeatHistory(ctx context.Context, e *engine.Engine, since time.Time) error {
	simulated := o.simulated()
	copied := o.Scenario.History - simulated
	if copied == 0 {
		return nil
	}
	// The stack began settle before since: at ready, simulated has passed since
	// then, whole minutes, which keeps samples on their grid across the copies.
	// The referee takes over a minute before the drill begins.
	ready := since.Add(simulated - settle)
	err := passTime(ctx, ready, func() {
		if o.OnProgress != nil {
			o.OnProgress(copied+time.Since(since), o.Scenario.History+o.Scenario.Duration)
		}
	})
	if err != nil {
		return err
	}
	return e.Repeat(ctx, simulated-warmUp, warmUp, since.Add(-copied))
}

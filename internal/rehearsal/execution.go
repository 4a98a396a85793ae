package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"goldensignals/internal/fault"
	"goldensignals/internal/referee"
	"goldensignals/internal/runbook"
)

const (
	// fullRates is how long after an alert its readings are taken: the rates of
	// one minute then are of the outage alone.
	fullRates = time.Minute
	// lookAfter is how long after each evaluation interval of the drill somebody
	// looks, so that it is never the moment at which something is evaluated.
	lookAfter = 500 * time.Millisecond
)

// execution is somebody on call who follows one runbook.
type execution struct {
	page          runbook.Page
	broken, whole time.Duration // first fault begins, last one ends by itself; since minute zero
	game          referee.Options
	done          runbook.Execution
}

// needs is how long the drill must be, from minute zero.
func (x *execution) needs() time.Duration {
	return x.whole + x.page.ResolvesWithin + time.Minute
}

// watch follows the runbook in a drill that is played.
func (x *execution) watch(ctx context.Context, game referee.Options) error {
	x.game = game
	return x.follow(ctx)
}

// follow does what the runbook says. What it finds wrong goes into done.
func (x *execution) follow(ctx context.Context) error {
	fires, err := x.awaitAlert(ctx)
	if err != nil || !fires {
		return err
	}
	if err := x.diagnose(ctx); err != nil {
		return err
	}
	ordered, err := x.repair(ctx)
	if err != nil {
		return err
	}
	x.done.Ordered = ordered.Sub(x.game.Start)
	return x.verify(ctx, ordered)
}

// awaitAlert waits until the alert fires. It must not before something is broken.
func (x *execution) awaitAlert(ctx context.Context) (fires bool, err error) {
	if err := wait(ctx, x.game.Start.Add(x.broken)); err != nil {
		return false, err
	}
	firing, err := x.firing(ctx)
	if err != nil {
		return false, err
	}
	if len(firing) > 0 {
		x.find(x.page.FiresBefore(firing))
		return false, nil
	}
	fires, err = x.poll(ctx, x.game.Start.Add(x.whole), func() (bool, error) {
		firing, err := x.firing(ctx)
		return len(firing) > 0, err
	})
	switch {
	case err != nil:
		return false, err
	case fires:
		x.done.Fired = time.Since(x.game.Start)
	default:
		x.find(x.page.NeverFired())
	}
	return fires, nil
}

// diagnose asks all queries while the alert fires and something is broken.
func (x *execution) diagnose(ctx context.Context) error {
	full := time.Now().Add(fullRates)
	if last := x.game.Start.Add(x.whole - lookAfter); last.Before(full) {
		full = last
	}
	if err := wait(ctx, full); err != nil {
		return err
	}
	answers, err := x.ask(ctx)
	x.done.Note(answers, false)
	x.find(x.page.CheckOutage(answers)...)
	return err
}

// repair applies what the runbook says, and returns when it did so first. Without
// repairs that is when the last fault of the drill ends by itself.
func (x *execution) repair(ctx context.Context) (time.Time, error) {
	ordered := time.Now()
	if len(x.page.Repairs) == 0 {
		ordered = x.game.Start.Add(x.whole)
		if err := wait(ctx, ordered); err != nil {
			return ordered, err
		}
	}
	firing, err := x.firing(ctx)
	if err != nil {
		return ordered, err
	}
	if len(firing) == 0 {
		x.find(x.page.EndedBefore())
	}
	for _, r := range x.page.Repairs {
		if err := x.apply(ctx, r); err != nil {
			return ordered, err
		}
	}
	return ordered, nil
}

// apply orders one repair. While another is under way it waits for its end, as people have to.
func (x *execution) apply(ctx context.Context, r runbook.Repair) error {
	applied, err := x.game.Faults.Apply(r.Name, r.Service)
	if busy, ok := errors.AsType[*fault.BusyError](err); ok {
		if err := wait(ctx, busy.Effect); err != nil {
			return err
		}
		applied, err = x.game.Faults.Apply(r.Name, r.Service)
	}
	if err != nil {
		return fmt.Errorf("%s:%d: apply %s: %w", x.page.File, r.Line, r, err)
	}
	x.done.Applied = append(x.done.Applied, applied)
	return nil
}

// verify asks all queries again and again until they read well and the alert has
// ended, or the time that the runbook states is over.
func (x *execution) verify(ctx context.Context, ordered time.Time) error {
	var unwell []runbook.Finding
	var firing []runbook.Sample
	_, err := x.poll(ctx, ordered.Add(x.page.ResolvesWithin), func() (bool, error) {
		answers, err := x.ask(ctx)
		if err != nil {
			return false, err
		}
		x.done.Note(answers, true)
		if unwell = x.page.CheckWell(answers); len(unwell) == 0 && x.done.Verified == 0 {
			x.done.Verified = time.Since(ordered)
		}
		if firing, err = x.firing(ctx); len(firing) == 0 && err == nil && x.done.Resolved == 0 {
			x.done.Resolved = time.Since(ordered)
		}
		return len(unwell)+len(firing) == 0, err
	})
	x.find(unwell...)
	x.find(x.page.CheckEnd(firing)...)
	x.find(x.page.CheckProof(x.done.Applied, x.game.Scenario.Timeline, x.game.Start, time.Now())...)
	return err
}

func (x *execution) find(findings ...runbook.Finding) {
	x.done.Findings = append(x.done.Findings, findings...)
}

// poll calls look after each evaluation interval, and at the deadline for the
// last time, until it is satisfied.
func (x *execution) poll(ctx context.Context, deadline time.Time, look func() (bool, error)) (bool, error) {
	for {
		passed := time.Since(x.game.Start)
		next := x.game.Start.Add((passed - lookAfter).Truncate(x.game.Sample) + x.game.Sample + lookAfter)
		if next.After(deadline) {
			next = deadline
		}
		if err := wait(ctx, next); err != nil {
			return false, err
		}
		satisfied, err := look()
		if err != nil || satisfied || !next.Before(deadline) {
			return satisfied, err
		}
	}
}

// wait returns the cause for which ctx ends before t.
func wait(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Until(t)):
		return nil
	}
}

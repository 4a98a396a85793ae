package router

import (
	"context"
	"time"

	"goldensignals/internal/store"
)

// attendEvery is how often the router looks at what nobody reminds it of.
const attendEvery = time.Minute

// attendTo does what is due without a webhook: it escalates, judges the watchdog,
// closes what is not heard of any more, and forgets what is old.
func (rt *Router) attendTo(ctx context.Context) {
	started := time.Now()
	rt.watchdog.start(started)
	lastLook, lastPrune := started, started
	if err := rt.loadSilences(ctx, started); err != nil && ctx.Err() == nil {
		rt.log.Error("look at silences", "err", err)
	}
	for ctx.Err() == nil {
		now := time.Now()
		s := rt.setting.Load()
		if err := rt.escalateDue(ctx, s, now); err != nil && ctx.Err() == nil {
			rt.log.Error("escalate; it is tried again", "err", err)
		}
		if now.Sub(lastLook) >= attendEvery {
			lastLook = now
			rt.judgeWatchdog(ctx, s, now)
			rt.adopt(ctx, s) // what was accepted by an earlier plan in the moment of a reload
			rt.closeUnheard(ctx, s, now)
			rt.tendSilences(ctx, s, now)
		}
		if now.Sub(lastPrune) >= time.Hour {
			lastPrune = now
			rt.prune(ctx, s, now)
		}
		rt.rest(ctx, now, lastLook.Add(attendEvery))
	}
}

// rest waits for the next look, or the next escalation, or to be woken.
func (rt *Router) rest(ctx context.Context, now, next time.Time) {
	if due, ok, err := rt.store.NextAttention(ctx); err == nil && ok && due.Before(next) {
		next = due
		if !next.After(now) { // it could not be done just now
			next = now.Add(time.Second)
		}
	}
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-rt.attend:
	case <-timer.C:
	}
}

func (rt *Router) escalateDue(ctx context.Context, s *setting, now time.Time) error {
	due, err := rt.store.AttentionDue(ctx, now)
	if err != nil {
		return err
	}
	for _, id := range due {
		if err := rt.amend(ctx, id, now, func(inc store.Incident) (store.Change, error) {
			return s.composer.change(Escalate(inc, now, s.policy), now), nil
		}); err != nil {
			return err
		}
		rt.log.Info("an incident was looked at because nobody acknowledged it", "incident", id)
	}
	return nil
}

// closeUnheard closes incidents of which Alertmanager has not spoken for longer
// than it repeats itself. Its own do not come from there.
func (rt *Router) closeUnheard(ctx context.Context, s *setting, now time.Time) {
	if s.plan.StaleAfter == 0 {
		return
	}
	ids, err := rt.store.UnheardSince(ctx, now.Add(-s.plan.StaleAfter))
	if err != nil {
		rt.log.Error("look for incidents that are not heard of", "err", err)
		return
	}
	for _, id := range ids {
		err := rt.amend(ctx, id, now, func(inc store.Incident) (store.Change, error) {
			if inc.GroupKey == watchdogKey {
				return store.Change{}, nil
			}
			return s.composer.change(CloseUnheard(inc, now), now), nil
		})
		if err != nil {
			rt.log.Error("close an incident that is not heard of", "incident", id, "err", err)
		}
	}
}

func (rt *Router) prune(ctx context.Context, s *setting, now time.Time) {
	if s.plan.KeepFor == 0 {
		return
	}
	count, err := rt.store.Prune(ctx, now.Add(-s.plan.KeepFor))
	if err != nil {
		rt.log.Error("forget what is old", "err", err)
		return
	}
	if count > 0 {
		rt.log.Info("old incidents are forgotten", "count", count, "older_than", s.plan.KeepFor)
	}
}

package router

import (
	"context"
	"fmt"
	"sync"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// The incident that the router opens by itself when the Watchdog is silent.
const (
	watchdogKey   = "alertrouter/watchdog"
	watchdogAlert = "AlertingIsDead"
)

// watchdog is the sign of life of whoever sends alerts. It is safe for
// concurrent use; the zero value has never seen one.
type watchdog struct {
	mu     sync.Mutex
	seen   time.Time // the last sign
	since  time.Time // from when silence counts
	judged time.Time // the last look at it
}

func (w *watchdog) see(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at.After(w.seen) {
		w.seen = at
	}
}

// start says that signs can arrive from now on.
func (w *watchdog) start(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since, w.judged = now, now
}

func (w *watchdog) lastSeen() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// silentSince returns when silence began, and false if no sign ever came: then
// nobody has set one up, which is no outage. A look that comes much too late says
// that this process itself was stopped, such as a laptop that slept: the silence
// was its own, and counts anew.
func (w *watchdog) silentSince(now time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.judged) > 2*attendEvery {
		w.since = now
	}
	w.judged = now
	if w.seen.After(w.since) {
		return w.seen, true
	}
	return w.since, !w.seen.IsZero()
}

// judgeWatchdog opens an incident for everybody when alerting is dead, and ends
// it when it lives again. It is decided like any other, from a group of its own,
// so that it is told once, survives a restart and can be acknowledged.
func (rt *Router) judgeWatchdog(ctx context.Context, s *setting, now time.Time) {
	since, ok := rt.watchdog.silentSince(now)
	if !ok || s.plan.WatchdogAfter == 0 {
		return
	}
	p := s.policy
	p.Route = func(alert.Severity, alert.Labels) []store.Target {
		var all []store.Target
		names := s.plan.WatchdogTells
		if len(names) == 0 {
			names = s.plan.everybody()
		}
		for _, name := range names {
			all = append(all, store.Target{Name: name, Type: s.composer.receivers[name].Type()})
		}
		return all
	}
	open, err := rt.store.IsOpen(ctx, watchdogKey)
	if err != nil {
		rt.log.Error("judge the watchdog", "err", err)
		return
	}
	silent := now.Sub(since) >= s.plan.WatchdogAfter
	alive := now.Sub(rt.watchdog.lastSeen()) < s.plan.WatchdogAfter
	if open && !alive || !open && !silent { // only a sign ends it, not a restart of this process
		return
	}
	if err := rt.acceptAs(ctx, watchdogGroup(!open, s.plan.WatchdogAfter, now), now, s, p); err != nil {
		rt.log.Error("tell that the watchdog is silent, or is back", "silent", !open, "err", err)
		return
	}
	rt.log.Warn("the watchdog was judged", "silent", !open, "since", since)
}

// watchdogGroup is what the router tells itself of the Watchdog.
func watchdogGroup(silent bool, after time.Duration, now time.Time) alert.Group {
	a := alert.Alert{
		Status:   alert.Resolved,
		Labels:   alert.Labels{"alertname": watchdogAlert, "severity": string(alert.Critical)},
		StartsAt: now, EndsAt: now, Fingerprint: watchdogAlert,
		Annotations: alert.Labels{
			"summary": fmt.Sprintf("Alerting is dead: no sign of life from Prometheus and Alertmanager for %s.", after),
			"description": "The Watchdog alert always fires, and Alertmanager repeats it every minute. It has stopped coming, so no other alert " +
				"would come either.",
			"runbook_url": "runbooks/Watchdog",
		},
	}
	reason := reasonResolved
	if silent {
		a.Status, a.EndsAt, reason = alert.Firing, time.Time{}, reasonFirst
	}
	return alert.Group{
		Version: "4", GroupKey: watchdogKey, Status: a.Status, Receiver: "alertrouter", NotificationReason: reason,
		GroupLabels: alert.Labels{"alertname": watchdogAlert}, CommonLabels: a.Labels, Alerts: []alert.Alert{a},
	}
}

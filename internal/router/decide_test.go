package router_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/store"
)

var (
	t0     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	policy = router.Policy{
		RepeatAfter: time.Hour,
		Route: func(sev alert.Severity, _ alert.Labels) []store.Target {
			return map[alert.Severity][]store.Target{
				alert.Critical: {{Name: "phone", Type: "sms"}},
				alert.Warning:  {{Name: "board", Type: "ticket"}},
				alert.Info:     {{Name: "log", Type: "logline"}},
			}[sev]
		},
	}
)

// mk returns an alert that started at t0.
func mk(name string, status alert.Status, severity string) alert.Alert {
	a := alert.Alert{
		Status: status, Fingerprint: "fp-" + name, StartsAt: t0,
		Labels:      alert.Labels{"alertname": name, "service": "shop", "severity": severity},
		Annotations: alert.Labels{"summary": name + " hurts"},
	}
	if status == alert.Resolved {
		a.EndsAt = t0.Add(time.Minute)
	}
	if severity == "" {
		delete(a.Labels, "severity")
	}
	return a
}

func later(a alert.Alert, d time.Duration) alert.Alert {
	a.StartsAt = a.StartsAt.Add(d)
	return a
}

func group(alerts ...alert.Alert) alert.Group {
	g := alert.Group{Version: "4", GroupKey: "g1", Status: alert.Resolved, Alerts: alerts}
	for _, a := range alerts {
		if a.Status == alert.Firing {
			g.Status = alert.Firing
		}
	}
	return g
}

func truncated(g alert.Group) alert.Group {
	g.TruncatedAlerts = 5
	return g
}

func because(g alert.Group, reason string) alert.Group {
	g.NotificationReason = reason
	return g
}

// world replays decisions on a state that is kept as the store keeps it.
type world struct {
	st store.GroupState
}

func (w *world) decide(g alert.Group, now time.Time) router.Decision {
	st := w.st
	st.Spans = slices.Clone(st.Spans)
	d := router.Decide(st, g, now, policy)
	if d.Incident == nil {
		return d
	}
	if d.Spans != nil {
		w.st.Spans = d.Spans
	}
	w.st.Incidents, w.st.Open = d.Incident.Nth, d.Incident
	if d.Message != nil && d.Message.Status == alert.Firing {
		for _, to := range d.Message.To {
			if !slices.Contains(d.Incident.Told, to.Target) {
				d.Incident.Told = append(d.Incident.Told, to.Target)
			}
		}
	}
	if d.Incident.Status == alert.Resolved {
		w.st.Open = nil
	}
	return d
}

// told is what a decision tells, in short: "firing critical phone 2".
func told(d router.Decision) string {
	if d.Message == nil {
		return "-"
	}
	s := string(d.Message.Status) + " " + string(d.Message.Severity)
	for _, to := range d.Message.To {
		s += " " + to.Name
	}
	return s
}

func TestDecide(t *testing.T) {
	t.Parallel()
	const F, R = alert.Firing, alert.Resolved
	type step struct {
		after time.Duration
		g     alert.Group
		want  string
		open  bool
	}
	a, aDone := mk("A", F, "critical"), mk("A", R, "critical")
	b, bDone := mk("B", F, "warning"), mk("B", R, "warning")
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"first, the same again, all resolved, the same again", []step{
			{0, group(a), "firing critical phone", true},
			{0, group(a), "-", true},
			{time.Minute, group(aDone), "resolved critical phone", false},
			{time.Minute, group(aDone), "-", false},
		}},
		{"warning and info go their own ways", []step{
			{0, group(b), "firing warning board", true},
		}},
		{"info", []step{{0, group(mk("I", F, "info")), "firing info log", true}}},
		{"severity rises: the new receiver is told, both hear the end", []step{
			{0, group(b), "firing warning board", true},
			{time.Minute, group(b, a), "firing critical phone", true},
			{time.Hour, group(aDone, bDone), "resolved critical board phone", false},
		}},
		{"part resolved tells nobody", []step{
			{0, group(a, b), "firing critical phone", true},
			{time.Minute, group(aDone, b), "-", true},
			{time.Minute, group(bDone), "resolved critical phone", false},
		}},
		{"a new alert while another resolves", []step{
			{0, group(a), "firing critical phone", true},
			{time.Minute, group(aDone, b), "firing warning board", true},
		}},
		{"missing severity becomes a ticket", []step{{0, group(mk("M", F, "")), "firing warning board", true}}},
		{"unknown severity becomes a ticket", []step{{0, group(mk("M", F, "page")), "firing warning board", true}}},
		{"unknown does not hide critical", []step{{0, group(mk("M", F, "page"), a), "firing critical phone", true}}},
		{"resolved for an unknown group", []step{{0, group(aDone), "-", false}}},
		{"the same span fires again after its end", []step{
			{0, group(a), "firing critical phone", true},
			{time.Minute, group(aDone), "resolved critical phone", false},
			{time.Minute, group(a), "firing critical phone", true},
		}},
		{"the same labels fire again later", []step{
			{0, group(a), "firing critical phone", true},
			{time.Minute, group(aDone), "resolved critical phone", false},
			{time.Hour, group(later(a, time.Hour)), "firing critical phone", true},
		}},
		{"a later start of a firing alert: its end was lost", []step{
			{0, group(a), "firing critical phone", true},
			{time.Hour, group(later(a, time.Hour)), "firing critical phone", true},
		}},
		{"an earlier start of a firing alert: Alertmanager merged", []step{
			{0, group(later(a, time.Minute)), "firing critical phone", true},
			{time.Minute, group(a), "-", true},
			{time.Minute, group(aDone), "resolved critical phone", false},
		}},
		{"the late end of an earlier span", []step{
			{0, group(later(a, time.Hour)), "firing critical phone", true},
			{time.Minute, group(aDone), "-", true},
		}},
		{"repeat, and its duplicate", []step{
			{0, group(a), "firing critical phone", true},
			{30 * time.Minute, because(group(a), "repeat interval elapsed"), "-", true},
			{time.Hour, because(group(a), "repeat interval elapsed"), "firing critical phone", true},
			{time.Hour + time.Second, because(group(a), "repeat interval elapsed"), "-", true},
		}},
		{"old but not a repeat", []step{
			{0, group(a), "firing critical phone", true},
			{2 * time.Hour, because(group(a), "some alerts resolved"), "-", true},
		}},
		{"an old Alertmanager gives no reason: a reminder after an hour", []step{
			{0, group(a), "firing critical phone", true},
			{59 * time.Minute, group(a), "-", true},
			{time.Hour, group(a), "firing critical phone", true},
		}},
		{"truncated: the absent stay", []step{
			{0, group(a, b), "firing critical phone", true},
			{time.Minute, truncated(group(bDone)), "-", true},
			{time.Minute, truncated(group(aDone)), "resolved critical phone", false},
		}},
		{"truncated: the absent critical one still decides", []step{
			{0, group(a), "firing critical phone", true},
			{time.Minute, truncated(group(b)), "firing critical phone", true},
		}},
		{"truncated: some that were never shown still fire", []step{
			{0, truncated(group(a)), "firing critical phone", true},
			{time.Minute, because(truncated(group(aDone)), "some alerts resolved"), "-", true},
			{time.Minute, because(truncated(group(aDone)), "all alerts resolved"), "resolved critical phone", false},
		}},
		{"not truncated: a resolved group ends the absent too", []step{
			{0, group(a, b), "firing critical phone", true},
			{time.Minute, group(bDone), "resolved critical phone", false},
		}},
		{"muted alert is absent while others fire", []step{
			{0, group(a, b), "firing critical phone", true},
			{time.Minute, group(b, mk("C", F, "warning")), "firing warning board", true},
		}},
		{"one fingerprint twice in a group", []step{
			{0, group(a, a, aDone), "firing critical phone", true},
			{0, group(aDone, a), "-", true},
		}},
		{"the watchdog is nobody's message", []step{
			{0, group(mk("Watchdog", F, "critical")), "-", false},
			{0, group(mk("Watchdog", F, "critical"), b), "firing warning board", true},
			{0, group(mk("Watchdog", R, "critical")), "-", true},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var w world
			for i, s := range tt.steps {
				d := w.decide(s.g, t0.Add(s.after))
				if got := told(d); got != s.want {
					t.Errorf("step %d tells %q, want %q (%s)", i, got, s.want, d.Outcome)
				}
				if open := w.st.Open != nil; open != s.open {
					t.Errorf("step %d: incident open = %v, want %v", i, open, s.open)
				}
			}
		})
	}
}

func TestDecideReasonAndCounts(t *testing.T) {
	t.Parallel()
	var w world
	a, b := mk("A", alert.Firing, "critical"), mk("B", alert.Firing, "critical")
	first := w.decide(group(a), t0)
	second := w.decide(group(a, b), t0.Add(time.Minute))
	third := w.decide(because(group(a, b, mk("C", alert.Firing, "info")), "as they say"), t0.Add(2*time.Minute))
	var reasons []string
	for _, d := range []router.Decision{first, second, third} {
		reasons = append(reasons, d.Message.Reason)
	}
	if diff := cmp.Diff([]string{"first notification", "new alerts added", "as they say"}, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if got := third.Incident; got.Alerts != 3 || got.Messages != 3 || got.ID != first.Incident.ID || !got.StartedAt.Equal(t0) {
		t.Errorf("incident = %+v", got)
	}
	if n := len(second.Message.Alerts); n != 1 {
		t.Errorf("second message is about %d alerts, want the new one only", n)
	}
}

func TestDecideIsDeterministic(t *testing.T) {
	t.Parallel()
	g := group(mk("A", alert.Firing, "critical"), mk("B", alert.Firing, "warning"))
	one, two := router.Decide(store.GroupState{}, g, t0, policy), router.Decide(store.GroupState{}, g, t0, policy)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("two decisions differ:\n%s", diff)
	}
	again := router.Decide(store.GroupState{Incidents: 1}, g, t0, policy)
	if one.Incident.ID == again.Incident.ID {
		t.Error("the group's second incident has the id of its first")
	}
}

// Whatever arrives: a webhook repeated at once tells nobody, the count of
// firing alerts is never negative, and only an open incident has messages.
func TestDecideTwiceTellsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var w world
		now := t0
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			var alerts []alert.Alert
			for _, name := range []string{"A", "B", "C"} {
				status := rapid.SampledFrom([]alert.Status{"", alert.Firing, alert.Resolved}).Draw(t, name)
				if status == "" {
					continue
				}
				sev := rapid.SampledFrom([]string{"critical", "warning", "info", "", "page"}).Draw(t, "severity")
				alerts = append(alerts, later(mk(name, status, sev), time.Duration(rapid.IntRange(0, 2).Draw(t, "start"))*time.Hour))
			}
			if len(alerts) == 0 {
				continue
			}
			g := group(alerts...)
			g.TruncatedAlerts = rapid.SampledFrom([]uint64{0, 0, 3}).Draw(t, "truncated")
			now = now.Add(time.Minute)
			d := w.decide(g, now)
			if d.Incident != nil && d.Incident.Alerts < 0 {
				t.Fatalf("incident has %d firing alerts", d.Incident.Alerts)
			}
			if len(g.FiringAlerts()) > 0 && w.st.Open == nil {
				t.Fatalf("alerts fire and no incident is open: %+v", g)
			}
			if again := w.decide(g, now); again.Message != nil {
				t.Fatalf("the same webhook tells %q after %q", told(again), told(d))
			}
		}
	})
}

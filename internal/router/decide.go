package router

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// What became of an accepted group, in the list of webhooks.
const (
	outcomeOpened    = "incident opened"
	outcomeAdded     = "new alerts"
	outcomeRefired   = "fired again"
	outcomeRepeated  = "repeated"
	outcomeResolved  = "incident resolved"
	outcomeUnchanged = "nothing new"
	outcomeUnknown   = "resolved, but was not known"
	outcomeWatchdog  = "watchdog"
)

// The reasons that the router derives where Alertmanager (before 0.32) gives
// none, in its words; the last one is its alone.
const (
	reasonFirst    = "first notification"
	reasonNew      = "new alerts added"
	reasonRepeat   = "repeat interval elapsed"
	reasonResolved = "all alerts resolved"
)

// Policy is what a decision depends on besides the facts. Its functions are pure.
type Policy struct {
	// RepeatAfter is how old the last firing message of an incident must be
	// before a repeat is sent: a retried repeat is younger.
	RepeatAfter time.Duration
	// Route says who gets which severity, given the labels of what fires.
	Route func(alert.Severity, alert.Labels) []store.Target
	// Escalate says how long a receiver waits before it tells the person of a
	// level, 1 or more, and false if there is none now. Nil: nobody is told later.
	Escalate func(receiver string, level int, now time.Time) (time.Duration, bool)
}

// Decision is what an accepted group changes, and what people are told.
type Decision struct {
	Outcome  string
	Watchdog bool
	Incident *store.Incident // nil: no incident is touched
	Spans    []store.Span    // all of the incident; nil: as they are
	Message  *Message        // nil: nobody is told
	Events   []store.Event
}

// Addressee is one receiver of a message, and which of its people.
type Addressee struct {
	store.Target
	Level int // of escalation, if To is empty
}

// Message is one thing to tell, before it is worded for each receiver.
type Message struct {
	Status   alert.Status
	Severity alert.Severity
	Reason   string
	To       []Addressee
	Lead     alert.Alert   // the most urgent: it gives title and runbook; zero if it is not shown
	Alerts   []alert.Alert // what changed: the new alerts, or the resolved ones; all in a repeat
}

// isWatchdog tells the alert that always fires to prove that the alerting path
// lives. It is never a message to people.
func isWatchdog(a alert.Alert) bool { return a.Name() == "Watchdog" }

// Decide says what group g changes, given what is known about it. It is pure:
// the same arguments give the same decision.
//
// An alert is known by its span: labels and start. One fingerprint has one
// span at a time; a firing alert with an earlier start than the known firing
// span is that span, whose start Alertmanager corrected when it merged alerts.
func Decide(st store.GroupState, g alert.Group, now time.Time, p Policy) Decision {
	watchdog := false
	alerts := make([]alert.Alert, 0, len(g.Alerts))
	for _, a := range g.Alerts {
		if isWatchdog(a) {
			watchdog = watchdog || a.Status == alert.Firing
			continue
		}
		alerts = append(alerts, a)
	}
	if len(alerts) == 0 {
		return Decision{Outcome: outcomeWatchdog, Watchdog: watchdog}
	}
	g.Alerts = alerts
	d := decideGroup(st, compare(st, g), g, now, p)
	d.Watchdog = watchdog
	return d
}

func decideGroup(st store.GroupState, diff difference, g alert.Group, now time.Time, p Policy) Decision {
	switch {
	case len(diff.fresh) > 0:
		return tellFiring(st, diff, g, now, p)
	case st.Open == nil:
		return Decision{Outcome: outcomeUnknown}
	case diff.firing == 0 && !hidesFiring(g):
		return tellResolved(st, diff, g, now)
	case repeats(g.NotificationReason) && now.Sub(st.Open.LastFiringAt) >= p.RepeatAfter:
		return tellFiring(st, diff, g, now, p)
	}
	inc := *st.Open
	inc.UpdatedAt, inc.Alerts = now, diff.firing
	return Decision{Outcome: outcomeUnchanged, Incident: &inc, Spans: diff.spans}
}

// hidesFiring reports whether alerts still fire that max_alerts cut off.
// Alertmanager gives its reason before it cuts, but the status after.
func hidesFiring(g alert.Group) bool {
	return g.TruncatedAlerts > 0 && g.NotificationReason != reasonResolved && !saysNothing(g.NotificationReason)
}

// repeats reports whether Alertmanager reminds of what it told before. Before
// version 0.32 it did not say, so any group without news may be a reminder.
func repeats(reason string) bool { return reason == reasonRepeat || saysNothing(reason) }

func saysNothing(reason string) bool {
	return reason == "" || reason == "none" || reason == "unknown"
}

// tellFiring opens the incident or adds to it, and tells whoever is responsible
// for the severity of what fires now.
func tellFiring(st store.GroupState, diff difference, g alert.Group, now time.Time, p Policy) Decision {
	firing := g.FiringAlerts()
	severity := urgency(firing)
	if g.TruncatedAlerts > 0 { // what is not shown may be more urgent
		severity = moreUrgent(severity, urgencyOf(diff.unseen))
	}
	d := Decision{Outcome: outcomeRepeated, Spans: diff.spans}
	reason, about := reasonRepeat, firing
	if len(diff.fresh) > 0 {
		d.Outcome, reason, about = outcomeAdded, reasonNew, diff.fresh
		if diff.refired {
			d.Outcome = outcomeRefired
		}
	}
	var inc store.Incident
	if st.Open != nil {
		inc = *st.Open
		inc.Severity = moreUrgent(inc.Severity, severity)
	} else {
		inc = open(st, g, diff.fresh, now)
		inc.Severity = severity
		reason = reasonFirst
		if !diff.refired {
			d.Outcome = outcomeOpened
		}
	}
	inc.UpdatedAt, inc.LastFiringAt, inc.Alerts = now, now, diff.firing
	inc.Messages++
	if !saysNothing(g.NotificationReason) {
		reason = g.NotificationReason
	}
	first := lead(firing, severity)
	inc.Labels = common(g)
	d.Incident = &inc
	d.Message = &Message{Status: alert.Firing, Severity: severity, Reason: reason, Lead: first, Alerts: about}
	for _, to := range p.Route(severity, routingLabels(g, first)) {
		d.Message.To = append(d.Message.To, Addressee{Target: to})
	}
	planEscalation(&inc, *d.Message, now, p)
	return d
}

// common returns the labels that all alerts of g share.
func common(g alert.Group) alert.Labels {
	out := g.CommonLabels.Clone()
	if out == nil {
		out = alert.Labels{}
	}
	maps.Copy(out, g.GroupLabels)
	return out
}

// routingLabels are what routes match: the labels of the most urgent alert, those
// of the whole group, and those that Alertmanager's route gave. Where they differ,
// the first of these wins.
func routingLabels(g alert.Group, lead alert.Alert) alert.Labels {
	out := alert.Labels{}
	maps.Copy(out, g.RouteLabels)
	maps.Copy(out, common(g))
	maps.Copy(out, lead.Labels)
	return out
}

// tellResolved closes the incident and tells everybody who was told of it.
func tellResolved(st store.GroupState, diff difference, g alert.Group, now time.Time) Decision {
	inc := *st.Open
	inc.Status, inc.UpdatedAt, inc.ResolvedAt, inc.Alerts = alert.Resolved, now, now, 0
	inc.Messages++
	inc.Escalations = nil
	reason := reasonResolved
	if !saysNothing(g.NotificationReason) {
		reason = g.NotificationReason
	}
	return Decision{
		Outcome:  outcomeResolved,
		Incident: &inc,
		Spans:    diff.spans,
		Message:  &Message{Status: alert.Resolved, Severity: inc.Severity, Reason: reason, To: allTold(inc), Alerts: g.Alerts},
	}
}

// allTold are all who were told that the incident fires.
func allTold(inc store.Incident) []Addressee {
	var to []Addressee
	for _, t := range inc.Told {
		to = append(to, Addressee{Target: t})
	}
	return to
}

// open names a new incident.
func open(st store.GroupState, g alert.Group, fresh []alert.Alert, now time.Time) store.Incident {
	names := make([]string, len(fresh))
	for i, a := range fresh {
		names[i] = a.Identity()
	}
	slices.Sort(names)
	return store.Incident{
		ID:        timed(now, append([]string{"incident", g.GroupKey, itoa(st.Incidents)}, names...)...),
		GroupKey:  g.GroupKey,
		Nth:       st.Incidents + 1,
		Status:    alert.Firing,
		StartedAt: now,
	}
}

// timed is hash with a beginning that grows with time, in steps of 4 ms, for eight
// years. What is written at about the same time then stands on the same pages of
// the store's indexes, so that a commit writes half as many of them. The store
// refuses the rare second thing of the same name; sent again, it has another.
func timed(now time.Time, parts ...string) string {
	ticks := uint64(now.UnixMilli()/4) & (1<<36 - 1)
	return fmt.Sprintf("%09x", ticks) + hash(parts...)[:7]
}

// hash shortens parts to 16 hexadecimal digits. Each part ends with a byte that
// cannot be in it, so that ("ab", "c") and ("a", "bc") differ.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(append([]byte(p), 0xff))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

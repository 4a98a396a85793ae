package router

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// What happens to an incident besides messages; store.Event.Kind.
const (
	eventAcknowledged = "acknowledged"
	eventEscalated    = "escalated"
	eventNobodyLeft   = "nobody left to tell"
	eventStale        = "closed unheard"
)

// planEscalation says when the next person is told, for each receiver that wakes
// people with this message and has a next one. Who is waiting already goes on
// waiting; who has acknowledged is not asked twice.
func planEscalation(inc *store.Incident, m Message, now time.Time, p Policy) {
	if p.Escalate == nil || m.Severity != alert.Critical || !inc.AcknowledgedAt.IsZero() {
		return
	}
	for _, to := range m.To {
		told := slices.ContainsFunc(inc.Told, func(t store.Target) bool { return t.Name == to.Name })
		wait, ok := p.Escalate(to.Name, 1, now)
		if ok && !told {
			inc.Escalations = append(inc.Escalations, store.Escalation{Receiver: to.Name, Level: 1, Due: now.Add(wait)})
		}
	}
}

// Escalate tells the next person of each receiver whose time has come, because
// nobody has acknowledged the incident. It is pure.
func Escalate(inc store.Incident, now time.Time, p Policy) Decision {
	if inc.Status != alert.Firing || !inc.AcknowledgedAt.IsZero() {
		inc.Escalations = nil
		return Decision{Incident: &inc}
	}
	m := Message{Status: alert.Firing, Severity: inc.Severity, Reason: "not acknowledged"}
	d := Decision{Incident: &inc, Message: &m}
	waiting := inc.Escalations
	inc.Escalations = nil
	for _, e := range waiting {
		if now.Before(e.Due) {
			inc.Escalations = append(inc.Escalations, e)
			continue
		}
		if _, ok := p.Escalate(e.Receiver, e.Level, now); !ok { // the policy has changed
			d.Events = append(d.Events, store.Event{Incident: inc.ID, At: now, Kind: eventNobodyLeft, Text: e.Receiver})
			continue
		}
		m.To = append(m.To, Addressee{Target: store.Target{Name: e.Receiver}, Level: e.Level})
		d.Events = append(d.Events, store.Event{Incident: inc.ID, At: now, Kind: eventEscalated, Text: fmt.Sprintf("%s, level %d", e.Receiver, e.Level)})
		if wait, ok := p.Escalate(e.Receiver, e.Level+1, now); ok {
			inc.Escalations = append(inc.Escalations, store.Escalation{Receiver: e.Receiver, Level: e.Level + 1, Due: now.Add(wait)})
		}
	}
	if len(m.To) == 0 {
		d.Message = nil
		return d
	}
	inc.Messages++
	return d
}

// ErrOver is returned for what makes no sense any more because the incident has
// ended.
var ErrOver = errors.New("the incident is over")

// Acknowledge notes that a person takes care: nobody else is woken. The first
// one counts. It is pure; it returns ErrOver for an incident that has ended.
func Acknowledge(inc store.Incident, author string, now time.Time) (store.Change, error) {
	switch {
	case inc.Status != alert.Firing:
		return store.Change{}, ErrOver
	case !inc.AcknowledgedAt.IsZero():
		return store.Change{}, nil
	}
	inc.AcknowledgedAt, inc.AcknowledgedBy, inc.Escalations = now, author, nil
	return store.Change{
		Incident: &inc,
		Events:   []store.Event{{Incident: inc.ID, At: now, Kind: eventAcknowledged, Author: author}},
	}, nil
}

// CloseUnheard ends an incident of which Alertmanager has not spoken for longer
// than it repeats itself: it was muted while it ended, or its group is gone. It
// is pure.
func CloseUnheard(inc store.Incident, now time.Time) Decision {
	return closeSilently(inc, now, eventStale, "not heard of for "+now.Sub(inc.UpdatedAt).Round(time.Minute).String())
}

// closeSilently ends an incident without word from Alertmanager, and tells
// everybody who was told of it.
func closeSilently(inc store.Incident, now time.Time, kind, why string) Decision {
	if inc.Status != alert.Firing {
		return Decision{}
	}
	inc.Status, inc.UpdatedAt, inc.ResolvedAt, inc.Alerts, inc.Escalations = alert.Resolved, now, now, 0, nil
	inc.Messages++
	return Decision{
		Incident: &inc,
		Message:  &Message{Status: alert.Resolved, Severity: inc.Severity, Reason: why, To: allTold(inc)},
		Events:   []store.Event{{Incident: inc.ID, At: now, Kind: kind, Text: why}},
	}
}

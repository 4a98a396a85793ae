package router

import (
	"maps"
	"slices"
	"strconv"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// difference is what a group says beyond what is known.
type difference struct {
	spans   []store.Span  // of the incident after this group
	fresh   []alert.Alert // firing alerts that are new, or fire again
	refired bool          // one of fresh was known as resolved
	unseen  []store.Span  // firing spans of the open incident that the group does not name
	firing  int           // how many alerts of the incident fire after this group
}

// maxEnded bounds how many ended spans of an open incident are remembered: an
// alert that flaps for a week has many.
const maxEnded = 1000

// compare holds the group against the known spans.
func compare(st store.GroupState, g alert.Group) difference {
	var d difference
	known := remember(st)
	seen := make(map[string]bool, len(g.Alerts)) // :: fingerprint
	for _, a := range g.Alerts {
		if a.Status == alert.Firing && !seen[a.Fingerprint] {
			seen[a.Fingerprint] = true
			d.fire(known, a)
		}
	}
	fires := len(seen)
	for _, a := range g.Alerts {
		if !seen[a.Fingerprint] {
			seen[a.Fingerprint] = true
			d.resolve(known, a)
		}
	}
	gone := fires == 0 && (g.TruncatedAlerts == 0 || g.NotificationReason == reasonResolved)
	for _, fp := range slices.Sorted(maps.Keys(known.open)) {
		switch p := &known.spans[known.open[fp]]; {
		case seen[fp]:
		case gone:
			p.Status = alert.Resolved
		default: // not named, because it is truncated or muted: it stays as it is
			d.unseen = append(d.unseen, *p)
			d.firing++
		}
	}
	if fires > 0 { // of those that max_alerts cut off nothing is known but their number
		d.firing = max(d.firing, fires+int(min(g.TruncatedAlerts, 1<<31)))
	}
	d.spans = forget(known.spans)
	return d
}

// memory is what is known of a group's spans, while a decision changes it.
type memory struct {
	spans  []store.Span
	open   map[string]int  // :: fingerprint -> index of the firing span
	ended  map[string]bool // :: identity, of the latest incident
	isOpen bool
}

func remember(st store.GroupState) *memory {
	m := &memory{isOpen: st.Open != nil}
	if len(st.Spans) == 0 {
		return m
	}
	m.open, m.ended = make(map[string]int, len(st.Spans)), make(map[string]bool)
	for _, p := range st.Spans {
		if p.Status == alert.Resolved || !m.isOpen {
			m.ended[p.Identity()] = true
		}
		if !m.isOpen {
			continue // those of an incident that is over are not carried on
		}
		m.spans = append(m.spans, p)
		if p.Status != alert.Firing {
			continue
		}
		if known, ok := m.open[p.Fingerprint]; !ok || p.StartsAt.After(m.spans[known].StartsAt) {
			m.open[p.Fingerprint] = len(m.spans) - 1
		}
	}
	return m
}

// forget drops the oldest ended spans beyond maxEnded.
func forget(spans []store.Span) []store.Span {
	ended := 0
	for _, p := range spans {
		if p.Status == alert.Resolved {
			ended++
		}
	}
	return slices.DeleteFunc(spans, func(p store.Span) bool {
		drop := p.Status == alert.Resolved && ended > maxEnded
		if drop {
			ended--
		}
		return drop
	})
}

func (d *difference) fire(m *memory, a alert.Alert) {
	d.firing++
	known, isOpen := m.open[a.Fingerprint]
	if isOpen && !a.StartsAt.After(m.spans[known].StartsAt) {
		return
	}
	if isOpen { // the end of the known span was never reported
		m.spans[known].Status = alert.Resolved
	}
	refired := m.ended[a.Identity()]
	d.refired = d.refired || refired
	d.fresh = append(d.fresh, a)
	p := store.Span{Fingerprint: a.Fingerprint, StartsAt: a.StartsAt, Status: alert.Firing, Severity: a.Labels["severity"]}
	if i := slices.IndexFunc(m.spans, func(s store.Span) bool {
		return refired && s.Fingerprint == p.Fingerprint && s.StartsAt.Equal(p.StartsAt)
	}); i >= 0 {
		m.spans[i] = p
		return
	}
	m.spans = append(m.spans, p)
}

// resolve ends the open span of alert a. A resolved alert that is older than
// the open span speaks of an earlier one and changes nothing.
func (d *difference) resolve(m *memory, a alert.Alert) {
	known, ok := m.open[a.Fingerprint]
	switch {
	case !ok:
	case a.StartsAt.Before(m.spans[known].StartsAt) && a.EndsAt.Before(m.spans[known].StartsAt):
		d.firing++
	default:
		m.spans[known].Status = alert.Resolved
	}
}

// severityOf returns the severity that routes an alert. A label outside the
// closed set never loses an alert: it becomes a ticket, and known is false.
func severityOf(label string) (severity alert.Severity, known bool) {
	sev, err := alert.ParseSeverity(label)
	if err != nil {
		return alert.Warning, false
	}
	return sev, true
}

// moreUrgent returns the more urgent of two severities; the empty one is least.
func moreUrgent(a, b alert.Severity) alert.Severity {
	for _, s := range alert.Severities() {
		if a == s || b == s {
			return s
		}
	}
	return a
}

func urgency(alerts []alert.Alert) alert.Severity {
	var most alert.Severity
	for _, a := range alerts {
		sev, _ := severityOf(a.Labels["severity"])
		most = moreUrgent(most, sev)
	}
	return most
}

// lead returns the first alert of the given severity; one whose label is right
// goes before one whose label is unknown.
func lead(alerts []alert.Alert, severity alert.Severity) alert.Alert {
	var flagged alert.Alert
	for _, a := range alerts {
		sev, known := severityOf(a.Labels["severity"])
		switch {
		case sev != severity:
		case known:
			return a
		case flagged.Fingerprint == "":
			flagged = a
		}
	}
	return flagged
}

func urgencyOf(spans []store.Span) alert.Severity {
	var most alert.Severity
	for _, p := range spans {
		sev, _ := severityOf(p.Severity)
		most = moreUrgent(most, sev)
	}
	return most
}

func itoa(n int) string { return strconv.Itoa(n) }

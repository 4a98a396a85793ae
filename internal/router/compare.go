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
	fresh   []alert.Alert // firing alerts that are new, or fire again
	refired bool          // one of fresh was known as resolved
	changed []store.Span  // rows to write
	unseen  []store.Span  // firing spans of the open incident that the group does not name
	firing  int           // how many alerts of the incident fire after this group
}

// compare holds the group against the known spans.
func compare(st store.GroupState, g alert.Group) difference {
	var d difference
	open := openSpans(st)
	firing := g.FiringAlerts()
	seen := make(map[string]bool, len(g.Alerts)) // :: fingerprint
	for _, a := range firing {
		if !seen[a.Fingerprint] {
			seen[a.Fingerprint] = true
			d.fire(st, open, a)
		}
	}
	for _, a := range g.Alerts {
		if !seen[a.Fingerprint] {
			seen[a.Fingerprint] = true
			d.resolve(open, a)
		}
	}
	gone := len(firing) == 0 && (g.TruncatedAlerts == 0 || g.NotificationReason == reasonResolved)
	for _, fp := range slices.Sorted(maps.Keys(open)) {
		switch p := open[fp]; {
		case seen[fp]:
		case gone:
			d.changed = append(d.changed, ended(p))
		default: // not named, because it is truncated or muted: it stays as it is
			d.unseen = append(d.unseen, p)
			d.firing++
		}
	}
	return d
}

// openSpans returns the firing spans of the open incident by fingerprint.
func openSpans(st store.GroupState) map[string]store.Span {
	open := make(map[string]store.Span)
	for _, p := range st.Spans {
		if st.Open == nil || p.Incident != st.Open.ID || p.Status != alert.Firing {
			continue
		}
		if known, ok := open[p.Fingerprint]; !ok || p.StartsAt.After(known.StartsAt) {
			open[p.Fingerprint] = p
		}
	}
	return open
}

func (d *difference) fire(st store.GroupState, open map[string]store.Span, a alert.Alert) {
	d.firing++
	known, isOpen := open[a.Fingerprint]
	if isOpen && !a.StartsAt.After(known.StartsAt) {
		return
	}
	if isOpen { // the end of the known span was never reported
		d.changed = append(d.changed, ended(known))
	}
	old, ok := st.Spans[a.Identity()]
	d.refired = d.refired || ok && old.Status == alert.Resolved
	d.fresh = append(d.fresh, a)
	p := store.Span{
		Identity: a.Identity(), Fingerprint: a.Fingerprint, StartsAt: a.StartsAt,
		Status: alert.Firing, Severity: a.Labels["severity"],
	}
	if st.Open != nil {
		p.Incident = st.Open.ID
	}
	d.changed = append(d.changed, p)
}

// resolve ends the open span of alert a. A resolved alert that is older than
// the open span speaks of an earlier one and changes nothing.
func (d *difference) resolve(open map[string]store.Span, a alert.Alert) {
	known, ok := open[a.Fingerprint]
	switch {
	case !ok:
	case a.StartsAt.Before(known.StartsAt) && a.EndsAt.Before(known.StartsAt):
		d.firing++
	default:
		d.changed = append(d.changed, ended(known))
	}
}

func ended(p store.Span) store.Span {
	p.Status = alert.Resolved
	return p
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

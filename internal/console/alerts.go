package console

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// watchdog is the alert that always fires, so that its absence shows. It is
// never listed among the others.
const watchdog = "Watchdog"

// The states of an alert as the page words them, most pressing first.
const (
	stateFiring    = "firing"
	statePending   = "pending"
	stateSilenced  = "silenced"
	stateInhibited = "inhibited"
)

// stateRank orders states for the list.
func stateRank(state string) int {
	return slices.Index([]string{stateFiring, statePending, stateSilenced, stateInhibited}, state)
}

// found is one alert, as Prometheus and Alertmanager together know it.
type found struct {
	Labels      alert.Labels
	Annotations alert.Labels
	Fingerprint string // empty while Alertmanager does not have it
	State       string
	Since       time.Time
	SilencedBy  []string
	InhibitedBy []string
}

func (f found) name() string { return f.Labels["alertname"] }

// merge joins what the two engines say. Prometheus alone knows what is
// pending, Alertmanager alone what is muted; either may be missing.
func merge(prom []promAlert, am []amAlert) []found {
	prom = slices.Clone(prom)
	// An alert with more labels chooses first: its labels fit fewer others.
	slices.SortStableFunc(prom, func(a, b promAlert) int { return cmp.Compare(len(b.Labels), len(a.Labels)) })
	taken := make([]bool, len(am))
	var all []found
	for _, p := range prom {
		i := -1
		if p.State == stateFiring {
			i = partner(p, am, taken)
		}
		if i < 0 {
			all = append(all, found{Labels: p.Labels, Annotations: p.Annotations, State: p.State, Since: p.ActiveAt})
			continue
		}
		taken[i] = true
		all = append(all, fromAlertmanager(am[i]))
	}
	for i, a := range am {
		if !taken[i] {
			all = append(all, fromAlertmanager(a))
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(
			cmp.Compare(stateRank(a.State), stateRank(b.State)),
			cmp.Compare(urgency(a.Labels["severity"]), urgency(b.Labels["severity"])),
			strings.Compare(a.name(), b.name()),
			strings.Compare(a.Labels.String(), b.Labels.String()),
		)
	})
	return all
}

// partner finds the alert of Alertmanager that p became: the same labels, and
// perhaps external ones on top.
func partner(p promAlert, am []amAlert, taken []bool) int {
	best := -1
	for i, a := range am {
		if !taken[i] && contains(a.Labels, p.Labels) && (best < 0 || len(a.Labels) < len(am[best].Labels)) {
			best = i
		}
	}
	return best
}

func contains(all, some alert.Labels) bool {
	for k, v := range some {
		if got, ok := all[k]; !ok || got != v {
			return false
		}
	}
	return true
}

func fromAlertmanager(a amAlert) found {
	f := found{
		Labels: a.Labels, Annotations: a.Annotations, Fingerprint: a.Fingerprint,
		State: stateFiring, Since: a.StartsAt,
		SilencedBy: a.Status.SilencedBy, InhibitedBy: a.Status.InhibitedBy,
	}
	switch {
	case len(f.SilencedBy) > 0:
		f.State = stateSilenced
	case len(f.InhibitedBy) > 0:
		f.State = stateInhibited
	}
	return f
}

// urgency orders severities; what is outside the closed set comes first, since
// nobody has said that it can wait.
func urgency(severity string) int {
	return slices.Index(alert.Severities(), alert.Severity(severity))
}

// alertsView is the section of the alerts.
type alertsView struct {
	Rows     []alertView
	Problems []string
	At       time.Time // its time zone is that of the times that people type
}

// alertView is one line of it.
type alertView struct {
	Key         string // stays the same while the alert lives
	Name        string
	Severity    string
	Service     string
	State       string
	Why         string // who or what mutes it
	Since       time.Time
	Age         string
	Summary     string
	Description string
	Runbook     string // empty: no usable address
	Labels      string // the rest of the labels
	Silenceable bool
	Matchers    string // the labels as JSON, for the silence form
}

// viewAlerts words all alerts but the watchdog.
func viewAlerts(all []found, silences []amSilence, loc *time.Location, now time.Time) []alertView {
	names := map[string]string{} // :: fingerprint -> alert name
	for _, f := range all {
		names[f.Fingerprint] = f.name()
	}
	var rows []alertView
	for _, f := range all {
		if f.name() == watchdog {
			continue
		}
		rows = append(rows, alertView{
			Key:         f.Labels.String(),
			Name:        cmp.Or(f.name(), "(no name)"),
			Severity:    severityWord(f.Labels["severity"]),
			Service:     f.Labels["service"],
			State:       f.State,
			Why:         why(f, names, silences, loc),
			Since:       f.Since,
			Age:         age(now.Sub(f.Since)),
			Summary:     f.Annotations["summary"],
			Description: f.Annotations["description"],
			Runbook:     safeLink(f.Annotations["runbook_url"]),
			Labels:      otherLabels(f.Labels),
			Silenceable: f.State != stateSilenced,
			Matchers:    labelsJSON(f.Labels),
		})
	}
	return rows
}

// why says who mutes an alert.
func why(f found, names map[string]string, silences []amSilence, loc *time.Location) string {
	switch f.State {
	case stateSilenced:
		for _, s := range silences {
			if slices.Contains(f.SilencedBy, s.ID) {
				return "by " + s.CreatedBy + " until " + s.EndsAt.In(loc).Format("15:04")
			}
		}
	case stateInhibited:
		var by []string
		for _, fp := range f.InhibitedBy {
			if n := names[fp]; n != "" && !slices.Contains(by, n) {
				by = append(by, n)
			}
		}
		if len(by) > 0 {
			return "by " + strings.Join(by, ", ")
		}
	}
	return ""
}

func severityWord(s string) string {
	if sev, err := alert.ParseSeverity(s); err == nil {
		return string(sev)
	}
	return "unknown"
}

// otherLabels renders the labels that have no place of their own in the row.
func otherLabels(l alert.Labels) string {
	rest := l.Clone()
	for _, shown := range []string{"alertname", "severity", "service"} {
		delete(rest, shown)
	}
	if len(rest) == 0 {
		return ""
	}
	return strings.Trim(rest.String(), "{}")
}

// labelsJSON cannot fail: it encodes a map of strings, in the keys' order.
func labelsJSON(l alert.Labels) string {
	data, _ := json.Marshal(l)
	return string(data)
}

// safeLink returns raw where it is an http(s) address or a path of this site,
// and "" otherwise: annotations are not ours.
func safeLink(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	web := (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	path := u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(raw, "//") && !strings.Contains(raw, `\`)
	if web || path {
		return raw
	}
	return ""
}

package router

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// composer words the messages of a decision. Messages are worded once, when
// they are enqueued, so that every attempt sends the same bytes.
type composer struct {
	receivers map[string]Receiver // :: name -> receiver
	runbooks  Runbooks            // nil: none
	external  *url.URL
	// notBefore says until when a receiver wants to be left in peace; nil: never.
	notBefore func(receiver string, severity alert.Severity, now time.Time) time.Time
	// lapsed says that a silence ended lately that covered these labels; nil: never.
	lapsed func(labels alert.Labels, now time.Time) string
	// action makes the link by which people act on an incident; nil: there is none.
	action func(incident string, now time.Time) string
}

// change turns a decision into what the store keeps.
func (c composer) change(d Decision, now time.Time) store.Change {
	ch := store.Change{Outcome: d.Outcome, Watchdog: d.Watchdog, Incident: d.Incident, Spans: d.Spans, Events: d.Events}
	if d.Message == nil {
		return ch
	}
	c.name(d.Incident, *d.Message)
	for _, to := range d.Message.To {
		r, ok := c.receivers[to.Name]
		if !ok {
			continue // it was told of the incident, and is not configured any more
		}
		n := c.notification(*d.Incident, *d.Message, to, r.Type(), now)
		n.CreatedAt, n.To = now, to.To
		if c.notBefore != nil {
			n.NotBefore = c.notBefore(r.Name(), n.Severity, now)
		}
		n = r.Compose(n, d.Message.Alerts)
		if n.Status == alert.Firing {
			told := store.Target{Name: r.Name(), Type: r.Type(), To: n.To}
			if !slices.Contains(d.Incident.Told, told) {
				n.First = n.Severity == alert.Critical
				d.Incident.Told = append(slices.Clip(d.Incident.Told), told)
			}
		}
		ch.Notifications = append(ch.Notifications, n)
	}
	return ch
}

// name gives the incident the title of its most urgent alert, as long as the
// incident is no more urgent than that alert.
func (c composer) name(inc *store.Incident, m Message) {
	if m.Lead.Fingerprint == "" || m.Status != alert.Firing || m.Severity != inc.Severity {
		return
	}
	inc.AlertName = m.Lead.Name()
	inc.Service = m.Lead.Labels["service"]
	inc.Title = c.title(m.Lead)
	inc.RunbookURL = c.runbookURL(m.Lead)
}

func (c composer) notification(inc store.Incident, m Message, to Addressee, typ string, now time.Time) alert.Notification {
	parts := []string{"message", inc.ID, itoa(inc.Messages), string(m.Status), to.Name, to.To, itoa(to.Level)}
	for _, a := range m.Alerts {
		parts = append(parts, a.Identity())
	}
	n := alert.Notification{
		ID:           timed(now, parts...),
		Incident:     inc.ID,
		Receiver:     to.Name,
		ReceiverType: typ,
		Level:        to.Level,
		Severity:     m.Severity,
		Status:       m.Status,
		AlertName:    inc.AlertName,
		Service:      inc.Service,
		Reason:       m.Reason,
		Alerts:       inc.Alerts,
		GroupKey:     inc.GroupKey,
		Title:        inc.Title,
		RunbookURL:   inc.RunbookURL,
		State:        alert.Pending,
	}
	about := inc.AlertName
	if m.Status == alert.Firing && m.Lead.Fingerprint != "" {
		n.AlertName, n.Service = m.Lead.Name(), m.Lead.Labels["service"]
		n.Title, n.RunbookURL = c.title(m.Lead), c.runbookURL(m.Lead)
		n.DashboardURL, _ = safeLink(m.Lead.Annotations["dashboard_url"], c.external)
		about = n.AlertName
		if _, known := severityOf(m.Lead.Labels["severity"]); known {
			n.Title += flag(m.Alerts)
		}
		if c.lapsed != nil {
			n.Title += c.lapsed(m.Lead.Labels, inc.UpdatedAt)
		}
	}
	n.Help = c.brief(about)
	if c.action != nil && m.Status == alert.Firing {
		n.ActionURL = c.action(inc.ID, inc.UpdatedAt)
	}
	return n
}

// brief says in a sentence what an alert means; empty: nobody knows.
func (c composer) brief(alertName string) string {
	if c.runbooks == nil {
		return ""
	}
	return c.runbooks.Brief(alertName)
}

// flag says how many of the alerts have a severity that nobody knows.
func flag(alerts []alert.Alert) string {
	unknown := 0
	for _, a := range alerts {
		if _, known := severityOf(a.Labels["severity"]); !known {
			unknown++
		}
	}
	if unknown == 0 {
		return ""
	}
	return fmt.Sprintf(" (severity missing or unknown: %d of %d alerts)", unknown, len(alerts))
}

// title says what hurts: the summary, else the runbook's first sentence, else
// the alert's name. A severity that nobody knows is flagged here, because the
// title is what every receiver shows.
func (c composer) title(a alert.Alert) string {
	title := strings.TrimSpace(a.Annotations["summary"])
	if title == "" {
		title = c.brief(a.Name())
	}
	if title == "" {
		title = a.Name()
	}
	if title == "" {
		title = "alert without a name " + a.Labels.String()
	}
	label := a.Labels["severity"]
	if _, known := severityOf(label); known {
		return title
	}
	if label == "" {
		return "severity missing: " + title
	}
	return fmt.Sprintf("severity %q unknown: %s", label, title)
}

// runbookURL returns the alert's own link if a person may follow it, else the
// link of the router's page, which exists for every alert.
func (c composer) runbookURL(a alert.Alert) string {
	if link, ok := safeLink(a.Annotations["runbook_url"], c.external); ok {
		return link
	}
	u := *c.external
	base := strings.TrimSuffix(u.EscapedPath(), "/") + "/runbooks/"
	u.Path = strings.TrimSuffix(u.Path, "/") + "/runbooks/" + a.Name()
	u.RawPath = base + url.PathEscape(a.Name()) // a name may hold a slash
	return u.String()
}

// safeLink makes an absolute link of raw, which may be one already, or relative
// to base. It refuses anything but http and https, and "//host", which looks
// relative and is not.
func safeLink(raw string, base *url.URL) (string, bool) {
	raw = strings.TrimSpace(raw)
	if raw == "" || strings.HasPrefix(raw, "//") || strings.ContainsAny(raw, `\`) {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", false
	}
	u = base.ResolveReference(u)
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", false
	}
	return u.String(), true
}

// digestSample is how many messages a digest is worded from.
const digestSample = 20

// digest words one message that tells what waits for a phone.
func (c composer) digest(r Receiver, to string, now time.Time) func([]alert.Notification, store.Tally) alert.Notification {
	return func(sample []alert.Notification, t store.Tally) alert.Notification {
		parts := []string{"digest", r.Name(), to, now.UTC().Format(time.RFC3339Nano)}
		n := alert.Notification{
			Receiver: r.Name(), ReceiverType: r.Type(), To: to, Status: alert.Resolved, First: true,
			AlertName: "Digest", Reason: "digest", CreatedAt: now, State: alert.Pending,
			RunbookURL: strings.TrimSuffix(c.external.String(), "/") + "/incidents",
		}
		for _, m := range sample {
			parts = append(parts, m.ID)
			if m.Status == alert.Firing {
				n.Status = alert.Firing
				n.Severity = moreUrgent(n.Severity, m.Severity)
			}
		}
		if n.Severity == "" {
			n.Severity = alert.Info
		}
		n.ID = timed(now, parts...)
		n.Title = digestTitle(t)
		n = r.Compose(n, nil)
		n.To = to
		return n
	}
}

// digestTitle says how much waits, and where most of it is.
func digestTitle(t store.Tally) string {
	var where []string
	for _, s := range t.Services {
		name := s.Name
		if name == "" {
			name = "no service"
		}
		where = append(where, fmt.Sprintf("%s %d", name, s.N))
	}
	title := fmt.Sprintf("%d messages about %d incidents", t.Notifications, t.Incidents)
	if t.Resolved > 0 {
		title += fmt.Sprintf(", %d of them over", t.Resolved)
	}
	return title + ": " + strings.Join(where, ", ")
}

// Package logline is the receiver for what needs no action: one JSON line for
// each alert that changed, on a stream and for the log page. The router calls
// it; it never decides whether to send, and tells nobody.
package logline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// Journal keeps the last lines for the log page.
type Journal interface {
	// PutLines keeps the lines of notification id; a second call with the same
	// id changes nothing.
	PutLines(ctx context.Context, id string, at time.Time, lines []string) error
}

// Options describe the receiver.
type Options struct {
	Name    string    // how messages name it; "log" if empty
	Writer  io.Writer // where lines go, such as a File, one Write a notification; nil writes to the journal only
	Journal Journal   // required
}

// Receiver writes log lines. It is as safe for concurrent use as its Writer.
type Receiver struct {
	name    string
	journal Journal
	w       io.Writer
}

// New returns the receiver. It panics without a journal.
func New(o Options) *Receiver {
	if o.Journal == nil {
		panic("logline: Options.Journal is nil")
	}
	r := &Receiver{name: o.Name, journal: o.Journal, w: o.Writer}
	if r.name == "" {
		r.name = "log"
	}
	if r.w == nil {
		r.w = io.Discard
	}
	return r
}

// Name returns the receiver's name.
func (r *Receiver) Name() string { return r.name }

// Type returns "logline".
func (r *Receiver) Type() string { return "logline" }

// Compose returns n with its lines, one for each of the alerts.
func (r *Receiver) Compose(n alert.Notification, alerts []alert.Alert) alert.Notification {
	n.Text = Text(n, alerts)
	return n
}

// Send writes the lines. The stream may get them twice if the journal fails or
// the process dies in between; the journal never does.
func (r *Receiver) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	if _, err := io.WriteString(r.w, n.Text+"\n"); err != nil {
		return alert.Receipt{}, fmt.Errorf("write log line: %w", err)
	}
	if err := r.journal.PutLines(ctx, n.ID, time.Now(), strings.Split(n.Text, "\n")); err != nil {
		return alert.Receipt{}, fmt.Errorf("write log line: %w", err)
	}
	return alert.Receipt{}, nil
}

// line is one alert that changed. The order of the fields is the order in the
// output; labels are sorted by name.
type line struct {
	Time       time.Time      `json:"time"`
	Severity   alert.Severity `json:"severity"`
	Status     alert.Status   `json:"status"`
	AlertName  string         `json:"alertname"`
	Service    string         `json:"service,omitempty"`
	Summary    string         `json:"summary,omitempty"`
	Labels     alert.Labels   `json:"labels"`
	RunbookURL string         `json:"runbook_url,omitempty"`
	Incident   string         `json:"incident"`
	GroupKey   string         `json:"group_key"`

	Receiver     string       `json:"receiver,omitempty"`
	Notification string       `json:"notification,omitempty"`
	Fingerprint  string       `json:"fingerprint,omitempty"`
	StartsAt     time.Time    `json:"starts_at,omitzero"`
	EndsAt       time.Time    `json:"ends_at,omitzero"` // of a resolved alert; while it fires nobody knows
	Annotations  alert.Labels `json:"annotations,omitempty"`
}

// Text writes one JSON object a line, without a final line break. Without any
// alert it is one line about the notification itself.
func Text(n alert.Notification, alerts []alert.Alert) string {
	if len(alerts) == 0 {
		alerts = []alert.Alert{{Status: n.Status, Labels: alert.Labels{"alertname": n.AlertName}}}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // links stay readable
	for _, a := range alerts {
		l := line{
			Time: n.CreatedAt.UTC(), Severity: n.Severity, Status: a.Status, AlertName: a.Name(),
			Service: a.Labels["service"], Summary: a.Annotations["summary"], Labels: a.Labels,
			RunbookURL: n.RunbookURL, Incident: n.Incident, GroupKey: n.GroupKey,
			Receiver: n.Receiver, Notification: n.ID, Fingerprint: a.Fingerprint, StartsAt: a.StartsAt.UTC(), Annotations: a.Annotations,
		}
		if a.Status == alert.Resolved {
			l.EndsAt = a.EndsAt.UTC()
		}
		if l.Summary == "" {
			l.Summary = n.Title
		}
		if err := enc.Encode(l); err != nil { // only a year beyond 9999 cannot be written
			fmt.Fprintf(&b, "{\"incident\":%q,\"error\":%q}\n", n.Incident, err)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

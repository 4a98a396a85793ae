package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

type incidentList struct{ Open, Over []store.Incident }

func (s *site) incidents(r *http.Request, _ time.Time) (view, error) {
	var l incidentList
	var err error
	l.Open, l.Over, err = s.Store.OpenFirst(r.Context(), pageRows)
	return view{Template: "incidents.html", Title: openTitle(len(l.Open)), Place: "incidents", Live: true, Data: l}, err
}

// openTitle is what a tab among many should say.
func openTitle(open int) string {
	switch open {
	case 0:
		return "All quiet"
	case 1:
		return "1 open incident"
	}
	return fmt.Sprintf("%d open incidents", open)
}

// story is one incident with all that can be said and done about it.
type story struct {
	store.Incident
	Runbook   string // link
	Help      string // the first sentence of the runbook
	Dashboard string // link
	Timeline  []entry
	Form      *actForm
	Retry     string // token of the forms that send a message again
}

func (s *site) incident(r *http.Request, now time.Time) (view, error) {
	return s.incidentView(r.Context(), r.PathValue("id"), nil, now)
}

func (s *site) incidentView(ctx context.Context, id string, typed url.Values, now time.Time) (view, error) {
	st, err := s.story(ctx, id)
	if err != nil {
		return view{}, err
	}
	messages, err := s.Store.MessagesOf(ctx, id)
	if err != nil {
		return view{}, err
	}
	events, err := s.Store.Events(ctx, id)
	if err != nil {
		return view{}, err
	}
	digests, err := s.digests(ctx, messages)
	if err != nil {
		return view{}, err
	}
	st.Timeline = timeline(st.Incident, messages, events, digests)
	st.Form = s.newActForm(ctx, st.Incident, incidentSubject(id), typed, now)
	if s.Actions != nil {
		st.Retry = s.Actions.FormToken(retrySubject, now)
	}
	return view{Template: "incident.html", Title: st.Title, Place: "incidents", Live: true, Data: st}, nil
}

// story reads an incident and finds its links.
func (s *site) story(ctx context.Context, id string) (story, error) {
	inc, err := s.Store.Incident(ctx, id)
	if err != nil {
		return story{}, err
	}
	st := story{Incident: inc, Runbook: webLink(inc.RunbookURL)}
	if page, ok := s.Runbooks.Lookup(inc.AlertName); ok {
		st.Help = page.Brief
		if s.public { // the other address may want a password
			st.Runbook = linkTo(s.base, "runbooks", inc.AlertName)
		}
	}
	if s.Dashboard != nil {
		st.Dashboard = webLink(s.Dashboard(inc))
	}
	return st, nil
}

// digests returns the messages that carried others.
func (s *site) digests(ctx context.Context, messages []alert.Notification) (map[string]alert.Notification, error) {
	digests := make(map[string]alert.Notification)
	for _, m := range messages {
		if _, known := digests[m.CarriedBy]; m.CarriedBy == "" || known {
			continue
		}
		d, err := s.Store.Message(ctx, m.CarriedBy)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // it may be forgotten before what it carried
			return nil, err
		}
		digests[m.CarriedBy] = d
	}
	return digests, nil
}

func incidentSubject(id string) string { return "incident " + id }

func (s *site) incidentForm(r *http.Request, now time.Time) (deed, error) {
	id := r.PathValue("id")
	return s.actDeed(r.Context(), id, incidentSubject(id), []string{"incidents", id}, func(typed url.Values) (view, error) {
		return s.incidentView(r.Context(), id, typed, now)
	})
}

// entry is one line of a timeline.
type entry struct {
	At     time.Time
	Tone   string // ok, warn, bad or none; the sign and the words say the same
	Sign   string
	What   string
	Who    string
	Notes  []string
	Error  string
	Link   string              // where a person can look at it
	Failed *alert.Notification // it can be sent again
}

// timeline tells what happened to an incident, oldest first.
func timeline(inc store.Incident, messages []alert.Notification, events []store.Event, digests map[string]alert.Notification) []entry {
	out := []entry{{At: inc.StartedAt, Tone: "bad", Sign: "◆", What: "Fired", Notes: []string{inc.Title}}}
	acknowledged := false
	for _, e := range events {
		acknowledged = acknowledged || e.Kind == "acknowledged"
		out = append(out, eventEntry(e))
	}
	if !acknowledged && !inc.AcknowledgedAt.IsZero() {
		out = append(out, eventEntry(store.Event{At: inc.AcknowledgedAt, Kind: "acknowledged", Author: inc.AcknowledgedBy}))
	}
	for _, m := range messages {
		out = append(out, messageEntry(m, digests[m.CarriedBy]))
	}
	if !inc.ResolvedAt.IsZero() {
		out = append(out, entry{At: inc.ResolvedAt, Tone: "ok", Sign: "✓", What: "Resolved", Notes: []string{"after " + span(inc.ResolvedAt.Sub(inc.StartedAt))}})
	}
	slices.SortStableFunc(out, func(a, b entry) int { return a.At.Compare(b.At) })
	return out
}

func eventEntry(e store.Event) entry {
	out := entry{At: e.At, Tone: "none", Sign: "●", What: sentence(e.Kind), Who: e.Author}
	switch e.Kind {
	case "acknowledged":
		out.Tone, out.Sign = "ok", "✓"
	case "escalated", "nobody left to tell":
		out.Tone, out.Sign = "warn", "▲"
	case "silenced":
		out.Sign = "◌"
	}
	if e.Text != "" {
		out.Notes = []string{e.Text}
	}
	return out
}

// messageEntry words one message: whom it told, and how that went.
func messageEntry(m, digest alert.Notification) entry {
	e := entry{At: m.CreatedAt, Error: m.LastError, Link: webLink(m.ReceiptURL)}
	to := m.Receiver + " (" + typeWord(m.ReceiverType)
	if m.To != "" {
		to += ", " + m.To
	}
	to += ")"
	if m.Level > 0 {
		to += fmt.Sprintf(", level %d", m.Level)
	}
	switch m.State {
	case alert.Delivered:
		e.Tone, e.Sign, e.What = "none", "✉", "Told "+to
		e.Notes = append(e.Notes, deliveredNote(m))
	case alert.Dead:
		e.Tone, e.Sign, e.What = "bad", "✗", "Could not tell "+to
		e.Failed = &m
	case alert.Leased:
		e.Tone, e.Sign, e.What = "none", "…", "Is being sent to "+to
	case alert.Pending:
		e.Tone, e.Sign, e.What = "none", "…", "Waits for "+to
		if m.LastError != "" {
			e.Tone, e.Sign = "warn", "▲"
		}
	}
	if m.Status == alert.Resolved {
		e.Notes = append([]string{"that it is over"}, e.Notes...)
	} else if m.Reason != "" {
		e.Notes = append([]string{m.Reason}, e.Notes...)
	}
	e.Notes = append(e.Notes, doubts(m, digest)...)
	return e
}

func deliveredNote(m alert.Notification) string {
	note := "delivered after " + span(m.DeliveredAt.Sub(m.CreatedAt))
	if m.Provider != "" {
		note += " by " + m.Provider
	}
	return note
}

// doubts lists what is not plain about a message.
func doubts(m, digest alert.Notification) []string {
	var notes []string
	switch m.Report {
	case alert.ReportDelivered:
		notes = append(notes, "reported to be on the phone")
	case alert.ReportExpected:
		notes = append(notes, "no delivery report yet")
	case alert.ReportFailed:
		notes = append(notes, "its provider reported that it did not arrive")
	}
	if m.CarriedBy != "" {
		note := "together with others, in a digest"
		if !digest.DeliveredAt.IsZero() {
			note += " delivered at " + digest.DeliveredAt.UTC().Format("15:04:05")
		} else if digest.State == alert.Dead {
			note += " that was given up"
		}
		notes = append(notes, note)
	}
	if m.Attempts > 1 {
		notes = append(notes, fmt.Sprintf("%d attempts", m.Attempts))
	}
	if m.Unsure > 0 {
		notes = append(notes, fmt.Sprintf("the answer to %s was lost: it may have arrived more than once", plural(m.Unsure, "attempt", "attempts")))
	}
	return notes
}

func typeWord(typ string) string {
	switch typ {
	case "sms":
		return "SMS"
	case "logline":
		return "log"
	}
	return cmp.Or(typ, "?")
}

// sentence begins words with a capital.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/runbook"
	"goldensignals/internal/store"
)

type overview struct {
	store.Counts
	Watchdog  time.Time
	Incidents []store.Incident
	Messages  []alert.Notification
	Webhooks  []store.Webhook
}

func (s *site) overview(r *http.Request, _ time.Time) (view, error) {
	var o overview
	var err error
	ctx := r.Context()
	if o.Counts, err = s.store.Counts(ctx); err != nil {
		return view{}, err
	}
	if o.Watchdog, err = s.store.WatchdogLastSeen(ctx); err != nil {
		return view{}, err
	}
	if o.Incidents, err = s.store.Incidents(ctx, overviewRows); err != nil {
		return view{}, err
	}
	if o.Messages, err = s.store.Messages(ctx, overviewRows); err != nil {
		return view{}, err
	}
	if o.Webhooks, err = s.store.Webhooks(ctx, overviewRows); err != nil {
		return view{}, err
	}
	return view{Template: "overview.html", Title: "Overview", Live: true, Data: o}, nil
}

// text is one SMS, with its link cut off so that the page can make it one.
type text struct {
	alert.Notification
	At   time.Time
	Body string
	Link string
}

func (s *site) phone(r *http.Request, _ time.Time) (view, error) {
	messages, err := s.store.SMS(r.Context(), pageRows)
	if err != nil {
		return view{}, err
	}
	texts := make([]text, len(messages))
	for i, m := range messages {
		texts[i] = text{Notification: m.Message, At: m.At, Body: m.Message.Text}
		if body, ok := strings.CutSuffix(m.Message.Text, m.Message.RunbookURL); ok {
			texts[i].Body, texts[i].Link = body, m.Message.RunbookURL
		}
	}
	return view{Template: "phone.html", Title: "Phone", Live: true, Data: texts}, nil
}

func (s *site) tickets(r *http.Request, _ time.Time) (view, error) {
	tickets, err := s.store.Tickets(r.Context(), pageRows)
	return view{Template: "tickets.html", Title: "Tickets", Live: true, Data: tickets}, err
}

func (s *site) ticket(r *http.Request, _ time.Time) (view, error) {
	t, err := s.store.Ticket(r.Context(), r.PathValue("id"))
	return view{Template: "ticket.html", Title: "Ticket", Live: true, Data: t}, err
}

// logRow is one line of the log, as far as it could be read.
type logRow struct {
	At        time.Time
	Raw       string
	Status    alert.Status `json:"status"`
	AlertName string       `json:"alertname"`
	Service   string       `json:"service"`
	Summary   string       `json:"summary"`
}

func (s *site) alertLog(r *http.Request, _ time.Time) (view, error) {
	lines, err := s.store.Lines(r.Context(), pageRows)
	if err != nil {
		return view{}, err
	}
	rows := make([]logRow, len(lines))
	for i, l := range lines {
		if err := json.Unmarshal([]byte(l.Text), &rows[i]); err != nil {
			rows[i] = logRow{Summary: "unreadable line"}
		}
		rows[i].At, rows[i].Raw = l.At, l.Text
	}
	return view{Template: "log.html", Title: "Log", Live: true, Data: rows}, nil
}

func (s *site) pages() []runbook.Page {
	var pages []runbook.Page
	for _, name := range s.runbooks.Names() {
		p, _ := s.runbooks.Lookup(name)
		pages = append(pages, p)
	}
	return pages
}

func (s *site) runbookList(*http.Request, time.Time) (view, error) {
	return view{Template: "runbooks.html", Title: "Runbooks", Data: s.pages()}, nil
}

// noRunbook is the page of an alert whose runbook nobody wrote. Somebody was
// woken and followed a link here: it must help all the same.
type noRunbook struct {
	Alert string
	Pages []runbook.Page
}

func (s *site) runbook(r *http.Request, _ time.Time) (view, error) {
	name := r.PathValue("alert")
	p, ok := s.runbooks.Lookup(name)
	if !ok {
		return view{Template: "norunbook.html", Title: "Runbooks", Code: http.StatusNotFound, Data: noRunbook{name, s.pages()}}, nil
	}
	return view{Template: "runbook.html", Title: "Runbooks", Data: p}, nil
}

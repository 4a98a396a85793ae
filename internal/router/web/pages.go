package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/runbook"
	"goldensignals/internal/store"
)

// watchdogLate is when the silence of the watchdog is worth a mark.
const watchdogLate = 10 * time.Minute

type overview struct {
	store.Counts
	Unsure   int // of the last messages, those that may have arrived twice
	Watchdog time.Time
	Late     bool // the watchdog is
	Duties   []watch
	Open     []store.Incident
	Over     []store.Incident
	Messages []alert.Notification
	Webhooks []store.Webhook
}

func (s *site) overview(r *http.Request, now time.Time) (view, error) {
	var o overview
	var err error
	ctx := r.Context()
	if o.Counts, err = s.Store.Counts(ctx); err != nil {
		return view{}, err
	}
	recent, err := s.Store.Recent(ctx)
	if err != nil {
		return view{}, err
	}
	if o.Watchdog, err = s.Store.WatchdogLastSeen(ctx); err != nil {
		return view{}, err
	}
	if o.Open, o.Over, err = s.Store.OpenFirst(ctx, overviewRows); err != nil {
		return view{}, err
	}
	if o.Messages, err = s.Store.MessagesBy(ctx, store.MessageFilter{}, overviewRows); err != nil {
		return view{}, err
	}
	if o.Webhooks, err = s.Store.Webhooks(ctx, overviewRows); err != nil {
		return view{}, err
	}
	o.Unsure = recent.Unsure
	o.Late = !o.Watchdog.IsZero() && now.Sub(o.Watchdog) > watchdogLate
	if s.OnCall != nil {
		o.Duties = watches(s.OnCall(now))
	}
	return view{Template: "overview.html", Title: openTitle(o.OpenIncidents), Place: "overview", Live: true, Data: o}, nil
}

// watch is who is on call for one receiver, and who is told next.
type watch struct {
	Receiver string
	Duties   []router.Duty
}

// watches puts the duties of each receiver together, in the order of their levels.
func watches(duties []router.Duty) []watch {
	var out []watch
	for _, d := range duties {
		i := slices.IndexFunc(out, func(w watch) bool { return w.Receiver == d.Receiver })
		if i < 0 {
			out = append(out, watch{Receiver: d.Receiver})
			i = len(out) - 1
		}
		out[i].Duties = append(out[i].Duties, d)
	}
	for _, w := range out {
		slices.SortStableFunc(w.Duties, func(a, b router.Duty) int { return cmp.Compare(a.Level, b.Level) })
	}
	return out
}

func (s *site) phone(r *http.Request, _ time.Time) (view, error) {
	messages, err := s.Store.SMS(r.Context(), pageRows)
	return view{Template: "phone.html", Title: "Phone", Place: "phone", Live: true, Data: messages}, err
}

func (s *site) tickets(r *http.Request, _ time.Time) (view, error) {
	tickets, err := s.Store.Tickets(r.Context(), pageRows)
	return view{Template: "tickets.html", Title: "Tickets", Place: "tickets", Live: true, Data: tickets}, err
}

func (s *site) ticket(r *http.Request, _ time.Time) (view, error) {
	t, err := s.Store.Ticket(r.Context(), r.PathValue("id"))
	return view{Template: "ticket.html", Title: "Ticket", Place: "tickets", Live: true, Data: t}, err
}

// logRow is one line of the log, as far as it could be read.
type logRow struct {
	At        time.Time
	Key       string // tells rows apart
	Raw       string
	Status    alert.Status `json:"status"`
	AlertName string       `json:"alertname"`
	Service   string       `json:"service"`
	Summary   string       `json:"summary"`
}

func (s *site) alertLog(r *http.Request, _ time.Time) (view, error) {
	lines, err := s.Store.Lines(r.Context(), pageRows)
	if err != nil {
		return view{}, err
	}
	rows := make([]logRow, len(lines))
	for i, l := range lines {
		if err := json.Unmarshal([]byte(l.Text), &rows[i]); err != nil {
			rows[i] = logRow{Summary: "unreadable line"}
		}
		rows[i].At, rows[i].Raw = l.At, l.Text
		rows[i].Key = fmt.Sprintf("%d-%x", l.At.UnixNano(), sha256.Sum256([]byte(l.Text)))
	}
	return view{Template: "log.html", Title: "Log", Place: "log", Live: true, Data: rows}, nil
}

func (s *site) pages() []runbook.Page {
	var pages []runbook.Page
	for _, name := range s.Runbooks.Names() {
		p, _ := s.Runbooks.Lookup(name)
		pages = append(pages, p)
	}
	return pages
}

func (s *site) runbookList(*http.Request, time.Time) (view, error) {
	return view{Template: "runbooks.html", Title: "Runbooks", Place: "runbooks", Data: s.pages()}, nil
}

// noRunbook is the page of an alert whose runbook nobody wrote. Somebody was
// woken and followed a link here: it must help all the same.
type noRunbook struct {
	Alert string
	Pages []runbook.Page
}

func (s *site) runbook(r *http.Request, _ time.Time) (view, error) {
	name := r.PathValue("alert")
	p, ok := s.Runbooks.Lookup(name)
	if !ok {
		return view{Template: "norunbook.html", Title: "Runbooks", Place: "runbooks", Code: http.StatusNotFound, Data: noRunbook{name, s.pages()}}, nil
	}
	return view{Template: "runbook.html", Title: p.Alert, Place: "runbooks", Data: p}, nil
}

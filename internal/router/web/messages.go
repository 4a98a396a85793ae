package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// retrySubject is what the token of a form is about that sends a message again.
const retrySubject = "retry"

type messageList struct {
	Filter    store.MessageFilter
	States    []option
	Receivers []option
	Messages  []alert.Notification
	Retry     string // token
}

// option is one link of a filter.
type option struct {
	Text   string
	Link   string // query
	Chosen bool
}

func (s *site) messages(r *http.Request, now time.Time) (view, error) {
	q := r.URL.Query()
	f := store.MessageFilter{State: alert.State(q.Get("state")), Receiver: q.Get("receiver")}
	rows, err := s.Store.MessagesBy(r.Context(), f, pageRows)
	if err != nil {
		return view{}, err
	}
	recent, err := s.Store.Recent(r.Context())
	if err != nil {
		return view{}, err
	}
	l := messageList{Filter: f, Messages: rows, Retry: s.retryToken(now)}
	for _, state := range []alert.State{"", alert.Pending, alert.Delivered, alert.Dead} {
		o := f
		o.State = state
		l.States = append(l.States, option{stateWord(state), query(o), state == f.State})
	}
	for _, name := range append([]string{""}, recent.Receivers...) {
		o := f
		o.Receiver = name
		text := name
		if name == "" {
			text = "everybody"
		}
		l.Receivers = append(l.Receivers, option{text, query(o), name == f.Receiver})
	}
	return view{Template: "messages.html", Title: "Messages", Place: "messages", Live: true, Data: l}, nil
}

func query(f store.MessageFilter) string {
	q := url.Values{}
	if f.State != "" {
		q.Set("state", string(f.State))
	}
	if f.Receiver != "" {
		q.Set("receiver", f.Receiver)
	}
	return "?" + q.Encode()
}

func stateWord(s alert.State) string {
	switch s {
	case alert.Pending:
		return "waiting"
	case alert.Leased:
		return "being sent"
	case alert.Delivered:
		return "delivered"
	case alert.Dead:
		return "given up"
	}
	return "all"
}

func (s *site) retryToken(now time.Time) string {
	if s.Actions == nil {
		return ""
	}
	return s.Actions.FormToken(retrySubject, now)
}

func (s *site) deadLetters(r *http.Request, now time.Time) (view, error) {
	return s.deadView(r.Context(), now)
}

func (s *site) deadView(ctx context.Context, now time.Time) (view, error) {
	rows, err := s.Store.MessagesBy(ctx, store.MessageFilter{State: alert.Dead}, pageRows)
	return view{Template: "dead.html", Title: "Dead letters", Place: "messages", Live: true,
		Data: messageList{Messages: rows, Retry: s.retryToken(now)}}, err
}

// retryForm sends a message again and leads back to where the button was: the
// incident's page, or the dead letters.
func (s *site) retryForm(r *http.Request, now time.Time) (deed, error) {
	message, incident := r.PathValue("id"), r.PostForm.Get("incident")
	d := deed{
		subject: retrySubject, back: []string{"messages", "dead"},
		do: func(ctx context.Context, _ url.Values) (string, error) {
			return doneRetried, s.Actions.Retry(ctx, message)
		},
		show: func(url.Values) (view, error) { return s.deadView(r.Context(), now) },
	}
	if incident != "" {
		d.back = []string{"incidents", incident}
		d.show = func(url.Values) (view, error) { return s.incidentView(r.Context(), incident, nil, now) }
	}
	return d, nil
}

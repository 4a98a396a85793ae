package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/store"
)

// maxHook bounds what a provider sends when it calls back, in bytes.
const maxHook = 64 << 10

// hook takes what an SMS provider calls back with: a delivery report, or a
// person's reply. What cannot be judged now is answered 503, so that the provider
// sends it again; what will never make sense is answered 4xx.
func (rt *Router) hook(w http.ResponseWriter, r *http.Request) {
	name, kind := r.PathValue("provider"), r.PathValue("kind")
	h, ok := rt.setting.Load().plan.Hooks[name]
	if !ok || kind != "report" && kind != "reply" {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHook))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	public := rt.opts.ExternalURL.JoinPath("hooks", name, kind)
	public.RawQuery = r.URL.RawQuery
	if kind == "report" {
		err = rt.takeReport(r.Context(), func() (sms.Reported, error) { return h.Report(public, r, body) })
	} else {
		err = rt.takeReply(r.Context(), func() (sms.Reply, error) { return h.Reply(public, r, body) })
	}
	code := http.StatusNoContent
	var senseless senselessError
	switch {
	case errors.Is(err, sms.ErrForged):
		code = http.StatusForbidden
	case errors.As(err, &senseless):
		code = http.StatusBadRequest
	case err != nil:
		code = http.StatusServiceUnavailable
	}
	if err != nil {
		rt.log.Warn("callback of an SMS provider", "provider", name, "kind", kind, "code", code, "err", err)
	}
	w.WriteHeader(code)
}

// senselessError marks a callback that no repetition would mend.
type senselessError struct{ error }

func (e senselessError) Unwrap() error { return e.error }

func (rt *Router) takeReport(ctx context.Context, read func() (sms.Reported, error)) error {
	rep, err := read()
	if err != nil {
		return senseless(err)
	}
	err = rt.Reported(ctx, rep.NotificationID, rep.Receipt, rep.Report, rep.Detail)
	if errors.Is(err, store.ErrNotFound) { // another program's message, or one that was forgotten
		rt.log.Info("a delivery report is about a message that nobody knows", "provider", rep.Provider, "receipt", rep.Receipt)
		return nil
	}
	return err
}

func (rt *Router) takeReply(ctx context.Context, read func() (sms.Reply, error)) error {
	reply, err := read()
	if err != nil {
		return senseless(err)
	}
	return rt.Replied(ctx, reply)
}

func senseless(err error) error {
	if errors.Is(err, sms.ErrForged) {
		return err
	}
	return senselessError{err}
}

// maxAnswered bounds how many incidents one reply is about.
const maxAnswered = 50

// Replied does what a person asks for by text message, and answers by one. A
// number that belongs to nobody is not answered. The same reply a second time
// changes nothing.
func (rt *Router) Replied(ctx context.Context, reply sms.Reply) error {
	s, now := rt.setting.Load(), time.Now()
	if s.plan.PersonByPhone == nil {
		return nil
	}
	person, ok := s.plan.PersonByPhone(reply.From)
	if !ok {
		rt.log.Warn("a text message from a number that belongs to nobody", "provider", reply.Provider, "from", reply.From)
		rt.metrics.replies.WithLabelValues("stranger").Inc()
		return nil
	}
	id := answerID(reply, now)
	if known, err := rt.store.Known(ctx, id); err != nil || known {
		return err
	}
	incidents, err := rt.store.LastTold(ctx, reply.From, maxAnswered)
	if err != nil {
		return err
	}
	text, outcome, err := rt.obey(ctx, reply, person, incidents)
	if err != nil {
		return err
	}
	rt.metrics.replies.WithLabelValues(outcome).Inc()
	rt.log.Info("a person replied", "person", person, "outcome", outcome)
	return rt.answerByText(ctx, s, id, reply.From, text, now)
}

// answerID names the answer to a reply: the same reply has the same. Providers
// that have no name for replies are not expected to repeat one a minute later.
func answerID(reply sms.Reply, now time.Time) string {
	if reply.ID != "" {
		return hash("answer", reply.Provider, reply.ID)
	}
	return hash("answer", reply.Provider, reply.From, reply.Text, now.UTC().Format("2006-01-02T15:04"))
}

// obey does what a reply asks for, and says what to answer.
func (rt *Router) obey(ctx context.Context, reply sms.Reply, person string, incidents []store.Incident) (text, outcome string, err error) {
	cmd, err := sms.ParseCommand(reply.Text)
	if err != nil {
		return err.Error(), "not understood", nil //nolint:nilerr // it is the answer
	}
	incidents = coded(incidents, cmd.Code)
	if len(incidents) == 0 {
		return "There is no open incident that you were told of" + withCode(cmd.Code) + ".", "no incident", nil
	}
	switch cmd.Verb {
	case sms.Acknowledge:
		text, err = rt.acknowledgeAll(ctx, incidents, person)
		return text, "acknowledged", err
	case sms.ShowRunbook:
		inc := incidents[0]
		return inc.AlertName + " " + inc.RunbookURL, "runbook", nil
	case sms.Mute:
	}
	if len(incidents) > 1 {
		return "Several incidents are open. Text SILENCE, how long, and a code: " + codes(incidents), "which one", nil
	}
	until, err := rt.silenceFor(ctx, incidents[0], cmd.For, person)
	if err != nil {
		var p Problem
		if errors.As(err, &p) {
			return p.Error(), "refused", nil
		}
		return "", "", err
	}
	return fmt.Sprintf("Silent until %s UTC: %s", until.UTC().Format("15:04"), incidents[0].Title), "silenced", nil
}

func withCode(code string) string {
	if code == "" {
		return ""
	}
	return " with code " + code
}

// code is what tells an incident from others in a text message: the end of its id,
// since the beginning is the time.
func code(inc store.Incident) string { return strings.ToUpper(inc.ID[max(0, len(inc.ID)-4):]) }

// coded are the incidents whose id ends with a code; all without one.
func coded(incidents []store.Incident, code string) []store.Incident {
	var out []store.Incident
	for _, inc := range incidents {
		if strings.HasSuffix(strings.ToUpper(inc.ID), code) {
			out = append(out, inc)
		}
	}
	return out
}

func codes(incidents []store.Incident) string {
	var list []string
	for _, inc := range incidents[:min(len(incidents), 5)] {
		list = append(list, code(inc)+" "+inc.Title)
	}
	return strings.Join(list, "; ")
}

func (rt *Router) acknowledgeAll(ctx context.Context, incidents []store.Incident, person string) (string, error) {
	for _, inc := range incidents {
		if err := rt.Acknowledge(ctx, inc.ID, person); err != nil && !errors.Is(err, ErrOver) {
			return "", err
		}
	}
	if len(incidents) == 1 {
		return "Yours: " + incidents[0].Title, nil
	}
	return fmt.Sprintf("%d incidents are yours: %s", len(incidents), codes(incidents)), nil
}

// answerByText tells one phone, through the receiver that told it last.
func (rt *Router) answerByText(ctx context.Context, s *setting, id, to, text string, now time.Time) error {
	name, err := rt.store.LastReceiver(ctx, to)
	if err != nil {
		return err
	}
	r, ok := s.composer.receivers[name]
	if !ok {
		r = s.heir(TypeSMS)
	}
	n := alert.Notification{
		ID: id, Receiver: r.Name(), ReceiverType: r.Type(), To: to, Severity: alert.Info, Status: alert.Firing,
		Reason: reasonAnswer, Title: text, CreatedAt: now, State: alert.Pending, First: true,
	}
	n = r.Compose(n, nil)
	n.To = to
	if err := rt.store.Enqueue(ctx, n); err != nil {
		return err
	}
	ring(rt.bellOf(n.Receiver))
	return nil
}

// reasonAnswer marks a message that answers a person's.
const reasonAnswer = "answer"

package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/store"
)

// choicesPatience is how long a page waits for what Alertmanager would mute:
// acknowledging must be possible without it.
const choicesPatience = 3 * time.Second

// actForm is the form to acknowledge and to silence, with what was typed.
type actForm struct {
	Token     string
	Author    string
	Comment   string
	Choice    string // the chosen one
	CanAck    bool
	Choices   []router.Choice
	NoChoices string // why there is none
	Lengths   []time.Duration
}

// newActForm returns nil for an incident about which nothing can be done.
func (s *site) newActForm(ctx context.Context, inc store.Incident, subject string, typed url.Values, now time.Time) *actForm {
	if s.Actions == nil || inc.Status != alert.Firing {
		return nil
	}
	f := &actForm{
		Token: s.Actions.FormToken(subject, now), CanAck: inc.AcknowledgedAt.IsZero(), Lengths: s.Actions.Lengths(),
		Author: typed.Get("author"), Comment: typed.Get("comment"), Choice: typed.Get("choice"),
	}
	ctx, cancel := context.WithTimeout(ctx, choicesPatience)
	defer cancel()
	var err error
	f.Choices, err = s.Actions.Choices(ctx, inc.ID)
	if p, ok := errors.AsType[router.Problem](err); ok {
		f.NoChoices = p.Error()
	} else if err != nil {
		s.Log.Warn("ask what a silence would mute", "incident", inc.ID, "err", err)
		f.NoChoices = "What could be silenced is not known: Alertmanager does not answer."
	}
	if f.Choice == "" && len(f.Choices) > 0 {
		f.Choice = f.Choices[0].Name
	}
	return f
}

// actDeed is what the form asks for, on whichever page it is.
func (s *site) actDeed(ctx context.Context, id, subject string, back []string, show func(url.Values) (view, error)) (deed, error) {
	if _, err := s.Store.Incident(ctx, id); err != nil {
		return deed{}, err
	}
	return deed{subject: subject, back: back, show: show, do: func(ctx context.Context, typed url.Values) (string, error) {
		author, err := authorOf(typed)
		if err != nil {
			return "", err
		}
		if typed.Get("do") == "acknowledge" {
			return doneAcknowledged, s.Actions.Acknowledge(ctx, id, author)
		}
		request, err := silenceOf(typed, s.Actions.Lengths())
		if err != nil {
			return "", err
		}
		request.Author = author
		return doneSilenced, s.Actions.Silence(ctx, id, request)
	}}, nil
}

// silenceOf reads which silence a form asks for: one of the lengths at hand, or one
// that ends with the incident.
func silenceOf(typed url.Values, lengths []time.Duration) (router.SilenceRequest, error) {
	r := router.SilenceRequest{Choice: typed.Get("choice"), Comment: strings.TrimSpace(typed.Get("comment"))}
	if len(r.Comment) > maxComment {
		return r, router.Problem("The comment is too long: shorten it.")
	}
	if r.Choice == "" {
		return r, router.Problem("Choose what to silence.")
	}
	if typed.Get("do") == "with-incident" {
		r.WithIncident = true
		return r, nil
	}
	for _, d := range lengths {
		if typed.Get("do") == d.String() {
			r.For = d
			return r, nil
		}
	}
	return r, router.Problem("Choose for how long: press one of the buttons.")
}

// link is the page that an SMS links to. Looking at it changes nothing: those who
// scan links look, too.
func (s *site) act(r *http.Request, now time.Time) (view, error) {
	incident, err := s.openLink(r.PathValue("token"), now)
	if err != nil {
		return refused(err.Error()), nil
	}
	return s.actView(r.Context(), incident, nil, now)
}

func (s *site) openLink(token string, now time.Time) (string, error) {
	if s.Actions == nil {
		return "", router.Problem("This router does not take links.")
	}
	incident, err := s.Actions.OpenLink(token, now)
	if err != nil {
		return "", router.Problem(err.Error())
	}
	return incident, nil
}

func refused(why string) view {
	return view{Template: "missing.html", Title: "This link does not work", Code: http.StatusForbidden, Data: why}
}

func (s *site) actView(ctx context.Context, id string, typed url.Values, now time.Time) (view, error) {
	st, err := s.story(ctx, id)
	if err != nil {
		return view{}, err
	}
	st.Form = s.newActForm(ctx, st.Incident, linkSubject(id), typed, now)
	return view{Template: "act.html", Title: st.Title, Place: "act", Live: true, Data: st}, nil
}

func linkSubject(id string) string { return "link " + id }

func (s *site) actForm(r *http.Request, now time.Time) (deed, error) {
	token := r.PathValue("token")
	id, err := s.openLink(token, now)
	if err != nil {
		return deed{}, err
	}
	return s.actDeed(r.Context(), id, linkSubject(id), []string{"i", token}, func(typed url.Values) (view, error) {
		return s.actView(r.Context(), id, typed, now)
	})
}

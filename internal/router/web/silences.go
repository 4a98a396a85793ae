package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"goldensignals/internal/router"
)

const silencesSubject = "silences"

// extension is by how much the page lets a silence last longer.
const extension = time.Hour

type silenceList struct {
	Token    string
	Author   string
	Silences []router.Silence
	Broken   string // why they are not known
}

func (s *site) silences(r *http.Request, now time.Time) (view, error) {
	if s.Actions == nil {
		return missing("This router makes no silences: it was not told where Alertmanager is."), nil
	}
	return s.silencesView(r.Context(), nil, now), nil
}

func (s *site) silencesView(ctx context.Context, typed url.Values, now time.Time) view {
	l := silenceList{Token: s.Actions.FormToken(silencesSubject, now), Author: typed.Get("author")}
	ctx, cancel := context.WithTimeout(ctx, choicesPatience)
	defer cancel()
	var err error
	l.Silences, err = s.Actions.Silences(ctx)
	if p, ok := errors.AsType[router.Problem](err); ok {
		l.Broken = p.Error()
	} else if err != nil {
		s.Log.Warn("ask for silences", "err", err)
		l.Broken = "The silences are not known: Alertmanager does not answer."
	}
	l.Silences = slices.Clone(l.Silences)
	slices.SortStableFunc(l.Silences, func(a, b router.Silence) int {
		return cmp.Or(cmp.Compare(min(len(b.Notes), 1), min(len(a.Notes), 1)), a.EndsAt.Compare(b.EndsAt))
	})
	return view{Template: "silences.html", Title: "Silences", Place: "silences", Live: true, Data: l}
}

func extendSilence(ctx context.Context, a Actions, id, author string) (string, error) {
	return doneExtended, a.Extend(ctx, id, author, extension)
}

func endSilence(ctx context.Context, a Actions, id, author string) (string, error) {
	return doneEnded, a.End(ctx, id, author)
}

// silenceForm changes one silence.
func (s *site) silenceForm(change func(ctx context.Context, a Actions, id, author string) (string, error)) func(*http.Request, time.Time) (deed, error) {
	return func(r *http.Request, now time.Time) (deed, error) {
		return deed{
			subject: silencesSubject, back: []string{"silences"},
			do: func(ctx context.Context, typed url.Values) (string, error) {
				author, err := authorOf(typed)
				if err != nil {
					return "", err
				}
				return change(ctx, s.Actions, r.PathValue("id"), author)
			},
			show: func(typed url.Values) (view, error) { return s.silencesView(r.Context(), typed, now), nil },
		}, nil
	}
}

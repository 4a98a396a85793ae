package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"goldensignals/internal/router"
	"goldensignals/internal/store"
)

// Bounds of what people type, in bytes, and of a form.
const (
	maxForm    = 64 << 10
	maxAuthor  = 100
	maxComment = 500
)

// deed is what a form asks for.
type deed struct {
	subject string                                                               // what the form's token must be about
	back    []string                                                             // the page that is shown afterwards, as segments of its path
	do      func(ctx context.Context, typed url.Values) (done string, err error) // done: a word that doneWords knows
	show    func(typed url.Values) (view, error)                                 // the page, with what was typed
}

// form serves a POST: it does what plan says if the form came from our page, and
// leads back to the page. If not, it shows the page with the reason and with what
// was typed.
func (s *site) form(plan func(*http.Request, time.Time) (deed, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		if s.Actions == nil {
			s.answer(w, r, now, missing("This page does not exist."), nil)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.answer(w, r, now, unreadable(err), nil)
			return
		}
		d, err := plan(r, now)
		if _, forPeople := errors.AsType[router.Problem](err); forPeople {
			s.answer(w, r, now, refused(err.Error()), nil)
			return
		}
		if err != nil {
			s.answer(w, r, now, view{}, err)
			return
		}
		done, err := s.attempt(r, d, now)
		if err == nil {
			http.Redirect(w, r, s.doneURL(d.back, done, now), http.StatusSeeOther)
			return
		}
		v, showErr := d.show(r.PostForm)
		v.Live = false // fetching the page again would lose what was typed
		v.Code, v.Problem = s.excuse(r, err)
		s.answer(w, r, now, v, showErr)
	}
}

// errForm is a form that did not come from our page, or came too late.
type errForm struct{ error }

func (s *site) attempt(r *http.Request, d deed, now time.Time) (string, error) {
	if err := s.Actions.CheckForm(r.PostForm.Get("token"), d.subject, now); err != nil {
		return "", errForm{err}
	}
	return d.do(r.Context(), r.PostForm)
}

// excuse words an error for a person.
func (s *site) excuse(r *http.Request, err error) (code int, words string) {
	if p, ok := errors.AsType[router.Problem](err); ok {
		return http.StatusUnprocessableEntity, p.Error()
	}
	if _, ok := errors.AsType[errForm](err); ok {
		s.Log.Info("form refused", "pattern", r.Pattern, "err", err)
		return http.StatusForbidden, "This page was open for too long, or the form did not come from it. Look at it again, and press the button again."
	}
	if errors.Is(err, store.ErrNotFound) {
		return http.StatusNotFound, "It is not here any more, or somebody else was faster."
	}
	s.Log.Error("do what a page asked for", "pattern", r.Pattern, "err", err)
	return http.StatusServiceUnavailable, "The router could not do it just now; its log says why. Try again."
}

func unreadable(err error) view {
	v := view{Template: "missing.html", Title: "Not done", Code: http.StatusBadRequest, Data: "The form could not be read."}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		v.Code, v.Data = http.StatusRequestEntityTooLarge, "The form was too large and was not read."
	}
	return v
}

// doneURL is the address of a page that says what was done. Its token shows that
// it was: a link that somebody else made cannot say so.
func (s *site) doneURL(back []string, done string, now time.Time) string {
	path := linkTo(s.base, back...)
	return path + "?" + url.Values{"done": {done}, "ok": {s.Actions.FormToken("done "+done+" "+path, now)}}.Encode()
}

// done says what was done just before, or nothing.
func (s *site) done(r *http.Request, now time.Time) string {
	q := r.URL.Query()
	what := q.Get("done")
	if what == "" || s.Actions == nil {
		return ""
	}
	path := s.base + strings.TrimPrefix(r.URL.EscapedPath(), "/")
	if s.Actions.CheckForm(q.Get("ok"), "done "+what+" "+path, now) != nil {
		return ""
	}
	return doneWords(what)
}

// What forms do, as it stands in addresses.
const (
	doneAcknowledged = "acknowledged"
	doneSilenced     = "silenced"
	doneRetried      = "retried"
	doneExtended     = "extended"
	doneEnded        = "ended"
)

func doneWords(done string) string {
	switch done {
	case doneAcknowledged:
		return "Acknowledged. Nobody else is woken for it."
	case doneSilenced:
		return "Silenced. It stands on the page of silences, and in the timeline."
	case doneRetried:
		return "The message is sent again now."
	case doneExtended:
		return "The silence lasts an hour longer."
	case doneEnded:
		return "The silence has ended. What still fires will be heard again."
	}
	return ""
}

// authorOf returns who fills in a form.
func authorOf(typed url.Values) (string, error) {
	author := strings.TrimSpace(typed.Get("author"))
	switch {
	case author == "":
		return "", router.Problem("Your name is missing: the others want to know who did it.")
	case len(author) > maxAuthor:
		return "", router.Problem("Your name is too long: shorten it.")
	}
	return author, nil
}

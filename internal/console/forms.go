package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// authorCookie keeps who silences, so that a person types the name once.
const authorCookie = "console_author"

// servePage answers with the page as things stand now.
func (c *Console) servePage(w http.ResponseWriter, r *http.Request) {
	c.writePage(w, http.StatusOK, c.view(r.Context()))
}

// postSilence silences one alert.
func (c *Console) postSilence(w http.ResponseWriter, r *http.Request) {
	form, ok := c.readForm(w, r)
	if !ok {
		return
	}
	typed := strings.TrimSpace(form.Get("author"))
	form.Set("author", cmp.Or(typed, author(r)))
	sil, err := parseSilence(form, c.opts.Location, time.Now())
	if err != nil {
		c.refuse(w, r, http.StatusBadRequest, "The alert was not silenced. "+err.Error()+".")
		return
	}
	id, err := c.sources.silence(r.Context(), sil)
	if err != nil {
		c.refuse(w, r, http.StatusBadGateway, "The alert was not silenced. "+err.Error()+".")
		return
	}
	c.opts.Log.Info("alert silenced", "silence", id, "author", sil.CreatedBy, "until", sil.EndsAt)
	c.hub.poke()
	if typed != "" {
		http.SetCookie(w, &http.Cookie{
			Name: authorCookie, Value: url.QueryEscape(typed), Path: "/", MaxAge: 30 * 24 * 3600,
			HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
	}
	http.Redirect(w, r, "/#silences", http.StatusSeeOther)
}

// postEndSilence ends a silence.
func (c *Console) postEndSilence(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.readForm(w, r); !ok {
		return
	}
	id := r.PathValue("id")
	if !isSilenceID(id) {
		c.refuse(w, r, http.StatusBadRequest, "The silence was not ended. id: not that of a silence; use the End button beside it.")
		return
	}
	err := c.sources.endSilence(r.Context(), id)
	if answer, ok := errors.AsType[*answerError](err); ok && answer.status == http.StatusNotFound {
		err = nil // it ended before: what the person wants
	}
	if err != nil {
		c.refuse(w, r, http.StatusBadGateway, "The silence was not ended. "+err.Error()+".")
		return
	}
	c.opts.Log.Info("silence ended", "silence", id)
	c.hub.poke()
	http.Redirect(w, r, "/#silences", http.StatusSeeOther)
}

// readForm parses the body, within bounds. Where it cannot, it answers and
// returns false.
func (c *Console) readForm(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	err := r.ParseForm()
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		c.refuse(w, r, http.StatusRequestEntityTooLarge, "The form was too large and was not read.")
		return nil, false
	}
	if err != nil {
		c.refuse(w, r, http.StatusBadRequest, "The form could not be read: "+err.Error()+".")
		return nil, false
	}
	return r.PostForm, true
}

// refuse answers with the page, and on top of it why the request was refused.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	v := c.view(r.Context())
	v.Problem = why
	c.writePage(w, status, v)
}

func (c *Console) writePage(w http.ResponseWriter, status int, v pageView) {
	c.write(w, status, "page.html", v)
}

// write answers with the page called name.
func (c *Console) write(w http.ResponseWriter, status int, name string, v any) {
	page, err := c.pages.page(name, v)
	if err != nil {
		c.opts.Log.Error("render page", "err", err)
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page) // the reader has gone when this fails
}

// author returns who silenced last in this browser, or "" where nobody did.
func author(r *http.Request) string {
	cookie, err := r.Cookie(authorCookie)
	if err != nil {
		return ""
	}
	name, err := url.QueryUnescape(cookie.Value)
	if err != nil || len([]rune(name)) > maxFieldRunes {
		return ""
	}
	return name
}

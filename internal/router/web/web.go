// Package web is the router's own pages: the overview, incidents and messages,
// silences, the built-in phone, tickets and log, the runbooks, and the page that
// an SMS links to. Whoever wires a router hands them in, and it mounts them beside its API. It reads and shows; what
// people do on a page it hands to Actions, and decides nothing.
package web

import (
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"goldensignals/internal/router"
	"goldensignals/internal/runbook"
	"goldensignals/internal/store"
)

// How many rows a page shows.
const (
	overviewRows = 20
	pageRows     = 200
)

//go:embed templates/*.html static
var files embed.FS

// Options are what the pages show.
type Options struct {
	Store       *store.Store
	Runbooks    *runbook.Library // nil: none
	ExternalURL *url.URL         // its path is where the browser sees the pages
	Log         *slog.Logger
	Actions     Actions                           // nil: pages have no forms
	Hub         *Hub                              // nil: pages ask every few seconds
	OnCall      func(now time.Time) []router.Duty // nil: not shown
	Dashboard   func(store.Incident) (url string) // nil, or an empty answer: no link
}

type site struct {
	Options
	base   string // path with a final slash; all links start with it
	public bool   // only what a link in an SMS leads to
	render *renderer
}

func newSite(o Options) (*site, error) {
	s := &site{Options: o, base: strings.TrimSuffix(o.ExternalURL.EscapedPath(), "/") + "/"}
	var err error
	if s.render, err = newRenderer(s.base); err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	return s, nil
}

// Pages returns what makes the pages of a router, with the runbooks; nil: none.
func Pages(runbooks *runbook.Library) func(router.Shown) (router.Pages, error) {
	return func(shown router.Shown) (router.Pages, error) {
		p := pages{Hub: NewHub()}
		o := Options{
			Store: shown.Store, Runbooks: runbooks, ExternalURL: shown.ExternalURL, Log: shown.Log,
			Actions: shown.Actions, Hub: p.Hub, OnCall: shown.OnCall,
		}
		var err error
		if p.all, err = New(o); err != nil {
			return nil, err
		}
		if p.public, err = Public(o); err != nil {
			return nil, err
		}
		return p, nil
	}
}

// pages are both kinds of pages of one router, and the hub that tells those that are open.
type pages struct {
	*Hub

	all, public http.Handler
}

func (p pages) All() http.Handler    { return p.all }
func (p pages) Public() http.Handler { return p.public }

// New returns the pages, to be served at "/". Whoever serves them protects them
// against requests from other sites' pages.
func New(o Options) (http.Handler, error) {
	s, err := newSite(o)
	if err != nil {
		return nil, err
	}
	mux := s.routes()
	mux.HandleFunc("GET /{$}", s.page(s.overview))
	mux.HandleFunc("GET /incidents", s.page(s.incidents))
	mux.HandleFunc("GET /incidents/{id}", s.page(s.incident))
	mux.HandleFunc("POST /incidents/{id}", s.form(s.incidentForm))
	mux.HandleFunc("GET /messages", s.page(s.messages))
	mux.HandleFunc("GET /messages/dead", s.page(s.deadLetters))
	mux.HandleFunc("POST /messages/{id}/retry", s.form(s.retryForm))
	mux.HandleFunc("GET /silences", s.page(s.silences))
	mux.HandleFunc("POST /silences/{id}/extend", s.form(s.silenceForm(extendSilence)))
	mux.HandleFunc("POST /silences/{id}/end", s.form(s.silenceForm(endSilence)))
	mux.HandleFunc("GET /phone", s.page(s.phone))
	mux.HandleFunc("GET /tickets", s.page(s.tickets))
	mux.HandleFunc("GET /tickets/{id}", s.page(s.ticket))
	mux.HandleFunc("GET /log", s.page(s.alertLog))
	if s.Hub != nil {
		mux.Handle("GET /events", s.Hub)
	}
	return mux, nil
}

// Public returns the pages that a link in an SMS leads to and nothing else, to be
// served at "/" without a password: the link is the permission. It protects
// itself against requests from other sites' pages.
func Public(o Options) (http.Handler, error) {
	s, err := newSite(o)
	if err != nil {
		return nil, err
	}
	s.public, s.Hub = true, nil
	return http.NewCrossOriginProtection().Handler(s.routes()), nil
}

// routes are what both kinds of pages have.
func (s *site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /i/{token}", s.page(s.act))
	mux.HandleFunc("POST /i/{token}", s.form(s.actForm))
	mux.HandleFunc("GET /runbooks", s.page(s.runbookList)) // no redirect: the mux does not know the prefix
	mux.HandleFunc("GET /runbooks/{$}", s.page(s.runbookList))
	mux.HandleFunc("GET /runbooks/{alert}", s.page(s.runbook))
	mux.Handle("GET /static/", staticFiles())
	mux.HandleFunc("/", s.page(func(*http.Request, time.Time) (view, error) { return missing("This page does not exist."), nil }))
	return mux
}

// view is one page to show.
type view struct {
	Template string
	Title    string // of the browser's tab
	Place    string // which part of the navigation it belongs to
	Live     bool   // the page fetches itself when something changes
	Code     int    // 0 is 200
	Done     string // what was done, in words
	Problem  string // what was not done, in words
	Data     any
}

func missing(what string) view {
	return view{Template: "missing.html", Title: "Not found", Code: http.StatusNotFound, Data: what}
}

// page turns a view into an answer.
func (s *site) page(build func(*http.Request, time.Time) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		v, err := build(r, now)
		if err == nil && v.Code == 0 {
			v.Done = s.done(r, now)
		}
		s.answer(w, r, now, v, err)
	}
}

// answer writes a view. An error becomes a page that names no internals; the log
// has them.
func (s *site) answer(w http.ResponseWriter, r *http.Request, now time.Time, v view, err error) {
	switch {
	case errors.Is(err, store.ErrNotFound):
		v = missing("It is not here, or not any more.")
	case err != nil:
		s.Log.Error("build page", "pattern", r.Pattern, "err", err)
		v = view{Template: "missing.html", Title: "Trouble", Code: http.StatusServiceUnavailable,
			Data: "The router cannot read its store. Its log says why; reload this page to try again."}
	}
	f := frame{view: v, Base: s.base, Now: now.UTC(), Public: s.public, Silences: s.Actions != nil, Events: s.Hub != nil}
	if err := s.render.write(w, f); err != nil {
		s.Log.Error("render page", "pattern", r.Pattern, "err", err)
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
	}
}

// Package web is the router's own pages: the overview, the built-in phone,
// tickets and log, and the runbooks. The router mounts it beside its API. It
// reads and shows; it changes nothing and decides nothing.
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
}

type site struct {
	store    *store.Store
	runbooks *runbook.Library
	log      *slog.Logger
	base     string // path with a final slash; all links start with it
	render   *renderer
}

// New returns the pages, to be served at "/".
func New(o Options) (http.Handler, error) {
	s := &site{store: o.Store, runbooks: o.Runbooks, log: o.Log, base: strings.TrimSuffix(o.ExternalURL.EscapedPath(), "/") + "/"}
	var err error
	if s.render, err = newRenderer(s.base); err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.overview))
	mux.HandleFunc("GET /phone", s.page(s.phone))
	mux.HandleFunc("GET /tickets", s.page(s.tickets))
	mux.HandleFunc("GET /tickets/{id}", s.page(s.ticket))
	mux.HandleFunc("GET /log", s.page(s.alertLog))
	mux.HandleFunc("GET /runbooks", s.page(s.runbookList)) // no redirect: the mux does not know the prefix
	mux.HandleFunc("GET /runbooks/{$}", s.page(s.runbookList))
	mux.HandleFunc("GET /runbooks/{alert}", s.page(s.runbook))
	mux.Handle("GET /static/", staticFiles())
	mux.HandleFunc("/", s.page(func(*http.Request, time.Time) (view, error) { return missing("This page does not exist."), nil }))
	return mux, nil
}

// view is one page to show.
type view struct {
	Template string
	Title    string // of the browser's tab; also marks the place in the navigation
	Live     bool   // the page fetches itself every few seconds
	Code     int    // 0 is 200
	Data     any
}

func missing(what string) view {
	return view{Template: "missing.html", Title: "Not found", Code: http.StatusNotFound, Data: what}
}

// page turns a view into an answer. An error becomes a page that names no
// internals; the log has them.
func (s *site) page(build func(*http.Request, time.Time) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		v, err := build(r, now)
		switch {
		case errors.Is(err, store.ErrNotFound):
			v = missing("There is no such ticket.")
		case err != nil:
			s.log.Error("build page", "path", r.URL.Path, "err", err)
			v = view{Template: "missing.html", Title: "Trouble", Code: http.StatusServiceUnavailable,
				Data: "The router cannot read its store. Its log says why; reload this page to try again."}
		}
		if err := s.render.write(w, v, now); err != nil {
			s.log.Error("render page", "path", r.URL.Path, "err", err)
			http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		}
	}
}

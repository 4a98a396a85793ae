package router

import (
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"goldensignals/internal/store"
)

// Pages are what people see of a router. Whoever wires a router hands them in;
// package router/web has them.
type Pages interface {
	// All are to be served at "/", protected against requests from other sites' pages.
	All() http.Handler
	// Public are those that a link in a message leads to, to be served at "/" without
	// a password.
	Public() http.Handler
	// Notify says that something that pages show has changed. It must not block.
	Notify()
	// Close ends all streams and refuses new ones, so that a server can shut down.
	Close()
}

// Shown is what pages show, and what people do on them.
type Shown struct {
	Store       *store.Store
	ExternalURL *url.URL // its path is where the browser sees the pages
	Log         *slog.Logger
	Actions     Actions
	OnCall      func(now time.Time) []Duty
}

// Runbooks knows what alerts mean.
type Runbooks interface {
	// Brief says it in one sentence; empty for an alert without a runbook.
	Brief(alertName string) string
}

// noPages is a router that only programs speak to.
type noPages struct{}

func (noPages) All() http.Handler    { return http.NotFoundHandler() }
func (noPages) Public() http.Handler { return http.NotFoundHandler() }
func (noPages) Notify()              {}
func (noPages) Close()               {}

// Problem is an error in words for a person: what was not done, and what helps.
// It is one sentence or more, with their full stops.
type Problem string

// Error returns the words.
func (p Problem) Error() string { return string(p) }

// Choice is one silence that a person may choose.
type Choice struct {
	Name   string   // what the form sends
	Text   string   // what it mutes, in words: "payments, ShopErrors"
	Muted  []string // alerts that fire now and would be mute
	Others []string // alerts that fire now and would not
}

// SilenceRequest is a silence that a person asks for.
type SilenceRequest struct {
	Choice       string        // Choice.Name
	For          time.Duration // 0 only with WithIncident: as long as silences may last
	WithIncident bool          // it ends with the incident
	Author       string        // never empty
	Comment      string        // may be empty
}

// Silence is one that is active or will be.
type Silence struct {
	ID            string
	Matchers      string
	Author        string
	Comment       string
	Incident      string // its id; empty for one that was not made here
	IncidentTitle string
	StartsAt      time.Time
	EndsAt        time.Time
	WithIncident  bool     // it ends with the incident
	Ours          bool     // the router made it
	Notes         []string // what is wrong with it
}

// Duty says who is told, now, by one level of a receiver's escalation.
type Duty struct {
	Receiver string
	Level    int // 0 is who is told first
	Person   string
	Until    time.Time // zero: not known, or always
}

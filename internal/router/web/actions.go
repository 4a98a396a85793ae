package web

import (
	"context"
	"time"
)

// Actions are what people do on pages. The router implements them; they must be
// safe for concurrent use. An error that is a Problem, or holds one, is shown to
// the person; store.ErrNotFound has words of its own; of any other the page says
// only that it was not done, and the log says why.
type Actions interface {
	// Acknowledge notes that a person takes care of an incident.
	Acknowledge(ctx context.Context, incident, author string) error
	// Retry sends a dead message again.
	Retry(ctx context.Context, message string) error
	// Choices returns the silences that make sense for an incident; none means
	// that nothing can be silenced. It is asked at every look at the page.
	Choices(ctx context.Context, incident string) ([]Choice, error)
	// Lengths are how long a silence may be chosen to last, the shortest first.
	Lengths() []time.Duration
	// Silence makes one of the Choices.
	Silence(ctx context.Context, incident string, r SilenceRequest) error
	// Silences returns the silences that are active or will be.
	Silences(ctx context.Context) ([]Silence, error)
	// Extend lets a silence end later by d.
	Extend(ctx context.Context, id, author string, d time.Duration) error
	// End ends a silence now.
	End(ctx context.Context, id, author string) error
	// OpenLink returns the incident of the link /i/{token}. Its errors are words
	// for a person.
	OpenLink(token string, now time.Time) (incident string, err error)
	// FormToken returns what CheckForm accepts, for some time, for the same
	// subject only. It must fit into an address.
	FormToken(subject string, now time.Time) string
	// CheckForm returns an error for a token that is forged, too old or about
	// something else.
	CheckForm(token, subject string, now time.Time) error
}

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

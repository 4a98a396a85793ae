package web

import (
	"context"
	"time"

	"goldensignals/internal/router"
)

// Actions are what people do on pages. The router implements them; they must be
// safe for concurrent use. An error that is a router.Problem, or holds one, is shown to
// the person; store.ErrNotFound has words of its own; of any other the page says
// only that it was not done, and the log says why.
type Actions interface {
	// Acknowledge notes that a person takes care of an incident.
	Acknowledge(ctx context.Context, incident, author string) error
	// Retry sends a dead message again.
	Retry(ctx context.Context, message string) error
	// Choices returns the silences that make sense for an incident; none means
	// that nothing can be silenced. It is asked at every look at the page.
	Choices(ctx context.Context, incident string) ([]router.Choice, error)
	// Lengths are how long a silence may be chosen to last, the shortest first.
	Lengths() []time.Duration
	// Silence makes one of the Choices.
	Silence(ctx context.Context, incident string, r router.SilenceRequest) error
	// Silences returns the silences that are active or will be.
	Silences(ctx context.Context) ([]router.Silence, error)
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

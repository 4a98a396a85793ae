package silence

import (
	"time"

	"goldensignals/internal/alert"
)

// How a silence that ends with its incident is tended. It is short, so that it
// ends by itself if the router does not live to end it.
const (
	Short = 15 * time.Minute // it is made this long, and extended to this long from now
	Renew = 10 * time.Minute // it is extended when less than this is left
	Quiet = 2 * time.Minute  // it is ended when nothing that it mutes was active for this long
)

// Kept is what the router remembers of a silence that was made through it. It is
// stored as JSON.
type Kept struct {
	ID           string          `json:"id"`       // Alertmanager's
	Incident     string          `json:"incident"` // for which it was made
	Matchers     []alert.Matcher `json:"matchers"`
	StartsAt     time.Time       `json:"starts_at"`
	EndsAt       time.Time       `json:"ends_at"`
	Longest      time.Time       `json:"longest,omitzero"` // it is never extended beyond; zero: StartsAt + DefaultLongest
	WithIncident bool            `json:"with_incident"`    // it ends with the incident: Tend it
	Author       string          `json:"author"`
	Comment      string          `json:"comment"`
	LastActive   time.Time       `json:"last_active,omitzero"` // when something that it mutes was last seen active
	Tended       time.Time       `json:"tended,omitzero"`      // when Tend looked last
}

// Silence returns k as Alertmanager takes it.
func (k Kept) Silence() alert.Silence {
	return alert.Silence{ID: k.ID, Matchers: k.Matchers, StartsAt: k.StartsAt, EndsAt: k.EndsAt, CreatedBy: k.Author, Comment: k.Comment}
}

// ActiveAt reports whether k mutes at t.
func (k Kept) ActiveAt(t time.Time) bool { return k.Silence().ActiveAt(t) }

// Action is what to do with a silence now.
type Action string

// The actions.
const (
	Keep   Action = "keep"
	Extend Action = "extend" // Put it, and keep the id that comes back
	End    Action = "expire" // Expire it
)

// Tend decides about a silence that ends with its incident, given what fires in
// Alertmanager now, muted or not. It is called every minute or more often, but
// not without an answer from Alertmanager: no alerts are an answer, too. The
// result is to be stored; its EndsAt is what the action makes it, so after an
// action that failed the old one is kept. A silence that has ended is left
// alone: its alerts have been heard since.
func Tend(k Kept, alerts []Alert, now time.Time) (Kept, Action) {
	if !k.WithIncident || !k.ActiveAt(now) {
		return k, Keep
	}
	unwatched := now.Sub(latest(k.Tended, k.StartsAt)) > Quiet
	k.Tended = now
	if len(muted(k.Matchers, alerts)) > 0 {
		k.LastActive = now
		return extended(k, now)
	}
	// After a time in which nobody looked, such as a restart of the whole host,
	// Alertmanager may not have heard of its alerts yet.
	if unwatched {
		k.LastActive = now
	}
	if now.Sub(latest(k.LastActive, k.StartsAt)) < Quiet {
		return k, Keep
	}
	k.EndsAt = now
	return k, End
}

func extended(k Kept, now time.Time) (Kept, Action) {
	end := now.Add(Short)
	if limit := k.limit(); end.After(limit) {
		end = limit
	}
	if k.EndsAt.Sub(now) >= Renew || !end.After(k.EndsAt) {
		return k, Keep
	}
	k.EndsAt = end
	return k, Extend
}

func (k Kept) limit() time.Time {
	if k.Longest.IsZero() {
		return k.StartsAt.Add(DefaultLongest)
	}
	return k.Longest
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

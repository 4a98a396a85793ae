package policy

import "time"

// civil is what a clock on the wall shows, in seconds since 1970-01-01T00:00:00
// on that same clock. Whatever begins at the same local time all year long is
// counted on it, so that changes to and from summer time do not matter.
type civil int64

const (
	hour civil = 60 * 60
	day        = 24 * hour
)

// civilOf returns what the clock shows at t in the zone of t.
func civilOf(t time.Time) civil {
	_, offset := t.Zone()
	return civil(t.Unix() + int64(offset))
}

// midnight returns when the day of c began.
func (c civil) midnight() civil { return c - ((c%day)+day)%day }

// weekday returns the day of the week of c.
func (c civil) weekday() time.Weekday { return time.Unix(int64(c), 0).UTC().Weekday() }

// instant returns the first moment at which the clock of zone shows c or more:
// a time that is left out in spring is the moment of the change, and one that
// is there twice in autumn is the first of the two. So a later c is never an
// earlier moment. (time.Date does not promise which of the two it picks.)
func (c civil) instant(zone *time.Location) time.Time {
	t := time.Unix(int64(c-day), 0).In(zone) // no clock is a whole day ahead
	for {
		_, offset := t.Zone()
		shown := time.Unix(int64(c)-int64(offset), 0).In(zone)
		if shown.Before(t) {
			return t // the change just now went beyond c
		}
		_, end := t.ZoneBounds()
		if !end.IsZero() && !end.After(t) {
			end = t.Add(time.Hour) // on the last day of a leap year, Go ends the year a day early
		}
		if end.IsZero() || shown.Before(end) {
			return shown
		}
		t = end
	}
}

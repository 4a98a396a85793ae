package policy

import (
	"slices"
	"time"
)

// maxQuiet is how long quiet hours can last; they repeat every week, and a
// change of the clock adds a little.
const maxQuiet = 8 * 24 * time.Hour

// quiet is a time in which receivers are left alone.
type quiet struct {
	receivers map[string]bool
	days      map[time.Weekday]bool // on which it begins
	from, to  civil                 // since midnight; to is more than from, and may be on the next day
	zone      *time.Location
}

// end returns when the quiet time that it is at now ends. It is not ok if it
// is none.
func (q quiet) end(now time.Time) (time.Time, bool) {
	today := civilOf(now.In(q.zone)).midnight()
	for _, d := range []civil{today, today - day} {
		if !q.days[d.weekday()] {
			continue
		}
		from, to := (d + q.from).instant(q.zone), (d + q.to).instant(q.zone)
		if !now.Before(from) && now.Before(to) {
			return to, true
		}
	}
	return time.Time{}, false
}

// quietUntil returns when none of the quiet times of a receiver holds any
// more; now if none does now. It is not ok if they never end.
func quietUntil(all []quiet, receiver string, now time.Time) (until time.Time, ok bool) {
	until = now
	for until.Sub(now) < maxQuiet {
		i := slices.IndexFunc(all, func(q quiet) bool {
			_, within := q.end(until)
			return q.receivers[receiver] && within
		})
		if i < 0 {
			return until, true
		}
		until, _ = all[i].end(until)
	}
	return until, false
}

package policy

import (
	"slices"
	"time"
)

// Rota is who is on call in turn. It never changes and is safe for concurrent
// use. Shifts begin at the same local time all year: one over a change of the
// clock is an hour shorter or longer. Before the first shift the turns are
// continued backwards, so that somebody is on call at any time.
type Rota struct {
	name   string
	people []Person // at least one
	starts civil    // the first shift begins
	shift  civil    // at least an hour
	zone   *time.Location
}

// Shift is the time in which one person is on call.
type Shift struct {
	Person   Person
	From, To time.Time // To is exclusive; both in the rota's time zone
}

// Name returns the rota's name.
func (r *Rota) Name() string { return r.name }

// People returns who takes turns, in order. The caller owns the result.
func (r *Rota) People() []Person { return slices.Clone(r.people) }

// TimeZone returns where the rota's clock hangs.
func (r *Rota) TimeZone() *time.Location { return r.zone }

// OnCall returns the shift at now.
func (r *Rota) OnCall(now time.Time) Shift { return r.at(r.index(now)) }

// Shifts returns so many shifts: the one at now, and those that follow it.
func (r *Rota) Shifts(now time.Time, count int) []Shift {
	shifts := make([]Shift, 0, max(count, 0))
	for i := r.index(now); len(shifts) < count; i++ {
		// One that the change to summer time leaves out is nobody's.
		if s := r.at(i); s.From.Before(s.To) {
			shifts = append(shifts, s)
		}
	}
	return shifts
}

// ahead returns who is so many turns after the person on call at now.
func (r *Rota) ahead(now time.Time, turns int) Person { return r.person(r.index(now) + int64(turns)) }

// index returns which shift it is at now, counted from the first, which is 0.
func (r *Rota) index(now time.Time) int64 {
	i := floorDiv(civilOf(now.In(r.zone))-r.starts, r.shift)
	// The clock was put back and shows again what belongs to the shift before,
	// or a shift that the change left out is over.
	for r.begin(i).After(now) {
		i--
	}
	for !r.begin(i + 1).After(now) {
		i++
	}
	return i
}

func (r *Rota) at(index int64) Shift {
	return Shift{r.person(index), r.begin(index), r.begin(index + 1)}
}

func (r *Rota) begin(index int64) time.Time {
	return (r.starts + civil(index)*r.shift).instant(r.zone)
}

func (r *Rota) person(index int64) Person {
	n := int64(len(r.people))
	return r.people[((index%n)+n)%n]
}

// floorDiv rounds down, also below zero.
func floorDiv(a, b civil) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return int64(q)
}

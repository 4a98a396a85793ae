package drill

import (
	"math"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/fault"
)

// DefaultHistory is the healthy traffic before minute zero of a scenario that
// does not say how much it wants.
const DefaultHistory = 2 * time.Hour

// Limits of a scenario.
const (
	MinDuration = time.Minute
	MaxDuration = 7 * 24 * time.Hour
	MaxHistory  = 7 * 24 * time.Hour
	MaxRPS      = 10_000.0
)

// Scenario is what a drill file says. Times count from minute zero, the end of
// the history. Parse makes scenarios that are complete and checked; those made
// by hand are taken at their word.
type Scenario struct {
	File      string // as given to Parse; empty if made by hand
	Name      string
	Title     string
	Brief     string // for the players; never names the fault
	History   time.Duration
	Duration  time.Duration
	Load      Load
	Timeline  []Step // sorted by At
	Incidents []Incident
}

// Control reports whether s claims that no user is hurt.
func (s *Scenario) Control() bool { return len(s.Incidents) == 0 }

// Load is the users' traffic.
type Load struct {
	RPS   float64 // requests per second of all journeys; at the peak of the shape
	Shape Shape
}

// DefaultLoad is the traffic of a scenario that does not speak of it.
func DefaultLoad() Load { return Load{RPS: 40, Shape: Constant} }

// Shape says how the traffic changes over time.
type Shape string

// The shapes.
const (
	Constant Shape = "constant" // the same at any time
	// Daily is a day of 24 hours: a tenth of the traffic at night, all of it
	// twelve hours later. Minute zero is the middle of the night.
	Daily Shape = "daily"
)

// quietNight is the share of the peak that remains in the middle of the night.
const quietNight = 0.1

// Shapes lists the closed set of shapes.
func Shapes() []Shape { return []Shape{Constant, Daily} }

// RateAt returns the requests per second to offer at the given time since
// minute zero; negative times are the history.
func (l Load) RateAt(since time.Duration) float64 {
	if l.Shape != Daily {
		return l.RPS
	}
	const day = 24 * time.Hour
	wave := (1 - math.Cos(2*math.Pi*float64(since%day)/float64(day))) / 2
	return l.RPS * (quietNight + (1-quietNight)*wave)
}

// MeanRate returns the requests per second averaged over a whole period of the
// shape: the rate that a month of this traffic has.
func (l Load) MeanRate() float64 {
	if l.Shape != Daily {
		return l.RPS
	}
	return l.RPS * (1 + quietNight) / 2
}

// Step is one entry of the timeline: at At, exactly one of the others happens.
type Step struct {
	At      time.Duration
	Fault   *fault.Fault // complete: see fault.Fault.Complete
	Silence *Silence
	Fix     *Fix
}

// Fix is a repair that somebody applies during the drill.
type Fix struct {
	Repair  string // see fault.Repairs
	Service string
}

// Silence is a silence that somebody creates during the drill.
type Silence struct {
	Matchers []alert.Matcher
	For      time.Duration
	Comment  string
}

// StartingAt returns the silence as it is when it is created at t.
func (s Silence) StartingAt(t time.Time) alert.Silence {
	return alert.Silence{
		Matchers:  s.Matchers,
		StartsAt:  t,
		EndsAt:    t.Add(s.For),
		CreatedBy: "drill",
		Comment:   s.Comment,
	}
}

// Incident is a claim of the scenario: between From and To users are hurt, and
// somebody must be paged within PageWithin of From.
type Incident struct {
	Name       string
	From, To   time.Duration
	PageWithin time.Duration
	Line       int // in the file; 0 if made by hand
}

// Services lists the services that a fault may be aimed at: the shop's. The
// scenario is checked against it.
func Services() []string { return []string{"shop", "auth", "orders", "payments"} }

// Package load is the users of the shop, and at times robots: they arrive whether or not the shop
// keeps up (an open loop), do not share connections to fate, and give up when
// it takes too long. What they saw, second by second, is the truth that alerts
// are judged by. Whoever runs the stack makes one Generator and calls Run;
// drills read Seen. It never looks into the shop and never retries.
package load

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

// The defaults of Options, and the limit of RPS.
const (
	DefaultRPS         = 40.0
	DefaultMaxInFlight = 20_000
	DefaultPatience    = 10 * time.Second
	DefaultRetention   = 24 * time.Hour
	MaxRPS             = 100_000.0
)

// slowAfter is the latency objective: an answer that took longer is slow.
const slowAfter = 300 * time.Millisecond

// maxGap bounds the time between two arrivals, so that no rate, however low,
// overflows a duration.
const maxGap = 365 * 24 * time.Hour

// Options are what a Generator is made from.
type Options struct {
	Target    string            // base URL of the shop, such as http://shop:8080; required
	Transport http.RoundTripper // required
	// Faults are those of the service that users call: what happens on the way to
	// it, and robots that come along. Nil: nothing does.
	Faults *fault.Set
	// Since is when the first user came, if others have come before Run: those that
	// come in Run are then the ones that follow. Zero: nobody has.
	Since       time.Time
	RPS         float64               // users that arrive per second; 0: DefaultRPS (SetRPS pauses)
	Seed        uint64                // of arrivals, journeys and trace ids
	Registry    prometheus.Registerer // nil: a new one
	Log         *slog.Logger          // nil: discarded
	MaxInFlight int                   // users at a time; more fail at once; 0: DefaultMaxInFlight
	Patience    time.Duration         // after which a user gives up; 0: DefaultPatience
	Spans       Spans                 // hears of every visit; nil: nobody does
	Retention   time.Duration         // how long Seen remembers, at least; 0: DefaultRetention
}

// Generator sends users to the shop. It is safe for concurrent use.
type Generator struct {
	options  Options
	journeys []journey
	target   string // the name of the host that users visit
	metrics  *metrics
	seen     *ledger
	arrivals *rand.Rand // owned by Run
	seq      uint64     // users so far; owned by Run

	running  atomic.Bool
	rps      atomic.Uint64 // bits of a float64
	changed  chan struct{} // capacity 1: the rate changed
	inFlight atomic.Int64
	odd      sync.Once // warns of answers that are not the shop's
}

// New checks o, registers the metrics and returns a Generator that sends
// nobody until Run is called.
func New(o Options) (*Generator, error) {
	if o.Transport == nil {
		return nil, errors.New("option Transport is missing: users need a way to the shop")
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	journeys, err := newJourneys(o.Target)
	if err != nil {
		return nil, fmt.Errorf("option Target: %w", err)
	}
	g := &Generator{
		options:  o,
		journeys: journeys,
		target:   journeys[0].pages[0].URL.Hostname(),
		metrics:  newMetrics(journeys),
		seen:     newLedger(journeys, o.Retention),
		arrivals: rand.New(rand.NewPCG(o.Seed, arrivalStream)),
		changed:  make(chan struct{}, 1),
	}
	if err := g.metrics.register(o.Registry, &g.inFlight); err != nil {
		return nil, fmt.Errorf("register metrics of the load: %w", err)
	}
	g.setRPS(o.RPS)
	return g, nil
}

// complete fills in defaults and refuses what cannot be meant.
func (o *Options) complete() error {
	if o.RPS == 0 {
		o.RPS = DefaultRPS
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = DefaultMaxInFlight
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Faults == nil {
		o.Faults = fault.NewSet("shop")
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.MaxInFlight < 0:
		return fmt.Errorf("option MaxInFlight: %d is negative; leave it out for %d", o.MaxInFlight, DefaultMaxInFlight)
	case o.Patience < 0:
		return fmt.Errorf("option Patience: %v is negative; leave it out for %v", o.Patience, DefaultPatience)
	case o.Retention < 0:
		return fmt.Errorf("option Retention: %v is negative; leave it out for %v", o.Retention, DefaultRetention)
	}
	return checkRPS(o.RPS)
}

// SetRPS changes how many users arrive per second, from now on. Zero pauses.
func (g *Generator) SetRPS(rps float64) error {
	if err := checkRPS(rps); err != nil {
		return err
	}
	g.setRPS(rps)
	select {
	case g.changed <- struct{}{}:
	default: // Run has yet to see an earlier change, and will read this one
	}
	return nil
}

func (g *Generator) setRPS(rps float64) {
	g.rps.Store(math.Float64bits(rps))
	g.metrics.offered.Set(rps)
}

func checkRPS(rps float64) error {
	if rps >= 0 && rps <= MaxRPS { // written so that NaN is refused
		return nil
	}
	return fmt.Errorf("rps: %v is not a rate; give a number from 0 to %v, such as %v", rps, MaxRPS, DefaultRPS)
}

// RPS returns how many users arrive per second.
func (g *Generator) RPS() float64 { return math.Float64frombits(g.rps.Load()) }

// Seen returns what users saw in the seconds of their arrival from <= At < to,
// sorted by time and journey; a second and journey without users is left out.
// Users who are still waiting are not in it yet. The caller owns the result.
func (g *Generator) Seen(from, to time.Time) []drill.Second { return g.seen.between(from, to) }

// Run sends users until ctx ends, then waits for those under way, who are
// cancelled and not counted. It returns an error only if it already runs.
func (g *Generator) Run(ctx context.Context) error {
	if !g.running.CompareAndSwap(false, true) {
		return errors.New("run load: it already runs")
	}
	defer g.running.Store(false)
	users := crowd{g: g, ctx: ctx, next: make(chan user)}
	defer users.leave()

	g.passOver(time.Now())
	clock := newClock(time.Now(), g.gap())
	defer clock.timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.changed:
			clock.restart(time.Now(), g.gap())
		case <-clock.timer.C:
			g.admit(&users, g.newVisitor(clock.next))
			clock.advance(time.Now(), g.gap())
		}
	}
}

// passOver takes the users who have come before now, at the present rate, for served.
func (g *Generator) passOver(now time.Time) {
	if g.options.Since.IsZero() {
		return
	}
	for next := g.options.Since; next.Before(now); {
		gap := g.gap()
		if gap == never {
			return
		}
		next = next.Add(gap)
		g.newVisitor(next)
	}
}

// gap draws the time between two arrivals of a Poisson process: of users, and of
// robots where there are any.
func (g *Generator) gap() time.Duration {
	rps := g.RPS() * (1 + g.crowd())
	if rps == 0 {
		return never
	}
	gap := g.arrivals.ExpFloat64() / rps * float64(time.Second)
	return time.Duration(min(gap, float64(maxGap)))
}

// crowd is how many robots come for each user now.
func (g *Generator) crowd() float64 {
	now := time.Now()
	return g.options.Faults.State(now, now).Crowd
}

// admit starts the user, or turns them away where too many are under way.
func (g *Generator) admit(users *crowd, u user) {
	if g.inFlight.Add(1) > int64(g.options.MaxInFlight) {
		g.inFlight.Add(-1)
		g.metrics.dropped.Inc()
		if !u.robot {
			g.count(u, failed, 0)
		}
		return
	}
	users.enter(u)
}

// count records how a visit ended.
func (g *Generator) count(u user, o outcome, took time.Duration) {
	g.seen.add(u.arrival, u.journey, o)
	g.metrics.observe(u.journey, o, took)
}

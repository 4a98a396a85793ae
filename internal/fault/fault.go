// Package fault holds the words of breaking: which misbehaviours can be put
// into a service, what they need, and which of them are active now. Drills,
// the console and the command line speak it; the services of the shop ask a
// Set what to do to each request. It never breaks anything by itself, starts
// no goroutine, reads no clock and imports the standard library only.
package fault

import (
	"time"
)

// The limits of every fault. A fault always ends by itself.
const (
	DefaultFor   = 10 * time.Minute // where For is not given
	MaxFor       = 24 * time.Hour
	MaxDelay     = 60 * time.Second
	defaultRatio = 1.0
)

// Fault is one misbehaviour of one service, as a person asks for it. A zero
// Ratio, Delay or For means that it was not given; Complete fills in defaults.
type Fault struct {
	Kind    string   `json:"kind"`
	Service string   `json:"service"`
	Ratio   float64  `json:"ratio,omitempty"` // share of requests that are hit, in (0, 1]
	Delay   Duration `json:"delay,omitzero"`  // added to each request that is hit
	For     Duration `json:"for,omitzero"`    // ends by itself after this long
}

// Active is a fault that was injected. It acts from Since until Until
// (exclusive).
type Active struct {
	Fault
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Replaced is true in the answer to Inject when the fault took the place
	// of an active one of the same kind; it is false everywhere else.
	Replaced bool `json:"replaced,omitempty"`
}

// ActiveAt reports whether a acts at t.
func (a Active) ActiveAt(t time.Time) bool {
	return !t.Before(a.Since) && t.Before(a.Until)
}

// Effect is what the active faults of a service do to one request. The zero
// value is a request that nothing happens to.
type Effect struct {
	Fail  bool          // answer 500
	Delay time.Duration // wait this long first
}

// Complete returns f with its defaults filled in, or an error (a *FieldError)
// that says which field is wrong and what to write instead. The services are
// the names that f may be aimed at; none means that any name will do.
func (f Fault) Complete(services ...string) (Fault, error) {
	kind, err := kindOf(f.Kind)
	if err != nil {
		return Fault{}, err
	}
	if err := checkService(f.Service, services); err != nil {
		return Fault{}, err
	}
	if f, err = kind.complete(f); err != nil {
		return Fault{}, err
	}
	return completeFor(f)
}

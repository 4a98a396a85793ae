// Package fault holds the words of breaking and mending: which misbehaviours
// can be put into a service, what they need, which repairs end them, and which
// of both are in force now. Drills, the console and the command line speak it;
// the services of the shop and its users ask a Set what to do to each request
// (Effect) and how the service as a whole is (State). It never breaks anything
// by itself, starts no goroutine, reads no clock and imports the standard
// library only.
package fault

import (
	"time"
)

// The limits of every fault. A fault always ends by itself.
const (
	DefaultFor = 10 * time.Minute // where For is not given
	MaxFor     = 24 * time.Hour
	MaxDelay   = 60 * time.Second
	MaxFactor  = 20.0
	MaxSize    = 1 << 30 // bytes a minute
)

// Fault is one misbehaviour of one service, as a person asks for it. A zero
// value means that it was not given; Complete fills in defaults.
type Fault struct {
	Kind    string   `json:"kind"`
	Service string   `json:"service"`
	Ratio   float64  `json:"ratio,omitempty"`  // share of requests, or of a resource, in (0, 1]
	Delay   Duration `json:"delay,omitzero"`   // added to each request that is hit
	Factor  float64  `json:"factor,omitempty"` // times as much as usual, above 1
	Size    Bytes    `json:"size,omitzero"`    // bytes a minute
	Ramp    Duration `json:"ramp,omitzero"`    // grows from nothing to its full strength over this long
	Flap    Duration `json:"flap,omitzero"`    // comes and goes: this long on, this long off
	For     Duration `json:"for,omitzero"`     // ends by itself after this long
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

// ActiveAt reports whether a acts at t. A fault that flaps counts as active in
// its pauses, too.
func (a Active) ActiveAt(t time.Time) bool {
	return !t.Before(a.Since) && t.Before(a.Until)
}

// strength is how much of its full strength a has at t, from 0 to 1; a is
// active.
func (a Active) strength(t time.Time) float64 {
	since := t.Sub(a.Since)
	if flap := time.Duration(a.Flap); flap > 0 && since/flap%2 == 1 {
		return 0
	}
	if ramp := time.Duration(a.Ramp); since < ramp {
		return float64(since) / float64(ramp)
	}
	return 1
}

// grown is what Size a minute has come to from the beginning of a until t: less
// while a grows, nothing in its pauses.
func (a Active) grown(t time.Time) Bytes {
	d := t.Sub(a.Since)
	if flap := time.Duration(a.Flap); flap > 0 {
		d = d/(2*flap)*flap + min(d%(2*flap), flap)
	}
	full := d.Minutes()
	if ramp := time.Duration(a.Ramp); ramp > 0 {
		part := min(d, ramp)
		full = part.Minutes()*float64(part)/float64(2*ramp) + (d - part).Minutes()
	}
	return Bytes(float64(a.Size) * full)
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
	if err := kind.aims(f.Service); err != nil {
		return Fault{}, err
	}
	if f, err = kind.complete(f); err != nil {
		return Fault{}, err
	}
	return completeFor(f)
}

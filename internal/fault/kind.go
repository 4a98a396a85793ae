package fault

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind describes one way to misbehave.
type Kind struct {
	Name    string  `json:"name"`
	Summary string  `json:"summary"`
	Params  []Param `json:"params"` // what it takes beside service and for, which every kind takes
	// Services are those that it can be put into. Empty means any.
	Services []string `json:"services,omitempty"`
	// Signals are the golden signals of the service that it moves.
	Signals []Signal `json:"signals"`
	// Also are those that it moves, too, where more requests pile up than can wait.
	Also []Signal `json:"also,omitempty"`
	// Hurts says what users feel; empty where nobody is hurt.
	Hurts string `json:"hurts,omitempty"`
	// Repairs name what mends it. Empty where there is nothing to mend.
	Repairs []string `json:"repairs,omitempty"`
	// AtUsers is true for what happens on the users' way to the service and not
	// in the service.
	AtUsers bool `json:"at_users,omitempty"`

	keeps bool                    // what it has done stays in its pauses
	apply func(h hit, e *Effect)  // what it does to a request that is hit; may be nil
	act   func(s span, st *State) // what it does to the service as a whole; may be nil
}

// Signal is one of the four golden signals.
type Signal string

// The four golden signals.
const (
	Latency    Signal = "latency"
	Traffic    Signal = "traffic"
	Errors     Signal = "errors"
	Saturation Signal = "saturation"
)

// hit is one request that a fault hits.
type hit struct {
	Fault
	strength float64 // in (0, 1]
	draw     float64 // a number of this request's own in [0, 1), independent of whether it is hit
}

// span is an active fault, looked at at one moment.
type span struct {
	Active
	now      time.Time
	strength float64   // from 0 to 1; 0 only for kinds that keep what they have done
	process  time.Time // when the process of the service started
}

// Kinds lists every kind there is, in the order in which to show them: what
// hurts users first, harmless events last. The caller owns the result.
func Kinds() []Kind {
	return []Kind{
		errorsKind(), latencyKind(), latencyTailKind(), dependencyDownKind(), crashKind(), crashLoopKind(),
		cpuBurnKind(), memoryLeakKind(), queueStallKind(), poolLeakKind(), trafficSpikeKind(), trafficLossKind(),
		badDeployKind(), diskFillKind(), slowStartKind(), lostMetricsKind(),
		deployKind(), batchKind(), gcPauseKind(), scalingKind(),
	}
}

// kindOf finds a kind by its name.
func kindOf(name string) (Kind, error) {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i >= 0 {
		return kinds[i], nil
	}
	known := make([]string, len(kinds))
	for i, k := range kinds {
		known[i] = k.Name
	}
	return Kind{}, unknown("kind", name, known)
}

// aims reports an error if k cannot be put into the service.
func (k Kind) aims(service string) error {
	if len(k.Services) == 0 || slices.Contains(k.Services, service) {
		return nil
	}
	return &FieldError{
		Field:   "service",
		Problem: fmt.Sprintf("the kind %s cannot be put into %s", k.Name, service),
		Remedy:  "choose one of " + strings.Join(k.Services, ", "),
	}
}

// complete fills in and checks the parameters of f, which is of kind k.
func (k Kind) complete(f Fault) (Fault, error) {
	for _, p := range Params() {
		if p.Name == "for" {
			continue
		}
		i := slices.IndexFunc(k.Params, func(own Param) bool { return own.Name == p.Name })
		given := f.Get(p.Name) != ""
		switch {
		case i < 0 && given:
			return f, k.refuses(p.Name)
		case i < 0:
			continue
		case !given && k.Params[i].Required:
			return f, &FieldError{Field: p.Name, Problem: "missing", Remedy: fmt.Sprintf("the kind %s needs one, such as %s", k.Name, p.Example)}
		case !given && k.Params[i].Default == "":
			continue
		case !given:
			if err := f.Set(p.Name, k.Params[i].Default); err != nil {
				return f, err
			}
		}
		if err := f.check(p.Name); err != nil {
			return f, err
		}
	}
	return f, nil
}

// refuses is the error for a parameter that k does not take.
func (k Kind) refuses(field string) error {
	return &FieldError{
		Field:   field,
		Problem: fmt.Sprintf("the kind %s does not take it", k.Name),
		Remedy:  "leave it out; it takes " + strings.Join(append(paramNames(k.Params), "for"), ", "),
	}
}

package fault

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// anHour is how long what repairs add stays in force.
const anHour = time.Hour

// Repair describes one way to bring users back. It ends the faults it would
// really end and no others; some help without ending anything, because the
// service then has what it lacked.
type Repair struct {
	Name    string   `json:"name"`
	Summary string   `json:"summary"`
	Takes   Duration `json:"takes"` // from the order to its effect; nothing else can be tried on the service meanwhile
	// Ends are the kinds of faults that it ends.
	Ends []string `json:"ends"`
	// Helps are the kinds that users no longer feel, though they go on.
	Helps []string `json:"helps,omitempty"`
	// Services are those that it can be applied to. Empty means any.
	Services []string `json:"services,omitempty"`

	act   func(at time.Time, st *State) // what it makes of the service from at on; may be nil
	lasts time.Duration                 // what it adds goes away after this long; 0: it adds nothing
}

// BackWithin is how long after the effect of the right repair users are served
// well again: by then what had piled up is worked off.
const BackWithin = 45 * time.Second

// Applied is a repair that was ordered.
type Applied struct {
	Repair  string    `json:"repair"`
	Service string    `json:"service"`
	At      time.Time `json:"at"`     // when it was ordered
	Effect  time.Time `json:"effect"` // from when on it acts
	Until   time.Time `json:"until"`  // when it ends to act; equal to Effect where nothing stays in force
	Ended   []string  `json:"ended"`  // the kinds of the faults that it ends; never nil
	Helped  []string  `json:"helped"` // the kinds of those that users no longer feel; never nil
}

// InForceAt reports whether what a added is there at t.
func (a Applied) InForceAt(t time.Time) bool { return !t.Before(a.Effect) && t.Before(a.Until) }

// Outcome words what a has done by t: "ended errors", "helped against cpu-burn",
// or "" if it changed nothing. It is not known before a takes effect.
func (a Applied) Outcome(t time.Time) (did string, known bool) {
	if t.Before(a.Effect) {
		return "", false
	}
	var parts []string
	if len(a.Ended) > 0 {
		parts = append(parts, "ended "+strings.Join(a.Ended, ", "))
	}
	if len(a.Helped) > 0 {
		parts = append(parts, "helped against "+strings.Join(a.Helped, ", "))
	}
	return strings.Join(parts, ", "), true
}

// Repairs lists every repair there is, in the order in which to show them.
func Repairs() []Repair {
	return []Repair{
		rollbackRepair(), restartRepair(), scaleOutRepair(), shedLoadRepair(), failOverRepair(),
		drainQueueRepair(), clearDiskRepair(), raisePoolRepair(),
	}
}

// repairOf finds a repair by its name.
func repairOf(name string) (Repair, error) {
	repairs := Repairs()
	i := slices.IndexFunc(repairs, func(r Repair) bool { return r.Name == name })
	if i >= 0 {
		return repairs[i], nil
	}
	known := make([]string, len(repairs))
	for i, r := range repairs {
		known[i] = r.Name
	}
	return Repair{}, unknown("repair", name, known)
}

// CheckRepair returns the repair of that name, or a *FieldError if there is none
// or it cannot be applied to the service. The services are the names that there
// are; none means that any name will do.
func CheckRepair(name, service string, services ...string) (Repair, error) {
	r, err := repairOf(name)
	if err != nil {
		return Repair{}, err
	}
	if err := checkService(service, services); err != nil {
		return Repair{}, err
	}
	if len(r.Services) > 0 && !slices.Contains(r.Services, service) {
		return Repair{}, &FieldError{
			Field:   "service",
			Problem: fmt.Sprintf("%s has nothing to %s", service, r.Name),
			Remedy:  "choose one of " + strings.Join(r.Services, ", "),
		}
	}
	return r, nil
}

// BusyError refuses a repair while another is under way.
type BusyError struct{ Applied }

// Error says what is under way and how long it takes.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%s of %s is under way until %s; wait for its end", e.Repair, e.Service, e.Effect.UTC().Format("15:04:05 UTC"))
}

func seconds(n int) Duration { return Duration(time.Duration(n) * time.Second) }

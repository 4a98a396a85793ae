package stack

import (
	"slices"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/load"
	"goldensignals/internal/shop"
)

// Faults breaks and mends the services of one stack. It is safe for concurrent use.
type Faults struct {
	services map[string]*shop.Service // :: name -> all of the shop
}

// NewFaults breaks and mends these services, which are all of the shop by their names.
func NewFaults(services map[string]*shop.Service) Faults { return Faults{services} }

// Kinds lists what can be injected.
func (Faults) Kinds() []fault.Kind { return fault.Kinds() }

// Services lists what can be broken, callers before the called.
func (Faults) Services() []string { return shop.Names() }

// Active lists the faults that act now, in the order of Services.
func (f Faults) Active() []fault.Active {
	var active []fault.Active
	for _, name := range shop.Names() {
		active = append(active, f.services[name].Faults().Active(time.Now())...)
	}
	return active
}

// Inject starts a fault in the service that it names.
func (f Faults) Inject(what fault.Fault) (fault.Active, error) {
	what, err := what.Complete(shop.Names()...)
	if err != nil {
		return fault.Active{}, err
	}
	return f.services[what.Service].Faults().Inject(time.Now(), what)
}

// Clear ends the faults of a kind in a service; empty means any.
func (f Faults) Clear(kind, service string) ([]fault.Active, error) {
	var cleared []fault.Active
	for _, name := range shop.Names() {
		if service == "" || service == name {
			cleared = append(cleared, f.services[name].Faults().Clear(time.Now(), kind)...)
		}
	}
	return slices.Clip(cleared), nil
}

// Repairs lists what can be applied.
func (Faults) Repairs() []fault.Repair { return fault.Repairs() }

// Applied lists the repairs that were ordered, oldest first.
func (f Faults) Applied() []fault.Applied {
	var applied []fault.Applied
	for _, name := range shop.Names() {
		applied = append(applied, f.services[name].Faults().Applied()...)
	}
	slices.SortStableFunc(applied, func(a, b fault.Applied) int { return a.At.Compare(b.At) })
	return applied
}

// Apply orders a repair of a service.
func (f Faults) Apply(repair, service string) (fault.Applied, error) {
	if _, err := fault.CheckRepair(repair, service, shop.Names()...); err != nil {
		return fault.Applied{}, err
	}
	return f.services[service].Faults().Apply(time.Now(), repair)
}

// Undo takes back what repairs have added to a service; empty means to any.
func (f Faults) Undo(service string) error {
	for _, name := range shop.Names() {
		if service == "" || service == name {
			f.services[name].Faults().Undo(time.Now())
		}
	}
	return nil
}

// Users are the load of one stack, as the referee needs it.
type Users struct{ *load.Generator }

// Seen never fails: what is remembered is in this process.
func (u Users) Seen(from, to time.Time) ([]drill.Second, error) {
	return u.Generator.Seen(from, to), nil
}

// RPS never fails, likewise.
func (u Users) RPS() (float64, error) { return u.Generator.RPS(), nil }

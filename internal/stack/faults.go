package stack

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/fault"
	"goldensignals/internal/shop"
)

// faults breaks and mends the services of one stack.
type faults struct {
	services map[string]*shop.Service
}

// Kinds lists what can be injected.
func (faults) Kinds() []fault.Kind { return fault.Kinds() }

// Services lists what can be broken, callers before the called.
func (faults) Services() []string { return shop.Names() }

// Active lists the faults that act now, in the order of Services.
func (f faults) Active() []fault.Active {
	var active []fault.Active
	for _, name := range shop.Names() {
		active = append(active, f.services[name].Faults().Active(time.Now())...)
	}
	return active
}

// Inject starts a fault in the service that it names.
func (f faults) Inject(what fault.Fault) (fault.Active, error) {
	svc, ok := f.services[what.Service]
	if !ok {
		return fault.Active{}, &fault.FieldError{
			Field: "service", Problem: fmt.Sprintf("%q is unknown", what.Service), Remedy: "choose one of " + strings.Join(shop.Names(), ", "),
		}
	}
	return svc.Faults().Inject(time.Now(), what)
}

// Clear ends the faults of a kind in a service; empty means any.
func (f faults) Clear(kind, service string) []fault.Active {
	var cleared []fault.Active
	for _, name := range shop.Names() {
		if service == "" || service == name {
			cleared = append(cleared, f.services[name].Faults().Clear(time.Now(), kind)...)
		}
	}
	return slices.Clip(cleared)
}

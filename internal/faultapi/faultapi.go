// Package faultapi is the JSON API that breaks and mends services: what can be
// broken and how it is repaired, what is broken and repaired now, and the orders
// to do either. The command line speaks it. The console serves it and uses its
// checks for the forms of the page; a service that runs alone can serve it, too.
// It keeps nothing and decides nothing: whoever owns the faults does.
package faultapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/fault"
)

// The paths of the API:
//
//   - GET FaultsPath answers with a List, POST of a fault starts it and answers
//     with a fault.Active, DELETE ends faults (parameters kind and service, both
//     optional) and answers {"cleared": [fault.Active…]}.
//   - GET FixesPath answers with Fixes, POST of an Order applies a repair and
//     answers with a fault.Applied, DELETE takes back what repairs have added
//     (parameter service, optional) and answers with Fixes.
//
// Every error is {"error": "…"}: 400 for a wrong request, 409 while another
// repair of the service is under way.
const (
	FaultsPath = "/api/v1/faults"
	FixesPath  = "/api/v1/fixes"
)

// HiddenNote is what to tell those who may not see what is broken.
const HiddenNote = "What the running drill breaks is hidden until it ends."

// List is the answer to GET FaultsPath.
type List struct {
	Kinds    []fault.Kind   `json:"kinds"`
	Services []string       `json:"services"`
	Active   []fault.Active `json:"active"`
	// Hidden is true while Active is kept back: see HiddenNote.
	Hidden bool `json:"hidden,omitempty"`
}

// Fixes is the answer to GET FixesPath. What a repair has ended and helped is
// empty before it takes effect.
type Fixes struct {
	Repairs  []fault.Repair  `json:"repairs"`
	Services []string        `json:"services"`
	Applied  []fault.Applied `json:"applied"` // oldest first
}

// Order asks for a repair.
type Order struct {
	Repair  string `json:"repair"`
	Service string `json:"service"`
}

// Faults is what the API needs of whoever breaks and mends services. All methods
// must be safe for concurrent use and quick: they are called while a page is
// being rendered.
type Faults interface {
	// Kinds lists what can be injected, in the order to show.
	Kinds() []fault.Kind
	// Services lists what can be broken and mended, in the order to show.
	Services() []string
	// Active lists the faults that act now.
	Active() []fault.Active
	// Inject starts a fault; its errors are shown to the person as they are.
	Inject(f fault.Fault) (fault.Active, error)
	// Clear ends faults and returns those that it ended; an empty kind or
	// service means every one. After an error some may still act.
	Clear(kind, service string) ([]fault.Active, error)
	// Repairs lists what can be applied, in the order to show.
	Repairs() []fault.Repair
	// Applied lists the repairs that were ordered, oldest first.
	Applied() []fault.Applied
	// Apply orders a repair; its errors are shown to the person as they are.
	Apply(repair, service string) (fault.Applied, error)
	// Undo takes back what repairs have added; empty means of every service.
	Undo(service string) error
}

// Options configure an API. Faults is required.
type Options struct {
	Faults Faults
	// Log receives what people change and what fails; nil discards it.
	Log *slog.Logger
	// OnChange is called after each change; nil: nobody is told.
	OnChange func()
	// Hidden reports whether what is broken shall not be told; nil: it never is.
	Hidden func() bool
}

// API is the handler of FaultsPath and FixesPath, and of everything else below
// /api/, which it does not know. Its other methods do the same for callers who
// speak no JSON. It is safe for concurrent use.
type API struct {
	opts Options
	mux  *http.ServeMux
}

// New returns the API of the given faults.
func New(opts Options) *API {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.OnChange == nil {
		opts.OnChange = func() {}
	}
	if opts.Hidden == nil {
		opts.Hidden = func() bool { return false }
	}
	a := &API{opts: opts, mux: http.NewServeMux()}
	a.routes()
	return a
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// List is what can be broken and, unless that is hidden, what is.
func (a *API) List() List {
	l := List{Kinds: orEmpty(a.opts.Faults.Kinds()), Services: orEmpty(a.opts.Faults.Services()), Active: []fault.Active{}, Hidden: a.opts.Hidden()}
	if !l.Hidden {
		l.Active = orEmpty(a.opts.Faults.Active())
	}
	return l
}

// Fixes is how services are repaired, and what was applied as of now.
func (a *API) Fixes(now time.Time) Fixes {
	f := Fixes{Repairs: orEmpty(a.opts.Faults.Repairs()), Services: orEmpty(a.opts.Faults.Services()), Applied: []fault.Applied{}}
	for _, done := range a.opts.Faults.Applied() {
		f.Applied = append(f.Applied, known(done, now))
	}
	return f
}

// known leaves out what nobody can know yet: whether a repair is the right one
// shows when it takes effect.
func known(a fault.Applied, now time.Time) fault.Applied {
	if now.Before(a.Effect) {
		a.Ended, a.Helped = []string{}, []string{}
	}
	return a
}

// Inject starts a fault, and says so in the log and to those who watch.
func (a *API) Inject(f fault.Fault) (fault.Active, error) {
	active, err := a.opts.Faults.Inject(f)
	if err != nil {
		return active, err
	}
	a.opts.Log.Info("fault injected", "kind", active.Kind, "service", active.Service, "until", active.Until)
	a.opts.OnChange()
	return active, nil
}

// Clear ends faults, and says so in the log and to those who watch. It refuses
// names that do not exist: to clear a misspelt fault would look like success.
func (a *API) Clear(kind, service string) ([]fault.Active, error) {
	var kinds []string
	for _, k := range a.opts.Faults.Kinds() {
		kinds = append(kinds, k.Name)
	}
	if err := oneOrAll("kind", kind, kinds); err != nil {
		return nil, err
	}
	if err := oneOrAll("service", service, a.opts.Faults.Services()); err != nil {
		return nil, err
	}
	cleared, err := a.opts.Faults.Clear(kind, service)
	for _, c := range cleared {
		a.opts.Log.Info("fault cleared", "kind", c.Kind, "service", c.Service)
	}
	a.opts.OnChange()
	return cleared, err
}

// Apply orders a repair, and says so in the log and to those who watch.
func (a *API) Apply(repair, service string) (fault.Applied, error) {
	if _, err := fault.CheckRepair(repair, service, a.opts.Faults.Services()...); err != nil {
		return fault.Applied{}, err
	}
	applied, err := a.opts.Faults.Apply(repair, service)
	if err != nil {
		return applied, err
	}
	a.opts.Log.Info("repair ordered", "repair", applied.Repair, "service", applied.Service, "effect", applied.Effect)
	a.opts.OnChange()
	return known(applied, applied.At), nil
}

// Undo takes back what repairs have added to a service, or to every one.
func (a *API) Undo(service string) error {
	if err := oneOrAll("service", service, a.opts.Faults.Services()); err != nil {
		return err
	}
	defer a.opts.OnChange()
	if err := a.opts.Faults.Undo(service); err != nil {
		return err
	}
	a.opts.Log.Info("repairs undone", "service", service)
	return nil
}

// oneOrAll checks a name of a closed set; empty means all of them.
func oneOrAll(field, name string, all []string) error {
	if name == "" || slices.Contains(all, name) {
		return nil
	}
	return &fault.FieldError{Field: field, Problem: fmt.Sprintf("%q is unknown", clip(name)), Remedy: "choose one of " + strings.Join(all, ", ") + ", or none for all"}
}

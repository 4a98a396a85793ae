package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
)

// How long a service may take to answer, and how often it is asked what is broken.
const (
	orderPatience = 3 * time.Second
	lookInterval  = time.Second
)

// How long it is tried to end faults, and how often: a service that the kernel has
// killed is back within a second or two. Whoever stops a drill waits for it twice, for
// faults and for repairs, and no longer than ten seconds.
const (
	clearPatience = 4 * time.Second
	clearInterval = 250 * time.Millisecond
)

// Service is where the faults of one service are.
type Service struct {
	Name string
	URL  *url.URL // of its admin listener
}

// FaultsOptions configure Faults.
type FaultsOptions struct {
	Services  []Service         // callers before the called
	Token     string            // that they ask for; empty: none
	Transport http.RoundTripper // nil: over TCP
	Log       *slog.Logger      // nil: discarded
}

// Faults breaks and mends services that run elsewhere. What is broken it knows from
// asking them every second while Run runs, so that it answers at once. It is safe for
// concurrent use.
type Faults struct {
	services []*service
	names    []string
	log      *slog.Logger
}

// NewFaults returns the faults of the services. It asks nobody before Run.
func NewFaults(o FaultsOptions) *Faults {
	f := &Faults{log: o.Log}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	for _, s := range o.Services {
		f.services = append(f.services, newService(s, o.Token, o.Transport))
		f.names = append(f.names, s.Name)
	}
	return f
}

// Run asks the services again and again until ctx is done.
func (f *Faults) Run(ctx context.Context) error {
	var asking sync.WaitGroup
	for _, s := range f.services {
		asking.Go(func() {
			s.follow(ctx, func() {}, func(err error) {
				if err != nil {
					f.log.Warn("what is broken in a service is not known", "service", s.name, "err", err)
					return
				}
				f.log.Info("what is broken in a service is known again", "service", s.name)
			})
		})
	}
	asking.Wait()
	return nil
}

// Kinds lists what can be injected.
func (*Faults) Kinds() []fault.Kind { return fault.Kinds() }

// Repairs lists what can be applied.
func (*Faults) Repairs() []fault.Repair { return fault.Repairs() }

// Services lists what can be broken, callers before the called.
func (f *Faults) Services() []string { return slices.Clone(f.names) }

// Active lists the faults that act now, as far as they are known.
func (f *Faults) Active() []fault.Active {
	now := time.Now()
	var active []fault.Active
	for _, s := range f.services {
		known, _ := s.known()
		active = append(active, slices.DeleteFunc(known, func(a fault.Active) bool { return !a.ActiveAt(now) })...)
	}
	return active
}

// Applied lists the repairs that were ordered, as far as they are known, oldest first.
func (f *Faults) Applied() []fault.Applied {
	var applied []fault.Applied
	for _, s := range f.services {
		_, known := s.known()
		applied = append(applied, known...)
	}
	slices.SortStableFunc(applied, func(a, b fault.Applied) int { return a.At.Compare(b.At) })
	return applied
}

// Inject starts a fault in the service that it names. After an error it may act all
// the same, if the answer was lost.
func (f *Faults) Inject(what fault.Fault) (active fault.Active, err error) {
	if what, err = what.Complete(f.names...); err != nil {
		return fault.Active{}, err
	}
	s, err := f.find(what.Service)
	if err != nil {
		return fault.Active{}, err
	}
	err = s.order(call{method: http.MethodPost, path: faultapi.FaultsPath, in: what, out: &active})
	return active, err
}

// Apply orders a repair of a service.
func (f *Faults) Apply(repair, name string) (applied fault.Applied, err error) {
	if _, err := fault.CheckRepair(repair, name, f.names...); err != nil {
		return fault.Applied{}, err
	}
	s, err := f.find(name)
	if err != nil {
		return fault.Applied{}, err
	}
	err = s.order(call{method: http.MethodPost, path: faultapi.FixesPath, in: faultapi.Order{Repair: repair, Service: name}, out: &applied})
	return applied, err
}

// Clear ends the faults of a kind in a service; empty means any. It tries again where
// a service does not answer, and comes back without an error only if each has
// confirmed that they are gone.
func (f *Faults) Clear(kind, name string) ([]fault.Active, error) {
	cleared := make([][]fault.Active, len(f.services))
	err := f.each(name, func(ctx context.Context, i int, s *service) (err error) {
		cleared[i], err = s.clear(ctx, kind)
		return err
	})
	return slices.Concat(cleared...), err
}

// Undo takes back what repairs have added to a service; empty means to any. It tries
// again where a service does not answer.
func (f *Faults) Undo(name string) error {
	return f.each(name, func(ctx context.Context, _ int, s *service) error { return s.undo(ctx) })
}

// each does the same with the services of a name, side by side, until it succeeds or
// there is no time left; empty means all of them.
func (f *Faults) each(name string, do func(ctx context.Context, i int, s *service) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), clearPatience)
	defer cancel()
	errs := make([]error, len(f.services))
	var doing sync.WaitGroup
	for i, s := range f.services {
		if name == "" || name == s.name {
			doing.Go(func() {
				errs[i] = again(ctx, func() error { return do(ctx, i, s) })
			})
		}
	}
	doing.Wait()
	return errors.Join(errs...)
}

// again repeats what fails until it succeeds, is refused, or ctx is done; then it
// returns the last error.
func again(ctx context.Context, do func() error) error {
	tick := time.NewTicker(clearInterval)
	defer tick.Stop()
	for {
		err := do()
		if _, final := refused(err); err == nil || final {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

func (f *Faults) find(name string) (*service, error) {
	i := slices.Index(f.names, name)
	if i < 0 {
		return nil, fmt.Errorf("the service %s is not one of this stack", name)
	}
	return f.services[i], nil
}

package stack

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
	"goldensignals/internal/load"
	"goldensignals/internal/shop"
)

// ActiveFaults lists what acts now, also while a drill hides it.
func (s *Stack) ActiveFaults() []fault.Active { return faults{s.parts.services}.Active() }

// GameDay has the metrics of a game day of services, without drills.
func GameDay(services map[string]*shop.Service) prometheus.Collector {
	f := faults{services}
	return newGameDay(gameDayOptions{
		Active: f.Active, Applied: f.Applied, Services: shop.Names(),
		Running: func() bool { return false },
		Scored:  func() (drill.Result, time.Time, bool) { return drill.Result{}, time.Time{}, false },
	})
}

// single is one service's part of the faults.
type single struct {
	faults

	name string
}

func (s single) Active() []fault.Active {
	return slices.DeleteFunc(s.faults.Active(), func(a fault.Active) bool { return a.Service != s.name })
}

func (s single) Applied() []fault.Applied {
	return slices.DeleteFunc(s.faults.Applied(), func(a fault.Applied) bool { return a.Service != s.name })
}

func (s single) Clear(kind, _ string) ([]fault.Active, error) { return s.faults.Clear(kind, s.name) }

func (s single) Undo(string) error { return s.faults.Undo(s.name) }

// ServeAdmins opens what containers have beside their service: the listeners where a
// Front breaks services and asks users. What is called silences a service there. It is
// called before Run.
func (s *Stack) ServeAdmins() (silence func(service string, on bool), err error) {
	var silent sync.Map // :: name -> true
	for _, name := range shop.Names() {
		api := faultapi.New(faultapi.Options{Faults: single{faults{s.parts.services}, name}})
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := silent.Load(name); ok {
				http.Error(w, "gone", http.StatusServiceUnavailable)
				return
			}
			api.ServeHTTP(w, r)
		})
		if err := s.serve(name+":9000", h); err != nil {
			return nil, fmt.Errorf("serve faults of %s: %w", name, err)
		}
	}
	silence = func(service string, on bool) {
		if on {
			silent.Store(service, true)
		} else {
			silent.Delete(service)
		}
	}
	return silence, s.serve("load:9000", load.NewAPI(s.parts.users, time.Now()))
}

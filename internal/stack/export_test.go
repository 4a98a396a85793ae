package stack

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
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

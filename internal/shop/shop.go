// Package shop is the sample application that outages are practised on: four
// small services (shop calls auth and orders, orders calls payments) that take
// their time, run out of workers, processor time, memory, connections and disk,
// pass failures of their dependencies on and show the golden signals of it all
// on /metrics. Whoever runs the stack makes one Service per name and serves its
// Handler; faults and repairs are put in through Faults. The package never
// listens, dials or logs per request, starts no goroutine, and asks nobody
// whether time is real.
//
// A service runs in a modelled container unless it is given a real one. What
// the model does (throttle, kill, crash, restart) is worked out from the time
// and the state of the faults whenever a request or a scrape comes along.
package shop

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"

	"goldensignals/internal/fault"
)

// DefaultSizedFor is the load that a service is made for if Options do not say.
const DefaultSizedFor = 40.0

// Options are what a service is made from.
type Options struct {
	Name string // one of Names
	// Transport carries the calls to other services, which are addressed as
	// http://<name>:8080. Required by services that have dependencies.
	Transport http.RoundTripper
	Seed      uint64       // of the work times and of who is hit by a fault
	Spans     Spans        // hears of every span; nil: nobody does
	Log       *slog.Logger // nil: discarded
	// SizedFor is the load that the service has the means for, with room to
	// spare: the requests of all users of the shop a second. 0: DefaultSizedFor.
	SizedFor float64
	// Started is when its first process started, for a service that takes the place of
	// one that ran until now. Zero: now.
	Started time.Time
	// Container is what the service runs in. Nil means a modelled one. In a real
	// one, whoever runs the service makes its State real: the service only
	// slows down, fails and counts.
	Container Container
}

// Service is one running service of the shop. It is safe for concurrent use
// and needs no closing: it owns no goroutine.
type Service struct {
	name      string
	seed      uint64
	spec      spec
	quota     float64 // cores
	faults    *fault.Set
	jobs      *jobs // nil: it has no queue
	container Container

	process  atomic.Pointer[process]
	oomKills atomic.Uint64
	mu       sync.Mutex // serialises changes of process
	backAt   time.Time  // after a kill

	transport http.RoundTripper
	spans     Spans
	log       *slog.Logger
	untraced  atomic.Uint64 // requests that came without a trace
}

// New makes the service called o.Name.
func New(o Options) (*Service, error) {
	specs := table()
	i := slices.IndexFunc(specs, func(s spec) bool { return s.name == o.Name })
	if i < 0 {
		return nil, fmt.Errorf("service %q is unknown: choose one of %s", o.Name, strings.Join(Names(), ", "))
	}
	sp := specs[i]
	if o.Transport == nil && len(Dependencies()[o.Name]) > 0 {
		return nil, errors.New("option Transport is missing: " + o.Name + " calls other services")
	}
	if o.SizedFor == 0 {
		o.SizedFor = DefaultSizedFor
	}
	if !(o.SizedFor > 0) { // written so that NaN is refused
		return nil, fmt.Errorf("option SizedFor: %v is not a rate; give requests per second, such as %v", o.SizedFor, DefaultSizedFor)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return newService(sp, o)
}

// newService makes the service that sp describes; o is complete.
func newService(sp spec, o Options) (*Service, error) {
	s := &Service{
		name:      sp.name,
		seed:      o.Seed,
		spec:      sp,
		quota:     sp.quota(o.SizedFor),
		faults:    fault.NewSet(sp.name),
		container: o.Container,
		transport: o.Transport,
		spans:     o.Spans,
		log:       o.Log.With("service", sp.name),
	}
	if sp.jobs > 0 {
		s.jobs = newJobs(sp.jobs, sp.jobTime(o.SizedFor))
	}
	if o.Started.IsZero() {
		o.Started = time.Now()
	}
	p, err := s.newProcess(o.Started, release)
	if err != nil {
		return nil, fmt.Errorf("register metrics of %s: %w", sp.name, err)
	}
	s.process.Store(p)
	return s, nil
}

// Handler serves the service's routes, /metrics, /-/healthy and /-/ready. While
// no process runs it aborts requests as a connection that is cut off does.
func (s *Service) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	p := s.running(time.Now())
	if p == nil {
		panic(http.ErrAbortHandler)
	}
	p.handler.ServeHTTP(w, r)
}

// Faults is where to inject and clear what misbehaves in this service, and
// where to repair it.
func (s *Service) Faults() *fault.Set { return s.faults }

// State says what faults and repairs make of the service at now.
func (s *Service) State(now time.Time) fault.State {
	return s.faults.State(now, s.process.Load().start)
}

// Stats are the figures of the service's container at now.
func (s *Service) Stats(now time.Time) (ContainerStats, error) {
	p := s.process.Load()
	return p.stats(now, s.faults.State(now, p.start))
}

// Gather implements prometheus.Gatherer: what /metrics shows.
func (s *Service) Gather() ([]*dto.MetricFamily, error) { return s.process.Load().registry.Gather() }

func (p *process) stats(now time.Time, st fault.State) (ContainerStats, error) {
	if c := p.service.container; c != nil {
		return c.Stats()
	}
	busy, _ := p.workers.levels()
	stats := p.box.stats(now, busy, st)
	stats.OOMKills = p.service.oomKills.Load()
	return stats, nil
}

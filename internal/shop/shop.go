// Package shop is the sample application that outages are practised on: four
// small services (shop calls auth and orders, orders calls payments) that take
// their time, run out of workers, pass failures of their dependencies on and
// show the golden signals of it all on /metrics. Whoever runs the stack makes
// one Service per name and serves its Handler; faults are put in through
// Faults. The package never listens, dials or logs per request, starts no
// goroutine, and asks nobody whether time is real.
package shop

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"goldensignals/internal/fault"
)

// Options are what a service is made from.
type Options struct {
	Name string // one of Names
	// Transport carries the calls to other services, which are addressed as
	// http://<name>:8080. Required by services that have dependencies.
	Transport http.RoundTripper
	Registry  *prometheus.Registry // shown on /metrics; nil: a new one
	Seed      uint64               // of the work times and of who is hit by a fault
	Spans     Spans                // hears of every span; nil: nobody does
	Log       *slog.Logger         // nil: discarded
}

// Service is one running service of the shop. It is safe for concurrent use
// and needs no closing: it owns no goroutine.
type Service struct {
	name    string
	seed    uint64
	faults  *fault.Set
	workers *workers
	metrics *metrics
	handler http.Handler

	transport http.RoundTripper
	spans     Spans
	log       *slog.Logger
	untraced  atomic.Uint64 // requests that came without a trace
}

// New makes the service called o.Name and registers its metrics.
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
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
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
		faults:    fault.NewSet(sp.name),
		workers:   newWorkers(sp.workers, sp.queue),
		metrics:   newMetrics(),
		transport: o.Transport,
		spans:     o.Spans,
		log:       o.Log.With("service", sp.name),
	}
	if err := s.metrics.register(o.Registry, s.workers); err != nil {
		return nil, fmt.Errorf("register metrics of %s: %w", sp.name, err)
	}
	s.handler = s.routes(sp, o.Registry)
	return s, nil
}

// Handler serves the service's routes, /metrics, /-/healthy and /-/ready.
func (s *Service) Handler() http.Handler { return s.handler }

// Faults is where to inject and clear what misbehaves in this service.
func (s *Service) Faults() *fault.Set { return s.faults }

// routes is the whole surface of a service.
func (s *Service) routes(sp spec, reg *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	for _, rs := range sp.routes {
		pattern := rs.path
		if pattern == "/" {
			pattern = "/{$}" // the front page only, not everything below it
		}
		mux.Handle(rs.method+" "+pattern, s.newRoute(rs))
	}
	mux.HandleFunc("/", s.serveUnmatched)
	mux.HandleFunc("GET /-/healthy", servePlain("healthy\n"))
	mux.HandleFunc("GET /-/ready", servePlain("ready\n"))
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		EnableOpenMetrics: true, // carries the exemplars; protobuf, for native histograms, needs no switch
		ErrorHandling:     promhttp.HTTPErrorOnError,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelError),
	}))
	return mux
}

func servePlain(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(text)) // the client is gone: nothing to tell it
	}
}

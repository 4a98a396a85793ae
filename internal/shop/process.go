package shop

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"goldensignals/internal/fault"
)

// release is what the services run unless a fault rolls out another.
const release = "1.0.0"

// killPause is how long a process that the kernel has killed is away.
const killPause = 3 * time.Second

// process is one life of a service: all that a restart loses, its counters
// included.
type process struct {
	service *Service
	start   time.Time
	release string
	dead    atomic.Bool // it was killed; requests that it had are lost

	workers  *limiter
	pool     *limiter
	box      *box
	metrics  *metrics
	registry *prometheus.Registry
	handler  http.Handler
}

// newProcess starts one. It fails only if the metrics are at odds with each
// other.
func (s *Service) newProcess(now time.Time, release string) (*process, error) {
	p := &process{
		service:  s,
		start:    now,
		release:  release,
		workers:  newLimiter(s.spec.queue),
		pool:     newLimiter(unlimited),
		box:      newBox(now, s.quota, s.spec.largest()),
		metrics:  newMetrics(release),
		registry: prometheus.NewRegistry(),
	}
	if err := p.metrics.register(p.registry, &levels{process: p}); err != nil {
		return nil, err
	}
	p.handler = p.routes()
	return p, nil
}

// routes is the whole surface of a service.
func (p *process) routes() http.Handler {
	mux := http.NewServeMux()
	for _, rs := range p.service.spec.routes {
		pattern := rs.path
		if pattern == "/" {
			pattern = "/{$}" // the front page only, not everything below it
		}
		mux.Handle(rs.method+" "+pattern, p.newRoute(rs))
	}
	mux.HandleFunc("/", p.serveUnmatched)
	mux.HandleFunc("GET /-/healthy", servePlain("healthy\n"))
	mux.HandleFunc("GET /-/ready", servePlain("ready\n"))
	metrics := promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, // carries the exemplars; protobuf, for native histograms, needs no switch
		ErrorHandling:     promhttp.HTTPErrorOnError,
		ErrorLog:          slog.NewLogLogger(p.service.log.Handler(), slog.LevelError),
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if p.service.faults.State(time.Now(), p.start).Hidden {
			http.Error(w, "the metrics are broken on purpose", http.StatusInternalServerError)
			return
		}
		metrics.ServeHTTP(w, r)
	})
	return mux
}

func servePlain(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(text)) // the client is gone: nothing to tell it
	}
}

// fits reports whether p is the process that the service should have.
func (p *process) fits(st fault.State) bool {
	return !p.dead.Load() && !st.Down && !p.start.Before(st.Restart) && p.release == releaseOf(st) && !outOfMemory(st)
}

func releaseOf(st fault.State) string {
	if st.Release != "" {
		return st.Release
	}
	return release
}

// running returns the process that serves at now; nil: none does. It looks what
// has happened since it was asked last: a service needs no goroutine that
// crashes or restarts it.
func (s *Service) running(now time.Time) *process {
	p := s.process.Load()
	if s.container != nil { // crashes, kills and restarts are real
		return p
	}
	if p.fits(s.faults.State(now, p.start)) {
		return p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turn(now)
}

// turn brings the process in line with the state of the service.
func (s *Service) turn(now time.Time) *process {
	p := s.process.Load()
	st := s.faults.State(now, p.start)
	start := st.Restart // replaced without a gap, at that moment
	switch {
	case p.fits(st):
		return p // somebody else was quicker
	case st.Down:
		p.dead.Store(true)
		return nil
	case outOfMemory(st) && !p.dead.Load():
		p.dead.Store(true)
		s.oomKills.Add(1)
		s.backAt = now.Add(killPause)
		return nil
	case now.Before(s.backAt):
		return nil
	case p.dead.Load() || start.Before(p.start):
		start = now
	}
	next, err := s.newProcess(start, releaseOf(st))
	if err != nil { // as the first one had no such error, this one has none either
		s.log.Error("start process", "err", err)
		return nil
	}
	s.process.Store(next)
	return next
}

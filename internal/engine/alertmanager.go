package engine

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/api"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"
)

// Alertmanager's own defaults for the flags that matter here.
const (
	amRetention           = 120 * time.Hour
	amMaintenanceInterval = 15 * time.Minute
	amAlertGCInterval     = 30 * time.Minute
)

// alertmanagerServer holds Alertmanager's long-lived parts. What a
// configuration decides (routes, receivers, inhibition) is a generation and
// is replaced as a whole. The wiring follows alertmanager/app (v0.34).
type alertmanagerServer struct {
	opts      Options
	log       *slog.Logger
	registry  *prometheus.Registry
	startTime time.Time

	alerts     *mem.Alerts
	silences   *silence.Silences
	silencer   *silence.Silencer
	nflog      *nflog.Log
	marker     marker.GroupMarker
	pipelines  *notify.PipelineBuilder
	dispatches *dispatch.DispatcherMetrics
	recorder   eventrecorder.Recorder
	api        *api.API
	duration   *prometheus.HistogramVec

	current atomic.Pointer[generation]
	initial *Config
}

func newAlertmanager(opts Options, conf *Config, onStop func(string, func() error)) (*alertmanagerServer, error) {
	s := &alertmanagerServer{
		opts:      opts,
		log:       opts.Log.With("component", "alertmanager"),
		registry:  prometheus.NewRegistry(),
		startTime: time.Now(),
		marker:    marker.NewGroupMarker(),
		recorder:  eventrecorder.NopRecorder(),
		initial:   conf,
	}
	// Receivers and templates are built once here, so that a configuration
	// that cannot work is refused before anything runs.
	if _, err := s.receivers(conf); err != nil {
		return nil, err
	}
	if err := s.openState(onStop); err != nil {
		return nil, err
	}
	flags := featurecontrol.NoopFlags{}
	s.pipelines = notify.NewPipelineBuilder(s.registry, flags, s.recorder)
	s.dispatches = dispatch.NewDispatcherMetrics(false, s.registry, flags)
	return s, s.buildAPI()
}

// openState loads silences and the notification log from disk and keeps
// their snapshots fresh; both survive a restart.
func (s *alertmanagerServer) openState(onStop func(string, func() error)) error {
	dir := filepath.Join(s.opts.DataDir, "alertmanager")
	var err error
	s.nflog, err = nflog.New(nflog.Options{
		SnapshotFile: filepath.Join(dir, "nflog"), Retention: amRetention, Logger: s.log, Metrics: s.registry,
	})
	if err != nil {
		return fmt.Errorf("open notification log: %w", err)
	}
	s.silences, err = silence.New(silence.Options{
		SnapshotFile: filepath.Join(dir, "silences"), Retention: amRetention, Logger: s.log, Metrics: s.registry,
		EventRecorder: s.recorder,
	})
	if err != nil {
		return fmt.Errorf("open silences: %w", err)
	}
	s.silencer = silence.NewSilencer(s.silences, s.log, s.recorder)
	s.alerts, err = mem.NewAlerts(context.Background(), amAlertGCInterval, 0, s.silencer, s.log, s.recorder, s.registry, featurecontrol.NoopFlags{})
	if err != nil {
		return fmt.Errorf("create alert provider: %w", err)
	}
	onStop("alerts", func() error { s.alerts.Close(); return nil })

	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { s.nflog.Maintenance(amMaintenanceInterval, filepath.Join(dir, "nflog"), stop, nil) })
	wg.Go(func() { s.silences.Maintenance(amMaintenanceInterval, filepath.Join(dir, "silences"), stop, nil) })
	onStop("silences and notification log", func() error { close(stop); wg.Wait(); return nil })
	onStop("dispatcher and inhibitor", func() error { s.current.Load().stop(); return nil })
	return nil
}

// apiMu guards a global of Alertmanager's: its API's specification is shared by
// all instances of a process, and the first one that is made rewrites it. Those
// made after it only read.
//
//nolint:gochecknoglobals // as global as what it guards
var apiMu sync.Mutex

func (s *alertmanagerServer) buildAPI() (err error) {
	apiMu.Lock()
	defer apiMu.Unlock()
	s.duration = promauto.With(s.registry).NewHistogramVec(prometheus.HistogramOpts{
		Name: "alertmanager_http_request_duration_seconds", Help: "Histogram of latencies for HTTP requests.", Buckets: prometheus.DefBuckets,
	}, []string{"handler", "method", "code"})
	s.api, err = api.New(api.Options{
		Alerts:          s.alerts,
		Silences:        s.silences,
		GroupMutedFunc:  s.marker.Muted,
		Logger:          s.log,
		Registry:        s.registry,
		RequestDuration: s.duration,
		GroupFunc: func(ctx context.Context, routeFilter func(*dispatch.Route) bool, alertFilter func(*alert.Alert, time.Time) bool) (dispatch.AlertGroups, map[model.Fingerprint][]string, error) {
			g := s.current.Load()
			if g == nil { // asked before the start
				return nil, nil, nil
			}
			return g.dispatcher.Groups(ctx, routeFilter, alertFilter)
		},
	})
	if err != nil {
		return fmt.Errorf("create api: %w", err)
	}
	// The handlers may be asked before the start. Without a configuration they
	// would panic, with the lock held that the start needs.
	s.api.Update(s.initial, func(context.Context, model.LabelSet) {})
	return nil
}

func (s *alertmanagerServer) start() error { return s.apply(s.initial) }

// apply swaps in what conf decides. All that can fail comes first.
func (s *alertmanagerServer) apply(conf *Config) error {
	next, err := s.newGeneration(conf)
	if err != nil {
		return err
	}
	s.current.Load().stop()
	s.api.Update(conf, func(ctx context.Context, labels model.LabelSet) {
		s.current.Load().inhibitor.Mutes(ctx, labels)
		s.silencer.Mutes(ctx, labels)
	})
	next.start(s.startTime)
	s.current.Store(next)
	return nil
}

// handler serves API v2 and the fixed endpoints below the public URL's path.
func (s *alertmanagerServer) handler(reload func() error) http.Handler {
	prefix := "/" + strings.Trim(s.opts.AlertmanagerURL.Path, "/")
	router := route.New()
	if prefix != "/" {
		router = router.WithPrefix(prefix)
	}
	registerFixed(router, s.registry, reload)
	return s.api.Register(router, prefix)
}

// registerFixed adds the endpoints that both servers have.
func registerFixed(router *route.Router, reg *prometheus.Registry, reload func() error) {
	ok := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("OK\n")) }
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		router.Get(path, ok)
		router.Head(path, ok)
	}
	router.Get("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP)
	router.Post("/-/reload", func(w http.ResponseWriter, _ *http.Request) {
		if err := reload(); err != nil {
			http.Error(w, "the old configuration stays active: "+err.Error(), http.StatusInternalServerError)
		}
	})
}

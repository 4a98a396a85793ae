package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"goldensignals/internal/engine"
	"goldensignals/internal/load"
	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
	"goldensignals/internal/referee"
	"goldensignals/internal/router"
	"goldensignals/internal/router/link"
	"goldensignals/internal/router/silence"
	"goldensignals/internal/scoreboard"
	"goldensignals/internal/shop"
	"goldensignals/internal/store"
)

// The addresses of the parts on the network: the same names as in compose.
const (
	prometheusAddr   = "prometheus:9090"
	alertmanagerAddr = "alertmanager:9093"
	routerAddr       = "alertrouter:8080"
	loadAddr         = "load:8080"
	proberAddr       = "prober:8080"
	hostAddr         = "host:9100"
	gameDayAddr      = "gameday:8080"
)

// What the built-in router bears: a Watchdog that is repeated every minute, and
// incidents that Alertmanager repeats after four days at the latest (alertmanager.yml).
const (
	watchdogAfter = 5 * time.Minute
	staleAfter    = 5 * 24 * time.Hour
)

func serviceAddr(name string) string { return name + ":8080" }

// parts are what a stack is made of.
type parts struct {
	services map[string]*shop.Service
	store    *store.Store
	router   *router.Router
	engine   *engine.Engine
	users    *load.Generator
}

// build makes the parts and opens their servers, from those that are called
// to those that call, so that the stack stops in the reverse order.
func (s *Stack) build(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.openDataDir, s.buildShop, s.buildRouter, s.buildEngine, s.buildUsers, s.buildProber, s.buildGame, s.buildScoreboard,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) openDataDir(context.Context) error {
	if s.opts.DataDir != "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "goldensignals-")
	if err != nil {
		return fmt.Errorf("create temporary data folder: %w", err)
	}
	s.opts.DataDir = dir
	s.onStop("temporary data folder", func() error { return os.RemoveAll(dir) })
	return nil
}

func (s *Stack) buildShop(context.Context) error {
	s.parts.services = map[string]*shop.Service{}
	transport := s.opts.Network.Transport()
	for _, name := range shop.Names() {
		svc, err := shop.New(shop.Options{
			Name: name, Transport: transport, SizedFor: s.opts.RPS, Seed: s.opts.Seed, Started: s.opts.Started, Spans: s.opts.Spans, Log: s.opts.Log,
		})
		if err != nil {
			return fmt.Errorf("build service %s: %w", name, err)
		}
		s.parts.services[name] = svc
		if err := s.serve(serviceAddr(name), svc.Handler()); err != nil {
			return err
		}
	}
	if err := s.buildHost(); err != nil {
		return err
	}
	// Before the servers stop: they would wait for connections that were
	// opened for a request whose user has left.
	s.closeIdle(transport)
	return nil
}

// buildHost serves the metrics of the machine that the services share.
func (s *Stack) buildHost() error {
	var services []*shop.Service
	for _, name := range shop.Names() {
		services = append(services, s.parts.services[name])
	}
	return s.serveMetrics(hostAddr, prometheus.NewRegistry(), shop.NewHost(services...))
}

// serveMetrics serves a part that has nothing but metrics: those in the registry
// already, and what it adds to them.
func (s *Stack) serveMetrics(addr string, registry *prometheus.Registry, more ...prometheus.Collector) error {
	for _, c := range more {
		if err := registry.Register(c); err != nil {
			return fmt.Errorf("register metrics of %s: %w", addr, err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return s.serve(addr, mux)
}

// Transport gives a part its own way over the network and closes the connections
// that it leaves idle when the stack stops. It is called before Start.
func (s *Stack) Transport() http.RoundTripper {
	t := s.opts.Network.Transport()
	s.closeIdle(t)
	return t
}

func (s *Stack) closeIdle(t http.RoundTripper) {
	s.onStop("idle connections", func() error {
		(&http.Client{Transport: t}).CloseIdleConnections()
		return nil
	})
}

func (s *Stack) buildRouter(ctx context.Context) (err error) {
	s.parts.store, err = store.Open(ctx, store.Options{
		Path: filepath.Join(s.opts.DataDir, "router", "router.db"), NoSync: s.opts.Volatile, Log: s.opts.Log,
	})
	if err != nil {
		return fmt.Errorf("open the router's store: %w", err)
	}
	s.onStop("router's store", s.parts.store.Close)
	opts, err := s.actions()
	if err != nil {
		return err
	}
	s.parts.router, err = router.New(router.Options{
		Store: s.parts.store,
		Plan: router.Plan{Receivers: []router.Receiver{
			sms.New(sms.Options{Name: "oncall", Inbox: s.parts.store}),
			ticket.New(ticket.Options{Name: "tickets", Board: s.parts.store}),
			logline.New(logline.Options{Name: "log", Journal: s.parts.store}),
		},
			WatchdogAfter: watchdogAfter,
			StaleAfter:    staleAfter,
			Silencer:      opts.silencer,
		},
		LinkKey:     opts.key,
		Runbooks:    s.opts.Runbooks,
		Pages:       s.opts.Pages,
		ExternalURL: s.opts.PublicURL.JoinPath("router"),
		Registry:    prometheus.NewRegistry(),
		Log:         s.opts.Log,
	})
	if err != nil {
		return fmt.Errorf("build the router: %w", err)
	}
	return s.serve(routerAddr, s.parts.router.Handler())
}

// actions are what people need to act on messages. Nobody acts in a replay, and a
// key that is drawn at random would make its texts differ.
func (s *Stack) actions() (a struct {
	key      link.Key
	silencer router.Silencer
}, err error) {
	if s.opts.Volatile {
		return a, nil
	}
	if a.key, err = link.LoadOrCreate(filepath.Join(s.opts.DataDir, "router", "link.key")); err != nil {
		return a, fmt.Errorf("key of the router's links: %w", err)
	}
	a.silencer, err = silence.New(silence.Options{URLs: []*url.URL{s.base(alertmanagerAddr, "alertmanager")}, Transport: s.Transport()})
	return a, err
}

func (s *Stack) buildEngine(context.Context) (err error) {
	s.parts.engine, err = engine.New(engine.Options{
		DataDir:            s.opts.DataDir,
		ScrapeInterval:     s.opts.Interval,
		EvaluationInterval: s.opts.Interval,
		Targets:            s.Targets(),
		ExternalLabels: map[string]string{
			"runbook_base":   s.opts.PublicURL.JoinPath("router", "runbooks").String(),
			"dashboard_base": s.opts.PublicURL.String(),
		},
		Rules:               s.opts.Rules,
		Alertmanager:        s.opts.Alertmanager,
		AlertmanagerAddress: alertmanagerAddr,
		PrometheusURL:       s.opts.PublicURL.JoinPath("prometheus"),
		AlertmanagerURL:     s.opts.PublicURL.JoinPath("alertmanager"),
		Dial:                s.opts.Network.DialContext,
		NoWAL:               s.opts.Volatile,
		Log:                 s.opts.Log,
	})
	if err != nil {
		return err // names the file or folder already
	}
	err = errors.Join(
		s.serve(prometheusAddr, s.parts.engine.PrometheusHandler()),
		s.serve(alertmanagerAddr, s.parts.engine.AlertmanagerHandler()),
	)
	// Registered last, so that Prometheus can still tell Alertmanager what it
	// has evaluated while it stops.
	s.onStop("engines", s.parts.engine.Stop)
	return err
}

// The series that boards read of the two engines, which have hundreds.
func prometheusSeries() []string {
	return []string{
		"prometheus_rule_evaluation_failures_total", "prometheus_rule_group_interval_seconds", "prometheus_rule_group_iterations_missed_total",
		"prometheus_rule_group_last_duration_seconds",
	}
}

func alertmanagerSeries() []string {
	return []string{
		"alertmanager_alerts", "alertmanager_alerts_received_total", "alertmanager_dispatcher_aggregation_groups",
		"alertmanager_notifications_suppressed_total", "alertmanager_silences",
	}
}

// Targets are what Prometheus scrapes: the shop, and the platform itself.
func (s *Stack) Targets() []engine.Target {
	var list []engine.Target
	for _, name := range shop.Names() {
		list = append(list, engine.Target{Job: "shop", Address: serviceAddr(name), Labels: map[string]string{"service": name}})
	}
	return append(list,
		engine.Target{Job: "load", Address: loadAddr},
		engine.Target{Job: "probe", Address: proberAddr, Labels: map[string]string{"service": "shop"}},
		engine.Target{Job: "node", Address: hostAddr},
		engine.Target{Job: "alertrouter", Address: routerAddr},
		engine.Target{Job: "gameday", Address: gameDayAddr},
		engine.Target{Job: "prometheus", Address: prometheusAddr, Path: s.base(prometheusAddr, "prometheus").JoinPath("metrics").Path, Names: prometheusSeries()},
		engine.Target{Job: "alertmanager", Address: alertmanagerAddr, Path: s.base(alertmanagerAddr, "alertmanager").JoinPath("metrics").Path, Names: alertmanagerSeries()},
	)
}

func (s *Stack) buildUsers(context.Context) (err error) {
	registry := prometheus.NewRegistry()
	s.parts.users, err = load.New(load.Options{
		Target: "http://" + serviceAddr("shop"), Transport: s.Transport(),
		Faults: s.parts.services["shop"].Faults(), Spans: s.opts.Spans,
		RPS: s.opts.RPS, Since: s.opts.Started, Seed: s.opts.Seed, Retention: s.opts.Remember, Registry: registry, Log: s.opts.Log,
	})
	if err != nil {
		return fmt.Errorf("build the users: %w", err)
	}
	return s.serveMetrics(loadAddr, registry)
}

// buildProber serves a walk through the shop, which every scrape takes.
func (s *Stack) buildProber(context.Context) error {
	prober, err := load.NewProber(load.ProberOptions{
		Target: "http://" + serviceAddr("shop"), Transport: s.Transport(), Faults: s.parts.services["shop"].Faults(), Seed: s.opts.Seed,
	})
	if err != nil {
		return fmt.Errorf("build the prober: %w", err)
	}
	return s.serveMetrics(proberAddr, prometheus.NewRegistry(), prober)
}

// buildGame notes what a referee must know.
func (s *Stack) buildGame(context.Context) error {
	s.game = referee.Options{
		Seed:         s.opts.Seed,
		Prometheus:   s.base(prometheusAddr, "prometheus"),
		Alertmanager: s.base(alertmanagerAddr, "alertmanager"),
		Router:       s.base(routerAddr, ""),
		Transport:    s.Transport(),
		Faults:       s.Faults(),
		Users:        s.Users(),
		Log:          s.opts.Log,
	}
	return nil
}

// buildScoreboard serves what is broken and how the last drill was scored.
func (s *Stack) buildScoreboard(context.Context) error {
	return s.serveMetrics(gameDayAddr, prometheus.NewRegistry(), scoreboard.New(scoreboard.Options{
		Active: s.Faults().Active, Applied: s.Faults().Applied, Services: shop.Names(),
		Running: s.opts.Drills.Running, Scored: s.opts.Drills.Scored,
	}))
}

// base is where a part finds another's API: the engines answer below the path
// that their public URLs have.
func (s *Stack) base(addr, path string) *url.URL {
	u := &url.URL{Scheme: "http", Host: addr}
	if path != "" {
		u.Path = s.opts.PublicURL.JoinPath(path).Path
	}
	return u
}

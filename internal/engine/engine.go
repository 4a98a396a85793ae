// Package engine runs Prometheus and Alertmanager inside this process: the
// unmodified packages, wired as their own servers wire them, with nothing
// global, so that several engines live side by side. It is called by package
// stack; it knows nothing of the shop, the router or drills.
//
// Data goes one way: targets are scraped into the TSDB, rules are evaluated
// over it, their alerts are sent to Alertmanager over its HTTP API v2, and
// Alertmanager notifies the receivers of its configuration.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Target is one address to scrape and the labels its samples get.
type Target struct {
	Job     string
	Address string // host:port, also the instance label
	Labels  map[string]string
	// Path of its metrics, and the names of those that are wanted of it, for a
	// target that has hundreds. Zero means /metrics, and all. Of several targets of
	// a job, those of the first count.
	Path  string
	Names []string
}

// Options configure an Engine. Fields without a stated default are required.
type Options struct {
	// DataDir keeps the time series, silences and the notification log across
	// restarts. Empty means a temporary folder that Stop removes.
	DataDir string
	// Retention of time series. Zero means 15 days.
	Retention time.Duration
	// ScrapeInterval and EvaluationInterval; zero means 15 s.
	ScrapeInterval     time.Duration
	EvaluationInterval time.Duration
	// Targets that are scraped.
	Targets []Target
	// ExternalLabels are known to rules as $externalLabels; they name this
	// installation (where runbooks are served) and are dropped from alerts.
	ExternalLabels map[string]string
	// Rules yields the rule files. It is called again at each Reload.
	Rules RuleSource
	// Alertmanager yields Alertmanager's configuration, likewise.
	Alertmanager ConfigSource
	// AlertmanagerAddress (host:port) is where rules send their alerts.
	AlertmanagerAddress string
	// PrometheusURL and AlertmanagerURL are the addresses people use; their
	// paths are the prefixes under which the handlers answer.
	PrometheusURL   *url.URL
	AlertmanagerURL *url.URL
	// Dial reaches targets, Alertmanager and its receivers.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// NoWAL keeps samples in memory only: a crash loses them. For replay.
	NoWAL bool
	// Log defaults to discarding.
	Log *slog.Logger
}

func (o *Options) setDefaults() {
	if o.Retention == 0 {
		o.Retention = 15 * 24 * time.Hour
	}
	if o.ScrapeInterval == 0 {
		o.ScrapeInterval = 15 * time.Second
	}
	if o.EvaluationInterval == 0 {
		o.EvaluationInterval = 15 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func (o *Options) validate() error {
	switch {
	case o.ScrapeInterval < time.Second || o.EvaluationInterval < time.Second:
		return errors.New("scrape and evaluation interval must be at least 1s")
	case o.Rules == nil || o.Alertmanager == nil:
		return errors.New("rules and an Alertmanager configuration are required")
	case o.Dial == nil || o.AlertmanagerAddress == "":
		return errors.New("a dialer and the address of Alertmanager are required")
	case o.PrometheusURL == nil || o.AlertmanagerURL == nil:
		return errors.New("the public URLs of Prometheus and Alertmanager are required")
	}
	return nil
}

// Engine is a Prometheus and an Alertmanager. Create it with New; it is safe
// for concurrent use.
type Engine struct {
	opts     Options
	prom     *prometheusServer
	am       *alertmanagerServer
	cleanups []cleanup

	promHandler, amHandler http.Handler

	mu      sync.Mutex // serialises Reload and Stop
	stopped bool
}

// cleanup is one named step of Stop. The steps run last to first.
type cleanup struct {
	name string
	stop func() error
}

// New checks every file, opens the data folder and builds both servers. It
// starts nothing: on error nothing is left behind.
func New(opts Options) (*Engine, error) {
	opts.setDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	ruleFiles, err := opts.Rules()
	if err != nil {
		return nil, err
	}
	amConfig, err := opts.Alertmanager()
	if err != nil {
		return nil, err
	}
	e := &Engine{opts: opts}
	if err := e.build(ruleFiles, amConfig); err != nil {
		return nil, errors.Join(err, e.runCleanups())
	}
	return e, nil
}

func (e *Engine) build(ruleFiles RuleFiles, amConfig *Config) error {
	if err := e.openDataDir(); err != nil {
		return err
	}
	var err error
	if e.am, err = newAlertmanager(e.opts, amConfig, e.onStop); err != nil {
		return fmt.Errorf("build alertmanager: %w", err)
	}
	if e.prom, err = newPrometheus(e.opts, ruleFiles, e.onStop); err != nil {
		return fmt.Errorf("build prometheus: %w", err)
	}
	e.promHandler, e.amHandler = e.prom.handler(e.Reload), e.am.handler(e.Reload)
	return nil
}

func (e *Engine) openDataDir() error {
	if e.opts.DataDir == "" {
		dir, err := os.MkdirTemp("", "goldensignals-")
		if err != nil {
			return fmt.Errorf("create temporary data folder: %w", err)
		}
		e.opts.DataDir = dir
		e.onStop("temporary data folder", func() error { return os.RemoveAll(dir) })
	}
	for _, name := range []string{"prometheus", "alertmanager"} {
		if err := os.MkdirAll(filepath.Join(e.opts.DataDir, name), 0o755); err != nil {
			return fmt.Errorf("create data folder: %w", err)
		}
	}
	return nil
}

func (e *Engine) onStop(name string, stop func() error) {
	e.cleanups = append(e.cleanups, cleanup{name, stop})
}

// Start begins to scrape, evaluate and notify. The handlers must be reachable
// through Options.Dial by then. It is called once and returns at once.
func (e *Engine) Start() error {
	if err := e.am.start(); err != nil {
		return fmt.Errorf("start alertmanager: %w", err)
	}
	if err := e.prom.start(); err != nil {
		return fmt.Errorf("start prometheus: %w", err)
	}
	return nil
}

// Reload reads rules and Alertmanager configuration again. Both are checked
// before either is applied: on error the old ones stay active.
func (e *Engine) Reload() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return errors.New("engine is stopped")
	}
	ruleFiles, err := e.opts.Rules()
	if err != nil {
		return err
	}
	amConfig, err := e.opts.Alertmanager()
	if err != nil {
		return err
	}
	if err := e.am.apply(amConfig); err != nil {
		return fmt.Errorf("apply alertmanager configuration: %w", err)
	}
	return e.prom.applyRules(ruleFiles)
}

// Stop ends everything that New and Start began, in reverse, and waits for
// it. Further calls do nothing.
func (e *Engine) Stop() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return nil
	}
	e.stopped = true
	return e.runCleanups()
}

func (e *Engine) runCleanups() error {
	var errs []error
	for i := len(e.cleanups) - 1; i >= 0; i-- {
		if err := e.cleanups[i].stop(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", e.cleanups[i].name, err))
		}
	}
	e.cleanups = nil
	return errors.Join(errs...)
}

// PrometheusHandler serves Prometheus' HTTP API below PrometheusURL's path.
func (e *Engine) PrometheusHandler() http.Handler { return e.promHandler }

// AlertmanagerHandler serves Alertmanager's HTTP API below AlertmanagerURL's path.
func (e *Engine) AlertmanagerHandler() http.Handler { return e.amHandler }

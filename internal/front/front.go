// Package front is what people see of a stack whose parts run elsewhere, such as in
// containers: everything at one address, as package live has it. `gameday serve` runs
// it. It has the console, the faults and live drills, and hands what is asked of the
// engines and of the router on to them.
package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"goldensignals/internal/console"
	"goldensignals/internal/live"
	"goldensignals/internal/referee"
	"goldensignals/internal/remote"
	"goldensignals/internal/scoreboard"
	"goldensignals/internal/tracing"
)

// Options configure a Front. Fields without a stated default are required.
type Options struct {
	// PublicURL is where people reach Handler, such as http://127.0.0.1:8080.
	PublicURL *url.URL
	// Prometheus, Alertmanager and Router are the parts that run elsewhere, each with
	// the prefix that it serves below: http://prometheus:9090/prometheus.
	Prometheus, Alertmanager, Router *url.URL
	Services                         []remote.Service // callers before the called
	Users                            *url.URL         // the load's admin listener
	Token                            string           // of the admin listeners; empty: they want none
	// DataDir keeps the reports of live drills.
	DataDir string
	// Interval is how often Prometheus scrapes and evaluates. Zero means 5s.
	Interval time.Duration
	Seed     uint64            // noted in results
	Log      *slog.Logger      // nil: discarded
	Network  http.RoundTripper // nil: over TCP
}

// Front is one front door.
type Front struct {
	opts    Options
	faults  *remote.Faults
	users   *remote.Users
	drills  *live.Drills
	console *console.Console
	traces  *tracing.Recorder
	handler http.Handler
	metrics http.Handler
}

// New checks the options and asks nobody yet.
func New(o Options) (*Front, error) {
	if o.Interval == 0 {
		o.Interval = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Network == nil {
		o.Network = &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second}
	}
	f := &Front{opts: o, users: remote.NewUsers(o.Users, o.Token, o.Network), traces: tracing.New(tracing.Options{Entry: "shop"})}
	f.faults = remote.NewFaults(remote.FaultsOptions{Services: o.Services, Token: o.Token, Transport: o.Network, Log: o.Log})
	f.drills = f.newDrills()
	var err error
	f.console, err = console.New(console.Options{
		Prometheus: o.Prometheus, Alertmanager: o.Alertmanager, Router: o.Router, Transport: o.Network,
		Faults: f.faults, Drills: f.drills, Traces: f.traces, Links: live.Links(), Hosts: []string{o.PublicURL.Hostname()}, Log: o.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("build the console: %w", err)
	}
	if f.metrics, err = f.newMetrics(); err != nil {
		return nil, err
	}
	f.handler = live.Rooms{
		Prometheus: f.hallway("/prometheus", o.Prometheus), Alertmanager: f.hallway("/alertmanager", o.Alertmanager), Router: f.hallway("", o.Router),
		Drills: f.drills.Handler(), Console: f.console.Handler(),
	}.House(o.PublicURL.Hostname())
	return f, nil
}

func (f *Front) newDrills() *live.Drills {
	return live.NewDrills(live.DrillsOptions{
		Game: referee.Options{
			Seed: f.opts.Seed, Prometheus: f.opts.Prometheus, Alertmanager: f.opts.Alertmanager, Router: f.opts.Router,
			Transport: f.opts.Network, Faults: f.faults, Users: f.users, Log: f.opts.Log,
		},
		Active: f.faults.Active, RPS: f.users.RPS, Interval: f.opts.Interval,
		Folder: filepath.Join(f.opts.DataDir, "drills"),
		Marker: filepath.Join(f.opts.DataDir, "drill-runs"),
		Log:    f.opts.Log,
	})
}

// hallway hands requests on to a part. It keeps the Host header: the part decides
// by it whether a page of another origin is asking.
func (f *Front) hallway(prefix string, to *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
		Transport: f.opts.Network,
		// Streams of events must not be collected.
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(f.opts.Log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				f.opts.Log.Warn("a part of the stack does not answer", "part", to.Host, "err", err)
			}
			http.Error(w, to.Host+" does not answer; is it running?", http.StatusBadGateway)
		},
	}
	return http.StripPrefix(prefix, proxy)
}

func (f *Front) newMetrics() (http.Handler, error) {
	reg := prometheus.NewRegistry()
	err := errors.Join(
		reg.Register(scoreboard.New(scoreboard.Options{
			Active: f.faults.Active, Applied: f.faults.Applied, Services: f.faults.Services(),
			Running: f.drills.Runs, Scored: f.drills.LastScored,
		})),
		reg.Register(collectors.NewGoCollector()), reg.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})),
	)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{}), nil
}

// Metrics serves those of the game day and of this process, under any host name.
func (f *Front) Metrics() http.Handler { return f.metrics }

// Spans takes those that services and users send by OTLP over HTTP, at
// tracing.ReceivePath, under any host name: the console shows their traces.
func (f *Front) Spans() http.Handler { return tracing.Receiver(f.traces.Record) }

// Handler serves everything at one address, as live.Stack does.
func (f *Front) Handler() http.Handler { return f.handler }

// clearInterval is how often it is looked whether a drill has left something behind.
const clearInterval = time.Second

// Run follows the parts and plays drills until ctx is done. It is called once. It
// clears up after a drill that was cut off, also by the end of an earlier process; at
// the end it stops the drill that runs.
func (f *Front) Run(ctx context.Context) error {
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { _ = f.faults.Run(following) }) // it never fails
	running.Go(func() { f.clearUp(ctx) })
	shown := make(chan error, 1)
	running.Go(func() { shown <- f.console.Run(following) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-shown:
	}
	return errors.Join(err, f.drills.Close())
}

// clearUp ends what a drill has left behind that was cut off, until ctx is done. No
// other drill starts before that is confirmed.
func (f *Front) clearUp(ctx context.Context) {
	tick := time.NewTicker(clearInterval)
	defer tick.Stop()
	for {
		if f.drills.CutOff() {
			f.clear()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (f *Front) clear() {
	cleared, err := f.faults.Clear("", "")
	if err = errors.Join(err, f.faults.Undo("")); err == nil {
		err = f.drills.ClearedUp()
	}
	if err != nil {
		f.opts.Log.Warn("a drill was cut off, and not all is cleared yet", "err", err)
		return
	}
	f.opts.Log.Info("a drill was cut off; nothing of it is left", "faults", len(cleared))
}

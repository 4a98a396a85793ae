package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"goldensignals/internal/cgroup"
	"goldensignals/internal/cli"
	"goldensignals/internal/havoc"
	"goldensignals/internal/server"
	"goldensignals/internal/shop"
	"goldensignals/internal/tracing"
)

// downInterval is how often a service that must not run looks whether it may.
const downInterval = 200 * time.Millisecond

// maxLeak bounds the memory that a fault loses where the container has no limit
// that would end it, in bytes.
const maxLeak = 256 << 20

// app is one running service.
type app struct {
	c        *config
	log      *slog.Logger
	started  time.Time
	service  *shop.Service
	faults   *faults
	export   *tracing.Export     // nil: nobody asks for traces
	limits   shop.ContainerStats // only what does not change
	draining atomic.Bool
	serving  atomic.Pointer[net.TCPAddr] // nil: not yet
	admin    atomic.Pointer[net.TCPAddr] // nil: not yet, or there is none
}

// newApp makes the service that c describes, broken as the last process of the
// same container was. The kernel killed that so often before the control group
// began to count.
func newApp(ctx context.Context, c *config, earlier int64, log *slog.Logger) (*app, error) {
	reader, err := cgroup.New(cgroup.Options{Volume: c.dataDir, VolumeSize: int64(c.dataDirSize)})
	if err != nil {
		return nil, err
	}
	box := &container{reader: reader, earlier: earlier}
	limits, err := box.Stats()
	if err != nil {
		return nil, err
	}
	started := time.Now()
	export, err := tracing.NewExport(ctx, tracing.ExportOptions{Services: []string{c.service}, Namespace: "goldensignals", Log: log})
	if err != nil {
		return nil, cli.WrongCall(fmt.Errorf("export traces: %w", err))
	}
	service, err := shop.New(serviceOptions(c, box, export, log))
	if err != nil {
		return nil, cli.WrongCall(err)
	}
	a := &app{c: c, log: log, started: started, service: service, export: export, limits: limits}
	a.faults = &faults{service: c.service, set: service.Faults(), dir: c.dataDir, log: log}
	if err := a.faults.restore(); err != nil {
		return nil, cli.WrongCall(fmt.Errorf("--data-dir: %w", err))
	}
	return a, nil
}

// serviceOptions is the one place where the service is told of everything
// outside of it.
func serviceOptions(c *config, box shop.Container, export *tracing.Export, log *slog.Logger) shop.Options {
	o := shop.Options{
		Name: c.service, Transport: transport(c.peers), Seed: c.seed, Log: log,
		SizedFor: c.sizedFor, Container: box,
	}
	if export != nil {
		o.Spans = export
	}
	return o
}

// run serves until ctx ends, and then gracefully comes to an end, or until a
// fault or a repair ends the process, and says so.
func (a *app) run(ctx context.Context) (err error) {
	defer a.export.Close(a.log)
	stopAdmin, err := a.serveAdmin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopAdmin()) }()
	if !a.waitUntilUp(ctx) {
		return nil
	}
	ln, err := cli.Listen(ctx, a.c.listen, "web.listen-address")
	if err != nil {
		return err
	}
	web := server.Start(ln, a.handler(), 0, a.log)
	a.serving.Store(ln.Addr().(*net.TCPAddr))
	a.log.Info("serving", "address", ln.Addr().String())

	breaking, stopBreaking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBreaking()
	broken := make(chan error, 1)
	go func() { broken <- a.havoc().Run(breaking) }()

	select {
	case <-ctx.Done():
		a.log.Info("told to end")
		err = a.drain(web)
		stopBreaking()
		return errors.Join(err, <-broken)
	case err := <-broken:
		if errors.Is(err, havoc.ErrDown) {
			return errors.Join(err, web.Close())
		}
		// Status 1, though all went well: some restart policies start again only
		// what failed.
		return errors.Join(err, a.drain(web))
	case err := <-web.Ended():
		stopBreaking()
		return errors.Join(err, <-broken)
	}
}

// waitUntilUp waits while the process must not run: until then nothing listens
// where users look, but faults can be ended. It returns false if ctx ended first.
func (a *app) waitUntilUp(ctx context.Context) bool {
	ticker := time.NewTicker(downInterval)
	defer ticker.Stop()
	for a.service.State(time.Now()).Down {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
	a.started = time.Now() // what waited is as good as what was started again
	return true
}

// handler is the service, except that it is not ready while it drains.
func (a *app) handler() http.Handler {
	service := a.service.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.draining.Load() && r.URL.Path == "/-/ready" {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		service.ServeHTTP(w, r)
	})
}

func (a *app) havoc() *havoc.Havoc {
	o := havoc.Options{
		State: a.service.State, Started: a.started, Cores: a.limits.CPUQuota,
		Dir: a.c.dataDir, DirSize: int64(a.c.dataDirSize), Log: a.log,
	}
	if a.limits.MemoryLimit == 0 {
		o.MaxLeak = maxLeak
	}
	return havoc.New(o)
}

// drain ends the server gracefully: it says that it is not ready, serves on for
// those who have not noticed yet, and waits for the requests under way.
func (a *app) drain(web *server.Server) error {
	a.draining.Store(true)
	select {
	case <-time.After(a.c.drainDelay):
	case err := <-web.Ended():
		return err
	}
	return web.Shutdown()
}

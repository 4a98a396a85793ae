package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/collectors/version"

	"goldensignals/internal/cli"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/router"
	"goldensignals/internal/router/link"
	"goldensignals/internal/router/setup"
	"goldensignals/internal/router/web"
	"goldensignals/internal/store"
)

// app is one running router.
type app struct {
	c        *config
	log      *slog.Logger
	store    *store.Store
	router   *router.Router
	env      setup.Env
	plan     router.Plan // what the router works by
	external *url.URL
	guarded  bool // by a password or certificates
	reloads  *reloads

	listener net.Listener
	callback net.Listener // nil: none
	onClose  []func() error
}

// newApp makes the router that c describes. After an error nothing is open.
func newApp(ctx context.Context, c *config, stdout io.Writer, log *slog.Logger) (*app, error) {
	in, err := c.read()
	if err != nil {
		return nil, cli.WrongCall(err)
	}
	a := &app{c: c, log: log, guarded: in.web.protects()}
	if err := a.build(ctx, in, stdout); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *app) build(ctx context.Context, in configured, stdout io.Writer) (err error) {
	if err := a.listen(ctx); err != nil {
		return err
	}
	if a.external, err = a.c.externalURL(in.policy); err != nil {
		return cli.WrongCall(err)
	}
	if a.external == nil {
		a.external = reachedAt(a.listener.Addr(), in.web.tls())
	}
	books, err := a.c.library()
	if err != nil {
		return cli.WrongCall(err)
	}
	if a.store, err = store.Open(ctx, store.Options{Path: filepath.Join(a.c.dataDir, "router.db"), Log: a.log}); err != nil {
		return err
	}
	a.onClose = append(a.onClose, a.store.Close)
	a.env = setup.Env{
		Inbox: a.store, Board: a.store, Journal: a.store, Stdout: stdout, ExternalURL: a.external, Log: a.log, Grace: stopLimit,
		Reported: a.reported, Replied: a.replied,
	}
	if a.plan, err = setup.Plan(in.policy, a.env); err != nil {
		return cli.WrongCall(a.c.inFile(err))
	}
	a.onClose = append(a.onClose, func() error { return setup.Close(a.plan) })
	reg, err := a.registry()
	if err != nil {
		return err
	}
	key, err := link.LoadOrCreate(filepath.Join(a.c.dataDir, "link.key"))
	if err != nil {
		return fmt.Errorf("key of the links in messages: %w", err)
	}
	a.router, err = router.New(router.Options{
		Plan: a.plan, Store: a.store, Runbooks: books, Pages: web.Pages(books), ExternalURL: a.external, Registry: reg, Log: a.log, LinkKey: key,
	})
	return err
}

func (a *app) listen(ctx context.Context) (err error) {
	if a.listener, err = cli.Listen(ctx, a.c.listen, "web.listen-address"); err != nil {
		return err
	}
	a.onClose = append(a.onClose, closeListener(a.listener))
	if a.c.callback == "" {
		return nil
	}
	if a.callback, err = cli.Listen(ctx, a.c.callback, "web.callback-address"); err != nil {
		return err
	}
	a.onClose = append(a.onClose, closeListener(a.callback))
	return nil
}

// closeListener closes a listener, unless a server has done so.
func closeListener(ln net.Listener) func() error {
	return func() error {
		if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

// registry returns the metrics of the process and of its configuration.
func (a *app) registry() (*prometheus.Registry, error) {
	reg := prometheus.NewRegistry()
	a.reloads = newReloads()
	var errs []error
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), version.NewCollector("alertrouter"),
		a.reloads.successful, a.reloads.at,
	} {
		errs = append(errs, reg.Register(c))
	}
	return reg, errors.Join(errs...)
}

// reported takes what an SMPP session reports. It is called only while the router
// runs.
func (a *app) reported(ctx context.Context, r sms.Reported) error {
	return a.router.Reported(ctx, r.NotificationID, r.Receipt, r.Report, r.Detail)
}

// replied takes what a person answers by SMS over an SMPP session, likewise.
func (a *app) replied(ctx context.Context, r sms.Reply) error { return a.router.Replied(ctx, r) }

// reachedAt is where a browser finds a listener, as far as it can be known.
func reachedAt(addr net.Addr, tls bool) *url.URL {
	u := &url.URL{Scheme: "http", Host: addr.String(), Path: "/"}
	if tls {
		u.Scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return u
	}
	name, err := os.Hostname()
	if err != nil {
		name = "localhost"
	}
	u.Host = net.JoinHostPort(name, port)
	return u
}

// run serves and delivers until ctx ends, and then comes to a graceful end.
func (a *app) run(ctx context.Context, hangup <-chan os.Signal) (err error) {
	defer func() { err = errors.Join(err, a.close()) }()
	servers := a.serve()
	routing, stopRouting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRouting()
	routed := make(chan error, 1)
	go func() { routed <- a.router.Run(routing) }()
	a.reloads.done(nil, time.Now())
	a.log.Info("alertrouter is up", "url", a.external.String(), "address", a.listener.Addr().String())

	err = a.wait(ctx, hangup, servers, routed)
	a.log.Info("alertrouter ends: what is being sent is finished, the rest waits for the next start")
	stopRouting()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.stop(limit))
	}
	return errors.Join(err, <-routed)
}

// wait reloads at each hangup, until ctx is done or something ends that should
// not. What ended keeps its error for who waits for it.
func (a *app) wait(ctx context.Context, hangup <-chan os.Signal, servers []*httpServer, routed chan error) error {
	callbacks := servers[len(servers)-1] // the only one, if there is no other
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			a.reload()
		case <-servers[0].done:
			return nil
		case <-callbacks.done:
			return nil
		case err := <-routed:
			routed <- nil
			return fmt.Errorf("the router has ended by itself: %w", err)
		}
	}
}

// serve opens the servers; the first is that of everything.
func (a *app) serve() []*httpServer {
	h := a.router.Handler()
	if !a.guarded {
		name, _ := os.Hostname() // without, one name less
		h = guardHost(h, a.external.Hostname(), name)
	}
	if a.callback == nil {
		return []*httpServer{serve(a.listener, h, a.c.webFile, a.log)}
	}
	return []*httpServer{serve(a.listener, h, a.c.webFile, a.log), serve(a.callback, a.router.PublicHandler(), "", a.log)}
}

// close closes everything, last opened first.
func (a *app) close() error {
	var errs []error
	for i := len(a.onClose) - 1; i >= 0; i-- {
		errs = append(errs, a.onClose[i]())
	}
	return errors.Join(errs...)
}

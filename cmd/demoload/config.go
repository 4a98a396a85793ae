package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"goldensignals/internal/cli"
	"goldensignals/internal/fault"
	"goldensignals/internal/guard"
	"goldensignals/internal/remote"
	"goldensignals/internal/server"
)

// config holds the flags that both commands have.
type config struct {
	target      string
	faultsFrom  string
	tokenFile   string
	listen      string
	adminListen string // of users only
	seed        uint64
	logLevel    string
	healthcheck bool

	faultsURL *url.URL // nil: nothing happens on the way to the shop
	token     string   // empty: none is shown, and none asked for
}

func addFlags(c *kingpin.CmdClause) *config {
	var f config
	c.Flag("target", "Where the shop is.").Default("http://shop:8080").StringVar(&f.target)
	c.Flag("faults", "Where the faults of the shop are, such as http://shop:9000: those that happen on the way to it happen here. Without it there are none.").StringVar(&f.faultsFrom)
	c.Flag("token-file", "File with the token that the shop asks for, and that whoever gives orders here must send.").StringVar(&f.tokenFile)
	c.Flag("web.listen-address", "Address of health and metrics.").Default(":8080").StringVar(&f.listen)
	c.Flag("seed", "Seed of everything random.").Default("1").Uint64Var(&f.seed)
	c.Flag("log.level", "Least level that is logged: debug, info, warn or error.").Default("info").EnumVar(&f.logLevel, "debug", "info", "warn", "error")
	c.Flag(cli.HealthFlag, cli.HealthHelp).BoolVar(&f.healthcheck)
	return &f
}

// complete checks what the flags say and reads what they name.
func (c *config) complete() (err error) {
	if c.faultsFrom != "" {
		u, err := url.Parse(c.faultsFrom)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("--faults=%s: give a URL, such as http://shop:9000", c.faultsFrom)
		}
		c.faultsURL = u
	}
	if c.adminListen != "" && c.tokenFile == "" && !guard.Loopback(c.adminListen) {
		return fmt.Errorf("--admin.listen-address=%s: others than this machine can reach it; add --token-file, or listen on 127.0.0.1", c.adminListen)
	}
	c.token, err = guard.ReadToken("token-file", c.tokenFile)
	return err
}

// mirror keeps a set as that of the shop until it is told to stop.
func (c *config) mirror(ctx context.Context, log *slog.Logger) (set *fault.Set, stop func()) {
	set = fault.NewSet("shop")
	if c.faultsURL == nil {
		return set, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var mirroring sync.WaitGroup
	mirroring.Go(func() {
		remote.Mirror(ctx, set, remote.Service{Name: "shop", URL: c.faultsURL}, c.token, func(err error) {
			log.Warn("what is broken on the way to the shop is not known", "err", err)
		})
	})
	return set, func() { cancel(); mirroring.Wait() }
}

// transport is the way to the shop, with a connection for each user if need be.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second, // shorter than servers wait
	}
}

// registry returns the metrics of the process, and whatever else is given.
func registry(more ...prometheus.Collector) (*prometheus.Registry, error) {
	reg := prometheus.NewRegistry()
	var errs []error
	for _, c := range append(more, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})) {
		errs = append(errs, reg.Register(c))
	}
	return reg, errors.Join(errs...)
}

// serveMetrics opens the listener of health and metrics.
func (c *config) serveMetrics(ctx context.Context, reg *prometheus.Registry, log *slog.Logger) (*server.Server, error) {
	ln, err := cli.Listen(ctx, c.listen, "web.listen-address")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "OK") })
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	log.Info("serving", "address", ln.Addr().String())
	return server.Start(ln, mux, 0, log), nil
}

// until waits until ctx is done or a server ends by itself, and closes the servers.
func until(ctx context.Context, servers ...*server.Server) error {
	var err error
	ended := make(chan error, len(servers))
	for _, s := range servers {
		go func() {
			select {
			case <-ctx.Done():
			case err := <-s.Ended():
				ended <- err
			}
		}()
	}
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	errs := []error{err}
	for _, s := range servers {
		errs = append(errs, s.Shutdown())
	}
	return errors.Join(errs...)
}

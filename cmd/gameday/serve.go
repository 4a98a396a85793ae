package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/front"
	"goldensignals/internal/guard"
	"goldensignals/internal/remote"
	"goldensignals/internal/server"
	"goldensignals/internal/shop"
	"goldensignals/internal/tracing"
)

// serveFront holds the flags of `gameday serve`.
type serveFront struct {
	listen      string
	external    string
	services    []string
	users       string
	tokenFile   string
	logLevel    string
	healthcheck bool
	urls        [3]string // of Prometheus, Alertmanager and the router
	opts        front.Options
}

func serveCommand(app *kingpin.Application) command {
	var s serveFront
	c := app.Command("serve", "The console, faults and live drills of a stack whose parts run elsewhere, such as in containers. `up` runs everything in one process instead.")
	c.Flag("web.listen-address", "Address of everything: pages, and what is handed on to Prometheus, Alertmanager and the router.").Default("127.0.0.1:8080").StringVar(&s.listen)
	c.Flag("web.external-url", "Where people reach it.").Default("http://127.0.0.1:8080").StringVar(&s.external)
	c.Flag("prometheus.url", "Prometheus, with the prefix that it serves below.").Default("http://prometheus:9090/prometheus").StringVar(&s.urls[0])
	c.Flag("alertmanager.url", "Alertmanager, with its prefix.").Default("http://alertmanager:9093/alertmanager").StringVar(&s.urls[1])
	c.Flag("router.url", "The alert router.").Default("http://alertrouter:8080").StringVar(&s.urls[2])
	c.Flag("service", "Where the faults of a service are, as name=URL. Repeatable; the default is http://<name>:9000.").StringsVar(&s.services)
	c.Flag("users", "Where the load takes orders.").Default("http://load:9000").StringVar(&s.users)
	c.Flag("token-file", "File with the token that services and load ask for.").StringVar(&s.tokenFile)
	c.Flag("data-dir", "Keep reports of drills here.").Default("data").StringVar(&s.opts.DataDir)
	c.Flag("scrape-interval", "How often Prometheus scrapes and evaluates: drills begin at a full interval.").Default("5s").DurationVar(&s.opts.Interval)
	c.Flag("seed", "Noted in the results of drills.").Default("1").Uint64Var(&s.opts.Seed)
	c.Flag("log.level", "Least level that is logged: debug, info, warn or error.").Default("info").EnumVar(&s.logLevel, "debug", "info", "warn", "error")
	c.Flag(cli.HealthFlag, cli.HealthHelp).BoolVar(&s.healthcheck)
	return command{c, s.run}
}

func (s *serveFront) run(ctx context.Context, stdout, stderr io.Writer) error {
	if s.healthcheck {
		return cli.CheckHealth(ctx, s.listen)
	}
	s.opts.Log = cli.Log(stderr, s.logLevel)
	if err := s.complete(); err != nil {
		return cli.WrongCall(err)
	}
	door, err := front.New(s.opts)
	if err != nil {
		return cli.WrongCall(err)
	}
	ln, err := cli.Listen(ctx, s.listen, "web.listen-address")
	if err != nil {
		return err
	}
	web := server.Start(ln, reached(door), -1, s.opts.Log) // streams last as long as a drill
	fmt.Fprintf(stdout, "Golden Signals is up: %s/\n", strings.TrimSuffix(s.external, "/"))
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- door.Run(running) }()
	select {
	case err = <-ended:
		return errors.Join(err, web.Close())
	case err = <-web.Ended():
		stop()
		return errors.Join(err, <-ended)
	}
}

// reached is what is at the address. Health is that of this process alone: that another
// part is silent is shown on the pages, and no reason to start this one again.
func reached(door *front.Front) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "OK") })
	mux.Handle("GET /metrics", door.Metrics())
	mux.Handle("POST "+tracing.ReceivePath, http.NewCrossOriginProtection().Handler(door.Spans()))
	mux.Handle("/", door.Handler())
	return mux
}

// complete checks what the flags say and reads what they name.
func (s *serveFront) complete() (err error) {
	if s.opts.Interval <= 0 {
		return fmt.Errorf("--scrape-interval=%v: give a time above 0, such as 5s", s.opts.Interval)
	}
	for _, u := range []struct {
		flag, text string
		to         **url.URL
	}{
		{"web.external-url", s.external, &s.opts.PublicURL}, {"prometheus.url", s.urls[0], &s.opts.Prometheus},
		{"alertmanager.url", s.urls[1], &s.opts.Alertmanager}, {"router.url", s.urls[2], &s.opts.Router}, {"users", s.users, &s.opts.Users},
	} {
		if *u.to, err = parseURL(u.flag, u.text); err != nil {
			return err
		}
	}
	if s.opts.Services, err = s.serviceURLs(); err != nil {
		return err
	}
	s.opts.Token, err = guard.ReadToken("token-file", s.tokenFile)
	return err
}

// serviceURLs are all services of the shop, callers before the called.
func (s *serveFront) serviceURLs() ([]remote.Service, error) {
	given := map[string]string{}
	for _, flag := range s.services {
		name, text, ok := strings.Cut(flag, "=")
		if !ok || !slices.Contains(shop.Names(), name) {
			return nil, fmt.Errorf("--service=%s: write name=URL; the names are %s", flag, strings.Join(shop.Names(), ", "))
		}
		given[name] = text
	}
	var list []remote.Service
	for _, name := range shop.Names() {
		text, ok := given[name]
		if !ok {
			text = "http://" + name + ":9000"
		}
		u, err := parseURL("service="+name, text)
		if err != nil {
			return nil, err
		}
		list = append(list, remote.Service{Name: name, URL: u})
	}
	return list, nil
}

func parseURL(flag, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("--%s=%s: give a URL, such as http://127.0.0.1:8080", flag, text)
	}
	return u, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/live"
	"goldensignals/internal/replay"
	"goldensignals/internal/stack"
)

// up holds the flags of `gameday up`.
type up struct {
	listen       string
	dataDir      string
	rules        []string
	alertmanager string
	interval     time.Duration
	history      time.Duration
	rps          float64
	seed         uint64
	logLevel     string
}

func upCommand(app *kingpin.Application) command {
	var u up
	c := app.Command("up", "Run the whole platform in this process until Ctrl-C.")
	c.Flag("web.listen-address", "Address of everything: pages, Prometheus, Alertmanager, router.").Default("127.0.0.1:8080").StringVar(&u.listen)
	c.Flag("data-dir", "Keep series, silences and notifications here. Without it they are gone at the end.").StringVar(&u.dataDir)
	c.Flag("rules", "Rule file, or a folder of them, instead of the shipped rules. Repeatable; SIGHUP reads them again.").StringsVar(&u.rules)
	c.Flag("alertmanager", "Alertmanager configuration instead of the shipped one; SIGHUP reads it again.").StringVar(&u.alertmanager)
	c.Flag("scrape-interval", "How often targets are scraped and rules evaluated.").Default("5s").DurationVar(&u.interval)
	c.Flag("history", "Healthy time before the start that charts and burn rates know of, made in the background; 0 for none.").Default("2h").DurationVar(&u.history)
	c.Flag("load.rps", "Requests per second that the shop's users send.").Default("40").Float64Var(&u.rps)
	c.Flag("seed", "Seed of everything random.").Default("1").Uint64Var(&u.seed)
	c.Flag("log.level", "Least level that is logged: debug, info, warn or error.").Default("warn").EnumVar(&u.logLevel, "debug", "info", "warn", "error")
	return command{c, u.run}
}

func (u *up) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := u.check(); err != nil {
		return cli.WrongCall(err)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", u.listen)
	if err != nil {
		return cli.WrongCall(fmt.Errorf("%w; choose another address with --web.listen-address", err))
	}
	s, err := live.New(ctx, u.options(ln.Addr(), stderr))
	if err != nil {
		return cli.WrongCall(errors.Join(err, ln.Close()))
	}
	stopServer := serve(ln, s.Handler())
	fmt.Fprintf(stdout, "Golden Signals is up: %s/\nCtrl-C ends it.\n", publicURL(ln.Addr()))

	ctx, cancel := context.WithCancel(ctx)
	reloading := reloadOnHangup(ctx, s, stderr)
	err = s.Run(ctx)
	cancel()
	<-reloading
	return errors.Join(err, stopServer())
}

// The bounds of --history: enough for a few scrapes, and no longer than a
// child makes in minutes.
const (
	minHistory = time.Minute
	maxHistory = 24 * time.Hour
)

func (u *up) check() error {
	switch {
	case u.rps <= 0 || u.rps > 5000:
		return fmt.Errorf("--load.rps=%g: give a rate above 0 and up to 5000", u.rps)
	case u.history != 0 && (u.history < minHistory || u.history > maxHistory):
		return fmt.Errorf("--history=%v: give 0 for none, or %v to %v", u.history, minHistory, maxHistory)
	default:
		return nil
	}
}

func (u *up) options(addr net.Addr, stderr io.Writer) live.Options {
	opts := live.Options{
		Stack: stack.Options{
			DataDir: u.dataDir, PublicURL: publicURL(addr), Interval: u.interval, RPS: u.rps, Seed: u.seed, Log: cli.Log(stderr, u.logLevel),
		},
		History: live.History{Length: u.history, Rules: u.rules, Alertmanager: u.alertmanager},
		Traces:  true,
	}
	opts.Stack.Rules, opts.Stack.Alertmanager = replay.Design(u.rules, u.alertmanager)
	return opts
}

// publicURL is where a browser on this machine finds addr.
func publicURL(addr net.Addr) *url.URL {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}
	}
	return &url.URL{Scheme: "http", Host: addr.String()}
}

// serve answers at ln until stop is called; streams under way are cut off.
func serve(ln net.Listener, h http.Handler) (stop func() error) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := srv.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = srv.Close()
		}
		if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return err
	}
}

// reloadOnHangup reads the rules and the Alertmanager configuration again at
// each SIGHUP. The channel it returns is closed once it has ended.
func reloadOnHangup(ctx context.Context, s *live.Stack, stderr io.Writer) <-chan struct{} {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer signal.Stop(hangup)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
				if err := s.Reload(); err != nil {
					fmt.Fprintf(stderr, "gameday: reload refused, the old files stay active: %v\n", err)
					continue
				}
				fmt.Fprintln(stderr, "gameday: reloaded rules and Alertmanager configuration")
			}
		}
	}()
	return done
}

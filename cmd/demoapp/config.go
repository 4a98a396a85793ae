package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/fault"
	"goldensignals/internal/guard"
	"goldensignals/internal/shop"
)

// config holds the flags.
type config struct {
	service     string
	listen      string
	drainDelay  time.Duration
	peerFlags   []string
	seed        uint64
	sizedFor    float64
	dataDir     string
	dataDirSize fault.Bytes
	adminListen string
	tokenFile   string
	logLevel    string
	healthcheck bool

	peers map[string]*url.URL // of the services whose address was given
	token string              // empty: the admin listener asks for none
}

func flags(app *kingpin.Application) *config {
	c := &config{dataDirSize: 512 << 20}
	app.Flag("service", "Which service: "+strings.Join(shop.Names(), ", ")+".").Required().EnumVar(&c.service, shop.Names()...)
	app.Flag("web.listen-address", "Address of the service, its health and its metrics.").Default(":8080").StringVar(&c.listen)
	app.Flag("web.drain-delay", "At the end, go on serving for so long while /-/ready says 503.").Default("1s").DurationVar(&c.drainDelay)
	app.Flag("peer", "Where a called service is, as name=URL. Repeatable; the default is http://<name>:8080.").StringsVar(&c.peerFlags)
	app.Flag("seed", "Seed of work times and of who is hit by a fault.").Default("1").Uint64Var(&c.seed)
	app.Flag("sized-for", "Requests per second of all users of the shop that the service has the means for.").Default(fmt.Sprint(shop.DefaultSizedFor)).Float64Var(&c.sizedFor)
	app.Flag("data-dir", "Volume of the service; what is broken, and how often the kernel killed it, outlive a restart here.").StringVar(&c.dataDir)
	app.Flag("data-dir.size", "What the service may use of it, such as 512MiB.").Default(c.dataDirSize.String()).SetValue(bytesFlag{&c.dataDirSize})
	app.Flag("admin.listen-address", "Address where faults are injected and repaired. Without it nobody can.").StringVar(&c.adminListen)
	app.Flag("admin.token-file", "File with the token that whoever breaks things must send as a bearer token.").StringVar(&c.tokenFile)
	app.Flag("log.level", "Least level that is logged: debug, info, warn or error.").Default("info").EnumVar(&c.logLevel, "debug", "info", "warn", "error")
	app.Flag(cli.HealthFlag, cli.HealthHelp).BoolVar(&c.healthcheck)
	return c
}

// bytesFlag makes a flag of fault.Bytes.
type bytesFlag struct{ *fault.Bytes }

// Set implements kingpin.Value.
func (b bytesFlag) Set(text string) error { return b.UnmarshalText([]byte(text)) }

// complete checks what the flags say and reads what they name.
func (c *config) complete() error {
	switch {
	case c.drainDelay < 0 || c.drainDelay > time.Minute:
		return fmt.Errorf("--web.drain-delay=%v: give 0s to 1m", c.drainDelay)
	case !(c.sizedFor > 0 && c.sizedFor <= 5000): // written so that NaN is refused
		return fmt.Errorf("--sized-for=%g: give a rate above 0 and up to 5000", c.sizedFor)
	case c.dataDirSize <= 0:
		return fmt.Errorf("--data-dir.size=%v: give a size above 0, such as 512MiB", c.dataDirSize)
	}
	return errors.Join(c.readPeers(), c.readToken(), c.makeDataDir())
}

func (c *config) readPeers() error {
	called := shop.Dependencies()[c.service]
	c.peers = make(map[string]*url.URL)
	for _, flag := range c.peerFlags {
		name, text, _ := strings.Cut(flag, "=")
		if !slices.Contains(called, name) {
			return fmt.Errorf("--peer=%s: %s does not call %q; write name=URL for one of those it calls: %s", flag, c.service, name, strings.Join(called, ", "))
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("--peer=%s: give a URL, such as %s=http://%s:8080", flag, name, name)
		}
		c.peers[name] = u
	}
	return nil
}

func (c *config) readToken() (err error) {
	c.token, err = guard.AdminToken(c.adminListen, c.tokenFile)
	return err
}

func (c *config) makeDataDir() error {
	if c.dataDir == "" {
		return nil
	}
	if err := os.MkdirAll(c.dataDir, 0o755); err != nil {
		return fmt.Errorf("--data-dir: %w", err)
	}
	return nil
}

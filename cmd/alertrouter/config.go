package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/guard"
	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/router/policy"
	"goldensignals/internal/router/setup"
	"goldensignals/internal/runbook"
	"goldensignals/runbooks"
)

// config holds the flags.
type config struct {
	file      string
	fileGiven bool
	check     bool
	listen    string
	callback  string
	webFile   string
	external  string
	insecure  bool
	dataDir   string
	logLevel  string
	logFormat string
	runbooks  string
	health    bool
}

func flags(app *kingpin.Application) *config {
	c := &config{}
	app.Flag("config.file", "Who is told of what, and how; SIGHUP reads it again.").Default("alertrouter.yml").IsSetByUser(&c.fileGiven).StringVar(&c.file)
	app.Flag("config.check", "Say what is wrong with the configuration, and end.").BoolVar(&c.check)
	app.Flag("web.listen-address", "Address of everything: webhook, pages, API, metrics.").Default("127.0.0.1:9095").StringVar(&c.listen)
	app.Flag("web.callback-address", "Address of what carries its own proof and nothing else: callbacks of SMS providers, and the links in messages.").StringVar(&c.callback)
	app.Flag("web.config.file", "TLS and passwords of --web.listen-address, as Prometheus has them.").StringVar(&c.webFile)
	app.Flag("web.external-url", "Where people reach the router; instead of external_url in the configuration.").StringVar(&c.external)
	app.Flag("web.insecure", "Allow a --web.listen-address that others reach without a password.").BoolVar(&c.insecure)
	app.Flag("data-dir", "Folder of what must not be lost: incidents, and messages that are not delivered yet.").Default("data").StringVar(&c.dataDir)
	app.Flag("log.level", "Least level that is logged: debug, info, warn or error.").Default("info").EnumVar(&c.logLevel, "debug", "info", "warn", "error")
	app.Flag("log.format", "How it is logged: text or json.").Default("text").EnumVar(&c.logFormat, "text", "json")
	app.Flag("runbooks", "Folder of runbooks, <AlertName>.md, instead of the shipped ones.").StringVar(&c.runbooks)
	app.Flag(cli.HealthFlag, cli.HealthHelp).BoolVar(&c.health)
	return c
}

// configured is what the files say that the flags name.
type configured struct {
	policy *policy.Policy
	web    webConfig
}

// read reads the files and refuses what does not go together.
func (c *config) read() (configured, error) {
	web, webErr := readWebConfig(c.webFile)
	p, err := c.readPolicy()
	if err := errors.Join(err, webErr); err != nil {
		return configured{}, err
	}
	in := configured{p, web}
	return in, errors.Join(c.checkReach(web), c.checkToken(in))
}

func (c *config) readPolicy() (*policy.Policy, error) {
	p, err := policy.Load(c.file)
	if errors.Is(err, fs.ErrNotExist) && !c.fileGiven {
		return nil, fmt.Errorf("there is no %s in this folder: name a file with --config.file, or begin with the smallest one that works:\n\n%s", c.file, policy.Smallest())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--config.file: %w", err)
	}
	return p, err
}

// checkReach refuses that others than this machine reach the pages without having
// shown who they are: they could read alerts, and silence them. A token for the
// webhook is not enough.
func (c *config) checkReach(w webConfig) error {
	if c.insecure || w.protects() || guard.Loopback(c.listen) {
		return nil
	}
	return fmt.Errorf("--web.listen-address=%s: others than this machine can reach it, and nobody has to show who they are; "+
		"add --web.config.file with basic_auth_users or with client_auth_type: RequireAndVerifyClientCert, or listen on 127.0.0.1, or say --web.insecure", c.listen)
}

// checkToken refuses a token that could never be shown: a request has one
// Authorization header, and the password comes first. Where callbacks are served,
// the token is enough.
func (c *config) checkToken(in configured) error {
	if !in.web.users() || in.policy.Settings().WebhookToken.IsZero() || c.callback != "" {
		return nil
	}
	return fmt.Errorf("%s: webhook.token: Alertmanager cannot show a token and a password of %s at once; leave out the token and give Alertmanager the password (http_config: basic_auth), or add --web.callback-address and send webhooks there", c.file, c.webFile)
}

// externalURL is where people reach the router, if somebody says so.
func (c *config) externalURL(p *policy.Policy) (*url.URL, error) {
	if c.external == "" {
		return p.Settings().ExternalURL, nil
	}
	if err := outbound.CheckURL("--web.external-url", c.external); err != nil {
		return nil, err
	}
	u, err := url.Parse(c.external)
	if err != nil {
		return nil, fmt.Errorf("--web.external-url: %w", err)
	}
	u.RawQuery, u.Fragment = "", ""
	return u.JoinPath("/"), nil
}

// library loads the runbooks.
func (c *config) library() (*runbook.Library, error) {
	files := runbooks.FS()
	if c.runbooks != "" {
		if info, err := os.Stat(c.runbooks); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("--runbooks=%s: there is no such folder", c.runbooks)
		}
		files = os.DirFS(c.runbooks)
	}
	books, err := runbook.Load(files)
	if err != nil {
		return nil, fmt.Errorf("load runbooks: %w", err)
	}
	return books, nil
}

// summary says in one line what the configuration has; the error is everything
// that is wrong with it.
func (c *config) summary() (string, error) {
	in, err := c.read()
	if err == nil {
		_, err = c.externalURL(in.policy)
	}
	if err == nil {
		err = c.inFile(setup.Check(in.policy))
	}
	if err != nil {
		return "", err
	}
	p := in.policy
	return fmt.Sprintf("%s: fine: %s, %s, %s, %s", c.file, count(len(p.AllReceivers()), "receiver"), count(len(p.SMSProviders()), "provider"),
		count(len(p.People()), "person"), count(len(p.Rotas()), "rota")), nil
}

// inFile puts the file's name before errors about fields of it.
func (c *config) inFile(err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the joined errors themselves are wanted
		var errs []error
		for _, e := range joined.Unwrap() {
			errs = append(errs, c.inFile(e))
		}
		return errors.Join(errs...)
	}
	return fmt.Errorf("%s: %w", c.file, err)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %s", n, strings.Replace(what+"s", "persons", "people", 1))
}

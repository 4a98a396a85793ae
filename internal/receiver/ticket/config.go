package ticket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// Config says where tickets go: exactly one of the trackers or the built-in board.
type Config struct {
	Jira   *Jira     `yaml:"jira,omitempty"`
	GitHub *GitHub   `yaml:"github,omitempty"`
	GitLab *GitLab   `yaml:"gitlab,omitempty"`
	Gitea  *Gitea    `yaml:"gitea,omitempty"`
	RT     *RT       `yaml:"rt,omitempty"`
	Board  *struct{} `yaml:"board,omitempty"` // board: {}

	OnResolve    string          `yaml:"on_resolve,omitempty"`    // close or comment; empty: close
	ReopenWithin *model.Duration `yaml:"reopen_within,omitempty"` // a ticket closed for longer is left closed, and a new one opened; nil: 3d. 0s never reopens
	WontFix      string          `yaml:"wont_fix,omitempty"`      // the label, resolution or status that means it; empty: what trackers come with
	Labels       []string        `yaml:"labels,omitempty"`        // of each new ticket, beside the key's

	HTTP *config.HTTPClientConfig `yaml:"http,omitempty"` // nil: no proxy, the system's certificates
}

const defaultReopenWithin = 72 * time.Hour

// kind is a tracker in the configuration.
type kind interface {
	validate() error
	open(client *http.Client, s settings) Tracker
}

// kinds lists the trackers that are configured, by their field. A new one is a
// file, a field and a line.
func (c *Config) kinds() map[string]kind {
	given := map[string]kind{}
	put(given, "jira", c.Jira)
	put(given, "github", c.GitHub)
	put(given, "gitlab", c.GitLab)
	put(given, "gitea", c.Gitea)
	put(given, "rt", c.RT)
	return given
}

func put[T any, P interface {
	*T
	kind
}](given map[string]kind, name string, k P) {
	if k != nil {
		given[name] = k
	}
}

// Validate returns every outbound.FieldError of c, joined.
func (c *Config) Validate() error {
	given := c.kinds()
	var errs []error
	count := len(given)
	if c.Board != nil {
		count++
		errs = append(errs, c.onBoard())
	}
	if count != 1 {
		errs = append(errs, outbound.Field("ticket", "names %d places for tickets: write exactly one of jira, github, gitlab, gitea, rt and board: {}", count))
	}
	for _, name := range []string{"jira", "github", "gitlab", "gitea", "rt"} {
		if k, ok := given[name]; ok {
			errs = append(errs, outbound.Below(name, k.validate()))
		}
	}
	if c.OnResolve != "" && c.OnResolve != "close" && c.OnResolve != "comment" {
		errs = append(errs, outbound.Field("on_resolve", "%q is unknown: write close or comment", c.OnResolve))
	}
	for i, label := range c.Labels {
		if label == "" || strings.ContainsAny(label, ", ") {
			errs = append(errs, outbound.Field(fmt.Sprintf("labels[%d]", i), "%q is no label: it must not be empty or have spaces or commas in it", label))
		}
	}
	if c.RT != nil && len(c.Labels) > 0 {
		errs = append(errs, outbound.Field("labels", "Request Tracker has none: leave them out"))
	}
	if c.HTTP != nil {
		if err := c.HTTP.Validate(); err != nil {
			errs = append(errs, outbound.Field("http", "%v", err))
		}
	}
	return errors.Join(errs...)
}

// onBoard refuses what only trackers know.
func (c *Config) onBoard() error {
	var errs []error
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"on_resolve", c.OnResolve != ""}, {"reopen_within", c.ReopenWithin != nil}, {"wont_fix", c.WontFix != ""},
		{"labels", len(c.Labels) > 0}, {"http", c.HTTP != nil},
	} {
		if f.given {
			errs = append(errs, outbound.Field(f.name, "is for trackers, not for the built-in board: leave it out"))
		}
	}
	return errors.Join(errs...)
}

// Env is what a receiver needs beside its configuration.
type Env struct {
	Name      string            // how messages name it
	Board     Board             // for board: {}
	Transport http.RoundTripper // nil: as Config.HTTP says; the caller's own stays open at Close
	Log       *slog.Logger      // nil: no log
}

// Sender is a receiver of tickets, as the router wants it.
type Sender interface {
	Name() string
	Type() string
	Compose(n alert.Notification, alerts []alert.Alert) alert.Notification
	Send(ctx context.Context, n alert.Notification) (alert.Receipt, error)
	// Close gives back what Open took.
	Close()
}

// Open returns the receiver that c describes: a Receiver for the board, or a
// Tracked. It asks nobody. The caller closes it.
func (c *Config) Open(e Env) (Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Board != nil {
		if e.Board == nil {
			return nil, outbound.Field("board", "there is no built-in board here: write a tracker")
		}
		return New(Options{Name: e.Name, Board: e.Board}), nil
	}
	transport, done, err := c.transport(e)
	if err != nil {
		return nil, err
	}
	t := &Tracked{
		name: e.Name, close: done, log: e.Log,
		policy: policy{closes: c.OnResolve != "comment", reopenWithin: defaultReopenWithin},
	}
	if c.ReopenWithin != nil {
		t.policy.reopenWithin = time.Duration(*c.ReopenWithin)
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	for name, k := range c.kinds() { // there is one
		t.name = cmp.Or(t.name, name)
		t.tracker = k.open(outbound.Client(transport), settings{c.Labels, newRefusals(c.WontFix)})
	}
	return t, nil
}

func (c *Config) transport(e Env) (rt http.RoundTripper, done func(), err error) {
	if e.Transport != nil {
		return e.Transport, func() {}, nil
	}
	var h config.HTTPClientConfig
	if c.HTTP != nil {
		h = *c.HTTP
	}
	if rt, err = outbound.Transport("ticket", h); err != nil {
		return nil, nil, outbound.Field("http", "%v", err)
	}
	return rt, (&http.Client{Transport: rt}).CloseIdleConnections, nil
}

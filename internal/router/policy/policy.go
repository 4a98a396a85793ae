// Package policy reads alertrouter.yml, the one file that says who is told of
// which alert, how and when, and decides by it. The router asks it; it sends
// nothing, keeps nothing, and knows neither the store nor the clock: now is an
// argument. The only things it touches besides the file are the secrets that the
// file points to: Parse checks that they can be read.
//
// Time zones come from the system. A command that has to work without them
// imports time/tzdata.
package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// maxFile bounds what is read, in bytes.
const maxFile = 1 << 20

// smallest is the smallest file that works.
const smallest = `providers:
  - {name: phone, phone: {}}
receivers:
  - {name: oncall, sms: {providers: [phone]}}
  - {name: tickets, ticket: {board: {}}}
  - {name: log, log: {}}
routes:
  - {critical: [oncall], warning: [tickets], info: [log]}
`

// builtIn is the policy of Default: one message at a time, so that a replay
// gives the same bytes each time.
const builtIn = `providers:
  - {name: phone, phone: {}}
receivers:
  - {name: oncall, concurrency: 1, sms: {providers: [phone]}}
  - {name: tickets, concurrency: 1, ticket: {board: {}}}
  - {name: log, concurrency: 1, log: {}}
routes:
  - {critical: [oncall], warning: [tickets], info: [log]}
`

// Smallest returns the smallest file that works, for people to begin with. It
// needs nothing outside of the router.
func Smallest() string { return smallest }

// Policy is a file that was found to be right. It never changes and is safe for
// concurrent use; what its methods return belongs to the caller, apart from what
// the pointers in it point to, which must not be changed.
type Policy struct {
	settings  Settings
	people    []Person
	rotas     []*Rota
	providers []Provider
	receivers []Receiver
	chains    map[string]*Chain // :: receiver
	routes    []route
	quiet     []quiet
}

// Settings are the single values of the file, with their defaults.
type Settings struct {
	ExternalURL       *url.URL // ends with a slash; nil: not given
	Alertmanagers     []*url.URL
	AlertmanagerHTTP  *config.HTTPClientConfig // nil: plain HTTP(S)
	WatchdogAfter     time.Duration
	WatchdogReceivers []string
	UsualSilence      time.Duration // pages offer this, half of it, twice and four times
	LongestSilence    time.Duration
	LinksValidFor     time.Duration
	WebhookToken      outbound.Secret // zero: none is wanted
	StaleAfter        time.Duration
	Retry             Retry
	RepeatAfter       time.Duration
	KeepFor           time.Duration
}

// Load reads and checks the file at path. Its errors are those of Parse.
func Load(path string) (*Policy, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return Parse(path, data)
}

// Parse reads and checks a file of the given name. Its errors are *Error, joined,
// in the order of the file: all that is wrong, not only the first.
func Parse(name string, data []byte) (*Policy, error) {
	if len(data) > maxFile {
		return nil, &Error{name, 1, "", "is larger than 1 MiB: this cannot be the router's configuration"}
	}
	root, err := document(name, data)
	if err != nil {
		return nil, err
	}
	d := decoder{problems: newProblems(name)}
	var f file
	prefill(reflect.ValueOf(&f).Elem())
	d.value(root, reflect.ValueOf(&f).Elem(), "")
	p := build(d.problems, &f)
	if err := d.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// document returns the top node of the only document.
func document(name string, data []byte) (*yaml.Node, error) {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, syntaxError(name, err)
	case !errors.Is(dec.Decode(&more), io.EOF):
		return nil, &Error{name, max(more.Line, 1), "", "more than one document: take out what follows ---"}
	}
	if len(doc.Content) == 0 || len(doc.Content[0].Content) == 0 && doc.Content[0].Value == "" || doc.Content[0].Tag == "!!null" {
		return nil, &Error{name, 1, "", "says nothing. The smallest file that works, without anything outside of the router, is\n\n" + indent(smallest)}
	}
	return doc.Content[0], nil
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}

// Default returns the policy of the demonstration, which needs nothing outside
// of the router: critical goes to the built-in phone (oncall), warning to the
// built-in board (tickets) and info to the log (log).
func Default() *Policy {
	p, err := Parse("the built-in policy", []byte(builtIn))
	if err != nil {
		panic(fmt.Sprintf("policy: %v", err)) // a test sees to it
	}
	return p
}

// Settings returns the single values of the file.
func (p *Policy) Settings() Settings {
	s := p.settings
	s.Alertmanagers = slices.Clone(s.Alertmanagers)
	s.WatchdogReceivers = slices.Clone(s.WatchdogReceivers)
	return s
}

// People lists who can be told, in the order of the file.
func (p *Policy) People() []Person { return slices.Clone(p.people) }

// Rotas lists the rotas in the order of the file.
func (p *Policy) Rotas() []*Rota { return slices.Clone(p.rotas) }

// SMSProviders lists the providers that the file configures, in its order.
func (p *Policy) SMSProviders() []Provider { return slices.Clone(p.providers) }

// AllReceivers lists the receivers in the order of the file.
func (p *Policy) AllReceivers() []Receiver { return slices.Clone(p.receivers) }

// Receivers returns the names of who is told of an alert with these labels, in
// order: for each severity, the first route decides that matches and mentions
// it. It is never empty. An unknown severity counts as a warning, so that
// somebody looks into it.
func (p *Policy) Receivers(severity alert.Severity, l alert.Labels) []string {
	if _, err := alert.ParseSeverity(string(severity)); err != nil {
		severity = alert.Warning
	}
	for _, r := range p.routes {
		if to := r.to[severity]; to != nil && r.matches(l) {
			return slices.Clone(to)
		}
	}
	return nil // cannot be: Parse wants a route without matchers for each severity
}

// Chain returns who is told by an SMS receiver. It is empty for another
// receiver. One without escalation, which has the built-in phone only, tells
// that: its "number" is Built-in phone.
func (p *Policy) Chain(receiver string) *Chain { return p.chains[receiver] }

// PersonByPhone returns whose number it is. Providers write numbers with and
// without the plus sign; both are understood, and 00 in its place.
func (p *Policy) PersonByPhone(phone string) (name string, ok bool) {
	want := digits(phone)
	i := slices.IndexFunc(p.people, func(q Person) bool { return digits(q.Phone) == want })
	if i < 0 {
		return "", false
	}
	return p.people[i].Name, true
}

// digits leaves of a phone number what tells it from others.
func digits(phone string) string {
	only := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	return strings.TrimPrefix(only, "00")
}

// NotBefore returns when a message may go to a receiver: now, or the end of its
// quiet hours. Critical never waits.
func (p *Policy) NotBefore(receiver string, severity alert.Severity, now time.Time) time.Time {
	if severity == alert.Critical {
		return now
	}
	until, _ := quietUntil(p.quiet, receiver, now) // Parse refuses those that never end
	return until
}

// Format prints how much there is in p, and none of it: a configuration of HTTP
// clients may hold secrets.
func (p *Policy) Format(s fmt.State, _ rune) {
	if p == nil {
		fmt.Fprint(s, "no policy")
		return
	}
	fmt.Fprintf(s, "policy of %d people, %d rotas, %d providers, %d receivers, %d routes, %d quiet hours",
		len(p.people), len(p.rotas), len(p.providers), len(p.receivers), len(p.routes), len(p.quiet))
}

package policy

import (
	"fmt"
	"time"

	"github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"

	"goldensignals/internal/receiver/outbound"
)

// file is alertrouter.yml as it is written. docs/policy.md explains each key.
type file struct {
	ExternalURL   string          `yaml:"external_url"`
	TimeZone      string          `yaml:"time_zone"`
	Alertmanagers []string        `yaml:"alertmanagers"`
	People        []Person        `yaml:"people"`
	Rotas         []rotaSection   `yaml:"rotas"`
	Providers     []Provider      `yaml:"providers"`
	Receivers     []Receiver      `yaml:"receivers"`
	Routes        []routeSection  `yaml:"routes"`
	QuietHours    []quietSection  `yaml:"quiet_hours"`
	Watchdog      watchdogSection `yaml:"watchdog"`
	Silences      silencesSection `yaml:"silences"`
	Links         linksSection    `yaml:"links"`
	Webhook       webhookSection  `yaml:"webhook"`
	StaleAfter    time.Duration   `yaml:"stale_after"`
	Retry         Retry           `yaml:"retry"`
	RepeatAfter   time.Duration   `yaml:"repeat_after"`
	KeepFor       time.Duration   `yaml:"keep_for"`
}

// setDefaults sets, among others, how long an unheard-of incident stays open:
// as long as Alertmanager remembers what it told (--data.retention), which no
// repeat_interval that works exceeds.
func (f *file) setDefaults() {
	f.TimeZone = "UTC"
	f.StaleAfter = 5 * 24 * time.Hour
	f.RepeatAfter = time.Hour
	f.KeepFor = 90 * 24 * time.Hour
}

// Person is somebody who can be told.
type Person struct {
	Name  string `yaml:"name"`
	Phone string `yaml:"phone"` // as E.164 has it: + and up to 15 digits
}

type rotaSection struct {
	Name     string        `yaml:"name"`
	People   []string      `yaml:"people"`
	Starts   string        `yaml:"starts"`
	Shift    time.Duration `yaml:"shift"`
	TimeZone string        `yaml:"time_zone"`
}

func (r *rotaSection) setDefaults() { r.Shift = 7 * 24 * time.Hour }

// Receiver is one way to tell people. Exactly one of SMS, Ticket and Log is set.
type Receiver struct {
	Name          string  `yaml:"name"`
	Concurrency   int     `yaml:"concurrency"`     // messages that are sent at the same time
	RatePerSecond float64 `yaml:"rate_per_second"` // 0: no limit
	SMS           *SMS    `yaml:"sms"`
	Ticket        *Ticket `yaml:"ticket"`
	Log           *Log    `yaml:"log"`
}

func (r *Receiver) setDefaults() { r.Concurrency = 4 }

// The types of receivers, as messages name them.
const (
	TypeSMS     = "sms"
	TypeTicket  = "ticket"
	TypeLogline = "logline"
)

// Type returns sms, ticket or logline.
func (r Receiver) Type() string {
	switch {
	case r.SMS != nil:
		return TypeSMS
	case r.Ticket != nil:
		return TypeTicket
	default:
		return TypeLogline
	}
}

// SMS is a receiver that wakes people. Policy.Chain says whom.
type SMS struct {
	Providers     []string      `yaml:"providers"`  // in order of preference
	Escalation    []string      `yaml:"escalation"` // people and rotas; empty only if all providers are the built-in phone
	EscalateAfter time.Duration `yaml:"escalate_after"`
	Budget        Budget        `yaml:"budget"`
}

func (s *SMS) setDefaults() { s.EscalateAfter = 5 * time.Minute }

// Budget is how many SMS one phone gets at most. The defaults are what
// carriers bear without blocking the sender.
type Budget struct {
	PerMinute    int `yaml:"per_minute"`
	Per15Minutes int `yaml:"per_15_minutes"`
	PerHour      int `yaml:"per_hour"`
}

func (b *Budget) setDefaults() { *b = Budget{PerMinute: 1, Per15Minutes: 5, PerHour: 11} }

type routeSection struct {
	Matchers           []string `yaml:"matchers"`
	Critical           []string `yaml:"critical"`
	Warning            []string `yaml:"warning"`
	Info               []string `yaml:"info"`
	CriticalWithoutSMS bool     `yaml:"critical_without_sms"`
}

type quietSection struct {
	Receivers names    `yaml:"receivers"`
	Days      []string `yaml:"days"`
	From      string   `yaml:"from"`
	To        string   `yaml:"to"`
	TimeZone  string   `yaml:"time_zone"`
}

type watchdogSection struct {
	After     time.Duration `yaml:"after"`
	Receivers names         `yaml:"receivers"`
}

func (w *watchdogSection) setDefaults() { w.After, w.Receivers.all = 5*time.Minute, true }

type silencesSection struct {
	Usual   time.Duration            `yaml:"usual"`
	Longest time.Duration            `yaml:"longest"`
	HTTP    *config.HTTPClientConfig `yaml:"http"`
}

func (s *silencesSection) setDefaults() { s.Usual, s.Longest = time.Hour, 24*time.Hour }

type linksSection struct {
	ValidFor time.Duration `yaml:"valid_for"`
}

func (l *linksSection) setDefaults() { l.ValidFor = 7 * 24 * time.Hour }

type webhookSection struct {
	Token outbound.Secret `yaml:"token"`
}

// Retry says when a message that could not be sent is tried again. The wait
// doubles from First to Longest.
type Retry struct {
	First       time.Duration `yaml:"first"`
	Longest     time.Duration `yaml:"longest"`
	GiveUpAfter time.Duration `yaml:"give_up_after"` // counted from when the message was made
	Timeout     time.Duration `yaml:"timeout"`       // of one attempt
}

func (r *Retry) setDefaults() {
	*r = Retry{First: time.Second, Longest: time.Minute, GiveUpAfter: 24 * time.Hour, Timeout: 10 * time.Second}
}

// names is a list of receivers, or the word all.
type names struct {
	all  bool
	list []string
}

// UnmarshalYAML reads either form.
func (n *names) UnmarshalYAML(node *yaml.Node) error {
	*n = names{}
	if node.Kind == yaml.ScalarNode && node.Value == "all" {
		n.all = true
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		return fmt.Errorf("%s where receivers belong: write all, or a list such as [tickets, log]", describe(node))
	}
	return node.Decode(&n.list)
}

package router

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/store"
)

// Plan says who is told what, and how: what a policy file decides. The zero value
// of each field is explained; Router.Apply replaces the whole.
type Plan struct {
	// Receivers are all there are: at least one of each type.
	Receivers []Receiver
	// Limits are what a receiver bears, by its name. None: one message at a time.
	Limits map[string]Limits
	// Route names the receivers of a severity, given the labels of what fires. It
	// must be pure. Nil: all receivers of the type that the severity is for.
	Route func(alert.Severity, alert.Labels) []string
	// Escalate says how long a receiver waits before it tells the person of a
	// level, 1 or more, and false if there is none now. Nil: nobody is told later.
	Escalate func(receiver string, level int, now time.Time) (time.Duration, bool)
	// NotBefore says until when a receiver wants to be left in peace; a time that
	// has passed means at once. Nil: always at once.
	NotBefore func(receiver string, severity alert.Severity, now time.Time) time.Time
	// WatchdogAfter is how long the Watchdog may be silent before everybody is told
	// that alerting is dead. Zero: nobody ever is.
	WatchdogAfter time.Duration
	// WatchdogTells names the receivers that are told then. None: all of them.
	WatchdogTells []string
	// StaleAfter is how long Alertmanager may not speak of an open incident before
	// it is closed; longer than its longest repeat_interval. Zero: for ever.
	StaleAfter time.Duration
	// KeepFor is how long incidents and messages that are over are kept. Zero: for ever.
	KeepFor time.Duration

	// Hooks are the SMS providers that call back, by the name in their URLs. None:
	// nobody does.
	Hooks map[string]sms.Hook
	// PersonByPhone says whose phone number it is. Nil: nobody's, so that replies
	// are refused.
	PersonByPhone func(phone string) (name string, ok bool)
	// OnCall says who is told by which receiver now, and until when; for pages. Nil:
	// unknown.
	OnCall func(now time.Time) []Duty
	// WebhookToken is what Alertmanager must show as a bearer token. Zero: nothing.
	WebhookToken outbound.Secret
	// LinksValidFor is how long links in messages let people act. Zero: a week.
	LinksValidFor time.Duration
	// UsualSilence is what most silences on pages last; others at hand are half as
	// long, twice and four times, as far as LongestSilence allows. Zero: an hour.
	UsualSilence time.Duration
	// LongestSilence bounds what people may silence at once. Zero: a day.
	LongestSilence time.Duration
	// Silencer is where silences are made. Nil: nobody can silence here.
	Silencer Silencer

	RepeatAfter time.Duration // age of the last message before a repeat is sent; 1 h
	SendTimeout time.Duration // for one attempt; 10 s
	RetryMin    time.Duration // wait after the first failed attempt; 1 s
	RetryMax    time.Duration // longest wait between attempts; 1 min
	MaxAge      time.Duration // a message older than this is given up; 24 h
}

// Limits are what a receiver bears. The zero value is one message at a time, at
// any rate.
type Limits struct {
	Concurrency int     // messages at a time; 0 is 1
	PerSecond   float64 // messages a second, on average; 0 is any
	Budget      Budget  // for each phone of an sms receiver
}

func (p *Plan) setDefaults() {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&p.RepeatAfter, time.Hour},
		{&p.SendTimeout, 10 * time.Second},
		{&p.RetryMin, time.Second},
		{&p.RetryMax, time.Minute},
		{&p.MaxAge, 24 * time.Hour},
		{&p.LinksValidFor, 7 * 24 * time.Hour},
		{&p.UsualSilence, time.Hour},
		{&p.LongestSilence, 24 * time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
}

func (p *Plan) validate() error {
	if min(p.RepeatAfter, p.SendTimeout, p.RetryMin, p.RetryMax, p.MaxAge, p.WatchdogAfter, p.StaleAfter, p.KeepFor) < 0 {
		return errors.New("option Plan: want no negative duration in RepeatAfter, SendTimeout, RetryMin, RetryMax, MaxAge, WatchdogAfter, StaleAfter, KeepFor")
	}
	names := make(map[string]bool, len(p.Receivers))
	types := make(map[string]bool, len(p.Receivers))
	for _, r := range p.Receivers {
		if names[r.Name()] || r.Name() == "" {
			return fmt.Errorf("option Receivers: name %q is empty or used twice; give each receiver its own", r.Name())
		}
		names[r.Name()], types[r.Type()] = true, true
	}
	for name := range p.Limits {
		if !names[name] {
			return fmt.Errorf("option Limits: there is no receiver %q", name)
		}
	}
	if p.Route != nil {
		return nil // it knows where everything goes
	}
	for _, want := range []string{TypeSMS, TypeTicket, TypeLogline} {
		if !types[want] {
			return fmt.Errorf("option Receivers: none has type %s; alerts of that severity would be lost, so add one", want)
		}
	}
	return nil
}

// policy is what decisions need of the plan.
func (p *Plan) policy() Policy {
	types := make(map[string]string, len(p.Receivers))
	for _, r := range p.Receivers {
		types[r.Name()] = r.Type()
	}
	route := p.Route
	if route == nil {
		route = p.byType
	}
	return Policy{
		RepeatAfter: p.RepeatAfter,
		Escalate:    p.Escalate,
		Route: func(sev alert.Severity, labels alert.Labels) []store.Target {
			var out []store.Target
			for _, name := range route(sev, labels) {
				out = append(out, store.Target{Name: name, Type: types[name]})
			}
			return out
		},
	}
}

// byType names the receivers of the type that a severity is for.
func (p *Plan) byType(sev alert.Severity, _ alert.Labels) []string {
	typ := map[alert.Severity]string{alert.Critical: TypeSMS, alert.Warning: TypeTicket, alert.Info: TypeLogline}[sev]
	var names []string
	for _, r := range p.Receivers {
		if r.Type() == typ {
			names = append(names, r.Name())
		}
	}
	return names
}

// everybody is all receivers, for what nobody may miss.
func (p *Plan) everybody() []string {
	var names []string
	for _, r := range p.Receivers {
		names = append(names, r.Name())
	}
	slices.Sort(names)
	return names
}

package policy

import (
	"net/url"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// builder turns a file into a policy and collects what is wrong with it. What
// was found wrong already is not said again in other words.
type builder struct {
	*problems
	file   *file
	policy *Policy
	zone   *time.Location      // of sections that name none
	names  map[string][]string // :: list of the file -> names in it
	person map[string]Person   // :: name
	rota   map[string]*Rota    // :: name
	vague  map[string]bool     // :: list of the file with entries whose names are not known
	used   map[string]bool     // :: people, rotas, providers and receivers that something refers to, as path of their list + name
}

func build(p *problems, f *file) *Policy {
	b := &builder{
		problems: p, file: f, policy: &Policy{chains: map[string]*Chain{}},
		zone: time.UTC, names: map[string][]string{}, person: map[string]Person{}, rota: map[string]*Rota{}, used: map[string]bool{},
		vague: map[string]bool{},
	}
	b.zone = b.timeZone("time_zone", f.TimeZone)
	b.people()
	b.rotas()
	b.providers()
	b.receivers()
	b.routes()
	b.quietHours()
	b.settings()
	b.unused()
	return b.policy
}

// report adds a problem unless something at that path was found wrong before,
// or the key may be there under a wrong name.
func (b *builder) report(path, format string, args ...any) {
	misspelt := !b.has(path) && b.odd[path[:max(strings.LastIndex(path, "."), 0)]]
	if !misspelt && !b.blamed(path) {
		b.add(path, format, args...)
	}
}

// blamed reports whether the path, something in it or the section around it was
// found wrong. The file as a whole does not count.
func (b *builder) blamed(path string) bool {
	if b.tainted(path) {
		return true
	}
	for _, e := range b.errs {
		if e.Field != "" && within(path, e.Field) {
			return true
		}
	}
	return false
}

// timeZone reads the name of a time zone. "Local" is refused, since it would
// be another one on another machine.
func (b *builder) timeZone(path, name string) *time.Location {
	if name == "" {
		return b.zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		b.report(path, "%q is no time zone: write one of the IANA database, such as Europe/Berlin or UTC", name)
		return b.zone
	}
	return zone
}

func (b *builder) settings() {
	f := b.file
	b.policy.settings = Settings{
		ExternalURL:       b.address("external_url", f.ExternalURL),
		AlertmanagerHTTP:  f.Silences.HTTP,
		WatchdogAfter:     f.Watchdog.After,
		WatchdogReceivers: b.receiverNames("watchdog.receivers", f.Watchdog.Receivers),
		UsualSilence:      f.Silences.Usual,
		LongestSilence:    f.Silences.Longest,
		LinksValidFor:     f.Links.ValidFor,
		WebhookToken:      f.Webhook.Token,
		StaleAfter:        f.StaleAfter,
		Retry:             f.Retry,
		RepeatAfter:       f.RepeatAfter,
		KeepFor:           f.KeepFor,
	}
	for i, a := range f.Alertmanagers {
		if u := b.address(at("alertmanagers", i), a); u != nil {
			b.policy.settings.Alertmanagers = append(b.policy.settings.Alertmanagers, u)
		}
	}
	b.notLonger("silences.usual", f.Silences.Usual, "silences.longest", f.Silences.Longest)
	b.notLonger("retry.first", f.Retry.First, "retry.longest", f.Retry.Longest)
	b.notLonger("retry.longest", f.Retry.Longest, "retry.give_up_after", f.Retry.GiveUpAfter)
	b.notLonger("retry.timeout", f.Retry.Timeout, "retry.give_up_after", f.Retry.GiveUpAfter)
	b.notLonger("repeat_after", f.RepeatAfter, "stale_after", f.StaleAfter)
	b.notLonger("stale_after", f.StaleAfter, "keep_for", f.KeepFor)
	if b.has("webhook") && !b.tainted("webhook") {
		b.addAll("webhook", outbound.CheckSecret("token", f.Webhook.Token))
	}
	if f.Silences.HTTP != nil && len(f.Alertmanagers) == 0 {
		b.report("silences.http", "has no effect without alertmanagers: name them, or take it out")
	}
}

// address reads an URL that others are joined to. Empty is nil.
func (b *builder) address(path, raw string) *url.URL {
	if raw == "" && !b.has(path) || b.blamed(path) {
		return nil
	}
	if err := outbound.CheckURL("", raw); err != nil {
		b.addAll(path, err)
		return nil
	}
	u, _ := url.Parse(raw) // CheckURL did
	if u.RawQuery != "" || u.Fragment != "" {
		b.add(path, "the URL must end with its path: take out what follows ? or #")
		return nil
	}
	return u.JoinPath("/")
}

func (b *builder) notLonger(path string, d time.Duration, than string, limit time.Duration) {
	if d > limit && !b.blamed(than) {
		b.report(path, "is longer than %s, which is %s", than, short(limit))
	}
}

// short writes a duration without the parts that are zero.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// unused finds what nothing refers to: a receiver that nobody routes to, a
// backup that is none, a rota that tells nobody.
func (b *builder) unused() {
	if !b.tainted("receivers") {
		for i, p := range b.file.Providers {
			if !b.used["providers."+p.Name] {
				b.report(at("providers", i), "no receiver uses provider %s: name it in the providers of one, or take it out", p.Name)
			}
		}
		for i, r := range b.file.Rotas {
			if !b.used["rotas."+r.Name] {
				b.report(at("rotas", i), "no receiver uses rota %s: name it in the escalation of one, or take it out", r.Name)
			}
		}
	}
	if b.tainted("routes") || b.tainted("watchdog") {
		return
	}
	for i, r := range b.file.Receivers {
		if !b.used["receivers."+r.Name] {
			b.report(at("receivers", i), "no route reaches receiver %s: name it in one, or take it out", r.Name)
		}
	}
}

func (s routeSection) of(severity alert.Severity) []string {
	switch severity {
	case alert.Critical:
		return s.Critical
	case alert.Info:
		return s.Info
	default:
		return s.Warning
	}
}

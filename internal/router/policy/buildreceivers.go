package policy

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// maxConcurrency is beyond what a provider bears.
const maxConcurrency = 100

func (b *builder) providers() {
	b.policy.providers = b.file.Providers
	for i := range b.file.Providers {
		p := &b.file.Providers[i]
		path := at("providers", i)
		b.name("providers", i, p.Name)
		if !b.blamed(path) {
			b.addAll(path, p.Validate())
		}
	}
}

func (b *builder) receivers() {
	b.policy.receivers = b.file.Receivers
	if len(b.file.Receivers) == 0 {
		b.report("receivers", "there is none: say how people are told. The smallest file that works is\n\n%s", indent(smallest))
	}
	for i, r := range b.file.Receivers {
		path := at("receivers", i)
		b.name("receivers", i, r.Name)
		if r.Concurrency < 1 || r.Concurrency > maxConcurrency {
			b.report(join(path, "concurrency"), "want 1 to %d", maxConcurrency)
		}
		if r.RatePerSecond < 0 || math.IsNaN(r.RatePerSecond) || math.IsInf(r.RatePerSecond, 0) {
			b.report(join(path, "rate_per_second"), "want more than 0, or 0 for no limit")
		}
		b.kind(path, r)
	}
}

// kind checks the section that says what kind of receiver it is.
func (b *builder) kind(path string, r Receiver) {
	given := 0
	for _, is := range []bool{r.SMS != nil, r.Ticket != nil, r.Log != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		b.report(path, "has %d of sms, ticket and log: want exactly one", given)
		return
	}
	switch {
	case r.SMS != nil:
		b.sms(join(path, "sms"), r.Name, *r.SMS)
	case r.Ticket != nil && !b.blamed(join(path, "ticket")):
		b.addAll(join(path, "ticket"), r.Ticket.Validate())
	case r.Log != nil && !b.blamed(join(path, "log")):
		b.addAll(join(path, "log"), r.Log.Validate())
	}
}

func (b *builder) sms(path, receiver string, s SMS) {
	providers := join(path, "providers")
	if len(s.Providers) == 0 {
		b.report(providers, "is missing: name one of the providers")
	}
	b.twice(providers, s.Providers)
	for i, name := range s.Providers {
		b.find(at(providers, i), "providers", name)
	}
	b.policy.chains[receiver] = b.chain(join(path, "escalation"), s.Escalation)
	if len(s.Escalation) == 0 {
		if slices.ContainsFunc(s.Providers, b.needsNumber) {
			b.report(join(path, "escalation"), "nobody is told: name people or rotas, such as [shop-oncall, ben]")
		}
		b.policy.chains[receiver] = &Chain{links: []link{{person: Person{builtInPhone, builtInPhone}}}}
	}
	b.budget(join(path, "budget"), s.Budget)
}

// builtInPhone stands for name and number of who looks at the built-in phone.
const builtInPhone = "Built-in phone"

// needsNumber reports whether a provider is more than the built-in phone.
func (b *builder) needsNumber(provider string) bool {
	return slices.ContainsFunc(b.file.Providers, func(p Provider) bool { return p.Name == provider && p.Phone == nil })
}

func (b *builder) budget(path string, s Budget) {
	for _, n := range []struct {
		key   string
		value int
	}{{"per_minute", s.PerMinute}, {"per_15_minutes", s.Per15Minutes}, {"per_hour", s.PerHour}} {
		if n.value < 1 {
			b.report(join(path, n.key), "want at least 1: with less, nobody is ever told")
		}
	}
	if s.PerMinute > s.Per15Minutes || s.Per15Minutes > s.PerHour {
		b.report(path, "want per_minute <= per_15_minutes <= per_hour, but they are %d, %d and %d", s.PerMinute, s.Per15Minutes, s.PerHour)
	}
}

// receiverNames resolves a list of receivers, or all of them.
func (b *builder) receiverNames(path string, n names) []string {
	if n.all {
		return slices.Clone(b.names["receivers"])
	}
	if len(n.list) == 0 {
		b.report(path, "names nobody: write all, or a list such as [tickets]")
	}
	b.twice(path, n.list)
	for i, name := range n.list {
		b.find(at(path, i), "receivers", name)
	}
	return n.list
}

func (b *builder) quietHours() {
	for i, s := range b.file.QuietHours {
		path := at("quiet_hours", i)
		q := quiet{
			receivers: map[string]bool{}, days: map[time.Weekday]bool{},
			zone: b.timeZone(join(path, "time_zone"), s.TimeZone),
		}
		for _, name := range b.quietFor(path, s.Receivers) {
			q.receivers[name] = true
		}
		b.days(path, s, &q)
		b.policy.quiet = append(b.policy.quiet, q)
	}
	if b.tainted("quiet_hours") {
		return
	}
	for _, name := range b.names["receivers"] {
		// Once in winter and once in summer: time zones differ in that.
		for _, month := range []time.Month{time.January, time.July} {
			if _, ok := quietUntil(b.policy.quiet, name, time.Date(2026, month, 5, 0, 0, 0, 0, time.UTC)); !ok {
				b.report("quiet_hours", "they never end for %s: leave out a day or an hour, or take the receiver out of the routes", name)
			}
		}
	}
}

// quietFor returns the receivers of quiet hours. That they are named here does
// not mean that a route reaches them.
func (b *builder) quietFor(path string, n names) []string {
	used := b.used
	b.used = map[string]bool{}
	defer func() { b.used = used }()
	return b.receiverNames(join(path, "receivers"), n)
}

// days reads on which days quiet hours begin, when, and when they end.
func (b *builder) days(path string, s quietSection, q *quiet) {
	known := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // as package time counts them
	b.twice(join(path, "days"), s.Days)
	for i, name := range s.Days {
		if d := slices.Index(known, name); d >= 0 {
			q.days[time.Weekday(d)] = true
		} else {
			b.report(at(join(path, "days"), i), "%q is no day: %s", name, meant(name, known))
		}
	}
	if len(s.Days) == 0 {
		for d := range known {
			q.days[time.Weekday(d)] = true
		}
	}
	if len(s.Days) == 0 && s.From == "" && s.To == "" {
		b.report(path, "has neither days nor hours: say when it is quiet, such as days: [sat, sun], or from: \"22:00\" and to: \"07:00\"")
	}
	if (s.From == "") != (s.To == "") {
		b.report(path, "has only one of from and to: give both, or none for whole days")
		return
	}
	q.from = b.clock(join(path, "from"), cmp.Or(s.From, "00:00"))
	q.to = b.clock(join(path, "to"), cmp.Or(s.To, "24:00"))
	if q.from == q.to {
		b.report(join(path, "to"), "is the same as from: for whole days, leave out both")
	}
	if q.to < q.from {
		q.to += day
	}
}

func (b *builder) clock(path, text string) civil {
	if text == "24:00" {
		return day
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		b.report(path, "%q is no time of day: write it as \"07:30\", in quotes", text)
		return 0
	}
	return civil(t.Hour())*hour + civil(t.Minute())*60
}

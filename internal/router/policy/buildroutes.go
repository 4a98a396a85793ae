package policy

import (
	"slices"

	"github.com/prometheus/alertmanager/matcher/parse"
	"github.com/prometheus/alertmanager/pkg/labels"

	"goldensignals/internal/alert"
)

func (b *builder) routes() {
	if len(b.file.Routes) == 0 {
		b.report("routes", "there is none: say who is told of what, such as - {critical: [oncall], warning: [tickets], info: [log]}")
		return
	}
	for i, s := range b.file.Routes {
		path := at("routes", i)
		r := route{matchers: b.matchers(join(path, "matchers"), s.Matchers), to: map[alert.Severity][]string{}}
		for _, severity := range alert.Severities() {
			if b.has(join(path, string(severity))) {
				r.to[severity] = b.told(join(path, string(severity)), s.of(severity))
			}
		}
		if len(r.to) == 0 {
			b.report(path, "decides nothing: give it receivers for critical, warning or info")
		}
		b.wakes(path, s)
		b.policy.routes = append(b.policy.routes, r)
	}
	for i := range b.policy.routes {
		b.reached(i)
	}
	b.caught()
}

// told checks the receivers of one severity. An empty list would lose alerts.
func (b *builder) told(path string, list []string) []string {
	if len(list) == 0 {
		b.report(path, "names nobody, so the alert would be lost: name a receiver with log: {}, or leave the key out to let a later route decide")
	}
	b.twice(path, list)
	for i, name := range list {
		b.find(at(path, i), "receivers", name)
	}
	return list
}

// wakes wants what is critical to reach a phone, unless the route says that it
// need not.
func (b *builder) wakes(path string, s routeSection) {
	sms := slices.ContainsFunc(s.Critical, func(name string) bool {
		i := slices.IndexFunc(b.file.Receivers, func(r Receiver) bool { return r.Name == name })
		return i >= 0 && b.file.Receivers[i].SMS != nil
	})
	switch {
	case len(s.Critical) > 0 && !sms && !s.CriticalWithoutSMS && !b.tainted("receivers"):
		b.report(join(path, "critical"), "wakes nobody: none of these receivers sends SMS; add one that does, or say critical_without_sms: true")
	case s.CriticalWithoutSMS && (sms || len(s.Critical) == 0):
		b.report(join(path, "critical_without_sms"), "has no effect here: take it out")
	}
}

// matchers reads Alertmanager's syntax; one entry may hold several matchers, as
// there.
func (b *builder) matchers(path string, entries []string) labels.Matchers {
	var all labels.Matchers
	for i, e := range entries {
		ms, err := parse.Matchers(e)
		switch {
		case err != nil:
			b.report(at(path, i), "%q is no matcher: %v; write it as team=\"payments\", with =, !=, =~ or !~", e, err)
		case len(ms) == 0:
			b.report(at(path, i), "is empty: write a matcher such as team=\"payments\"")
		}
		all = append(all, ms...)
	}
	return all
}

// reached wants a route to match something that those before it leave.
func (b *builder) reached(i int) {
	path := at("routes", i)
	if b.blamed(path) {
		return
	}
	r := b.policy.routes[i]
	left := regionOf(r.matchers)
	for _, m := range r.matchers {
		if left[m.Name].impossible() {
			b.add(join(path, "matchers"), "no alert can match: the matchers on %s contradict each other", m.Name)
			return
		}
	}
	var none []alert.Severity
	by := -1
	for _, severity := range alert.Severities() {
		if j := b.shadow(left, severity, i); j >= 0 && r.to[severity] != nil {
			none, by = append(none, severity), max(by, j)
		}
	}
	const remedy = "take everything that it matches: move it before them, or take it out"
	if len(none) > 0 && len(none) == len(r.to) {
		b.add(path, "is never reached: routes up to %s (line %d) %s", at("routes", by), b.line(at("routes", by)), remedy)
		return
	}
	for _, severity := range none {
		b.add(join(path, string(severity)), "is never reached: routes up to %s (line %d) %s", at("routes", by), b.line(at("routes", by)), remedy)
	}
}

// shadow returns the index of the route after which nothing of a severity is
// left for route i; -1 if something may be.
func (b *builder) shadow(left region, severity alert.Severity, i int) int {
	var earlier []labels.Matchers
	var index []int
	for j, r := range b.policy.routes[:i] {
		if r.to[severity] != nil && !b.blamed(join(at("routes", j), "matchers")) {
			earlier, index = append(earlier, r.matchers), append(index, j)
		}
	}
	if k := left.shadow(earlier); k >= 0 {
		return index[k]
	}
	return -1
}

// caught wants somebody to be told of each severity, whatever the labels are.
func (b *builder) caught() {
	if b.tainted("routes") {
		return
	}
	for _, severity := range alert.Severities() {
		if !slices.ContainsFunc(b.policy.routes, func(r route) bool { return r.to[severity] != nil && len(r.matchers) == 0 }) {
			b.add("routes", "%s alerts that no matcher fits would be lost: end with a route without matchers that has %s: [...]", severity, severity)
		}
	}
}

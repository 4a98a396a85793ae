package lint

import (
	"fmt"

	"github.com/prometheus/alertmanager/pkg/labels"
)

// muting says that alerts of one kind mute those of another by a rule.
type muting struct {
	from, to int // in the list of alerts
	rule     int // in the configuration
}

// inhibitCircle wants no alerts that mute one another in a circle: while both
// fire, nobody hears of either.
func inhibitCircle(in *input) []Finding {
	var found []Finding
	for _, c := range in.configs {
		g := circles{alerts: in.matchable(), rules: c.inhibits, next: map[int][]muting{}, told: map[string]bool{}}
		for _, m := range g.mutings() {
			g.next[m.from] = append(g.next[m.from], m)
		}
		for from := range g.alerts {
			g.search([]muting{}, from, from)
		}
		for _, f := range g.found {
			f.File = c.file
			found = append(found, f)
		}
	}
	return found
}

// longestCircle bounds the search: longer circles are too rare to be worth it.
const longestCircle = 4

// circles searches for alerts that mute one another.
type circles struct {
	alerts []alertShape
	rules  []inhibitRule
	next   map[int][]muting // :: alert -> what it mutes
	told   map[string]bool  // sets of rules that a circle was reported for
	found  []Finding
}

// mutings returns every alert that may mute another, and by which rule.
func (g *circles) mutings() []muting {
	var all []muting
	for r, rule := range g.rules {
		for s, source := range g.alerts {
			if source.matches(rule.source) == no {
				continue
			}
			for t, target := range g.alerts {
				if s != t && target.matches(rule.target) != no && sameValues(source.shape, target.shape, rule.equal) != no {
					all = append(all, muting{s, t, r})
				}
			}
		}
	}
	return all
}

// search follows the mutings from an alert; the first of a circle is its least.
func (g *circles) search(path []muting, first, at int) {
	for _, m := range g.next[at] {
		switch {
		case m.to == first:
			g.report(append(path[:len(path):len(path)], m))
		case m.to > first && len(path) < longestCircle-1 && !passes(path, m.to):
			g.search(append(path[:len(path):len(path)], m), first, m.to)
		}
	}
}

func passes(path []muting, alert int) bool {
	for _, m := range path {
		if m.to == alert {
			return true
		}
	}
	return false
}

// report tells of a circle whose label sets can be there together, once for
// the rules that make it.
func (g *circles) report(circle []muting) {
	v := yes
	used := map[int]bool{}
	for i, out := range circle {
		into := circle[(i+len(circle)-1)%len(circle)]
		if into.rule == out.rule {
			return // source and target of one rule: inhibitSelf speaks of it
		}
		var both labels.Matchers
		both = append(append(both, g.rules[into.rule].target...), g.rules[out.rule].source...)
		v = min(v, g.alerts[out.from].matches(both), sameValues(g.alerts[out.from].shape, g.alerts[out.to].shape, g.rules[out.rule].equal))
		used[out.rule] = true
	}
	key := fmt.Sprint(used)
	if v == no || g.told[key] {
		return
	}
	g.told[key] = true
	g.found = append(g.found, g.finding(circle, v))
}

func (g *circles) finding(circle []muting, v verdict) Finding {
	verb := "mutes"
	if v == may {
		verb = "may mute"
	}
	text := g.alerts[circle[0].from].name
	for _, m := range circle {
		text += fmt.Sprintf(" %s %s (%s)", verb, g.alerts[m.to].name, g.rules[m.rule].title())
	}
	line := 0
	for _, m := range circle {
		line = max(line, g.rules[m.rule].line)
	}
	f := fault("", line, "a circle: "+text+", so that nobody hears of any of them", "let one of them always be heard: exclude it from the targets")
	if v == may {
		f.Severity = Warning
	}
	return f
}

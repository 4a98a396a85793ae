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
		g := circles{alerts: in.matchable(c), rules: c.inhibits, next: map[int][]muting{}, found: map[string]circle{}}
		for _, m := range g.mutings() {
			g.next[m.from] = append(g.next[m.from], m)
		}
		for from := range g.alerts {
			g.search(nil, from, from)
		}
		for _, circle := range g.found {
			found = append(found, g.finding(c.file, circle))
		}
	}
	return found
}

// longestCircle bounds the search: longer circles are too rare to be worth it.
const longestCircle = 3

// circles searches for alerts that mute one another.
type circles struct {
	alerts []alertShape
	rules  []inhibitRule
	next   map[int][]muting  // :: alert -> what it mutes
	found  map[string]circle // :: set of rules -> the most certain circle by them
}

// circle is one that was found.
type circle struct {
	certain verdict
	mutings []muting
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

// report keeps a circle whose label sets can be there together, one for the
// rules that make it.
func (g *circles) report(mutings []muting) {
	used := map[int]bool{}
	for _, m := range mutings {
		used[m.rule] = true
	}
	key := fmt.Sprint(used)
	if g.found[key].certain == yes {
		return
	}
	if v := g.together(mutings); v > g.found[key].certain {
		g.found[key] = circle{v, mutings}
	}
}

// together says whether the alerts of a circle can be there at once: each as
// the target of one rule and the source of the next.
func (g *circles) together(mutings []muting) verdict {
	v := yes
	for i, out := range mutings {
		into := mutings[(i+len(mutings)-1)%len(mutings)]
		if into.rule == out.rule {
			return no // source and target of one rule: inhibitSelf speaks of it
		}
		var both labels.Matchers
		both = append(append(both, g.rules[into.rule].target...), g.rules[out.rule].source...)
		v = min(v, g.alerts[out.from].matches(both), sameValues(g.alerts[out.from].shape, g.alerts[out.to].shape, g.rules[out.rule].equal))
	}
	return v
}

func (g *circles) finding(file string, c circle) Finding {
	verb, line := "mutes", 0
	if c.certain == may {
		verb = "may mute"
	}
	text := g.alerts[c.mutings[0].from].name
	for _, m := range c.mutings {
		text += fmt.Sprintf(" %s %s (%s)", verb, g.alerts[m.to].name, g.rules[m.rule].title())
		line = max(line, g.rules[m.rule].line)
	}
	f := fault(file, line, "a circle: "+text+", so that nobody hears of any of them", "leave one of them out of the targets")
	if c.certain == may {
		f.Severity = Warning
	}
	return f
}

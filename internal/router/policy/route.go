package policy

import (
	"regexp/syntax"
	"slices"

	"github.com/prometheus/alertmanager/pkg/labels"

	"goldensignals/internal/alert"
)

// route says who gets which severity of the alerts that it matches.
type route struct {
	matchers labels.Matchers
	to       map[alert.Severity][]string // only severities that it decides
}

func (r route) matches(l alert.Labels) bool {
	return !slices.ContainsFunc(r.matchers, func(m *labels.Matcher) bool { return !m.Matches(l[m.Name]) })
}

// region is what matchers leave of each label that they ask about.
type region map[string]domain

// domain is the values that a label can have.
type domain struct {
	finite   bool
	values   []string // if finite
	matchers []*labels.Matcher
}

// maxListed bounds the values of one label, and their combinations, that are
// looked at one by one.
const maxListed = 256

func regionOf(matchers labels.Matchers) region {
	r := region{}
	for _, m := range matchers {
		d := r[m.Name]
		d.matchers = append(d.matchers, m)
		if values, ok := listed(m); ok && !d.finite && (m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp) {
			d.finite, d.values = true, values
		}
		r[m.Name] = d
	}
	for name, d := range r {
		d.values = slices.DeleteFunc(d.values, func(v string) bool {
			return slices.ContainsFunc(d.matchers, func(m *labels.Matcher) bool { return !m.Matches(v) })
		})
		r[name] = d
	}
	return r
}

// impossible reports whether no value of the label is left: what is listed
// contradicts the rest, or a pattern contradicts itself.
func (d domain) impossible() bool {
	if d.finite {
		return len(d.values) == 0
	}
	return slices.ContainsFunc(d.matchers, func(m *labels.Matcher) bool {
		return m.Type == labels.MatchRegexp && slices.ContainsFunc(d.matchers, func(o *labels.Matcher) bool {
			return o.Type == labels.MatchNotRegexp && o.Value == m.Value
		})
	})
}

// implies reports whether m holds for everything in the region. False may also
// mean that it cannot be told.
func (r region) implies(m *labels.Matcher) bool {
	d := r[m.Name]
	if d.finite {
		return !slices.ContainsFunc(d.values, func(v string) bool { return !m.Matches(v) })
	}
	if slices.ContainsFunc(d.matchers, func(o *labels.Matcher) bool { return o.Type == m.Type && o.Value == m.Value }) {
		return true
	}
	refused, ok := listed(m)
	if !ok || m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp {
		return false
	}
	return !slices.ContainsFunc(refused, func(v string) bool {
		return !slices.ContainsFunc(d.matchers, func(o *labels.Matcher) bool { return !o.Matches(v) })
	})
}

func (r region) impliesAll(matchers labels.Matchers) bool {
	return !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !r.implies(m) })
}

// shadow returns the index of a route after which nothing of r is left: one
// that takes all of it, or the last of several that take it value by value. It
// is -1 if something may be left.
func (r region) shadow(earlier []labels.Matchers) int {
	if i := slices.IndexFunc(earlier, r.impliesAll); i >= 0 {
		return i
	}
	last := -1
	for _, part := range r.split() {
		i := slices.IndexFunc(earlier, part.impliesAll)
		if i < 0 {
			return -1
		}
		last = max(last, i)
	}
	return last
}

// split cuts the region into one for each combination of listed values; none
// if there are too many.
func (r region) split() []region {
	parts := []region{{}}
	for name, d := range r {
		values := [][]string{d.values}
		if d.finite {
			values = nil
			for _, v := range d.values {
				values = append(values, []string{v})
			}
		}
		if len(parts)*len(values) > maxListed {
			return nil
		}
		var next []region
		for _, p := range parts {
			for _, v := range values {
				one := region{name: {d.finite, v, d.matchers}}
				for n, other := range p {
					one[n] = other
				}
				next = append(next, one)
			}
		}
		parts = next
	}
	return parts
}

// listed returns the values that a matcher names, whether it wants or refuses
// them. It is not ok for a pattern that stands for too many.
func listed(m *labels.Matcher) ([]string, bool) {
	if m.Type == labels.MatchEqual || m.Type == labels.MatchNotEqual {
		return []string{m.Value}, true
	}
	re, err := syntax.Parse(m.Value, syntax.Perl)
	if err != nil {
		return nil, false
	}
	return literals(re)
}

// literals lists the texts that a pattern matches as a whole.
func literals(re *syntax.Regexp) ([]string, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpLiteral:
		return []string{string(re.Rune)}, re.Flags&syntax.FoldCase == 0
	case syntax.OpCharClass:
		return letters(re.Rune)
	case syntax.OpCapture:
		return literals(re.Sub[0])
	case syntax.OpQuest:
		texts, ok := literals(re.Sub[0])
		return append(texts, ""), ok
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			texts, ok := literals(sub)
			if !ok || len(all)+len(texts) > maxListed {
				return nil, false
			}
			all = append(all, texts...)
		}
		return all, true
	case syntax.OpConcat:
		return sequences(re.Sub)
	default:
		return nil, false
	}
}

// letters lists a character class, which is given as pairs of first and last.
func letters(pairs []rune) ([]string, bool) {
	var all []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if int(pairs[i+1]-pairs[i])+len(all) >= maxListed {
			return nil, false
		}
		for r := pairs[i]; r <= pairs[i+1]; r++ {
			all = append(all, string(r))
		}
	}
	return all, true
}

func sequences(subs []*syntax.Regexp) ([]string, bool) {
	all := []string{""}
	for _, sub := range subs {
		texts, ok := literals(sub)
		if !ok || len(all)*len(texts) > maxListed {
			return nil, false
		}
		var next []string
		for _, head := range all {
			for _, tail := range texts {
				next = append(next, head+tail)
			}
		}
		all = next
	}
	return all, true
}

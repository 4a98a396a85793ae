package lint

import (
	amlabels "github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/prometheus/model/labels"
)

// verdict says whether something holds, as far as can be known. They are
// ordered, so that the least of several holds for all of them.
type verdict int

const (
	no verdict = iota
	may
	yes
)

// matches says whether alerts of this shape fulfil all matchers.
func (s shape) matches(all amlabels.Matchers) verdict {
	byName := map[string]amlabels.Matchers{}
	for _, m := range all {
		byName[m.Name] = append(byName[m.Name], m)
	}
	v := yes
	for name, matchers := range byName {
		v = min(v, s.labelMatches(name, matchers))
	}
	return v
}

// labelMatches says whether the value of one label fulfils the matchers.
func (s shape) labelMatches(name string, matchers amlabels.Matchers) verdict {
	values, all := s.values(name, matchers)
	fit := 0
	for _, value := range values {
		if fulfils(matchers, value) {
			fit++
		}
	}
	l, can := s.at(name)
	switch {
	case all && fit == len(values):
		return yes
	case all && fit == 0:
		return no
	case !all && can && anyValue(matchers, l.sure):
		return yes
	case !all && fit == 0 && bounded(matchers):
		return no
	}
	return may
}

// values returns the values that a label can have and whether these are all of
// them. Otherwise they are those that the matchers name.
func (s shape) values(name string, matchers amlabels.Matchers) (values []string, all bool) {
	l, can := s.at(name)
	switch {
	case !can:
		return []string{""}, true
	case l.value != "" && l.sure:
		return []string{l.value}, true
	case l.value != "":
		return []string{l.value, ""}, true
	}
	for _, m := range matchers {
		for _, value := range named(m) {
			if value != "" || !l.sure {
				values = append(values, value)
			}
		}
	}
	return values, false
}

func fulfils(matchers amlabels.Matchers, value string) bool {
	for _, m := range matchers {
		if !m.Matches(value) {
			return false
		}
	}
	return true
}

// named returns the only values that a matcher accepts; none if it accepts more
// than can be listed.
func named(m *amlabels.Matcher) []string {
	if m.Type == amlabels.MatchEqual {
		return []string{m.Value}
	}
	if m.Type != amlabels.MatchRegexp {
		return nil
	}
	re, err := labels.NewFastRegexMatcher(m.Value)
	if err != nil {
		return nil
	}
	return re.SetMatches()
}

// bounded reports whether one of the matchers accepts listed values only.
func bounded(matchers amlabels.Matchers) bool {
	for _, m := range matchers {
		if len(named(m)) > 0 {
			return true
		}
	}
	return false
}

// anyValue reports whether the matchers accept every value, or every one that
// is not empty if the label is there for sure.
func anyValue(matchers amlabels.Matchers, sure bool) bool {
	for _, m := range matchers {
		switch {
		case m.Type == amlabels.MatchRegexp && m.Value == ".*":
		case sure && m.Type == amlabels.MatchRegexp && m.Value == ".+":
		case sure && m.Type == amlabels.MatchNotEqual && m.Value == "":
		default:
			return false
		}
	}
	return true
}

// sameValue says whether two alerts have the same value of a label; one that
// both lack is the same. Two values that are both unknown can be the same, and
// are taken to be for some pair of alerts.
func sameValue(a, b shape, name string) verdict {
	la, canA := a.at(name)
	lb, canB := b.at(name)
	switch {
	case !canA && !canB:
		return yes
	case !canA && lb.sure, !canB && la.sure:
		return no
	case !canA || !canB:
		return may
	case la.value == lb.value && la.sure == lb.sure:
		return yes
	case la.value != "" && lb.value != "" && la.value != lb.value && (la.sure || lb.sure):
		return no
	}
	return may
}

// sameValues says whether two alerts can agree in all labels.
func sameValues(a, b shape, names []scalar) verdict {
	v := yes
	for _, name := range names {
		v = min(v, sameValue(a, b, name.value))
	}
	return v
}

// possibly is what to say before something that only may be so.
func possibly(v verdict) string {
	if v == may {
		return "may be "
	}
	return "is "
}

package silence

import (
	"fmt"
	"regexp"

	"goldensignals/internal/alert"
)

// Matches reports whether all matchers match the labels, as Alertmanager does
// it: a regular expression must match the whole value, and a label that is
// missing has the empty value. Unlike there, no matchers match nothing, and nor
// does a regular expression that is not valid: Alertmanager takes no such
// silence.
func Matches(matchers []alert.Matcher, labels alert.Labels) bool {
	f, err := compile(matchers)
	return err == nil && f(labels)
}

// compile returns Matches for many labels. Its result matches nothing if there
// is an error.
func compile(matchers []alert.Matcher) (func(alert.Labels) bool, error) {
	tests := make([]func(string) bool, len(matchers))
	for i, m := range matchers {
		test, err := compileOne(m)
		if err != nil {
			return func(alert.Labels) bool { return false }, err
		}
		tests[i] = test
	}
	return func(labels alert.Labels) bool {
		for i, m := range matchers {
			if tests[i](labels[m.Name]) != m.IsEqual {
				return false
			}
		}
		return len(matchers) > 0
	}, nil
}

func compileOne(m alert.Matcher) (func(string) bool, error) {
	if !m.IsRegex {
		return func(value string) bool { return value == m.Value }, nil
	}
	re, err := regexp.Compile("^(?:" + m.Value + ")$")
	if err != nil {
		return nil, fmt.Errorf("the regular expression of %s is not valid: %w", m.Name, err)
	}
	return re.MatchString, nil
}

// muted returns those of alerts that the matchers match, in their order.
func muted(matchers []alert.Matcher, alerts []Alert) []Alert {
	matches, _ := compile(matchers) // with an error, it matches nothing
	var list []Alert
	for _, a := range alerts {
		if matches(a.Labels) {
			list = append(list, a)
		}
	}
	return list
}

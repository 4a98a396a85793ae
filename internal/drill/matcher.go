package drill

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"goldensignals/internal/alert"
)

// parseMatcher reads what Alertmanager accepts as one matcher: a label name, an
// operator and a value, which may be quoted.
func parseMatcher(s string) (alert.Matcher, error) {
	parts := regexp.MustCompile(`(?s)^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$`).FindStringSubmatch(s)
	if parts == nil {
		return alert.Matcher{}, errors.New("no label name followed by =, !=, =~ or !~")
	}
	value := parts[3]
	if strings.HasPrefix(value, `"`) || strings.HasSuffix(value, `"`) {
		unquoted, err := strconv.Unquote(value)
		if err != nil {
			return alert.Matcher{}, fmt.Errorf("unquote %s: %w", value, err)
		}
		value = unquoted
	}
	m := alert.Matcher{
		Name:    parts[1],
		Value:   value,
		IsRegex: strings.HasSuffix(parts[2], "~"),
		IsEqual: parts[2][0] == '=',
	}
	if m.IsRegex {
		if _, err := anchored(value); err != nil {
			return alert.Matcher{}, fmt.Errorf("compile regular expression: %w", err)
		}
	}
	return m, nil
}

// selective reports whether m does not match an alert without the label.
// Alertmanager wants one such matcher in each silence, lest it mute everything.
func selective(m alert.Matcher) bool {
	matches := m.Value == ""
	if m.IsRegex {
		re, err := anchored(m.Value)
		matches = err == nil && re.MatchString("")
	}
	return matches != m.IsEqual
}

// anchored compiles a regular expression as Alertmanager does: it must match
// the whole value.
func anchored(s string) (*regexp.Regexp, error) { return regexp.Compile("^(?:" + s + ")$") }

// matcherText renders m as people write it.
func matcherText(m alert.Matcher) string {
	op := "="
	switch {
	case m.IsRegex && m.IsEqual:
		op = "=~"
	case m.IsRegex:
		op = "!~"
	case !m.IsEqual:
		op = "!="
	}
	return m.Name + op + strconv.Quote(m.Value)
}

package silence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// DefaultLongest is how long a silence may last where nothing else is set: one
// that outlives the week is how the next outage goes unheard.
const DefaultLongest = 7 * 24 * time.Hour

// The bounds of what people write.
const (
	maxMatchers     = 20
	maxMatcherBytes = 256 // each of name and value
	maxAuthorBytes  = 100
	maxCommentBytes = 1000
)

// Limits of silences that people make.
type Limits struct {
	Longest time.Duration // from its start, or from now where it has begun; 0 is DefaultLongest
}

func (l Limits) longest() time.Duration {
	if l.Longest <= 0 {
		return DefaultLongest
	}
	return l.Longest
}

// Check returns everything for which s is refused, each with its remedy.
func Check(s alert.Silence, now time.Time, l Limits) error {
	return errors.Join(
		checkReach(s.Matchers),
		checkMatchers(s.Matchers),
		checkSpan(s, now, l.longest()),
		checkText("your name", s.CreatedBy, maxAuthorBytes, "others must know whom to ask"),
		checkText("the comment", s.Comment, maxCommentBytes, "say why, for whoever wonders tonight"),
	)
}

// checkReach refuses what may mute everything.
func checkReach(matchers []alert.Matcher) error {
	for _, m := range matchers {
		if identifies(m) {
			return nil
		}
	}
	return errors.New(`the silence could mute everything: it needs a label with one value, such as alertname="..." or service="..."; ` +
		"severity, regular expressions and != do not count")
}

// identifies says whether m by itself keeps a silence from muting everything.
func identifies(m alert.Matcher) bool {
	return m.IsEqual && !m.IsRegex && m.Name != "severity" && m.Name != "" && m.Value != ""
}

func checkMatchers(matchers []alert.Matcher) error {
	if len(matchers) > maxMatchers {
		return fmt.Errorf("the silence has %d matchers: use at most %d, or make two silences", len(matchers), maxMatchers)
	}
	var errs []error
	for i, m := range matchers {
		switch {
		case m.Name == "":
			errs = append(errs, fmt.Errorf("matcher %d has no label name: write name=\"value\"", i+1))
		case len(m.Name) > maxMatcherBytes, len(m.Value) > maxMatcherBytes:
			errs = append(errs, fmt.Errorf("matcher %d is too long: name and value may have %d bytes each; match on another label", i+1, maxMatcherBytes))
		default:
			if _, err := compileOne(m); err != nil {
				errs = append(errs, fmt.Errorf("%w; for a plain value, use =", err))
			}
		}
	}
	return errors.Join(errs...)
}

func checkSpan(s alert.Silence, now time.Time, longest time.Duration) error {
	from := s.StartsAt
	if from.Before(now) {
		from = now
	}
	switch {
	case !s.EndsAt.After(s.StartsAt):
		return errors.New("the silence would end before it starts: give a later end")
	case !s.EndsAt.After(now):
		return errors.New("the silence would be over already: give an end that is to come")
	case s.EndsAt.Sub(from) > longest:
		return fmt.Errorf("the silence would last more than %s: make it shorter; it can be extended later", span(longest))
	}
	return nil
}

func checkText(what, text string, limit int, why string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s is missing: %s", what, why)
	case len(text) > limit:
		return fmt.Errorf("%s has %d bytes: use at most %d", what, len(text), limit)
	}
	return nil
}

// span writes d for people, in the largest unit that is exact enough.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

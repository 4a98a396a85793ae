package sms

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// throttled is how long a gateway is left alone that says it has too much to do
// and not for how long.
const throttled = 2 * time.Second

// Extract finds one value in an answer. The zero value finds nothing.
type Extract struct {
	JSON   string `yaml:"json"`   // a path such as "messages.0.id", or
	Regexp string `yaml:"regexp"` // its first group, or all of it where it has none
}

func (e Extract) validate() error {
	if e.JSON != "" && e.Regexp != "" {
		return outbound.Field("regexp", "give it or json, not both")
	}
	if _, err := regexp.Compile(e.Regexp); err != nil {
		return outbound.Field("regexp", "%v", err)
	}
	return nil
}

func (e Extract) isZero() bool { return e == Extract{} }

// from returns the value and reports whether there is one.
func (e Extract) from(answer []byte) (string, bool) {
	switch {
	case e.JSON != "":
		v, err := decode(answer)
		if err != nil {
			return "", false
		}
		return lookup(v, e.JSON)
	case e.Regexp != "":
		re, err := regexp.Compile(e.Regexp)
		if err != nil {
			return "", false
		}
		m := re.FindSubmatch(answer)
		if m == nil {
			return "", false
		}
		return string(m[min(1, len(m)-1)]), true
	}
	return "", false
}

// Success says which answers mean that a message was taken. The zero value takes
// every 2xx.
type Success struct {
	Codes []int `yaml:"codes"` // every 2xx if empty

	// Where a 2xx may still be a refusal: a value in the body, and the ones that
	// mean yes. Without Accepted, it is enough that the value is there.
	Extract   `yaml:",inline"`
	Accepted  []string `yaml:"accepted"`
	Permanent []string `yaml:"permanent"` // no further attempt helps
	Throttled []string `yaml:"throttled"` // too many requests: later
}

func (s Success) validate() error {
	errs := []error{s.Extract.validate()}
	for _, c := range s.Codes {
		if c/100 != 2 {
			errs = append(errs, outbound.Field("codes", "%d is no success: only 2xx can be", c))
		}
	}
	if s.isZero() && len(s.Accepted)+len(s.Permanent)+len(s.Throttled) > 0 {
		errs = append(errs, outbound.Field("accepted", "needs json or regexp, which says where the value is"))
	}
	return errors.Join(errs...)
}

// judge reads a 2xx answer.
func (s Success) judge(code int, answer []byte) error {
	if len(s.Codes) > 0 && !slices.Contains(s.Codes, code) {
		return fmt.Errorf("answered %d, which is not among the codes of success", code)
	}
	if s.isZero() {
		return nil
	}
	value, ok := s.from(answer)
	if !ok {
		return alert.Unsure(fmt.Errorf("answered %d, which may be a success, but the value that tells is not there", code))
	}
	if len(s.Accepted) == 0 || slices.Contains(s.Accepted, value) {
		return nil
	}
	return s.mark(value, fmt.Errorf("refused with %q", short(value)))
}

// refused looks into an answer that is not 2xx for a value that says more than
// its code does.
func (s Success) refused(err error) error {
	var status *outbound.Status
	if !errors.As(err, &status) {
		return err
	}
	value, ok := s.from(status.Answer)
	if !ok || !slices.Contains(s.Permanent, value) && !slices.Contains(s.Throttled, value) {
		return err
	}
	return s.mark(value, status)
}

func (s Success) mark(value string, err error) error {
	switch {
	case slices.Contains(s.Permanent, value):
		return alert.Permanent(err)
	case slices.Contains(s.Throttled, value):
		return alert.After(err, throttled)
	}
	return err
}

func short(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), 80)], "")
}

package fault

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration that people read and write as "300ms" or "10m",
// in JSON, YAML and flags alike.
type Duration time.Duration

// String renders d without the zero parts that time.Duration appends: "10m",
// not "10m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText renders d as String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses what time.ParseDuration accepts.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: write a number with its unit, such as 300ms, 10m or 1h30m", text)
	}
	*d = Duration(v)
	return nil
}

// Set parses s, so that a Duration can be the value of a flag.
func (d *Duration) Set(s string) error { return d.UnmarshalText([]byte(s)) }

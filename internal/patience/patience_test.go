package patience_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/patience"
)

// fake is a test that remembers how it failed.
type fake struct {
	testing.TB
	failed string
}

func (*fake) Helper()             {}
func (*fake) Logf(string, ...any) {}

func (f *fake) Fatalf(format string, args ...any) {
	f.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure runs a test to its end and returns how it failed.
func failure(test func(testing.TB)) string {
	f, done := &fake{}, make(chan struct{})
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	return f.failed
}

func TestUntil(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			takes time.Duration
			want  string
		}{{time.Minute, ""}, {time.Hour, "no answer within 3m0s"}} {
			end := time.Now().Add(tt.takes)
			got := failure(func(t testing.TB) { patience.Until(t, "answer", func() bool { return !time.Now().Before(end) }) })
			if got != tt.want {
				t.Errorf("what takes %v: %q, want %q", tt.takes, got, tt.want)
			}
		}
	})
}

func TestRetry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		needs time.Duration
		tries []time.Duration
		want  string
	}{
		{time.Second, []time.Duration{time.Second}, ""},
		{10 * time.Second, []time.Duration{time.Second, 4 * time.Second, 16 * time.Second}, ""},
		{time.Hour, []time.Duration{time.Second, 4 * time.Second, 16 * time.Second, 64 * time.Second}, "within 1m4s: too short"},
	} {
		var tries []time.Duration
		got := failure(func(t testing.TB) {
			patience.Retry(t, time.Second, func(within time.Duration) error {
				if tries = append(tries, within); within < tt.needs {
					return errors.New("too short")
				}
				return nil
			})
		})
		if got != tt.want || !slices.Equal(tries, tt.tries) {
			t.Errorf("what needs %v: tried with %v and failed with %q, want %v and %q", tt.needs, tries, got, tt.tries, tt.want)
		}
	}
}

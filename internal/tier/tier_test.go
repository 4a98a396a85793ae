package tier_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"goldensignals/internal/tier"
)

// fake is a test that remembers how it ended.
type fake struct {
	testing.TB
	ended string
}

func (f *fake) Helper()      {}
func (f *fake) Name() string { return "TestKilled" }

func (f *fake) Skipf(format string, args ...any) {
	f.ended = "skipped: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (f *fake) Fatalf(format string, args ...any) {
	f.ended = "failed: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run runs a test to its end and returns that.
func run(test func(testing.TB)) string {
	f, done := &fake{ended: "passed"}, make(chan struct{})
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	return f.ended
}

func TestTiers(t *testing.T) {
	for _, tt := range []struct{ value, full, pick string }{
		{"", "skipped: part of the full tier; run it with: TESTS=full go test -run '^TestKilled$'", "picked 30"},
		{"full", "passed", "picked 200"},
		{"Full", "failed: TESTS=Full: there is no such tier", "failed: TESTS=Full: there is no such tier"},
	} {
		t.Run(tt.value, func(t *testing.T) {
			t.Setenv("TESTS", tt.value)
			if got := run(tier.Full); !strings.HasPrefix(got, tt.full) {
				t.Errorf("Full: %s; want %s", got, tt.full)
			}
			pick := func(t testing.TB) { t.Skipf("picked %d", tier.Pick(t, 30, 200)) }
			if got := strings.TrimPrefix(run(pick), "skipped: "); !strings.HasPrefix(got, tt.pick) {
				t.Errorf("Pick: %s; want %s", got, tt.pick)
			}
		})
	}
}

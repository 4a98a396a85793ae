// Package stacktest says for tests that replay hours of virtual time when they
// are too much. Only tests import it.
package stacktest

import "testing"

// SkipReplays skips a test that takes minutes: with -short, and under the race
// detector.
func SkipReplays(t testing.TB) {
	t.Helper()
	switch {
	case testing.Short():
		t.Skip("replays hours of virtual time")
	case raceDetector:
		t.Skip("the race detector makes it ten times slower and watches the same code in internal/replay and internal/live")
	}
}

// SkipUnderRace skips what replays hours: the race detector makes it ten times
// slower, and sees the same code in the shorter tests.
func SkipUnderRace(t testing.TB) {
	t.Helper()
	if raceDetector {
		t.Skip("too slow under the race detector")
	}
}

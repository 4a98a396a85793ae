// Package tier says how much a test does. Only tests import it. There are three tiers:
//
//	go test -short ./...      what takes seconds: nothing that plays hours of virtual time
//	go test ./...             that, and a sample of what takes long; three minutes
//	TESTS=full go test ./...  everything
//
// The variable is read where a test asks for it, so Go's test cache keeps the results of
// both tiers apart, and serves one with those of the other where no test asks.
package tier

import (
	"os"
	"testing"
)

// variable chooses the tier. Unset and empty mean the default tier.
const variable = "TESTS"

// Full skips t in the default tier.
func Full(t testing.TB) {
	t.Helper()
	if !full(t) {
		t.Skipf("part of the full tier; run it with: %s=full go test -run '^%s$'", variable, t.Name())
	}
}

// Replay skips a test that takes long in every tier, such as one that plays hours of
// virtual time: with -short, and under the race detector, which watches the same code in
// quicker tests.
func Replay(t testing.TB) {
	t.Helper()
	switch {
	case testing.Short():
		t.Skip("left out with -short")
	case raceDetector:
		t.Skip("left out under the race detector, which makes it ten times slower")
	}
}

// Pick returns quick in the default tier and all in the full one: how often something is
// tried, or which cases are.
func Pick[T any](t testing.TB, quick, all T) T {
	t.Helper()
	if full(t) {
		return all
	}
	return quick
}

func full(t testing.TB) bool {
	t.Helper()
	switch tier := os.Getenv(variable); tier {
	case "full":
		return true
	case "":
		return false
	default:
		t.Fatalf("%s=%s: there is no such tier; write full, or leave the variable out", variable, tier)
		return false
	}
}

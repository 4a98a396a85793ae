// Package patience lets tests wait at the edges of a process, where virtual time does
// not reach: for a child, a socket, a browser. What is waited for takes milliseconds on
// an idle machine, and no test may fail because the machine is busy. Only tests import
// it.
package patience

import (
	"testing"
	"time"
)

// Limit is after how long a test gives up.
const Limit = 3 * time.Minute

// Until waits until ok.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within %v", what, Limit)
		}
	}
}

// Retry is for what must happen within a time that the test itself sets. It tries with a
// short one, and after an error with one four times as long, up to Limit.
func Retry(t testing.TB, short time.Duration, try func(within time.Duration) error) {
	t.Helper()
	for within := short; ; within *= 4 {
		err := try(within)
		if err == nil {
			return
		}
		if within*4 > Limit {
			t.Fatalf("within %v: %v", within, err)
		}
		t.Logf("within %v: %v; once more", within, err)
	}
}

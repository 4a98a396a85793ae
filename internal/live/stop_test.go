package live_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"goldensignals/internal/live"
	"goldensignals/internal/stack"
)

// When users leave, connections that were opened for them go unused; a server
// that waits for their first request would make the end long and an error.
// It is not parallel: in real time, other tests must not keep it from its end.
func TestBusyStackEndsAtOnce(t *testing.T) {
	s, err := live.New(t.Context(), live.Options{Stack: stack.Options{
		PublicURL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, DataDir: t.TempDir(), RPS: 1500, Seed: 1,
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // real time: sockets
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run = %v", err)
	}
}

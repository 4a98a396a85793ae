package stack_test

import (
	"net/url"
	"strings"
	"testing"

	"goldensignals/internal/stack"
)

func TestNewRefusesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	var loopback stack.Loopback
	opts := stack.Options{Network: &loopback, PublicURL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, DataDir: "stack_test.go"}
	if _, err := stack.New(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "stack_test.go") {
		t.Errorf("New with a file as data folder = %v, want an error that names it", err)
	}
	conn, err := loopback.DialContext(t.Context(), "tcp", "shop:8080")
	if err == nil {
		conn.Close()
		t.Error("the shop still listens after New has failed")
	}
}

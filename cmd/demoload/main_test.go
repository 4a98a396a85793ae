package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"goldensignals/internal/cli"
	"goldensignals/internal/patience"
	"goldensignals/internal/remote"
)

func TestWrongCalls(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"users --rps=-1", "rps"},
		{"users --rps=NaN", "rps"},
		{"users --target=shop", "http://shop:8080"},
		{"users --faults=shop", "http://shop:9000"},
		{"users --token-file=" + empty, "empty"},
		{"users --admin.listen-address=:0", "--token-file"},
		{"users --web.listen-address=nowhere", "--web.listen-address"},
		{"users --log.level=loud", "loud"},
		{"probe --target=ftp://shop", "http://shop:8080"},
		{"probe --admin.listen-address=:9000", "admin.listen-address"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			if status := run(t.Context(), strings.Fields(tt.args), io.Discard, &stderr); status != cli.ExitUsage || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("status %d, want %d; stderr %q, want one with %q", status, cli.ExitUsage, stderr.String(), tt.want)
			}
		})
	}
}

// TestUsersAndProber runs both, each against a shop that counts who comes.
func TestUsersAndProber(t *testing.T) {
	t.Parallel()
	var visits, walked atomic.Int64
	counting := func(n *atomic.Int64) string {
		shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) }))
		t.Cleanup(shop.Close)
		return shop.URL
	}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	web, admin, probe := free(t), free(t), free(t)
	start(t, "users", "--target="+counting(&visits), "--rps=100", "--token-file="+token, "--web.listen-address="+web, "--admin.listen-address="+admin)
	start(t, "probe", "--target="+counting(&walked), "--web.listen-address="+probe)

	patience.Until(t, "users", func() bool { return visits.Load() > 20 })
	orders, err := url.Parse("http://" + admin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.NewUsers(orders, "wrong", nil).RPS(); err == nil {
		t.Error("orders are taken without the token")
	}
	users := remote.NewUsers(orders, "correct horse", nil)
	if rps, err := users.RPS(); err != nil || rps != 100 {
		t.Errorf("RPS = %v, %v", rps, err)
	}
	if err := users.SetRPS(0); err != nil {
		t.Fatal(err)
	}
	patience.Until(t, "quiet", func() bool {
		before := visits.Load()
		time.Sleep(50 * time.Millisecond)
		return visits.Load() == before
	})
	if text := get(t, "http://"+web+"/metrics"); !strings.Contains(text, "load_offered_requests_per_second 0\n") {
		t.Errorf("metrics of the users:\n%s", text)
	}
	if text := get(t, "http://"+probe+"/metrics"); !strings.Contains(text, "probe_success 1\n") {
		t.Errorf("metrics of the prober:\n%s", text)
	}
	if n := walked.Load(); n != 3 {
		t.Errorf("the prober asked %d times, want front page, product and checkout", n)
	}
	for _, addr := range []string{web, probe} {
		var stderr bytes.Buffer
		if status := run(t.Context(), []string{"users", "--healthcheck", "--web.listen-address=" + addr}, io.Discard, &stderr); status != cli.ExitOK {
			t.Errorf("health at %s: status %d: %s", addr, status, stderr.String())
		}
	}
}

func TestNobodyIsHealthyWhereNobodyListens(t *testing.T) {
	t.Parallel()
	if status := run(t.Context(), []string{"probe", "--healthcheck", "--web.listen-address=" + free(t)}, io.Discard, io.Discard); status != cli.ExitFailed {
		t.Errorf("status %d, want %d", status, cli.ExitFailed)
	}
}

// start runs a command until the end of the test and waits until it is healthy.
func start(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	go func() { ended <- run(ctx, args, io.Discard, &stderr) }()
	t.Cleanup(func() {
		cancel()
		if status := <-ended; status != cli.ExitOK {
			t.Errorf("%s ended with status %d: %s", args[0], status, stderr.String())
		}
	})
	for _, arg := range args {
		if addr, ok := strings.CutPrefix(arg, "--web.listen-address="); ok {
			patience.Until(t, args[0], func() bool { return cli.CheckHealth(ctx, addr) == nil })
		}
	}
}

// free is an address where nobody listens.
func free(t *testing.T) string {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func get(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(fmt.Errorf("read %s: %w", address, err))
	}
	return string(text)
}

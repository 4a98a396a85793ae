package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"

	"goldensignals/internal/cli"
	"goldensignals/internal/cli/clitest"
	"goldensignals/internal/patience"
	"goldensignals/internal/tier"
)

func TestPrepare(t *testing.T) {
	t.Parallel()
	tier.Replay(t) // it makes a history
	dir := t.TempDir()
	token, data := filepath.Join(dir, "secrets", "token"), filepath.Join(dir, "prometheus")
	args := []string{"prepare", "--token-file=" + token, "--history=" + data, "--history.length=10m"}
	before := time.Now()
	if status, out, errs := call(t, args...); status != cli.ExitOK || strings.Count(out, "made") != 2 {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	drawn, err := os.ReadFile(token)
	if err != nil || len(strings.TrimSpace(string(drawn))) < 20 {
		t.Errorf("token %q, %v", drawn, err)
	}
	entries, err := os.ReadDir(data)
	if err != nil || len(entries) != 1 {
		t.Fatalf("in the data folder: %v, %v; want one block", entries, err)
	}
	oldest, newest := span(t, filepath.Join(data, entries[0].Name()), "service:http_requests:rate1m")
	if got := newest.Sub(oldest); got < 9*time.Minute || newest.After(time.Now()) || newest.Before(before.Add(-time.Minute)) {
		t.Errorf("history from %v to %v, want the last ten minutes", oldest, newest)
	}
	if status, out, errs := call(t, args...); status != cli.ExitOK || strings.Count(out, "is there already") != 2 {
		t.Errorf("a second time: status %d: %s%s", status, out, errs)
	}
	if again, err := os.ReadFile(token); err != nil || string(again) != string(drawn) {
		t.Errorf("the token has changed from %q to %q, %v", drawn, again, err)
	}
}

// span is from when to when a block has samples of a series.
func span(t *testing.T, dir, name string) (oldest, newest time.Time) {
	t.Helper()
	block, err := tsdb.OpenBlock(nil, dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer block.Close()
	q, err := tsdb.NewBlockQuerier(block, 0, time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", name), labels.MustNewMatcher(labels.MatchEqual, "service", "shop"))
	for set.Next() {
		for it := set.At().Iterator(nil); it.Next() != 0; {
			at := time.UnixMilli(it.AtT())
			if oldest.IsZero() {
				oldest = at
			}
			newest = at
		}
	}
	if set.Err() != nil || oldest.IsZero() {
		t.Fatalf("no sample of %s: %v", name, set.Err())
	}
	return oldest, newest
}

func TestServeAndPrepareRefuse(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"prepare"}, "--token-file"},
		{[]string{"prepare", "--history=x", "--history.length=1s"}, "--history.length"},
		{[]string{"serve", "--prometheus.url=prometheus:9090"}, "--prometheus.url"},
		{[]string{"serve", "--web.external-url=/"}, "--web.external-url"},
		{[]string{"serve", "--users=ftp://load"}, "--users"},
		{[]string{"serve", "--service=bank=http://bank:9000"}, "the names are shop"},
		{[]string{"serve", "--service=shop=9000"}, "--service=shop"},
		{[]string{"serve", "--scrape-interval=0s"}, "--scrape-interval"},
		{[]string{"serve", "--token-file=" + empty}, "empty"},
		{[]string{"serve", "--token-file=" + empty + ".not"}, "--token-file"},
		{[]string{"serve", "--web.listen-address=nowhere"}, "--web.listen-address"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Parallel()
			if status, out, errs := call(t, tt.args...); status != cli.ExitUsage || out != "" || !strings.Contains(errs, tt.want) {
				t.Errorf("status %d, want %d; stdout %q; stderr %q, want one with %q", status, cli.ExitUsage, out, errs, tt.want)
			}
		})
	}
}

// TestServeAlone: the page is there, and says who is not, before anybody else is up.
func TestServeAlone(t *testing.T) {
	t.Parallel()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	args := []string{
		"serve", "--web.listen-address=" + addr, "--web.external-url=http://" + addr, "--data-dir=" + t.TempDir(), "--users=http://127.0.0.1:1",
		"--prometheus.url=http://127.0.0.1:1/prometheus", "--alertmanager.url=http://127.0.0.1:1/alertmanager", "--router.url=http://127.0.0.1:1",
	}
	for _, name := range []string{"shop", "auth", "orders", "payments"} {
		args = append(args, "--service="+name+"=http://127.0.0.1:1")
	}
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr clitest.Output
	done := make(chan int, 1)
	go func() { done <- run(ctx, args, &stdout, &stderr) }()
	defer cancel()
	patience.Until(t, "health", func() bool {
		status, _, _ := call(t, "serve", "--healthcheck", "--web.listen-address="+addr)
		return status == cli.ExitOK
	})
	if page := get(t, "http://"+addr+"/"); !strings.Contains(page, "Prometheus does not answer") {
		t.Errorf("the page does not say who is missing:\n%s", page)
	}
	if text := get(t, "http://"+addr+"/metrics"); !strings.Contains(text, "gameday_drill_running 0\n") {
		t.Errorf("metrics:\n%s", text)
	}
	patience.Until(t, "word of the services", func() bool { return strings.Contains(stderr.String(), "what is broken in a service is not known") })
	cancel()
	if status := <-done; status != cli.ExitOK {
		t.Errorf("status %d: %s", status, stderr.String())
	}
}

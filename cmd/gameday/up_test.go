package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"goldensignals/internal/cli"
	"goldensignals/internal/cli/clitest"
	"goldensignals/internal/live"
	"goldensignals/internal/patience"
	"goldensignals/internal/stack"
	"goldensignals/internal/tier"
)

// scrapes are the times at which the shop was scraped in the last d, in seconds.
func scrapes(t *testing.T, address, d string) []float64 {
	t.Helper()
	body := get(t, address+"/prometheus/api/v1/query?query="+url.QueryEscape(`up{service="shop"}[`+d+`]`))
	var answer struct {
		Data struct{ Result []struct{ Values [][2]any } }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var times []float64
	for _, r := range answer.Data.Result {
		for _, v := range r.Values {
			times = append(times, v[0].(float64))
		}
	}
	return times
}

// blocks are the folders of what the data folder has of a time before the start.
func blocks(t *testing.T, dataDir string) []string {
	t.Helper()
	metas, err := filepath.Glob(filepath.Join(dataDir, "prometheus", "*", "meta.json"))
	if err != nil {
		t.Fatal(err)
	}
	return metas
}

// wantNoLeftovers checks that nothing remains of making a history.
func wantNoLeftovers(t *testing.T, dataDir string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(dataDir, "prometheus", "*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("left in the data folder: %v, %v", left, err)
	}
}

func TestUpBeginsWithHistory(t *testing.T) {
	tier.Replay(t)
	dir := t.TempDir()
	begin := time.Now()
	address, end := startUp(t, "--history=10m", "--scrape-interval=5s", "--data-dir="+dir)
	oldest := float64(begin.Add(-9*time.Minute).UnixMilli()) / 1000
	patience.Until(t, "history", func() bool {
		times := scrapes(t, address, "15m")
		return len(times) > 0 && times[0] < oldest
	})
	patience.Until(t, "live scrape", func() bool {
		times := scrapes(t, address, "15m")
		return times[len(times)-1] > float64(begin.Unix()+5)
	})
	// Only before the start, in virtual time, are scrapes regular on a busy machine, too.
	times := scrapes(t, address, "15m")
	start := float64(begin.UnixMilli()) / 1000
	history := append(slices.DeleteFunc(slices.Clone(times), func(at float64) bool { return at > start }), start)
	for i, at := range history[1:] {
		if gap := at - history[i]; gap > 15 {
			t.Errorf("gap of %gs at %v, want at most three intervals of 5s", gap, at)
		}
	}
	if body := get(t, address+"/prometheus/api/v1/query?query=service_route:http_requests_errors:ratio_rate5m%20offset%205m"); !strings.Contains(body, `"value"`) {
		t.Errorf("no recorded series of five minutes ago: %s", body)
	}
	if status := end(); status != cli.ExitOK {
		t.Errorf("status = %d, want 0", status)
	}
	if got := blocks(t, dir); len(got) != 1 {
		t.Errorf("blocks = %v, want one", got)
	}
	wantNoLeftovers(t, dir)

	// A restart has samples of its own: it keeps its history and makes no second one.
	before := len(times)
	address, end = startUp(t, "--history=10m", "--scrape-interval=1s", "--data-dir="+dir)
	patience.Until(t, "scrape after the restart", func() bool { return len(scrapes(t, address, "15m")) > before+2 })
	if times := scrapes(t, address, "15m"); times[0] > oldest {
		t.Errorf("first scrape after a restart = %v, want one before %v", times[0], oldest)
	}
	if _, err := os.Stat(filepath.Join(dir, "prometheus", "history.tmp")); !os.IsNotExist(err) {
		t.Errorf("a second history is made after a restart: %v", err)
	}
	if status := end(); status != cli.ExitOK {
		t.Errorf("status after the restart = %d, want 0", status)
	}
	if got := blocks(t, dir); len(got) != 1 {
		t.Errorf("blocks after the restart = %v, want one", got)
	}
}

func TestUpWithoutHistory(t *testing.T) {
	dir := t.TempDir()
	// A stack that was killed has left this.
	if err := os.MkdirAll(filepath.Join(dir, "prometheus", "history.tmp", "blocks"), 0o755); err != nil {
		t.Fatal(err)
	}
	begin := float64(time.Now().Unix())
	address, end := startUp(t, "--history=0", "--scrape-interval=1s", "--data-dir="+dir)
	patience.Until(t, "scrape", func() bool { return len(scrapes(t, address, "1h")) > 0 })
	if first := scrapes(t, address, "1h")[0]; first < begin {
		t.Errorf("first scrape %gs before the start", begin-first)
	}
	if status := end(); status != cli.ExitOK {
		t.Errorf("status = %d, want 0", status)
	}
	if got := blocks(t, dir); len(got) != 0 {
		t.Errorf("blocks = %v, want none", got)
	}
	wantNoLeftovers(t, dir)
}

func TestUpEndsWhileHistoryIsMade(t *testing.T) {
	dir := t.TempDir()
	_, end := startUp(t, "--history=24h", "--data-dir="+dir)
	work := filepath.Join(dir, "prometheus", "history.tmp", "work", "prometheus")
	patience.Until(t, "child", func() bool { _, err := os.Stat(work); return err == nil })
	begin := time.Now()
	if status := end(); status != cli.ExitOK {
		t.Errorf("status = %d, want 0", status)
	}
	t.Logf("ended after %v", time.Since(begin).Round(time.Millisecond))
	if got := blocks(t, dir); len(got) != 0 {
		t.Errorf("blocks = %v, want that nobody waited for the history", got)
	}
	wantNoLeftovers(t, dir)
}

func TestUpOutlivesFailedHistory(t *testing.T) {
	dir := t.TempDir()
	var log clitest.Output
	s, err := live.New(t.Context(), live.Options{
		Stack: stack.Options{
			PublicURL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, DataDir: dir, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		},
		History: live.History{Length: time.Hour, Rules: []string{"gone.rules.yml"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	patience.Until(t, "warning", func() bool { return strings.Contains(log.String(), "gone.rules.yml") })
	if got := log.String(); !strings.Contains(got, "level=WARN") || strings.Count(got, "\n") != 1 {
		t.Errorf("log = %s, want one warning", got)
	}
	select {
	case err := <-done:
		t.Fatalf("the stack has ended: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
	wantNoLeftovers(t, dir)
}

package replay_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"goldensignals/internal/replay"
	"goldensignals/internal/tier"
)

// recorded is what a block on the disk holds.
type recorded struct {
	histograms int             // native ones
	samples    map[string]int  // by metric name
	alerts     map[string]bool // that were pending or fired
	ups        map[string]int  // how often a service was scraped
	min, max   int64           // timestamps, in milliseconds
}

// readBlocks reads the blocks in dir, of which there must be so many.
func readBlocks(t *testing.T, dir string, want int) recorded {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(paths) != want {
		t.Fatalf("blocks = %v, %v; want %d", paths, err, want)
	}
	r := recorded{samples: map[string]int{}, alerts: map[string]bool{}, ups: map[string]int{}, min: math.MaxInt64}
	for _, path := range paths {
		r.read(t, path)
	}
	return r
}

func (r *recorded) read(t *testing.T, path string) {
	t.Helper()
	block, err := tsdb.OpenBlock(slog.New(slog.DiscardHandler), path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer block.Close()
	q, err := tsdb.NewBlockQuerier(block, math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(t.Context(), false, nil, labels.MustNewMatcher(labels.MatchNotEqual, "__name__", ""))
	for set.Next() {
		r.add(t, set.At())
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
}

func (r *recorded) add(t *testing.T, s storage.Series) {
	t.Helper()
	name := s.Labels().Get("__name__")
	it := s.Iterator(nil)
	for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
		at := it.AtT()
		r.min, r.max = min(r.min, at), max(r.max, at)
		r.samples[name]++
		switch {
		case kind != chunkenc.ValFloat:
			r.histograms++
		case name == "ALERTS":
			r.alerts[s.Labels().Get("alertname")] = true
		case name == "up":
			if service := s.Labels().Get("service"); s.Labels().Get("job") == "shop" {
				r.ups[service]++
			}
		}
	}
	if err := it.Err(); err != nil {
		t.Error(err)
	}
}

// historyInterval is how often targets are scraped.
const historyInterval = 15 * time.Second

// historyInput is the input of the job that makes a history.
func historyInput(t *testing.T, dir string, end time.Time, length time.Duration) []byte {
	t.Helper()
	input, err := json.Marshal(map[string]any{
		"Start": end.Add(-length), "End": end, "Dir": dir, "PublicURL": "http://127.0.0.1:8080",
		"Interval": historyInterval, "RPS": 10, "Seed": 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return input
}

func TestHistoryJob(t *testing.T) {
	t.Parallel()
	t.Run("simulated", func(t *testing.T) {
		t.Parallel()
		tier.Replay(t)
		tier.Full(t)
		checkHistory(t, 10*time.Minute, 1)
	})
	t.Run("some of it simulated, the rest copied", func(t *testing.T) {
		t.Parallel()
		tier.Replay(t)
		checkHistory(t, 2*time.Hour+30*time.Minute, 2)
	})
}

// checkHistory makes a history and wants every sample of it to be there.
func checkHistory(t *testing.T, length time.Duration, blocks int) {
	dir := t.TempDir()
	end := time.Date(2026, 5, 4, 10, 0, 3, 123_456_789, time.UTC)
	synctest.Test(t, func(t *testing.T) {
		emitted := 0
		if _, err := replay.Jobs()["history"](t.Context(), historyInput(t, dir, end, length), func(any) { emitted++ }); err != nil {
			t.Fatal(err)
		}
		if now := time.Now(); !now.Equal(end) {
			t.Errorf("virtual time at the end = %v, want %v", now, end)
		}
		if emitted == 0 {
			t.Error("no sign of life")
		}
	})
	got := readBlocks(t, filepath.Join(dir, "blocks"), blocks)
	start := end.Add(-length)
	if got.min < start.UnixMilli() || got.min > start.Add(historyInterval).UnixMilli() || got.max > end.UnixMilli() || got.max < end.Add(-historyInterval).UnixMilli() {
		t.Errorf("samples from %v to %v, want from %v to %v", time.UnixMilli(got.min).UTC(), time.UnixMilli(got.max).UTC(), start, end)
	}
	if got.histograms == 0 {
		t.Error("no native histograms")
	}
	for _, name := range []string{
		"http_server_request_duration_seconds_count", "service:http_requests:rate1m",
		"service_route:http_requests_errors:ratio_rate5m", "service_route:http_requests_errors:ratio_rate6h", "ALERTS_FOR_STATE",
	} {
		if got.samples[name] == 0 {
			t.Errorf("no samples of %s", name)
		}
	}
	if diff := cmp.Diff([]string{"Watchdog"}, slices.Collect(maps.Keys(got.alerts))); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	scrapes := int(length / historyInterval)
	for _, service := range []string{"shop", "auth", "orders", "payments"} {
		if n := got.ups[service]; n != scrapes {
			t.Errorf("%d scrapes of %s, want %d", n, service, scrapes)
		}
	}
}

func TestHistoryJobRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, input := range map[string]string{
		"no JSON":       "{",
		"broken URL":    `{"PublicURL":":"}`,
		"missing rules": `{"PublicURL":"http://127.0.0.1:1","Dir":"` + dir + `","Rules":["none.yml"]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			if _, err := replay.Jobs()["history"](t.Context(), []byte(input), func(any) {}); err == nil {
				t.Errorf("%s: no error", name)
			}
		})
	}
	if blocks, err := filepath.Glob(filepath.Join(dir, "blocks", "*")); err != nil || len(blocks) != 0 {
		t.Errorf("blocks = %v, %v; want none", blocks, err)
	}
}

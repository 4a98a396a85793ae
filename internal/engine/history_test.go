package engine_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// series are all samples of all series after since, up to and including until.
func (w *world) series(since, until time.Time) []any {
	w.t.Helper()
	query := fmt.Sprintf(`{__name__=~".+"}[%dms]`, until.Sub(since).Milliseconds())
	body := w.get("http://prometheus:9090/prometheus/api/v1/query?query=" + url.QueryEscape(query) + "&time=" + until.Format("2006-01-02T15:04:05.999Z"))
	var answer struct{ Data struct{ Result []any } }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		w.t.Fatal(err)
	}
	return answer.Data.Result
}

// ranFor runs an engine for d and returns its samples and a folder of blocks.
func ranFor(t *testing.T, d time.Duration, dir string) (series []any, blocks string) {
	t.Helper()
	start := time.Now()
	w := newWorld(t, filepath.Join(dir, "data"))
	defer w.stop()
	time.Sleep(d)
	blocks = filepath.Join(dir, "blocks")
	if err := w.engine.Snapshot(blocks); err != nil {
		t.Fatal(err)
	}
	return w.series(start, time.Now()), blocks
}

// startedWith starts an engine and adds blocks that end now; with no blocks it
// adds none and wants no room for them.
func startedWith(t *testing.T, dir, blocks string) *world {
	t.Helper()
	w := stoppedWorld(t, dir, true)
	end := time.Now()
	room, err := w.engine.MakeRoom(end.Add(-10 * time.Minute))
	if err != nil || room != (blocks != "") {
		t.Fatalf("MakeRoom = %t, %v; want %t", room, err, blocks != "")
	}
	if err := w.engine.Start(); err != nil {
		t.Fatal(err)
	}
	if blocks == "" {
		return w
	}
	time.Sleep(20 * time.Second) // the engine runs while a history is made
	if err := w.engine.AddHistory(blocks, end); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "live")
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		want, blocks := ranFor(t, 10*time.Minute, filepath.Join(dir, "one"))
		if text := fmt.Sprint(want); !strings.Contains(text, "histograms:") || !strings.Contains(text, "floor:temperature_celsius:max") {
			t.Fatalf("the source lacks native histograms or rules: %.2000s", text)
		}
		seam := time.Now()
		w := startedWith(t, data, blocks)
		time.Sleep(3 * time.Hour) // past a compaction
		if diff := cmp.Diff(want, w.series(start, seam)); diff != "" {
			t.Errorf("history (-source +copy):\n%s", diff)
		}
		end := time.Now()
		all := w.series(start, end)
		w.stop()

		// A restart at once: the engine has samples of its own.
		w = startedWith(t, data, "")
		if diff := cmp.Diff(all, w.series(start, end)); diff != "" {
			t.Errorf("after a restart (-before +after):\n%.4000s", diff)
		}
		end = time.Now()
		w.stop()

		// A later restart gets a history, and loses nothing by that, neither at
		// once nor at the next start: too early for the engine to have written
		// the older samples to a block by itself.
		time.Sleep(30 * time.Minute)
		later := time.Now()
		_, blocks = ranFor(t, 10*time.Minute, filepath.Join(dir, "two"))
		w = startedWith(t, data, blocks)
		wantKept := func(when string) {
			t.Helper()
			if diff := cmp.Diff(all, w.series(start, end)); diff != "" {
				t.Errorf("%s (-before +after):\n%.4000s", when, diff)
			}
			if got := w.series(later, later.Add(5*time.Minute)); len(got) < 5 {
				t.Errorf("%s: second history = %v", when, got)
			}
		}
		wantKept("after a second history")
		w.stop()
		w = startedWith(t, data, "")
		defer w.stop()
		wantKept("after a second history and a restart")
	})
}

func TestAddHistoryRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	none, broken := filepath.Join(dir, "none"), filepath.Join(dir, "broken")
	const block = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	for _, d := range []string{none, filepath.Join(broken, block)} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	meta := fmt.Sprintf(`{"ulid":%q,"minTime":1,"maxTime":2,"version":1}`, block)
	if err := os.WriteFile(filepath.Join(broken, block, "meta.json"), []byte(meta), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		end := time.Now()
		w := newWorld(t, filepath.Join(dir, "data"))
		defer w.stop()
		time.Sleep(time.Minute)
		for blocks, want := range map[string]string{none: "no blocks in", broken: block, filepath.Join(dir, "missing"): "missing"} {
			if err := w.engine.AddHistory(blocks, end); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("AddHistory(%s) = %v, want an error with %q", blocks, err, want)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "data", "prometheus", block)); !os.IsNotExist(err) {
			t.Errorf("the broken block is still there: %v", err)
		}
		if got := w.series(end, time.Now()); len(got) == 0 {
			t.Error("no samples after histories that were refused")
		}
	})
}

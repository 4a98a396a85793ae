package live_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/live"
	"goldensignals/internal/live/livetest"
	"goldensignals/internal/stack"
)

// withoutCollector clears what the machine's own environment may say.
func withoutCollector(t *testing.T) {
	t.Helper()
	t.Setenv("OTEL_SDK_DISABLED", "true")
}

// TestFaultShowsInTraces: the page of a failed checkout names the service that
// failed first, whichever fault it has, and nothing is found without traces.
func TestFaultShowsInTraces(t *testing.T) {
	withoutCollector(t)
	for name, tt := range map[string]struct {
		fault map[string]any
		want  string
	}{
		"errors":  {map[string]any{"kind": "errors", "service": "payments", "ratio": 1, "for": "10m"}, "payments failed first: it answered POST /charges with 500"},
		"latency": {map[string]any{"kind": "latency", "service": "payments", "delay": "5s", "for": "10m"}, "payments failed first: it was not done with POST /charges after 2.00 s"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				g := livetest.Play(t, live.Options{Stack: stack.Options{DataDir: dir, Seed: 1}, Traces: true})
				defer g.Stop()
				time.Sleep(10 * time.Second)
				if _, page := g.Page("/traces"); !strings.Contains(page, "No request has failed") || !strings.Contains(page, "payments took longest") {
					t.Error("the traces of a healthy shop lack slow checkouts, or some have failed")
				}
				g.Inject(tt.fault)
				time.Sleep(10 * time.Second)
				_, page := g.Page("/traces")
				link := regexp.MustCompile(`/traces/[0-9a-f]{32}`).FindString(page)
				if link == "" || !strings.Contains(page, "payments failed first") {
					t.Fatalf("the list has no failed trace of payments: %s", page)
				}
				status, page := g.Page(link)
				if status != http.StatusOK {
					t.Errorf("GET %s = %d", link, status)
				}
				for _, want := range []string{tt.want, "users → shop", "shop → auth", "shop → orders", "orders → payments", `<b>payments</b>`, "8 spans"} {
					if !strings.Contains(page, want) {
						t.Errorf("the trace lacks %q", want)
					}
				}
			})
		})
	}
}

func TestNoTracesUnlessAskedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		g := livetest.Play(t, live.Options{Stack: stack.Options{DataDir: dir, Seed: 1, Volatile: true}})
		defer g.Stop()
		time.Sleep(5 * time.Second)
		if _, page := g.Page("/traces"); !strings.Contains(page, "No traces are kept") {
			t.Error("a stack without the option keeps traces")
		}
	})
}

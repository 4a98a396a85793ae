package shop_test

import (
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/shop"
)

// parent is the traceparent of the nth trace.
func parent(n int) string { return fmt.Sprintf("00-%032x-%016x-01", n+1, n+1) }

// spy keeps the traceparent headers of the requests that it passes on.
type spy struct {
	next    http.RoundTripper
	mu      sync.Mutex
	parents []string
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.parents = append(s.parents, r.URL.Host+" "+r.Header.Get("Traceparent"))
	s.mu.Unlock()
	return s.next.RoundTrip(r)
}

// parentsOf sends one checkout and returns the headers of the calls behind it.
func parentsOf(t *testing.T, header ...string) []string {
	t.Helper()
	s := &spy{}
	synctest.Test(t, func(t *testing.T) {
		w := world{mesh: mesh{}}
		s.next = w.mesh
		for _, name := range shop.Names() {
			service, err := shop.New(shop.Options{Name: name, Transport: s, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			w.mesh[name] = service.Handler()
		}
		if got := w.do(t.Context(), http.MethodPost, checkout, header...); got != http.StatusOK {
			t.Fatalf("checkout = %d, want 200", got)
		}
	})
	return s.parents
}

func TestTraceIsPassedOn(t *testing.T) {
	t.Parallel()
	const id = "0af7651916cd43dd8448eb211c80319c"
	got := parentsOf(t, "Traceparent", "00-"+id+"-b7ad6b7169203331-01")
	if len(got) != 3 {
		t.Fatalf("%d calls, want 3: %v", len(got), got)
	}
	spans := map[string]bool{"b7ad6b7169203331": true}
	for i, peer := range []string{"auth", "orders", "payments"} {
		m := regexp.MustCompile(`^` + peer + `:8080 00-` + id + `-([0-9a-f]{16})-01$`).FindStringSubmatch(got[i])
		if m == nil {
			t.Errorf("call %d = %q, want trace %s towards %s", i, got[i], id, peer)
			continue
		}
		if spans[m[1]] {
			t.Errorf("call %d has the span id of another: %s", i, m[1])
		}
		spans[m[1]] = true
	}
	if diff := cmp.Diff(got, parentsOf(t, "Traceparent", "00-"+id+"-b7ad6b7169203331-01")); diff != "" {
		t.Errorf("span ids differ from run to run:\n%s", diff)
	}
}

func TestTraceIsStartedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	const zeros = "00000000000000000000000000000000"
	well := regexp.MustCompile(`^auth:8080 00-([0-9a-f]{32})-[0-9a-f]{16}-01$`)
	for name, header := range map[string]string{
		"absent":             "",
		"too short":          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
		"another version":    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"upper case":         "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
		"zero trace":         "00-" + zeros + "-b7ad6b7169203331-01",
		"zero span":          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"wrong separators":   "00+0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"injection attempts": "00-0af7651916cd43dd8448eb211c8031\"}-b7ad6b7169203331-01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := parentsOf(t, "Traceparent", header)
			m := well.FindStringSubmatch(got[0])
			if m == nil || m[1] == zeros || m[1] == "0af7651916cd43dd8448eb211c80319c" {
				t.Errorf("first call = %q, want a trace of its own", got[0])
			}
		})
	}
}

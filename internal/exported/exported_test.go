package exported_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/exported"
	"goldensignals/internal/live"
	"goldensignals/internal/live/livetest"
	"goldensignals/internal/stack"
	"goldensignals/internal/tier"
)

// TestExportedIsWhatPrometheusStores compares with a stack that runs and has
// trouble: neither may have a series that the other lacks.
func TestExportedIsWhatPrometheusStores(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	series, err := exported.Series(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		g := livetest.Play(t, live.Options{Stack: stack.Options{Seed: 1, Interval: 15 * time.Second}})
		defer g.Stop()
		time.Sleep(time.Minute)
		if last, _ := g.Start(livetest.ShortDrill).Last(); last.Result == nil { // scored, muted
			t.Fatalf("the drill ended with %+v", last)
		}
		g.Inject(map[string]any{"kind": "errors", "service": "payments", "ratio": 0.5, "for": "10m"})
		time.Sleep(30 * time.Second)
		var answer struct {
			Data []map[string]string `json:"data"`
		}
		g.Do(http.MethodGet, "/prometheus/api/v1/series?match[]="+url.QueryEscape(`{job!=""}`), nil, &answer)
		var stored []string
		for _, s := range answer.Data {
			name := s["__name__"]
			if !slices.Contains(stored, name) {
				stored = append(stored, name)
			}
			known := series.Labels(name)
			for l := range s {
				if l != "__name__" && !slices.Contains(known, l) {
					t.Errorf("%v has the label %s, Series knows %v", s, l, known)
				}
			}
		}
		slices.Sort(stored)
		if diff := cmp.Diff(stored, series.Names()); diff != "" {
			t.Errorf("names (-stored +exported):\n%s", diff)
		}
	})
}

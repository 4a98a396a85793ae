package stack_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/load"
	"goldensignals/internal/scoreboard"
	"goldensignals/internal/shop"
	"goldensignals/internal/stack"
)

// closedSets lists every label that the shop, its users, the prober, the host
// and the game day have, with all the values that it can take.
func closedSets() map[string][]string {
	var kinds, repairs []string
	for _, k := range fault.Kinds() {
		kinds = append(kinds, k.Name)
	}
	for _, r := range fault.Repairs() {
		repairs = append(repairs, r.Name)
	}
	return map[string][]string{
		"kind":                      kinds,
		"repair":                    repairs,
		"service":                   shop.Names(),
		"http_route":                {"/", "/checkout", "/products/{id}", "/tokeninfo", "/orders", "/charges", "other"},
		"http_request_method":       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"},
		"http_response_status_code": {"", "200", "201", "400", "404", "413", "429", "499", "500", "502", "503", "other"},
		"peer_service":              {"auth", "orders", "payments"},
		"error_type":                {"", "500", "502", "503", "timeout", "canceled", "connection", "other"},
		"version":                   {"1.0.0", "1.0.1", "1.1.0"},
		"outcome":                   {"ok", "failed", "slow"},
		"journey":                   {"browse", "checkout", "product"},
		"cpu":                       {"0", "1", "2", "3"},
		"mode":                      {"user", "iowait", "idle"},
		"mountpoint":                {"/"},
		"device":                    {"vda", "eth0"},
	}
}

// TestEverySeriesIsWellNamed breaks the shop in every way and looks at the names,
// the help and the labels of all that a scrape then finds.
func TestEverySeriesIsWellNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		w := newShopWorldWith(t, registry)
		defer w.stop()
		var all []*shop.Service
		for _, name := range shop.Names() {
			all = append(all, w.services[name])
		}
		prober, err := load.NewProber(load.ProberOptions{Target: "http://shop:8080", Transport: w.network.Transport(), Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		outside := prometheus.NewRegistry()
		f := stack.NewFaults(w.services)
		board := scoreboard.New(scoreboard.Options{
			Active: f.Active, Applied: f.Applied, Services: shop.Names(),
			Running: func() bool { return false },
			Scored:  func() (drill.Result, time.Time, bool) { return drill.Result{}, time.Time{}, false },
		})
		outside.MustRegister(prober, shop.NewHost(all...), board)
		gatherers := prometheus.Gatherers{registry, outside}
		for _, k := range fault.Kinds() {
			w.breakIt(t, k, target(k))
			time.Sleep(40 * time.Second)
			for _, r := range []string{"GET /etc/passwd", "BREW /", "DELETE /checkout"} {
				method, path, _ := strings.Cut(r, " ")
				if req, err := http.NewRequestWithContext(t.Context(), method, "http://shop:8080"+path, http.NoBody); err == nil {
					_, _ = w.network.Transport().RoundTrip(req)
				}
			}
			for _, s := range all {
				checkSeries(t, s)
			}
			checkSeries(t, gatherers)
			for _, s := range all {
				s.Faults().Clear(time.Now(), "")
			}
		}
	})
}

func checkSeries(t *testing.T, g prometheus.Gatherer) {
	t.Helper()
	problems, err := testutil.GatherAndLint(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "node_memory_Mem") {
			continue // node_exporter's own names, after /proc/meminfo
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if allowed := closedSets()[l.GetName()]; !slices.Contains(allowed, l.GetValue()) {
					t.Errorf("%s: the value of %s is not in the list (-want +got):\n%s", f.GetName(), l.GetName(), cmp.Diff(allowed, []string{l.GetValue()}))
				}
			}
		}
	}
}

package shop_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"goldensignals/internal/shop"
)

func TestMetricsAreWellNamed(t *testing.T) {
	t.Parallel()
	s, err := shop.New(shop.Options{Name: "shop", Transport: mesh{}})
	if err != nil {
		t.Fatal(err)
	}
	world{mesh: mesh{"shop": s.Handler()}}.do(t.Context(), http.MethodGet, product)
	problems, err := testutil.GatherAndLint(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestSeriesExistBeforeTheFirstRequest: a rate sees the first error only if
// the series was there, at zero, before.
func TestSeriesExistBeforeTheFirstRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for service, routes := range map[string]map[string]string{
		"shop":     {`GET",http_route="/"`: "200", `GET",http_route="/products/{id}"`: "200", `POST",http_route="/checkout"`: "200"},
		"payments": {`POST",http_route="/charges"`: "201"},
	} {
		text := w.metrics(t, service)
		for route, fine := range routes {
			method, path, _ := strings.Cut(route, `",`)
			for _, status := range []string{fine, "500", "502", "503"} {
				line := `http_server_request_duration_seconds_count{http_request_method="` + method + `",http_response_status_code="` + status + `",` + path + `} 0`
				if !strings.Contains(text, line) {
					t.Errorf("%s lacks %s", service, line)
				}
			}
		}
		if line := `service_build_info{version="1.0.0"} 1.0`; !strings.Contains(text, line) {
			t.Errorf("%s lacks %s", service, line)
		}
	}
}

// TestLabelValuesAreClosed sends what the internet sends and checks that it
// does not end up in labels.
func TestLabelValuesAreClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		for _, r := range [][2]string{
			{"GET", "http://shop:8080/products/1"}, {"GET", "http://shop:8080/products/%F0%9F%98%80"}, {"HEAD", browse},
			{"GET", "http://shop:8080/etc/passwd"}, {"BREW", "http://shop:8080/coffee"}, {"DELETE", checkout}, {"GET", "http://shop:8080/-/healthy"},
		} {
			w.do(t.Context(), r[0], r[1])
		}
		got := map[string]map[string]bool{}
		for _, line := range strings.Split(w.metrics(t, "shop"), "\n") {
			if !strings.HasPrefix(line, "http_server_request_duration_seconds_count") {
				continue
			}
			for _, m := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(line, -1) {
				if got[m[1]] == nil {
					got[m[1]] = map[string]bool{}
				}
				got[m[1]][m[2]] = true
			}
		}
		want := map[string]map[string]bool{
			"http_route":                {"/": true, "/products/{id}": true, "/checkout": true, "other": true},
			"http_request_method":       {"GET": true, "POST": true, "DELETE": true, "other": true},
			"http_response_status_code": {"200": true, "404": true, "500": true, "502": true, "503": true},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("label values (-want +got):\n%s", diff)
		}
	})
}

func TestExemplarsNameTheTrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		const id = "0af7651916cd43dd8448eb211c80319c"
		w.do(t.Context(), http.MethodPost, checkout, "Traceparent", "00-"+id+"-b7ad6b7169203331-01")
		for _, service := range shop.Names() {
			if want := `# {trace_id="` + id + `"}`; !strings.Contains(w.metrics(t, service), want) {
				t.Errorf("%s has no exemplar %s", service, want)
			}
		}
	})
}

// TestFailuresAlwaysLeaveExemplars: quick successes leave one a second at most.
func TestFailuresAlwaysLeaveExemplars(t *testing.T) {
	t.Parallel()
	const first, second = "0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319d"
	for _, tt := range []struct {
		name  string
		ratio float64
		want  string
	}{{"success", 0, first}, {"failure", 1, second}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			if tt.ratio > 0 {
				if _, err := w.services["auth"].Faults().Inject(time.Now(), errorsFault("auth", tt.ratio)); err != nil {
					t.Fatal(err)
				}
			}
			for _, id := range []string{first, second} {
				w.do(t.Context(), http.MethodGet, "http://auth:8080/tokeninfo", "Traceparent", "00-"+id+"-b7ad6b7169203331-01")
			}
			if !strings.Contains(w.metrics(t, "auth"), tt.want) {
				t.Errorf("%s: no exemplar of %s", tt.name, tt.want)
			}
			if got := strings.Contains(w.metrics(t, "auth"), second); got != (tt.want == second) {
				t.Errorf("%s: the second request left an exemplar: %v", tt.name, got)
			}
		})
	}
}

func TestNativeHistograms(t *testing.T) {
	t.Parallel()
	s, err := shop.New(shop.Options{Name: "auth"})
	if err != nil {
		t.Fatal(err)
	}
	w := world{mesh: mesh{"auth": s.Handler()}}
	w.do(t.Context(), http.MethodGet, "http://auth:8080/tokeninfo")
	families, err := s.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "http_server_request_duration_seconds" {
			continue
		}
		spans := 0
		for _, m := range f.GetMetric() {
			if n := len(m.GetHistogram().GetBucket()); n != 15 {
				t.Errorf("%d classic buckets, want 15", n)
			}
			spans += len(m.GetHistogram().GetPositiveSpan())
		}
		if spans == 0 {
			t.Error("no native buckets after a request")
		}
	}
	status, body := w.read(t.Context(), http.MethodGet, "http://auth:8080/metrics",
		"Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	if status != http.StatusOK || strings.HasPrefix(body, "#") || !strings.Contains(body, "http_server_request_duration_seconds") {
		t.Errorf("GET /metrics as protobuf = %d, %.60q", status, body)
	}
}

// TestSameSeedSameMetrics runs the same concurrent traffic twice.
func TestSameSeedSameMetrics(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		var all strings.Builder
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			if _, err := w.services["payments"].Faults().Inject(time.Now(), errorsFault("payments", 0.3)); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for i := range 500 {
				time.Sleep(3 * time.Millisecond)
				wg.Go(func() {
					w.do(t.Context(), http.MethodPost, checkout, "Traceparent", parent(i))
				})
			}
			wg.Wait()
			for _, service := range shop.Names() {
				all.WriteString(w.metrics(t, service))
			}
		})
		return all.String()
	}
	first, second, third := run(1), run(1), run(2)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the same seed gave other metrics:\n%s", diff)
	}
	if first == third {
		t.Error("another seed gave the same metrics")
	}
}

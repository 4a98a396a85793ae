package shop // internal: it sets the work times to zero, so that only processor time is left

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

// idle returns the table without work times.
func idle() []spec {
	specs := table()
	for i := range specs {
		for j := range specs[i].routes {
			specs[i].routes[j].work = 0
		}
	}
	return specs
}

// direct carries requests to handlers, by the name of the host.
type direct map[string]http.Handler

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &answerOnly{header: make(http.Header)}
	d[r.URL.Hostname()].ServeHTTP(w, r)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: http.NoBody}, nil
}

type answerOnly struct {
	header http.Header
	status int
}

func (a *answerOnly) Header() http.Header         { return a.header }
func (a *answerOnly) WriteHeader(status int)      { a.status = status }
func (a *answerOnly) Write(p []byte) (int, error) { return len(p), nil }

const benchParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func benchmark(b *testing.B, h http.Handler, method, url string) {
	b.Helper()
	req := httptest.NewRequest(method, url, nil)
	req.Header.Set("Traceparent", benchParent)
	w := &answerOnly{header: make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, req)
	}
	if w.status >= http.StatusBadRequest {
		b.Fatalf("%s %s = %d", method, url, w.status)
	}
}

func newIdle(b *testing.B) direct {
	b.Helper()
	mesh := direct{}
	for _, sp := range idle() {
		s, err := newService(sp, Options{
			Transport: mesh, Seed: 1, SizedFor: 1e6, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			b.Fatal(err)
		}
		mesh[sp.name] = s.Handler()
	}
	return mesh
}

// BenchmarkHandler is one hop with everything: routing, trace, random numbers,
// admission, faults, metrics.
func BenchmarkHandler(b *testing.B) {
	benchmark(b, newIdle(b)["auth"], http.MethodGet, "http://auth:8080/tokeninfo")
}

// BenchmarkBareHandler is the same answer without any of it.
func BenchmarkBareHandler(b *testing.B) {
	mux := http.NewServeMux()
	body := []byte(`{"active":true}`)
	mux.HandleFunc("GET /tokeninfo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body)
	})
	benchmark(b, mux, http.MethodGet, "http://auth:8080/tokeninfo")
}

// BenchmarkCheckout is the longest journey: four hops and three calls.
func BenchmarkCheckout(b *testing.B) {
	benchmark(b, newIdle(b)["shop"], http.MethodPost, "http://shop:8080/checkout")
}

// BenchmarkScrape is one scrape of the service with the most series.
func BenchmarkScrape(b *testing.B) {
	mesh := newIdle(b)
	benchmark(b, mesh["shop"], http.MethodGet, "http://shop:8080/metrics")
}

package router

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// served maps route, method and status to the number of requests.
func served(t *testing.T, reg *prometheus.Registry) map[string]uint64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			got[fmt.Sprintf("%s %s %s", labels["http_request_method"], labels["http_route"], labels["http_response_status_code"])] = m.GetHistogram().GetSampleCount()
		}
	}
	return got
}

// pages are a mux within a mux, as the router has them.
func pages() http.Handler {
	inner := http.NewServeMux()
	inner.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	inner.HandleFunc("GET /tickets/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("one")) })
	inner.HandleFunc("GET /events", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(": hello\n\n"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
	})
	inner.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	outer := http.NewServeMux()
	outer.HandleFunc("POST /api/v1/webhook", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	outer.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	outer.HandleFunc("GET /slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	outer.Handle("/", inner)
	return outer
}

func TestInstrument(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	h, err := instrument(reg, http.NewCrossOriginProtection().Handler(pages()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := instrument(reg, pages()); err != nil {
		t.Errorf("a second handler: %v", err)
	}
	for _, tt := range []struct{ method, path string }{
		{"GET", "/"},
		{"GET", "/tickets/1"},
		{"GET", "/tickets/2"},
		{"GET", "/events"},
		{"GET", "/nowhere/1"},
		{"GET", "/nowhere/2"},
		{"POST", "/api/v1/webhook"},
		{"PUT", "/api/v1/webhook"},
		{"BREW", "/"},
		{"GET", "/panic"},
		{"GET", "/slow"},
	} {
		func() {
			defer func() { _ = recover() }()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, tt.method, tt.path, nil))
		}()
	}
	if diff := cmp.Diff(map[string]uint64{
		"GET / 200":                1,
		"GET /tickets/{id} 200":    2,
		"GET other 404":            2,
		"POST /api/v1/webhook 503": 1,
		"PUT other 404":            1,
		"other other 404":          1,
		"GET /panic 500":           1,
		"GET /slow 499":            1,
	}, served(t, reg)); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

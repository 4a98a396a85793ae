package shop_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"goldensignals/internal/fault"
	"goldensignals/internal/shop"
)

// mesh carries requests to the handlers of a shop within the process, by the
// name of the host.
type mesh map[string]http.Handler

func (m mesh) RoundTrip(r *http.Request) (*http.Response, error) {
	h, ok := m[r.URL.Hostname()]
	if !ok {
		return nil, errors.New("connection refused")
	}
	rec := recorder{header: make(http.Header)}
	if cut(func() { h.ServeHTTP(&rec, r) }) {
		return nil, io.ErrUnexpectedEOF
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: rec.status, Header: rec.header, Body: io.NopCloser(&rec.body), Request: r}, nil
}

// cut runs serve and reports whether it cut the connection off.
func cut(serve func()) (aborted bool) {
	defer func() {
		if e := recover(); e != nil {
			if e != http.ErrAbortHandler { //nolint:errorlint // net/http compares it so, too
				panic(e)
			}
			aborted = true
		}
	}()
	serve()
	return false
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(s int)   { r.status = s }
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.body.Write(p)
}

// world is a whole shop on a mesh.
type world struct {
	mesh     mesh
	services map[string]*shop.Service
}

func newWorld(tb testing.TB, seed uint64) world {
	tb.Helper()
	w := world{mesh: mesh{}, services: map[string]*shop.Service{}}
	for _, name := range shop.Names() {
		s, err := shop.New(shop.Options{Name: name, Transport: w.mesh, Seed: seed, SizedFor: 1000})
		if err != nil {
			tb.Fatal(err)
		}
		w.services[name], w.mesh[name] = s, s.Handler()
	}
	return w
}

// do sends one request and returns its status, or 0 where there was no answer.
func (w world) do(ctx context.Context, method, url string, header ...string) int {
	status, _ := w.read(ctx, method, url, header...)
	return status
}

// read sends one request and returns status and body.
func (w world) read(ctx context.Context, method, url string, header ...string) (int, string) {
	req, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		panic(err) // a mistake in the test
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := w.mesh.RoundTrip(req)
	if err != nil {
		return 0, ""
	}
	body, _ := io.ReadAll(resp.Body) // from memory
	return resp.StatusCode, string(body)
}

// metrics returns what a service shows to a scrape that accepts OpenMetrics.
func (w world) metrics(tb testing.TB, service string) string {
	tb.Helper()
	status, text := w.read(tb.Context(), http.MethodGet, "http://"+service+":8080/metrics",
		"Accept", "application/openmetrics-text; version=1.0.0")
	if status != http.StatusOK {
		tb.Fatalf("GET /metrics of %s = %d: %s", service, status, text)
	}
	return text
}

// errorsFault is a fault that fails a share of requests.
func errorsFault(service string, ratio float64) fault.Fault {
	return fault.Fault{Kind: "errors", Service: service, Ratio: ratio}
}

package load_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/load"
	"goldensignals/internal/shop"
)

// mesh carries requests to handlers within the process, by the name of the host.
type mesh map[string]http.Handler

func (m mesh) RoundTrip(r *http.Request) (*http.Response, error) {
	h, ok := m[r.URL.Hostname()]
	if !ok {
		return nil, errors.New("connection refused")
	}
	rec := recorder{header: make(http.Header), status: http.StatusOK}
	h.ServeHTTP(&rec, r)
	return &http.Response{StatusCode: rec.status, Header: rec.header, Body: io.NopCloser(&rec.body), Request: r}, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

// world is a whole shop and its users, in virtual time.
type world struct {
	mesh     mesh
	services map[string]*shop.Service
	registry *prometheus.Registry // of the users
	users    *load.Generator
	start    time.Time
}

// newWorld makes a world; only in a bubble. Options may lack Target, Transport
// and Registry.
func newWorld(t *testing.T, o load.Options) *world {
	t.Helper()
	w := &world{mesh: mesh{}, services: map[string]*shop.Service{}, registry: prometheus.NewRegistry(), start: time.Now()}
	for _, name := range shop.Names() {
		s, err := shop.New(shop.Options{Name: name, Transport: w.mesh, Seed: o.Seed})
		if err != nil {
			t.Fatal(err)
		}
		w.services[name], w.mesh[name] = s, s.Handler()
	}
	o.Target, o.Registry = "http://shop:8080", w.registry
	if o.Transport == nil {
		o.Transport = w.mesh
	}
	var err error
	if w.users, err = load.New(o); err != nil {
		t.Fatal(err)
	}
	return w
}

// open lets users in for d, and returns once all have gone. The steps happen
// at their times after the start.
func (w *world) open(t *testing.T, d time.Duration, steps map[time.Duration]func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	for at, step := range steps {
		time.AfterFunc(at, step)
	}
	if err := w.users.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// inject is a step that breaks a service.
func (w *world) inject(t *testing.T, f fault.Fault) func() {
	return func() {
		if _, err := w.services[f.Service].Faults().Inject(time.Now(), f); err != nil {
			t.Errorf("Inject(%+v): %v", f, err)
		}
	}
}

// sum adds up what the users of a journey ("": all) saw from from to to after
// the start.
func (w *world) sum(journey string, from, to time.Duration) drill.Second {
	var sum drill.Second
	for _, s := range w.users.Seen(w.start.Add(from), w.start.Add(to)) {
		if journey == "" || s.Journey == journey {
			sum.Requests += s.Requests
			sum.Failed += s.Failed
			sum.Slow += s.Slow
		}
	}
	return sum
}

// metrics renders what every service and the users show.
func (w *world) metrics(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, name := range shop.Names() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+name+":8080/metrics", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
		resp, err := w.mesh.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		all.WriteString(f.String())
	}
	return all.String()
}

// virtually runs f in a bubble of its own and returns how long it really took.
func virtually(t *testing.T, f func(*testing.T)) time.Duration {
	t.Helper()
	start := time.Now()
	synctest.Test(t, f)
	return time.Since(start)
}

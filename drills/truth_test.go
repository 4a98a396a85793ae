package drills_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/load"
	"goldensignals/internal/shop"
)

var everyDrill = flag.Bool("truth", false, "play every drill to a real shop: takes a minute")

// mesh carries requests to the services within the process.
type mesh map[string]http.Handler

func (m mesh) RoundTrip(r *http.Request) (*http.Response, error) {
	h, ok := m[r.URL.Hostname()]
	if !ok {
		return nil, errors.New("connection refused")
	}
	a := answer{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(&a, r)
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(&a.body), Request: r}, nil
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// TestDrillsTellTheTruth runs each drill's faults against a real shop and real
// users in virtual time, without any alerting: what the drill claims must be
// what users see. Without -truth only those with few requests are played.
func TestDrillsTellTheTruth(t *testing.T) {
	t.Parallel()
	for file, s := range parseAll(t) {
		if requests := s.Load.RateAt(s.Duration) * s.Duration.Seconds(); requests > 90_000 && !*everyDrill {
			continue
		}
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			run := drill.Run{Seed: 1}
			synctest.Test(t, func(t *testing.T) {
				run.Start = time.Now()
				run.Seen = practise(t, s)
			})
			r, err := drill.Evaluate(s, run)
			if err != nil {
				t.Fatalf("Evaluate: %v", err)
			}
			for _, inc := range r.Incidents {
				t.Logf("%s: of %d requests %d failed, %d were slow; budget spent %.2f %%",
					inc.Name, inc.Requests, inc.FailedRequests, inc.SlowRequests, 100*inc.ErrorBudgetSpentRatio)
			}
		})
	}
}

// practise plays the timeline of s to a shop and returns what users saw.
func practise(t *testing.T, s *drill.Scenario) []drill.Second {
	t.Helper()
	start, services, m := time.Now(), map[string]*shop.Service{}, mesh{}
	for _, name := range shop.Names() {
		service, err := shop.New(shop.Options{Name: name, Transport: m, Seed: 1})
		if err != nil {
			t.Fatalf("open %s: %v", name, err)
		}
		services[name], m[name] = service, service.Handler()
	}
	users, err := load.New(load.Options{Target: "http://shop:8080", Transport: m, RPS: s.Load.RateAt(0), Seed: 1})
	if err != nil {
		t.Fatalf("invite users: %v", err)
	}
	for _, step := range s.Timeline {
		if f := step.Fault; f != nil {
			time.AfterFunc(step.At, func() {
				if _, err := services[f.Service].Faults().Inject(time.Now(), *f); err != nil {
					t.Errorf("inject %+v: %v", *f, err)
				}
			})
		}
	}
	for at := time.Minute; at < s.Duration; at += time.Minute {
		time.AfterFunc(at, func() {
			if err := users.SetRPS(s.Load.RateAt(at)); err != nil {
				t.Errorf("set the rate: %v", err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), s.Duration)
	defer cancel()
	if err := users.Run(ctx); err != nil {
		t.Errorf("users: %v", err)
	}
	return users.Seen(start, start.Add(s.Duration))
}

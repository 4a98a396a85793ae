package load_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/load"
	"goldensignals/internal/trace"
)

type listener struct {
	mu    sync.Mutex
	spans []trace.Span
}

func (l *listener) Record(s trace.Span) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spans = append(l.spans, s)
}

func (l *listener) all() []trace.Span {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spans
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestUsersTellWhatTheySaw(t *testing.T) {
	t.Parallel()
	well := func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	}
	for name, tt := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		status int
		reason string
		failed bool
		took   time.Duration
	}{
		"all is well": {answer: well, status: 200},
		"an error": {
			answer: func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody}, nil
			}, status: 502, failed: true,
		},
		"nobody there": {
			answer: func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
			reason: trace.Connection, failed: true,
		},
		"too slow": {
			answer: func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
			reason: trace.Timeout, failed: true, took: load.DefaultPatience,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var headers sync.Map
				l := &listener{}
				w := newWorld(t, load.Options{Seed: 1, Spans: l, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					headers.Store(r.Header.Get("Traceparent"), true)
					return tt.answer(r)
				})})
				w.open(t, 20*time.Second, nil)
				if len(l.all()) < 100 {
					t.Fatalf("%d spans of some 400 users", len(l.all()))
				}
				for _, s := range l.all() {
					if _, sent := headers.Load(trace.Header(s.Trace, s.ID)); !sent {
						t.Errorf("the span %s of trace %s is not the one in the request", s.ID, s.Trace)
					}
					if s.Status != tt.status || s.Error != tt.reason || s.Failed != tt.failed || s.Took != tt.took {
						t.Errorf("span = %+v, want status %d, error %q, failed %v, took %v", s, tt.status, tt.reason, tt.failed, tt.took)
					}
					if s.Parent != 0 || s.Kind != trace.Client || s.Service != load.Service || s.Peer != "shop" {
						t.Errorf("span = %+v, want one of users calling shop, at the beginning of its trace", s)
					}
				}
				// The same ids in every release: replays are compared byte by byte.
				if _, ok := headers.Load("00-45c35442d09f4cd3e220a8397b1dcdaf-8b24b2218c920be1-01"); !ok {
					t.Error("the first user has another trace than in earlier releases")
				}
			})
		})
	}
}

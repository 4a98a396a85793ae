package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/patience"
	"goldensignals/internal/router/web"
)

// stream opens the event stream and returns its lines.
func stream(t *testing.T, ctx context.Context, url string) (<-chan string, int) { //nolint:revive // t first
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	ended := make(chan struct{})
	t.Cleanup(func() { resp.Body.Close(); <-ended })
	go func() {
		defer close(ended)
		defer close(lines)
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines, resp.StatusCode
}

func next(t *testing.T, lines <-chan string, want string) {
	t.Helper()
	timeout := time.After(patience.Limit)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the stream ended before %q", want)
			}
			if line == want {
				return
			}
		case <-timeout:
			t.Fatalf("no line %q", want)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "/router")
	srv := httptest.NewServer(w.site)
	defer srv.Close()
	lines, code := stream(t, t.Context(), srv.URL+"/router/events")
	if code != http.StatusOK {
		t.Fatalf("GET events = %d", code)
	}
	next(t, lines, "retry: 2000")
	w.hub.Notify()
	next(t, lines, "event: changed")
	w.hub.Notify()
	next(t, lines, "event: changed")
	w.hub.Close()
	w.hub.Close()
	for range lines { // it ends
	}
	if _, code := stream(t, t.Context(), srv.URL+"/router/events"); code != http.StatusServiceUnavailable {
		t.Errorf("GET events after Close = %d, want 503", code)
	}
}

// TestEventsCrowd opens as many streams as there may be, and one more.
func TestEventsCrowd(t *testing.T) {
	t.Parallel()
	hub := web.NewHub()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	const limit = 200
	for range limit {
		rec := &recorder{ResponseRecorder: httptest.NewRecorder(), first: make(chan struct{})}
		go func() {
			hub.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, "GET", "/events", nil))
			ended <- struct{}{}
		}()
		<-rec.first
	}
	rec := httptest.NewRecorder()
	hub.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/events", nil))
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Errorf("stream %d = %d, want 503 with Retry-After", limit+1, rec.Code)
	}
	cancel()
	for range limit {
		<-ended
	}
	done, stop := context.WithCancel(t.Context())
	stop()
	rec = httptest.NewRecorder()
	hub.ServeHTTP(rec, httptest.NewRequestWithContext(done, "GET", "/events", nil))
	if rec.Code != http.StatusOK {
		t.Errorf("a stream after the others have left = %d, want 200", rec.Code)
	}
}

// recorder says when the first bytes came.
type recorder struct {
	*httptest.ResponseRecorder
	first chan struct{}
}

func (r *recorder) Write(b []byte) (int, error) {
	select {
	case <-r.first:
	default:
		close(r.first)
	}
	return r.ResponseRecorder.Write(b)
}

// TestEventsPace changes something a thousand times in ten seconds, and then
// nothing for a minute.
func TestEventsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := web.NewHub()
		rec := httptest.NewRecorder()
		ended := make(chan struct{})
		go func() {
			hub.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/events", nil))
			close(ended)
		}()
		synctest.Wait()
		for range 1000 {
			hub.Notify()
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		hub.Close()
		<-ended
		body := rec.Body.String()
		if got := strings.Count(body, "event: changed\n"); got < 20 || got > 21 {
			t.Errorf("%d events in ten seconds, want two a second", got)
		}
		if got := strings.Count(body, ": still here\n"); got != 4 {
			t.Errorf("%d heartbeats in 70 s, want 4", got)
		}
	})
}

func TestNilHub(t *testing.T) {
	t.Parallel()
	var hub *web.Hub
	hub.Notify()
}

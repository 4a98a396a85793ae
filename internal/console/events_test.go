package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/console"
)

const queryPath = "prometheus/prometheus/api/v1/query"

// stream is a watcher: an http.ResponseWriter that may be read while the
// handler writes.
type stream struct {
	mu     sync.Mutex
	header http.Header
	status int
	text   strings.Builder
}

func (s *stream) Header() http.Header    { return s.header }
func (s *stream) WriteHeader(status int) { s.status = status }
func (s *stream) Flush()                 {}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// take returns what was written since the last take.
func (s *stream) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}

// sections decodes the events in text, by id.
func sections(t *testing.T, text string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for line := range strings.Lines(text) {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var sec struct{ ID, HTML string }
		if err := json.Unmarshal([]byte(data), &sec); err != nil {
			t.Errorf("event %q: %v", line, err)
		}
		got[sec.ID] = sec.HTML
	}
	return got
}

// watch opens an event stream; leave ends it and waits for the handler.
func watch(ctx context.Context, c *console.Console) (s *stream, leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/events", nil)
	s = &stream{header: http.Header{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Handler().ServeHTTP(s, r)
	}()
	return s, func() { cancel(); <-done }
}

// running starts a console in the bubble; stop ends it and returns Run's error.
func running(t *testing.T, w *world) (c *console.Console, stop func() error) {
	t.Helper()
	c = newConsole(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return c, func() error { cancel(); return <-ended }
}

func TestEventsFollowTheWorld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.healthy(time.Now())
		c, stop := running(t, w)
		s, leave := watch(t.Context(), c)
		synctest.Wait()

		first := sections(t, s.take())
		if len(first) != 10 || !strings.Contains(first["summary"], "All quiet") {
			t.Errorf("first events = %d sections, summary %q; want all 10, all quiet", len(first), first["summary"])
		}
		if got := s.header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type = %q", got)
		}

		w.change(func() {
			w.fire(time.Now(), alert.Labels{"alertname": "ShopErrorsFastBurn", "severity": "critical"}, nil)
		})
		time.Sleep(2*time.Second + time.Millisecond)
		synctest.Wait()
		next := sections(t, s.take())
		if !strings.Contains(next["alerts"], "ShopErrorsFastBurn") || !strings.Contains(next["summary"], "1 alert firing") {
			t.Errorf("after 2 s the alert is not shown: %q", next)
		}
		if _, sent := next["phone"]; sent {
			t.Error("the phone's section was sent although it did not change")
		}

		leave()
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestSourcesAreAskedOnlyWhileSomebodyWatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c, stop := running(t, w)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := w.count(queryPath); got != 0 {
			t.Errorf("queries with nobody watching = %d, want 0", got)
		}

		var leaves []func()
		for range 5 {
			_, leave := watch(t.Context(), c)
			leaves = append(leaves, leave)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		// One at once, one more for those who joined meanwhile, then every 2 s:
		// the number of watchers does not matter.
		if got := w.count(queryPath); got < 30 || got > 32 {
			t.Errorf("queries in a minute with 5 watchers = %d, want about 31", got)
		}

		for _, leave := range leaves {
			leave()
		}
		before := w.count(queryPath)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := w.count(queryPath) - before; got > 1 {
			t.Errorf("queries after all have left = %d, want none but the one under way", got)
		}
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestChangesShowAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c, stop := running(t, w)
		s, leave := watch(t.Context(), c)
		time.Sleep(time.Second)
		synctest.Wait()
		s.take()

		post(t, c, "/faults", url.Values{"kind": {"errors"}, "service": {"payments"}})
		synctest.Wait()
		if got := sections(t, s.take()); !strings.Contains(got["active-faults"], "payments") {
			t.Errorf("an injected fault is not shown at once: %q", got)
		}

		// However often somebody clicks, refreshes keep their distance.
		before := w.count(queryPath)
		for range 100 {
			post(t, c, "/faults/clear", nil)
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if got := w.count(queryPath) - before; got > 5 {
			t.Errorf("queries during a second of clicks = %d, want 5 at most", got)
		}
		leave()
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestRunEndsItsStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, stop := running(t, newWorld())
		s, leave := watch(t.Context(), c)
		time.Sleep(time.Minute) // heartbeats keep the connection alive
		synctest.Wait()
		if !strings.Contains(s.take(), ": still here") {
			t.Error("no heartbeat within a minute")
		}
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		synctest.Wait() // the stream has ended by itself, or the bubble would report a leak
		late, leaveLate := watch(t.Context(), c)
		leaveLate()
		if late.status != http.StatusServiceUnavailable {
			t.Errorf("watching an ended console = %d, want 503", late.status)
		}
		if err := c.Run(t.Context()); err == nil {
			t.Error("the second Run gave no error")
		}
		leave()
	})
}

func TestTooManyWatchers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, stop := running(t, newWorld())
		var leaves []func()
		for range 64 {
			_, leave := watch(t.Context(), c)
			leaves = append(leaves, leave)
		}
		synctest.Wait()
		s, leave := watch(t.Context(), c)
		leave()
		if s.status != http.StatusServiceUnavailable {
			t.Errorf("watcher 65 = %d, want 503", s.status)
		}
		for _, leave := range leaves {
			leave()
		}
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

// A source that hangs must not hold the others back for long.
func TestHangingSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.healthy(time.Now())
		opts := options(t, w)
		opts.Transport = hangs{host: "alertrouter", next: w}
		began := time.Now()
		_, page := get(t, must(t, opts), "/")
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("the page took %s", took)
		}
		wantIn(t, page, "The router does not answer within 3s", "Prometheus <b>answers</b>", "All quiet")
	})
}

// hangs answers nothing from one host.
type hangs struct {
	host string
	next http.RoundTripper
}

func (h hangs) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == h.host {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return h.next.RoundTrip(r)
}

// Charts stand still between two steps, or every refresh would redraw them all.
func TestChartsLieOnAGrid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // begins at midnight, 2000-01-01
		w := newWorld()
		c := newConsole(t, w)
		time.Sleep(29 * time.Second)
		get(t, c, "/")
		const midnight = 946684800
		if got, want := w.queries["range"], fmt.Sprintf("%d.000 %d.000 15s", midnight+15-900, midnight+15); got != want {
			t.Errorf("range asked for = %q, want %q", got, want)
		}
		if got := w.queries["query"]; !strings.Contains(got, "service:saturation:ratio_rate1m") {
			t.Errorf("query = %q", got)
		}
	})
}

// An answer without end must not fill the memory.
func TestHugeAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld()
	opts := options(t, w)
	opts.Transport = babbles{host: "alertrouter", next: w}
	_, page := get(t, must(t, opts), "/")
	wantIn(t, page, "The router answered more than 8 MiB")
}

// babbles answers one host's requests with spaces for ever.
type babbles struct {
	host string
	next http.RoundTripper
}

func (b babbles) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != b.host {
		return b.next.RoundTrip(r)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(b), Request: r}, nil
}

func (babbles) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

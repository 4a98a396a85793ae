package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"goldensignals/internal/havoc"
	"goldensignals/internal/patience"
)

func TestServes(t *testing.T) {
	t.Parallel()
	r := start(t, "--service=payments")
	for _, path := range []string{"/-/healthy", "/-/ready", "/metrics"} {
		if status, _ := ask(t, http.MethodGet, r.web(path), ""); status != http.StatusOK {
			t.Errorf("GET %s: status %d, want 200", path, status)
		}
	}
	if status := r.charge(t); status != http.StatusCreated {
		t.Errorf("a charge: status %d, want 201", status)
	}
	_, metrics := ask(t, http.MethodGet, r.web("/metrics"), "")
	for _, name := range []string{"http_server_request_duration_seconds_count", "container_start_time_seconds", "container_oom_events_total 0"} {
		if !strings.Contains(metrics, name) {
			t.Errorf("/metrics has no %s", name)
		}
	}
	if status, _ := ask(t, http.MethodGet, r.web("/api/v1/faults"), ""); status != http.StatusNotFound {
		t.Errorf("the faults at the service's own address: status %d, want 404", status)
	}
	r.end()
	if err := <-r.ended; err != nil {
		t.Errorf("run() = %v, want nil", err)
	}
}

func TestPeers(t *testing.T) {
	t.Parallel()
	var asked string
	auth := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.Host + r.URL.Path }))
	defer auth.Close()
	r := start(t, "--service=shop", "--peer=auth="+auth.URL+"/below")
	if status, body := ask(t, http.MethodGet, r.web("/products/1"), ""); status != http.StatusOK {
		t.Errorf("a product: status %d: %s", status, body)
	}
	if want := strings.TrimPrefix(auth.URL, "http://") + "/below/tokeninfo"; asked != want {
		t.Errorf("auth was asked for %q, want %q", asked, want)
	}
}

// TestEndIsGraceful looks at what is true only while the service drains: a busy machine
// that misses it is given more time.
func TestEndIsGraceful(t *testing.T) {
	t.Parallel()
	for drain := 500 * time.Millisecond; !endsGracefully(t, drain); drain *= 4 {
		if drain > 30*time.Second {
			t.Fatalf("nothing could be seen of an end that takes %v", drain)
		}
	}
}

// endsGracefully ends a service that drains for so long while it works on a request. It
// reports whether it was there in time to see it.
func endsGracefully(t *testing.T, drain time.Duration) (seen bool) {
	t.Helper()
	r := start(t, "--service=payments", "--web.drain-delay="+drain.String())
	r.inject(t, fmt.Sprintf(`{"kind":"latency","service":"payments","delay":%q}`, drain+500*time.Millisecond))
	charged := make(chan int, 1)
	go func() { charged <- r.charge(t) }()
	patience.Until(t, "request under way", func() bool {
		_, metrics := ask(t, http.MethodGet, r.web("/metrics"), "")
		return strings.Contains(metrics, "\nhttp_server_active_requests 1\n") || len(charged) > 0
	})
	r.end()
	var ready int
	patience.Until(t, "end of readiness", func() bool {
		ready, _ = ask(t, http.MethodGet, r.web("/-/ready"), "")
		return ready != http.StatusOK
	})
	healthy, _ := ask(t, http.MethodGet, r.web("/-/healthy"), "")
	if late := len(charged) > 0 || ready == 0 || healthy == 0; late {
		return false
	}
	if ready != http.StatusServiceUnavailable || healthy != http.StatusOK {
		t.Errorf("while draining: ready %d, want 503; healthy %d, want 200", ready, healthy)
	}
	if status := <-charged; status != http.StatusCreated {
		t.Errorf("the request under way: status %d, want 201", status)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("run() = %v, want nil", err)
	}
	if status := r.charge(t); status != 0 {
		t.Errorf("after the end: status %d, want no answer", status)
	}
	return true
}

func TestFaultsChangeAnswers(t *testing.T) {
	t.Parallel()
	r := start(t, "--service=payments")
	r.inject(t, `{"kind":"errors","service":"payments","ratio":1}`)
	if status := r.charge(t); status != http.StatusInternalServerError {
		t.Errorf("with a fault: status %d, want 500", status)
	}
	if status, body := ask(t, http.MethodDelete, r.api("faults"), ""); status != http.StatusOK || !strings.Contains(body, `"errors"`) {
		t.Errorf("clear: status %d: %s", status, body)
	}
	if status := r.charge(t); status != http.StatusCreated {
		t.Errorf("without the fault: status %d, want 201", status)
	}
	for _, wrong := range []string{
		`{"kind":"errors","service":"shop","ratio":1}`, `{"kind":"nonsense","service":"payments"}`, `{`,
	} {
		if status, body := ask(t, http.MethodPost, r.api("faults"), wrong); status != http.StatusBadRequest {
			t.Errorf("inject %s: status %d: %s; want 400", wrong, status, body)
		}
	}
}

func TestCrashEndsTheProcess(t *testing.T) {
	t.Parallel()
	r := start(t, "--service=payments")
	r.inject(t, `{"kind":"crash","service":"payments"}`)
	if err := <-r.ended; !errors.Is(err, havoc.ErrDown) {
		t.Errorf("run() = %v, want %v", err, havoc.ErrDown)
	}
}

// TestLastAnswerOfTheAPI: an order under way while the process ends is answered. A
// crash is one: who injects it would not know whether it was taken.
func TestLastAnswerOfTheAPI(t *testing.T) {
	t.Parallel()
	r := start(t, "--service=payments", "--web.drain-delay=0s")
	conn, err := net.Dial("tcp", r.app.admin.Load().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const order = `{"kind":"crash","service":"payments"}`
	fmt.Fprintf(conn, "POST /api/v1/faults HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", conn.RemoteAddr(), len(order))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("the order is not under way: %q, %v", line, err)
	}
	r.end()
	patience.Until(t, "end of the service", func() bool { return r.charge(t) == 0 })
	fmt.Fprint(conn, order)
	_, _ = answers.ReadString('\n') // the empty line after 100 Continue
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "201") {
		t.Errorf("the order under way: %q, %v; want 201", line, err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("run() = %v, want nil", err)
	}
}

func TestTokenIsRequired(t *testing.T) {
	t.Parallel()
	r := start(t, "--service=payments", "--admin.token-file="+writeToken(t, "correct horse\n"))
	for _, tt := range []struct {
		authorization string
		want          int
	}{
		{"", http.StatusUnauthorized},
		{"Bearer", http.StatusUnauthorized},
		{"Bearer wrong", http.StatusUnauthorized},
		{"Basic correct horse", http.StatusUnauthorized},
		{"Bearer correct horse battery", http.StatusUnauthorized},
		{"Bearer correct horse", http.StatusOK},
		{"bearer correct horse", http.StatusOK},
	} {
		status, _ := ask(t, http.MethodGet, r.api("faults"), "", "Authorization", tt.authorization)
		if status != tt.want {
			t.Errorf("with %q: status %d, want %d", tt.authorization, status, tt.want)
		}
	}
	if strings.Contains(r.log.String(), "horse") {
		t.Errorf("the log tells the token:\n%s", r.log)
	}
}

func TestWebPagesCannotBreakThings(t *testing.T) {
	t.Parallel()
	r := start(t, "--service=payments")
	const fault = `{"kind":"errors","service":"payments","ratio":1}`
	if status, _ := ask(t, http.MethodPost, r.api("faults"), fault, "Origin", "http://elsewhere.example"); status != http.StatusForbidden {
		t.Errorf("from another origin: status %d, want 403", status)
	}
	if status, _ := ask(t, http.MethodPost, r.api("faults"), fault, "Host", "rebound.example:9000"); status != http.StatusMisdirectedRequest {
		t.Errorf("for another host: status %d, want 421", status)
	}
	if status := r.charge(t); status != http.StatusCreated {
		t.Errorf("a charge: status %d, want 201", status)
	}
}

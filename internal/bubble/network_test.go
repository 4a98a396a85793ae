package bubble_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/bubble"
)

func TestNetwork(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		transport func(*bubble.Network) http.RoundTripper
	}{
		{"pipes", func(n *bubble.Network) http.RoundTripper {
			return &http.Transport{DialContext: n.DialContext, DisableKeepAlives: true}
		}},
		{"direct", func(n *bubble.Network) http.RoundTripper { return n.Transport() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var n bubble.Network
				stop, err := n.Serve("echo:8080", http.HandlerFunc(echoAfterAnHour))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := n.Serve("echo:8080", http.NotFoundHandler()); err == nil {
					t.Error("Serve on a taken address succeeded")
				}
				client := &http.Client{Transport: tt.transport(&n)}
				start := time.Now()
				resp, err := client.Post("http://echo:8080/x?y=1", "text/plain", strings.NewReader("hello"))
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if got, want := string(body), "POST /x?y=1 hello"; got != want || resp.StatusCode != http.StatusAccepted {
					t.Errorf("answer = %d %q, want 202 %q", resp.StatusCode, got, want)
				}
				if got := time.Since(start); got != time.Hour {
					t.Errorf("request took %v of virtual time, want 1h", got)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://echo:8080/", nil)
				if resp, err := client.Do(req); err == nil {
					resp.Body.Close()
					t.Error("a request past its deadline was answered")
				}
				if err := stop(t.Context()); err != nil {
					t.Errorf("stop: %v", err)
				}
				if resp, err := client.Get("http://echo:8080/"); err == nil {
					resp.Body.Close()
					t.Error("a stopped server answered")
				}
			})
		})
	}
}

func echoAfterAnHour(w http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(time.Hour):
	case <-r.Context().Done():
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+string(body))
}

// TestStopWaitsForNobody opens a connection and sends nothing on it: net/http
// alone would wait five seconds for its first request.
func TestStopWaitsForNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n bubble.Network
		stop, err := n.Serve("echo:8080", http.NotFoundHandler())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := n.DialContext(t.Context(), "tcp", "echo:8080")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		synctest.Wait() // the server has it
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Errorf("stop = %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("stop took %v of virtual time, want it to wait for nobody", took)
		}
	})
}

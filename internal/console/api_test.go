package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/console"
	"goldensignals/internal/fault"
)

func call(t *testing.T, c *console.Console, method, path, body string) (int, string) {
	t.Helper()
	resp, text := do(t, c, httptest.NewRequest(method, path, strings.NewReader(body)))
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s %s: Content-Type = %q", method, path, got)
	}
	return resp.StatusCode, text
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("decode %q: %v", text, err)
	}
	return v
}

func TestFaultAPI(t *testing.T) {
	t.Parallel()
	c := newConsole(t, newWorld())
	type list struct {
		Kinds  []struct{ Name string }
		Active []fault.Active
	}
	status, text := call(t, c, http.MethodGet, "/api/v1/faults", "")
	if got := decode[list](t, text); status != http.StatusOK || len(got.Kinds) != len(fault.Kinds()) || !strings.Contains(text, `"active":[]`) {
		t.Fatalf("list = %d %s", status, text)
	}

	status, text = call(t, c, http.MethodPost, "/api/v1/faults", `{"kind":"latency","service":"orders","delay":"400ms","ratio":0.5,"for":"5m"}`)
	injected := decode[fault.Active](t, text)
	want := fault.Fault{Kind: "latency", Service: "orders", Ratio: 0.5, Delay: fault.Duration(400 * time.Millisecond), For: fault.Duration(5 * time.Minute)}
	if status != http.StatusCreated || !cmp.Equal(injected.Fault, want) || injected.Until.Sub(injected.Since) != 5*time.Minute {
		t.Fatalf("inject = %d %s", status, text)
	}

	_, text = call(t, c, http.MethodGet, "/api/v1/faults", "")
	if got := decode[list](t, text); len(got.Active) != 1 || !cmp.Equal(got.Active[0].Fault, want) {
		t.Errorf("active = %s", text)
	}

	status, text = call(t, c, http.MethodDelete, "/api/v1/faults?kind=errors", "")
	if status != http.StatusOK || strings.TrimSpace(text) != `{"cleared":[]}` {
		t.Errorf("clear of another kind = %d %s", status, text)
	}
	status, text = call(t, c, http.MethodDelete, "/api/v1/faults?service=orders", "")
	if got := decode[struct{ Cleared []fault.Active }](t, text); status != http.StatusOK || len(got.Cleared) != 1 {
		t.Errorf("clear = %d %s", status, text)
	}
}

func TestFaultAPIRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string // in the error
	}{
		{"unknown field", "POST", "/api/v1/faults", `{"kind":"errors","service":"shop","rate":1}`, 400, "rate"},
		{"unknown kind", "POST", "/api/v1/faults", `{"kind":"eror","service":"shop"}`, 400, "errors, latency"},
		{"unknown service", "POST", "/api/v1/faults", `{"kind":"errors","service":"shoe"}`, 400, "payments"},
		{"zero ratio", "POST", "/api/v1/faults", `{"kind":"errors","service":"shop","ratio":0}`, 400, "ratio"},
		{"not JSON", "POST", "/api/v1/faults", `kind=errors`, 400, "decode fault"},
		{"two faults", "POST", "/api/v1/faults", `{"kind":"errors","service":"shop"}{}`, 400, "one fault"},
		{"empty", "POST", "/api/v1/faults", ``, 400, "fault"},
		{"too large", "POST", "/api/v1/faults", `{"kind":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "64 KiB"},
		{"clear unknown kind", "DELETE", "/api/v1/faults?kind=eror", "", 400, "errors, latency"},
		{"clear unknown service", "DELETE", "/api/v1/faults?service=shoe", "", 400, "payments"},
		{"clear unknown parameter", "DELETE", "/api/v1/faults?name=errors", "", 400, "kind and service"},
		{"method", "PUT", "/api/v1/faults", "", 405, "GET, POST or DELETE"},
		{"path", "GET", "/api/v1/fault", "", 404, "/api/v1/faults"},
	}
	c := newConsole(t, newWorld())
	for _, tt := range tests {
		status, text := call(t, c, tt.method, tt.path, tt.body)
		got := decode[struct{ Error string }](t, text)
		if status != tt.status || !strings.Contains(got.Error, tt.want) {
			t.Errorf("%s: %d %q, want %d with %q", tt.name, status, got.Error, tt.status, tt.want)
		}
	}
	if _, text := call(t, c, http.MethodGet, "/api/v1/faults", ""); !strings.Contains(text, `"active":[]`) {
		t.Errorf("a refused request left a fault: %s", text)
	}
}

func TestForeignOriginChangesNothing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		header http.Header
		want   int
	}{
		{"command line", http.Header{}, 201},
		{"own page", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 201},
		{"own origin, older browser", http.Header{"Origin": {"http://127.0.0.1:8080"}}, 201},
		{"foreign page", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"foreign origin, older browser", http.Header{"Origin": {"http://evil.example"}}, 403},
	}
	for _, tt := range tests {
		c := newConsole(t, newWorld())
		r := httptest.NewRequest(http.MethodPost, "/api/v1/faults", strings.NewReader(`{"kind":"errors","service":"shop"}`))
		r.Header = tt.header
		if resp, body := do(t, c, r); resp.StatusCode != tt.want {
			t.Errorf("%s: %s %s, want %d", tt.name, resp.Status, body, tt.want)
		}
	}
}

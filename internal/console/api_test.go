package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestFaultAPI: the API of package faultapi is there, over the console's faults.
func TestFaultAPI(t *testing.T) {
	t.Parallel()
	c := newConsole(t, newWorld())
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/api/v1/faults", `{"kind":"errors","service":"shop"}`, 201, `"until"`},
		{"GET", "/api/v1/faults", "", 200, `"active":[{"kind":"errors"`},
		{"POST", "/api/v1/fixes", `{"repair":"rollback","service":"shop"}`, 201, `"effect"`},
		{"GET", "/api/v1/fixes", "", 200, `"applied":[{"repair":"rollback"`},
		{"GET", "/api/v1/fault", "", 404, "/api/v1/faults"},
	} {
		resp, text := do(t, c, httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body)))
		if resp.StatusCode != tt.status || !strings.Contains(text, tt.want) {
			t.Errorf("%s %s = %d %s, want %d with %q", tt.method, tt.path, resp.StatusCode, text, tt.status, tt.want)
		}
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

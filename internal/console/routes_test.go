package console_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"goldensignals/dashboards"
)

// TestBoardsLeadToThePage: what alerts link to is there without Grafana, and the
// page has the section.
func TestBoardsLeadToThePage(t *testing.T) {
	t.Parallel()
	c := newConsole(t, newWorld())
	_, page := get(t, c, "/")
	files, err := fs.Glob(dashboards.FS(), "*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("boards = %v, %v", files, err)
	}
	for _, path := range append(files, "another") {
		path = "/d/" + strings.TrimSuffix(path, ".json")
		rec := httptest.NewRecorder()
		c.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+path+"?var-service=payments", http.NoBody))
		to, anchor, _ := strings.Cut(rec.Header().Get("Location"), "#")
		if rec.Code != http.StatusSeeOther || to != "/" || (anchor == "") != (path == "/d/another") || !strings.Contains(page, `id="`+anchor) {
			t.Errorf("GET %s = %d to %q, want the page and a section that it has", path, rec.Code, rec.Header().Get("Location"))
		}
	}
}

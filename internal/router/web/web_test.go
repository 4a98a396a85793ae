package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/web"
	"goldensignals/internal/runbook"
	"goldensignals/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const evil = `<script>alert(1)</script>"><img src=x onerror=alert(1)>`

// site returns the pages under /router/, with one evil incident in the store.
func site(t *testing.T) http.Handler {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "r.db"), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	fill(t, st)
	lib, err := runbook.Load(fstest.MapFS{"ShopErrors.md": {Data: []byte(
		"---\ndrill: payments-errors\nrepairs: [rollback --service=payments]\n---\n# ShopErrors\n\n## Meaning\n\nUsers see errors. More.\n")},
		"Undrilled.md": {Data: []byte("---\nnot_drilled: it <always> fires\n---\n# Undrilled\n")}})
	if err != nil {
		t.Fatal(err)
	}
	external := &url.URL{Scheme: "http", Host: "localhost", Path: "/router"}
	pages, err := web.New(web.Options{Store: st, Runbooks: lib, ExternalURL: external, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return http.StripPrefix("/router", pages)
}

func fill(t *testing.T, st *store.Store) {
	t.Helper()
	now := time.Now()
	inc := store.Incident{
		ID: "i1", GroupKey: evil, Status: alert.Firing, Severity: alert.Critical, AlertName: evil, Service: evil, Title: evil,
		RunbookURL: "javascript:alert(1)", StartedAt: now, UpdatedAt: now,
	}
	n := alert.Notification{
		ID: "m1", Incident: "i1", Receiver: "phone", ReceiverType: "sms", Severity: alert.Critical, Status: alert.Firing, AlertName: evil,
		Service: evil, Reason: evil, GroupKey: evil, Title: evil, Text: evil + " http://localhost/router/runbooks/ShopErrors",
		RunbookURL: "http://localhost/router/runbooks/ShopErrors", CreatedAt: now,
	}
	bad := n
	bad.ID, bad.RunbookURL, bad.Text = "m2", "javascript:alert(1)", evil+" javascript:alert(1)"
	bad.Status = alert.Resolved
	for _, err := range []error{
		st.Accept(t.Context(), alert.Group{GroupKey: evil, Status: alert.Firing, NotificationReason: evil}, now, func(store.GroupState) (store.Change, error) {
			return store.Change{Outcome: evil, Incident: &inc, Notifications: []alert.Notification{n}}, nil
		}),
		st.PutSMS(t.Context(), n, now),
		st.PutSMS(t.Context(), bad, now),
		st.PutTicket(t.Context(), n, now),
		st.PutTicket(t.Context(), bad, now),
		st.PutLines(t.Context(), "m1", now, []string{`{"alertname":"<script>alert(1)</script>"}`, evil}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := site(t)
	for _, tt := range []struct {
		path string
		code int
		want string
	}{
		{"/router/", 200, "1 open incident<"},
		{"/router/phone", 200, `<a href="http://localhost/router/runbooks/ShopErrors">http://localhost/router/runbooks/ShopErrors</a>`},
		{"/router/phone", 200, "✓ Resolved"},
		{"/router/tickets", 200, `href="/router/tickets/i1"`},
		{"/router/tickets/i1", 200, "closed"},
		{"/router/tickets/none", 404, "It is not here"},
		{"/router/log", 200, "unreadable line"},
		{"/router/runbooks", 200, "Users see errors."},
		{"/router/runbooks/", 200, `href="/router/runbooks/ShopErrors"`},
		{"/router/runbooks/ShopErrors", 200, "gameday drill start payments-errors"},
		{"/router/runbooks/Undrilled", 200, "There is no drill for it: it &lt;always&gt; fires."},
		{"/router/runbooks/%3Cscript%3E", 404, "has no runbook yet"},
		{"/router/runbooks/Unwritten", 404, `href="/router/runbooks/ShopErrors"`},
		{"/router/nothing", 404, "does not exist"},
		{"/router/static/app.css", 200, "prefers-color-scheme"},
		{"/router/static/live.js", 200, "EventSource"},
		{"/router/static/", 404, ""},
	} {
		w := get(t, h, tt.path)
		body := w.Body.String()
		if w.Code != tt.code || !strings.Contains(body, tt.want) {
			t.Errorf("GET %s = %d, want %d with %q:\n%s", tt.path, w.Code, tt.code, tt.want, body)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		for _, bad := range []string{"<script>", "<img", `="javascript:`} {
			if strings.Contains(body, bad) {
				t.Errorf("GET %s contains %s:\n%s", tt.path, bad, body)
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("GET %s has policy %q", tt.path, csp)
		}
	}
}

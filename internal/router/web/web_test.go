package web_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/router/web"
	"goldensignals/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// evil tries to be markup, and to turn the direction of what follows.
const evil = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>\u202egnp.exe\u2066"

// site returns the pages below /router/, with one evil incident in the store and
// evil silences.
func site(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "/router")
	fill(t, w.store)
	w.choices = []router.Choice{{Name: evil, Text: evil, Muted: []string{evil}, Others: []string{evil}}}
	w.silences = []router.Silence{{
		ID: evil, Matchers: evil, Author: evil, Comment: evil, Incident: evil, IncidentTitle: evil,
		StartsAt: time.Now().Add(-time.Hour), EndsAt: time.Now().Add(time.Hour), Notes: []string{evil},
	}}
	return w
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
	bad.ID, bad.RunbookURL, bad.Text = "m2", "javascript:alert(1)", evil+" javascript:alert(1) data:text/html,x Act: https://localhost/router/i/abc."
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

// kill gives the message of the evil incident up.
func kill(t *testing.T, st *store.Store) {
	t.Helper()
	now := time.Now().Add(time.Second)
	n, ok, err := st.Lease(t.Context(), "phone", now, now.Add(time.Minute))
	if err != nil || !ok {
		t.Fatalf("lease: %v %v", ok, err)
	}
	if err := st.Dead(t.Context(), n, alert.Unsure(errors.New(evil))); err != nil {
		t.Fatal(err)
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
	w := site(t)
	h := w.site
	kill(t, w.store)
	for _, tt := range []struct {
		path string
		code int
		want string
	}{
		{"/router/", 200, "1 open incident<"},
		{"/router/phone", 200, `<a href="http://localhost/router/runbooks/ShopErrors">http://localhost/router/runbooks/ShopErrors</a>`},
		{"/router/phone", 200, "✓ Resolved"},
		{"/router/phone", 200, `Act: <a href="https://localhost/router/i/abc">https://localhost/router/i/abc</a>`},
		{"/router/", 200, "given up"},
		{"/router/incidents", 200, `href="/router/incidents/i1"`},
		{"/router/incidents/i1", 200, "Could not tell"},
		{"/router/incidents/i1", 200, `action="/router/messages/m1/retry"`},
		{"/router/incidents/none", 404, "It is not here"},
		{"/router/i/link-i1", 200, "Acknowledge"},
		{"/router/i/old", 403, "too old"},
		{"/router/messages", 200, `<bdi>phone</bdi>`},
		{"/router/messages?state=dead&receiver=phone", 200, `action="/router/messages/m1/retry"`},
		{"/router/messages?state=delivered", 200, "No message like that."},
		{"/router/messages?state=%22%3E%3Cscript%3E&receiver=%3Cscript%3E", 200, "No message like that."},
		{"/router/messages/dead", 200, "Send again"},
		{"/router/silences", 200, "End now"},
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
		for _, bad := range []string{"<script>", "<img", `="javascript:`, "\u202e", "\u2066", "ZgotmplZ"} {
			if strings.Contains(body, bad) {
				t.Errorf("GET %s contains %s:\n%s", tt.path, bad, body)
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("GET %s has policy %q", tt.path, csp)
		}
	}
}

// TestLinkify is about what of a text becomes a link.
func TestLinkify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"none", "CRITICAL shop: down", "CRITICAL shop: down"},
		{"two", "down http://h/r Act: https://h/i/t", `down <a href="http://h/r">http://h/r</a> Act: <a href="https://h/i/t">https://h/i/t</a>`},
		{"full stop", "see http://h/r. Or not", `see <a href="http://h/r">http://h/r</a>. Or not`},
		{"lines", "a\nhttp://h/r\n\tb", "a\n" + `<a href="http://h/r">http://h/r</a>` + "\n\tb"},
		{"inside a word", "xhttp://h/r", "xhttp://h/r"},
		{"script", "javascript:alert(1)", "javascript:alert(1)"},
		{"no host", "http:///r https://", "http:///r https://"},
		{"another name before @", "http://bank.example@evil.example/", "http://bank.example@evil.example/"},
		{"quote", `http://h/"onmouseover="x`, `<a href="http://h/%22onmouseover=%22x">http://h/&#34;onmouseover=&#34;x</a>`},
		{"markup", "<b> http://h/<b>", `&lt;b&gt; <a href="http://h/%3cb">http://h/&lt;b</a>&gt;`},
		{"empty", "", ""},
	} {
		w := newWorld(t, "")
		n := alert.Notification{ID: "m1", Status: alert.Firing, Severity: alert.Critical, Text: tt.text}
		if err := w.store.PutSMS(t.Context(), n, time.Now()); err != nil {
			t.Fatal(err)
		}
		if page := get(t, w.site, "/phone").Body.String(); !strings.Contains(page, `<p class="bubble">`+tt.want+"</p>") {
			t.Errorf("%s: want %s in:\n%s", tt.name, tt.want, page)
		}
	}
}

// TestNoActions checks that pages without actions have no forms.
func TestNoActions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	fill(t, w.store)
	kill(t, w.store)
	pages, err := web.New(web.Options{Store: w.store, ExternalURL: &url.URL{Scheme: "http", Host: "localhost"}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/incidents", "/incidents/i1", "/messages", "/messages/dead", "/silences", "/i/link-i1"} {
		body := get(t, pages, path).Body.String()
		for _, bad := range []string{"<form", "<button", `href="/silences"`, "data-events"} {
			if strings.Contains(body, bad) {
				t.Errorf("GET %s contains %s:\n%s", path, bad, body)
			}
		}
	}
	if got := post(t, pages, "/incidents/i1", values("do", "acknowledge")); got.Code != http.StatusNotFound {
		t.Errorf("POST = %d, want 404", got.Code)
	}
	if got := get(t, pages, "/events"); got.Code != http.StatusNotFound {
		t.Errorf("GET events = %d, want 404", got.Code)
	}
}

// TestTimeline tells the story of one incident from what the store knows.
func TestTimeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	start := time.Now().Add(-time.Hour).Truncate(time.Second)
	sms := func(id string, level int) alert.Notification {
		return alert.Notification{
			ID: id, Receiver: "oncall", ReceiverType: "sms", To: "+49170", Level: level, Severity: alert.Critical, Status: alert.Firing,
			Title: "down", Reason: "first notification", CreatedAt: start.Add(time.Duration(level) * 5 * time.Minute),
		}
	}
	inc := checkout(start)
	w.open(t, inc, sms("m1", 0), sms("m2", 1))
	send := func(at time.Time, end func(alert.Notification) error) {
		t.Helper()
		n, ok, err := w.store.Lease(t.Context(), "oncall", at, at.Add(time.Minute))
		if err != nil || !ok {
			t.Fatalf("lease: %v %v", ok, err)
		}
		if err := end(n); err != nil {
			t.Fatal(err)
		}
	}
	send(start, func(n alert.Notification) error {
		return w.store.Retry(t.Context(), n, start.Add(2*time.Second), alert.Unsure(errors.New("timeout")))
	})
	send(start.Add(2*time.Second), func(n alert.Notification) error {
		return w.store.Delivered(t.Context(), n.ID, start.Add(3*time.Second), alert.Receipt{Provider: "kannel", Reported: true})
	})
	send(start.Add(5*time.Minute), func(n alert.Notification) error {
		return w.store.Dead(t.Context(), n, errors.New("number unknown"))
	})
	err := w.store.Amend(t.Context(), inc.ID, start.Add(10*time.Minute), func(i store.Incident) (store.Change, error) {
		i.AcknowledgedAt, i.AcknowledgedBy = start.Add(10*time.Minute), "Ada"
		i.Status, i.ResolvedAt = alert.Resolved, start.Add(20*time.Minute)
		return store.Change{Incident: &i, Events: []store.Event{
			{Incident: i.ID, At: start.Add(5 * time.Minute), Kind: "escalated", Text: "oncall, level 1"},
			{Incident: i.ID, At: start.Add(10 * time.Minute), Kind: "acknowledged", Author: "Ada"},
			{Incident: i.ID, At: start.Add(11 * time.Minute), Kind: "silenced", Author: "Ada", Text: "for 1 h"},
		}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	page := get(t, w.site, "/incidents/c1").Body.String()
	at := 0
	for _, want := range []string{
		"Fired", "Told oncall (SMS, &#43;49170)", "delivered after 3 s by kannel", "no delivery report yet", "2 attempts", "the answer to 1 attempt was lost",
		"Escalated", "oncall, level 1", "Could not tell oncall (SMS, &#43;49170), level 1", "number unknown", "Send again",
		"Acknowledged", "<bdi>Ada</bdi>", "Silenced", "for 1 h", "Resolved", "after 20 min",
	} {
		i := strings.Index(page[at:], want)
		if i < 0 {
			t.Fatalf("the timeline lacks %q, or has it too early:\n%s", want, page)
		}
		at += i
	}
}

// TestOnCall shows who is on call now, and who is next.
func TestOnCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	pages, err := web.New(web.Options{
		Store: w.store, ExternalURL: &url.URL{Scheme: "http", Host: "localhost"}, Log: slog.New(slog.DiscardHandler),
		OnCall: func(now time.Time) []router.Duty {
			return []router.Duty{
				{Receiver: "oncall", Level: 1, Person: "Ben"}, {Receiver: "oncall", Person: "Ada", Until: now.Add(time.Hour)}, {Receiver: "boss", Person: evil},
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	page := get(t, pages, "/").Body.String()
	ada, ben := strings.Index(page, "<bdi>Ada</bdi>"), strings.Index(page, "then <bdi>Ben</bdi>")
	if ada < 0 || ben < ada || strings.Contains(page, "<script>") {
		t.Errorf("the overview does not say who is on call:\n%s", page)
	}
}

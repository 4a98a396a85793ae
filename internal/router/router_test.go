package router_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
	"goldensignals/internal/router"
	"goldensignals/internal/router/web"
	"goldensignals/internal/store"
)

// rig is a router with the built-in receivers on a store of its own.
type rig struct {
	*router.Router
	st  *store.Store
	log *bytes.Buffer
}

// newRig builds a rig; phone replaces the built-in one unless it is nil.
func newRig(t *testing.T, dir string, phone router.Receiver, edit func(*router.Options)) rig {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "router.db"), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	r := rig{st: st, log: new(bytes.Buffer)}
	if phone == nil {
		phone = sms.New(sms.Options{Inbox: st})
	}
	o := router.Options{
		Store: st,
		Plan: router.Plan{Receivers: []router.Receiver{
			phone,
			ticket.New(ticket.Options{Board: st}),
			logline.New(logline.Options{Journal: st, Writer: r.log}),
		}},
		Pages:       web.Pages(nil),
		ExternalURL: &url.URL{Scheme: "http", Host: "localhost:8080", Path: "/router/"},
	}
	if edit != nil {
		edit(&o)
	}
	if r.Router, err = router.New(o); err != nil {
		t.Fatal(err)
	}
	return r
}

// start runs the router until stop is called, which waits for its end.
func (r rig) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}
}

func (r rig) do(t *testing.T, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return w
}

func (r rig) post(t *testing.T, g alert.Group) int {
	t.Helper()
	body, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	return r.do(t, "POST", "/api/v1/webhook", string(body)).Code
}

// messages returns what was enqueued, oldest first, as "status type state".
func (r rig) messages(t *testing.T) []string {
	t.Helper()
	list, err := r.st.Messages(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, n := range list {
		out = append([]string{fmt.Sprintf("%s %s %s", n.Status, n.ReceiverType, n.State)}, out...)
	}
	return out
}

func TestWebhookCodes(t *testing.T) {
	t.Parallel()
	good, err := json.Marshal(group(mk("A", alert.Firing, "critical")))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, body string
		code       int
		want       string
	}{
		{"good", string(good), 204, ""},
		{"unknown fields", strings.Replace(string(good), "{", `{"new":{"x":[1]},`, 1), 204, ""},
		{"not JSON", "alert!", 400, "payload:"},
		{"empty", "", 400, "payload:"},
		{"trailing garbage", string(good) + "x", 400, "payload:"},
		{"a bad time", strings.Replace(string(good), `"2026-03-01T12:00:00Z"`, `"noon"`, 1), 400, "noon"},
		{"another version", strings.Replace(string(good), `"version":"4"`, `"version":"5"`, 1), 400, `version is "5"`},
		{"no groupKey", `{"version":"4","alerts":[{}]}`, 400, "groupKey"},
		{"no alerts", `{"version":"4","groupKey":"g"}`, 400, "alerts"},
		{"bare alert", `{"version":"4","groupKey":"g","alerts":[{}]}`, 204, ""},
		{"too large", `{"version":"` + strings.Repeat("4", 5000) + `"}`, 413, "max_alerts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, t.TempDir(), nil, func(o *router.Options) { o.MaxBody = 4096 })
			w := r.do(t, "POST", "/api/v1/webhook", tt.body)
			if w.Code != tt.code {
				t.Errorf("code = %d, want %d: %s", w.Code, tt.code, w.Body)
			}
			var answer struct{ Error string }
			if tt.want != "" && (json.Unmarshal(w.Body.Bytes(), &answer) != nil || !strings.Contains(answer.Error, tt.want)) {
				t.Errorf("body = %s, want a JSON error with %q", w.Body, tt.want)
			}
		})
	}
}

func TestWebhookAsksToRetryWhenTheStoreIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), nil, nil)
	if code := r.do(t, "GET", "/-/ready", "").Code; code != 200 {
		t.Errorf("ready = %d, want 200", code)
	}
	if err := r.st.Close(); err != nil {
		t.Fatal(err)
	}
	if code := r.post(t, group(mk("A", alert.Firing, "critical"))); code != 503 {
		t.Errorf("webhook = %d, want 503", code)
	}
	for _, path := range []string{"/-/ready", "/api/v1/messages", "/", "/phone"} {
		if w := r.do(t, "GET", path, ""); w.Code != 503 || strings.Contains(w.Body.String(), "sql") {
			t.Errorf("GET %s = %d %s, want 503 without internals", path, w.Code, w.Body)
		}
	}
	if code := r.do(t, "GET", "/-/healthy", "").Code; code != 200 {
		t.Errorf("healthy = %d, want 200", code)
	}
}

func TestWebhookOfACallerThatLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body, _ := json.Marshal(group(mk("A", alert.Firing, "critical")))
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, "POST", "/api/v1/webhook", bytes.NewReader(body)))
	if w.Code != 503 {
		t.Errorf("code = %d, want 503", w.Code)
	}
}

func TestCrossSitePostIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), nil, nil)
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/webhook", strings.NewReader("{}"))
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, req)
	if w.Code != http.StatusForbidden {
		t.Errorf("code = %d, want 403", w.Code)
	}
}

// An incident from its first alert to its end, in virtual time.
func TestIncident(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, nil)
		stop := r.start(t)
		defer stop()
		warn, crit := mk("Slow", alert.Firing, "warning"), mk("Down", alert.Firing, "critical")
		for _, g := range []alert.Group{
			group(warn), group(warn, crit), group(warn, crit),
			group(mk("Slow", alert.Resolved, "warning"), mk("Down", alert.Resolved, "critical")),
		} {
			if code := r.post(t, g); code != 204 {
				t.Fatalf("webhook = %d", code)
			}
			time.Sleep(time.Minute)
		}
		want := []string{"firing ticket delivered", "firing sms delivered", "resolved ticket delivered", "resolved sms delivered"}
		if diff := cmp.Diff(want, r.messages(t)); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		inbox, err := r.st.SMS(t.Context(), 0)
		if err != nil || len(inbox) != 2 {
			t.Fatalf("%d SMS, %v; want 2", len(inbox), err)
		}
		wantText := "CRITICAL shop: Down hurts - 2 alerts. http://localhost:8080/router/runbooks/Down"
		if got := inbox[1].Message.Text; got != wantText {
			t.Errorf("SMS = %q, want %q", got, wantText)
		}
		if got := inbox[0].Message.Text; got != "RESOLVED shop: Down hurts http://localhost:8080/router/runbooks/Down" {
			t.Errorf("last SMS = %q", got)
		}
		tickets, err := r.st.Tickets(t.Context(), 0)
		if err != nil || len(tickets) != 1 || tickets[0].State != store.TicketClosed {
			t.Errorf("tickets = %+v, %v; want one, closed", tickets, err)
		}
	})
}

func TestInfoIsALogLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, nil)
		stop := r.start(t)
		r.post(t, group(mk("Busy", alert.Firing, "info"), mk("Busier", alert.Firing, "info")))
		r.post(t, func() alert.Group {
			g := group(mk("Slow", alert.Firing, "warning"))
			g.GroupKey = "g2"
			return g
		}())
		time.Sleep(time.Second)
		stop()
		if lines := strings.Count(r.log.String(), "\n"); lines != 2 || strings.Contains(r.log.String(), "Slow") {
			t.Errorf("log has %d lines, want the two of info only:\n%s", lines, r.log)
		}
		kept, err := r.st.Lines(t.Context(), 0)
		if err != nil || len(kept) != 2 {
			t.Errorf("%d lines kept, %v; want 2", len(kept), err)
		}
	})
}

func TestSeverityThatNobodyKnows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, nil)
		defer r.start(t)()
		for i, sev := range []string{"", "page"} {
			g := group(mk("Odd", alert.Firing, sev))
			g.GroupKey = fmt.Sprint("g", i)
			r.post(t, g)
			time.Sleep(time.Second)
		}
		g := group(mk("Odd", alert.Firing, ""), mk("Known", alert.Firing, "warning"))
		g.GroupKey = "mixed"
		r.post(t, g)
		time.Sleep(time.Second)
		tickets, err := r.st.Tickets(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, k := range tickets {
			titles = append(titles, k.Title)
		}
		want := []string{"Known hurts (severity missing or unknown: 1 of 2 alerts)", `severity "page" unknown: Odd hurts`, "severity missing: Odd hurts"}
		if diff := cmp.Diff(want, titles); diff != "" {
			t.Errorf("tickets (-want +got):\n%s", diff)
		}
	})
}

func TestConcurrentDuplicatesTellOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), nil, nil)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if code := r.post(t, group(mk("A", alert.Firing, "critical"))); code != 204 {
				t.Errorf("webhook = %d", code)
			}
		})
	}
	wg.Wait()
	if got := r.messages(t); len(got) != 1 {
		t.Errorf("messages = %q, want one", got)
	}
	webhooks, err := r.st.Webhooks(t.Context(), 0)
	if err != nil || len(webhooks) != 32 {
		t.Errorf("%d webhooks recorded, %v; want 32", len(webhooks), err)
	}
}

func TestWatchdog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRig(t, dir, nil, nil)
		if got := metric(t, r, "alertrouter_watchdog_last_seen_timestamp_seconds"); got != "0" {
			t.Errorf("before it came: %s, want 0", got)
		}
		at := time.Now()
		r.post(t, group(mk("Watchdog", alert.Firing, "critical")))
		if got := r.messages(t); len(got) != 0 {
			t.Errorf("the watchdog told people: %q", got)
		}
		if err := r.st.Close(); err != nil {
			t.Fatal(err)
		}
		again := newRig(t, dir, nil, nil)
		if got, want := metric(t, again, "alertrouter_watchdog_last_seen_timestamp_seconds"), fmt.Sprint(float64(at.Unix())); got != want {
			t.Errorf("after a restart: %s, want %s", got, want)
		}
		if body := again.do(t, "GET", "/-/ready", "").Body.String(); !strings.Contains(body, at.UTC().Format(time.RFC3339)) {
			t.Errorf("ready = %s, want when the watchdog was seen", body)
		}
	})
}

// metric returns the value of a metric without labels.
func metric(t *testing.T, r rig, name string) string {
	t.Helper()
	for line := range strings.Lines(r.do(t, "GET", "/metrics", "").Body.String()) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			return v
		}
	}
	t.Errorf("metric %s is missing", name)
	return ""
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, nil)
		defer r.start(t)()
		r.post(t, group(mk("A", alert.Firing, "critical")))
		r.do(t, "POST", "/api/v1/webhook", "x")
		time.Sleep(time.Second)
		body := r.do(t, "GET", "/metrics", "").Body.String()
		for _, want := range []string{
			`alertrouter_webhooks_total{code="204"} 1`, `alertrouter_webhooks_total{code="400"} 1`,
			`alertrouter_notifications_total{receiver="phone",state="delivered",status="firing"} 1`,
			`alertrouter_delivery_delay_seconds_count{receiver="phone"} 1`,
			`alertrouter_delivery_failures_total{receiver="phone"} 0`,
		} {
			if !strings.Contains(body, want+"\n") {
				t.Errorf("metrics lack %s:\n%s", want, body)
			}
		}
		problems, err := promlint.New(strings.NewReader(body)).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("lint = %v, %v", problems, err)
		}
	})
}

func TestLists(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), nil, nil)
	for _, path := range []string{"/api/v1/incidents", "/api/v1/messages"} {
		if body := r.do(t, "GET", path, "").Body.String(); body != "[]\n" {
			t.Errorf("GET %s = %s, want an empty array", path, body)
		}
	}
	for i := range 3 {
		g := group(mk("A", alert.Firing, "critical"))
		g.GroupKey = fmt.Sprint("g", i)
		r.post(t, g)
	}
	var list []alert.Notification
	if err := json.Unmarshal(r.do(t, "GET", "/api/v1/messages?limit=2", "").Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].GroupKey != "g2" || list[1].GroupKey != "g1" {
		t.Errorf("messages = %+v, want the two newest, newest first", list)
	}
	for _, limit := range []string{"0", "-1", "x", "10001"} {
		if w := r.do(t, "GET", "/api/v1/incidents?limit="+limit, ""); w.Code != 400 || !strings.Contains(w.Body.String(), "limit") {
			t.Errorf("limit=%s: %d %s, want 400 that names it", limit, w.Code, w.Body)
		}
	}
}

func TestNewRejects(t *testing.T) {
	t.Parallel()
	good := newRig(t, t.TempDir(), nil, nil)
	phone := sms.New(sms.Options{Inbox: good.st})
	board := ticket.New(ticket.Options{Board: good.st})
	log := logline.New(logline.Options{Journal: good.st, Writer: io.Discard})
	external := &url.URL{Scheme: "http", Host: "localhost"}
	for _, tt := range []struct {
		name string
		o    router.Options
		want string
	}{
		{"no store", router.Options{ExternalURL: external, Plan: router.Plan{Receivers: []router.Receiver{phone, board, log}}}, "Store"},
		{"no URL", router.Options{Store: good.st, Plan: router.Plan{Receivers: []router.Receiver{phone, board, log}}}, "ExternalURL"},
		{"relative URL", router.Options{Store: good.st, ExternalURL: &url.URL{Path: "/router/"}, Plan: router.Plan{Receivers: []router.Receiver{phone, board, log}}}, "ExternalURL"},
		{"no ticket", router.Options{Store: good.st, ExternalURL: external, Plan: router.Plan{Receivers: []router.Receiver{phone, log}}}, "none has type ticket"},
		{"one name twice", router.Options{Store: good.st, ExternalURL: external, Plan: router.Plan{Receivers: []router.Receiver{phone, phone, board, log}}}, `"phone"`},
		{"negative", router.Options{Store: good.st, ExternalURL: external, Plan: router.Plan{Receivers: []router.Receiver{phone, board, log}, MaxAge: -1}}, "MaxAge"},
	} {
		if _, err := router.New(tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: New = %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

func TestRunbookLinks(t *testing.T) {
	t.Parallel()
	own := "http://localhost:8080/router/runbooks/A"
	for _, tt := range []struct{ raw, want string }{
		{"", own},
		{"https://wiki.example.org/a?b=c", "https://wiki.example.org/a?b=c"},
		{"/router/runbooks/B", "http://localhost:8080/router/runbooks/B"},
		{"runbooks/B", "http://localhost:8080/router/runbooks/B"},
		{"javascript:alert(1)", own},
		{"data:text/html,x", own},
		{"//evil.example.org/x", own},
		{`/\evil.example.org`, own},
		{"http://", own},
		{"http://%zz", own},
	} {
		r := newRig(t, t.TempDir(), nil, nil)
		a := mk("A", alert.Firing, "critical")
		a.Annotations["runbook_url"] = tt.raw
		r.post(t, group(a))
		list, err := r.st.Messages(t.Context(), 0)
		if err != nil || len(list) != 1 || list[0].RunbookURL != tt.want {
			t.Errorf("runbook_url %q becomes %+v, %v; want %q", tt.raw, list, err, tt.want)
		}
	}
}

// Two routers that see the same in virtual time write the same bytes.
func TestSameWebhooksSameBytes(t *testing.T) {
	t.Parallel()
	var runs [2]string
	for i := range runs {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, t.TempDir(), nil, nil)
			stop := r.start(t)
			var wg sync.WaitGroup
			for _, key := range []string{"g1", "g2", "g3"} { // in whatever order they come
				wg.Go(func() {
					g := group(mk("A", alert.Firing, "critical"), mk("B", alert.Firing, "warning"))
					g.GroupKey = key
					r.post(t, g)
				})
			}
			wg.Wait()
			time.Sleep(time.Minute)
			stop()
			runs[i] = r.do(t, "GET", "/api/v1/messages", "").Body.String() + r.do(t, "GET", "/api/v1/incidents", "").Body.String()
		})
	}
	if diff := cmp.Diff(runs[0], runs[1]); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
	if strings.Count(runs[0], `"delivered"`) != 3 {
		t.Errorf("not everything was delivered: %s", runs[0])
	}
}

// The address of a stack has no path, and JoinPath then leaves out the slash.
func TestPagesBelowAPathLinkFromTheRoot(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), nil, func(o *router.Options) {
		o.ExternalURL = (&url.URL{Scheme: "http", Host: "localhost:8080"}).JoinPath("router")
	})
	if body := r.do(t, "GET", "/", "").Body.String(); !strings.Contains(body, `href="/router/static/`) {
		t.Errorf("the page links elsewhere: %.500s", body)
	}
}

package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/console"
	"goldensignals/internal/patience"
)

func TestNewChecksOptions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(*console.Options)
		want  string
	}{
		{"no Prometheus", func(o *console.Options) { o.Prometheus = nil }, "option Prometheus"},
		{"relative Alertmanager", func(o *console.Options) { o.Alertmanager = &url.URL{Path: "/alertmanager"} }, "option Alertmanager"},
		{"odd scheme", func(o *console.Options) { o.Router = &url.URL{Scheme: "ftp", Host: "router"} }, "option Router"},
		{"no faults", func(o *console.Options) { o.Faults = nil }, "option Faults"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts := options(t, newWorld())
			tt.spoil(&opts)
			_, err := console.New(opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestPageOfAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.outage(time.Now())
	c := newConsole(t, w)
	_, body := post(t, c, "/faults", url.Values{"kind": {"errors"}, "service": {"payments"}, "ratio": {"0.5"}})
	if body != "" {
		t.Fatalf("inject answered %q", body)
	}

	resp, page := get(t, c, "/")

	if resp.StatusCode != http.StatusOK {
		t.Fatalf("GET / = %s", resp.Status)
	}
	wantIn(t, page,
		"2 alerts firing, 1 page sent", "1 pending, 2 muted",
		"Prometheus <b>answers</b>", "Watchdog <b>alive</b>",
		"over 1 %", "over 300 ms", "needs a look", "p95",
		`aria-label="auth Latency, last 15 minutes: lowest `,
		"Customers get errors on /checkout.", `href="http://127.0.0.1:8080/router/runbooks/ShopErrorsFastBurn"`,
		"silenced by anna until ", "inhibited by ShopErrorsFastBurn", "or rather until (UTC)", `<span class="chip state is-pending">pending</span>`,
		"known, waiting for payments", "mutes 1 alert",
		"not delivered after 3 attempts: connection refused",
		"<strong>errors</strong> on <strong>payments</strong>: ratio 0.5", "ends by itself at",
		`href="/router/phone"`,
	)
	wantNotIn(t, page, "All quiet", ">Watchdog<", "style=")
}

func TestSentence(t *testing.T) {
	t.Parallel()
	shop := alert.Labels{"alertname": "ShopErrorsFastBurn", "severity": "critical", "service": "shop"}
	tests := []struct {
		name string
		set  func(w *world)
		want string
	}{
		{"quiet", func(w *world) { w.healthy(time.Now()) }, "All quiet"},
		{"alerting path dead", func(*world) {}, "No alert fires, not even Watchdog"},
		{"Prometheus gone", func(w *world) { w.healthy(time.Now()); w.broken["prometheus"] = true }, "The state is not known"},
		{"Alertmanager gone", func(w *world) { w.healthy(time.Now()); w.broken["alertmanager"] = true }, "The state is not known"},
		{"one fires, no page yet", func(w *world) { w.fire(time.Now(), shop, nil) }, "1 alert firing, 0 pages sent"},
		{"fires, Alertmanager gone", func(w *world) { w.fire(time.Now(), shop, nil); w.broken["alertmanager"] = true }, "1 alert firing, 0 pages sent"},
		{"fires, router gone", func(w *world) { w.fire(time.Now(), shop, nil); w.broken["alertrouter"] = true }, "1 alert firing, pages not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			tt.set(w)
			_, page := get(t, newConsole(t, w), "/")
			m := regexp.MustCompile(`id="sentence"[^>]*>([^<]*)<`).FindStringSubmatch(page)
			if m == nil || m[1] != tt.want {
				t.Errorf("sentence = %q, want %q", m, tt.want)
			}
		})
	}
}

func TestOneBrokenSourceSpoilsOnlyItsSections(t *testing.T) {
	t.Parallel()
	tests := []struct {
		broken string
		want   []string
	}{
		{"prometheus", []string{"No figures: Prometheus does not answer", "ShopErrorsFastBurn", "known, waiting for payments", "The phone"}},
		{"alertmanager", []string{"Alertmanager does not answer: unexpected EOF. Which alerts are muted is not known.", "ShopErrorsFastBurn", "over 1 %"}},
		{"alertrouter", []string{"The router does not answer", "ShopErrorsFastBurn", "over 1 %", "known, waiting for payments"}},
	}
	for _, tt := range tests {
		t.Run(tt.broken, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.outage(time.Now())
			w.messages[0].Text = "The phone"
			w.broken[tt.broken] = true
			resp, page := get(t, newConsole(t, w), "/")
			if resp.StatusCode != http.StatusOK {
				t.Errorf("GET / = %s", resp.Status)
			}
			wantIn(t, page, append(tt.want, "Break something")...)
			wantNotIn(t, page, "All quiet")
		})
	}
}

func TestForeignTextIsEscaped(t *testing.T) {
	t.Parallel()
	w := newWorld()
	const evil = `<script>alert(1)</script>`
	w.fire(time.Now(), alert.Labels{"alertname": evil, "severity": evil, "service": evil, "x": `"><img>`}, alert.Labels{
		"summary": evil, "description": evil, "runbook_url": "javascript:alert(1)",
	})
	w.silences = append(w.silences, alert.Silence{ID: "a-1", CreatedBy: evil, Comment: evil, EndsAt: time.Now().Add(time.Hour), Matchers: []alert.Matcher{{Name: "x", Value: evil}}})
	w.messages = []alert.Notification{{ID: "1", ReceiverType: "sms", Text: evil, RunbookURL: "javascript:alert(2)", LastError: evil, State: alert.Dead}}

	_, page := get(t, newConsole(t, w), "/")

	wantIn(t, page, "&lt;script&gt;alert(1)")
	wantNotIn(t, page, "<script>alert", "javascript:", "<img>")
	if strings.Contains(page, ">Runbook<") {
		t.Error("an unusable runbook address became a link")
	}
}

func TestHostGuard(t *testing.T) {
	t.Parallel()
	opts := options(t, newWorld())
	opts.Hosts = []string{"Gameday.example"}
	c := must(t, opts)
	tests := []struct {
		host string
		want int
	}{
		{"127.0.0.1:8080", 200}, {"localhost:8080", 200}, {"LOCALHOST", 200}, {"[::1]:8080", 200}, {"[::1]", 200},
		{"192.168.1.4:8080", 200}, {"gameday.example:8080", 200}, {"gameday.example.", 200},
		{"evil.example", 421}, {"evil.example:8080", 421}, {"127.0.0.1.evil.example", 421}, {"localhost.evil.example", 421}, {"", 421},
	}
	for _, tt := range tests {
		for _, path := range []string{"/", "/api/v1/faults", "/events"} {
			if tt.want == 200 && path == "/events" {
				continue // would stream for ever
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience.Limit) // a stream that should have been refused
			defer cancel()
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
			r.Host = tt.host
			if resp, _ := do(t, c, r); resp.StatusCode != tt.want {
				t.Errorf("GET %s of host %q = %d, want %d", path, tt.host, resp.StatusCode, tt.want)
			}
		}
	}
}

func TestHeadersAndAssets(t *testing.T) {
	t.Parallel()
	c := newConsole(t, newWorld())
	resp, page := get(t, c, "/")
	csp := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy = %q", csp)
	}
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control of the page = %q", got)
	}
	files := regexp.MustCompile(`/assets/[^"]+`).FindAllString(page, -1)
	if len(files) != 3 {
		t.Fatalf("assets = %q, want icon, style, script", files)
	}
	for _, file := range files {
		resp, body := get(t, c, file)
		if resp.StatusCode != http.StatusOK || body == "" || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("GET %s = %s, Cache-Control %q", file, resp.Status, resp.Header.Get("Cache-Control"))
		}
		if strings.Contains(body, "http://") && !strings.HasSuffix(file, ".svg") || strings.Contains(body, "https://") {
			t.Errorf("%s refers to another site", file)
		}
	}
	for _, file := range []string{"/assets/0123456789ab/console.css", files[0] + "x", "/nothing", "/index.html"} {
		if resp, _ := get(t, c, file); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s = %s, want 404", file, resp.Status)
		}
	}
}

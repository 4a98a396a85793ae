package live_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/live"
	"goldensignals/internal/live/livetest"
	"goldensignals/internal/stack"
	"goldensignals/internal/tier"
)

func TestFromFaultToPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		g := livetest.Play(t, live.Options{Stack: stack.Options{DataDir: dir, Seed: 1}})
		defer g.Stop()

		time.Sleep(30 * time.Second)
		for signal, expr := range map[string]string{
			"latency":    "service:http_server_request_duration_seconds:p99_rate1m > 0",
			"traffic":    "service:http_requests:rate1m > 0",
			"errors":     "service:http_requests_errors:ratio_rate1m >= 0",
			"saturation": "service:saturation:ratio_rate1m > 0",
		} {
			if got := g.Query(expr, "service"); len(got) != 4 {
				t.Errorf("%s after 30s = %v, want a value for each of four services", signal, got)
			}
		}

		g.Inject(map[string]any{"kind": "errors", "service": "payments", "ratio": 0.5, "for": "10m"})
		time.Sleep(2 * time.Minute)
		phone := g.SMS()
		if len(phone) != 1 {
			t.Fatalf("SMS after 2m = %+v, want one", phone)
		}
		page := phone[0]
		if page.Severity != alert.Critical || page.Status != alert.Firing || page.Service != "payments" {
			t.Errorf("SMS = %+v, want critical, firing, service payments", page)
		}
		for _, want := range []string{"CRITICAL", "payments fails, and orders and shop with it", page.RunbookURL} {
			if !strings.Contains(page.Text, want) {
				t.Errorf("SMS text %q lacks %q", page.Text, want)
			}
		}
		path, ours := strings.CutPrefix(page.RunbookURL, livetest.Public)
		if code := g.Do(http.MethodGet, path, nil, nil); !ours || code != http.StatusOK {
			t.Errorf("GET runbook %s = %d, want a page of ours", page.RunbookURL, code)
		}

		if code := g.Do(http.MethodDelete, "/api/v1/faults", nil, nil); code != http.StatusOK {
			t.Fatalf("clear = %d", code)
		}
		time.Sleep(15 * time.Minute)
		phone = g.SMS()
		if len(phone) != 2 || phone[1].Status != alert.Resolved || phone[1].Incident != page.Incident {
			t.Fatalf("SMS after the repair = %+v, want a resolved message for the same incident", phone)
		}
	})
}

func TestSilenceStopsMessages(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	tier.Full(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		g := livetest.Play(t, live.Options{Stack: stack.Options{DataDir: dir, Seed: 1, Interval: 15 * time.Second}})
		defer g.Stop()
		time.Sleep(time.Minute)
		g.Inject(map[string]any{"kind": "errors", "service": "payments", "ratio": 0.5, "for": "30m"})
		time.Sleep(2 * time.Minute)
		phone := g.SMS()
		if len(phone) != 1 {
			t.Fatalf("SMS = %+v, want one", phone)
		}
		silence := alert.Silence{
			Matchers: []alert.Matcher{{Name: "service", Value: "payments", IsEqual: true}},
			StartsAt: time.Now(), EndsAt: time.Now().Add(2 * time.Hour), CreatedBy: "test", Comment: "known",
		}
		if code := g.Do(http.MethodPost, "/alertmanager/api/v2/silences", silence, nil); code != http.StatusOK {
			t.Fatalf("create silence = %d", code)
		}
		time.Sleep(time.Minute)
		g.Do(http.MethodDelete, "/api/v1/faults", nil, nil)
		time.Sleep(5 * time.Minute)
		// The same outage again: without the silence it would page anew.
		g.Inject(map[string]any{"kind": "errors", "service": "payments", "ratio": 1, "for": "30m"})
		time.Sleep(10 * time.Minute)
		for _, m := range g.SMS()[1:] {
			if m.Status == alert.Firing {
				t.Errorf("SMS while silenced: %s", m.Text)
			}
		}
		var silences []alert.Silence
		g.Do(http.MethodGet, "/alertmanager/api/v2/silences", nil, &silences)
		if len(silences) != 1 || silences[0].Comment != "known" {
			t.Errorf("silences = %+v, want the one", silences)
		}
	})
}

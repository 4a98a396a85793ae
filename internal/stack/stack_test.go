package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/bubble"
	"goldensignals/internal/stack"
	"goldensignals/internal/stack/stacktest"
)

// game is a whole stack in virtual time, and the person who plays it through
// its public address.
type game struct {
	t      *testing.T
	stack  *stack.Stack
	client *http.Client
	base   string // where everything is
	stop   func()

	network stack.Network
}

const public = "http://127.0.0.1:8080"

// play runs a stack; what is to be done before it runs can be given.
func play(t *testing.T, opts stack.Options, before ...func(*stack.Stack)) *game {
	t.Helper()
	network := &bubble.Network{}
	opts.Network, opts.PublicURL = network, &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}
	opts.Volatile = true
	s, err := stack.New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	stopPublic, err := network.Serve("127.0.0.1:8080", s.Handler())
	if err != nil {
		t.Fatal(err)
	}
	for _, do := range before {
		do(s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	g := &game{t: t, stack: s, client: &http.Client{Transport: &http.Transport{DialContext: network.DialContext, DisableKeepAlives: true}}, base: public, network: network}
	g.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := stopPublic(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("stop public server: %v", err)
		}
	}
	return g
}

// do sends a request and decodes the JSON answer into out, if out is not nil.
func (g *game) do(method, path string, in, out any) int {
	g.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			g.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.base+path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := g.client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			g.t.Fatalf("%s %s = %d %s: %v", method, path, resp.StatusCode, answer, err)
		}
	}
	return resp.StatusCode
}

// sms lists what the phone has received, oldest first.
func (g *game) sms() []alert.Notification {
	g.t.Helper()
	var all, phone []alert.Notification
	g.do(http.MethodGet, "/router/api/v1/messages", nil, &all)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].ReceiverType == "sms" && all[i].State == alert.Delivered {
			phone = append(phone, all[i])
		}
	}
	return phone
}

// query evaluates PromQL now and returns the values by the label named key.
func (g *game) query(expr, key string) map[string]string {
	g.t.Helper()
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	g.do(http.MethodGet, "/prometheus/api/v1/query?query="+url.QueryEscape(expr), nil, &answer)
	values := map[string]string{}
	for _, r := range answer.Data.Result {
		values[r.Metric[key]] = fmt.Sprint(r.Value[1])
	}
	return values
}

func (g *game) inject(fault map[string]any) {
	g.t.Helper()
	if code := g.do(http.MethodPost, "/api/v1/faults", fault, nil); code != http.StatusCreated {
		g.t.Fatalf("inject %v = %d", fault, code)
	}
}

func TestFromFaultToPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		g := play(t, stack.Options{DataDir: dir, Seed: 1})
		defer g.stop()

		time.Sleep(30 * time.Second)
		for signal, expr := range map[string]string{
			"latency":    "service:http_server_request_duration_seconds:p99_rate1m > 0",
			"traffic":    "service:http_requests:rate1m > 0",
			"errors":     "service:http_requests_errors:ratio_rate1m >= 0",
			"saturation": "service:saturation:ratio_rate1m > 0",
		} {
			if got := g.query(expr, "service"); len(got) != 4 {
				t.Errorf("%s after 30s = %v, want a value for each of four services", signal, got)
			}
		}

		g.inject(map[string]any{"kind": "errors", "service": "payments", "ratio": 0.5, "for": "10m"})
		time.Sleep(2 * time.Minute)
		phone := g.sms()
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
		path, ours := strings.CutPrefix(page.RunbookURL, public)
		if code := g.do(http.MethodGet, path, nil, nil); !ours || code != http.StatusOK {
			t.Errorf("GET runbook %s = %d, want a page of ours", page.RunbookURL, code)
		}

		if code := g.do(http.MethodDelete, "/api/v1/faults", nil, nil); code != http.StatusOK {
			t.Fatalf("clear = %d", code)
		}
		time.Sleep(15 * time.Minute)
		phone = g.sms()
		if len(phone) != 2 || phone[1].Status != alert.Resolved || phone[1].Incident != page.Incident {
			t.Fatalf("SMS after the repair = %+v, want a resolved message for the same incident", phone)
		}
	})
}

func TestSilenceStopsMessages(t *testing.T) {
	t.Parallel()
	stacktest.SkipUnderRace(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		g := play(t, stack.Options{DataDir: dir, Seed: 1})
		defer g.stop()
		time.Sleep(time.Minute)
		g.inject(map[string]any{"kind": "errors", "service": "payments", "ratio": 0.5, "for": "30m"})
		time.Sleep(2 * time.Minute)
		phone := g.sms()
		if len(phone) != 1 {
			t.Fatalf("SMS = %+v, want one", phone)
		}
		silence := alert.Silence{
			Matchers: []alert.Matcher{{Name: "service", Value: "payments", IsEqual: true}},
			StartsAt: time.Now(), EndsAt: time.Now().Add(2 * time.Hour), CreatedBy: "test", Comment: "known",
		}
		if code := g.do(http.MethodPost, "/alertmanager/api/v2/silences", silence, nil); code != http.StatusOK {
			t.Fatalf("create silence = %d", code)
		}
		time.Sleep(time.Minute)
		g.do(http.MethodDelete, "/api/v1/faults", nil, nil)
		time.Sleep(5 * time.Minute)
		// The same outage again: without the silence it would page anew.
		g.inject(map[string]any{"kind": "errors", "service": "payments", "ratio": 1, "for": "30m"})
		time.Sleep(10 * time.Minute)
		for _, m := range g.sms()[1:] {
			if m.Status == alert.Firing {
				t.Errorf("SMS while silenced: %s", m.Text)
			}
		}
		var silences []alert.Silence
		g.do(http.MethodGet, "/alertmanager/api/v2/silences", nil, &silences)
		if len(silences) != 1 || silences[0].Comment != "known" {
			t.Errorf("silences = %+v, want the one", silences)
		}
	})
}

func TestNewRefusesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	var loopback stack.Loopback
	opts := stack.Options{Network: &loopback, PublicURL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, DataDir: "stack_test.go"}
	if _, err := stack.New(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "stack_test.go") {
		t.Errorf("New with a file as data folder = %v, want an error that names it", err)
	}
	conn, err := loopback.DialContext(t.Context(), "tcp", "shop:8080")
	if err == nil {
		conn.Close()
		t.Error("the shop still listens after New has failed")
	}
}

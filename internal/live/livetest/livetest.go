// Package livetest plays a live stack in virtual time, through its public address
// alone. Only tests import it.
package livetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"goldensignals/internal/alert"
	"goldensignals/internal/bubble"
	"goldensignals/internal/live"
	"goldensignals/internal/stack"
)

// Game is a whole stack in virtual time, and the person who plays it through
// its public address.
type Game struct {
	Stack   *live.Stack
	Network stack.Network
	Client  *http.Client
	Base    string // where everything is
	Stop    func() // must be called, and waits for the end

	t *testing.T
}

// Public is where a Game is.
const Public = "http://127.0.0.1:8080"

// Play runs a stack.
func Play(t *testing.T, opts live.Options) *Game {
	t.Helper()
	network := &bubble.Network{}
	opts.Stack.Network, opts.Stack.PublicURL = network, &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}
	opts.Stack.Volatile = true
	s, err := live.New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	stopPublic, err := network.Serve("127.0.0.1:8080", s.Handler())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	g := &Game{
		Stack: s, Network: network, Base: Public, t: t,
		Client: &http.Client{Transport: &http.Transport{DialContext: network.DialContext, DisableKeepAlives: true}},
	}
	g.Stop = func() {
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

// Do sends a request and decodes the JSON answer into out, if out is not nil.
func (g *Game) Do(method, path string, in, out any) int {
	g.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			g.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.Base+path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := g.Client.Do(req)
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

// SMS lists what the phone has received, oldest first.
func (g *Game) SMS() []alert.Notification {
	g.t.Helper()
	var all, phone []alert.Notification
	g.Do(http.MethodGet, "/router/api/v1/messages", nil, &all)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].ReceiverType == "sms" && all[i].State == alert.Delivered {
			phone = append(phone, all[i])
		}
	}
	return phone
}

// Query evaluates PromQL now and returns the values by the label named key.
func (g *Game) Query(expr, key string) map[string]string {
	g.t.Helper()
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	g.Do(http.MethodGet, "/prometheus/api/v1/query?query="+url.QueryEscape(expr), nil, &answer)
	values := map[string]string{}
	for _, r := range answer.Data.Result {
		values[r.Metric[key]] = fmt.Sprint(r.Value[1])
	}
	return values
}

// Inject starts a fault.
func (g *Game) Inject(fault map[string]any) {
	g.t.Helper()
	if code := g.Do(http.MethodPost, "/api/v1/faults", fault, nil); code != http.StatusCreated {
		g.t.Fatalf("inject %v = %d", fault, code)
	}
}

// Page reads a page.
func (g *Game) Page(path string) (status int, page string) {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.Base+path, http.NoBody)
	if err != nil {
		g.t.Fatal(err)
	}
	resp, err := g.Client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// Text is what a GET answers, whatever its status.
func (g *Game) Text(path string) string {
	g.t.Helper()
	_, text := g.Page(path)
	return text
}

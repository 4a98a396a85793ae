package router_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/patience"
	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/router"
	"goldensignals/internal/store"
	"goldensignals/internal/tier"
)

// What TestKilled tells its child, beside crashDir.
const (
	crashAddr     = "ROUTER_TEST_CRASH_ADDR"
	crashProvider = "ROUTER_TEST_CRASH_PROVIDER"
)

// carrier hands messages to the provider of TestKilled over HTTP.
type carrier struct {
	gate
	name, url string
}

func (c carrier) Name() string { return c.name }

func (c carrier) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	body := map[string]string{"id": n.ID, "group": n.GroupKey}
	err := outbound.JSON(ctx, outbound.Client(http.DefaultTransport), http.MethodPost, c.url+"/"+c.name, body, nil, nil)
	return alert.Receipt{}, err
}

// TestKilledChild is not a test: it is the router that TestKilled kills.
func TestKilledChild(t *testing.T) {
	addr, provider := os.Getenv(crashAddr), os.Getenv(crashProvider)
	if addr == "" {
		t.Skip("runs only as a child of TestKilled")
	}
	r := newRig(t, os.Getenv(crashDir), carrier{name: "keyed", url: provider}, func(o *router.Options) {
		o.Receivers = append(o.Receivers, carrier{name: "plain", url: provider})
		o.SendTimeout, o.RetryMin, o.RetryMax = 100*time.Millisecond, 20*time.Millisecond, 100*time.Millisecond
		o.Limits = map[string]router.Limits{"keyed": {Concurrency: 8}, "plain": {Concurrency: 8}}
	})
	defer r.start(t)()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("listening")
	srv := &http.Server{Handler: r.Handler(), ReadHeaderTimeout: 5 * time.Second}
	t.Log(srv.Serve(l))
}

// nasty is a provider that fails in every way that providers fail.
type nasty struct {
	mu    sync.Mutex
	taken map[string]map[string]int    // :: receiver -> id -> how often it was taken
	ids   map[string]map[string]string // :: receiver -> group -> the last id that was asked for
	twice []string                     // groups that were asked for with two ids
}

func (p *nasty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct{ ID, Group string }
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		return // the client was killed while it wrote
	}
	receiver := strings.TrimPrefix(r.URL.Path, "/")
	mood := rand.IntN(100)
	if mood >= 7 {
		p.take(receiver, m.Group, m.ID)
	}
	switch {
	case mood < 4:
		http.Error(w, "try later", http.StatusInternalServerError)
	case mood < 10: // below 7 it is not taken, above it is: the client cannot tell
		<-r.Context().Done()
	}
}

func (p *nasty) take(receiver, group, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[receiver] == nil {
		p.taken[receiver], p.ids[receiver] = map[string]int{}, map[string]string{}
	}
	p.taken[receiver][id]++
	if last, ok := p.ids[receiver][group]; ok && last != id {
		p.twice = append(p.twice, receiver+" "+group)
	}
	p.ids[receiver][group] = id
}

// The router is killed at random moments of a storm of groups, while its provider
// times out, answers 500, and answers after the client gave up. Every message
// arrives; with a key that the provider knows, once; without one, more often only as
// often as an answer was lost.
func TestKilled(t *testing.T) {
	tier.Replay(t)
	kills := tier.Pick(t, 30, 200)
	groups := 10 * kills
	provider := &nasty{taken: map[string]map[string]int{}, ids: map[string]map[string]string{}}
	server := httptest.NewServer(provider)
	defer server.Close()
	defer server.CloseClientConnections()
	c := &child{t: t, dir: t.TempDir(), addr: freeAddr(t), provider: server.URL}

	var accepted atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var senders sync.WaitGroup
	for s := range 8 {
		senders.Go(func() {
			for i := s; i < groups && ctx.Err() == nil; i += 8 {
				if postUntilAccepted(ctx, "http://"+c.addr, fmt.Sprint("g", i)) {
					accepted.Add(1)
				}
				time.Sleep(100 * time.Millisecond) // so that the storm lasts as long as the kills
			}
		})
	}
	for range kills {
		c.start()
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond) // the moment is random: that is the test
		c.kill()
	}
	c.start()
	senders.Wait()
	if got := int(accepted.Load()); got != groups {
		t.Fatalf("%d groups accepted, want %d", got, groups)
	}
	patience.Until(t, "delivery of everything", func() bool { return c.pending() == 0 })
	c.kill()
	provider.check(t, c.dir, groups)
}

// check holds what the provider took against what the router wrote down.
func (p *nasty) check(t *testing.T, dir string, groups int) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "router.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	list, err := st.Messages(t.Context(), 0)
	if err != nil || len(list) != 2*groups {
		t.Fatalf("%d messages, %v; want %d", len(list), err, 2*groups)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	extra, unsure, attempts := 0, 0, 0
	for _, n := range list {
		taken := p.taken[n.Receiver][n.ID]
		switch {
		case n.State != alert.Delivered || taken == 0:
			t.Errorf("%s of %s is %s and was taken %d times", n.Receiver, n.GroupKey, n.State, taken)
		case n.Receiver == "plain" && taken > 1+n.Unsure:
			t.Errorf("%s was taken %d times, though only %d answers were lost", n.GroupKey, taken, n.Unsure)
		}
		if n.Receiver == "plain" {
			extra, unsure, attempts = extra+taken-1, unsure+n.Unsure, attempts+n.Attempts
		}
	}
	if len(p.twice) > 0 {
		t.Errorf("asked for with two keys: %v", p.twice)
	}
	if unsure == 0 || attempts == groups {
		t.Error("nothing went wrong: the storm tested nothing")
	}
	t.Logf("%d groups; without a key: %d attempts, %d of them without an answer, %d messages arrived once more", groups, attempts, unsure, extra)
}

// child is the process that is killed.
type child struct {
	t                   *testing.T
	dir, addr, provider string
	cmd                 *exec.Cmd
}

func (c *child) start() {
	c.t.Helper()
	c.cmd = exec.CommandContext(c.t.Context(), os.Args[0], "-test.run=^TestKilledChild$", "-test.timeout=10m") //nolint:gosec // itself
	c.cmd.Env = append(os.Environ(), crashDir+"="+c.dir, crashAddr+"="+c.addr, crashProvider+"="+c.provider)
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	var said bytes.Buffer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "listening" {
			return
		}
		said.WriteString(lines.Text() + "\n")
	}
	c.t.Fatalf("the router did not start: %s", said.String())
}

func (c *child) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.cmd.Wait() // it was killed
}

func (c *child) pending() int {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://"+c.addr+"/metrics", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "alertrouter_pending_notifications %d", &n); err == nil {
			return n
		}
	}
	c.t.Fatal("no metric of pending notifications")
	return 0
}

// postUntilAccepted does what Alertmanager does: it sends again until 2xx.
func postUntilAccepted(ctx context.Context, base, key string) bool {
	g := group(mk("Down", alert.Firing, "critical"))
	g.GroupKey = key
	body, err := json.Marshal(g)
	if err != nil {
		return false
	}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/webhook", bytes.NewReader(body))
		if err != nil {
			return false
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode/100 == 2 {
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freeAddr is an address that the child can listen on again and again.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

package setup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/router/policy"
	"goldensignals/internal/router/setup"
)

// kept is what the built-in receivers were given. The zero value is empty.
type kept struct {
	mu      sync.Mutex
	sms     []alert.Notification
	tickets []alert.Notification
	lines   []string
}

func (k *kept) PutSMS(_ context.Context, n alert.Notification, _ time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sms = append(k.sms, n)
	return nil
}

func (k *kept) PutTicket(_ context.Context, n alert.Notification, _ time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tickets = append(k.tickets, n)
	return nil
}

func (k *kept) PutLines(_ context.Context, _ string, _ time.Time, lines []string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lines = append(k.lines, lines...)
	return nil
}

// answers is a transport that answers every request with what f returns.
type answers func(*http.Request) (*http.Response, error)

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func parse(t *testing.T, file string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("alertrouter.yml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// plan makes a plan that the test closes.
func plan(t *testing.T, file string, e setup.Env) (router.Plan, *kept) {
	t.Helper()
	k := &kept{}
	e.Inbox, e.Board, e.Journal = k, k, k
	p, err := setup.Plan(parse(t, file), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = setup.Close(p) })
	return p, k
}

func receiver(t *testing.T, p router.Plan, name string) router.Receiver {
	t.Helper()
	for _, r := range p.Receivers {
		if r.Name() == name {
			return r
		}
	}
	t.Fatalf("there is no receiver %s", name)
	return nil
}

// send words and sends one message.
func send(t *testing.T, r router.Receiver, n alert.Notification) (alert.Receipt, error) {
	t.Helper()
	n.Receiver = r.Name()
	return r.Send(t.Context(), r.Compose(n, nil))
}

const team = `
external_url: http://router.example/
people:
  - {name: anna, phone: "+4915550100001"}
  - {name: ben, phone: "+4915550100002"}
rotas:
  - {name: shop, people: [anna, ben], starts: 2026-01-05T09:00:00, shift: 1w}
providers:
  - name: main
    rate_per_second: 2
    gateway:
      url: http://gateway.example/send
      json: {to: "{{.To}}", text: "{{.Text}}"}
receivers:
  - name: oncall
    concurrency: 3
    rate_per_second: 7
    sms: {providers: [main], escalation: [shop, shop+1, ben], escalate_after: 4m, budget: {per_minute: 2, per_15_minutes: 6, per_hour: 9}}
  - {name: boss, sms: {providers: [main], escalation: [anna]}}
  - {name: tickets, ticket: {board: {}}}
  - {name: log, log: {}}
routes:
  - {matchers: [team="boss"], critical: [boss]}
  - {critical: [oncall], warning: [tickets], info: [log]}
quiet_hours:
  - {receivers: [tickets], days: [sat, sun]}
watchdog: {after: 7m}
stale_after: 6d
repeat_after: 2h
links: {valid_for: 3d}
silences: {usual: 2h, longest: 5h}
retry: {first: 2s, longest: 3m, give_up_after: 9h, timeout: 4s}
`

func TestPlanSaysWhatThePolicySays(t *testing.T) {
	t.Parallel()
	p, _ := plan(t, team, setup.Env{})
	now := time.Date(2026, 1, 8, 12, 0, 0, 0, time.UTC) // a Thursday in anna's week

	got := map[string]any{
		"limits": p.Limits["oncall"], "watchdog": p.WatchdogAfter, "stale": p.StaleAfter, "repeat": p.RepeatAfter, "links": p.LinksValidFor,
		"silence": p.LongestSilence, "usual": p.UsualSilence, "first": p.RetryMin, "longest": p.RetryMax, "age": p.MaxAge, "timeout": p.SendTimeout,
		"route": p.Route(alert.Critical, alert.Labels{"team": "boss"}), "falls through": p.Route(alert.Warning, alert.Labels{"team": "boss"}),
		"thursday": p.NotBefore("tickets", alert.Warning, now), "saturday": p.NotBefore("tickets", alert.Warning, now.AddDate(0, 0, 2)),
	}
	want := map[string]any{
		"limits":   router.Limits{Concurrency: 3, PerSecond: 7, Budget: router.Budget{PerMinute: 2, Per15Minutes: 6, PerHour: 9}},
		"watchdog": 7 * time.Minute, "stale": 144 * time.Hour, "repeat": 2 * time.Hour, "links": 72 * time.Hour,
		"silence": 5 * time.Hour, "usual": 2 * time.Hour, "first": 2 * time.Second, "longest": 3 * time.Minute, "age": 9 * time.Hour, "timeout": 4 * time.Second,
		"route": []string{"boss"}, "falls through": []string{"tickets"},
		"thursday": now, "saturday": time.Date(2026, 1, 12, 0, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if name, ok := p.PersonByPhone("4915550100002"); name != "ben" || !ok {
		t.Errorf("PersonByPhone = %q, %v, want ben", name, ok)
	}
	monday := time.Date(2026, 1, 12, 9, 0, 0, 0, time.UTC)
	if diff := cmp.Diff([]router.Duty{
		{Receiver: "oncall", Level: 0, Person: "anna", Until: monday},
		{Receiver: "oncall", Level: 1, Person: "ben", Until: monday},
		{Receiver: "boss", Level: 0, Person: "anna"},
	}, p.OnCall(now)); diff != "" {
		t.Errorf("duties (-want +got):\n%s", diff)
	}
}

func TestEscalateKnowsWhereTheChainEnds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
	p, _ := plan(t, team, setup.Env{})
	for _, tt := range []struct {
		receiver string
		level    int
		want     time.Duration
		ok       bool
	}{
		{"oncall", 1, 4 * time.Minute, true},
		{"oncall", 2, 0, false}, // anna, ben, and ben again: he has been told
		{"boss", 1, 0, false},
		{"tickets", 1, 0, false},
		{"nobody", 1, 0, false},
	} {
		if wait, ok := p.Escalate(tt.receiver, tt.level, now); wait != tt.want || ok != tt.ok {
			t.Errorf("Escalate(%s, %d) = %v, %v; want %v, %v", tt.receiver, tt.level, wait, ok, tt.want, tt.ok)
		}
	}
}

func TestBuiltInReceivers(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	k := &kept{}
	p, err := setup.Plan(policy.Default(), setup.Env{Inbox: k, Board: k, Journal: k, Stdout: &stdout})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"oncall", "tickets", "log"} {
		if _, err := send(t, receiver(t, p, name), alert.Notification{ID: "n", AlertName: "Hot"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(k.sms) != 1 || k.sms[0].To != "Built-in phone" || len(k.tickets) != 1 || len(k.lines) != 1 {
		t.Errorf("kept %+v, want one SMS to the built-in phone, a ticket and a line", k)
	}
	if got := stdout.String(); !strings.Contains(got, `"alertname":"Hot"`) {
		t.Errorf("stdout = %q, want the line", got)
	}
	if err := setup.Close(p); err != nil {
		t.Errorf("Close = %v", err)
	}
}

// TestProviderIsShared sends through two receivers that name the same provider:
// they share its rate.
func TestProviderIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		p, _ := plan(t, team, setup.Env{Transport: answers(func(*http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		})})
		begin := time.Now()
		for range 3 {
			for _, name := range []string{"oncall", "boss"} {
				if _, err := send(t, receiver(t, p, name), alert.Notification{ID: "n", CreatedAt: begin}); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Two at once, and two a second.
		if took := time.Since(begin); asked != 6 || took != 2*time.Second {
			t.Errorf("%d messages took %v, want 6 in 2s", asked, took)
		}
	})
}

const smpp = `
people: [{name: anna, phone: "+4915550100001"}]
providers:
  - {name: smsc, smpp: {address: "ADDRESS", system_id: us, password: {file: FILE}, from: Shop}}
receivers:
  - {name: a, sms: {providers: [smsc], escalation: [anna]}}
  - {name: b, sms: {providers: [smsc], escalation: [anna]}}
  - {name: rest, log: {}}
routes:
  - {matchers: [x="y"], critical: [a]}
  - {critical: [b], warning: [rest], info: [rest]}
`

// TestSessionIsKeptOnce counts who connects, for two receivers that name the same
// provider.
func TestSessionIsKeptOnce(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "x")
	p, _ := plan(t, strings.NewReplacer("ADDRESS", ln.Addr().String(), "FILE", file).Replace(smpp), setup.Env{Grace: time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	var runners sync.WaitGroup
	for _, r := range p.Receivers {
		runner, ok := r.(router.Runner)
		if !ok {
			t.Fatalf("%s does not run", r.Name())
		}
		runners.Go(func() {
			if err := runner.Run(ctx); err != nil {
				t.Errorf("run %s: %v", r.Name(), err)
			}
		})
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The bind is on the wire once it can be read; a second session would have
	// been opened in the same moment.
	if _, err := io.ReadFull(conn, make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	if err := ln.(*net.TCPListener).SetDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if second, err := ln.Accept(); err == nil {
		_ = second.Close()
		t.Error("there is a second session")
	}
	cancel()
	runners.Wait()
}

// TestStopDoesNotBreakOff stops while a message is being sent.
func TestStopDoesNotBreakOff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		grace, hang time.Duration
		took        time.Duration
		sent        bool
	}{
		{"in time", 10 * time.Second, 5 * time.Second, 5 * time.Second, true},
		{"too long", 10 * time.Second, time.Minute, 11 * time.Second, false},
		{"no grace", 0, 5 * time.Second, time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, _ := plan(t, team, setup.Env{Grace: tt.grace, Transport: answers(func(r *http.Request) (*http.Response, error) {
					select {
					case <-time.After(tt.hang):
						return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				})})
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				time.AfterFunc(time.Second, cancel)
				begin := time.Now()
				r := receiver(t, p, "boss")
				_, err := r.Send(ctx, r.Compose(alert.Notification{ID: "n", CreatedAt: begin}, nil))
				if took := time.Since(begin); took != tt.took || (err == nil) != tt.sent {
					t.Errorf("Send = %v after %v, want sent %v after %v", err, took, tt.sent, tt.took)
				}
			})
		})
	}
}

func TestReportURL(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, "secret")
	const twilio = `
people: [{name: anna, phone: "+4915550100001"}]
providers: [{name: main, twilio: {account_sid: AC0123456789abcdef0123456789abcdef, auth_token: {file: FILE}, from: "+4915550100000"}}]
receivers:
  - {name: oncall, sms: {providers: [main], escalation: [anna]}}
  - {name: rest, log: {}}
routes: [{critical: [oncall], warning: [rest], info: [rest]}]
`
	for _, tt := range []struct {
		external string
		want     string
	}{
		{"http://router.example/below/", "http://router.example/below/hooks/main/report"},
		{"", ""},
	} {
		var callback string
		e := setup.Env{Transport: answers(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			form, err := url.ParseQuery(string(body))
			callback = form.Get("StatusCallback")
			return &http.Response{StatusCode: http.StatusCreated, Body: io.NopCloser(strings.NewReader(`{"sid":"SM1"}`))}, err
		})}
		if tt.external != "" {
			e.ExternalURL, _ = url.Parse(tt.external)
		}
		p, _ := plan(t, strings.ReplaceAll(twilio, "FILE", file), e)
		if len(p.Hooks) != 1 || p.Hooks["main"] == nil {
			t.Errorf("hooks = %v, want that of main", p.Hooks)
		}
		if _, err := send(t, receiver(t, p, "oncall"), alert.Notification{ID: "n", CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(callback, tt.want) || tt.want == "" && callback != "" {
			t.Errorf("StatusCallback = %q, want %q", callback, tt.want)
		}
	}
}

func logsInto(path string) string {
	return "receivers:\n  - {name: rest, log: {file: " + path + "}}\nroutes: [{critical: [rest], warning: [rest], info: [rest], critical_without_sms: true}]\n"
}

func TestLogFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "alerts.json")
	p, _ := plan(t, logsInto(path), setup.Env{})
	r := receiver(t, p, "rest")
	for i, id := range []string{"first", "second"} {
		if i == 1 {
			if err := os.Rename(path, path+".1"); err != nil {
				t.Fatal(err)
			}
			if err := setup.Reopen(p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := send(t, r, alert.Notification{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]string{path + ".1": `"first"`, path: `"second"`} {
		if got, err := os.ReadFile(file); err != nil || strings.Count(string(got), "\n") != 1 || !strings.Contains(string(got), want) {
			t.Errorf("%s = %q, %v; want one line with %s", file, got, err, want)
		}
	}
	if err := setup.Close(p); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := send(t, r, alert.Notification{ID: "third"}); err == nil {
		t.Error("a line is written after Close")
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.pem")
	write(t, bad, "no certificate")
	file := strings.Replace(team, "    rate_per_second: 2\n", "    http: {tls_config: {ca_file: "+bad+"}}\n", 1)
	k := &kept{}
	_, err := setup.Plan(parse(t, file), setup.Env{Inbox: k, Board: k, Journal: k})
	for _, err := range []error{err, setup.Check(parse(t, file))} {
		if err == nil || !strings.Contains(err.Error(), "providers[0]") {
			t.Errorf("error = %v, want one that names providers[0]", err)
		}
	}
	path := filepath.Join(dir, "alerts.json")
	for _, fine := range []string{team, logsInto(path)} {
		if err := setup.Check(parse(t, fine)); err != nil {
			t.Errorf("Check = %v, want nil", err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Check has made %s: %v", path, err)
	}
	if _, err := setup.Plan(policy.Default(), setup.Env{}); err == nil {
		t.Error("Plan without a store is no error")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

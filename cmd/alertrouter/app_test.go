package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/cli"
	"goldensignals/internal/cli/clitest"
	"goldensignals/internal/patience"
)

// TestEndToEnd plays the shipped example: a webhook each, and what people see.
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../../deploy/alertrouter/alertrouter.yml")
	if err != nil {
		t.Fatal(err)
	}
	// Tickets wait through the night and the weekend, a test does not.
	file := regexp.MustCompile(`(?s)quiet_hours:.*?\n\n`).ReplaceAllString(string(example), "\n")
	r := start(t, "--config.file="+write(t, "alertrouter.yml", file))
	r.tell(t, "ShopDown", "critical")
	r.tell(t, "DiskFills", "warning")
	r.tell(t, "Deployed", "info")
	for page, want := range map[string]string{"/phone": "ShopDown", "/tickets": "It hurts.", "/log": "Deployed"} {
		patience.Until(t, want+" on "+page, func() bool {
			status, body := call(t, http.MethodGet, r.url+page, "", nil)
			return status == http.StatusOK && strings.Contains(body, want)
		})
	}
	// A page has what a receiver took before the outbox says so.
	patience.Until(t, "note of three deliveries", func() bool {
		_, metrics := call(t, http.MethodGet, r.url+"/metrics", "", nil)
		return len(regexp.MustCompile(`(?m)^alertrouter_notifications_total\{.*state="delivered",status="firing"\} 1$`).FindAllString(metrics, -1)) == 3
	})
	if got := r.stdout.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"alertname":"Deployed"`) {
		t.Errorf("stdout = %q, want the one log line", got)
	}
	for _, m := range r.messages(t) {
		if m.AlertName == "ShopDown" && (!strings.HasPrefix(m.To, "+4915550100") || m.Receiver != "oncall" || m.Provider != "phone") {
			t.Errorf("SMS = %+v, want it to somebody of the rota, by the phone", m)
		}
		if m.RunbookURL != "" && !strings.HasPrefix(m.RunbookURL, "http://localhost:8080/") {
			t.Errorf("link %q, want it to begin with external_url", m.RunbookURL)
		}
	}
	_, metrics := call(t, http.MethodGet, r.url+"/metrics", "", nil)
	for _, want := range []string{
		"\nalertrouter_config_last_reload_successful 1\n", "\nalertrouter_build_info{", "\ngo_goroutines ", "\nprocess_start_time_seconds ",
		`alertrouter_notifications_total{receiver="oncall",state="delivered",status="firing"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics has no %q", want)
		}
	}
	if status := r.end(t); status != cli.ExitOK {
		t.Errorf("status = %d, want 0:\n%s", status, r.stderr)
	}
}

// messages are all that were made.
func (r *running) messages(t *testing.T) []alert.Notification {
	t.Helper()
	_, body := call(t, http.MethodGet, r.url+"/api/v1/messages?limit=10000", "", nil)
	var all []alert.Notification
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return all
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	r := start(t, "--web.listen-address=:0", "--web.config.file="+passwords(t))
	for _, tt := range []struct {
		user, password string
		want           int
	}{
		{"", "", http.StatusUnauthorized}, {"anna", "wrong", http.StatusUnauthorized}, {"ben", "secret", http.StatusUnauthorized}, {"anna", "secret", http.StatusOK},
	} {
		for _, path := range []string{"/", "/metrics", "/api/v1/messages", "/-/healthy"} {
			status, _ := call(t, http.MethodGet, r.url+path, "", func(req *http.Request) {
				req.Host = "router.example" // whoever has the password may call us anything
				if tt.user != "" {
					req.SetBasicAuth(tt.user, tt.password)
				}
			})
			if status != tt.want {
				t.Errorf("GET %s as %s:%s: status %d, want %d", path, tt.user, tt.password, status, tt.want)
			}
		}
	}
	status, _ := call(t, http.MethodPost, r.url+"/api/v1/webhook", webhook("Hot", "critical"), func(req *http.Request) { req.SetBasicAuth("anna", "secret") })
	if status != http.StatusNoContent {
		t.Errorf("webhook: status %d, want 204", status)
	}
	if strings.Contains(r.stderr.String(), "secret") {
		t.Errorf("the log tells the password:\n%s", r.stderr)
	}
}

func TestHostIsGuarded(t *testing.T) {
	t.Parallel()
	r := start(t, "--web.external-url=http://alerts.example.org/", "--web.listen-address=:0", "--web.insecure")
	for host, want := range map[string]int{
		"rebound.example:9095": http.StatusMisdirectedRequest,
		"alerts.example.org":   http.StatusOK,
		"alertrouter:9095":     http.StatusOK, // as containers call one another
		"127.0.0.1:9095":       http.StatusOK,
	} {
		if status, _ := call(t, http.MethodGet, r.url+"/-/healthy", "", func(req *http.Request) { req.Host = host }); status != want {
			t.Errorf("host %s: status %d, want %d", host, status, want)
		}
	}
}

// gateway is a stub of an HTTP gateway for SMS.
type gateway struct {
	*httptest.Server
	mu    sync.Mutex
	texts []string
	begun chan struct{} // one for each request, if there is room
	hold  chan struct{} // nil: answers at once; else once it is closed
}

func newGateway(t *testing.T, hold chan struct{}) *gateway {
	t.Helper()
	g := &gateway{hold: hold, begun: make(chan struct{}, 1)}
	g.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text := r.FormValue("text")
		select {
		case g.begun <- struct{}{}:
		default:
		}
		if g.hold != nil {
			select {
			case <-g.hold:
			case <-r.Context().Done():
				return
			}
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.texts = append(g.texts, text)
	}))
	t.Cleanup(g.Close)
	return g
}

// waitUntilAsked waits for a request.
func (g *gateway) waitUntilAsked(t *testing.T) {
	t.Helper()
	select {
	case <-g.begun:
	case <-time.After(patience.Limit):
		t.Fatalf("the gateway is not asked within %v", patience.Limit)
	}
}

func (g *gateway) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.texts)
}

// through is a configuration that sends SMS through a gateway.
func through(g *gateway, logFile string) string {
	return fmt.Sprintf(`people: [{name: anna, phone: "+4915550100001"}]
providers:
  - {name: main, gateway: {url: %q, form: {to: "{{.To}}", text: "{{.Text}}"}}}
receivers:
  - name: oncall
    sms: {providers: [main], escalation: [anna], budget: {per_minute: 9999, per_15_minutes: 9999, per_hour: 9999}}
  - {name: tickets, ticket: {board: {}}}
  - {name: log, log: {file: %q}}
routes: [{critical: [oncall], warning: [tickets], info: [log]}]
`, g.URL, logFile)
}

// TestReloadUnderLoad changes the gateway again and again while webhooks arrive:
// each is told once.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	const senders, each, reloads = 4, 40, 6
	before, after := newGateway(t, nil), newGateway(t, nil)
	logFile := filepath.Join(t.TempDir(), "alerts.json")
	config := func(g *gateway) string { return through(g, logFile) }
	file := write(t, "alertrouter.yml", config(before))
	r := start(t, "--config.file="+file)

	var told sync.WaitGroup
	for s := range senders {
		told.Go(func() {
			for i := range each {
				r.tell(t, fmt.Sprintf("Critical%dx%d", s, i), "critical")
				r.tell(t, fmt.Sprintf("Info%dx%d", s, i), "info")
			}
		})
	}
	patience.Until(t, "message before a reload", func() bool { return before.count() > 0 })
	for i := range reloads {
		g := []*gateway{after, before}[i%2]
		if i == reloads-1 {
			g = after
		}
		write(t, file, config(g))
		r.hangup <- syscall.SIGHUP
		patience.Until(t, "reload", func() bool { return strings.Count(r.stderr.String(), "configuration reloaded") == i+1 })
	}
	r.tell(t, "Last", "critical")
	told.Wait()
	patience.Until(t, "delivery of all", func() bool {
		for _, m := range r.messages(t) {
			if m.State != alert.Delivered {
				return false
			}
		}
		return true
	})
	all := map[string]int{}
	sent := 0
	for _, m := range r.messages(t) {
		if m.CarriedBy == "" && m.ReceiverType == "sms" {
			sent++
		}
		all[m.AlertName]++
	}
	for s := range senders {
		for i := range each {
			for _, kind := range []string{"Critical", "Info"} {
				if name := fmt.Sprintf("%s%dx%d", kind, s, i); all[name] != 1 {
					t.Errorf("%s is told %d times, want once", name, all[name])
				}
			}
		}
	}
	if got := before.count() + after.count(); got != sent || after.count() == 0 {
		t.Errorf("the gateways got %d and %d SMS, want %d together, and some by each", before.count(), after.count(), sent)
	}
	lines, err := os.ReadFile(logFile)
	if err != nil || strings.Count(string(lines), "\n") != senders*each {
		t.Errorf("the log file has %d lines, %v; want %d", strings.Count(string(lines), "\n"), err, senders*each)
	}
	if strings.Contains(r.stderr.String(), "level=ERROR") {
		t.Errorf("log:\n%s", r.stderr)
	}
}

func gauge(t *testing.T, metrics, name string) float64 {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(metrics)
	if m == nil {
		t.Fatalf("there is no %s", name)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestWrongReload breaks the file: the old configuration stays, and log files are
// opened anew all the same.
func TestWrongReload(t *testing.T) {
	t.Parallel()
	g := newGateway(t, nil)
	logFile := filepath.Join(t.TempDir(), "alerts.json")
	fine := through(g, logFile)
	file := write(t, "alertrouter.yml", fine)
	r := start(t, "--config.file="+file)
	metrics := func() string { _, m := call(t, http.MethodGet, r.url+"/metrics", "", nil); return m }
	began := gauge(t, metrics(), "alertrouter_config_last_reload_success_timestamp_seconds")

	r.tell(t, "First", "info")
	patience.Until(t, "log line", func() bool { data, _ := os.ReadFile(logFile); return strings.Contains(string(data), "First") })
	if err := os.Rename(logFile, logFile+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(fine, "escalation: [anna]", "escalation: [anne]", 1)+"colour: red\n")
	r.hangup <- syscall.SIGHUP
	patience.Until(t, "new log file", func() bool { _, err := os.Stat(logFile); return err == nil })
	for _, want := range []string{file + ":6: ", file + ":10: "} {
		patience.Until(t, "error about "+want, func() bool { return strings.Contains(r.stderr.String(), want) })
	}
	patience.Until(t, "failed reload", func() bool { return gauge(t, metrics(), "alertrouter_config_last_reload_successful") == 0 })
	if at := gauge(t, metrics(), "alertrouter_config_last_reload_success_timestamp_seconds"); at != began {
		t.Errorf("time of the last success = %v, want %v", at, began)
	}
	r.tell(t, "Second", "info")
	r.tell(t, "Hot", "critical")
	patience.Until(t, "SMS", func() bool { return g.count() == 1 })
	patience.Until(t, "log line", func() bool { data, _ := os.ReadFile(logFile); return strings.Contains(string(data), "Second") })

	write(t, file, fine+"external_url: http://elsewhere.example/\n")
	r.hangup <- syscall.SIGHUP
	patience.Until(t, "reload", func() bool { return gauge(t, metrics(), "alertrouter_config_last_reload_successful") == 1 })
	if at := gauge(t, metrics(), "alertrouter_config_last_reload_success_timestamp_seconds"); at <= began {
		t.Errorf("time of the last success = %v, want later than %v", at, began)
	}
	patience.Until(t, "warning", func() bool { return strings.Contains(r.stderr.String(), "takes a restart") })
}

// TestEndFinishesWhatIsBeingSent ends a router in the middle of a message.
func TestEndFinishesWhatIsBeingSent(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	g := newGateway(t, hold)
	file := "--config.file=" + write(t, "alertrouter.yml", through(g, filepath.Join(t.TempDir(), "alerts.json")))
	data := "--data-dir=" + t.TempDir()
	r := start(t, file, data)
	r.tell(t, "Hot", "critical")
	g.waitUntilAsked(t)
	r.cancel()
	patience.Until(t, "end of the listener", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/-/healthy", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Close = true
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err != nil
	})
	close(hold)
	if status := r.end(t); status != cli.ExitOK || g.count() != 1 {
		t.Errorf("status %d and %d SMS, want 0 and 1:\n%s", status, g.count(), r.stderr)
	}
	again := start(t, file, data)
	if got := again.messages(t); len(got) != 1 || got[0].State != alert.Delivered || got[0].Attempts != 1 {
		t.Errorf("after a restart: %+v, want it delivered in one attempt", got)
	}
}

// process is the program as a process of its own.
type process struct {
	*exec.Cmd
	stderr clitest.Output
	ended  chan error
}

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{ended: make(chan error, 1)}
	p.Cmd = exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], args...)
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stdout, p.Stderr = io.Discard, &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func (p *process) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(patience.Limit):
		t.Fatalf("the program does not end:\n%s", &p.stderr)
		return nil
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	g := newGateway(t, make(chan struct{})) // never answers
	file := write(t, "alertrouter.yml", through(g, filepath.Join(t.TempDir(), "alerts.json")))
	args := []string{"--config.file=" + file, "--web.listen-address=127.0.0.1:0"}

	p := startProcess(t, append(args, "--data-dir="+t.TempDir(), "--log.format=text")...)
	upAt(t, &p.stderr)
	p.signal(t, syscall.SIGHUP)
	patience.Until(t, "reload", func() bool { return strings.Contains(p.stderr.String(), "configuration reloaded") })
	p.signal(t, syscall.SIGTERM)
	if err := p.wait(t); err != nil {
		t.Errorf("SIGTERM: %v, want status 0:\n%s", err, &p.stderr)
	}

	if signal.Ignored(os.Interrupt) {
		t.Skip("Ctrl-C is ignored here, as it is in the background of a script")
	}
	// The first Ctrl-C waits for the message that is being sent, the second does not.
	p = startProcess(t, append(args, "--data-dir="+t.TempDir())...)
	r := &running{url: "http://" + upAt(t, &p.stderr)}
	r.tell(t, "Hot", "critical")
	g.waitUntilAsked(t)
	p.signal(t, os.Interrupt)
	patience.Until(t, "end", func() bool { return strings.Contains(p.stderr.String(), "alertrouter ends") })
	p.signal(t, os.Interrupt)
	if err := p.wait(t); err == nil || !strings.Contains(err.Error(), "interrupt") {
		t.Errorf("second Ctrl-C: %v, want the program killed by it", err)
	}
}

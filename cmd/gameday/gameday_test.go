package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"goldensignals/internal/bubble"
	"goldensignals/internal/cli"
	"goldensignals/internal/cli/clitest"
	"goldensignals/internal/patience"
	"goldensignals/internal/replay"
)

func TestMain(m *testing.M) {
	bubble.Child(replay.Jobs())
	goleak.VerifyTestMain(m)
}

// call runs gameday to its end.
func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	var out, errs clitest.Output
	status = run(ctx, args, &out, &errs)
	return status, out.String(), errs.String()
}

// startUp runs `gameday up` on a free port, without a history unless args ask
// for one, and returns its address and a way to end it that returns its status.
func startUp(t *testing.T, args ...string) (address string, end func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr clitest.Output
	done := make(chan int, 1)
	if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--history=") }) {
		args = append(args, "--history=0")
	}
	go func() {
		done <- run(ctx, append([]string{"up", "--web.listen-address=127.0.0.1:0"}, args...), &stdout, &stderr)
	}()
	pattern := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	patience.Until(t, "address", func() bool {
		address = pattern.FindString(stdout.String())
		return address != ""
	})
	var once sync.Once
	status := -1
	end = func() int {
		once.Do(func() { cancel(); status = <-done })
		if stderr.String() != "" {
			t.Errorf("gameday up printed to stderr: %s", stderr.String())
		}
		return status
	}
	t.Cleanup(func() { end() })
	return address, end
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestUpServesEverythingAndEnds(t *testing.T) {
	address, end := startUp(t, "--scrape-interval=1s")
	for path, want := range map[string]string{
		"/":                              "Golden Signals",
		"/prometheus/-/ready":            "OK",
		"/alertmanager/-/ready":          "OK",
		"/alertmanager/api/v2/status":    "alertrouter",
		"/router/-/ready":                "",
		"/router/runbooks/Watchdog":      "Watchdog",
		"/router/phone":                  "Built-in phone",
		"/prometheus/api/v1/status/tsdb": "headStats",
	} {
		if body := get(t, address+path); !strings.Contains(body, want) {
			t.Errorf("GET %s lacks %q: %.300s", path, want, body)
		}
	}
	// Pages answer at once; the engines load their rules while they start.
	patience.Until(t, "rules", func() bool {
		return strings.Contains(get(t, address+"/prometheus/api/v1/rules"), "ShopErrorsFastBurn")
	})
	patience.Until(t, "traffic of four services", func() bool {
		body := get(t, address+"/prometheus/api/v1/query?query=service:http_requests:rate1m%3E0")
		return strings.Count(body, `"service":`) == 4
	})
	start := time.Now()
	if status := end(); status != cli.ExitOK {
		t.Errorf("status after the end = %d, want 0", status)
	}
	t.Logf("ended after %v", time.Since(start).Round(time.Millisecond))
}

func TestFaultCommands(t *testing.T) {
	address, _ := startUp(t)
	stack := "--stack=" + address
	steps := []struct {
		name       string
		args       []string
		status     int
		out, fault string // wanted in stdout, in stderr
	}{
		{"list", []string{"fault", "list", stack}, cli.ExitOK, "ACTIVE  none", ""},
		{"who is hurt", []string{"fault", "list", stack}, cli.ExitOK, "users get errors, once the queue is full", ""},
		{"inject with every kind of setting", []string{"fault", "inject", "memory-leak", "--service=auth", "--size=32MiB", "--for=5m", stack}, cli.ExitOK, "size 32MiB", ""},
		{"size without unit", []string{"fault", "inject", "memory-leak", "--service=auth", "--size=32", stack}, cli.ExitUsage, "", `size: "32" is not a size`},
		{"ramp and flap", []string{"fault", "inject", "errors", "--service=auth", "--ramp=1m", "--flap=2m", stack}, cli.ExitOK, "ratio 1, ramp 1m, flap 2m", ""},
		{"inject", []string{"fault", "inject", "errors", "--service=payments", "--ratio=0.5", "--for=10m", stack}, cli.ExitOK, "payments", ""},
		{"active", []string{"fault", "list", stack}, cli.ExitOK, "errors       payments  ratio 0.5", ""},
		{"clear", []string{"fault", "clear", stack}, cli.ExitOK, "CLEARED", ""},
		{"nothing left", []string{"fault", "clear", "errors", stack}, cli.ExitOK, "none", ""},
		{"unknown fault", []string{"fault", "inject", "gremlins", "--service=payments", stack}, cli.ExitUsage, "", `"gremlins" is unknown; choose one of errors, latency`},
		{"unknown service", []string{"fault", "inject", "errors", "--service=billing", stack}, cli.ExitUsage, "", `"billing" is unknown; choose one of shop, auth, orders, payments`},
		{"ratio above 1", []string{"fault", "inject", "errors", "--service=auth", "--ratio=1.5", stack}, cli.ExitUsage, "", "ratio: 1.5"},
		{"ratio below 0", []string{"fault", "inject", "errors", "--service=auth", "--ratio=-0.1", stack}, cli.ExitUsage, "", "ratio: -0.1"},
		{"ratio no number", []string{"fault", "inject", "errors", "--service=auth", "--ratio=half", stack}, cli.ExitUsage, "", `ratio: "half" is not a number`},
		{"nothing for a ratio", []string{"fault", "inject", "errors", "--service=auth", "--ratio=", stack}, cli.ExitUsage, "", `ratio: "" is not a number`},
		{"negative limit", []string{"fault", "inject", "errors", "--service=auth", "--for=-5m", stack}, cli.ExitUsage, "", "for: -5m"},
		{"negative delay", []string{"fault", "inject", "latency", "--service=auth", "--delay=-5ms", stack}, cli.ExitUsage, "", "delay: -5ms"},
		{"no service", []string{"fault", "inject", "errors", stack}, cli.ExitUsage, "", "--service"},
		{"clear unknown", []string{"fault", "clear", "gremlins", stack}, cli.ExitUsage, "", "gremlins"},
		{"no stack", []string{"fault", "list", "--stack=http://127.0.0.1:1"}, cli.ExitFailed, "", "start one with: gameday up"},
		{"no subcommand", []string{"fault"}, cli.ExitUsage, "", "gameday --help"},
		{"unknown flag", []string{"up", "--colour"}, cli.ExitUsage, "", "colour"},
	}
	for _, tt := range steps { // in order: they share the stack
		status, stdout, stderr := call(t, tt.args...)
		if status != tt.status || !strings.Contains(stdout, tt.out) || !strings.Contains(stderr, tt.fault) {
			t.Errorf("%s: gameday %s = %d\nstdout: %s\nstderr: %s\nwant %d, %q, %q", tt.name, strings.Join(tt.args, " "), status, stdout, stderr, tt.status, tt.out, tt.fault)
		}
	}
}

func TestHelpIsPrintedOnce(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"help"}, {"replay", "--help"}} {
		status, stdout, stderr := call(t, args...)
		if status != cli.ExitOK || strings.Count(stdout, "usage: gameday") != 1 || stderr != "" {
			t.Errorf("gameday %v = %d\nstdout: %s\nstderr: %s\nwant 0 and the usage once", args, status, stdout, stderr)
		}
	}
}

func TestUpRefuses(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() }) // after the parallel subtests, unlike defer
	dir := t.TempDir()
	file := func(name, content string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	rules := file("broken.rules.yml", "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: rate(x[5m]\n")
	tests := []struct{ name, flag, want string }{
		{"port taken", "--web.listen-address=" + busy.Addr().String(), "choose another address"},
		{"data folder is a file", "--data-dir=" + file("occupied", ""), "occupied"},
		{"data folder below a file", "--data-dir=" + filepath.Join(rules, "data"), "broken.rules.yml"},
		{"broken rule file", "--rules=" + rules, "broken.rules.yml: 5:"},
		{"no such rule file", "--rules=" + filepath.Join(dir, "none.yml"), "none.yml"},
		{"broken alertmanager file", "--alertmanager=" + file("am.yml", "route:\n  receiver: x\n"), "am.yml: undefined receiver"},
		{"no load", "--load.rps=0", "--load.rps=0"},
		{"interval too short", "--scrape-interval=1ms", "at least 1s"},
		{"negative history", "--history=-1h", "--history=-1h0m0s: give 0 for none, or 1m0s to 24h0m0s"},
		{"history too long", "--history=25h", "--history=25h0m0s: give 0"},
		{"history too short", "--history=1s", "--history=1s: give 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"up", tt.flag}
			if !strings.HasPrefix(tt.flag, "--web.listen-address") {
				args = append(args, "--web.listen-address=127.0.0.1:0")
			}
			status, stdout, stderr := call(t, args...)
			if status != cli.ExitUsage || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("gameday up %s = %d\nstdout: %s\nstderr: %s\nwant status 2, nothing, %q", tt.flag, status, stdout, stderr, tt.want)
			}
		})
	}
}

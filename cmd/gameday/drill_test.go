package main

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"goldensignals/drills"
	"goldensignals/internal/cli"
	"goldensignals/internal/cli/clitest"
	"goldensignals/internal/patience"
)

func TestDrillList(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := call(t, "drill", "list")
	if status != cli.ExitOK || stderr != "" {
		t.Fatalf("gameday drill list = %d, stderr %s", status, stderr)
	}
	names, err := fs.Glob(drills.FS(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(stdout, "\n"); got != len(names)+1 {
		t.Errorf("%d lines, want a head and %d drills:\n%s", got, len(names), stdout)
	}
	for _, want := range []string{"NAME", "payments-errors", "45m", "1h30m", "none (control)"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("list lacks %q:\n%s", want, stdout)
		}
	}
}

func TestDrillLint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good/quiet.yaml", "name: quiet\nduration: 10m\n")
	write("good/below/other.yml", "name: other\nduration: 10m\n")
	write("good/README.md", "not a drill")
	bad := write("mixed/bad.yaml", "name: Bad\nduration: 1s\n")
	write("mixed/fine.yaml", "name: fine\nduration: 10m\n")
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		args     []string
		status   int
		out, err []string
	}{
		{"shipped", nil, cli.ExitOK, []string{"payments-errors.yaml: ok", "healthy.yaml: ok"}, nil},
		{"a file", []string{good}, cli.ExitOK, []string{good + ": ok"}, nil},
		{"a folder", []string{filepath.Join(dir, "good")}, cli.ExitOK, []string{"quiet.yaml: ok", "other.yml: ok"}, nil},
		{"errors", []string{filepath.Join(dir, "mixed")}, cli.ExitFailed, []string{"fine.yaml: ok"}, []string{bad + ":1: name:", bad + ":2: duration:", "1 of 2 drill files have errors"}},
		{"no such path", []string{good, filepath.Join(dir, "none.yaml")}, cli.ExitUsage, nil, []string{"none.yaml"}},
		{"an empty folder", []string{filepath.Join(dir, "empty")}, cli.ExitUsage, nil, []string{"holds no .yaml file"}},
	}
	for _, tt := range tests {
		status, stdout, stderr := call(t, append([]string{"drill", "lint"}, tt.args...)...)
		if status != tt.status {
			t.Errorf("%s: status %d, want %d; stderr %s", tt.name, status, tt.status, stderr)
		}
		for _, want := range tt.out {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: stdout lacks %q:\n%s", tt.name, want, stdout)
			}
		}
		for _, want := range tt.err {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: stderr lacks %q:\n%s", tt.name, want, stderr)
			}
		}
		if tt.out == nil && stdout != "" {
			t.Errorf("%s: stdout %q, want nothing", tt.name, stdout)
		}
	}
}

func TestDrillRefuses(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("name: bad\nduration: 10m\ncolour: red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const nobody = "--stack=http://127.0.0.1:1"
	tests := []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"no name", []string{"start"}, cli.ExitUsage, "name"},
		{"unknown name", []string{"start", "gremlins", nobody}, cli.ExitUsage, "name a file or one of: auth-down"},
		{"bad file", []string{"start", bad, nobody}, cli.ExitUsage, bad + ":3: the key \"colour\" is unknown"},
		{"unknown form", []string{"start", "blip", "--format=pdf", nobody}, cli.ExitUsage, "must be one of table,json,html"},
		{"no stack to start on", []string{"start", "blip", nobody}, cli.ExitFailed, "start one with: gameday up"},
		{"no stack to ask", []string{"status", nobody}, cli.ExitFailed, "start one with: gameday up"},
		{"no stack to stop", []string{"stop", nobody}, cli.ExitFailed, "start one with: gameday up"},
		{"no subcommand", []string{}, cli.ExitUsage, "gameday --help"},
	}
	for _, tt := range tests {
		status, stdout, stderr := call(t, append([]string{"drill"}, tt.args...)...)
		if status != tt.status || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: %d\nstdout: %s\nstderr: %s\nwant %d with %q", tt.name, status, stdout, stderr, tt.status, tt.want)
		}
	}
}

// hurtsAtOnce breaks the shop as soon as it begins.
const hurtsAtOnce = `name: at-once
brief: Customers complain.
duration: 30m
timeline:
  - {at: 0s, fault: errors, service: payments, for: 20m}
incidents:
  - {name: checkout fails, from: 0s, to: 20m, page_within: 5m}
`

// liveDrill is `gameday drill start` while it runs.
type liveDrill struct {
	stdout, stderr clitest.Output
	interrupt      context.CancelFunc
	status         chan int
}

func startDrill(t *testing.T, args ...string) *liveDrill {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d := &liveDrill{interrupt: cancel, status: make(chan int, 1)}
	go func() { d.status <- run(ctx, append([]string{"drill", "start"}, args...), &d.stdout, &d.stderr) }()
	t.Cleanup(cancel)
	patience.Until(t, "start", func() bool { return strings.Contains(d.stdout.String(), "Customers complain.") })
	return d
}

func (d *liveDrill) wait(t *testing.T) int {
	t.Helper()
	select {
	case status := <-d.status:
		return status
	case <-time.After(patience.Limit):
		t.Fatalf("gameday drill start did not end; stderr: %s", d.stderr.String())
		return 0
	}
}

func TestDrillLive(t *testing.T) {
	address, _ := startUp(t, "--scrape-interval=1s")
	target := "--stack=" + address
	file := filepath.Join(t.TempDir(), "at-once.yaml")
	if err := os.WriteFile(file, []byte(hurtsAtOnce), 0o600); err != nil {
		t.Fatal(err)
	}
	want := func(what string, args []string, wantStatus int, out, errs string) {
		t.Helper()
		status, stdout, stderr := call(t, append([]string{"drill"}, append(args, target)...)...)
		if status != wantStatus || !strings.Contains(stdout, out) || !strings.Contains(stderr, errs) {
			t.Errorf("%s: %d\nstdout: %s\nstderr: %s\nwant %d, %q, %q", what, status, stdout, stderr, wantStatus, out, errs)
		}
	}
	// While a drill runs nobody is told its faults: errors of the service are the sign.
	failing := func() bool {
		return strings.Contains(get(t, address+"/prometheus/api/v1/query?query="+url.QueryEscape(`rate(http_server_request_duration_seconds_count{service="payments",http_response_status_code="500"}[1m])>0`)), `"service":"payments"`)
	}
	broken := func() bool { return !strings.HasSuffix(get(t, address+"/api/v1/faults"), "\"active\":[]}\n") }

	want("status before", []string{"status"}, cli.ExitOK, "No drill is running.", "")
	want("stop before", []string{"stop"}, cli.ExitOK, "No drill is running.", "")

	first := startDrill(t, file, target, "--by=anna")
	patience.Until(t, "fault", failing)
	if status, stdout, _ := call(t, "fault", "list", target); status != cli.ExitOK || !strings.Contains(stdout, "hidden until it ends") {
		t.Errorf("gameday fault list = %d during a drill, want that faults are hidden:\n%s", status, stdout)
	}
	want("status", []string{"status"}, cli.ExitOK, "of 30m, started by anna.\n\n  Customers complain.", "")
	want("second start", []string{"start", "blip"}, cli.ExitUsage, "", "a drill is running already")
	first.interrupt()
	if status := first.wait(t); status != cli.ExitFailed || !strings.Contains(first.stderr.String(), "none of its faults and silences is left") {
		t.Errorf("after Ctrl-C: %d, stderr %s", status, first.stderr.String())
	}
	if broken() {
		t.Error("the fault is still there after Ctrl-C")
	}

	second := startDrill(t, file, target)
	patience.Until(t, "fault", broken)
	want("stop", []string{"stop"}, cli.ExitOK, "None of its faults and silences is left.", "")
	if broken() {
		t.Error("the fault is still there after stop")
	}
	if status := second.wait(t); status != cli.ExitFailed || !strings.Contains(second.stderr.String(), "somebody stopped the drill") {
		t.Errorf("after stop: %d, stderr %s", status, second.stderr.String())
	}
	want("status after", []string{"status"}, cli.ExitOK, "The last drill was at-once (at-once)", "")
}

// TestDrillStartEnds plays the stack: it answers a start with the given lines.
func TestDrillStartEnds(t *testing.T) {
	t.Parallel()
	const (
		started = `{"state":"started","drill":{"brief":"Help.","duration_seconds":60}}` + "\n" + `{"elapsed_seconds":5}` + "\n"
		passed  = `{"result":{"drill":"x","passed":true,"control":true,"notes":["The players slept."]},"saved":["/data/x.txt"]}`
		short   = `{"result":{"drill":"x","passed":false,"control":true,"problems":["1 false page."]}}`
	)
	out := filepath.Join(t.TempDir(), "out.json")
	tests := []struct {
		name      string
		lines     string
		args      []string
		status    int
		out, errs []string
		noOut     string
	}{
		{"passed", started + passed, nil, cli.ExitOK, []string{"It lasts 1m", "Help.", "(control)", "The players slept."}, []string{"Saved by the stack: /data/x.txt"}, ""},
		{"fell short", started + short, nil, cli.ExitFailed, []string{"1 false page."}, []string{"1 of 1 drills fell short: x"}, ""},
		{"for programs", started + passed, []string{"--format=json"}, cli.ExitOK, []string{`{"drill":"x"`}, []string{"Help."}, "Help."},
		{"into a file", started + passed, []string{"--format=json", "--out=" + out}, cli.ExitOK, []string{"Help.", "(control)"}, nil, `{"drill"`},
		{"not saved", started + `{"result":{"drill":"x","passed":true,"control":true},"save_error":"disk full"}`, nil, cli.ExitFailed, []string{"(control)"}, []string{"could not keep the result: disk full"}, ""},
		{"error", started + `{"error":"the stack is stopping"}`, nil, cli.ExitFailed, []string{"Help."}, []string{"the stack is stopping"}, "DRILL"},
		{"cut off", started, nil, cli.ExitFailed, []string{"Help."}, []string{"the stack went away"}, "DRILL"},
		{"nonsense", "<html>", nil, cli.ExitFailed, nil, []string{"follow the drill"}, ""},
		{"steers the terminal", `{"state":"started","drill":{"brief":"a\u001b[2Jb"}}` + passed, nil, cli.ExitOK, []string{"a [2Jb"}, nil, "\x1b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Connection", "close")
				fmt.Fprint(w, tt.lines)
			}))
			defer server.Close()
			status, stdout, stderr := call(t, append([]string{"drill", "start", "blip", "--stack=" + server.URL}, tt.args...)...)
			if status != tt.status {
				t.Errorf("status = %d, want %d", status, tt.status)
			}
			for _, want := range tt.out {
				if !strings.Contains(stdout, want) {
					t.Errorf("stdout lacks %q:\n%s", want, stdout)
				}
			}
			for _, want := range tt.errs {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr lacks %q:\n%s", want, stderr)
				}
			}
			if tt.noOut != "" && strings.Contains(stdout, tt.noOut) {
				t.Errorf("stdout has %q:\n%s", tt.noOut, stdout)
			}
		})
	}
	if content, err := os.ReadFile(out); err != nil || !strings.HasPrefix(string(content), `{"drill":"x"`) {
		t.Errorf("--out wrote %q, %v", content, err)
	}
}

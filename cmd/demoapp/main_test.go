package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/cli/clitest"
	"goldensignals/internal/patience"
)

// TestMain is the program itself where a test has started it as a child.
func TestMain(m *testing.M) {
	if _, child := earlierKills(os.Getenv); child {
		main()
	}
	os.Exit(m.Run())
}

func noEnv(string) string { return "" }

func writeToken(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrongCalls(t *testing.T) {
	t.Parallel()
	empty, token := writeToken(t, " \n"), writeToken(t, "secret\n")
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, faultsFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, killsFile), []byte("many"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		want string // in the message
	}{
		{"", "--service"},
		{"--service=bank", "bank"},
		{"--service=shop --no-such-flag", "no-such-flag"},
		{"--service=shop --sized-for=0", "--sized-for"},
		{"--service=shop --sized-for=NaN", "--sized-for"},
		{"--service=shop --web.drain-delay=2m", "--web.drain-delay"},
		{"--service=shop --web.listen-address=nowhere", "--web.listen-address"},
		{"--service=shop --peer=auth", "auth=http://auth:8080"},
		{"--service=shop --peer=auth=ftp://auth", "http://auth:8080"},
		{"--service=shop --peer=payments=http://payments:8080", "does not call"},
		{"--service=shop --data-dir.size=0B", "--data-dir.size"},
		{"--service=shop --data-dir.size=lots", "16MiB"},
		{"--service=shop --data-dir=" + empty + "/folder", "--data-dir"},
		{"--service=shop --data-dir=" + broken, "remove the file"},
		{"--service=shop --log.level=loud", "loud"},
		{"--service=shop --admin.token-file=" + token, "--admin.listen-address"},
		{"--service=shop --admin.listen-address=:9000", "--admin.token-file"},
		{"--service=shop --admin.listen-address=0.0.0.0:9000", "--admin.token-file"},
		{"--service=shop --admin.listen-address=[::]:9000", "--admin.token-file"},
		{"--service=shop --admin.listen-address=192.0.2.1:9000", "--admin.token-file"},
		{"--service=shop --admin.listen-address=example.com:9000", "--admin.token-file"},
		{"--service=shop --admin.listen-address=:9000 --admin.token-file=" + empty, "empty"},
		{"--service=shop --admin.listen-address=:9000 --admin.token-file=" + token + ".not", "--admin.token-file"},
		{"--service=shop --admin.listen-address=127.0.0.1:nowhere", "--admin.listen-address"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			status := run(t.Context(), strings.Fields(tt.args), noEnv, io.Discard, &stderr)
			if status != cli.ExitUsage || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("status %d, want %d; stderr %q, want one with %q", status, cli.ExitUsage, stderr.String(), tt.want)
			}
			if strings.Contains(stderr.String(), "secret") {
				t.Errorf("stderr tells the token: %q", stderr.String())
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	if status := run(t.Context(), []string{"--help"}, noEnv, &stdout, io.Discard); status != cli.ExitOK {
		t.Errorf("status %d, want %d", status, cli.ExitOK)
	}
	if got := stdout.String(); strings.Count(got, "usage:") != 1 || !strings.Contains(got, "--admin.listen-address") {
		t.Errorf("help:\n%s", got)
	}
}

// running is a service under test.
type running struct {
	app   *app
	log   *clitest.Output
	end   context.CancelFunc
	ended chan error
}

// start runs a service on free ports and waits until it serves.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := begin(t, args...)
	patience.Until(t, "service", func() bool { return r.app.serving.Load() != nil })
	return r
}

// begin runs a service on free ports.
func begin(t *testing.T, args ...string) *running {
	t.Helper()
	k := kingpin.New("demoapp", "")
	c := flags(k)
	args = clitest.WithUsual(args, "--web.listen-address=127.0.0.1:0", "--web.drain-delay=0s", "--admin.listen-address=127.0.0.1:0")
	if _, err := k.Parse(args); err != nil {
		t.Fatal(err)
	}
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	r := &running{log: &clitest.Output{}, ended: make(chan error, 1)}
	a, err := newApp(t.Context(), c, 0, slog.New(slog.NewTextHandler(r.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.app, r.end = a, cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.ended <- a.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	patience.Until(t, "admin listener", func() bool { return r.app.admin.Load() != nil })
	return r
}

// ask sends a request and returns status and body; 0: there was no answer.
func ask(t *testing.T, method, url, body string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(data)
}

func (r *running) web(path string) string {
	return fmt.Sprintf("http://%v%s", r.app.serving.Load(), path)
}

func (r *running) api(path string) string {
	return fmt.Sprintf("http://%v/api/v1/%s", r.app.admin.Load(), path)
}

// inject puts a fault in.
func (r *running) inject(t *testing.T, fault string) {
	t.Helper()
	if status, body := ask(t, http.MethodPost, r.api("faults"), fault); status != http.StatusCreated {
		t.Fatalf("inject %s: status %d: %s", fault, status, body)
	}
}

// charge asks payments to take money.
func (r *running) charge(t *testing.T) int {
	t.Helper()
	status, _ := ask(t, http.MethodPost, r.web("/charges"), "")
	return status
}

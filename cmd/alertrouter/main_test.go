package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"goldensignals/internal/cli"
	"goldensignals/internal/cli/clitest"
	"goldensignals/internal/patience"
	"goldensignals/internal/router/policy"
)

// asProgram says that this process is the program itself, started by a test.
const asProgram = "ALERTROUTER_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// write writes a file into the folder of the test, or anew at a path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.TempDir(), name)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// passwords writes a web.config.file with the user anna, whose password is secret.
func passwords(t *testing.T) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "web.yml", fmt.Sprintf("basic_auth_users: {anna: %q}\n", hash))
}

// running is a router under test.
type running struct {
	url            string
	hangup         chan os.Signal
	stdout, stderr *clitest.Output
	cancel         context.CancelFunc
	ended          chan int
}

// start runs a router on a free port and waits until it serves. Without a flag
// for it, it has the smallest configuration and a data folder of its own.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	args = clitest.WithUsual(args, "--web.listen-address=127.0.0.1:0", "--data-dir="+t.TempDir(),
		"--config.file="+write(t, "alertrouter.yml", policy.Smallest()))
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{hangup: make(chan os.Signal), stdout: &clitest.Output{}, stderr: &clitest.Output{}, cancel: cancel, ended: make(chan int, 1)}
	go func() { r.ended <- run(ctx, args, r.hangup, r.stdout, r.stderr) }()
	t.Cleanup(func() { r.end(t) })
	r.url = "http://" + upAt(t, r.stderr)
	return r
}

// upAt waits for the address that a router says it serves.
func upAt(t *testing.T, stderr *clitest.Output) string {
	t.Helper()
	up := regexp.MustCompile(`alertrouter is up.* address=(\S+)`)
	patience.Until(t, "address", func() bool { return up.MatchString(stderr.String()) })
	return strings.Replace(up.FindStringSubmatch(stderr.String())[1], "[::]", "127.0.0.1", 1)
}

// end ends the router and returns its status.
func (r *running) end(t *testing.T) int {
	t.Helper()
	r.cancel()
	select {
	case status := <-r.ended:
		r.ended <- status
		return status
	case <-time.After(patience.Limit):
		t.Errorf("the router does not end:\n%s", r.stderr)
		return -1
	}
}

// call sends a request; edit may be nil.
func call(t *testing.T, method, url, body string, edit func(*http.Request)) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	if edit != nil {
		edit(req)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// webhook is one of Alertmanager's, of an alert of its own.
func webhook(name, severity string) string {
	labels := fmt.Sprintf(`{"alertname":%q,"severity":%q,"service":"shop"}`, name, severity)
	return fmt.Sprintf(`{"version":"4","groupKey":"{}:%s","status":"firing","receiver":"alertrouter","notification_reason":"first notification",
		"groupLabels":{"alertname":%q},"commonLabels":%s,"commonAnnotations":{},"alerts":[
		{"status":"firing","labels":%s,"annotations":{"summary":"It hurts."},"startsAt":"2026-01-08T12:00:00Z","endsAt":"0001-01-01T00:00:00Z"}]}`,
		name, name, labels, labels)
}

// tell sends a webhook.
func (r *running) tell(t *testing.T, name, severity string) {
	t.Helper()
	if status, answer := call(t, http.MethodPost, r.url+"/api/v1/webhook", webhook(name, severity), nil); status != http.StatusNoContent {
		t.Errorf("webhook %s: status %d: %s", name, status, answer)
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{"--help": "--web.callback-address", "--version": "alertrouter, version"} {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), []string{flag}, nil, &stdout, &stderr); status != cli.ExitOK || stderr.Len() > 0 {
			t.Errorf("%s: status %d, stderr %s", flag, status, &stderr)
		}
		if got := stdout.String(); strings.Count(got, want) != 1 {
			t.Errorf("%s printed %q, want %q in it once", flag, got, want)
		}
	}
}

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := write(t, "bad.yml", "colour: red\nproviders:\n  - {name: phone, phone: {}}\nreceivers:\n  - {name: oncall, sms: {providers: [phon]}}\nroutes: []\n")
	broken := write(t, "ca.pem", "no certificate")
	unread := write(t, "unread.yml", strings.Replace(policy.Smallest(), "ticket: {board: {}}", "ticket: {http: {tls_config: {ca_file: "+broken+
		"}}, gitea: {url: \"http://x/\", repository: a/b, token: {file: "+broken+"}}}", 1))
	web := write(t, "web.yml", "basic_auth_users: {anna: secret}\n")
	good := write(t, "good.yml", policy.Smallest())
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		stdout string
		stderr []string
	}{
		{"shipped", []string{"--config.file=../../deploy/alertrouter/alertrouter.yml"}, cli.ExitOK, "alertrouter.yml: fine: 3 receivers, 1 provider, 3 people, 1 rota\n", nil},
		{"smallest", []string{"--config.file=" + good}, cli.ExitOK, "good.yml: fine: 3 receivers, 1 provider, 0 people, 0 rotas\n", nil},
		{"everything that is wrong", []string{"--config.file=" + bad}, cli.ExitUsage, "", []string{bad + ":1: ", bad + ":5: ", bad + ":6: "}},
		{"cannot be opened", []string{"--config.file=" + unread}, cli.ExitUsage, "", []string{unread + ": receivers[1].ticket"}},
		{"web", []string{"--config.file=" + good, "--web.config.file=" + web}, cli.ExitUsage, "", []string{"--web.config.file=" + web}},
		{"no file", []string{"--config.file=" + dir + "/none.yml"}, cli.ExitUsage, "", []string{"--config.file", "none.yml"}},
		{"no file and no flag", nil, cli.ExitUsage, "", []string{"--config.file", policy.Smallest()}},
		{"address", []string{"--config.file=" + good, "--web.listen-address=:9095"}, cli.ExitUsage, "", []string{"--web.insecure"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			args := append([]string{"--config.check", "--data-dir=" + filepath.Join(dir, "data")}, tt.args...)
			status := run(t.Context(), args, nil, &stdout, &stderr)
			if status != tt.status || !strings.HasSuffix(stdout.String(), tt.stdout) || tt.stdout == "" && stdout.Len() > 0 {
				t.Errorf("status %d and %q, want %d and %q; stderr %s", status, &stdout, tt.status, tt.stdout, &stderr)
			}
			for _, want := range tt.stderr {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("stderr = %q, want %q in it", &stderr, want)
				}
			}
			if tt.stderr == nil && stderr.Len() > 0 {
				t.Errorf("stderr = %q, want nothing", &stderr)
			}
		})
	}
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(dir, "data")); !os.IsNotExist(err) {
			t.Errorf("the check has made a data folder: %v", err)
		}
	})
}

func TestWrongCalls(t *testing.T) {
	t.Parallel()
	good := "--config.file=" + write(t, "good.yml", policy.Smallest())
	token := write(t, "token", "t0ken")
	withToken := "--config.file=" + write(t, "token.yml", policy.Smallest()+"webhook: {token: {file: "+token+"}}\n")
	headers := write(t, "web.yml", "http_server_config: {headers: {X-Frame-Options: deny}}\n")
	for _, tt := range []struct {
		args string
		want string // in the message
	}{
		{"", "--config.file"},
		{good + " --no-such-flag", "no-such-flag"},
		{good + " --log.level=loud", "loud"},
		{good + " --log.format=xml", "xml"},
		{good + " --web.listen-address=nowhere", "--web.listen-address"},
		{good + " --web.listen-address=127.0.0.1:nowhere", "--web.listen-address"},
		{good + " --web.listen-address=127.0.0.1:0 --web.callback-address=127.0.0.1:nowhere", "--web.callback-address"},
		{good + " --web.listen-address=127.0.0.1:0 --web.external-url=localhost", "--web.external-url"},
		{good + " --web.listen-address=127.0.0.1:0 --runbooks=/nowhere", "--runbooks"},
		{good + " --web.config.file=/nowhere", "--web.config.file"},
		{good + " --web.listen-address=:0", "basic_auth_users"},
		{good + " --web.listen-address=0.0.0.0:0", "--web.insecure"},
		{good + " --web.listen-address=[::]:0", "127.0.0.1"},
		{good + " --web.listen-address=192.0.2.1:0", "RequireAndVerifyClientCert"},
		{good + " --web.listen-address=:0 --web.config.file=" + headers, "basic_auth_users"},
		{withToken + " --web.listen-address=:0", "basic_auth_users"}, // the pages have no token
		{withToken + " --web.config.file=" + passwords(t), "webhook.token"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			args := append(strings.Fields(tt.args), "--data-dir="+t.TempDir())
			if status := run(t.Context(), args, nil, io.Discard, &stderr); status != cli.ExitUsage || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("status %d, want %d; stderr %q, want one with %q", status, cli.ExitUsage, &stderr, tt.want)
			}
			if strings.Contains(stderr.String(), "t0ken") || strings.Contains(stderr.String(), "$2a$") {
				t.Errorf("stderr tells a secret: %q", &stderr)
			}
		})
	}
}

func TestDataFolderInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, "--data-dir="+dir)
	var stderr bytes.Buffer
	args := []string{"--data-dir=" + dir, "--web.listen-address=127.0.0.1:0", "--config.file=" + write(t, "good.yml", policy.Smallest())}
	if status := run(t.Context(), args, nil, io.Discard, &stderr); status != cli.ExitFailed || !strings.Contains(stderr.String(), "in use") {
		t.Errorf("a second router on the same data: status %d, want %d; stderr %q", status, cli.ExitFailed, &stderr)
	}
}

func TestProtects(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{
		"basic_auth_users: {anna: x}": true,
		"basic_auth_users: {}":        false,
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}": true,
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAnyClientCert}":       false,
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: VerifyClientCertIfGiven}":    false,
		"tls_server_config: {cert_file: a, key_file: b}":                                               false,
	} {
		c, err := parseWebConfig([]byte(file))
		if err != nil || c.protects() != want {
			t.Errorf("%s: protects = %v, %v; want %v", file, c.protects(), err, want)
		}
	}
}

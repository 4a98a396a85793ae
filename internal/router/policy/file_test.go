package policy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/policy"
)

const examplePath = "../../../deploy/alertrouter/alertrouter.yml"

// fullExample returns the example with the lines that a team with providers of
// its own adds, and with secrets that are there.
func fullExample(tb testing.TB) string {
	tb.Helper()
	data, err := os.ReadFile(examplePath)
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	for _, name := range []string{"twilio", "twilio-backup", "gitea", "webhook", "alertmanager"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("hunter2"), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return strings.NewReplacer("#: ", "", "/run/secrets", dir).Replace(string(data))
}

func TestExampleWorksAsItIs(t *testing.T) {
	t.Parallel()
	p, err := policy.Load(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Receivers(alert.Critical, nil), []string{"oncall"}; !cmp.Equal(got, want) {
		t.Errorf("Receivers(critical) = %v, want %v", got, want)
	}
}

func TestFullExampleWorks(t *testing.T) {
	t.Parallel()
	p, err := policy.Parse("alertrouter.yml", []byte(fullExample(t)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.SMSProviders()); n != 3 {
		t.Errorf("there are %d providers, want 3", n)
	}
	if got := p.Receivers(alert.Warning, alert.Labels{"team": "payments"}); !cmp.Equal(got, []string{"payments-tickets"}) {
		t.Errorf("Receivers(warning of payments) = %v", got)
	}
}

func TestDefaultIsTheBuiltInDemonstration(t *testing.T) {
	t.Parallel()
	p := policy.Default()
	var got []string
	for _, r := range p.AllReceivers() {
		got = append(got, fmt.Sprintf("%s %s %d", r.Name, r.Type(), r.Concurrency))
	}
	if diff := cmp.Diff([]string{"oncall sms 1", "tickets ticket 1", "log logline 1"}, got); diff != "" {
		t.Errorf("receivers (-want +got):\n%s", diff)
	}
	for severity, want := range map[alert.Severity]string{
		alert.Critical: "oncall", alert.Warning: "tickets", alert.Info: "log", "loud": "tickets", "": "tickets",
	} {
		if got := p.Receivers(severity, alert.Labels{"service": "shop"}); !cmp.Equal(got, []string{want}) {
			t.Errorf("Receivers(%q) = %v, want %s", severity, got, want)
		}
	}
	if got, ok := p.Chain("oncall").At(0, time.Now()); got != "Built-in phone" || !ok {
		t.Errorf("SMS go to %q, want what sms.Phone shows", got)
	}
	s := p.Settings()
	if s.Retry != (policy.Retry{First: time.Second, Longest: time.Minute, GiveUpAfter: 24 * time.Hour, Timeout: 10 * time.Second}) || s.RepeatAfter != time.Hour {
		t.Errorf("defaults differ from the router's own: %+v, %v", s.Retry, s.RepeatAfter)
	}
}

func TestAnEmptyFileIsToldWhatToWrite(t *testing.T) {
	t.Parallel()
	for _, empty := range []string{"", "\n", "{}", "null", "# nothing\n", "---\n"} {
		_, err := policy.Parse("a.yml", []byte(empty))
		if err == nil {
			t.Fatalf("Parse(%q) takes a file that says nothing", empty)
		}
		_, shown, ok := strings.Cut(err.Error(), "\n\n")
		if !ok {
			t.Fatalf("Parse(%q) = %v, want the smallest file", empty, err)
		}
		if _, err := policy.Parse("b.yml", []byte(shown)); err != nil {
			t.Errorf("the file that Parse(%q) shows does not work: %v", empty, err)
		}
	}
}

func TestLoadNamesAMissingFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none.yml")
	if _, err := policy.Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Load = %v, want an error that names %s", err, path)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	p, err := policy.Parse("a.yml", []byte(fullExample(t)))
	if err != nil {
		t.Fatal(err)
	}
	s := p.Settings()
	if got := s.ExternalURL.String(); got != "http://localhost:8080/" {
		t.Errorf("external URL is %s", got)
	}
	if got := s.Alertmanagers[0].String(); got != "http://alertmanager:9093/" {
		t.Errorf("Alertmanager is at %s", got)
	}
	if token, err := s.WebhookToken.Read(); token != "hunter2" || err != nil {
		t.Errorf("webhook token is %q, %v", token, err)
	}
	if s.AlertmanagerHTTP == nil || s.AlertmanagerHTTP.BasicAuth.Username != "router" {
		t.Error("the way to Alertmanager is lost")
	}
	if s.StaleAfter != 5*24*time.Hour || s.LinksValidFor != 7*24*time.Hour || s.UsualSilence != time.Hour {
		t.Errorf("durations are wrong: %+v", s)
	}
	if len(s.WatchdogReceivers) != len(p.AllReceivers()) {
		t.Errorf("the watchdog tells %v, want all", s.WatchdogReceivers)
	}
	s.WatchdogReceivers[0] = "changed"
	if p.Settings().WatchdogReceivers[0] == "changed" {
		t.Error("a caller can change the policy")
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	full := fullExample(t)
	inline := strings.Replace(full, "password_file: ", "password: hunter2 #", 1)
	p, err := policy.Parse("a.yml", []byte(strings.ReplaceAll(inline, "hunter2 #", "hunter2}} #")))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		for _, v := range []any{p, p.Settings(), p.Settings().AlertmanagerHTTP, p.SMSProviders(), p.AllReceivers()} {
			if out := fmt.Sprintf(format, v); strings.Contains(out, "hunter2") && format != "%#v" && format != "%d" {
				t.Errorf("Sprintf(%q, %T) shows a secret: %s", format, v, out)
			}
		}
		if out := fmt.Sprintf(format, p); strings.Contains(out, "hunter2") {
			t.Errorf("Sprintf(%q, policy) shows a secret: %s", format, out)
		}
	}
	for _, wrong := range []string{
		"webhook: hunter2\n", "webhook: {token: hunter2}\n", "webhook: [hunter2]\n", "webhook: {token: {value: hunter2}}\n",
		"silences: {http: hunter2}\n", "silences: {http: {basic_auth: hunter2}}\n", "silences: {http: {basic_auth: {password: [hunter2]}}}\n",
		"silences: {http: {bearer_token: hunter2, authorization: {credentials: hunter2}}}\n",
		"silences: {http: {proxy_url: 'http://a:hunter2@[x'}}\n",
		"external_url: 'https://a:hunter2@example.org'\n", "external_url: 'ftp://a:hunter2@example.org'\n", "external_url: 'http://a:hunter2@[x'\n",
		"alertmanagers: ['https://a:hunter2@example.org']\n", "alertmanagers: {a: hunter2}\n",
		"providers: [{name: x, twilio: {auth_token: hunter2}}]\n", "providers: [{name: x, twilio: hunter2}]\n", "providers: hunter2\n",
		"receivers: [{name: x, ticket: {gitea: {url: 'https://a:hunter2@x', token: [hunter2]}}}]\n",
	} {
		_, err := policy.Parse("a.yml", []byte(wrong))
		if err == nil {
			t.Errorf("Parse(%q) takes it", wrong)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Parse(%q) shows the secret: %v", wrong, err)
		}
	}
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goldensignals/internal/cli"
)

const lintRule = `groups:
- name: g
  rules:
  - alert: Hot
    expr: temperature > 30
    labels: {severity: %}
    annotations: {summary: S., description: D., runbook_url: R, dashboard_url: U}
`

// lintFolder writes files and returns the folder that they are in.
func lintFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"series.txt":   "# TYPE temperature gauge\ntemperature 1\n",
		"good/hot.yml": strings.Replace(lintRule, "%", "info", 1),
		"good/runbooks/Hot.md": "---\nalert: Hot\nnot_drilled: nothing heats it\n---\n\n# Hot\n\n## Meaning\n\nIt is hot.\n\n## Impact\n\nNone.\n\n## Diagnosis\n\n" +
			"```promql\n# outage: some\ntemperature > 50\n```\n\n## Mitigation\n\nWait.\n\n## Verification\n\n```promql\n# well: empty\ntemperature > 50\n```\n",
		"bad/hot.yml":            strings.Replace(lintRule, "%", "page", 1),
		"doubt/alertmanager.yml": "route: {receiver: a}\nreceivers:\n- name: a\n- name: b\n",
		"beside/use.yml":         strings.Replace(strings.Replace(lintRule, "%", "info", 1), "temperature", "a:b:c", 1),
		"beside/record.yml":      "groups:\n- name: g\n  rules:\n  - record: a:b:c\n    expr: nope\n",
		"empty/notes.txt":        "nothing\n",
		"empty/compose.yaml":     "services: {}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLint(t *testing.T) {
	t.Parallel()
	dir := lintFolder(t)
	series := "--series=" + filepath.Join(dir, "series.txt")
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, tt := range []struct {
		name           string
		args           []string
		status         int
		stdout, stderr string
	}{
		{"shipped", nil, cli.ExitOK, "nothing wrong in ", ""},
		{"sound folder", []string{series, at("good")}, cli.ExitOK, "nothing wrong in 1 rule file, 1 runbook\n", ""},
		{"fault", []string{series, at("bad")}, cli.ExitFailed, at("bad/hot.yml") + `:6: Hot: severity "page" is none of critical, warning, info; set the label`, "1 error and 0 warnings in 1 rule file"},
		{"series of the shop", []string{at("good")}, cli.ExitFailed, at("good/hot.yml") + ":5: Hot: no target exports temperature", "1 error and 0 warnings in"},
		{"doubts only", []string{series, at("doubt")}, cli.ExitOK, "alertmanager.yml:4: warning: no route uses the receiver b; name it in a route, or remove it\n0 errors and 1 warning in 1 Alertmanager configuration\n", ""},
		{"a file with those beside it", []string{series, at("beside/use.yml")}, cli.ExitOK, "nothing wrong in 1 rule file\n", ""},
		{"a file twice", []string{series, at("beside"), at("beside/use.yml")}, cli.ExitFailed, "record.yml:5: a:b:c: no target exports nope", "1 error and 0 warnings in 2 rule files"},
		{"no such path", []string{at("nope")}, cli.ExitUsage, "", "nope: no such file or directory; name a file or a folder"},
		{"nothing to lint", []string{at("empty")}, cli.ExitUsage, "", "holds no rules, alertmanager.yml, runbook or drill"},
		{"of no known kind", []string{at("empty/compose.yaml")}, cli.ExitUsage, "", "compose.yaml is neither a rule file"},
		{"no such series", []string{"--series=" + at("nope"), at("good")}, cli.ExitUsage, "", "read series: open"},
		{"series that are none", []string{"--series=" + at("good/hot.yml"), at("good")}, cli.ExitUsage, "", "hot.yml: read exposition"},
		{"no interval", []string{"--scrape-interval=0s"}, cli.ExitUsage, "", "--scrape-interval=0s is not above zero"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := call(t, append([]string{"lint"}, tt.args...)...)
			if status != tt.status || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("gameday lint %v = %d\nstdout: %s\nstderr: %s\nwant %d, %q, %q", tt.args, status, stdout, stderr, tt.status, tt.stdout, tt.stderr)
			}
			if tt.status == cli.ExitOK && stderr != "" {
				t.Errorf("stderr = %s, want nothing", stderr)
			}
		})
	}
}

func TestLintJSON(t *testing.T) {
	t.Parallel()
	dir := lintFolder(t)
	status, stdout, _ := call(t, "lint", "--format=json", "--series="+filepath.Join(dir, "series.txt"), filepath.Join(dir, "bad"))
	var got struct {
		Checked  map[string]int
		Errors   int
		Warnings int
		Findings []struct {
			File, Severity, Check, Problem, Remedy string
			Line                                   int
		}
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("output %s: %v", stdout, err)
	}
	if status != cli.ExitFailed || got.Errors != 1 || len(got.Findings) != 1 || got.Checked["rule_files"] != 1 {
		t.Fatalf("gameday lint --format=json = %d %+v, want one error in one rule file", status, got)
	}
	if f := got.Findings[0]; f.Check != "severity" || f.Severity != "error" || f.Line != 6 || f.File != filepath.Join(dir, "bad/hot.yml") || f.Remedy == "" {
		t.Errorf("finding = %+v, want the severity on line 6", f)
	}
	if _, stdout, _ := call(t, "lint", "--format=json"); !strings.Contains(stdout, `"findings": []`) {
		t.Errorf("without findings: %s, want an empty list", stdout)
	}
}

// TestLintFindsWhatIsBrokenInTheShippedFiles breaks them one by one, so that it
// is known that they are looked at.
func TestLintFindsWhatIsBrokenInTheShippedFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ file, old, new, want string }{
		{"alerts/services.rules.yml", "service:http_requests_errors:ratio_rate1m > 0.01", "service:http_requests_errors:ratio_rate2m > 0.01", "no target exports service:http_requests_errors:ratio_rate2m and no rule records it"},
		{"alerts/signals.rules.yml", `db_client_connections_used{job="shop"}`, `db_client_connections_usd{job="shop"}`, "no target exports db_client_connections_usd"},
		{"alerts/slo.rules.yml", `http_route!="other",http_response_status_code=~"5.."}[5m]`, `route!="other",http_response_status_code=~"5.."}[5m]`, "http_server_request_duration_seconds_count has no label route"},
		{"alerts/alertmanager.yml", `equal: [service, http_route]`, `equal: [service, http_rout]`, "neither ShopErrorsFastBurn nor ShopLatencyFastBurn has the label http_rout"},
		{"alerts/alertmanager.yml", `source_matchers: [alertname="ShopErrorsFastBurn"]`, `source_matchers: [severity="critical"]`, "ShopLatencyFastBurn is source and target at once"},
		{"runbooks/Watchdog.md", "---\nalert: Watchdog\n", "---\nalert: Watchdog\ndrill: walk\n", "there is no drill walk"},
	} {
		t.Run(tt.file+"/"+tt.new, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, folder := range []string{"alerts", "runbooks", "drills"} {
				if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join("..", "..", folder))); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, tt.file)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(content), tt.old, tt.new, 1)
			if changed == string(content) {
				t.Fatalf("%s has no %q any more: break something else", tt.file, tt.old)
			}
			if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			status, stdout, stderr := call(t, "lint", dir)
			if status != cli.ExitFailed || !strings.Contains(stdout, tt.want) {
				t.Errorf("gameday lint = %d, want %d and %q\n%s%s", status, cli.ExitFailed, tt.want, stdout, stderr)
			}
		})
	}
}

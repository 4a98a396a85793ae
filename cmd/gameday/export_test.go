package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/cli"
)

const manifests = "../../deploy/kubernetes"

// generateArgs are those of the go:generate directive beside the manifests.
func generateArgs(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(manifests, "kubernetes.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, call, found := strings.Cut(string(content), "//go:generate go run goldensignals/cmd/gameday ")
	if !found {
		t.Fatal("kubernetes.go has no go:generate directive that calls gameday")
	}
	call, _, _ = strings.Cut(call, "\n")
	return strings.Fields(call)
}

func filesIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(content)
	}
	return files
}

func TestExportedManifestsAreFresh(t *testing.T) {
	t.Parallel()
	const into = "--into=monitoring"
	args := generateArgs(t)
	i := slices.Index(args, into)
	if i < 0 {
		t.Fatalf("the go:generate directive has no %s: %q", into, args)
	}
	folder := t.TempDir()
	args[i] = "--into=" + folder
	if status, _, stderr := call(t, args...); status != cli.ExitOK {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if diff := cmp.Diff(filesIn(t, folder), filesIn(t, filepath.Join(manifests, "monitoring"))); diff != "" {
		t.Errorf("deploy/kubernetes/monitoring is out of date; delete what is no longer written and run go generate ./deploy/kubernetes (-new +there):\n%s", diff)
	}
}

func TestExportToStandardOutput(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"mine.yml":         "groups: [{name: g, rules: [{alert: A, expr: vector(1)}]}]",
		"alertmanager.yml": "route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: 'http://r/'}]}]",
		"board.json":       "{}",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"export", "--rules=" + folder, "--alertmanager=" + filepath.Join(folder, "alertmanager.yml"), "--dashboards=" + folder,
		"--namespace=monitoring", "--scrape-namespace=golden-signals", "--scrape-interval=30s", "--label=release=kube", "--label=a=b"}
	status, stdout, stderr := call(t, args...)
	if status != cli.ExitOK {
		t.Fatalf("status %d: %s", status, stderr)
	}
	documents := strings.Split(stdout, "---\n")
	if len(documents) != 8 { // a PrometheusRule, an AlertmanagerConfig, five ServiceMonitors, a ConfigMap
		t.Errorf("%d documents, want 8:\n%s", len(documents), stdout)
	}
	for _, d := range documents {
		for _, want := range []string{"\n  namespace: monitoring\n", "\n    release: kube\n", "\n    a: b\n"} {
			if !strings.Contains(d, want) {
				t.Errorf("no %q in\n%s", want, d)
			}
		}
	}
	if _, again, _ := call(t, args...); again != stdout {
		t.Errorf("the second export differs (-first +second):\n%s", cmp.Diff(stdout, again))
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	bases := []string{"--runbook-base=http://a/", "--dashboard-base=http://b/"}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no base for runbooks": {bases[1:], "give --runbook-base=URL, or --keep-external-labels"},
		"no base for boards":   {bases[:1], "give --dashboard-base=URL, or --keep-external-labels"},
		"a base that is none":  {[]string{"--runbook-base=a"}, `"a" is no link`},
		"namespace":            {append([]string{"--namespace=A"}, bases...), `namespace "A"`},
		"label":                {append([]string{"--label=a=b c"}, bases...), "label a=b c"},
		"no rules":             {append([]string{"--rules=" + empty}, bases...), "no .yml or .yaml rule file"},
		"no configuration":     {append([]string{"--alertmanager=" + filepath.Join(empty, "x")}, bases...), "read alertmanager configuration"},
		"no boards":            {append([]string{"--dashboards=" + empty}, bases...), "there is no board"},
		"no folder of boards":  {append([]string{"--dashboards=" + filepath.Join(empty, "x")}, bases...), "there is no such folder"},
		"interval":             {append([]string{"--scrape-interval=1ms"}, bases...), "scrape interval 1ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := call(t, append([]string{"export"}, tt.args...)...)
			if status != cli.ExitUsage || !strings.Contains(stderr, tt.want) || stdout != "" {
				t.Errorf("status %d, %q, want 2 and %q; printed %q", status, stderr, tt.want, stdout)
			}
		})
	}
}

func TestExportIntoKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new")
	args := []string{"export", "--into=" + folder, "--keep-external-labels"}
	if status, stdout, stderr := call(t, args...); status != cli.ExitOK || !strings.Contains(stdout, "rules-slo.yaml: written") {
		t.Fatalf("status %d: %s%s", status, stdout, stderr)
	}
	if _, stdout, _ := call(t, args...); strings.Contains(stdout, "written") || !strings.Contains(stdout, "rules-slo.yaml: as it was") {
		t.Errorf("the second export says %s", stdout)
	}
	if !strings.Contains(filesIn(t, folder)["rules-slo.yaml"], "$externalLabels.runbook_base") {
		t.Error("the external labels are gone")
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goldensignals/internal/cli"
)

func TestDependencies(t *testing.T) {
	t.Parallel()
	const (
		services = "services:\n  web: {calls: [db]}\n  db: {}\n"
		config   = "route: {receiver: r}\nreceivers: [{name: r}]\ninhibit_rules:\n  # Generated from services.yaml: begin\n  # Generated from services.yaml: end\n"
	)
	folder := func(files map[string]string) string {
		dir := t.TempDir()
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	fine := folder(map[string]string{"services.yaml": services, "alertmanager.yml": config})
	for _, tt := range []struct {
		name, dir      string
		status         int
		stdout, stderr string
	}{
		{"written", fine, cli.ExitOK, "alertmanager.yml: written", ""},
		{"again", fine, cli.ExitOK, "alertmanager.yml: as it was", ""},
		{"no services", folder(map[string]string{"alertmanager.yml": config}), cli.ExitUsage, "", "write services.yaml as in the folder alerts"},
		{"broken services", folder(map[string]string{"services.yaml": "services:\n  web: {calls: [db]}\n", "alertmanager.yml": config}), cli.ExitUsage, "", `services.yaml:2: there is no service "db"`},
		{"no place", folder(map[string]string{"services.yaml": services, "alertmanager.yml": "route: {receiver: r}\n"}), cli.ExitUsage, "", "write these two lines below inhibit_rules"},
		{"no configuration", folder(map[string]string{"services.yaml": services}), cli.ExitUsage, "", "alertmanager.yml"},
	} { // one after the other: the second looks at what the first wrote
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), []string{"dependencies", tt.dir}, &stdout, &stderr)
		if status != tt.status || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want %d, %q, %q", tt.name, status, &stdout, &stderr, tt.status, tt.stdout, tt.stderr)
		}
	}
	written, err := os.ReadFile(filepath.Join(fine, "alertmanager.yml"))
	if err != nil || !strings.Contains(string(written), "name: db-errors-mute-callers") {
		t.Errorf("alertmanager.yml = %s, %v; want the rule that mutes web", written, err)
	}
}

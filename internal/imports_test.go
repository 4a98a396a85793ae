package stack_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// The import rule of ARCHITECTURE.md: words know nobody, workers know words,
// the stack knows workers, commands know the stack. What a package may import
// beyond its layer is named here, and nowhere else.
var (
	words   = []string{"alert", "fault", "drill", "deadline", "dependency", "trace"}
	workers = []string{
		"bubble", "cgroup", "cli", "engine", "export", "faultapi", "guard", "havoc", "lint", "load", "receiver", "referee", "remote", "report", "router", "runbook", "server", "shop", "store", "tracing",
	}
	wirers = []string{"console", "stack"}

	exceptions = map[string][]string{
		"bubble":     {"server"},
		"drill":      {"alert", "fault"},
		"lint":       {"runbook"},
		"remote":     {"faultapi", "load"},
		"router":     {"receiver", "runbook", "store"},
		"router/web": {"router", "runbook", "receiver", "store"},
	}
)

func TestImportRule(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "goldensignals/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg, ok := strings.CutPrefix(fields[0], "goldensignals/internal/")
		if !ok {
			continue // commands and embedded files may import anybody
		}
		for _, imp := range fields[1:] {
			if dep, ours := strings.CutPrefix(imp, "goldensignals/internal/"); ours && !mayImport(pkg, dep) {
				t.Errorf("internal/%s imports internal/%s, which the import rule forbids", pkg, dep)
			}
			if strings.HasPrefix(imp, "goldensignals/cmd/") {
				t.Errorf("internal/%s imports a command", pkg)
			}
		}
	}
}

func mayImport(pkg, dep string) bool {
	room := func(p string) string { return strings.SplitN(p, "/", 2)[0] }
	switch {
	case room(pkg) == room(dep):
		return true
	case allowed(pkg, dep):
		return true
	case slices.Contains(wirers, room(pkg)):
		return room(dep) != "stack"
	case slices.Contains(workers, room(pkg)):
		return slices.Contains(words, room(dep))
	default:
		return false // words import nobody
	}
}

func allowed(pkg, dep string) bool {
	for p := pkg; p != "."; p = path.Dir(p) {
		for _, e := range exceptions[p] {
			if dep == e || strings.HasPrefix(dep, e+"/") {
				return true
			}
		}
	}
	return false
}

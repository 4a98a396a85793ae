// Package internal_test holds the map of the house: who may import whom.
package internal_test

import (
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// edges is the import rule of ARCHITECTURE.md, edge by edge: what a package may
// import of this module. Packages are below internal/ unless they begin with a slash.
// All that a package imports stands above it, so nothing imports upward and there is
// no circle. An edge that is not here is a decision: write it down, and why it has to
// be if its layer has none like it. Commands may import anybody, and nobody imports
// them.
const edges = `
# what people write: embedded files
/alerts:
/deploy/kubernetes:
/designs:
/drills:
/runbooks:
/dashboards:
/dashboards/boards: /alerts
/dashboards/generate: /dashboards/boards

# what only tests import
patience:
tier:

# words: what everybody speaks
alert:
deadline:
dependency:
fault:
trace:
drill: alert fault

# workers: they know the words
cache:
cgroup:
cli:
cli/clitest:
engine/promapi:
engine: engine/promapi
export:
guard:
server:
bubble: server
faultapi: fault
havoc: fault
scoreboard: drill fault
scorecard: drill
report: drill fault
load: deadline drill fault trace
shop: deadline fault trace
tracing: trace
referee: alert drill fault
remote: drill fault faultapi load
runbook: alert drill fault
runbook/promql:
lint: alert dependency drill runbook runbook/promql
store: alert
receiver/outbound: alert
receiver/logline: alert receiver/outbound
receiver/sms: alert receiver/outbound
receiver/ticket: alert receiver/outbound
router/link:
router/silence: alert receiver/outbound
router: alert receiver/outbound receiver/sms router/link router/silence store
router/policy: alert receiver/logline receiver/outbound receiver/sms receiver/ticket
router/setup: alert receiver/logline receiver/outbound receiver/sms receiver/ticket router router/policy router/silence
router/web: alert router runbook store
console: alert fault faultapi guard trace

# wiring: it knows the workers, and nothing that people look at
stack: /alerts drill engine fault load receiver/logline receiver/sms receiver/ticket referee router router/link router/silence scoreboard server shop store trace
storm: alert engine receiver/logline receiver/sms receiver/ticket router store

# a stack in virtual time, and with people
replay: bubble cache drill engine referee stack
rehearsal: alert bubble drill fault referee replay runbook
exported: bubble drill engine fault lint scoreboard stack
/designs/generate: /drills bubble replay report scorecard
live: /runbooks console drill fault load referee replay report router/web runbook shop stack tracing
live/livetest: alert bubble drill live replay stack
front: console live referee remote scoreboard tracing
`

// unseen is what a program may not link that replays: a change of a page must not run one
// replay again. Who executes runbooks reads them.
func unseen() map[string][]string {
	pages := []string{"goldensignals/internal/console", "goldensignals/internal/report", "goldensignals/internal/router/web", "goldensignals/designs"}
	runbooks := []string{"goldensignals/internal/runbook", "goldensignals/runbooks", "github.com/yuin/goldmark", "github.com/microcosm-cc/bluemonday"}
	return map[string][]string{
		"goldensignals/internal/replay": slices.Concat(runbooks, pages),
		"goldensignals/internal/stack":  slices.Concat(runbooks, pages),
		"goldensignals/e2e":             pages,
	}
}

func TestImportRule(t *testing.T) {
	t.Parallel()
	allowed := parseEdges(t)
	found := readImports(t)
	for _, pkg := range slices.Sorted(maps.Keys(found)) {
		if strings.HasPrefix(pkg, "/cmd/") {
			continue
		}
		may, listed := allowed[pkg]
		if !listed {
			t.Errorf("%s is not in the list of edges: add it to its layer", pkg)
			continue
		}
		for _, imp := range found[pkg] {
			if !slices.Contains(may, imp) {
				t.Errorf("%s imports %s, which the import rule does not allow", pkg, imp)
			}
		}
		for _, imp := range may {
			if !slices.Contains(found[pkg], imp) {
				t.Errorf("%s does not import %s any more: take the edge out of the list", pkg, imp)
			}
		}
	}
	for pkg := range allowed {
		if _, ok := found[pkg]; !ok {
			t.Errorf("there is no package %s any more: take it out of the list", pkg)
		}
	}
}

// parseEdges reads the list. What is imported must stand above.
func parseEdges(t *testing.T) map[string][]string {
	t.Helper()
	allowed := map[string][]string{}
	for line := range strings.Lines(edges) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pkg, imports, ok := strings.Cut(line, ":")
		if _, twice := allowed[pkg]; !ok || twice {
			t.Fatalf("edges: %q is not a new package with a colon", line)
		}
		for _, imp := range strings.Fields(imports) {
			if _, above := allowed[imp]; !above {
				t.Errorf("%s imports %s, which does not stand above it", pkg, imp)
			}
		}
		allowed[pkg] = strings.Fields(imports)
	}
	return allowed
}

// readImports reads what each package imports of this module, tests apart, with names
// as in edges. It reads the files itself: Go's test cache sees that, and would not
// see what a program reads that is called.
func readImports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(path, d.Name())
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		pkg := nameOf("goldensignals/" + filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator))))
		imports, err := importsOf(path)
		for _, imp := range imports {
			if !slices.Contains(found[pkg], imp) {
				found[pkg] = append(found[pkg], imp)
			}
		}
		if found[pkg] == nil {
			found[pkg] = []string{}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// skip leaves out what is no part of this module.
func skip(path, name string) error {
	if path == ".." {
		return nil
	}
	if name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
		return fs.SkipDir
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func importsOf(path string) (ours []string, err error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	for _, spec := range file.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(imp, "goldensignals/") {
			ours = append(ours, nameOf(imp))
		}
	}
	return ours, nil
}

// nameOf is how a package is called in edges.
func nameOf(importPath string) string {
	path := strings.TrimPrefix(importPath, "goldensignals")
	if name, ok := strings.CutPrefix(path, "/internal/"); ok {
		return name
	}
	return path
}

// TestReplaysLinkNoPages: what plays in virtual time has nothing that people look at.
func TestReplaysLinkNoPages(t *testing.T) {
	t.Parallel()
	if _, err := os.ReadFile(filepath.Join("..", "go.mod")); err != nil { // so that the test cache knows of it
		t.Fatal(err)
	}
	for pkg, never := range unseen() {
		list := []string{"list", "-deps", pkg}
		if pkg == "goldensignals/e2e" {
			list = []string{"list", "-deps", "-test", pkg} // it has nothing but tests
		}
		out, err := exec.CommandContext(t.Context(), "go", list...).Output()
		if err != nil {
			t.Fatalf("go %v: %v", list, err)
		}
		linked := strings.Fields(string(out))
		if !slices.Contains(linked, pkg) {
			t.Fatalf("go %v = %q", list, linked)
		}
		for _, dep := range linked {
			for _, not := range never {
				if dep == not || strings.HasPrefix(dep, not+"/") {
					t.Errorf("%s links %s", pkg, dep)
				}
			}
		}
	}
}

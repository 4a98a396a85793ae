package internal_test

import (
	"errors"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the commands may not link, by the beginning of packages' names. ARCHITECTURE.md,
// "What the programs link", says what gameday has to, and why.
var (
	// servers are Prometheus and Alertmanager, and what they bring along.
	servers = []string{
		"github.com/prometheus/prometheus/", "github.com/prometheus/alertmanager/",
		"cloud.google.com/", "github.com/aws/", "github.com/Azure/", "github.com/AzureAD/", "google.golang.org/api/",
		"github.com/go-openapi/", "github.com/hashicorp/", "github.com/pb33f/", "github.com/twmb/",
		"go.opentelemetry.io/collector/", "k8s.io/",
	}
	// makers are for whoever makes or tests what the programs embed or read.
	makers = []string{
		"github.com/chromedp/", "github.com/compose-spec/", "github.com/grafana/grafana-foundation-sdk/",
		"goldensignals/dashboards/boards", "goldensignals/deploy",
	}
	// rpc is for spans alone.
	rpc = []string{"go.opentelemetry.io/", "google.golang.org/grpc"}
	// database and pages are the router's and the console's.
	database = []string{"modernc.org/"}
	pages    = []string{"github.com/microcosm-cc/", "github.com/yuin/"}
	// unserved is what of the servers nobody could reach.
	unserved = []string{
		"github.com/prometheus/alertmanager/app", "github.com/prometheus/alertmanager/ui",
		"github.com/prometheus/prometheus/cmd/", "github.com/prometheus/prometheus/discovery/", "github.com/prometheus/prometheus/web/ui",
		"github.com/aws/aws-sdk-go-v2/service/ec2", "k8s.io/api/", "k8s.io/client-go/kubernetes",
	}
	// matchers are Alertmanager's, and the types of a target group Prometheus'.
	matchers    = []string{"github.com/prometheus/alertmanager/matcher/parse", "github.com/prometheus/alertmanager/pkg/labels"}
	targetGroup = []string{"github.com/prometheus/prometheus/discovery/targetgroup"}
)

func TestCommandsLinkWhatTheyNeed(t *testing.T) {
	t.Parallel()
	ownImports(t) // so that Go's test cache notices a new import; it does not see what go list reads
	for command, rule := range map[string]struct {
		never  [][]string
		except []string
	}{
		"gameday":     {never: [][]string{unserved, makers}, except: targetGroup},
		"alertrouter": {never: [][]string{servers, makers, rpc}, except: matchers},
		"demoapp":     {never: [][]string{servers, makers, database, pages}},
		"demoload":    {never: [][]string{servers, makers, database, pages}},
	} {
		never := slices.Concat(rule.never...)
		found := slices.DeleteFunc(linked(t, "goldensignals/cmd/"+command), func(pkg string) bool {
			return slices.Contains(rule.except, pkg) ||
				!slices.ContainsFunc(never, func(prefix string) bool { return strings.HasPrefix(pkg, prefix) })
		})
		if len(found) > 0 {
			t.Errorf("%s links %d packages that it does not need, such as %s; go list -deps -f '{{.ImportPath}} {{.Imports}}' ./cmd/%s says through what",
				command, len(found), found[len(found)-1], command)
		}
	}
}

// linked lists all packages of a program, the standard library's included.
func linked(t *testing.T, command string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", command).Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", command, err)
	}
	pkgs := strings.Fields(string(out))
	if !slices.Contains(pkgs, command) {
		t.Fatalf("go list -deps %s = %q", command, pkgs)
	}
	return pkgs
}

// TestAPIIsApart: whoever names the type of Prometheus' API takes ten seconds longer
// to compile, at each change.
func TestAPIIsApart(t *testing.T) {
	t.Parallel()
	const api, apart = "github.com/prometheus/prometheus/web/api/v1", "goldensignals/internal/engine/promapi"
	var importers []string
	for pkg, imports := range ownImports(t) {
		if slices.Contains(imports, api) {
			importers = append(importers, pkg)
		}
	}
	if !slices.Equal(importers, []string{apart}) {
		t.Errorf("%s is imported by %q, want %s alone", api, importers, apart)
	}
}

// ownImports reads what the packages of the programs import, and go.mod.
func ownImports(t *testing.T) map[string][]string {
	t.Helper()
	if _, err := os.ReadFile(filepath.Join("..", "go.mod")); err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	err := filepath.WalkDir("..", func(dir string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return err
		case d.Name() == "testdata" || d.Name() == "tools" || strings.HasPrefix(d.Name(), ".") && dir != "..":
			return fs.SkipDir
		}
		pkg, err := build.ImportDir(dir, 0)
		if _, none := errors.AsType[*build.NoGoError](err); none {
			return nil
		}
		imports[path.Join("goldensignals", strings.TrimPrefix(filepath.ToSlash(dir), "../"))] = pkg.Imports
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}

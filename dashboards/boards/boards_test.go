package boards

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"goldensignals/alerts"
	"goldensignals/dashboards"
	"goldensignals/runbooks"
)

func TestMain(m *testing.M) {
	plugins.RegisterDefaultPlugins()
	os.Exit(m.Run())
}

func boards(t *testing.T) []Board {
	t.Helper()
	list, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// panels lists those of a board, without the rows between them.
func panels(b Board) (list []dashboard.Panel) {
	for _, p := range b.Dashboard.Panels {
		if p.Panel != nil {
			list = append(list, *p.Panel)
		}
	}
	return list
}

// TestBoardsAreGenerated: "go generate ./dashboards" writes the files anew.
func TestBoardsAreGenerated(t *testing.T) {
	t.Parallel()
	want := []string{}
	for _, b := range boards(t) {
		made, err := b.JSON()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, b.Name+".json")
		kept, err := fs.ReadFile(dashboards.FS(), b.Name+".json")
		if diff := cmp.Diff(string(kept), string(made)); err != nil || diff != "" {
			t.Errorf("%s.json (%v) is not what Go makes; run: go generate ./dashboards (-kept +made):\n%s", b.Name, err, diff)
		}
	}
	got, err := fs.Glob(dashboards.FS(), "*")
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), got); err != nil || diff != "" {
		t.Errorf("files (%v) (-want +got):\n%s", err, diff)
	}
}

// TestJSONIsGrafanas reads the files as strictly as Grafana's own types do.
func TestJSONIsGrafanas(t *testing.T) {
	t.Parallel()
	for _, b := range boards(t) {
		data, err := fs.ReadFile(dashboards.FS(), b.Name+".json")
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard.Dashboard
		for _, err := range []error{d.UnmarshalJSONStrict(data), d.Validate()} {
			if err != nil && err.Error() != "" { // the SDK returns an empty list of errors for none
				t.Errorf("%s: %v", b.Name, err)
			}
		}
		// What the SDK's types do not hold: values that Grafana would not know.
		for _, empty := range []string{`"mode": ""`, `"sort": ""`, `"orientation": ""`, `"uid": ""`, `"title": ""`, `inControlsMenu`} {
			if strings.Contains(string(data), empty) {
				t.Errorf("%s has %s", b.Name, empty)
			}
		}
	}
}

func TestBoardsAreSound(t *testing.T) {
	t.Parallel()
	uids := map[string]bool{}
	for _, b := range boards(t) {
		d := b.Dashboard
		if d.Uid == nil || *d.Uid != b.Name || uids[b.Name] || d.Title == nil || d.Description == nil || !slices.Contains(d.Tags, tag) || len(d.Links) == 0 {
			t.Errorf("%s: want a uid of its own that is its name, title, description, the tag %s and links", b.Name, tag)
		}
		uids[b.Name] = true
		first := d.Templating.List[0]
		if first.Name != "datasource" || *first.Current.Value.String != "prometheus" {
			t.Errorf("%s: the first variable is %s, want the data source", b.Name, first.Name)
		}
		titles := map[string]bool{}
		for _, p := range panels(b) {
			switch {
			case p.Title == nil || *p.Title == "" || titles[*p.Title]:
				t.Errorf("%s: panel %d has no title of its own", b.Name, *p.Id)
			case p.Description == nil || len(*p.Description) < 20 || !strings.HasSuffix(*p.Description, "."):
				t.Errorf("%s: panel %q has no description that ends with a full stop", b.Name, *p.Title)
			case p.FieldConfig.Defaults.Unit == nil || *p.FieldConfig.Defaults.Unit == "":
				t.Errorf("%s: panel %q has no unit", b.Name, *p.Title)
			case len(p.Targets) == 0:
				t.Errorf("%s: panel %q asks nothing", b.Name, *p.Title)
			}
			titles[*p.Title] = true
		}
	}
}

// TestPanelsDoNotOverlap: Grafana would push them about.
func TestPanelsDoNotOverlap(t *testing.T) {
	t.Parallel()
	for _, b := range boards(t) {
		taken := map[[2]uint32]uint32{} // :: cell -> panel
		ids := map[uint32]bool{}
		for _, p := range b.Dashboard.Panels {
			var id uint32
			var pos dashboard.GridPos
			if p.Panel != nil {
				id, pos = *p.Panel.Id, *p.Panel.GridPos
			} else {
				id, pos = p.RowPanel.Id, *p.RowPanel.GridPos
			}
			if ids[id] || id == 0 || pos.W == 0 || pos.H == 0 || pos.X+pos.W > 24 {
				t.Errorf("%s: panel %d is at %+v", b.Name, id, pos)
			}
			ids[id] = true
			for x := pos.X; x < pos.X+pos.W; x++ {
				for y := pos.Y; y < pos.Y+pos.H; y++ {
					if other, ok := taken[[2]uint32{x, y}]; ok {
						t.Errorf("%s: panels %d and %d overlap at %d, %d", b.Name, other, id, x, y)
					}
					taken[[2]uint32{x, y}] = id
				}
			}
		}
	}
}

// TestEveryAlertHasAPanel: whoever comes from an alert finds what it is about, and
// the way to its runbook; and no link leads to a runbook that is not there.
func TestEveryAlertHasAPanel(t *testing.T) {
	t.Parallel()
	linked := map[string]bool{}
	for _, b := range boards(t) {
		for _, p := range panels(b) {
			for _, l := range p.Links {
				name, ok := strings.CutPrefix(*l.Url, "${runbooks}/")
				if _, err := fs.Stat(runbooks.FS(), name+".md"); !ok || err != nil {
					t.Errorf("%s: %q links to %s, which is no runbook: %v", b.Name, *p.Title, *l.Url, err)
				}
				linked[name] = true
			}
			if steps := p.FieldConfig.Defaults.Thresholds.Steps; len(steps) > 1 && len(p.Links) == 0 {
				t.Errorf("%s: %q has the threshold of an alert, and no link to its runbook", b.Name, *p.Title)
			}
		}
	}
	r, err := readRules(alerts.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(r.alerts)) {
		if !linked[name] {
			t.Errorf("no panel shows what %s is about", name)
		}
	}
}

// TestThresholdsFollowTheRules doubles every number that a rule compares with:
// every threshold of every board must double with it.
func TestThresholdsFollowTheRules(t *testing.T) {
	t.Parallel()
	doubled, err := fromRules(doubledRules(t))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for i, b := range boards(t) {
		after := panels(doubled[i])
		for j, p := range panels(b) {
			for k, step := range p.FieldConfig.Defaults.Thresholds.Steps[1:] {
				seen++
				if got := *after[j].FieldConfig.Defaults.Thresholds.Steps[k+1].Value; got != 2**step.Value {
					t.Errorf("%s: %q: the threshold %g became %g when the rules' numbers were doubled", b.Name, *p.Title, *step.Value, got)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d thresholds, want at least 20: has the test lost sight of them?", seen)
	}
}

func doubledRules(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(alerts.FS(), "*.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(alerts.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		var file map[string][]struct {
			Name  string
			Rules []map[string]any
		}
		if err := yaml.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		for _, g := range file["groups"] {
			for _, r := range g.Rules {
				r["expr"] = strings.TrimSpace(r["expr"].(string)) // what begins with spaces is not written as it was read
				r["expr"] = doubledExpr(t, r["expr"].(string))
			}
		}
		if data, err = yaml.Marshal(file); err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}

func doubledExpr(t *testing.T, text string) string {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Fatal(err)
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if b, ok := n.(*parser.BinaryExpr); ok && b.Op.IsComparisonOperator() {
			if _, constant := number(b.RHS); constant {
				b.RHS = &parser.BinaryExpr{Op: parser.MUL, LHS: &parser.NumberLiteral{Val: 2}, RHS: &parser.ParenExpr{Expr: b.RHS}}
			}
		}
		return nil
	})
	return expr.String()
}

// TestDashboardURLs: every alert leads to a board that is there.
func TestDashboardURLs(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(alerts.FS(), "*.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(alerts.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			_, url, ok := strings.Cut(line, "dashboard_url: ")
			if !ok {
				continue
			}
			path, ok := strings.CutPrefix(strings.Trim(strings.TrimSpace(url), "'"), "{{ $externalLabels.dashboard_base }}/d/")
			uid, _, _ := strings.Cut(path, "?")
			if _, err := fs.Stat(dashboards.FS(), uid+".json"); !ok || err != nil {
				t.Errorf("%s: %s leads to no board: %v", name, url, err)
			}
		}
	}
}

// TestAnnotationsAskOneThing: an annotation has its query twice.
func TestAnnotationsAskOneThing(t *testing.T) {
	t.Parallel()
	for _, b := range boards(t) {
		for _, a := range b.Dashboard.Annotations.List {
			var target struct{ Expr string }
			data, err := json.Marshal(a.Target)
			if err == nil {
				err = json.Unmarshal(data, &target)
			}
			if err != nil || target.Expr != *a.Expr {
				t.Errorf("board %s, annotation %s: it asks %q and %q, %v", b.Name, a.Name, target.Expr, *a.Expr, err)
			}
		}
	}
}

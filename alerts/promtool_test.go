package alerts_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"

	"goldensignals/internal/tier"
)

// suite is the part of promtool's unit test format that tests/*.yml use, so that
// "go test" proves the rules without promtool, and promtool runs the same files.
type suite struct {
	RuleFiles          []string       `yaml:"rule_files"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	GroupEvalOrder     []string       `yaml:"group_eval_order"`
	Tests              []scenario     `yaml:"tests"`
}

type scenario struct {
	Name           string            `yaml:"name"`
	Interval       model.Duration    `yaml:"interval"`
	ExternalLabels map[string]string `yaml:"external_labels"`
	InputSeries    []struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"input_series"`
	Alerts []alertWant `yaml:"alert_rule_test"`
	Exprs  []exprWant  `yaml:"promql_expr_test"`
}

type alertWant struct {
	At     model.Duration `yaml:"eval_time"`
	Name   string         `yaml:"alertname"`
	Alerts []fired        `yaml:"exp_alerts"`
}

type fired struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

type exprWant struct {
	Expr    string         `yaml:"expr"`
	At      model.Duration `yaml:"eval_time"`
	Samples []struct {
		Labels string  `yaml:"labels"`
		Value  float64 `yaml:"value"`
	} `yaml:"exp_samples"`
}

func TestRules(t *testing.T) {
	t.Parallel()
	tier.Replay(t) // no code of ours runs here
	files, err := filepath.Glob("tests/*_test.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob(tests) = %v, %v, want files", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s suite
		dec := yaml.NewDecoder(bytes.NewReader(data))
		dec.KnownFields(true)
		if err := dec.Decode(&s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, sc := range s.Tests {
			t.Run(filepath.Base(file)+"/"+sc.Name, func(t *testing.T) {
				t.Parallel()
				sc.run(t, s)
			})
		}
	}
}

// run plays the scenario and compares at the times that it names.
func (sc scenario) run(t *testing.T, s suite) {
	var load strings.Builder
	fmt.Fprintf(&load, "load %v\n", time.Duration(sc.Interval))
	for _, in := range sc.InputSeries {
		fmt.Fprintf(&load, "  %s %s\n", in.Series, in.Values)
	}
	db, err := promqltest.NewLazyLoader(load.String(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		t.Fatalf("load series: %v", err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	groups := sc.groups(t, s, db)
	step := time.Duration(s.EvaluationInterval)
	for at := time.Duration(0); at <= sc.end(); at += step {
		ts := time.Unix(0, 0).UTC().Add(at)
		db.WithSamplesTill(ts, func(err error) {
			if err != nil {
				t.Fatalf("load samples until %v: %v", at, err)
			}
			for _, g := range groups {
				g.Eval(db.Context(), ts)
			}
		})
		for _, want := range sc.Alerts {
			if due := time.Duration(want.At); at <= due && due < at+step {
				checkFired(t, groups, want)
			}
		}
	}
	for _, want := range sc.Exprs {
		checkExpr(t, db, want)
	}
}

func (sc scenario) groups(t *testing.T, s suite, db *promqltest.LazyLoader) []*rules.Group {
	t.Helper()
	m := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:  rules.EngineQueryFunc(db.QueryEngine(), db.Storage()),
		Appendable: db.Storage(),
		Context:    t.Context(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Logger:     promslog.NewNopLogger(),
	})
	var files []string
	for _, f := range s.RuleFiles {
		files = append(files, filepath.Join("tests", f))
	}
	loaded, errs := m.LoadGroups(time.Duration(sc.Interval), labels.FromMap(sc.ExternalLabels), "", nil, false, files...)
	for _, err := range errs {
		t.Fatalf("load rules: %v", err)
	}
	var groups []*rules.Group
	for _, g := range loaded {
		if !slices.Contains(s.GroupEvalOrder, g.Name()) {
			t.Fatalf("group_eval_order misses %s", g.Name())
		}
		for _, r := range g.AlertingRules() {
			r.SetRestored(true) // else it writes no series ALERTS
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *rules.Group) int {
		return slices.Index(s.GroupEvalOrder, a.Name()) - slices.Index(s.GroupEvalOrder, b.Name())
	})
	return groups
}

func (sc scenario) end() time.Duration {
	var end model.Duration
	for _, w := range sc.Alerts {
		end = max(end, w.At)
	}
	for _, w := range sc.Exprs {
		end = max(end, w.At)
	}
	return time.Duration(end)
}

func checkFired(t *testing.T, groups []*rules.Group, want alertWant) {
	t.Helper()
	got := []fired{}
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			if err := r.LastError(); err != nil {
				t.Errorf("%s at %v: %v", r.Name(), want.At, err)
			}
			for _, a := range r.ActiveAlerts() {
				if r.Name() != want.Name || a.State != rules.StateFiring {
					continue
				}
				ls := a.Labels.Map()
				delete(ls, model.AlertNameLabel)
				got = append(got, fired{ls, a.Annotations.Map()})
			}
		}
	}
	byLabels := func(a, b fired) int { return strings.Compare(fmt.Sprint(a.Labels), fmt.Sprint(b.Labels)) }
	slices.SortFunc(got, byLabels)
	exp := slices.SortedFunc(slices.Values(want.Alerts), byLabels)
	if diff := cmp.Diff(append([]fired{}, exp...), got); diff != "" {
		t.Errorf("%s at %v (-want +got):\n%s", want.Name, want.At, diff)
	}
}

func checkExpr(t *testing.T, db *promqltest.LazyLoader, want exprWant) {
	t.Helper()
	q, err := db.QueryEngine().NewInstantQuery(t.Context(), db.Queryable(), nil, want.Expr, time.Unix(0, 0).UTC().Add(time.Duration(want.At)))
	if err != nil {
		t.Fatalf("%s: %v", want.Expr, err)
	}
	defer q.Close()
	res := q.Exec(t.Context())
	vector, ok := res.Value.(promql.Vector)
	if res.Err != nil || !ok {
		t.Fatalf("%s at %v = %v, %v, want a vector", want.Expr, want.At, res.Value, res.Err)
	}
	got, exp := make(map[string]float64), make(map[string]float64)
	for _, s := range vector {
		got[s.Metric.String()] = s.F
	}
	for _, s := range want.Samples {
		name := "{}"
		if s.Labels != "" {
			ls, err := parser.NewParser(parser.Options{}).ParseMetric(s.Labels)
			if err != nil {
				t.Fatalf("labels %q: %v", s.Labels, err)
			}
			name = ls.String()
		}
		exp[name] = s.Value
	}
	if diff := cmp.Diff(exp, got); diff != "" {
		t.Errorf("%s at %v (-want +got):\n%s", want.Expr, want.At, diff)
	}
}

package engine // internal: which trees are copied does not show outside

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"goldensignals/alerts"
)

// What the engine does to a tree must not show in the next one.
func TestRuleParserHandsOutFreshTrees(t *testing.T) {
	t.Parallel()
	files, err := RulesFromFS(alerts.FS())()
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{
		`vector(1)`, `-up`, `topk(2 + 1, up)`, `count_values("v", up)`, `(1 + 2) * up`, `up @ end()`, `rate(up[5m] @ start()) > 80 * 0.001`,
		`max_over_time((up == bool 1)[5m:15s] offset 1m)`, `label_replace(up, "a", "$1", "b", "(.+)")`,
	}
	for _, groups := range files {
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				texts = append(texts, r.Expr)
			}
		}
	}
	now := time.Unix(1_700_000_000, 0)
	for _, text := range texts {
		p := NewRuleParser()
		loaded, err := p.ParseRule(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(p.rules) != 1 {
			t.Errorf("%s is not remembered", text)
		}
		want, err := newParser().ParseExpr(loaded.String())
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for round := range 3 {
			got, err := p.ParseExpr(loaded.String())
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if diff := cmp.Diff(want, got, sameTree()...); diff != "" {
				t.Fatalf("%s, round %d (-parsed +remembered):\n%s", text, round, diff)
			}
			if _, err := promql.PreprocessExpr(got, now.Add(time.Duration(round)*time.Hour), now.Add(time.Duration(round)*time.Hour), 0); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			spoil(got)
		}
	}
}

// spoil does what the engine does to selectors while it evaluates.
func spoil(expr parser.Expr) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			v.Offset, v.SkipHistogramBuckets = time.Hour, true
		}
		return nil
	})
}

// sameTree compares functions by name and matchers by what they match.
func sameTree() []cmp.Option {
	return []cmp.Option{
		cmp.Comparer(func(a, b *labels.Matcher) bool { return a.String() == b.String() }),
		cmp.Comparer(func(a, b *parser.Function) bool { return a.Name == b.Name }),
	}
}

package boards

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strconv"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// rules are the alerts of the rule files. A board that names what is not there
// leaves an error in failed.
type rules struct {
	alerts map[string]alertRule // :: name
	failed []error
}

type alertRule struct {
	severity string
	reads    []string // names of series
	compared []comparison
}

// comparison is one "left > right" within the expression of an alert, or of a series
// that is recorded for it.
type comparison struct {
	series   []string // that the left side reads
	right    string
	constant bool // right is a number, namely:
	limit    float64
}

func readRules(fsys fs.FS) (*rules, error) {
	names, err := fs.Glob(fsys, "*.rules.yml")
	if err != nil {
		return nil, err
	}
	r := &rules{alerts: map[string]alertRule{}}
	recorded := map[string]part{} // :: series
	promql := parser.NewParser(parser.Options{})
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		groups, errs := rulefmt.Parse(data, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
		if len(errs) > 0 {
			return nil, fmt.Errorf("parse %s: %w", name, errors.Join(errs...))
		}
		for _, g := range groups.Groups {
			for _, rule := range g.Rules {
				expr, err := promql.ParseExpr(rule.Expr)
				if err != nil {
					return nil, fmt.Errorf("parse %s: %s%s: %w", name, rule.Alert, rule.Record, err)
				}
				if rule.Record != "" {
					p := recorded[rule.Record]
					recorded[rule.Record] = part{append(p.reads, seriesOf(expr)...), append(p.compared, comparisons(expr)...)}
					continue
				}
				r.alerts[rule.Alert] = alertRule{severity: rule.Labels["severity"], reads: seriesOf(expr), compared: comparisons(expr)}
			}
		}
	}
	r.addParts(recorded)
	return r, nil
}

// partDepth is how deep parts of a condition may be in one another: an alert asks
// whether a journey burns, and that asks whether it does so steadily.
const partDepth = 2

// addParts adds to each alert what the recorded series that it reads compare: they are
// parts of its condition with a name. "> 0" asks whether there is anything at all, and
// is no part of it.
func (r *rules) addParts(recorded map[string]part) {
	for name, a := range r.alerts {
		reads := a.reads
		for range partDepth {
			var deeper []string
			for _, series := range reads {
				for _, c := range recorded[series].compared {
					if c.constant && c.limit != 0 {
						a.compared = append(a.compared, c)
					}
				}
				deeper = append(deeper, recorded[series].reads...)
			}
			reads = deeper
		}
		r.alerts[name] = a
	}
}

// part is a recorded series: what its rules read and compare.
type part struct {
	reads    []string
	compared []comparison
}

func comparisons(expr parser.Expr) (list []comparison) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if b, ok := n.(*parser.BinaryExpr); ok && b.Op.IsComparisonOperator() {
			c := comparison{series: seriesOf(b.LHS), right: b.RHS.String()}
			c.limit, c.constant = number(b.RHS)
			list = append(list, c)
		}
		return nil
	})
	return list
}

// seriesOf lists the names of the series that an expression reads.
func seriesOf(expr parser.Expr) (names []string) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok && v.Name != "" && !slices.Contains(names, v.Name) {
			names = append(names, v.Name)
		}
		return nil
	})
	return names
}

// number works out an expression that is made of numbers alone.
func number(expr parser.Expr) (float64, bool) {
	switch e := expr.(type) {
	case *parser.NumberLiteral:
		return e.Val, true
	case *parser.ParenExpr:
		return number(e.Expr)
	case *parser.BinaryExpr:
		a, okA := number(e.LHS)
		b, okB := number(e.RHS)
		switch {
		case !okA || !okB:
			return 0, false
		case e.Op == parser.MUL:
			return a * b, true
		case e.Op == parser.ADD:
			return a + b, true
		case e.Op == parser.DIV:
			return a / b, true
		}
	}
	return 0, false
}

// limit is a number that an alert compares a series with.
type limit struct {
	alert, severity string
	value           float64
}

// limit returns the number that the alert compares the series with; the highest
// of several, as that is what acts at once.
func (r *rules) limit(alert, series string) limit {
	found := r.limits(alert, series)
	if len(found) == 0 {
		r.failed = append(r.failed, fmt.Errorf("the alert %s compares %s with no number; see its rule", alert, series))
		return limit{alert: alert}
	}
	return limit{alert: alert, severity: r.alerts[alert].severity, value: slices.Max(found)}
}

// budget is what an objective allows: the lowest number that the alert which
// watches the budget compares with.
func (r *rules) budget(alert, series string) string {
	found := r.limits(alert, series)
	if len(found) == 0 {
		r.failed = append(r.failed, fmt.Errorf("the alert %s compares %s with no number; see its rule", alert, series))
		return "1"
	}
	return strconv.FormatFloat(slices.Min(found), 'g', -1, 64)
}

// limits leaves 0 out: "> 0" asks whether there is anything at all.
func (r *rules) limits(alert, series string) (found []float64) {
	for _, c := range r.alerts[alert].compared {
		if c.constant && c.limit != 0 && slices.Contains(c.series, series) {
			found = append(found, c.limit)
		}
	}
	return found
}

// right returns what the alert compares the series with where that is no number.
func (r *rules) right(alert, series string) string {
	for _, c := range r.alerts[alert].compared {
		if !c.constant && slices.Contains(c.series, series) {
			return c.right
		}
	}
	r.failed = append(r.failed, fmt.Errorf("the alert %s compares %s with no expression; see its rule", alert, series))
	return "vector(0)"
}

// about lists the alerts that compare one of the series with a number.
func (r *rules) about(series []string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.alerts)) {
		for _, c := range r.alerts[name].compared {
			if c.constant && slices.ContainsFunc(c.series, func(s string) bool { return slices.Contains(series, s) }) {
				names = append(names, name)
				break
			}
		}
	}
	return names
}

package lint

import (
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// The series that Prometheus writes about alerts.
const (
	alertsSeries    = "ALERTS"
	alertsForSeries = "ALERTS_FOR_STATE"
	alertStateLabel = "alertstate"
)

// resolver works out which labels the result of an expression has.
type resolver struct {
	recorded map[string][]rule // :: metric -> rules that record it
	alerts   map[string][]rule // :: alert name -> rules
	series   *Series
	known    map[string]shape // of series; filled as they are asked for
	busy     map[string]bool  // series that are being worked out
}

func newResolver(rules []rule, series *Series) *resolver {
	r := &resolver{
		recorded: map[string][]rule{}, alerts: map[string][]rule{}, series: series, known: map[string]shape{}, busy: map[string]bool{},
	}
	for _, rule := range rules {
		if rule.record != "" {
			r.recorded[rule.record] = append(r.recorded[rule.record], rule)
		}
		if rule.alert != "" {
			r.alerts[rule.alert] = append(r.alerts[rule.alert], rule)
		}
	}
	return r
}

// exists reports whether a target exports the metric or a rule records it.
// Without a list of what targets export, every metric exists.
func (r *resolver) exists(metric string) bool {
	if r.series == nil || metric == alertsSeries || metric == alertsForSeries || len(r.recorded[metric]) > 0 {
		return true
	}
	return r.series.labels[metric] != nil
}

// metric returns what is known of the labels of a metric's series.
func (r *resolver) metric(name string) shape {
	if s, ok := r.known[name]; ok {
		return s
	}
	if r.busy[name] {
		return shape{open: true} // it is made from itself
	}
	r.busy[name] = true
	defer delete(r.busy, name)
	var all []shape
	if r.series != nil && r.series.labels[name] != nil {
		all = append(all, exported(r.series.labels[name], r.series.open))
	}
	for _, rule := range r.recorded[name] {
		all = append(all, r.rule(rule))
	}
	s := union(all)
	r.known[name] = s
	return s
}

func exported(names map[string]bool, open bool) shape {
	s := shape{labels: map[string]label{}, open: open}
	for name := range names {
		// Whether every series of the metric has it, one scrape cannot tell.
		s.labels[name] = label{}
	}
	return s
}

// union returns what is known of something that has one of the shapes; of
// nothing, if there are none.
func union(all []shape) shape {
	if len(all) == 0 {
		return shape{open: true}
	}
	s := all[0]
	for _, next := range all[1:] {
		s = either(s, next)
	}
	return s
}

// rule returns what the result of a rule has: the labels that the expression
// keeps and those that the rule sets.
func (r *resolver) rule(rule rule) shape {
	s := shape{open: true}
	if rule.expr != nil {
		s = r.expr(rule.expr)
	}
	for name, text := range rule.labels {
		switch {
		case strings.Contains(text.value, "{{"):
			s = s.with(name, label{}) // may also come out empty
		case text.value == "":
			s = s.without(name)
		default:
			s = s.with(name, label{text.value, true})
		}
	}
	return s.without(model.MetricNameLabel)
}

// expr returns what the result of an expression has. What it does not know may
// have any label.
func (r *resolver) expr(e parser.Expr) shape {
	switch e := e.(type) {
	case *parser.VectorSelector:
		return r.selector(e)
	case *parser.MatrixSelector:
		return r.expr(e.VectorSelector)
	case *parser.SubqueryExpr:
		return r.expr(e.Expr)
	case *parser.ParenExpr:
		return r.expr(e.Expr)
	case *parser.UnaryExpr:
		return r.expr(e.Expr)
	case *parser.StepInvariantExpr:
		return r.expr(e.Expr)
	case *parser.NumberLiteral, *parser.StringLiteral:
		return shape{}
	case *parser.AggregateExpr:
		return r.aggregate(e)
	case *parser.BinaryExpr:
		return r.binary(e)
	case *parser.Call:
		return r.call(e)
	}
	return shape{open: true}
}

func (r *resolver) selector(v *parser.VectorSelector) shape {
	s := shape{open: true}
	switch name := metricOf(v); name {
	case "": // of any name
	case alertsSeries, alertsForSeries:
		s = r.alertSeries(v)
	default:
		s = r.metric(name)
	}
	return narrowed(s, v.LabelMatchers)
}

// metricOf returns the name that a selector asks for; empty if it is not one.
func metricOf(v *parser.VectorSelector) string {
	for _, m := range v.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return v.Name
}

// alertSeries returns what the series about alerts have: the labels of the
// alerts they are about.
func (r *resolver) alertSeries(v *parser.VectorSelector) shape {
	key := alertsSeries
	var all []shape
	if r.busy[key] {
		return shape{open: true}
	}
	r.busy[key] = true
	defer delete(r.busy, key)
	for name, rules := range r.alerts {
		if !allMatch(v.LabelMatchers, model.AlertNameLabel, name) {
			continue
		}
		for _, rule := range rules {
			all = append(all, r.alert(rule, nil))
		}
	}
	s := union(all)
	if metricOf(v) == alertsSeries {
		s = s.with(alertStateLabel, label{sure: true})
	}
	return s
}

func allMatch(matchers []*labels.Matcher, name, value string) bool {
	for _, m := range matchers {
		if m.Name == name && !m.Matches(value) {
			return false
		}
	}
	return true
}

// narrowed adds what the matchers of a selector say about its series.
func narrowed(s shape, matchers []*labels.Matcher) shape {
	for _, m := range matchers {
		switch {
		case m.Name == model.MetricNameLabel || s.lacks(m.Name):
		case m.Type == labels.MatchEqual && m.Value == "":
			s = s.without(m.Name)
		case m.Type == labels.MatchEqual:
			s = s.with(m.Name, label{m.Value, true})
		case !m.Matches(""):
			l, _ := s.at(m.Name)
			s = s.with(m.Name, label{l.value, true})
		}
	}
	return s
}

func (r *resolver) aggregate(e *parser.AggregateExpr) shape {
	s := r.expr(e.Expr)
	switch e.Op {
	case parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO:
		return s // these pick series as they are
	}
	if e.Without {
		s = s.without(append([]string{model.MetricNameLabel}, e.Grouping...)...)
	} else {
		s = s.only(e.Grouping)
	}
	if name, ok := e.Param.(*parser.StringLiteral); ok && e.Op == parser.COUNT_VALUES {
		s = s.with(name.Val, label{sure: true})
	}
	return s
}

func (r *resolver) binary(e *parser.BinaryExpr) shape {
	left, right := e.LHS, e.RHS
	match := e.VectorMatching
	switch {
	case e.LHS.Type() == parser.ValueTypeScalar:
		return r.expr(right)
	case match == nil:
		return r.expr(left)
	case e.Op == parser.LOR:
		return either(r.expr(left), r.expr(right))
	case e.Op.IsSetOperator():
		return r.expr(left) // and, unless
	case match.Card == parser.CardOneToMany:
		return include(r.expr(right), r.expr(left), match.Include)
	case match.Card == parser.CardManyToOne:
		return include(r.expr(left), r.expr(right), match.Include)
	case e.Op.IsComparisonOperator() && !e.ReturnBool && !match.On:
		return r.expr(left)
	case match.On:
		return r.expr(left).only(match.MatchingLabels)
	}
	return r.expr(left).without(match.MatchingLabels...)
}

// include returns the labels of the side with many series, and those that
// group_left or group_right takes from the other.
func include(many, one shape, names []string) shape {
	for _, name := range names {
		if l, can := one.at(name); can {
			many = many.with(name, l)
		} else {
			many = many.without(name)
		}
	}
	return many
}

func (r *resolver) call(e *parser.Call) shape {
	switch e.Func.Name {
	case "scalar", "vector", "time", "pi":
		return shape{}
	case "absent", "absent_over_time":
		return absent(e)
	case "label_replace", "label_join":
		s := r.expr(e.Args[0])
		if dst, ok := e.Args[1].(*parser.StringLiteral); ok {
			return s.with(dst.Val, label{})
		}
		return shape{open: true}
	case "histogram_quantile", "histogram_fraction":
		return r.vectorArg(e).without(model.BucketLabel)
	case "info":
		return shape{open: true}
	}
	return r.vectorArg(e)
}

// vectorArg returns what the argument has that is a vector; other functions
// pass its labels on.
func (r *resolver) vectorArg(e *parser.Call) shape {
	for _, arg := range e.Args {
		if t := arg.Type(); t == parser.ValueTypeVector || t == parser.ValueTypeMatrix {
			return r.expr(arg)
		}
	}
	return shape{}
}

// absent returns the labels that the matchers of the selector give to a series
// that is not there.
func absent(e *parser.Call) shape {
	s := shape{labels: map[string]label{}}
	arg := e.Args[0]
	if m, ok := arg.(*parser.MatrixSelector); ok {
		arg = m.VectorSelector
	}
	if v, ok := arg.(*parser.VectorSelector); ok {
		for _, m := range v.LabelMatchers {
			if m.Type == labels.MatchEqual && m.Name != model.MetricNameLabel {
				s.labels[m.Name] = label{m.Value, true}
			}
		}
	}
	return s
}

package engine

import (
	"slices"
	"sync"

	"github.com/prometheus/prometheus/promql/parser"
)

// RuleParser is a parser that remembers the expressions of rules. The rule manager
// prints them at every evaluation and has them parsed again, which costs as much as a
// simple query. It hands out copies, as the engine changes the tree that it is given.
// It is safe for concurrent use.
type RuleParser struct {
	parser.Parser
	mu    sync.RWMutex
	rules map[string]parser.Expr // :: expression as printed -> its tree, never handed out
}

// NewRuleParser returns a parser that remembers nothing yet.
func NewRuleParser() *RuleParser {
	return &RuleParser{Parser: newParser(), rules: map[string]parser.Expr{}}
}

// ParseExpr implements parser.Parser.
func (p *RuleParser) ParseExpr(text string) (parser.Expr, error) {
	p.mu.RLock()
	known, ok := p.rules[text]
	p.mu.RUnlock()
	if ok {
		return cloneExpr(known), nil
	}
	return p.Parser.ParseExpr(text)
}

// ParseRule parses the expression of a rule, and remembers what its printed form
// parses to. How much is remembered is bounded by the rules that were ever loaded.
func (p *RuleParser) ParseRule(text string) (parser.Expr, error) {
	expr, err := p.Parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	printed := expr.String()
	tree, err := p.Parser.ParseExpr(printed) // again: the places of its nodes are those in the printed form
	if err != nil || !clonable(tree) {
		return expr, nil //nolint:nilerr // the rule is sound; it is parsed at every evaluation
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules[printed] = tree
	return expr, nil
}

// clonable reports whether cloneExpr knows every node of the tree. Durations that are
// expressions (an experiment of the parser, off by default) it does not know.
func clonable(expr parser.Expr) bool {
	known := true
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case nil, *parser.AggregateExpr, *parser.BinaryExpr, *parser.Call, *parser.ParenExpr, *parser.UnaryExpr,
			*parser.NumberLiteral, *parser.StringLiteral, parser.Expressions:
		case *parser.VectorSelector:
			known = known && n.OriginalOffsetExpr == nil
		case *parser.MatrixSelector:
			known = known && n.RangeExpr == nil
		case *parser.SubqueryExpr:
			known = known && n.RangeExpr == nil && n.StepExpr == nil && n.OriginalOffsetExpr == nil
		default:
			known = false
		}
		return nil
	})
	return known
}

// cloneExpr copies a clonable tree. Both share what the engine only reads: matchers,
// names of labels, literals.
func cloneExpr(expr parser.Expr) parser.Expr {
	switch e := expr.(type) {
	case *parser.AggregateExpr:
		c := *e
		c.Expr, c.Param = cloneExpr(e.Expr), cloneExpr(e.Param)
		return &c
	case *parser.BinaryExpr:
		c := *e
		c.LHS, c.RHS = cloneExpr(e.LHS), cloneExpr(e.RHS)
		return &c
	case *parser.Call:
		c := *e
		c.Args = slices.Clone(e.Args)
		for i, arg := range c.Args {
			c.Args[i] = cloneExpr(arg)
		}
		return &c
	case *parser.ParenExpr:
		c := *e
		c.Expr = cloneExpr(e.Expr)
		return &c
	case *parser.UnaryExpr:
		c := *e
		c.Expr = cloneExpr(e.Expr)
		return &c
	case *parser.SubqueryExpr:
		c := *e
		c.Expr = cloneExpr(e.Expr)
		return &c
	case *parser.MatrixSelector:
		c := *e
		c.VectorSelector = cloneExpr(e.VectorSelector)
		return &c
	case *parser.VectorSelector:
		c := *e
		return &c
	default: // literals, and nil: an aggregation without a parameter
		return expr
	}
}

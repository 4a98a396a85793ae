package lint

import (
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// rule is one rule as its file has it, also if Prometheus would refuse the file:
// what is right with the rest of it can still be judged.
type rule struct {
	file   string
	role   Role
	group  string
	index  int // in its group, from 1
	line   int // of its name
	alert  string
	record string
	hold   scalar // for
	labels map[string]scalar
	notes  map[string]scalar // annotations
	expr   parser.Expr       // nil if it does not parse
	lineOf func(offset int) int
}

// readRules reads what it can.
func readRules(f File) []rule {
	var doc yaml.Node
	if err := yaml.Unmarshal(f.Content, &doc); err != nil {
		return nil // rulesParse says why
	}
	var rules []rule
	for _, group := range items(get(root(&doc), "groups")) {
		for i, n := range items(get(group, "rules")) {
			r := readRule(f, n)
			r.group, r.index = scalarOf(get(group, "name")).value, i+1
			for name, value := range scalars(get(group, "labels")) {
				if _, own := r.labels[name]; !own {
					r.labels[name] = value
				}
			}
			rules = append(rules, r)
		}
	}
	return rules
}

func readRule(f File, n *yaml.Node) rule {
	name := scalarOf(get(n, "alert"))
	record := scalarOf(get(n, "record"))
	r := rule{
		file: f.Name, role: f.Role, line: n.Line, alert: name.value, record: record.value,
		hold: scalarOf(get(n, "for")), labels: scalars(get(n, "labels")), notes: scalars(get(n, "annotations")),
		lineOf: func(int) int { return n.Line },
	}
	if line := max(name.line, record.line); line > 0 {
		r.line = line
	}
	query := get(n, "expr")
	if scalarOf(query).line == 0 {
		return r
	}
	r.lineOf = func(offset int) int { return lineAt(f.Content, query, offset) }
	if expr, err := newParser().ParseExpr(query.Value); err == nil {
		r.expr = expr
	}
	return r
}

// newParser parses as the engine does.
func newParser() parser.Parser { return parser.NewParser(parser.Options{}) }

// severity is the label of that name; empty if there is none.
func (r rule) severity() string { return r.labels["severity"].value }

// name is what people call the rule.
func (r rule) name() string {
	if r.alert != "" {
		return r.alert
	}
	return r.record
}

// inspect visits every node of the rule's expression with those above it.
func (r rule) inspect(visit func(node parser.Node, above []parser.Node)) {
	if r.expr == nil {
		return
	}
	parser.Inspect(r.expr, func(node parser.Node, above []parser.Node) error {
		if node != nil {
			visit(node, above)
		}
		return nil
	})
}

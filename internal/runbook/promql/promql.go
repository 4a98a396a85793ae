// Package promql reads the queries of runbooks for runbook.Lint. It is apart from
// package runbook so that a program that only shows runbooks, such as alertrouter,
// does not link Prometheus' parser.
package promql

import (
	"errors"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// Selects returns the names of the series that a query selects, in its order. If it
// is no PromQL, line says in which of its lines, from 0.
func Selects(query string) (names []string, line int, err error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return nil, lineOf(err, query), err
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok && v.Name != "" {
			names = append(names, v.Name)
		}
		return nil
	})
	return names, 0, nil
}

func lineOf(err error, query string) int {
	found, ok := errors.AsType[parser.ParseErrors](err)
	if !ok || len(found) == 0 {
		return 0
	}
	return strings.Count(query[:min(int(found[0].PositionRange.Start), len(query))], "\n")
}

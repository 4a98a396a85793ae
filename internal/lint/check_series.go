package lint

import (
	"fmt"

	"github.com/prometheus/prometheus/promql/parser"
)

// unknownSeries wants every series that a rule asks for to come from somewhere:
// one that does not exist makes no error, only an alert that never fires.
func unknownSeries(in *input) []Finding {
	var found []Finding
	for _, r := range in.rules {
		r.inspect(func(node parser.Node, _ []parser.Node) {
			v, ok := node.(*parser.VectorSelector)
			if !ok || metricOf(v) == "" || in.resolver.exists(metricOf(v)) {
				return
			}
			found = append(found, fault(r.file, r.lineOf(int(v.PosRange.Start)),
				fmt.Sprintf("%s: no target exports %s and no rule records it", r.name(), metricOf(v)),
				"correct the name, add the rule, or give what your targets export with --series=FILE"))
		})
	}
	return found
}

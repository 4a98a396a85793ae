package lint

import (
	"fmt"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// unknownSeries wants every series that a rule asks for to come from somewhere:
// one that does not exist makes no error, only an alert that never fires.
func unknownSeries(in *input) []Finding {
	var found []Finding
	for _, r := range in.rules {
		r.inspect(func(node parser.Node, _ []parser.Node) {
			v, ok := node.(*parser.VectorSelector)
			if !ok || metricOf(v) == "" {
				return
			}
			line := r.lineOf(int(v.PosRange.Start))
			switch metric := metricOf(v); {
			case !in.resolver.exists(metric):
				found = append(found, fault(r.file, line,
					fmt.Sprintf("%s: no target exports %s and no rule records it", r.name(), metric),
					"correct the name, add the rule, or give what your targets export with --series=FILE"))
			case (metric == alertsSeries || metric == alertsForSeries) && !in.resolver.anyAlert(v):
				found = append(found, fault(r.file, line, fmt.Sprintf("%s: no alert has the name that %s asks for", r.name(), v), "correct the name, or give the rule that has it"))
			}
		})
	}
	return found
}

// anyAlert reports whether a rule has a name that a selector of ALERTS accepts.
func (r *resolver) anyAlert(v *parser.VectorSelector) bool {
	for name := range r.alerts {
		if allMatch(v.LabelMatchers, model.AlertNameLabel, name) {
			return true
		}
	}
	return false
}

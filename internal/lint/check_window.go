package lint

import (
	"fmt"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// windowTooShort wants windows that still hold two samples when a scrape or two
// are lost or late.
func windowTooShort(in *input) []Finding {
	least := 4 * in.opts.ScrapeInterval
	var found []Finding
	for _, r := range in.rules {
		r.inspect(func(node parser.Node, above []parser.Node) {
			m, ok := node.(*parser.MatrixSelector)
			if !ok || m.RangeExpr != nil || m.Range >= least {
				return
			}
			call := rateAbove(above)
			if call == "" {
				return
			}
			window := model.Duration(m.Range)
			found = append(found, doubt(r.file, r.lineOf(int(m.PositionRange().Start)),
				fmt.Sprintf("%s: %s over %s holds fewer than four scrapes, so that a lost one leaves a gap", r.name(), call, window),
				fmt.Sprintf("use a window of at least %s", model.Duration(least))))
		})
	}
	return found
}

// rateAbove returns the name of the innermost function that is applied, if it
// compares samples within a window; else nothing.
func rateAbove(above []parser.Node) string {
	for _, node := range slices.Backward(above) {
		if call, ok := node.(*parser.Call); ok {
			if slices.Contains([]string{"rate", "increase", "delta", "deriv"}, call.Func.Name) {
				return call.Func.Name
			}
			return ""
		}
	}
	return ""
}

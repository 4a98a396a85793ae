package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// unknownLabels wants every label that a selector asks for to be one that the
// metric has.
func unknownLabels(in *input) []Finding {
	var found []Finding
	for _, r := range in.rules {
		r.inspect(func(node parser.Node, _ []parser.Node) {
			if v, ok := node.(*parser.VectorSelector); ok {
				found = append(found, unknownLabelsOf(in, r, v)...)
			}
		})
	}
	return found
}

func unknownLabelsOf(in *input, r rule, v *parser.VectorSelector) []Finding {
	metric := metricOf(v)
	if in.resolver.series == nil || metric == "" || !in.resolver.exists(metric) {
		return nil
	}
	has := in.resolver.selectable(v)
	var found []Finding
	for _, m := range v.LabelMatchers {
		if m.Name == model.MetricNameLabel || !has.lacks(m.Name) {
			continue
		}
		found = append(found, fault(r.file, r.lineOf(int(v.PosRange.Start)),
			fmt.Sprintf("%s: %s has no label %s", r.name(), metric, m.Name),
			"correct the matcher; "+labelList(has)))
	}
	return found
}

// selectable returns the labels that the series have which a selector chooses
// from, before it does.
func (r *resolver) selectable(v *parser.VectorSelector) shape {
	if name := metricOf(v); name != alertsSeries && name != alertsForSeries {
		return r.metric(name)
	}
	return r.alertSeries(v)
}

func labelList(s shape) string {
	names := slices.Sorted(maps.Keys(s.labels))
	if len(names) == 0 {
		return "it has no labels"
	}
	return "its labels are " + strings.Join(names, ", ")
}

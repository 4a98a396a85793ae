package referee

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/drill"
)

// alertSpans reads from Prometheus' own record, the series ALERTS, which alert
// was pending and firing when. It has a sample at every evaluation.
func (g *game) alertSpans(ctx context.Context, end time.Time) ([]drill.AlertSpan, error) {
	intervals, err := g.api.intervals(ctx, g.Prometheus)
	if err != nil {
		return nil, err
	}
	// Watchdog fires always and says nothing about the shop.
	expr := fmt.Sprintf(`ALERTS{alertname!="Watchdog"}[%ds]`, int(end.Sub(g.Since).Seconds())+1)
	found, err := g.api.query(ctx, g.Prometheus, expr, end)
	if err != nil {
		return nil, err
	}
	var spans []drill.AlertSpan
	for _, states := range byLabels(found) {
		spans = append(spans, states.spans(intervals[states.labels["alertname"]], end)...)
	}
	for i := range spans {
		g.muting.annotate(&spans[i])
	}
	return spans, nil
}

// states are the evaluations at which one alert was pending or firing.
type states struct {
	labels alert.Labels
	at     []moment
}

type moment struct {
	at     time.Time
	firing bool
}

// byLabels joins the series of an alert's two states, sorted by labels.
func byLabels(found []series) []states {
	index := map[string]int{} // :: labels -> position in list
	var list []states
	for _, s := range found {
		labels := s.Metric.Clone()
		firing := labels["alertstate"] == "firing"
		delete(labels, "__name__")
		delete(labels, "alertstate")
		i, ok := index[labels.String()]
		if !ok {
			i = len(list)
			index[labels.String()] = i
			list = append(list, states{labels: labels})
		}
		for _, v := range s.Values {
			list[i].at = append(list[i].at, moment{v.at, firing})
		}
	}
	slices.SortFunc(list, func(a, b states) int { return strings.Compare(a.labels.String(), b.labels.String()) })
	return list
}

// spans cuts the evaluations where one was without the alert, and where a
// firing alert began anew as a pending one.
func (s states) spans(interval time.Duration, end time.Time) []drill.AlertSpan {
	slices.SortFunc(s.at, func(a, b moment) int { return a.at.Compare(b.at) })
	var spans []drill.AlertSpan
	for i, m := range s.at {
		fresh := i == 0 || m.at.Sub(s.at[i-1].at) > interval*3/2 || s.at[i-1].firing && !m.firing
		if fresh {
			spans = append(spans, drill.AlertSpan{Name: s.labels["alertname"], Labels: s.labels, PendingAt: m.at})
		}
		span := &spans[len(spans)-1]
		if m.firing && span.FiringAt.IsZero() {
			span.FiringAt = m.at
		}
		// The next evaluation found it gone, unless there was none before the end.
		span.ResolvedAt = time.Time{}
		if gone := m.at.Add(interval); !gone.After(end) {
			span.ResolvedAt = gone
		}
	}
	return spans
}

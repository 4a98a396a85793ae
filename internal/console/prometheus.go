package console

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// What the charts show. The steps lie on a fixed grid, so that a chart moves
// only when a step is complete and not at every refresh.
const (
	chartSpan = 15 * time.Minute
	chartStep = 15 * time.Second
	chartLen  = int(chartSpan/chartStep) + 1
)

// series is one recorded signal of one service.
type series struct {
	Now    float64   // NaN: no value now
	Points []float64 // one for each step, oldest first; NaN: no value. Nil: no history
}

// seriesKey finds a series.
type seriesKey struct{ metric, service string }

// promAnswer is the envelope of Prometheus' query API.
type promAnswer struct {
	Data struct {
		Result []struct {
			Metric alert.Labels `json:"metric"`
			Value  sample       `json:"value"`
			Values []sample     `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

// sample is a point as Prometheus writes it: [1700000000.5, "0.25"].
type sample struct {
	at    float64 // Unix seconds
	value float64
}

func (s *sample) UnmarshalJSON(data []byte) error {
	var text string
	pair := []any{&s.at, &text}
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	var err error
	if s.value, err = strconv.ParseFloat(text, 64); err != nil {
		return fmt.Errorf("sample value %q: %w", text, err)
	}
	return nil
}

// signals asks for every recorded signal of every service: two queries,
// whatever the number of services. On error nothing of it is usable.
func (s sources) signals(ctx context.Context, now time.Time) (map[seriesKey]series, error) {
	selector := signalSelector()
	var instant promAnswer
	q := url.Values{"query": {selector}, "time": {unix(now)}}
	if err := s.prometheus.do(ctx, call{path: "api/v1/query", query: q}, &instant); err != nil {
		return nil, err
	}
	all := map[seriesKey]series{}
	for _, r := range instant.Data.Result {
		all[keyOf(r.Metric)] = series{Now: r.Value.value}
	}
	end := now.Truncate(chartStep)
	start := end.Add(-chartSpan)
	var history promAnswer
	q = url.Values{"query": {selector}, "start": {unix(start)}, "end": {unix(end)}, "step": {chartStep.String()}}
	if err := s.prometheus.do(ctx, call{path: "api/v1/query_range", query: q}, &history); err != nil {
		return nil, err
	}
	for _, r := range history.Data.Result {
		key := keyOf(r.Metric)
		one, ok := all[key]
		if !ok {
			one.Now = math.NaN()
		}
		one.Points = onGrid(r.Values, start)
		all[key] = one
	}
	return all, nil
}

func keyOf(l alert.Labels) seriesKey { return seriesKey{l["__name__"], l["service"]} }

// signalSelector selects every recorded signal by name.
func signalSelector() string {
	var names []string
	for _, sig := range signals() {
		for _, m := range sig.metrics {
			names = append(names, regexp.QuoteMeta(m.name))
		}
	}
	return fmt.Sprintf("{__name__=~%q, service!=\"\"}", strings.Join(names, "|"))
}

// onGrid puts samples at their steps; a step without a sample is NaN.
func onGrid(samples []sample, start time.Time) []float64 {
	points := make([]float64, chartLen)
	for i := range points {
		points[i] = math.NaN()
	}
	for _, s := range samples {
		i := int(math.Round((s.at - float64(start.Unix())) / chartStep.Seconds()))
		if i >= 0 && i < len(points) {
			points[i] = s.value
		}
	}
	return points
}

func unix(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

// promAlert is an alert as Prometheus' rules see it.
type promAlert struct {
	Labels      alert.Labels `json:"labels"`
	Annotations alert.Labels `json:"annotations"`
	State       string       `json:"state"` // pending or firing
	ActiveAt    time.Time    `json:"activeAt"`
}

// promAlerts asks Prometheus for its pending and firing alerts.
func (s sources) promAlerts(ctx context.Context) ([]promAlert, error) {
	var answer struct {
		Data struct {
			Alerts []promAlert `json:"alerts"`
		} `json:"data"`
	}
	err := s.prometheus.do(ctx, call{path: "api/v1/alerts"}, &answer)
	return answer.Data.Alerts, err
}

package console

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// signal is one of the four golden signals and how to show it.
type signal struct {
	name    string
	metrics []metric // the first is the one that the chart and the limit are about
	format  func(float64) string
	chart   func([]float64) float64 // the value at the chart's upper edge
	limit   float64                 // above it the value needs a look; 0: none
	beyond  string                  // what to say then
}

// metric is a recorded series, see signals.rules.yml.
type metric struct{ label, name string }

// The limits mark values for the eye and page nobody. They are the objective
// (300 ms), the ratio at which ServiceErrors reports, and a saturation at which
// queues begin to grow.
const (
	slowSeconds    = 0.3
	errorsRatio    = 0.01
	saturatedRatio = 0.8
)

// signals lists the four in the order of the book.
func signals() []signal {
	return []signal{
		{
			name: "Latency",
			metrics: []metric{
				{"p99", "service:http_server_request_duration_seconds:p99_rate1m"},
				{"p95", "service:http_server_request_duration_seconds:p95_rate1m"},
				{"p50", "service:http_server_request_duration_seconds:p50_rate1m"},
			},
			format: formatSeconds, chart: atLeast(slowSeconds),
			limit: slowSeconds, beyond: "over 300 ms",
		},
		{
			name:    "Traffic",
			metrics: []metric{{"", "service:http_requests:rate1m"}},
			format:  formatRate, chart: atLeast(1),
		},
		{
			name:    "Errors",
			metrics: []metric{{"", "service:http_requests_errors:ratio_rate1m"}},
			format:  formatRatio, chart: atLeast(0.05),
			limit: errorsRatio, beyond: "over 1 %",
		},
		{
			name:    "Saturation",
			metrics: []metric{{"", "service:saturation:ratio_rate1m"}},
			format:  formatRatio, chart: atLeast(1),
			limit: saturatedRatio, beyond: "over 80 %",
		},
	}
}

// atLeast makes a chart's upper edge: some room above the highest value, but
// never so little that healthy noise fills the chart.
func atLeast(floor float64) func([]float64) float64 {
	return func(points []float64) float64 {
		top := floor
		for _, p := range points {
			if p*1.1 > top && !math.IsInf(p, 0) {
				top = p * 1.1
			}
		}
		return top
	}
}

// servicesView is the section of the cards.
type servicesView struct {
	Cards   []cardView
	Problem string // why there are no figures
}

// cardView is one service.
type cardView struct {
	Name    string
	Word    string // healthy, needs a look, no data
	Tone    string // ok, bad, none: picks shape and colour
	Signals []signalView
}

// signalView is one signal of one service.
type signalView struct {
	Name   string
	Now    string // the main value, or an en dash
	Label  string // which value that is, where it is not plain
	Others []string
	Beyond string // "over 300 ms", or empty
	Chart  sparkline
}

// viewServices makes the cards: the known services first, then any other that
// has figures.
func viewServices(known []string, all map[seriesKey]series, err error) servicesView {
	var v servicesView
	if err != nil {
		v.Problem = err.Error()
	}
	for _, name := range cardNames(known, all) {
		v.Cards = append(v.Cards, viewCard(name, all))
	}
	return v
}

func cardNames(known []string, all map[seriesKey]series) []string {
	names := slices.Clone(known)
	others := map[string]bool{}
	for key := range all {
		if !slices.Contains(known, key.service) {
			others[key.service] = true
		}
	}
	return append(names, slices.Sorted(maps.Keys(others))...)
}

func viewCard(service string, all map[seriesKey]series) cardView {
	card := cardView{Name: service, Word: "no data", Tone: "none"}
	for _, sig := range signals() {
		one := viewSignal(sig, service, all)
		card.Signals = append(card.Signals, one)
		switch {
		case one.Beyond != "":
			card.Word, card.Tone = "needs a look", "bad"
		case one.Now != noValue && card.Tone == "none":
			card.Word, card.Tone = "healthy", "ok"
		}
	}
	return card
}

func viewSignal(sig signal, service string, all map[seriesKey]series) signalView {
	main, ok := all[seriesKey{sig.metrics[0].name, service}]
	if !ok {
		main.Now = math.NaN()
	}
	v := signalView{Name: sig.name, Label: sig.metrics[0].label, Now: sig.format(main.Now)}
	for _, m := range sig.metrics[1:] {
		if other, ok := all[seriesKey{m.name, service}]; ok {
			v.Others = append(v.Others, m.label+" "+sig.format(other.Now))
		}
	}
	if sig.limit > 0 && main.Now > sig.limit {
		v.Beyond = sig.beyond
	}
	top := sig.chart(main.Points)
	v.Chart = drawSparkline(main.Points, top)
	v.Chart.Label = chartLabel(service, sig, main.Points)
	if sig.limit > 0 && sig.limit < top {
		v.Chart.Limit = yOf(sig.limit, top)
	}
	return v
}

// chartLabel says what a chart shows to those who do not see it.
func chartLabel(service string, sig signal, points []float64) string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		if !math.IsNaN(p) {
			low, high = min(low, p), max(high, p)
		}
	}
	what := service + " " + sig.name
	if high < low {
		return what + ", last 15 minutes: no data"
	}
	return fmt.Sprintf("%s, last 15 minutes: lowest %s, highest %s", what, sig.format(low), sig.format(high))
}

// noValue stands where there is no figure.
const noValue = "–"

func formatSeconds(s float64) string {
	switch {
	case math.IsNaN(s) || math.IsInf(s, 0):
		return noValue
	case s >= 1:
		return digits(s) + " s"
	}
	return digits(s*1000) + " ms"
}

func formatRate(r float64) string {
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return noValue
	}
	return digits(r) + "/s"
}

func formatRatio(r float64) string {
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return noValue
	}
	return digits(r*100) + " %"
}

// digits writes v with as many decimals as a glance can use.
func digits(v float64) string {
	switch {
	case v == 0:
		return "0"
	case math.Abs(v) < 0.095:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case math.Abs(v) < 9.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

package boards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// golden is where everybody begins: do customers suffer, and which service.
func golden(r *rules) board {
	return board{
		name: uidGolden, title: "Golden signals", from: "now-1h",
		about:     "Latency, traffic, errors and saturation of all services. Read it from top to bottom: what customers feel, then which service it comes from.",
		variables: []variable{{name: "service", title: "Service", series: `up{job="shop"}`, with: "service", many: true}},
		shown:     Shown{Drill: "repaired", At: aHalf},
		rows: []row{
			customersFeel(r),
			fourSignals(r),
		},
	}
}

func customersFeel(r *rules) row {
	const (
		failed  = errs + "ratio_rate5m"
		tooSlow = slow + "ratio_rate5m"
	)
	return row{"What customers feel", []panel{
		{
			title: "Failed requests, by journey", unit: units.PercentUnit, width: 8, limits: []limit{r.limit("ShopErrorsFastBurn", failed)},
			about:   "Part of the requests to the shop that failed in the last 5 minutes. Beyond the line, somebody is paged at once; lower ratios page when they go on (board Error budgets).",
			queries: []query{{expr: failed, legend: "{{http_route}}"}},
		},
		{
			title: "Slow answers, by journey", unit: units.PercentUnit, width: 8, limits: []limit{r.limit("ShopLatencyFastBurn", tooSlow)},
			about:   "Part of the answers that took longer than the objective of 300 ms in the last 5 minutes. Failed requests do not count: a quick error is no quick answer.",
			queries: []query{{expr: tooSlow, legend: "{{http_route}}"}}, shown: &Shown{Drill: "two-outages", At: 50 * time.Minute},
		},
		{
			title: "From outside", unit: units.PercentUnit, width: 8, top: new(1.0),
			about:   "Part of the walks through the shop, from outside, that succeeded in the last minute. It knows what the shop cannot: whether anybody gets through. 100 % is well.",
			queries: []query{{expr: `avg_over_time(probe_success[1m])`, legend: "walk through {{service}}"}},
		},
		{
			title: "Alerts that fire", unit: units.NoUnit, width: 24, height: 7, kind: rowsOf, alerts: []string{"Watchdog"},
			about:   "What fires now. A click on a name opens its runbook. The Watchdog always fires: without it, alerting itself is dead.",
			queries: []query{{expr: `ALERTS{alertstate="firing"}`, now: true}},
		},
	}}
}

func fourSignals(r *rules) row {
	return row{"The four signals", []panel{
		{
			title: "Latency: 99th percentile", unit: units.Seconds, width: 12, link: toService(),
			about: "One request in a hundred takes longer. Each dot is one request: a click on it opens its trace, which shows where the time went.",
			queries: []query{{
				expr:   `histogram_quantile(0.99, sum by (service, le) (rate(http_server_request_duration_seconds_bucket{job="shop",service=~"$service"}[$__rate_interval])))`,
				legend: "{{service}}", exemplars: true,
			}},
		},
		{
			title: "Traffic", unit: units.RequestsPerSecond, width: 12, link: toService(),
			about:   "Requests per second. A service that is called less than before is either asked less or not reached: compare with its callers.",
			queries: []query{{expr: `service:http_requests:rate1m{service=~"$service"}`, legend: "{{service}}"}},
		},
		{
			title: "Errors", unit: units.PercentUnit, width: 12, link: toService(),
			limits:  []limit{r.limit("ServiceErrors", "service:http_requests_errors:ratio_rate1m")},
			about:   "Part of the requests answered 5xx in the last minute. A caller fails with those whom it calls: the deepest service that fails is the likely cause. Beyond the line it is worth a line in the log.",
			queries: []query{{expr: `service:http_requests_errors:ratio_rate1m{service=~"$service"}`, legend: "{{service}}"}},
		},
		{
			title: "Saturation", unit: units.PercentUnit, width: 12, link: toService(),
			limits:  []limit{r.limit("ServiceSaturated", "service_resource:saturation:ratio_rate1m")},
			about:   "The fullest of all things that a service can run out of; its own board says which one. At 100 % requests wait, then they fail.",
			queries: []query{{expr: `max by (service) (service_resource:saturation:ratio_rate1m{service=~"$service"})`, legend: "{{service}}"}},
		},
	}}
}

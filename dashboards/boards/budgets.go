package boards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// The beginnings of the names of what slo.rules.yml records.
const (
	errs = "service_route:http_requests_errors:"
	slow = "service_route:http_requests_slow:"
)

// budgets is for planning: how much failure is left to spend, and what will be too
// small when. It looks back days, not minutes.
func budgets(r *rules) board {
	return board{
		name: uidBudgets, title: "Error budgets and growth", from: "now-7d",
		about: "How much of what the shop allows itself is left, how fast it goes, and when what grows will be too much. For planning, not for outages.",
		shown: Shown{Drill: "two-outages", At: 65 * time.Minute, History: 27 * time.Hour},
		rows: []row{
			budgetsLeft(r),
			burnRates(r),
			growth(r),
		},
	}
}

func burnRates(r *rules) row {
	var burns []panel
	for _, w := range []struct{ window, page, slowPage, what string }{
		{"5m", "ShopErrorsFastBurn", "ShopLatencyFastBurn", "An outage: beyond the line the page comes within a minute or two."},
		{"1h", "ShopErrorsFastBurn", "ShopLatencyFastBurn", "Beyond the line a fiftieth of a month's budget is gone within an hour."},
		{"6h", "ShopErrorsFastBurn", "ShopLatencyFastBurn", "Beyond the line a twentieth of a month's budget is gone within six hours."},
		{"3d", "ShopErrorsSlowBurn", "ShopLatencySlowBurn", "Beyond the line the budget does not last for the month: a ticket."},
	} {
		burns = append(burns,
			panel{
				title: "Failed, over " + w.window, unit: units.PercentUnit, width: 6, height: 7, limits: []limit{r.limit(w.page, errs+"ratio_rate"+w.window)},
				about:   "Part of the requests that failed, over a window of " + w.window + ". " + w.what,
				queries: []query{{expr: errs + "ratio_rate" + w.window, legend: "{{http_route}}"}},
			},
			panel{
				title: "Slow, over " + w.window, unit: units.PercentUnit, width: 6, height: 7, limits: []limit{r.limit(w.slowPage, slow+"ratio_rate"+w.window)},
				about:   "Part of the answers that took too long, over a window of " + w.window + ". " + w.what,
				queries: []query{{expr: slow + "ratio_rate" + w.window, legend: "{{http_route}}"}},
			})
	}
	return row{"How fast it goes", burns}
}

func budgetsLeft(r *rules) row {
	left := func(bad, all, budget string) string {
		return `1 - sum by (http_route) (sum_over_time(` + bad + `[$__range])) / sum by (http_route) (sum_over_time(` + all + `[$__range])) / ` + budget
	}
	errorBudget, slowBudget := r.budget("ShopErrorsSlowBurn", errs+"ratio_rate3d"), r.budget("ShopLatencySlowBurn", slow+"ratio_rate3d")
	return row{"What is left", []panel{
		{
			title: "Budget left for errors, in the time shown", unit: units.PercentUnit, width: 12, kind: oneNumber, height: 5, alerts: []string{"ShopErrorsSlowBurn"},
			about:   "100 %: nothing has failed. 0 %: as much as is allowed. Below: more than is allowed; put reliability before features.",
			queries: []query{{expr: left(errs+"rate5m", "service_route:http_requests:rate5m", errorBudget), legend: "{{http_route}}"}},
		},
		{
			title: "Budget left for slowness, in the time shown", unit: units.PercentUnit, width: 12, kind: oneNumber, height: 5, alerts: []string{"ShopLatencySlowBurn"},
			about:   "The same for answers that took longer than the objective of 300 ms.",
			queries: []query{{expr: left(slow+"rate5m", "service_route:http_requests_answered:rate5m", slowBudget), legend: "{{http_route}}"}},
		},
	}}
}

func growth(r *rules) row {
	return row{"Growth", []panel{
		{
			title: "Traffic, and a day before", unit: units.RequestsPerSecond,
			about: "Requests per second, averaged over an hour, and the same a day earlier. Growth is the distance of the two lines.",
			queries: []query{
				{expr: `sum(avg_over_time(service:http_requests:rate1m{service="shop"}[1h]))`, legend: "now"},
				{expr: `sum(avg_over_time(service:http_requests:rate1m{service="shop"}[1h] offset 1d))`, legend: "a day before"},
			},
		},
		{
			title: "Traffic in 30 days", unit: units.RequestsPerSecond, kind: oneNumber,
			about:   "A straight line through the time shown, a month on. Show at least a week, or days and nights bend the line.",
			queries: []query{{expr: `predict_linear(service:http_requests:rate1m[$__range], 30 * 86400)`, legend: "{{service}}"}},
		},
		{
			title: "Headroom: traffic that each service bears", unit: units.RequestsPerSecond, link: toService(),
			about: "Its traffic divided by how full its workers are on average: about what it can take before requests wait. Order more before the lines meet.",
			queries: []query{
				{expr: `avg_over_time(service:http_requests:rate1m[1h])`, legend: "{{service}} has"},
				{expr: `avg_over_time(service:http_requests:rate1m[1h]) / ignoring (resource) (avg_over_time(service_resource:saturation:ratio_rate1m{resource="workers"}[1h]) > 0)`, legend: "{{service}} bears"},
			},
		},
		{
			title: "Peak of each resource, by day", unit: units.PercentUnit, width: 12, link: toService(),
			limits:  []limit{r.limit("ServiceSaturated", "service_resource:saturation:ratio_rate1m")},
			about:   "The highest saturation within a day. A peak that rises from day to day meets the line sooner than the average does.",
			queries: []query{{expr: `max by (service, resource) (max_over_time(service_resource:saturation:ratio_rate1m[1d]))`, legend: "{{service}} {{resource}}"}},
		},
		{
			title: "Volumes in 30 days, of their size", unit: units.PercentUnit, width: 12, link: toService(),
			limits:  []limit{r.limit("DiskFillsUp", "container_fs_usage_bytes")},
			about:   "A straight line through the time shown, a month on: what to enlarge at the next occasion.",
			queries: []query{{expr: `max by (service) (predict_linear(container_fs_usage_bytes{service!=""}[$__range], 30 * 86400) / (container_fs_limit_bytes{service!=""} > 0))`, legend: "{{service}}"}},
		},
	}}
}

package boards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// service is about one service: what it does, what it needs, what changed.
func service(r *rules) board {
	return board{
		name: uidService, title: "One service", from: "now-1h",
		about: "Signals of one service, those it calls, and what changed lately. Begin with errors and latency, then look at what it waits for, then at its releases.",
		variables: []variable{
			{name: "service", title: "Service", series: `up{job="shop"}`, with: "service"},
			{name: "instance", title: "Instance", series: `up{job="shop",service="$service"}`, with: "instance", many: true},
		},
		shown: Shown{Drill: "repaired", At: aHalf, Service: "orders"},
		rows: []row{
			serviceSignals(r),
			serviceResources(r),
			serviceDependencies(r),
			serviceChanges(r),
		},
	}
}

func latency(quantile string) string {
	return `histogram_quantile(` + quantile + `, sum by (le) (rate(http_server_request_duration_seconds_bucket{job="shop",service="$service",instance=~"$instance"}[$__rate_interval])))`
}

func serviceSignals(r *rules) row {
	return row{"Signals", []panel{
		{
			title: "Latency", unit: units.Seconds, width: 12,
			about: "Half of the requests, nineteen in twenty and 99 in a hundred are quicker. If only the highest line moves, few requests are concerned. Each dot is one request: a click opens its trace.",
			queries: []query{
				{expr: latency("0.5"), legend: "50 %"},
				{expr: latency("0.95"), legend: "95 %"},
				{expr: latency("0.99"), legend: "99 %", exemplars: true},
			},
		},
		{
			title: "Traffic, by route", unit: units.RequestsPerSecond, width: 12, kind: stacked,
			about:   "Requests per second that this service answered, one above the other.",
			queries: []query{{expr: `sum by (http_route) (rate(http_server_request_duration_seconds_count{job="shop",service="$service",instance=~"$instance"}[$__rate_interval]))`, legend: "{{http_route}}"}},
		},
		{
			title: "Errors", unit: units.PercentUnit, width: 12, limits: []limit{r.limit("ServiceErrors", "service:http_requests_errors:ratio_rate1m")},
			about:   "Part of the requests answered 5xx in the last minute.",
			queries: []query{{expr: `service:http_requests_errors:ratio_rate1m{service="$service"}`, legend: "failed"}},
		},
		{
			title: "Answers, by status", unit: units.RequestsPerSecond, width: 12, kind: stacked,
			about:   "500: it failed itself. 502: somebody behind it failed. 503: it is full. 499: the caller gave up first.",
			queries: []query{{expr: `sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count{job="shop",service="$service",instance=~"$instance"}[$__rate_interval]))`, legend: "{{http_response_status_code}}"}},
		},
	}}
}

func serviceResources(r *rules) row {
	return row{"What it can run out of", []panel{
		{
			title: "Saturation, by resource", unit: units.PercentUnit, width: 12,
			limits: []limit{
				r.limit("ServiceSaturated", "service_resource:saturation:ratio_rate1m"),
			},
			about:   "How full each of its resources is. Above 100 % of the workers, requests wait in line. The processor counts the time in which somebody waited for the quota.",
			queries: []query{{expr: `service_resource:saturation:ratio_rate1m{service="$service"}`, legend: "{{resource}}"}},
		},
		{
			title: "Database connections", unit: units.NoUnit, width: 6, shown: &Shown{Drill: "repaired", At: aHalf, Service: "payments"},
			alerts: []string{"PoolExhausted"},
			about:  "Used and limit. Requests that wait for one are slow, and fail when nobody gives one back.",
			queries: []query{
				{expr: `sum(db_client_connections_used{job="shop",service="$service",instance=~"$instance"})`, legend: "used"},
				{expr: `sum(db_client_connections_waiting{job="shop",service="$service",instance=~"$instance"})`, legend: "waited for"},
				{expr: `sum(db_client_connections_limit{job="shop",service="$service",instance=~"$instance"})`, legend: "limit"},
			},
		},
		{
			title: "Oldest order that waits", unit: units.Seconds, width: 6, shown: &Shown{Drill: "queue-stall", At: 13 * time.Minute, Service: "orders"},
			limits:  []limit{r.limit("OrdersWaitTooLong", "queue_oldest_job_age_seconds")},
			about:   "How long the oldest job has waited in the queue of this service, if it has one. It grows by a second each second while nobody works on it.",
			queries: []query{{expr: `max(queue_oldest_job_age_seconds{job="shop",service="$service",instance=~"$instance"})`, legend: "oldest"}},
		},
	}}
}

func serviceDependencies(r *rules) row {
	const (
		failedCalls = "service:http_client_requests_errors:ratio_rate5m"
		slowCalls   = "service:http_client_requests_slow:ratio_rate5m"
	)
	return row{"Dependencies", []panel{
		{
			title: "Calls that fail, by whom it calls", unit: units.PercentUnit,
			about: "Part of this service's own calls that failed, by the service that was called. If it is high here, look there.",
			queries: []query{{
				expr: `sum by (peer_service) (rate(http_client_request_duration_seconds_count{job="shop",service="$service",error_type!~"|canceled"}[$__rate_interval]))` +
					` / sum by (peer_service) (rate(http_client_request_duration_seconds_count{job="shop",service="$service",error_type!="canceled"}[$__rate_interval]))`,
				legend: "{{peer_service}}",
			}},
			link: &target{"Board of whom it calls", "/d/" + uidService + "?var-service=${__field.labels.peer_service}&${datasource:queryparam}&${__url_time_range}"},
		},
		{
			title: "Latency of its calls: 95th percentile", unit: units.Seconds,
			about: "How long this service waits for those it calls. A slow service whose calls are quick is slow by itself.",
			queries: []query{{
				expr:   `histogram_quantile(0.95, sum by (peer_service, le) (rate(http_client_request_duration_seconds_bucket{job="shop",service="$service"}[$__rate_interval])))`,
				legend: "{{peer_service}}",
			}},
		},
		{
			title: "As its callers see it", unit: units.PercentUnit,
			limits: []limit{r.limit("DependencyFails", failedCalls), r.limit("DependencySlow", slowCalls)},
			about:  "Part of the calls to this service that failed or were slow. A service that is gone counts nothing itself; its callers do. Beyond the line, and if customers feel it, this service is named in the page.",
			queries: []query{
				{expr: failedCalls + `{service="$service"}`, legend: "failed"},
				{expr: slowCalls + `{service="$service"}`, legend: "slow"},
			},
		},
	}}
}

func serviceChanges(r *rules) row {
	const versions = "service_version:requests_failed:ratio_rate5m"
	canary := &Shown{Drill: "canary", At: 16 * time.Minute, Service: "orders"}
	return row{"What changed", []panel{
		{
			title: "Releases that run", unit: units.NoUnit, kind: stacked, shown: canary, alerts: []string{"ReleaseChanged"},
			about:   "Instances of each release. Two at a time: a canary, or a release on its way. If trouble began when a line did, the release is the first suspect.",
			queries: []query{{expr: `count by (version) (service_build_info{job="shop",service="$service"})`, legend: "{{version}}"}},
		},
		{
			title: "Canary against baseline", unit: units.PercentUnit, shown: canary, alerts: []string{"CanaryWorse"},
			about: "Part of the requests that each release failed, and what a release may fail at most, given those beside it. A release above its own line is worse: stop it.",
			queries: []query{
				{expr: versions + `{service="$service"}`, legend: "release {{version}}"},
				{expr: `(` + r.right("CanaryWorse", versions) + `) and on (service) service_version:requests:rate5m{service="$service"}`, legend: "{{version}} may fail"},
			},
		},
		{
			title: "Restarts and kills", unit: units.NoUnit, alerts: []string{"ContainerRestarted", "ContainerKilled"},
			shown: &Shown{Drill: "repaired", At: aHalf, Service: "payments"},
			about: "Processes that started anew in the last 5 minutes, and those that the kernel killed because memory was used up. Deploys and repairs restart, too.",
			queries: []query{
				{expr: `sum(changes(process_start_time_seconds{job="shop",service="$service",instance=~"$instance"}[5m]))`, legend: "restarts"},
				{expr: `max by (service) (increase(container_oom_events_total{service="$service"}[5m]))`, legend: "kills"},
			},
		},
	}}
}

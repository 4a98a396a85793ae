package boards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// alerting follows an alert from its rule to a person.
func alerting(r *rules) board {
	return board{
		name: uidAlerting, title: "The way of an alert", from: "now-3h",
		about: "From rule to person: is anything measured, do rules work, what fires, what is muted and why, who was told, how late. If nobody was paged, the first row that is not well says where it was lost.",
		shown: Shown{Drill: "repaired", At: aHalf},
		rows: []row{
			judged(),
			muted(),
			told(r),
		},
	}
}

func quantile(q string) string {
	return `histogram_quantile(` + q + `, sum by (receiver, le) (rate(alertrouter_delivery_delay_seconds_bucket[15m])))`
}

func judged() row {
	return row{"Measured, and judged", []panel{
		{
			title: "Targets that answer", unit: units.PercentUnit, width: 6, top: new(1.0),
			about:   "Part of the targets of each job that answer scrapes. Rules are blind for what does not.",
			queries: []query{{expr: `avg by (job) (up)`, legend: "{{job}}"}},
		},
		{
			title: "Rules that fail or come late", unit: units.NoUnit, width: 6, calm: "the shipped rules do not fail",
			about: "Evaluations in 5 minutes that failed, or that were left out because the one before took too long. Any of either means that an alert may not fire.",
			queries: []query{
				{expr: `sum(increase(prometheus_rule_evaluation_failures_total[5m]))`, legend: "failed"},
				{expr: `sum(increase(prometheus_rule_group_iterations_missed_total[5m]))`, legend: "left out"},
			},
		},
		{
			title: "Time for the rules, of the interval", unit: units.PercentUnit, width: 6, calm: "virtual time does not pass while rules are evaluated",
			about:   "How much of its interval the slowest group needs. At 100 % evaluations are left out.",
			queries: []query{{expr: `max(prometheus_rule_group_last_duration_seconds / prometheus_rule_group_interval_seconds)`, legend: "slowest group"}},
		},
		{
			title: "Last sign of life", unit: units.Seconds, width: 6, alerts: []string{"Watchdog"},
			about:   "How long ago the Watchdog, an alert that always fires, reached the router. After five minutes the router tells everybody that alerting is dead.",
			queries: []query{{expr: `time() - (alertrouter_watchdog_last_seen_timestamp_seconds > 0)`, legend: "Watchdog"}},
		},
		{
			title: "Alerts that fire, by severity", unit: units.NoUnit, width: 12, kind: stacked,
			about:   "Critical ones page, warnings are tickets, infos are log lines. The Watchdog is left out.",
			queries: []query{{expr: `count by (severity) (ALERTS{alertstate="firing",alertname!="Watchdog"})`, legend: "{{severity}}"}},
		},
		{
			title: "What fires now", unit: units.NoUnit, width: 12, kind: rowsOf, alerts: []string{"Watchdog"},
			about:   "A click on a name opens its runbook.",
			queries: []query{{expr: `ALERTS{alertstate="firing"}`, now: true}},
		},
	}}
}

func muted() row {
	silenced := &Shown{Drill: "silenced-outage", At: 15 * time.Minute}
	return row{"Grouped, and muted", []panel{
		{
			title: "Alerts in Alertmanager", unit: units.NoUnit, width: 6,
			about:   "Active ones go to the router; suppressed ones are silenced or inhibited.",
			queries: []query{{expr: `sum by (state) (alertmanager_alerts)`, legend: "{{state}}"}},
		},
		{
			title: "Groups", unit: units.NoUnit, width: 6,
			about: "Each group is one incident to the router. Many alerts in few groups is what grouping is for.",
			queries: []query{
				{expr: `sum(alertmanager_dispatcher_aggregation_groups)`, legend: "groups"},
				{expr: `sum(rate(alertmanager_alerts_received_total[5m])) * 60`, legend: "alerts received a minute"},
			},
		},
		{
			title: "Muted, and why", unit: units.NoUnit, width: 6, shown: silenced,
			about:   "Notifications that were kept back in 5 minutes. By inhibition: another alert says it already. By silence: somebody wanted it so.",
			queries: []query{{expr: `sum by (reason) (increase(alertmanager_notifications_suppressed_total[5m]))`, legend: "{{reason}}"}},
		},
		{
			title: "Silences that mute nothing", unit: units.NoUnit, width: 6, shown: &Shown{Drill: "silenced-outage", At: 9 * time.Minute},
			about: "Active silences, and those of a time in which no notification was kept back by one. A silence that has outlived its incident hides the next one: end it.",
			queries: []query{
				{expr: `sum(alertmanager_silences{state="active"})`, legend: "active"},
				{expr: `sum(alertmanager_silences{state="active"}) unless on () (sum(increase(alertmanager_notifications_suppressed_total{reason="silence"}[15m])) > 0)`, legend: "mute nothing"},
			},
		},
	}}
}

func told(r *rules) row {
	return row{"Told", []panel{
		{
			title: "Webhooks, by answer", unit: units.NoUnit,
			about:   "What the router answered to Alertmanager, in 5 minutes. What is not 2xx reaches nobody, unless a repetition does.",
			queries: []query{{expr: `sum by (code) (increase(alertrouter_webhooks_total[5m]))`, legend: "{{code}}"}},
		},
		{
			title: "Messages delivered, by receiver", unit: units.NoUnit,
			about:   "Messages in 5 minutes, by whom they went to and whether something fires or is over. More than a few pages an hour is fatigue.",
			queries: []query{{expr: `sum by (receiver, status) (increase(alertrouter_notifications_total{state="delivered"}[5m]))`, legend: "{{receiver}} {{status}}"}},
		},
		{
			title: "Time to deliver", unit: units.Seconds, limits: []limit{r.limit("RouterDeliveryDelayed", "alertrouter_delivery_delay_seconds_bucket")},
			about: "From the accepted webhook to the delivered message, for half and for 19 in 20 of them. If most take longer than the line, it becomes a ticket.",
			queries: []query{
				{expr: quantile("0.5"), legend: "{{receiver}} 50 %"},
				{expr: quantile("0.95"), legend: "{{receiver}} 95 %"},
			},
		},
		{
			title: "Attempts that failed", unit: units.NoUnit, calm: "the built-in receivers do not fail",
			about: "Attempts in 5 minutes that a provider refused or did not answer, and those of which nobody knows. The router goes on trying for a day.",
			queries: []query{
				{expr: `sum by (receiver) (increase(alertrouter_delivery_failures_total[5m]))`, legend: "{{receiver}} failed"},
				{expr: `sum by (receiver) (increase(alertrouter_delivery_unsure_total[5m]))`, legend: "{{receiver}} unsure"},
			},
		},
		{
			title: "Oldest message that waits", unit: units.Seconds, calm: "the built-in receivers take everything at once",
			limits:  []limit{r.limit("RouterDeliveryDelayed", "alertrouter_oldest_pending_age_seconds")},
			about:   "How long the oldest message has waited to be delivered, quiet hours aside.",
			queries: []query{{expr: `max(alertrouter_oldest_pending_age_seconds)`, legend: "oldest"}},
		},
		{
			title: "Waiting, and given up", unit: units.NoUnit, calm: "the built-in receivers take everything at once",
			about: "Messages that are not delivered yet, and dead letters: those that were given up. Look at dead letters and send them again: whoever they are for has not heard of it.",
			queries: []query{
				{expr: `sum(alertrouter_pending_notifications)`, legend: "waiting"},
				{expr: `sum(alertrouter_dead_notifications)`, legend: "dead letters"},
			},
		},
	}}
}

package boards

import "github.com/grafana/grafana-foundation-sdk/go/units"

// gameDay puts what was broken, who was hurt and who was told on one time line. It
// shows the truth, which no rule may read.
func gameDay(*rules) board {
	return board{
		name: uidGameDay, title: "Game day", from: "now-1h",
		about: "What was broken, whom it hurt, what fired, who was told, who repaired, on one time line; and the score of the last live drill. While a live drill runs, faults are hidden: the players shall find them.",
		shown: Shown{Drill: "repaired", At: aHalf},
		rows: []row{
			timeLine(),
			lastScore(),
		},
	}
}

func timeLine() row {
	return row{"One time line", []panel{
		{
			title: "Broken", unit: units.NoUnit, width: 24, height: 5, kind: spans,
			about:   "Each bar is a fault, while it acts. Nothing is shown while a live drill runs.",
			queries: []query{{expr: `gameday_fault_active`, legend: "{{kind}} of {{service}}"}},
		},
		{
			title: "Users hurt", unit: units.PercentUnit, width: 24, height: 7,
			about:   "Part of the users of each journey who saw a failure or waited too long: what really happened, as the users themselves saw it. Alerts are judged by this, and know nothing of it.",
			queries: []query{{expr: `sum by (journey) (rate(load_user_requests_total{outcome!="ok"}[$__rate_interval])) / sum by (journey) (rate(load_user_requests_total[$__rate_interval]))`, legend: "{{journey}}"}},
		},
		{
			title: "Alerts", unit: units.NoUnit, width: 24, height: 8, kind: spans, alerts: []string{"DependencyFails", "ShopErrorsFastBurn"},
			about:   "Each bar is an alert, while it fires. How late the first critical one begins after the users are hurt is the time to detect.",
			queries: []query{{expr: `max by (alertname, service, severity) (ALERTS{alertstate="firing",alertname!="Watchdog"})`, legend: "{{severity}}: {{alertname}} {{service}}"}},
		},
		{
			title: "Messages", unit: units.NoUnit, width: 12, height: 7, alerts: []string{"RouterDeliveryFails"},
			about:   "Messages delivered in a minute, to whom. One page for one incident is what a good design sends.",
			queries: []query{{expr: `sum by (receiver, status) (increase(alertrouter_notifications_total{state="delivered"}[1m]))`, legend: "{{receiver}} {{status}}"}},
		},
		{
			title: "Repairs", unit: units.NoUnit, width: 12, height: 7,
			about:   "Repairs that were ordered in a minute, right and wrong ones.",
			queries: []query{{expr: `sum by (repair, service) (increase(gameday_repairs_total[1m])) > 0`, legend: "{{repair}} of {{service}}"}},
		},
	}}
}

func lastScore() row {
	played := &Shown{Drill: "payments-errors", Live: true}
	return row{"Score of the last live drill", []panel{
		{
			title: "Precision", unit: units.PercentUnit, width: 4, height: 5, kind: oneNumber, shown: played,
			about:   "Part of the pages that were about an incident. Below 100 % somebody was woken for nothing.",
			queries: []query{{expr: `gameday_drill_precision_ratio`, legend: "precision"}},
		},
		{
			title: "Recall", unit: units.PercentUnit, width: 4, height: 5, kind: oneNumber, shown: played,
			about:   "Part of the incidents that somebody was paged for in time.",
			queries: []query{{expr: `gameday_drill_recall_ratio`, legend: "recall"}},
		},
		{
			title: "Pages", unit: units.NoUnit, width: 4, height: 5, kind: oneNumber, shown: played,
			about: "All pages, and the false ones among them.",
			queries: []query{
				{expr: `gameday_drill_pages`, legend: "pages"},
				{expr: `gameday_drill_false_pages`, legend: "false"},
			},
		},
		{
			title: "Incidents, by verdict", unit: units.NoUnit, width: 6, height: 5, kind: oneNumber, shown: played,
			about:   "Detected: paged in time. Late, missed. Averted: the players were quicker than the page.",
			queries: []query{{expr: `gameday_drill_incidents`, legend: "{{verdict}}"}},
		},
		{
			title: "Ended", unit: units.Seconds, width: 6, height: 5, kind: oneNumber, shown: played,
			about:   "How long ago that drill ended, and whether another one runs now.",
			queries: []query{{expr: `time() - gameday_drill_ended_timestamp_seconds`, legend: "ago"}},
		},
		{
			title: "Time to detect", unit: units.Seconds, width: 12, height: 6, kind: oneNumber, shown: played,
			about:   "From the beginning of each incident to its first page.",
			queries: []query{{expr: `gameday_drill_time_to_detect_seconds`, legend: "{{incident}}"}},
		},
		{
			title: "Reset time", unit: units.Seconds, width: 12, height: 6, kind: oneNumber, shown: played,
			about:   "From the end of each incident to its all-clear. Until then people do not know whether the repair helped.",
			queries: []query{{expr: `gameday_drill_reset_seconds`, legend: "{{incident}}"}},
		},
	}}
}

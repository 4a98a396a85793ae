package scoreboard_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/scoreboard"
)

// TestGameDayMetrics goes through a game day, scrape by scrape.
func TestGameDayMetrics(t *testing.T) {
	t.Parallel()
	var (
		applied []fault.Applied
		running bool
		scored  *drill.Result
	)
	g := scoreboard.New(scoreboard.Options{
		Active: func() []fault.Active {
			return []fault.Active{{Fault: fault.Fault{Kind: "errors", Service: "payments"}}, {Fault: fault.Fault{Kind: "errors", Service: "payments"}}}
		},
		Applied: func() []fault.Applied { return applied },
		Running: func() bool { return running },
		Scored: func() (drill.Result, time.Time, bool) {
			if scored == nil {
				return drill.Result{}, time.Time{}, false
			}
			return *scored, time.Unix(1000, 0), true
		},
	})
	repair := func(minute int) fault.Applied {
		return fault.Applied{Repair: "restart", Service: "auth", At: time.Unix(int64(60*minute), 0)}
	}
	want := func(step, metrics string, names ...string) {
		t.Helper()
		if err := testutil.CollectAndCompare(g, strings.NewReader(metrics), names...); err != nil {
			t.Errorf("%s: %v", step, err)
		}
	}
	const faults = "# HELP gameday_fault_active 1 while a fault acts; nothing is told of faults while a live drill runs.\n# TYPE gameday_fault_active gauge\n"
	want("a fault, twice", faults+`gameday_fault_active{kind="errors",service="payments"} 1`+"\n", "gameday_fault_active")
	running = true
	want("hidden", "", "gameday_fault_active", "gameday_drill_recall_ratio")

	const repairs = "# HELP gameday_repairs_total Repairs that were ordered.\n# TYPE gameday_repairs_total counter\n"
	applied = []fault.Applied{repair(1), repair(2)}
	want("two repairs", repairs+`gameday_repairs_total{repair="restart",service="auth"} 2`+"\n", "gameday_repairs_total")
	applied = []fault.Applied{repair(2), repair(3)} // the list is cut at its old end
	want("a third one", repairs+`gameday_repairs_total{repair="restart",service="auth"} 3`+"\n", "gameday_repairs_total")

	detected := 59.0
	scored = &drill.Result{Score: drill.Score{Recall: 0.5}, Incidents: []drill.IncidentResult{
		{Name: "a", Verdict: drill.Detected, TimeToDetectSeconds: &detected}, {Name: "b", Verdict: drill.Missed},
	}}
	want("scored", `# HELP gameday_drill_incidents Incidents of the last live drill, by what became of them.
# TYPE gameday_drill_incidents gauge
gameday_drill_incidents{verdict="averted"} 0
gameday_drill_incidents{verdict="detected"} 1
gameday_drill_incidents{verdict="late"} 0
gameday_drill_incidents{verdict="missed"} 1
# HELP gameday_drill_ended_timestamp_seconds When the last live drill that was scored ended, in seconds since the Unix epoch.
# TYPE gameday_drill_ended_timestamp_seconds gauge
gameday_drill_ended_timestamp_seconds 1000
# HELP gameday_drill_time_to_detect_seconds Time from the beginning of an incident of the last live drill to its first page.
# TYPE gameday_drill_time_to_detect_seconds gauge
gameday_drill_time_to_detect_seconds{incident="a"} 59
`, "gameday_drill_incidents", "gameday_drill_ended_timestamp_seconds", "gameday_drill_time_to_detect_seconds", "gameday_drill_reset_seconds")
}

package drill_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"goldensignals/internal/alert"
	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

var start = time.Date(2000, 1, 1, 2, 0, 0, 0, time.UTC)

func minute(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }

// bad says how many of a second's requests of a journey failed and were slow.
type bad func(journey string, at time.Duration) (failed, slow int)

func nobody(string, time.Duration) (failed, slow int) { return 0, 0 }

// during is bad within a span, for one journey.
func during(journey string, from, to time.Duration, failed, slow int) bad {
	return func(j string, at time.Duration) (int, int) {
		if j != journey || at < from || at >= to {
			return 0, 0
		}
		return failed, slow
	}
}

// traffic is what 40 users a second saw from half an hour before minute zero on.
func traffic(duration time.Duration, b bad) []drill.Second {
	var seen []drill.Second
	for at := minute(-30); at < duration; at += time.Second {
		for _, j := range []struct {
			name string
			rps  int
		}{{"browse", 20}, {"checkout", 8}, {"product", 12}} {
			failed, slow := b(j.name, at)
			seen = append(seen, drill.Second{At: start.Add(at), Journey: j.name, Requests: j.rps, Failed: failed, Slow: slow})
		}
	}
	return seen
}

func scenario(incidents ...drill.Incident) *drill.Scenario {
	return &drill.Scenario{
		Name: "x", Title: "X", History: time.Hour, Duration: time.Hour,
		Load: drill.DefaultLoad(), Incidents: incidents,
	}
}

func incident(name string, from, to float64) drill.Incident {
	return drill.Incident{Name: name, From: minute(from), To: minute(to), PageWithin: minute(5)}
}

func sms(at float64, group string, status alert.Status, reason string) drill.Notification {
	return drill.Notification{
		At: start.Add(minute(at)), Receiver: "oncall", ReceiverType: drill.SMS, Status: status, AlertName: "Errors" + group,
		Severity: alert.Critical, Reason: reason, Alerts: 1, GroupKey: group, RunbookURL: "https://x/",
	}
}

func page(at float64, group string) drill.Notification {
	return sms(at, group, alert.Firing, "first notification")
}

func resolved(at float64, group string) drill.Notification {
	return sms(at, group, alert.Resolved, "all alerts resolved")
}

func other(at float64, kind string) drill.Notification {
	n := page(at, kind)
	n.Receiver, n.ReceiverType, n.Severity = kind, kind, alert.Warning
	return n
}

func evaluate(t *testing.T, s *drill.Scenario, run drill.Run) drill.Result {
	t.Helper()
	run.Start = start
	r, err := drill.Evaluate(s, run)
	if err != nil {
		t.Fatalf("Evaluate: %v", err)
	}
	return r
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	checkoutFails := during("checkout", minute(10), minute(25), 4, 0) // half of 8 a second
	one := scenario(incident("checkout fails", 10, 25))
	tests := []struct {
		name     string
		messages []drill.Notification
		verdict  drill.Verdict
		detect   float64 // minutes; 0: never
		reset    float64 // minutes; 0: never
		spent    float64
		score    drill.Score
		problems []string
	}{
		{
			name:     "detected",
			messages: []drill.Notification{page(12, "a"), resolved(28, "a")},
			verdict:  drill.Detected, detect: 2, reset: 3,
			spent: 0.00463, // 480 failed of 103,680 that may fail in 30 days
			score: drill.Score{Precision: 1, Recall: 1, Pages: 1, ResolvedMessages: 1, Messages: 2},
		},
		{
			name:     "just in time",
			messages: []drill.Notification{page(15, "a")},
			verdict:  drill.Detected, detect: 5, spent: 0.011574,
			score: drill.Score{Precision: 1, Recall: 1, Pages: 1, Messages: 1},
		},
		{
			name:     "late, after the end",
			messages: []drill.Notification{page(30, "a"), resolved(31, "a")},
			verdict:  drill.Late, detect: 20, reset: 6, spent: 0.034722,
			score:    drill.Score{Precision: 1, Recall: 1, Pages: 1, ResolvedMessages: 1, Messages: 2},
			problems: []string{`Incident "checkout fails" was paged after 20m, by Errorsa; it had to be within 5m.`},
		},
		{
			name:    "missed",
			verdict: drill.Missed, spent: 0.034722,
			score:    drill.Score{Precision: 1, Messages: 0},
			problems: []string{`Incident "checkout fails" (10m to 25m) paged nobody, although of 36000 requests 3600 failed and 0 were slow.`},
		},
		{
			name:     "false pages, before and after",
			messages: []drill.Notification{page(-5, "a"), page(9.9, "a"), page(30.1, "b")},
			verdict:  drill.Missed, spent: 0.034722,
			score: drill.Score{Precision: 0, Pages: 3, FalsePages: 3, FalsePageAtSeconds: []float64{-300, 594, 1806}, Messages: 3},
			problems: []string{
				`Incident "checkout fails" (10m to 25m) paged nobody, although of 36000 requests 3600 failed and 0 were slow.`,
				"3 false pages, sent while no user was hurt: Errorsa at -5m, Errorsa at 9m54s, Errorsb at 30m6s.",
			},
		},
		{
			name: "repeats, resolved messages, tickets and log lines are no pages",
			messages: []drill.Notification{
				page(11, "a"), sms(13, "a", alert.Firing, "new alerts added"), sms(14, "a", alert.Firing, "some alerts resolved"),
				sms(20, "a", alert.Firing, "repeat interval elapsed"), resolved(26, "a"),
				other(12, drill.Ticket), other(40, drill.Ticket), other(11, drill.LogLine),
			},
			verdict: drill.Detected, detect: 1, reset: 1, spent: 0.002315,
			score: drill.Score{Precision: 1, Recall: 1, Pages: 2, ExtraPages: 1, Tickets: 2, LogLines: 1, Repeats: 2, ResolvedMessages: 1, Messages: 8},
		},
		{
			name:     "the last group that paged decides the reset",
			messages: []drill.Notification{page(11, "a"), page(12, "b"), resolved(20, "a"), resolved(27, "b")},
			verdict:  drill.Detected, detect: 1, reset: 2, spent: 0.002315,
			score: drill.Score{Precision: 1, Recall: 1, Pages: 2, ExtraPages: 1, ResolvedMessages: 2, Messages: 4},
		},
		{
			name:     "a group that fires again is not reset",
			messages: []drill.Notification{page(11, "a"), resolved(20, "a"), page(22, "a")},
			verdict:  drill.Detected, detect: 1, spent: 0.002315,
			score: drill.Score{Precision: 1, Recall: 1, Pages: 2, ExtraPages: 1, ResolvedMessages: 1, Messages: 3},
		},
		{
			name:     "over too early",
			messages: []drill.Notification{page(11, "a"), resolved(20, "a")},
			verdict:  drill.Detected, detect: 1, reset: -5, spent: 0.002315,
			score: drill.Score{Precision: 1, Recall: 1, Pages: 1, ResolvedMessages: 1, Messages: 2},
		},
	}
	seen := traffic(time.Hour, checkoutFails)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			slices.Reverse(tt.messages) // their order does not matter
			r := evaluate(t, one, drill.Run{Seen: seen, Notifications: tt.messages})
			if tt.score.FalsePageAtSeconds == nil {
				tt.score.FalsePageAtSeconds = []float64{}
			}
			if diff := cmp.Diff(tt.score, r.Score); diff != "" {
				t.Errorf("score (-want +got):\n%s", diff)
			}
			inc := r.Incidents[0]
			if inc.Verdict != tt.verdict || inc.ErrorBudgetSpentRatio != tt.spent {
				t.Errorf("verdict %s, spent %v; want %s, %v", inc.Verdict, inc.ErrorBudgetSpentRatio, tt.verdict, tt.spent)
			}
			if got := minutes(inc.TimeToDetectSeconds); got != tt.detect {
				t.Errorf("time to detect = %v min, want %v", got, tt.detect)
			}
			if got := minutes(inc.ResetSeconds); got != tt.reset {
				t.Errorf("reset time = %v min, want %v", got, tt.reset)
			}
			if tt.problems == nil {
				tt.problems = []string{}
			}
			if diff := cmp.Diff(tt.problems, r.Problems); diff != "" || r.Passed != (len(tt.problems) == 0) {
				t.Errorf("passed = %v, problems (-want +got):\n%s", r.Passed, diff)
			}
		})
	}
}

// minutes is zero for a moment that never came.
func minutes(seconds *float64) float64 {
	if seconds == nil {
		return 0
	}
	return *seconds / 60
}

func TestEvaluateControl(t *testing.T) {
	t.Parallel()
	seen := traffic(time.Hour, nobody)
	quiet := evaluate(t, scenario(), drill.Run{Seen: seen})
	if !quiet.Passed || !quiet.Control || quiet.Score.Precision != 1 || quiet.Score.Recall != 1 || quiet.Requests != 90*60*40 || quiet.VirtualSeconds != 7200 {
		t.Errorf("a quiet control: %+v", quiet)
	}
	loud := evaluate(t, scenario(), drill.Run{Seen: seen, Notifications: []drill.Notification{page(1, "a")}})
	want := []string{"1 false page, sent while no user was hurt: Errorsa at 1m."}
	if diff := cmp.Diff(want, loud.Problems); diff != "" || loud.Passed || loud.Score.Precision != 0 {
		t.Errorf("a control with a page: passed %v, precision %v, problems (-want +got):\n%s", loud.Passed, loud.Score.Precision, diff)
	}
}

func TestEvaluateSpendsTheLatencyBudget(t *testing.T) {
	t.Parallel()
	seen := traffic(time.Hour, during("checkout", minute(10), minute(25), 0, 8))
	r := evaluate(t, scenario(incident("checkout is slow", 10, 25)), drill.Run{Seen: seen, Notifications: []drill.Notification{page(12, "a")}})
	if got, want := r.Incidents[0].ErrorBudgetSpentRatio, 0.000926; got != want { // 960 of 1,036,800
		t.Errorf("spent = %v, want %v", got, want)
	}
}

func TestEvaluateCountsMutedAlerts(t *testing.T) {
	t.Parallel()
	at := func(n float64) time.Time { return start.Add(minute(n)) }
	alerts := []drill.AlertSpan{
		{Name: "silenced while firing", FiringAt: at(10), ResolvedAt: at(20), RunbookURL: "x", Muted: []drill.Mute{{From: at(5), To: at(11), By: drill.BySilence}}},
		{Name: "silence over before", FiringAt: at(10), ResolvedAt: at(20), RunbookURL: "x", Muted: []drill.Mute{{From: at(5), To: at(10), By: drill.BySilence}}},
		{Name: "silence after", FiringAt: at(10), ResolvedAt: at(20), RunbookURL: "x", Muted: []drill.Mute{{From: at(20), By: drill.BySilence}}},
		{Name: "still both", FiringAt: at(10), Muted: []drill.Mute{{From: at(15), By: drill.ByInhibition}, {From: at(30), To: at(31), By: drill.ByInhibition}, {From: at(40), By: drill.BySilence}}},
		{Name: "never fired", PendingAt: at(10), ResolvedAt: at(11), Muted: []drill.Mute{{From: at(5), By: drill.BySilence}}},
	}
	got := evaluate(t, scenario(), drill.Run{Seen: traffic(time.Hour, nobody), Alerts: alerts}).Score
	if got.Silenced != 2 || got.Inhibited != 1 || got.WithoutRunbook != 1 {
		t.Errorf("silenced %d, inhibited %d, without runbook %d; want 2, 1, 1", got.Silenced, got.Inhibited, got.WithoutRunbook)
	}
}

// noise makes each request fail with the given probability, the same each time.
func noise(share float64) bad {
	r := rand.New(rand.NewPCG(1, 2))
	return func(j string, _ time.Duration) (failed, slow int) {
		for range map[string]int{"browse": 20, "checkout": 8, "product": 12}[j] {
			if r.Float64() < share {
				failed++
			}
		}
		return failed, 0
	}
}

// slowly does the same with being slow.
func slowly(share float64) bad {
	n := noise(share)
	return func(j string, at time.Duration) (failed, slow int) {
		failed, _ = n(j, at)
		return 0, failed
	}
}

// within limits b to a span.
func within(from, to float64, b bad) bad {
	return func(j string, at time.Duration) (failed, slow int) {
		if failed, slow = b(j, at); at < minute(from) || at >= minute(to) {
			return 0, 0
		}
		return failed, slow
	}
}

func TestEvaluateChecksTheTruth(t *testing.T) {
	t.Parallel()
	claim := func(from, to float64) *drill.Scenario { return scenario(incident("checkout fails", from, to)) }
	filed := claim(10, 25)
	filed.File, filed.Incidents[0].Line = "drills/x.yaml", 7
	half := during("checkout", minute(10), minute(25), 4, 0)
	tests := []struct {
		name  string
		give  *drill.Scenario
		truth bad
		want  string // "" accepts
	}{
		{"as claimed", claim(10, 25), half, ""},
		{"half a minute off", claim(10.5, 24.5), half, ""},
		{"nobody was hurt", claim(10, 25), nobody, `x: incident "checkout fails" is claimed from 10m to 25m, but no user was hurt: 0 of 36000 requests failed (0 %) and 0 were slow (0 %); correct from and to, or take the incident out`},
		{"in a file", filed, nobody, `drills/x.yaml:7: incident "checkout fails" is claimed`},
		{"hurt at another time", claim(40, 50), half, `no user was hurt: 0 of 24000 requests failed`},
		{"claimed far too early", claim(0, 25), within(20, 25, noise(0.5)), `x: incident "checkout fails" is claimed from 0s on, but users were not hurt before 15m10s: until then, 0 of 36400 requests failed`},
		{"hidden by a control", scenario(), half, `x: users were hurt outside of the incidents, from 10m to 25m: of checkout, 3600 of 7200 requests failed (50 %) and 0 were slow (0 %); claim an incident there, or make the fault smaller`},
		{"hidden beside a claim", claim(10, 15), half, `users were hurt outside of the incidents, from 15m30s to 25m: of checkout, 2280 of 4560 requests failed`},
		{"hidden, slow", scenario(), during("product", minute(50), minute(60), 0, 1), `from 50m to 1h: of product, 0 of 7200 requests failed (0 %) and 600 were slow (8.33 %)`},
		{"hidden, half a per cent for 5 minutes", scenario(), within(20, 25, noise(0.005)), "users were hurt outside of the incidents"},
		{"half a per cent for an hour", claim(0, 60), noise(0.005), ""},
		{"0.2 % for an hour", scenario(), noise(0.002), "users were hurt outside of the incidents"},
		{"a failure now and then", scenario(), noise(0.0005), ""},
		{"as bad as the objective allows", scenario(), noise(0.0008), ""},
		{"a few slow answers", scenario(), slowly(0.006), ""},
		{"too many slow answers", scenario(), slowly(0.03), "users were hurt outside of the incidents"},
		{"a blip", scenario(), within(20, 22, noise(0.0005)), ""},
		{"one bad second", scenario(), during("checkout", minute(20), minute(20)+time.Second, 4, 0), ""},
		{"two bad seconds", scenario(), during("checkout", minute(20), minute(20)+2*time.Second, 8, 0), "from 20m to 20m2s: of checkout, 16 of 16 requests failed (100 %)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := drill.Evaluate(tt.give, drill.Run{Start: start, Seen: traffic(time.Hour, tt.truth)})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Evaluate: %v, want no error", err)
			case tt.want != "" && err == nil:
				t.Errorf("Evaluate = nil, want the error %q", tt.want)
			case tt.want != "" && !strings.Contains(err.Error(), tt.want):
				t.Errorf("Evaluate:\n got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestEvaluateRefusesABrokenRun(t *testing.T) {
	t.Parallel()
	good := drill.Run{Start: start, Seen: traffic(time.Hour, nobody)}
	tests := []struct {
		name  string
		spoil func(*drill.Scenario, *drill.Run)
		want  string
	}{
		{"no start", func(_ *drill.Scenario, r *drill.Run) { r.Start = time.Time{} }, "does not say when minute zero was"},
		{"no truth", func(_ *drill.Scenario, r *drill.Run) { r.Seen = nil }, "the truth is empty"},
		{"truth of another time", func(_ *drill.Scenario, r *drill.Run) { r.Start = start.Add(24 * time.Hour) }, "the truth is empty"},
		{"more failed than sent", func(_ *drill.Scenario, r *drill.Run) {
			r.Seen = []drill.Second{{At: start, Journey: "browse", Requests: 1, Failed: 1, Slow: 1}}
		}, "the truth is broken: browse at 2000-01-01T02:00:00Z counts 1 requests, 1 failed and 1 slow"},
		{"unknown receiver type", func(_ *drill.Scenario, r *drill.Run) { r.Notifications = []drill.Notification{other(1, "fax")} }, `receiver type "fax" is none of sms, ticket, logline`},
		{"unknown status", func(_ *drill.Scenario, r *drill.Run) { r.Notifications = []drill.Notification{sms(1, "a", "odd", "")} }, `status "odd" is neither firing nor resolved`},
		{"message of no time", func(_ *drill.Scenario, r *drill.Run) {
			r.Notifications = []drill.Notification{{Receiver: "a", ReceiverType: drill.SMS, Status: alert.Firing}}
		}, "does not say when"},
		{"no duration", func(s *drill.Scenario, _ *drill.Run) { s.Duration = 0 }, "a duration of 0s is too short"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, run := scenario(), good
			tt.spoil(s, &run)
			if _, err := drill.Evaluate(s, run); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Evaluate = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestResultJSON(t *testing.T) {
	t.Parallel()
	s := scenario(incident("checkout fails", 10, 25))
	s.Timeline = []drill.Step{
		{At: minute(10), Fault: &fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.5, For: fault.Duration(minute(15))}},
		{At: minute(30), Silence: &drill.Silence{Matchers: []alert.Matcher{{Name: "a", Value: "b", IsEqual: true}}, For: minute(5), Comment: "known"}},
	}
	fired := drill.AlertSpan{Name: "Errors", FiringAt: start.Add(11*time.Minute + 123456789), Labels: nil}
	run := drill.Run{
		Seed: 7, Wall: 2100 * time.Millisecond, Seen: traffic(time.Hour, during("checkout", minute(10), minute(25), 4, 0)),
		Notifications: []drill.Notification{page(12, "a")}, Alerts: []drill.AlertSpan{fired},
	}
	r := evaluate(t, s, run)
	one, err := json.Marshal(r)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	for _, want := range []string{
		`"drill":"x"`, `"seed":7`, `"virtual_seconds":7200`, `"wall_seconds":2.1`, `"requests":216000`,
		`"incidents":[{"name":"checkout fails","from_seconds":600,"to_seconds":1500,"page_within_seconds":300,"verdict":"detected","alert":"Errorsa","receiver":"oncall","time_to_detect_seconds":120,"reset_seconds":null,"error_budget_spent_ratio":0.00463,`,
		`"notifications":[{"at_seconds":720,"receiver":"oncall","receiver_type":"sms","status":"firing","alertname":"Errorsa","severity":"critical","reason":"first notification","alerts":1,"group_key":"a","runbook_url":"https://x/",`,
		`"alerts":[{"alertname":"Errors","labels":{},"pending_at_seconds":null,"firing_at_seconds":660.123,"resolved_at_seconds":null,`,
		`"score":{"precision":1,"recall":1,"pages":1,"false_pages":0,"false_page_at_seconds":[],`,
		`"faults":[{"from_seconds":600,"to_seconds":1500,"fault":"errors","service":"payments","setting":"ratio 0.5"}]`,
		`"silences":[{"from_seconds":1800,"to_seconds":2100,"matchers":"a=\"b\"","comment":"known"}]`,
		`"bin_seconds":30,"journeys":[{"journey":"browse","requests":[600,600,`,
	} {
		if !strings.Contains(string(one), want) {
			t.Errorf("the JSON lacks %s:\n%s", want, one)
		}
	}
	slices.Reverse(run.Seen)
	two, err := json.Marshal(evaluate(t, s, run))
	if err != nil || string(one) != string(two) {
		t.Errorf("the same run in another order gives other bytes (%v)", err)
	}
	var back drill.Result
	if err := json.Unmarshal(one, &back); err != nil {
		t.Fatalf("unmarshal: %v", err)
	}
	if diff := cmp.Diff(r, back); diff != "" {
		t.Errorf("a result does not survive JSON (-before +after):\n%s", diff)
	}
}

func TestTimelineIsBounded(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{time.Minute, 45 * time.Minute, 6 * time.Hour, 25 * time.Hour, drill.MaxDuration} {
		s := scenario()
		s.Duration = d
		r := evaluate(t, s, drill.Run{Seen: []drill.Second{{At: start.Add(d - time.Second), Journey: "browse", Requests: 1}}})
		bins := r.Timeline.Journeys[0].Requests
		if len(bins) > 240 || bins[len(bins)-1] != 1 {
			t.Errorf("a drill of %v has %d bins, the last of %d requests; want up to 240, and 1", d, len(bins), bins[len(bins)-1])
		}
	}
}

func TestScoreProperties(t *testing.T) {
	t.Parallel()
	seen := traffic(time.Hour, func(_ string, at time.Duration) (int, int) {
		if at >= minute(10) && at < minute(15) || at >= minute(40) && at < minute(50) {
			return 2, 1
		}
		return 0, 0
	})
	s := scenario(incident("one", 10, 15), incident("two", 40, 50))
	message := rapid.Custom(func(t *rapid.T) drill.Notification {
		n := page(float64(rapid.IntRange(-1800, 4200).Draw(t, "second"))/60, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "group"))
		n.ReceiverType = rapid.SampledFrom([]string{drill.SMS, drill.SMS, drill.Ticket, drill.LogLine}).Draw(t, "type")
		n.Status = rapid.SampledFrom([]alert.Status{alert.Firing, alert.Firing, alert.Resolved}).Draw(t, "status")
		n.Reason = rapid.SampledFrom([]string{"", "first notification", "new alerts added", "some alerts resolved", "repeat interval elapsed", "escalated"}).Draw(t, "reason")
		return n
	})
	rapid.Check(t, func(t *rapid.T) {
		messages := rapid.SliceOfN(message, 0, 20).Draw(t, "messages")
		r, err := drill.Evaluate(s, drill.Run{Start: start, Seen: seen, Notifications: messages})
		if err != nil {
			t.Fatalf("Evaluate: %v", err)
		}
		checkInvariants(t, r, len(messages))
		more, err := drill.Evaluate(s, drill.Run{Start: start, Seen: seen, Notifications: append(slices.Clone(messages), page(30, "z"))})
		if err != nil {
			t.Fatalf("Evaluate: %v", err)
		}
		if more.Score.FalsePages != r.Score.FalsePages+1 || more.Score.Recall != r.Score.Recall || more.Score.Precision > r.Score.Precision || more.Passed {
			t.Fatalf("one false page more: %+v, before %+v", more.Score, r.Score)
		}
	})
}

func checkInvariants(t *rapid.T, r drill.Result, messages int) {
	c := r.Score
	if c.Precision < 0 || c.Precision > 1 || c.Recall < 0 || c.Recall > 1 {
		t.Fatalf("precision %v, recall %v", c.Precision, c.Recall)
	}
	if sum := c.Pages + c.Tickets + c.LogLines + c.Repeats + c.ResolvedMessages; sum != messages || c.Messages != messages {
		t.Fatalf("%d messages are counted as %d: %+v", messages, sum, c)
	}
	pages, noticed := 0, 0
	for _, inc := range r.Incidents {
		pages += inc.Pages
		if (inc.Verdict == drill.Missed) != (inc.TimeToDetectSeconds == nil) || (inc.Pages == 0) != (inc.Verdict == drill.Missed) {
			t.Fatalf("the verdict contradicts the pages: %+v", inc)
		}
		if inc.Verdict != drill.Missed {
			noticed++
			if *inc.TimeToDetectSeconds < 0 || (*inc.TimeToDetectSeconds <= inc.PageWithinSeconds) != (inc.Verdict == drill.Detected) {
				t.Fatalf("the verdict contradicts the time to detect: %+v", inc)
			}
		}
		if inc.ErrorBudgetSpentRatio < 0 || inc.Pages-inc.ExtraPages > 1 {
			t.Fatalf("odd incident: %+v", inc)
		}
	}
	if pages+c.FalsePages != c.Pages || len(c.FalsePageAtSeconds) != c.FalsePages || c.ExtraPages != pages-noticed {
		t.Fatalf("%d pages belong, %d incidents were noticed: %+v", pages, noticed, c)
	}
	if !slices.IsSortedFunc(r.Notifications, func(a, b drill.NotificationResult) int {
		return int(a.AtSeconds - b.AtSeconds)
	}) {
		t.Fatal("messages are out of order")
	}
	if r.Passed != (len(r.Problems) == 0) {
		t.Fatalf("passed %v with %d problems", r.Passed, len(r.Problems))
	}
}

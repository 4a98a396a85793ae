package report_test

import (
	"testing"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

var start = time.Date(2000, 1, 1, 2, 0, 0, 0, time.UTC)

// sample is a drill for these tests: what its users, alerts and messages did.
type sample struct {
	yaml     string
	bad      func(journey string, minute float64) (failed, slow int)
	alerts   []drill.AlertSpan
	messages []drill.Notification
	repairs  []fault.Applied
}

func at(minute float64) time.Time { return start.Add(time.Duration(minute * float64(time.Minute))) }

// message is one to an SMS receiver; change turns it into something else.
func message(minute float64, name, reason string, change ...func(*drill.Notification)) drill.Notification {
	n := drill.Notification{
		At: at(minute), Receiver: "oncall", ReceiverType: drill.SMS, Status: "firing", AlertName: name, Severity: "critical",
		Reason: reason, Alerts: 1, GroupKey: "{}:{alertname=\"" + name + "\"}", RunbookURL: "https://runbooks.example/" + name,
	}
	for _, c := range change {
		c(&n)
	}
	return n
}

func resolved(n *drill.Notification) { n.Status, n.Reason = "resolved", "all alerts resolved" }

func ticket(n *drill.Notification) {
	n.Receiver, n.ReceiverType, n.Severity = "team", drill.Ticket, "warning"
}

func logLine(n *drill.Notification) {
	n.Receiver, n.ReceiverType, n.Severity = "log", drill.LogLine, "info"
}

// repaired is one repair of payments.
func repaired(minute float64, name string, takes time.Duration, ended ...string) fault.Applied {
	return fault.Applied{Repair: name, Service: "payments", At: at(minute), Effect: at(minute).Add(takes), Ended: ended}
}

func span(name string, severity, service string, pending, firing, end float64) drill.AlertSpan {
	a := drill.AlertSpan{
		Name: name, Labels: map[string]string{"alertname": name, "severity": severity, "service": service},
		PendingAt: at(pending), FiringAt: at(firing), ResolvedAt: at(end), RunbookURL: "https://runbooks.example/" + name,
	}
	if firing == 0 {
		a.FiringAt = time.Time{}
	}
	if end == 0 {
		a.ResolvedAt = time.Time{}
	}
	return a
}

func muted(a drill.AlertSpan, m ...drill.Mute) drill.AlertSpan {
	a.Muted = m
	return a
}

func evaluate(t *testing.T, s sample) drill.Result {
	t.Helper()
	scenario, err := drill.Parse("sample.yaml", []byte(s.yaml))
	if err != nil {
		t.Fatalf("parse sample: %v", err)
	}
	run := drill.Run{Start: start, Seed: 1, Wall: 2100 * time.Millisecond, Notifications: s.messages, Alerts: s.alerts, Repairs: s.repairs}
	for sec := 0; sec < int(scenario.Duration.Seconds()); sec++ {
		for journey, rps := range map[string]int{"browse": 20, "product": 12, "checkout": 8} {
			second := drill.Second{At: start.Add(time.Duration(sec) * time.Second), Journey: journey, Requests: rps}
			if s.bad != nil {
				second.Failed, second.Slow = s.bad(journey, float64(sec)/60)
			}
			run.Seen = append(run.Seen, second)
		}
	}
	r, err := drill.Evaluate(scenario, run)
	if err != nil {
		t.Fatalf("evaluate sample: %v", err)
	}
	return r
}

// every is 1 once in n seconds.
func every(n int, minute float64) int {
	if int(minute*60+0.5)%n == 0 {
		return 1
	}
	return 0
}

// paymentsErrors goes well.
func paymentsErrors() sample {
	return sample{
		yaml: `name: payments-errors
title: Payments starts failing
duration: 45m
timeline:
  - {at: 10m, fault: errors, service: payments, ratio: 0.3, for: 15m}
incidents:
  - {name: checkout fails, from: 10m, to: 25m, page_within: 5m}
`,
		bad: func(journey string, minute float64) (int, int) {
			if journey == "checkout" && minute >= 10 && minute < 25 {
				return 2 + every(3, minute), every(20, minute)
			}
			return 0, every(500, minute)
		},
		alerts: []drill.AlertSpan{
			span("Watchdog", "info", "", -120, -119, 0),
			muted(span("ServiceErrors", "info", "payments", 10.5, 11.5, 26.5), drill.Mute{From: at(12), To: at(27), By: drill.ByInhibition, Name: "ShopErrorsFastBurn"}),
			span("ShopErrorsFastBurn", "critical", "shop", 11.25, 11.5, 28),
			muted(span("ShopErrorsSlowBurn", "warning", "shop", 12, 14, 30), drill.Mute{From: at(14), To: at(28), By: drill.ByInhibition, Name: "ShopErrorsFastBurn"}),
			span("ShopLatencySlowBurn", "warning", "shop", 20, 0, 22),
		},
		messages: []drill.Notification{
			message(-119, "Watchdog", "first notification", logLine), message(11.6, "ServiceErrors", "first notification", logLine),
			message(11.75, "ShopErrorsFastBurn", "first notification"), message(28.5, "ShopErrorsFastBurn", "", resolved),
			message(29, "ShopErrorsSlowBurn", "first notification", ticket),
		},
	}
}

// twoOutages goes badly: late, missed, and false pages.
func twoOutages() sample {
	return sample{
		yaml: `name: two-outages
title: One outage after another
duration: 90m
timeline:
  - {at: 5m, silence: {matchers: ['alertname=~"Shop.*"'], for: 13m, comment: planned works}}
  - {at: 10m, fault: errors, service: auth, ratio: 0.5, for: 10m}
  - {at: 40m, fault: latency, service: payments, delay: 500ms, for: 20m}
  - {at: 70m, fault: latency, service: auth, delay: 20ms, for: 2m}
incidents:
  - {name: products and checkout fail, from: 10m, to: 20m, page_within: 5m}
  - {name: checkout is slow, from: 40m, to: 60m, page_within: 10m}
`,
		bad: func(journey string, minute float64) (int, int) {
			switch {
			case minute >= 10 && minute < 20 && journey != "browse":
				return 4, 0
			case minute >= 40 && minute < 60 && journey == "checkout":
				return 0, 8
			default:
				return 0, 0
			}
		},
		alerts: []drill.AlertSpan{
			muted(span("ShopErrorsFastBurn", "critical", "shop", 11, 11.5, 23), drill.Mute{From: at(5), To: at(18), By: drill.BySilence, Name: "planned works"}),
			func() drill.AlertSpan {
				a := span("NodeBusy", "critical", "shop", 70, 70.5, 0)
				a.RunbookURL = ""
				return a
			}(),
		},
		messages: []drill.Notification{
			message(18.5, "ShopErrorsFastBurn", "first notification"), message(19.5, "ShopErrorsFastBurn", "new alerts added"),
			message(20.5, "ShopErrorsFastBurn", "some alerts resolved"), message(23.5, "ShopErrorsFastBurn", "", resolved),
			message(71, "NodeBusy", "first notification"), message(75, "NodeBusy", "new alerts added"), message(85, "NodeBusy", "repeat interval elapsed"),
		},
		repairs: []fault.Applied{repaired(52, "rollback", 30*time.Second), repaired(59.5, "restart", 20*time.Second, "latency")},
	}
}

func healthy() sample {
	return sample{yaml: "name: healthy\ntitle: A day like any other\nduration: 1h\n"}
}

// blip is a control that pages nevertheless.
func blip() sample {
	return sample{
		yaml:   "name: blip\ntitle: A handful of errors\nduration: 45m\ntimeline:\n  - {at: 15m, fault: errors, service: shop, ratio: 0.0005, for: 2m}\n",
		bad:    func(journey string, minute float64) (int, int) { return one(journey == "browse" && minute == 16), 0 },
		alerts: []drill.AlertSpan{span("ErrorsAtAll", "critical", "shop", 16.1, 16.2, 17)},
		messages: []drill.Notification{
			message(16.4, "ErrorsAtAll", "first notification"), message(17.5, "ErrorsAtAll", "", resolved),
		},
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func samples(t *testing.T) []drill.Result {
	t.Helper()
	return []drill.Result{evaluate(t, paymentsErrors()), evaluate(t, twoOutages()), evaluate(t, healthy()), evaluate(t, blip())}
}

// otherRules is the same four drills under better rules.
func otherRules(t *testing.T) []drill.Result {
	t.Helper()
	p := paymentsErrors()
	p.messages = []drill.Notification{message(17.75, "ShopErrorsFastBurn", "first notification"), message(28.5, "ShopErrorsFastBurn", "", resolved)}
	for range 9 {
		p.messages = append(p.messages, message(20, "ServiceErrors", "first notification", logLine))
	}
	two := twoOutages()
	two.messages = []drill.Notification{message(12, "ShopErrorsFastBurn", "first notification"), message(45, "ShopLatencyFastBurn", "first notification")}
	extra := healthy()
	extra.yaml = "name: another\ntitle: Only here\nduration: 1h\n"
	return []drill.Result{evaluate(t, p), evaluate(t, two), evaluate(t, healthy()), evaluate(t, extra)}
}

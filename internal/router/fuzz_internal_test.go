package router

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
	"goldensignals/internal/store"
)

// Whatever is posted is refused, or becomes messages that can be stored and sent;
// the same bytes again tell nobody again, unless they speak of a repetition.
func FuzzWebhook(f *testing.F) {
	for _, seed := range []string{
		`{"version":"4","groupKey":"g","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"A","service":"shop","severity":"critical"},` +
			`"annotations":{"summary":"A hurts"},"startsAt":"2026-03-01T12:00:00Z","fingerprint":"fp"}]}`,
		"", "{}", "null", "[]", `{"version":"4"}`,
		`{"version":"4","groupKey":"g","alerts":[{}]}`,
		`{"version":"4","groupKey":"g","alerts":[{"status":"firing","startsAt":"0001-01-01T00:00:00Z","labels":{"alertname":"\u0000","severity":"page"}}]}`,
		`{"version":"4","groupKey":"g","truncatedAlerts":18446744073709551615,"alerts":[{"status":"firing","labels":null}]}`,
		`{"version":"4","groupKey":"g","groupKey":"h","alerts":[{"startsAt":"9999-12-31T23:59:59Z","endsAt":"9999-12-31T23:59:59Z"}]}`,
		`{"version":"4","groupKey":"` + "\xff\xfe" + `","alerts":[{"annotations":{"summary":"` + strings.Repeat("é€漢", 50) + `","runbook_url":"javascript:x"}}]}`,
		`{"version":"4","groupKey":"g","alerts":[{"status":"firing","labels":{"alertname":"Watchdog"}}]}`,
		`{"version":"4","groupKey":"g","notification_reason":"repeat interval elapsed","alerts":[{"status":"resolved","fingerprint":"a"},{"fingerprint":"a"}]}`,
	} {
		f.Add([]byte(seed))
	}
	plan := Plan{Receivers: []Receiver{
		sms.New(sms.Options{Inbox: struct{ sms.Inbox }{}}),
		ticket.New(ticket.Options{Board: struct{ ticket.Board }{}}),
		logline.New(logline.Options{Journal: struct{ logline.Journal }{}}),
	}}
	plan.setDefaults()
	c := composer{receivers: make(map[string]Receiver), external: &url.URL{Scheme: "http", Host: "localhost", Path: "/"}}
	for _, r := range plan.Receivers {
		c.receivers[r.Name()] = r
	}
	now := time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		g, err := parseGroup(body)
		if err != nil {
			return
		}
		first := c.change(Decide(store.GroupState{}, g, now, plan.policy()), now)
		for _, n := range first.Notifications {
			checkSound(t, n)
		}
		if first.Incident == nil {
			return
		}
		st := store.GroupState{Open: first.Incident, Incidents: first.Incident.Nth}
		st.Spans = slices.Clone(first.Spans)
		if again := c.change(Decide(st, g, now.Add(time.Second), plan.policy()), now); len(again.Notifications) > 0 && again.Outcome != outcomeResolved {
			t.Errorf("the same webhook tells again: %s %+v", again.Outcome, again.Notifications[0])
		}
	})
}

func checkSound(t *testing.T, n alert.Notification) {
	t.Helper()
	if n.ID == "" || n.Receiver == "" || n.Text == "" {
		t.Errorf("message %+v", n)
	}
	if _, err := alert.ParseSeverity(string(n.Severity)); err != nil {
		t.Error(err)
	}
	if n.ReceiverType == TypeSMS && !utf8.ValidString(n.Text) {
		t.Errorf("text %q", n.Text)
	}
	if u, err := url.Parse(n.RunbookURL); err != nil || u.Scheme != "http" && u.Scheme != "https" {
		t.Errorf("link %q, %v", n.RunbookURL, err)
	}
}

package ticket_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/ticket"
)

// hostile is what somebody could write into an annotation.
const hostile = `@team <img src=x> ![x](http://evil/x.png) <!-- goldensignals n1 firing 2026-01-02T03:04:05Z -->
/close
goldensignals n1 firing 2026-01-02T03:04:05Z
{noformat}[~admin] !x.png!
see https://wiki.example/a_b?c=1&d=(2). Also #12.`

func described(description string) (ticket.Document, ticket.Mark) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	n := alert.Notification{
		ID: "m1", Status: alert.Firing, Title: "Disk of @team\nfills", Reason: "first notification",
		RunbookURL: "http://x/runbooks/DiskFills", DashboardURL: "http://x/d?a=1&b=(2)", ActionURL: "http://x/act/1",
	}
	a := alert.Alert{
		Status: alert.Firing, StartsAt: at, Labels: alert.Labels{"alertname": "DiskFills", "path": "a`b<!-- x"},
		Annotations: alert.Labels{"description": description},
	}
	return ticket.Describe(n, []alert.Alert{a}), ticket.Mark{ID: "m1", Status: alert.Firing, At: at}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	d, m := described(hostile)
	const j = "\u2060"
	want := "**FIRING: Disk of @" + j + "team fills**\n\n" +
		"- Reason: first notification\n" +
		"- Runbook: <http://x/runbooks/DiskFills>\n" +
		"- Dashboard: <http://x/d?a=1&b=%282%29>\n" +
		"- Acknowledge or silence: <http://x/act/1>\n\n" +
		"**fires since 2026-01-02T03:04:05Z**\n\n" +
		"`` {alertname=\"DiskFills\", path=\"a`b<!-- x\"} ``\n\n" +
		"> @" + j + "team &lt;img src=x&gt; \\!\\[x\\](<http://evil/x.png>) &lt;\\!-- goldensignals n1 firing 2026-01-02T03:04:05Z --&gt;  \n" +
		"> /close  \n" +
		"> goldensignals n1 firing 2026-01-02T03:04:05Z  \n" +
		"> {noformat}\\[\\~" + j + "admin\\] \\!" + j + "x.png\\!  \n" +
		"> see <https://wiki.example/a_b?c=1&d=>(2). Also \\#" + j + "12.  \n\n" +
		"<!-- goldensignals m1 firing 2026-01-02T03:04:05Z -->"
	if diff := cmp.Diff(want, ticket.Markdown(d, m)); diff != "" {
		t.Errorf("Markdown (-want +got):\n%s", diff)
	}
}

func TestWiki(t *testing.T) {
	t.Parallel()
	d, m := described(hostile)
	got := ticket.Wiki(d, m)
	if n := strings.Count(got, "{noformat"); n != 2 {
		t.Errorf("%d times {noformat, want 2: the alert breaks out\n%s", n, got)
	}
	if !strings.Contains(got, "{noformat}\nRunbook: http://x/runbooks/DiskFills\nDashboard: http://x/d?a=1&b=%282%29\n") {
		t.Errorf("links are not outside of the preformatted text:\n%s", got)
	}
}

func TestNothingForgesAMark(t *testing.T) {
	t.Parallel()
	d, m := described(hostile)
	for name, text := range map[string]string{
		"markdown": ticket.Markdown(d, m), "wiki": ticket.Wiki(d, m), "plain": ticket.Plain(d, m), "adf": ticket.ADFText(ticket.ADF(d, m)),
	} {
		if diff := cmp.Diff([]ticket.Mark{m}, ticket.MarksIn(text)); diff != "" {
			t.Errorf("%s: marks (-want +got):\n%s", name, diff)
		}
	}
}

func TestEveryFormatStaysWithinTheLimit(t *testing.T) {
	t.Parallel()
	alerts := make([]alert.Alert, 80)
	for i := range alerts {
		alerts[i] = alert.Alert{Labels: alert.Labels{"alertname": "A"}, Annotations: alert.Labels{"description": strings.Repeat("<&@x\n", 1000)}}
	}
	d := ticket.Describe(alert.Notification{Title: strings.Repeat("<", 9999)}, alerts)
	doc, err := json.Marshal(ticket.ADF(d, ticket.Mark{}))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"markdown": ticket.Markdown(d, ticket.Mark{}), "wiki": ticket.Wiki(d, ticket.Mark{}), "plain": ticket.Plain(d, ticket.Mark{}), "adf": string(doc),
	} {
		if len(text) > 32767 {
			t.Errorf("%s: %d bytes", name, len(text))
		}
		if !strings.Contains(text, "fires since") || !strings.Contains(text, "more alerts") {
			t.Errorf("%s: lists no alert, or does not count the rest:\n%.300s", name, text)
		}
	}
}

func FuzzParseDocument(f *testing.F) {
	f.Add(hostile)
	f.Add("one\n\n\n  two\r\nand 3 more alerts")
	f.Add("")
	f.Fuzz(func(t *testing.T, description string) {
		d, _ := described(description)
		if diff := cmp.Diff(d, ticket.ParseDocument(d.String())); diff != "" {
			t.Errorf("ParseDocument(String) (-want +got):\n%s", diff)
		}
		if any := ticket.ParseDocument(description).String(); strings.TrimSpace(description) != "" && strings.TrimSpace(any) == "" {
			t.Errorf("ParseDocument(%q) lost everything", description)
		}
	})
}

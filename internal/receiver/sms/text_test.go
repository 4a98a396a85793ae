package sms_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/sms"
)

const runbook = "http://localhost:8080/router/runbooks/CheckoutErrors"

func message(title string) alert.Notification {
	return alert.Notification{
		Severity: alert.Critical, Status: alert.Firing, AlertName: "CheckoutErrors",
		Service: "shop", Alerts: 2, Title: title, RunbookURL: runbook,
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	resolved := message("Customers cannot pay.")
	resolved.Status = alert.Resolved
	one := message("Customers cannot pay")
	one.Alerts, one.Service = 1, ""
	untitled := message("")
	for _, tt := range []struct {
		name string
		n    alert.Notification
		want string
	}{
		{"firing", message("Customers cannot pay."), "CRITICAL shop: Customers cannot pay - 2 alerts. " + runbook},
		{"one alert, no service", one, "CRITICAL: Customers cannot pay - 1 alert. " + runbook},
		{"resolved", resolved, "RESOLVED shop: Customers cannot pay. " + runbook},
		{"typography", message("“Pay”\u00a0— latency ≥ 300 ms…"), `CRITICAL shop: "Pay" - latency >= 300 ms... - 2 alerts. ` + runbook},
		{"lines are joined", message("a\r\nRESOLVED:\tb\u202e"), "CRITICAL shop: a RESOLVED: b - 2 alerts. " + runbook},
		{"no title", untitled, "CRITICAL shop: CheckoutErrors - 2 alerts. " + runbook},
	} {
		if got := sms.Text(tt.n); got != tt.want {
			t.Errorf("%s: Text = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestTextFitsTwoSegments(t *testing.T) {
	t.Parallel()
	gsm := sms.Text(message(strings.Repeat("slow ", 100)))
	if n := len(gsm); n > 306 || n < 300 {
		t.Errorf("GSM text has %d letters, want just under 306: %q", n, gsm)
	}
	wide := sms.Text(message(strings.Repeat("медленно ", 100)))
	if n := len(utf16.Encode([]rune(wide))); n > 134 || n < 125 {
		t.Errorf("UCS-2 text has %d units, want just under 134: %q", n, wide)
	}
	extended := sms.Text(message(strings.Repeat("{}", 200)))
	if n := len(extended) + strings.Count(extended, "{") + strings.Count(extended, "}"); n > 306 {
		t.Errorf("text costs %d septets, want at most 306: %q", n, extended)
	}
}

func TestTextKeepsAnOverlongLink(t *testing.T) {
	t.Parallel()
	n := message("x")
	n.RunbookURL = "http://example.org/" + strings.Repeat("a", 400)
	if got := sms.Text(n); !strings.HasSuffix(got, " "+n.RunbookURL) || !strings.HasPrefix(got, "CRITICAL shop: ") {
		t.Errorf("Text = %q, want head and whole link", got)
	}
}

func TestTextAlwaysEndsWithTheLink(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := message(rapid.String().Draw(t, "title"))
		n.Service = rapid.StringN(0, 20, 40).Draw(t, "service")
		got := sms.Text(n)
		if !strings.HasSuffix(got, " "+runbook) {
			t.Errorf("Text = %q does not end with the link", got)
		}
		if strings.ContainsAny(got, "\r\n\t") {
			t.Errorf("Text = %q has more than one line", got)
		}
		if len(utf16.Encode([]rune(got))) > 306 {
			t.Errorf("Text = %q is too long", got)
		}
	})
}

func TestTextOfEverything(t *testing.T) {
	t.Parallel()
	const act = "https://r.example/a/Zx81kq0"
	full := message("Customers cannot pay.")
	full.Help, full.ActionURL = "Checkout answers with errors.", act
	second := full
	second.Level = 1
	same := full
	same.Help = "customers cannot pay"
	resolved := full
	resolved.Status = alert.Resolved
	uncounted := full
	uncounted.Alerts = 0
	for _, tt := range []struct {
		name string
		n    alert.Notification
		want string
	}{
		{"all", full, "CRITICAL shop: Customers cannot pay - 2 alerts. Checkout answers with errors. " + runbook + " Act: " + act},
		{"escalated", second, "CRITICAL (escalated) shop: Customers cannot pay - 2 alerts. Checkout answers with errors. " + runbook + " Act: " + act},
		{"the same sentence", same, "CRITICAL shop: Customers cannot pay - 2 alerts. " + runbook + " Act: " + act},
		{"resolved", resolved, "RESOLVED shop: Customers cannot pay. " + runbook},
		{"no count", uncounted, "CRITICAL shop: Customers cannot pay. Checkout answers with errors. " + runbook + " Act: " + act},
	} {
		if got := sms.Text(tt.n); got != tt.want {
			t.Errorf("%s: Text = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestTextShortOfRoom(t *testing.T) {
	t.Parallel()
	act := "https://r.example/" + strings.Repeat("a", 40)
	n := message("Customers cannot pay")
	n.ActionURL, n.Help = act, strings.Repeat("help ", 60)
	if got, want := sms.Text(n), "CRITICAL shop: Customers cannot pay - 2 alerts. "+runbook+" Act: "+act; got != want {
		t.Errorf("long help: Text = %q, want %q", got, want)
	}
	n.Title = strings.Repeat("slow ", 100)
	if got := sms.Text(n); !strings.HasSuffix(got, "... - 2 alerts. "+runbook+" Act: "+act) || len(got) > 306 || len(got) < 300 {
		t.Errorf("long title: Text = %q", got)
	}
	n.ActionURL = "https://r.example/" + strings.Repeat("a", 200)
	if got := sms.Text(n); !strings.HasSuffix(got, "... - 2 alerts. "+runbook) {
		t.Errorf("long link to act: Text = %q, want the runbook's link only", got)
	}
}

func TestTextNeverCutsALink(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := message(rapid.String().Draw(t, "title"))
		n.Help = rapid.String().Draw(t, "help")
		n.ActionURL = "https://r.example/" + strings.Repeat("a", rapid.IntRange(0, 300).Draw(t, "length"))
		n.Level = rapid.IntRange(0, 1).Draw(t, "level")
		got := sms.Text(n)
		if !strings.HasSuffix(got, " "+runbook) && !strings.HasSuffix(got, " "+runbook+" Act: "+n.ActionURL) {
			t.Errorf("Text = %q does not end with whole links", got)
		}
		if len(utf16.Encode([]rune(got))) > 306 {
			t.Errorf("Text = %q is too long", got)
		}
	})
}

package sms_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/patience"
	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/receiver/sms"
)

// TestKannel sends through a real Kannel, which .ci/kannel starts.
func TestKannel(t *testing.T) {
	if os.Getenv("KANNEL_URL") == "" {
		t.Skip("no Kannel: run .ci/kannel")
	}
	open := func(smsc string) sms.Provider {
		return open(t, sms.ProviderConfig{Name: "kannel", Kannel: &sms.Kannel{
			URL: os.Getenv("KANNEL_URL"), Username: os.Getenv("KANNEL_USERNAME"), Password: outbound.Secret{Env: "KANNEL_PASSWORD"},
			From: "12345", SMSC: smsc, HookToken: outbound.Secret{Env: "KANNEL_TOKEN"},
		}}, sms.Env{})
	}
	fake, smpp := open("fake"), open("smpp")
	reports, replies := listen(t, fake.(sms.Hook))
	base := "http://" + os.Getenv("KANNEL_HOOK") + "/report"

	began := time.Now()
	send(t, fake, sms.Outgoing{ID: "n-1", To: "+4915112345678", Text: "CRITICAL shop: 5 & 6 = 11, 100% of {users}", ReportURL: base})
	took := time.Since(began)
	finalReport(t, reports, "n-1", alert.ReportDelivered)
	t.Logf("HTTP, fake SMSC: taken after %v, reported delivered after %v", took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))

	// The SMSC is not there yet: Kannel queues.
	long := "CRITICAL shop: " + strings.Repeat("€ä ", 60)
	began = time.Now()
	send(t, smpp, sms.Outgoing{ID: "n-2", To: "+4915112345679", Text: long, ReportURL: base})
	server := newSMSC(t, os.Getenv("KANNEL_SMPP"))
	within(t, "session from Kannel", server.bound)
	if got := receive(t, server); strings.TrimSpace(got) != strings.TrimSpace(long) {
		t.Errorf("the SMSC got %q, want %q", got, long)
	}
	server.deliver(0x04, "4915112345679", "id:A7 sub:001 dlvrd:001 submit date:2611242100 done date:2611242101 stat:UNDELIV err:011 text:x")
	finalReport(t, reports, "n-2", alert.ReportFailed)
	t.Logf("SMPP, queued before the SMSC was up: reported failed after %v", time.Since(began).Round(time.Millisecond))

	began = time.Now()
	send(t, smpp, sms.Outgoing{ID: "n-3", To: "+4915112345680", Text: "касса", ReportURL: base})
	if got := receive(t, server); got != "касса" {
		t.Errorf("the SMSC got %q", got)
	}
	server.deliver(0x04, "4915112345680", "id:A7 sub:001 dlvrd:001 submit date:2611242100 done date:2611242101 stat:DELIVRD err:000 text:x")
	finalReport(t, reports, "n-3", alert.ReportDelivered)
	t.Logf("SMPP, Unicode: reported delivered after %v", time.Since(began).Round(time.Millisecond))

	server.deliver(0, "4915112345678", "Silence 2h, a7")
	for { // the fake SMSC's own message may come first
		got := within(t, "reply", replies)
		if got.Text == "hello" {
			continue
		}
		c, err := sms.ParseCommand(got.Text)
		if want := (sms.Command{Verb: sms.Mute, For: 2 * time.Hour, Code: "A7"}); err != nil || c != want || !strings.HasSuffix(got.From, "4915112345678") || got.ID == "" {
			t.Errorf("reply = %+v, command %+v, %v", got, c, err)
		}
		break
	}

	wrong := open("fake")
	_, err := wrong.Send(t.Context(), sms.Outgoing{ID: "n-4", To: "", Text: "x"})
	if !alert.IsPermanent(err) {
		t.Errorf("no recipient: %v, want permanent", err)
	}
}

func send(t *testing.T, p sms.Provider, o sms.Outgoing) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	got, err := p.Send(ctx, o)
	if diff := cmp.Diff(alert.Receipt{Reported: true}, got); err != nil || diff != "" {
		t.Fatalf("Send: %v (-want +got)\n%s", err, diff)
	}
}

// receive takes one text, in as many parts as it has.
func receive(t *testing.T, server *smsc) string {
	t.Helper()
	text := ""
	for {
		m := within(t, "submit_sm", server.submitted)
		part, err := m.Message.GetMessage()
		if err != nil {
			t.Fatal(err)
		}
		text += part
		if total, number, _, joined := m.Message.UDH().GetConcatInfo(); !joined || number == total {
			return text
		}
	}
}

// finalReport waits for the report that ends the story of a message.
func finalReport(t *testing.T, reports <-chan sms.Reported, id string, want alert.Report) {
	t.Helper()
	for {
		r := within(t, "report", reports)
		if r.Report == alert.ReportExpected {
			continue // Kannel fetches its URLs side by side: it may be of the message before
		}
		if r.Report != want || r.NotificationID != id || r.Provider != "kannel" {
			t.Errorf("report = %+v, want %s for %s", r, want, id)
		}
		return
	}
}

// listen serves Kannel's callbacks.
func listen(t *testing.T, hook sms.Hook) (<-chan sms.Reported, <-chan sms.Reply) {
	t.Helper()
	reports, replies := make(chan sms.Reported, 16), make(chan sms.Reply, 16)
	l, err := net.Listen("tcp", os.Getenv("KANNEL_HOOK"))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		u := &url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		if r.URL.Path == "/reply" {
			reply, err := hook.Reply(u, r, nil)
			if err != nil {
				t.Errorf("reply %s: %v", r.URL, err)
			}
			replies <- reply
			return
		}
		report, err := hook.Report(u, r, nil)
		if err != nil {
			t.Errorf("report %s: %v", r.URL, err)
		}
		reports <- report
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		srv.Close()
		<-ended
	})
	return reports, replies
}

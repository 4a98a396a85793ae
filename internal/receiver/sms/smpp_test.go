package sms_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"goldensignals/internal/alert"
	"goldensignals/internal/patience"
	"goldensignals/internal/receiver/sms"
)

// start runs an SMPP provider until the test ends.
func start(t *testing.T, c sms.SMPP, env sms.Env) sms.Provider {
	t.Helper()
	c.SystemID, c.From, c.Rebind = "me", "Router", 10*time.Millisecond
	if c.Password.IsZero() {
		c.Password = secret(t, "s3cret")
	}
	p := open(t, sms.ProviderConfig{Name: "smpp", SMPP: &c}, env)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.(interface{ Run(context.Context) error }).Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	return p
}

func within[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience.Limit):
		t.Fatalf("no %s within %v", what, patience.Limit)
		panic("unreachable")
	}
}

// sends sends o as soon as there is a session.
func sends(t *testing.T, p sms.Provider, o sms.Outgoing) (alert.Receipt, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	return sendsUntil(ctx, t, p, o)
}

// sendsUntil is sends with a context that the test ends.
func sendsUntil(ctx context.Context, t *testing.T, p sms.Provider, o sms.Outgoing) (alert.Receipt, error) {
	t.Helper()
	for {
		r, err := p.Send(ctx, o)
		if err == nil || !strings.Contains(err.Error(), "no session") || ctx.Err() != nil {
			return r, err
		}
		time.Sleep(time.Millisecond) // a session comes about in goroutines of the provider
	}
}

func TestSMPP(t *testing.T) {
	t.Parallel()
	server := newSMSC(t, "127.0.0.1:0")
	reports, replies := make(chan sms.Reported, 8), make(chan sms.Reply, 8)
	p := start(t, sms.SMPP{Address: server.address()}, sms.Env{
		Reported: func(_ context.Context, r sms.Reported) error { reports <- r; return nil },
		Replied:  func(_ context.Context, r sms.Reply) error { replies <- r; return nil },
	})
	o := outgoing()
	got, err := sends(t, p, o)
	if want := (alert.Receipt{ID: "A7", Reported: true}); err != nil || got != want {
		t.Fatalf("Send = %+v, %v; want %+v", got, err, want)
	}
	m := within(t, "submit_sm", server.submitted)
	text, _ := m.Message.GetMessage()
	if text != o.Text || m.RegisteredDelivery != 1 || m.EsmClass != 0 || m.DestAddr.Address() != "4915112345678" || m.DestAddr.Ton() != 1 || m.DestAddr.Npi() != 1 ||
		m.SourceAddr.Address() != "Router" || m.SourceAddr.Ton() != 5 {
		t.Errorf("submit_sm = %+v, text %q", m, text)
	}
	server.deliver(0x04, "4915112345678", "id:A7 sub:001 dlvrd:001 submit date:2611242100 done date:2611242101 stat:DELIVRD err:000 Text:id:B8 stat:X")
	want := sms.Reported{Provider: "smpp", Receipt: "A7", NotificationID: "n-1", Report: alert.ReportDelivered, Detail: "DELIVRD"}
	if diff := cmp.Diff(want, within(t, "report", reports)); diff != "" {
		t.Errorf("report (-want +got)\n%s", diff)
	}
	server.deliver(0x04, "1", "x", pdu.Field{Tag: pdu.TagReceiptedMessageID, Data: []byte("B8\x00")}, pdu.Field{Tag: pdu.TagMessageStateOption, Data: []byte{8}})
	want = sms.Reported{Provider: "smpp", Receipt: "B8", Report: alert.ReportFailed, Detail: "REJECTD"}
	if diff := cmp.Diff(want, within(t, "report", reports)); diff != "" {
		t.Errorf("report by parameters (-want +got)\n%s", diff)
	}
	server.deliver(0, "4915112345678", "Ack ä7")
	if got, want := within(t, "reply", replies), (sms.Reply{Provider: "smpp", From: "+4915112345678", Text: "Ack ä7"}); got != want {
		t.Errorf("reply = %+v, want %+v", got, want)
	}
	for range 3 {
		if r := within(t, "deliver_sm_resp", server.responses); r.CommandStatus != data.ESME_ROK {
			t.Errorf("deliver_sm_resp = %v", r.CommandStatus)
		}
	}
}

func TestSMPPRefusals(t *testing.T) {
	t.Parallel()
	server := newSMSC(t, "127.0.0.1:0")
	p := start(t, sms.SMPP{Address: server.address()}, sms.Env{})
	for _, tt := range []struct {
		status    data.CommandStatusType
		permanent bool
		wait      bool
	}{
		{data.ESME_RTHROTTLED, false, true}, {data.ESME_RMSGQFUL, false, true},
		{data.ESME_RINVDSTADR, true, false}, {data.ESME_RINVSRCADR, false, false}, {data.ESME_RSYSERR, false, false},
	} {
		server.answer(refused(tt.status))
		_, err := sends(t, p, outgoing())
		if err == nil || alert.IsPermanent(err) != tt.permanent || (alert.WaitAfter(err) > 0) != tt.wait || alert.IsUnsure(err) {
			t.Errorf("%s: %v, permanent %v, wait %v", tt.status, err, alert.IsPermanent(err), alert.WaitAfter(err))
		}
	}
}

func TestSMPPUnbound(t *testing.T) {
	t.Parallel()
	p := start(t, sms.SMPP{Address: "127.0.0.1:1"}, sms.Env{})
	if _, err := p.Send(t.Context(), outgoing()); err == nil || alert.IsUnsure(err) || alert.IsPermanent(err) {
		t.Errorf("Send = %v, want an error to try again", err)
	}
	server := newSMSC(t, "127.0.0.1:0")
	p = start(t, sms.SMPP{Address: server.address(), Password: secret(t, "wrong")}, sms.Env{})
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	for {
		_, err := p.Send(ctx, outgoing())
		if err == nil || ctx.Err() != nil {
			t.Fatalf("Send = %v, want that the bind is refused", err)
		}
		if strings.Contains(err.Error(), "bind") && strings.Contains(err.Error(), "ESME_RINVPASWD") {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestSMPPLostResponse(t *testing.T) {
	t.Parallel()
	server := newSMSC(t, "127.0.0.1:0")
	server.answer(func(*pdu.SubmitSM) pdu.PDU { return nil })
	p := start(t, sms.SMPP{Address: server.address()}, sms.Env{})
	within(t, "session", server.bound)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-server.submitted
		cancel()
	}()
	if _, err := sendsUntil(ctx, t, p, outgoing()); !alert.IsUnsure(err) {
		t.Errorf("no response: %v, want unsure", err)
	}
	go func() {
		<-server.submitted
		server.hangUp()
	}()
	if _, err := sends(t, p, outgoing()); !alert.IsUnsure(err) {
		t.Errorf("broken session: %v, want unsure", err)
	}
	within(t, "second session", server.bound)
	server.answer(nil)
	if got, err := sends(t, p, outgoing()); err != nil || got.ID != "A7" {
		t.Errorf("after the rebind: Send = %+v, %v", got, err)
	}
}

func TestSMPPDropsASilentSession(t *testing.T) {
	t.Parallel()
	patience.Retry(t, 250*time.Millisecond, func(enquireLink time.Duration) error {
		server := newSMSC(t, "127.0.0.1:0")
		start(t, sms.SMPP{Address: server.address(), EnquireLink: enquireLink}, sms.Env{})
		within(t, "session", server.bound)
		select { // enquire_link is answered, so the session stays
		case <-server.bound:
			return errors.New("a live session was dropped")
		case <-time.After(3 * enquireLink): // one that hears nothing ends after two
		}
		server.silent.Store(true)
		within(t, "session after the SMSC fell silent", server.bound)
		return nil
	})
}

func TestSMPPLongTexts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text, long string
		parts            int
	}{
		{"one", strings.Repeat("a", 160), "", 1},
		{"two", strings.Repeat("a", 306), "", 2},
		{"escapes are not cut", "a" + strings.Repeat("€", 80), "", 2},
		{"unicode", strings.Repeat("ш", 70), "", 1},
		{"unicode, two", strings.Repeat("ш", 66) + "😀" + strings.Repeat("ш", 60), "", 2},
		{"payload", strings.Repeat("a", 306), "payload", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := newSMSC(t, "127.0.0.1:0")
			var count atomic.Int32
			server.answer(func(p *pdu.SubmitSM) pdu.PDU { return taken(p, fmt.Sprintf("%X", 9+count.Add(1))) })
			reports := make(chan sms.Reported, 8)
			p := start(t, sms.SMPP{Address: server.address(), LongText: tt.long, ReportIDs: "decimal"}, sms.Env{
				Reported: func(_ context.Context, r sms.Reported) error { reports <- r; return nil },
			})
			o := outgoing()
			o.Text = tt.text
			got, err := sends(t, p, o)
			last := fmt.Sprint(9 + tt.parts)
			if err != nil || got.ID != last {
				t.Fatalf("Send = %+v, %v; want the id of the last of %d parts", got, err, tt.parts)
			}
			var text strings.Builder
			for i := range tt.parts {
				m := within(t, "submit_sm", server.submitted)
				octets, _ := m.Message.GetMessageData()
				if f, ok := m.OptionalParameters[pdu.TagMessagePayload]; ok {
					octets = f.Data
				} else if len(octets) > 160 {
					t.Errorf("part %d has %d octets", i+1, len(octets))
				}
				part, err := m.Message.Encoding().Decode(octets)
				if err != nil {
					t.Error(err)
				}
				text.WriteString(part)
				total, number, _, joined := m.Message.UDH().GetConcatInfo()
				if joined != (tt.parts > 1) || joined && (int(total) != tt.parts || int(number) != i+1) {
					t.Errorf("part %d: header says %d of %d, %v", i+1, number, total, joined)
				}
				if want := byte(1); i < tt.parts-1 && m.RegisteredDelivery != 2 || i == tt.parts-1 && m.RegisteredDelivery != want {
					t.Errorf("part %d: registered_delivery %d", i+1, m.RegisteredDelivery)
				}
			}
			if text.String() != tt.text {
				t.Errorf("text = %q, want %q", text.String(), tt.text)
			}
			// The failure of the first part is the failure of the message.
			server.deliver(0x04, "1", "id:10 stat:UNDELIV err:011")
			want := sms.Reported{Provider: "smpp", Receipt: last, NotificationID: "n-1", Report: alert.ReportFailed, Detail: "UNDELIV, error 011"}
			if diff := cmp.Diff(want, within(t, "report", reports)); diff != "" {
				t.Errorf("report (-want +got)\n%s", diff)
			}
		})
	}
}

func TestSMPPSecondPartRefusedIsUnsure(t *testing.T) {
	t.Parallel()
	server := newSMSC(t, "127.0.0.1:0")
	var count atomic.Int32
	server.answer(func(p *pdu.SubmitSM) pdu.PDU {
		if count.Add(1) == 2 {
			return refused(data.ESME_RTHROTTLED)(p)
		}
		return taken(p, "A")
	})
	p := start(t, sms.SMPP{Address: server.address()}, sms.Env{})
	o := outgoing()
	o.Text = strings.Repeat("a", 200)
	if _, err := sends(t, p, o); !alert.IsUnsure(err) || alert.WaitAfter(err) == 0 {
		t.Errorf("Send = %v, want unsure, and a wait", err)
	}
}

func TestSMPPTellsAgainWhatIsNotTaken(t *testing.T) {
	t.Parallel()
	server := newSMSC(t, "127.0.0.1:0")
	start(t, sms.SMPP{Address: server.address()}, sms.Env{
		Replied: func(context.Context, sms.Reply) error { return errors.New("the store is full") },
	})
	within(t, "session", server.bound)
	server.deliver(0, "4915112345678", "ACK")
	if r := within(t, "deliver_sm_resp", server.responses); r.CommandStatus != data.ESME_RX_T_APPN {
		t.Errorf("deliver_sm_resp = %v, want ESME_RX_T_APPN", r.CommandStatus)
	}
	server.deliver(0x04, "1", "no receipt at all")
	if r := within(t, "deliver_sm_resp", server.responses); r.CommandStatus != data.ESME_ROK {
		t.Errorf("a receipt that says nothing: %v, want that it is not told again", r.CommandStatus)
	}
}

package sms_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/sms"
)

// people are the phone numbers by level.
type people []string

func (p people) At(level int, _ time.Time) (string, bool) {
	if level >= len(p) {
		return "", false
	}
	return p[level], true
}

// fake is a provider that answers with what do returns.
type fake struct {
	name  string
	calls int
	last  sms.Outgoing
	do    func(ctx context.Context) error
}

func (f *fake) Name() string   { return f.name }
func (*fake) Idempotent() bool { return false }
func (f *fake) Send(ctx context.Context, o sms.Outgoing) (alert.Receipt, error) {
	f.calls++
	f.last = o
	if err := f.do(ctx); err != nil {
		return alert.Receipt{}, err
	}
	return alert.Receipt{ID: "r-" + f.name}, nil
}

func gives(err error) func(context.Context) error { return func(context.Context) error { return err } }

func hangs(ctx context.Context) error {
	<-ctx.Done()
	return alert.Unsure(ctx.Err())
}

func receiver(perSecond float64, providers ...*fake) *sms.Receiver {
	o := sms.ReceiverOptions{
		To: people{"+4915100000001", "+4915100000002"}, Limits: map[string]*rate.Limiter{"a": (&sms.ProviderConfig{RatePerSecond: perSecond}).Limit()},
		ReportURL: func(provider, id string) string { return "https://r/" + provider + "/" + id },
	}
	for _, p := range providers {
		o.Providers = append(o.Providers, p)
	}
	return sms.NewReceiver(o)
}

func note() alert.Notification { return alert.Notification{ID: "n", To: "+4915100000009", Text: "x"} }

func TestComposeAsksWhoIsOnCall(t *testing.T) {
	t.Parallel()
	r := receiver(0, &fake{name: "a", do: gives(nil)})
	for _, tt := range []struct {
		to    string
		level int
		want  string
	}{{"", 0, "+4915100000001"}, {"", 1, "+4915100000002"}, {"", 2, ""}, {"+4915199", 1, "+4915199"}} {
		n := message("x")
		n.To, n.Level = tt.to, tt.level
		if got := r.Compose(n, nil); got.To != tt.want || got.Text == "" {
			t.Errorf("level %d: To = %q, Text = %q, want To %q", tt.level, got.To, got.Text, tt.want)
		}
	}
	_, err := r.Send(t.Context(), alert.Notification{Level: 2})
	if err == nil || alert.IsPermanent(err) {
		t.Errorf("nobody on call: %v, want an error to try again", err)
	}
	if r.Name() != "sms" || r.Type() != "sms" {
		t.Errorf("Name = %q, Type = %q", r.Name(), r.Type())
	}
}

func TestFailover(t *testing.T) {
	t.Parallel()
	plain, permanent, unsure := errors.New("plain"), alert.Permanent(errors.New("permanent")), alert.Unsure(errors.New("unsure"))
	late := func(d time.Duration) error { return alert.After(errors.New("late"), d) }
	for _, tt := range []struct {
		name              string
		a, b              error
		provider          string // "" for an error
		permanent, unsure bool
		wait              time.Duration
	}{
		{"first", nil, plain, "a", false, false, 0},
		{"second", plain, nil, "b", false, false, 0},
		{"second after permanent", permanent, nil, "b", false, false, 0},
		{"second after unsure", unsure, nil, "b", false, false, 0},
		{"both permanent", permanent, permanent, "", true, false, 0},
		{"one permanent", permanent, plain, "", false, false, 0},
		{"one unsure", unsure, permanent, "", false, true, 0},
		{"shortest wait", late(time.Minute), late(time.Second), "", false, false, time.Second},
		{"no wait for one", late(time.Minute), plain, "", false, false, 0},
		{"wait, the other is permanent", late(time.Minute), permanent, "", false, false, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := &fake{name: "a", do: gives(tt.a)}, &fake{name: "b", do: gives(tt.b)}
			receipt, err := receiver(0, a, b).Send(t.Context(), note())
			if receipt.Provider != tt.provider || (err == nil) != (tt.provider != "") {
				t.Fatalf("Send = %+v, %v; want provider %q", receipt, err, tt.provider)
			}
			if alert.IsPermanent(err) != tt.permanent || alert.IsUnsure(err) != tt.unsure || alert.WaitAfter(err) != tt.wait {
				t.Errorf("%v: permanent %v, unsure %v, wait %v", err, alert.IsPermanent(err), alert.IsUnsure(err), alert.WaitAfter(err))
			}
			if err != nil && (!strings.Contains(err.Error(), "a: ") || !strings.Contains(err.Error(), "b: ") || !errors.Is(err, tt.a) || !errors.Is(err, tt.b)) {
				t.Errorf("%v does not say how both failed", err)
			}
			want := sms.Outgoing{ID: "n", To: "+4915100000009", Text: "x", ReportURL: "https://r/a/n"}
			if diff := cmp.Diff(want, a.last, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "notification" }, cmp.Ignore())); diff != "" {
				t.Errorf("Outgoing (-want +got)\n%s", diff)
			}
		})
	}
	op := &fake{name: "a", do: gives(&net.OpError{Op: "dial", Err: errors.New("no route")})}
	_, err := receiver(0, op).Send(t.Context(), note())
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("the cause is not found in %v", err)
	}
}

func TestWhoReportedFailureIsSkipped(t *testing.T) {
	t.Parallel()
	a, b := &fake{name: "a", do: gives(nil)}, &fake{name: "b", do: gives(nil)}
	n := note()
	n.Provider, n.Report = "a", alert.ReportFailed
	if receipt, err := receiver(0, a, b).Send(t.Context(), n); err != nil || receipt.Provider != "b" {
		t.Errorf("Send = %+v, %v; want b", receipt, err)
	}
	if receipt, err := receiver(0, a).Send(t.Context(), n); err != nil || receipt.Provider != "a" {
		t.Errorf("Send = %+v, %v; want a, the only one", receipt, err)
	}
}

func TestWhoHangsLeavesTimeForTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := &fake{name: "a", do: hangs}, &fake{name: "b", do: gives(nil)}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		receipt, err := receiver(0, a, b).Send(ctx, note())
		if err != nil || receipt.Provider != "b" || time.Since(start) != 5*time.Second {
			t.Errorf("Send = %+v, %v after %v; want b after 5s", receipt, err, time.Since(start))
		}
		b.do = hangs
		start = time.Now()
		if _, err := receiver(0, a, b).Send(t.Context(), note()); !alert.IsUnsure(err) || time.Since(start) != 30*time.Second {
			t.Errorf("Send = %v after %v; want unsure after 30s", err, time.Since(start))
		}
	})
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		a, b := &fake{name: "a", do: gives(down)}, &fake{name: "b", do: gives(nil)}
		r := receiver(0, a, b)
		send := func() error {
			_, err := r.Send(t.Context(), note())
			return err
		}
		for range 5 {
			if err := send(); err != nil {
				t.Fatal(err)
			}
		}
		if a.calls != 3 {
			t.Errorf("a was asked %d times, want 3: then it is left out", a.calls)
		}
		b.do = gives(alert.Permanent(down))
		if err := send(); err == nil || alert.IsPermanent(err) {
			t.Errorf("%v: a was not asked, so nothing is final", err)
		}
		b.do = gives(down)
		for range 3 {
			_ = send()
		}
		calls := a.calls
		if err := send(); !errors.Is(err, down) || a.calls != calls+1 {
			t.Errorf("Send = %v, a asked %d times more; want all asked when all are left out", err, a.calls-calls)
		}
		time.Sleep(61 * time.Second)
		a.do = gives(nil)
		if receipt, err := r.Send(t.Context(), note()); err != nil || receipt.Provider != "a" {
			t.Errorf("Send = %+v, %v; want a again after a minute", receipt, err)
		}
	})
}

func TestPermanentRefusalsDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	a := &fake{name: "a", do: gives(alert.Permanent(errors.New("no such number")))}
	b := &fake{name: "b", do: gives(nil)}
	r := receiver(0, a, b)
	for range 9 {
		if _, err := r.Send(t.Context(), note()); err != nil {
			t.Fatal(err)
		}
	}
	if a.calls != 9 {
		t.Errorf("a was asked %d times, want 9", a.calls)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &fake{name: "a", do: gives(nil)}
		r := receiver(0.1, a)
		send := func(limit time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			_, err := r.Send(ctx, note())
			return err
		}
		if err := send(time.Minute); err != nil {
			t.Fatal(err)
		}
		err := send(4 * time.Second)
		if wait := alert.WaitAfter(err); err == nil || wait != 10*time.Second {
			t.Errorf("second message: %v, wait %v; want 10s", err, wait)
		}
		start := time.Now()
		if err := send(time.Minute); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("third message: %v after %v; want none after 10s", err, time.Since(start))
		}
	})
}

type session struct {
	fake
	ended bool
}

func (s *session) Run(ctx context.Context) error {
	<-ctx.Done()
	s.ended = true
	return errors.New("broken")
}

func TestRunWaitsForSessions(t *testing.T) {
	t.Parallel()
	s := &session{fake: fake{name: "s"}}
	r := sms.NewReceiver(sms.ReceiverOptions{To: people{}, Providers: []sms.Provider{&fake{name: "a"}, s}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx); err == nil || !strings.Contains(err.Error(), "s: broken") || !s.ended {
		t.Errorf("Run = %v, ended %v", err, s.ended)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

package router_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/router"
)

// flaky fails as its script says, then delivers.
type flaky struct {
	router.Receiver
	fail  func(attempt int) error
	tries int
	last  alert.Notification
	times []time.Time
}

func (f *flaky) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	f.tries++
	f.last = n
	f.times = append(f.times, time.Now())
	if err := f.fail(f.tries); err != nil {
		return alert.Receipt{}, err
	}
	return f.Receiver.Send(ctx, n)
}

// withFlaky wraps the built-in phone.
func withFlaky(f *flaky) func(*router.Options) {
	return func(o *router.Options) {
		f.Receiver = o.Receivers[0]
		o.Receivers[0] = f
	}
}

func TestRetryUntilDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("network is down")
		f := &flaky{fail: func(attempt int) error {
			if attempt <= 10 {
				return down
			}
			return nil
		}}
		r := newRig(t, t.TempDir(), nil, withFlaky(f))
		defer r.start(t)()
		r.post(t, group(mk("A", alert.Firing, "critical")))
		// The end comes while the beginning is being retried: it must wait.
		r.post(t, group(mk("A", alert.Resolved, "critical")))
		time.Sleep(10 * time.Second)
		if diff := cmp.Diff([]string{"firing sms pending", "resolved sms pending"}, r.messages(t)); diff != "" {
			t.Errorf("after 10 s (-want +got):\n%s", diff)
		}
		if got := metric(t, r, "alertrouter_oldest_pending_age_seconds"); got != "10" {
			t.Errorf("age of the oldest = %s, want 10", got)
		}
		time.Sleep(10 * time.Minute)
		if diff := cmp.Diff([]string{"firing sms delivered", "resolved sms delivered"}, r.messages(t)); diff != "" {
			t.Errorf("after 10 min (-want +got):\n%s", diff)
		}
		if f.tries != 12 {
			t.Errorf("tries = %d, want 11 and 1", f.tries)
		}
		for i := 1; i < 11; i++ {
			wait, want := f.times[i].Sub(f.times[i-1]), min(time.Second<<(i-1), time.Minute)
			if wait > want || wait < want*3/4 {
				t.Errorf("wait %d = %s, want 75 %% to 100 %% of %s", i, wait, want)
			}
		}
		inbox, err := r.st.SMS(t.Context(), 0)
		if err != nil || len(inbox) != 2 || inbox[0].Message.Status != alert.Resolved {
			t.Errorf("inbox = %+v, %v; want firing, then resolved", inbox, err)
		}
	})
}

func TestDead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		err       error
		wantTries func(int) bool
		wantError string
	}{
		{"permanent", alert.Permanent(errors.New("no such number")), func(n int) bool { return n == 1 }, "permanent: no such number"},
		{"too old", errors.New("down"), func(n int) bool { return n > 48 && n < 48*4/3+15 }, "given up after 24h0m0s: down"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &flaky{fail: func(int) error { return tt.err }}
				r := newRig(t, t.TempDir(), nil, func(o *router.Options) {
					withFlaky(f)(o)
					o.RetryMax = 30 * time.Minute
				})
				defer r.start(t)()
				r.post(t, group(mk("A", alert.Firing, "critical")))
				time.Sleep(25 * time.Hour)
				list, err := r.st.Messages(t.Context(), 0)
				if err != nil || len(list) != 1 || list[0].State != alert.Dead || list[0].LastError != tt.wantError {
					t.Errorf("messages = %+v, %v; want one dead with %q", list, err, tt.wantError)
				}
				if !tt.wantTries(f.tries) {
					t.Errorf("tries = %d", f.tries)
				}
				if got := metric(t, r, "alertrouter_dead_notifications"); got != "1" {
					t.Errorf("dead = %s, want 1", got)
				}
			})
		})
	}
}

func TestStopBreaksOffAndTheNextStartSends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRig(t, dir, gate{}, nil)
		stop := r.start(t)
		r.post(t, group(mk("A", alert.Firing, "critical")))
		time.Sleep(time.Second)
		stop()
		if err := r.st.Close(); err != nil {
			t.Fatal(err)
		}
		next := newRig(t, dir, nil, nil)
		defer next.start(t)()
		time.Sleep(time.Second)
		if diff := cmp.Diff([]string{"firing sms delivered"}, next.messages(t)); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

// gate is a phone that never answers until it is told to stop.
type gate struct{}

func (gate) Name() string { return "phone" }
func (gate) Type() string { return "sms" }
func (gate) Compose(n alert.Notification, _ []alert.Alert) alert.Notification {
	n.Text = sms.Text(n)
	return n
}

func (gate) Send(ctx context.Context, _ alert.Notification) (alert.Receipt, error) {
	<-ctx.Done()
	return alert.Receipt{}, ctx.Err()
}

func TestAReceiverThatHangsTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), gate{}, nil)
		defer r.start(t)()
		r.post(t, group(mk("A", alert.Firing, "critical")))
		r.post(t, func() alert.Group { g := group(mk("B", alert.Firing, "warning")); g.GroupKey = "g2"; return g }())
		time.Sleep(15 * time.Second)
		list, err := r.st.Messages(t.Context(), 0)
		if err != nil || len(list) != 2 {
			t.Fatalf("messages = %+v, %v", list, err)
		}
		for _, n := range list {
			if n.ReceiverType == "ticket" && n.State != alert.Delivered {
				t.Errorf("the ticket waits for the phone: %+v", n)
			}
			if n.ReceiverType == "sms" && (n.Attempts < 2 || !strings.Contains(n.LastError, "deadline")) {
				t.Errorf("sms = %+v, want a second attempt after a timeout", n)
			}
		}
	})
}

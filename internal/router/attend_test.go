package router_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
	"goldensignals/internal/router"
)

// team is a phone with three people, who are told one after the other.
type team struct {
	*sms.Phone
	report alert.Report // what the provider will say; empty: nothing
}

func (team) Name() string { return "oncall" }

func (tm team) Compose(n alert.Notification, alerts []alert.Alert) alert.Notification {
	to := n.To
	n = tm.Phone.Compose(n, alerts)
	if n.To = to; to == "" {
		n.To = []string{"anna", "ben", "cora"}[n.Level]
	}
	return n
}

func (tm team) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	_, err := tm.Phone.Send(ctx, n)
	return alert.Receipt{ID: fmt.Sprintf("%s/%d", n.ID, n.Attempts), Provider: "p", Reported: tm.report != ""}, err
}

func withTeam(tm team) func(*router.Options) {
	return func(o *router.Options) {
		tm.Phone = sms.New(sms.Options{Inbox: o.Store})
		o.Receivers[0] = tm
		o.Escalate = func(receiver string, level int, _ time.Time) (time.Duration, bool) {
			return 5 * time.Minute, receiver == "oncall" && level < 3
		}
	}
}

// people returns who got an SMS: "12m0s firing anna".
func people(t *testing.T, r rig, start time.Time) []string {
	t.Helper()
	list, err := r.st.Messages(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range slices.Backward(list) {
		if n.ReceiverType == "sms" && n.State == alert.Delivered {
			out = append(out, fmt.Sprintf("%s %s %s", n.DeliveredAt.Sub(start).Round(time.Second), n.Status, n.To))
		}
	}
	return out
}

func TestEscalation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ack  time.Duration // 0: nobody does
		want []string
	}{
		{"nobody acknowledges", 0, []string{"0s firing anna", "5m0s firing ben", "10m0s firing cora", "30m0s resolved anna", "30m0s resolved ben", "30m0s resolved cora"}},
		{"ben acknowledges", 7 * time.Minute, []string{"0s firing anna", "5m0s firing ben", "30m0s resolved anna", "30m0s resolved ben"}},
		{"anna acknowledges", time.Minute, []string{"0s firing anna", "30m0s resolved anna"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, t.TempDir(), nil, withTeam(team{}))
				defer r.start(t)()
				start := time.Now()
				r.incident(t, "g", alert.Firing)
				incidents, err := r.st.Incidents(t.Context(), 0)
				if err != nil || len(incidents) != 1 {
					t.Fatalf("incidents = %v, %v", incidents, err)
				}
				path := "/api/v1/incidents/" + incidents[0].ID + "/acknowledge"
				if tt.ack > 0 {
					time.Sleep(tt.ack)
					if w := r.do(t, "POST", path+"?author=somebody", ""); w.Code != 204 {
						t.Errorf("acknowledge = %d %s", w.Code, w.Body)
					}
					r.do(t, "POST", path+"?author=too-late", "")
				}
				time.Sleep(time.Until(start.Add(30 * time.Minute)))
				r.incident(t, "g", alert.Resolved)
				time.Sleep(time.Minute)
				if diff := cmp.Diff(tt.want, people(t, r, start)); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				if w := r.do(t, "POST", path+"?author=x", ""); w.Code != 409 {
					t.Errorf("acknowledge after the end = %d, want 409", w.Code)
				}
				incidents, err = r.st.Incidents(t.Context(), 0)
				if err != nil || (incidents[0].AcknowledgedBy == "somebody") != (tt.ack > 0) {
					t.Errorf("acknowledged by %q, %v", incidents[0].AcknowledgedBy, err)
				}
			})
		})
	}
}

func TestAcknowledgeRejects(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), nil, nil)
	for path, code := range map[string]int{
		"/api/v1/incidents/none/acknowledge?author=anna":                        404,
		"/api/v1/incidents/none/acknowledge":                                    400,
		"/api/v1/incidents/none/acknowledge?author=" + strings.Repeat("a", 101): 400,
		"/api/v1/messages/none/retry":                                           404,
	} {
		if w := r.do(t, "POST", path, ""); w.Code != code || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("POST %s = %d %s, want %d", path, w.Code, w.Body, code)
		}
	}
}

func TestWatchdogThatStopsTellsEverybodyOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRig(t, dir, nil, func(o *router.Options) { o.WatchdogAfter = 5 * time.Minute })
		stop := r.start(t)
		for range 10 {
			r.post(t, group(mk("Watchdog", alert.Firing, "none")))
			time.Sleep(time.Minute)
		}
		if got := r.messages(t); len(got) != 0 {
			t.Fatalf("while it lives: %q", got)
		}
		time.Sleep(4 * time.Minute)
		want := []string{"firing ticket delivered", "firing logline delivered", "firing sms delivered"}
		slices.Sort(want)
		check := func(when string, want []string) {
			t.Helper()
			got := r.messages(t)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		time.Sleep(2 * time.Minute)
		check("silent", want)
		stop()
		if err := r.st.Close(); err != nil {
			t.Fatal(err)
		}
		r = newRig(t, dir, nil, func(o *router.Options) { o.WatchdogAfter = 5 * time.Minute })
		defer r.start(t)()
		time.Sleep(10 * time.Minute)
		check("silent after a restart", want)
		r.post(t, group(mk("Watchdog", alert.Firing, "none")))
		time.Sleep(2 * time.Minute)
		check("back", append([]string{"firing logline delivered", "firing sms delivered", "firing ticket delivered"},
			"resolved logline delivered", "resolved sms delivered", "resolved ticket delivered"))
		_, texts := inbox(t, r, time.Now())
		if !strings.Contains(texts[0], "Alerting is dead") || !strings.Contains(texts[0], "/runbooks/Watchdog") {
			t.Errorf("the page says %q", texts[0])
		}
	})
}

func TestWatchdogThatNeverCameIsNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, func(o *router.Options) { o.WatchdogAfter = 5 * time.Minute })
		defer r.start(t)()
		time.Sleep(time.Hour)
		if got := r.messages(t); len(got) != 0 {
			t.Errorf("told %q", got)
		}
	})
}

func TestAnIncidentThatIsNotHeardOfIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, func(o *router.Options) { o.StaleAfter = 30 * time.Hour })
		defer r.start(t)()
		g := group(mk("Slow", alert.Firing, "warning"))
		r.post(t, g)
		time.Sleep(24 * time.Hour)
		r.post(t, because(g, "repeat interval elapsed"))
		time.Sleep(29 * time.Hour)
		want := []string{"firing ticket delivered", "firing ticket delivered"}
		if diff := cmp.Diff(want, r.messages(t)); diff != "" {
			t.Errorf("while it is heard of (-want +got):\n%s", diff)
		}
		time.Sleep(2 * time.Hour)
		if diff := cmp.Diff(append(want, "resolved ticket delivered"), r.messages(t)); diff != "" {
			t.Errorf("after 31 h of silence (-want +got):\n%s", diff)
		}
	})
}

func TestAReportThatAMessageFailedSendsItAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, withTeam(team{report: alert.ReportExpected}))
		defer r.start(t)()
		r.incident(t, "g", alert.Firing)
		time.Sleep(time.Second)
		message := func() alert.Notification {
			list, err := r.st.Messages(t.Context(), 0)
			if err != nil || len(list) != 1 {
				t.Fatalf("messages = %+v, %v", list, err)
			}
			return list[0]
		}
		for attempt := 1; attempt <= 3; attempt++ {
			n := message()
			if n.Attempts != attempt || n.State != alert.Delivered || n.Report != alert.ReportExpected {
				t.Fatalf("before report %d: %+v", attempt, n)
			}
			for range 2 { // providers repeat themselves
				if err := r.Reported(t.Context(), "", n.Receipt, alert.ReportFailed, "absent subscriber"); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Second)
		}
		if n := message(); n.State != alert.Dead || n.Attempts != 3 || n.LastError != "absent subscriber" {
			t.Errorf("after three failures: %+v", n)
		}
		if w := r.do(t, "POST", "/api/v1/messages/"+message().ID+"/retry", ""); w.Code != 204 {
			t.Errorf("retry = %d %s", w.Code, w.Body)
		}
		time.Sleep(time.Second)
		if err := r.Reported(t.Context(), message().ID, "", alert.ReportDelivered, ""); err != nil {
			t.Fatal(err)
		}
		if n := message(); n.State != alert.Delivered || n.Report != alert.ReportDelivered {
			t.Errorf("after the retry by hand: %+v", n)
		}
	})
}

func TestReloadLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := &flaky{fail: func(int) error { return fmt.Errorf("busy") }}
		r := newRig(t, t.TempDir(), nil, withFlaky(down))
		defer r.start(t)()
		for i := range 5 {
			r.incident(t, fmt.Sprint("g", i), alert.Firing)
		}
		time.Sleep(time.Minute)
		if err := r.Apply(router.Plan{}); err == nil {
			t.Error("a plan without receivers was accepted")
		}
		err := r.Apply(router.Plan{Receivers: []router.Receiver{
			sms.New(sms.Options{Name: "another", Inbox: r.st}), ticket.New(ticket.Options{Board: r.st}), logline.New(logline.Options{Journal: r.st}),
		}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		list, err := r.st.Messages(t.Context(), 0)
		if err != nil || len(list) != 5 {
			t.Fatalf("%d messages, %v", len(list), err)
		}
		for _, n := range list {
			if n.State != alert.Delivered || n.Receiver != "another" {
				t.Errorf("message of %s: %s by %s", n.GroupKey, n.State, n.Receiver)
			}
		}
	})
}

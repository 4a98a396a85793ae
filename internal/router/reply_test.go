package router_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/router"
	"goldensignals/internal/store"
)

const annasPhone = "+4915112345678"

// hooked is a provider whose callbacks say in their query what they are.
type hooked struct{}

func (hooked) Report(u *url.URL, _ *http.Request, _ []byte) (sms.Reported, error) {
	q := u.Query()
	return sms.Reported{Provider: "p", Receipt: q.Get("receipt"), NotificationID: q.Get("id"), Report: alert.Report(q.Get("report"))}, hookError(q)
}

func (hooked) Reply(u *url.URL, _ *http.Request, body []byte) (sms.Reply, error) {
	q := u.Query()
	return sms.Reply{Provider: "p", ID: q.Get("id"), From: q.Get("from"), Text: string(body)}, hookError(q)
}

func hookError(q url.Values) error {
	switch q.Get("fail") {
	case "forged":
		return sms.ErrForged
	case "senseless":
		return errors.New("no sense in it")
	}
	return nil
}

// withAnna has one person, who is told and may reply.
func withAnna(o *router.Options) {
	o.Receivers[0] = sms.New(sms.Options{Name: "oncall", To: annasPhone, Inbox: o.Store})
	o.Hooks = map[string]sms.Hook{"p": hooked{}}
	o.PersonByPhone = func(phone string) (string, bool) { return "anna", phone == annasPhone }
}

func TestReplies(t *testing.T) {
	t.Parallel()
	type step struct{ id, from, text, answer string }
	for _, tt := range []struct {
		name      string
		incidents int
		steps     []step
		acked     int
	}{
		{"acknowledge one", 1, []step{{"1", annasPhone, "ack", "Yours: Down hurts"}}, 1},
		{"acknowledge all", 3, []step{{"1", annasPhone, "ACK.", "3 incidents are yours"}}, 3},
		{"a code that there is not", 1, []step{{"1", annasPhone, "ACK XYZ", "no open incident that you were told of with code XYZ"}}, 0},
		{"runbook", 1, []step{{"1", annasPhone, "runbook", "/runbooks/Down"}}, 0},
		{"nothing is open", 0, []step{{"1", annasPhone, "ACK", "no open incident"}}, 0},
		{"not understood", 1, []step{{"1", annasPhone, "who is this?", "Text ACK"}}, 0},
		{"which one", 2, []step{{"1", annasPhone, "SILENCE 2h", "Several incidents are open"}}, 0},
		{"the same twice", 1, []step{{"1", annasPhone, "ACK", "Yours"}, {"1", annasPhone, "ACK", "Yours"}}, 1},
		{"a stranger", 1, []step{{"1", "+4915100000000", "ACK", ""}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, t.TempDir(), nil, withAnna)
				defer r.start(t)()
				for i := range tt.incidents {
					r.incident(t, string(rune('a'+i)), alert.Firing)
				}
				time.Sleep(time.Second)
				answers := map[string]bool{}
				for _, s := range tt.steps {
					path := "/hooks/p/reply?" + url.Values{"id": {s.id}, "from": {s.from}}.Encode()
					if w := r.do(t, "POST", path, s.text); w.Code != 204 {
						t.Errorf("reply %q = %d", s.text, w.Code)
					}
					time.Sleep(time.Second)
					if s.answer != "" {
						answers[s.id] = true
					}
				}
				_, texts := inbox(t, r, time.Now())
				got := texts[tt.incidents:]
				if len(got) != len(answers) {
					t.Fatalf("answers = %q, want %d", got, len(answers))
				}
				if len(got) > 0 && !strings.Contains(got[0], tt.steps[0].answer) {
					t.Errorf("answer = %q, want %q", got[0], tt.steps[0].answer)
				}
				incidents, err := r.st.Incidents(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				acked := 0
				for _, inc := range incidents {
					if inc.AcknowledgedBy == "anna" {
						acked++
					}
				}
				if acked != tt.acked {
					t.Errorf("%d incidents are anna's, want %d", acked, tt.acked)
				}
			})
		})
	}
}

func TestACodeChoosesTheIncident(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, withAnna)
		defer r.start(t)()
		r.incident(t, "a", alert.Firing)
		r.incident(t, "b", alert.Firing)
		time.Sleep(time.Second)
		incidents, err := r.st.Incidents(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		chosen := incidents[slices.IndexFunc(incidents, func(i store.Incident) bool { return i.GroupKey == "b" })]
		r.do(t, "POST", "/hooks/p/reply?id=1&from="+url.QueryEscape(annasPhone), "ack "+strings.ToUpper(chosen.ID[12:]))
		after, err := r.st.Incidents(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, inc := range after {
			if (inc.AcknowledgedBy != "") != (inc.GroupKey == "b") {
				t.Errorf("%s is acknowledged by %q", inc.GroupKey, inc.AcknowledgedBy)
			}
		}
	})
}

func TestHookCodes(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), nil, withAnna)
	for path, code := range map[string]int{
		"/hooks/p/report?id=none&report=delivered": 204, // of another program: no reason to repeat it
		"/hooks/p/report?fail=forged":              403,
		"/hooks/p/reply?fail=forged":               403,
		"/hooks/p/reply?fail=senseless":            400,
		"/hooks/q/report":                          404,
		"/hooks/p/other":                           404,
	} {
		for _, method := range []string{"GET", "POST"} {
			if w := r.do(t, method, path, ""); w.Code != code {
				t.Errorf("%s %s = %d, want %d", method, path, w.Code, code)
			}
		}
	}
	if w := r.do(t, "POST", "/hooks/p/reply", strings.Repeat("x", 70_000)); w.Code != 400 {
		t.Errorf("a reply of 70 kB = %d, want 400", w.Code)
	}
}

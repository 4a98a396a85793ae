package router_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/router/silence"
	"goldensignals/internal/store"
)

// alertmanager is what the router sees of one.
type alertmanager struct {
	mu       sync.Mutex
	firing   []silence.Alert
	silences map[string]alert.Silence
	made     int
	down     bool
}

var errDown = errors.New("alertmanager is down")

func (a *alertmanager) do(f func()) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down {
		return errDown
	}
	f()
	return nil
}

func (a *alertmanager) Alerts(context.Context) (out []silence.Alert, err error) {
	return out, a.do(func() { out = slices.Clone(a.firing) })
}

func (a *alertmanager) Silences(context.Context) (out []alert.Silence, err error) {
	err = a.do(func() {
		for _, s := range a.silences {
			out = append(out, s)
		}
	})
	return out, err
}

func (a *alertmanager) Put(_ context.Context, s alert.Silence) (id string, err error) {
	err = a.do(func() {
		if s.ID == "" {
			a.made++
			s.ID = "s" + strconv.Itoa(a.made)
		}
		a.silences[s.ID], id = s, s.ID
	})
	return id, err
}

func (a *alertmanager) Expire(_ context.Context, id string) error {
	return a.do(func() {
		s := a.silences[id]
		s.EndsAt = time.Now()
		a.silences[id] = s
	})
}

// answer says whether it answers from now on.
func (a *alertmanager) answer(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = !yes
}

func (a *alertmanager) fire(alerts ...alert.Alert) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.firing = nil
	for _, f := range alerts {
		a.firing = append(a.firing, silence.Alert{Labels: f.Labels, StartsAt: f.StartsAt, Fingerprint: f.Fingerprint, State: "active"})
	}
}

// silenced is a rig with an Alertmanager and anna's phone, and one incident.
func silenced(t *testing.T) (rig, *alertmanager, store.Incident) {
	t.Helper()
	am := &alertmanager{silences: map[string]alert.Silence{}}
	r := newRig(t, t.TempDir(), nil, func(o *router.Options) {
		withAnna(o)
		o.Silencer = am
	})
	down := mk("Down", alert.Firing, "critical")
	am.fire(down)
	g := group(down)
	g.CommonLabels = down.Labels
	if code := r.post(t, g); code != 204 {
		t.Fatalf("webhook = %d", code)
	}
	incidents, err := r.st.Incidents(t.Context(), 0)
	if err != nil || len(incidents) != 1 {
		t.Fatalf("incidents = %v, %v", incidents, err)
	}
	return r, am, incidents[0]
}

func reply(t *testing.T, r rig, id, text string) string {
	t.Helper()
	if w := r.do(t, "POST", "/hooks/p/reply?id="+id+"&from="+url.QueryEscape(annasPhone), text); w.Code != 204 {
		t.Errorf("reply %q = %d", text, w.Code)
	}
	time.Sleep(time.Second)
	_, texts := inbox(t, r, time.Now())
	return texts[len(texts)-1]
}

func TestSilenceByTextMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, am, inc := silenced(t)
		defer r.start(t)()
		time.Sleep(time.Second)
		if got := reply(t, r, "1", "silence 9d"); !strings.Contains(got, "24 h") || am.made != 0 {
			t.Errorf("too long: answered %q, %d silences", got, am.made)
		}
		if got := reply(t, r, "2", "Silence 2 h"); !strings.Contains(got, "Silent until") {
			t.Errorf("answered %q", got)
		}
		s := am.silences["s1"]
		if s.CreatedBy != "anna" || s.EndsAt.Sub(s.StartsAt) != 2*time.Hour || s.Annotations["incident"] != inc.ID {
			t.Errorf("silence = %+v", s)
		}
		if !silence.Matches(s.Matchers, alert.Labels{"alertname": "Down", "service": "shop", "severity": "critical"}) ||
			silence.Matches(s.Matchers, alert.Labels{"alertname": "Down", "service": "auth"}) {
			t.Errorf("it mutes by %v", s.Matchers)
		}
		reply(t, r, "4", "SILENCE 1h")
		if s := am.silences["s1"]; am.made != 1 || time.Until(s.EndsAt) > time.Hour {
			t.Errorf("thought better of: %d silences, %+v", am.made, s)
		}
		am.answer(false)
		if w := r.do(t, "POST", "/hooks/p/reply?id=3&from="+url.QueryEscape(annasPhone), "SILENCE 1h"); w.Code != 503 {
			t.Errorf("with Alertmanager down: %d, want 503 so that the provider asks again", w.Code)
		}
	})
}

func TestAPageThatAnEndedSilenceLetsThroughSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, am, _ := silenced(t)
		defer r.start(t)()
		time.Sleep(time.Second)
		reply(t, r, "1", "SILENCE 30m")
		time.Sleep(33 * time.Minute)
		again := later(mk("Down", alert.Firing, "critical"), time.Minute)
		am.fire(again)
		r.post(t, group(again))
		time.Sleep(time.Second)
		_, texts := inbox(t, r, time.Now())
		if got := texts[len(texts)-1]; !strings.Contains(got, "(silence by anna ended 3 min ago)") {
			t.Errorf("the page says %q", got)
		}
	})
}

func TestTheTimelineTellsWhenAnIncidentIsMuted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, am, inc := silenced(t)
		defer r.start(t)()
		kinds := func() string {
			events, err := r.st.Events(t.Context(), inc.ID)
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, e := range events {
				list = append(list, e.Kind+" "+e.Text)
			}
			return strings.Join(list, "; ")
		}
		time.Sleep(3 * time.Minute)
		if got := kinds(); got != "" {
			t.Errorf("while it is heard: %s", got)
		}
		mute := func(by []string) {
			am.mu.Lock()
			defer am.mu.Unlock()
			am.firing[0].InhibitedBy = by
		}
		mute([]string{"fp"})
		time.Sleep(3 * time.Minute)
		mute(nil)
		time.Sleep(3 * time.Minute)
		if got := kinds(); got != "muted by another alert (inhibition); heard again " {
			t.Errorf("the timeline says %s", got)
		}
	})
}

func TestAnIncidentThatEndsWhileMutedIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, am, inc := silenced(t)
		defer r.start(t)()
		open := func() bool {
			got, err := r.st.Incident(t.Context(), inc.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got.Status == alert.Firing
		}
		time.Sleep(time.Hour)
		if !open() {
			t.Fatal("closed though its alert fires")
		}
		am.fire(mk("Other", alert.Firing, "critical"))
		am.answer(false)
		time.Sleep(time.Hour)
		if !open() {
			t.Fatal("closed though Alertmanager does not answer")
		}
		am.answer(true)
		time.Sleep(9 * time.Minute)
		if !open() {
			t.Fatal("closed too soon")
		}
		time.Sleep(3 * time.Minute)
		if open() {
			t.Fatal("still open though nothing fires")
		}
		_, texts := inbox(t, r, time.Now())
		if got := texts[len(texts)-1]; !strings.HasPrefix(got, "RESOLVED") {
			t.Errorf("the last SMS is %q", got)
		}
	})
}

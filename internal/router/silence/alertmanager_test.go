package silence_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	amalert "github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/api"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/provider/mem"
	amsilence "github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/silence"
)

// apiMu guards a global of Alertmanager's: the first API that is made rewrites
// the specification that all share.
var apiMu sync.Mutex

// alertmanager serves the real API v2 below /am, with nothing behind it that
// would notify.
func alertmanager(t *testing.T) *url.URL {
	t.Helper()
	log, reg, recorder := slog.New(slog.DiscardHandler), prometheus.NewRegistry(), eventrecorder.NopRecorder()
	silences, err := amsilence.New(amsilence.Options{Retention: time.Hour, Logger: log, Metrics: reg, EventRecorder: recorder})
	if err != nil {
		t.Fatal(err)
	}
	silencer := amsilence.NewSilencer(silences, log, recorder)
	alerts, err := mem.NewAlerts(context.Background(), time.Hour, 0, silencer, log, recorder, reg, featurecontrol.NoopFlags{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(alerts.Close)
	apiMu.Lock()
	defer apiMu.Unlock()
	a, err := api.New(api.Options{
		Alerts: alerts, Silences: silences, GroupMutedFunc: marker.NewGroupMarker().Muted, Logger: log, Registry: reg,
		RequestDuration: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{Name: "duration_seconds", Help: "Not read."}, []string{"handler", "method", "code"}),
		GroupFunc: func(context.Context, func(*dispatch.Route) bool, func(*amalert.Alert, time.Time) bool) (dispatch.AlertGroups, map[model.Fingerprint][]string, error) {
			return nil, nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	conf, err := config.Load("route: {receiver: r}\nreceivers: [{name: r}]")
	if err != nil {
		t.Fatal(err)
	}
	a.Update(conf, func(ctx context.Context, labels model.LabelSet) { silencer.Mutes(ctx, labels) })
	srv := httptest.NewServer(a.Register(route.New().WithPrefix("/am"), "/am"))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL + "/am")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func fire(t *testing.T, am *url.URL, name, service string) {
	t.Helper()
	resp, err := http.Post(am.JoinPath("api/v2/alerts").String(), "application/json",
		strings.NewReader(`[{"labels":{"alertname":"`+name+`","service":"`+service+`"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("post alerts: %s", resp.Status)
	}
}

// The life of a silence in the real Alertmanager: made, extended under its id,
// replaced, ended, ended again.
func TestWithAlertmanager(t *testing.T) {
	t.Parallel()
	am := alertmanager(t)
	fire(t, am, "ErrorsHigh", "shop")
	fire(t, am, "ErrorsHigh", "auth")
	c := client(t, am)
	now := time.Now()
	// The router's clock is behind: Alertmanager says that it starts later.
	k := silence.Kept{Matchers: shop, StartsAt: now.Add(-5 * time.Second), EndsAt: now.Add(silence.Renew / 2), WithIncident: true, Author: "anna", Comment: "known", Tended: now}
	var err error
	if k.ID, err = c.Put(t.Context(), k.Silence()); err != nil {
		t.Fatal(err)
	}
	alerts, err := c.Alerts(t.Context())
	if err != nil || len(alerts) != 2 {
		t.Fatalf("Alerts = %v, %v", alerts, err)
	}
	for _, a := range alerts {
		if got, want := slices.Contains(a.SilencedBy, k.ID), a.Labels["service"] == "shop"; got != want || got != (a.State == "suppressed") {
			t.Errorf("alert %+v: silenced is %v, want %v", a, got, want)
		}
	}

	extended, action := silence.Tend(k, alerts, now)
	if action != silence.Extend {
		t.Fatalf("Tend = %s", action)
	}
	if id, err := c.Put(t.Context(), extended.Silence()); err != nil || id != k.ID {
		t.Errorf("extended as %q, %v, want the same id %s", id, err, k.ID)
	}
	if s := find(t, c, k.ID); s.State != "active" || s.EndsAt.Sub(extended.EndsAt).Abs() > time.Second || s.UpdatedAt.IsZero() || s.CreatedBy != "anna" {
		t.Errorf("extended: %+v, want until %v", s, extended.EndsAt)
	}

	wider := extended.Silence()
	wider.Matchers = []alert.Matcher{is("alertname", "ErrorsHigh")}
	wider.Annotations = map[string]string{"incident": "0123456789abcdef"}
	wide, err := c.Put(t.Context(), wider)
	if err != nil || wide == k.ID {
		t.Errorf("with other matchers: %q, %v, want a new id", wide, err)
	}
	if s := find(t, c, k.ID); s.State != "expired" {
		t.Errorf("replaced: %+v, want it expired", s)
	}
	if s := find(t, c, wide); s.Annotations["incident"] != "0123456789abcdef" || len(s.Matchers) != 1 || s.Matchers[0] != wider.Matchers[0] {
		t.Errorf("replacement: %+v", s)
	}

	for range 2 {
		if err := c.Expire(t.Context(), wide); err != nil {
			t.Errorf("Expire: %v", err)
		}
	}
	if s := find(t, c, wide); s.State != "expired" {
		t.Errorf("ended: %+v", s)
	}
}

func TestAlertmanagerRefuses(t *testing.T) {
	t.Parallel()
	c := client(t, alertmanager(t))
	if err := c.Expire(t.Context(), someID); !errors.Is(err, silence.ErrNotFound) {
		t.Errorf("Expire of an unknown silence: %v", err)
	}
	if _, err := c.Put(t.Context(), alert.Silence{ID: someID}); !errors.Is(err, silence.ErrNotFound) {
		t.Errorf("Put of an unknown silence: %v", err)
	}
	now := time.Now()
	over := alert.Silence{Matchers: shop, StartsAt: now.Add(-2 * time.Hour), EndsAt: now.Add(-time.Hour), CreatedBy: "anna", Comment: "x"}
	if _, err := c.Put(t.Context(), over); !alert.IsPermanent(err) || !strings.Contains(err.Error(), "past") {
		t.Errorf("Put of a silence that is over: %v, want Alertmanager's reason", err)
	}
}

func find(t *testing.T, c *silence.Client, id string) alert.Silence {
	t.Helper()
	list, err := c.Silences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(s alert.Silence) bool { return s.ID == id })
	if i < 0 {
		t.Fatalf("no silence %s in %+v", id, list)
	}
	return list[i]
}

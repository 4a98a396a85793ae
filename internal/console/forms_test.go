package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
)

const checkoutLabels = `{"alertname":"ShopErrorsFastBurn","http_route":"/checkout","service":"shop"}`

func TestSilenceForm(t *testing.T) {
	t.Parallel()
	w := newWorld()
	c := newConsole(t, w)
	before := time.Now()

	resp, _ := post(t, c, "/silences", url.Values{"labels": {checkoutLabels}, "for": {"30m"}, "author": {" Anna Ü "}, "comment": {"deploying"}})

	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/#silences" {
		t.Fatalf("answer = %s to %q", resp.Status, resp.Header.Get("Location"))
	}
	if len(w.silences) != 1 {
		t.Fatalf("silences = %d, want 1", len(w.silences))
	}
	got := w.silences[0]
	wantMatchers := []alert.Matcher{
		{Name: "alertname", Value: "ShopErrorsFastBurn", IsEqual: true},
		{Name: "http_route", Value: "/checkout", IsEqual: true},
		{Name: "service", Value: "shop", IsEqual: true},
	}
	if diff := cmp.Diff(wantMatchers, got.Matchers); diff != "" {
		t.Errorf("matchers (-want +got):\n%s", diff)
	}
	if length := got.EndsAt.Sub(before); length < 30*time.Minute || length > 31*time.Minute {
		t.Errorf("length = %s, want 30m", length)
	}
	if got.CreatedBy != "Anna Ü" || got.Comment != "deploying" {
		t.Errorf("by %q: %q", got.CreatedBy, got.Comment)
	}

	// The next silence of this browser is Anna's as well.
	r := httptest.NewRequest(http.MethodPost, "/silences", strings.NewReader(url.Values{"labels": {checkoutLabels}, "for": {"2h"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range resp.Cookies() {
		r.AddCookie(cookie)
	}
	do(t, c, r)
	if len(w.silences) != 2 || w.silences[1].CreatedBy != "Anna Ü" {
		t.Errorf("second silence = %+v", w.silences[1:])
	}
}

func TestSilenceFormUntil(t *testing.T) {
	t.Parallel()
	w := newWorld()
	opts := options(t, w)
	opts.Location = time.FixedZone("X", 2*3600)
	c := must(t, opts)
	until := time.Now().In(opts.Location).Add(5 * time.Hour).Truncate(time.Minute)
	post(t, c, "/silences", url.Values{"labels": {checkoutLabels}, "for": {"2h"}, "until": {until.Format("2006-01-02T15:04")}})
	if len(w.silences) != 1 || !w.silences[0].EndsAt.Equal(until) {
		t.Errorf("silences = %+v, want one until %s", w.silences, until)
	}
}

func TestSilenceFormRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		form url.Values
		want string
	}{
		{"nothing", url.Values{}, "labels:"},
		{"labels not JSON", url.Values{"labels": {"x"}, "for": {"30m"}}, "labels:"},
		{"no alert name", url.Values{"labels": {`{"severity":"critical"}`}, "for": {"30m"}}, "alertname is missing"},
		{"no length", url.Values{"labels": {checkoutLabels}}, "for: missing"},
		{"odd length", url.Values{"labels": {checkoutLabels}, "for": {"soon"}}, "is not a length of time"},
		{"negative", url.Values{"labels": {checkoutLabels}, "for": {"-5m"}}, "for: the silence would be over already"},
		{"past", url.Values{"labels": {checkoutLabels}, "until": {"2001-01-01T00:00"}}, "until: the silence would be over already"},
		{"odd time", url.Values{"labels": {checkoutLabels}, "until": {"noon"}}, "until: &#34;noon&#34; is not a time"},
		{"too long", url.Values{"labels": {checkoutLabels}, "for": {"200h"}}, "longer than 7 days"},
		{"long comment", url.Values{"labels": {checkoutLabels}, "for": {"1h"}, "comment": {strings.Repeat("ä", 201)}}, "comment: 201 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.healthy(time.Now())
			resp, page := post(t, newConsole(t, w), "/silences", tt.form)
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("answer = %s, want 400", resp.Status)
			}
			wantIn(t, page, "Not done.", tt.want, "All quiet")
			if len(w.silences) != 0 {
				t.Errorf("silences = %+v, want none", w.silences)
			}
		})
	}
}

func TestSilenceFormWithoutAlertmanager(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.broken["alertmanager"] = true
	resp, page := post(t, newConsole(t, w), "/silences", url.Values{"labels": {checkoutLabels}, "for": {"30m"}})
	if resp.StatusCode != http.StatusBadGateway {
		t.Errorf("answer = %s, want 502", resp.Status)
	}
	wantIn(t, page, "The alert was not silenced. Alertmanager does not answer")
}

func TestEndSilence(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.outage(time.Now())
	c := newConsole(t, w)
	id := w.silences[0].ID
	resp, _ := post(t, c, "/silences/"+id+"/end", nil)
	if resp.StatusCode != http.StatusSeeOther || !cmp.Equal(w.expired, []string{id}) {
		t.Errorf("answer = %s, expired %q", resp.Status, w.expired)
	}
	if _, page := get(t, c, "/"); !strings.Contains(page, "Nothing is silenced.") {
		t.Error("the expired silence is still listed")
	}
	if resp, _ := post(t, c, "/silences/00000000-0000-4000-8000-00000000dead/end", nil); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("ending what has ended = %s, want 303", resp.Status)
	}
	for _, odd := range []string{"..%2f..%2falerts", "x", "%2e%2e"} {
		if resp, _ := post(t, c, "/silences/"+odd+"/end", nil); resp.StatusCode == http.StatusSeeOther {
			t.Errorf("id %q was accepted", odd)
		}
	}
}

func TestFaultForm(t *testing.T) {
	t.Parallel()
	c := newConsole(t, newWorld())
	resp, _ := post(t, c, "/faults", url.Values{"kind": {"latency"}, "service": {"auth"}, "delay": {"700ms"}, "ratio": {""}, "for": {"15m"}})
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/#faults" {
		t.Fatalf("inject = %s to %q", resp.Status, resp.Header.Get("Location"))
	}
	_, page := get(t, c, "/")
	wantIn(t, page, "<strong>latency</strong> on <strong>auth</strong>: ratio 1, delay 700ms")

	if resp, _ := post(t, c, "/faults/clear", url.Values{"kind": {"latency"}, "service": {"auth"}}); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("clear = %s", resp.Status)
	}
	_, page = get(t, c, "/")
	wantIn(t, page, "Nothing is broken on purpose.")

	resp, page = post(t, c, "/faults/clear", url.Values{"kind": {"lateness"}})
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("clear of an unknown kind = %s, want 400", resp.Status)
	}
	wantIn(t, page, "Nothing was cleared. kind: &#34;lateness&#34; is unknown")
}

func TestFaultFormRefusesAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		form url.Values
		want []string
	}{
		{"percent", url.Values{"kind": {"errors"}, "service": {"payments"}, "ratio": {"50"}, "for": {"3m"}}, []string{"ratio: 50 is not a share", `value="50" aria-invalid`, `value="3m"`, "<option selected>payments"}},
		{"zero ratio", url.Values{"kind": {"errors"}, "service": {"shop"}, "ratio": {"0"}}, []string{"ratio: "}},
		{"NaN", url.Values{"kind": {"errors"}, "service": {"shop"}, "ratio": {"NaN"}}, []string{"ratio: "}},
		{"no unit", url.Values{"kind": {"latency"}, "service": {"shop"}, "delay": {"300"}}, []string{"delay: &#34;300&#34;", `value="latency" data-takes="for delay ratio=1 ramp flap" selected`}},
		{"delay missing", url.Values{"kind": {"latency"}, "service": {"shop"}}, []string{"delay: missing"}},
		{"not taken", url.Values{"kind": {"errors"}, "service": {"shop"}, "delay": {"1s"}}, []string{"delay: the kind errors does not take it"}},
		{"size without a unit", url.Values{"kind": {"memory-leak"}, "service": {"shop"}, "size": {"16"}}, []string{"size: &#34;16&#34; is not a size"}},
		{"not into this one", url.Values{"kind": {"queue-stall"}, "service": {"auth"}}, []string{"service: the kind queue-stall cannot be put into auth"}},
		{"forever", url.Values{"kind": {"errors"}, "service": {"shop"}, "for": {"1000h"}}, []string{"for: 1000h is too long"}},
		{"no kind", url.Values{"service": {"shop"}}, []string{"kind: missing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp, page := post(t, newConsole(t, newWorld()), "/faults", tt.form)
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("answer = %s, want 400", resp.Status)
			}
			wantIn(t, page, append(tt.want, "No fault was injected.", "Nothing is broken on purpose.")...)
		})
	}
}

func TestFormBounds(t *testing.T) {
	t.Parallel()
	c := newConsole(t, newWorld())
	resp, page := post(t, c, "/silences", url.Values{"labels": {strings.Repeat("x", 70<<10)}})
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("large form = %s, want 413", resp.Status)
	}
	wantIn(t, page, "too large")
	if resp, _ := get(t, c, "/silences"); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET /silences = %s, want 405", resp.Status)
	}
}

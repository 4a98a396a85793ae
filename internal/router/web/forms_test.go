package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/store"
)

func post(t *testing.T, h http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	h.ServeHTTP(w, r)
	return w
}

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// TestForms does everything that can be done on a page, once below each prefix.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/router"} {
		w := newWorld(t, prefix)
		w.choices = choice()
		w.open(t, checkout(time.Now()))
		for _, tt := range []struct {
			path string
			form url.Values
			back string // page, and its words
			says string
			want string
		}{
			{"/incidents/c1", values("token", "good incident c1", "do", "acknowledge", "author", " Ada "), "/incidents/c1", "Acknowledged.", "acknowledge c1 Ada"},
			{"/incidents/c1", values("token", "good incident c1", "do", "1h0m0s", "choice", "group", "author", "Ada", "comment", "known"),
				"/incidents/c1", "Silenced.", "silence c1 group for 1h0m0s with incident false by Ada: known"},
			{"/i/link-c1", values("token", "good link c1", "do", "with-incident", "choice", "service", "author", "Ben"),
				"/i/link-c1", "Silenced.", "silence c1 service for 0s with incident true by Ben: "},
			{"/messages/m9/retry", values("token", "good retry"), "/messages/dead", "is sent again now", "retry m9"},
			{"/messages/m9/retry", values("token", "good retry", "incident", "c1"), "/incidents/c1", "is sent again now", "retry m9"},
			{"/silences/s1/extend", values("token", "good silences", "author", "Ada"), "/silences", "an hour longer", "extend s1 by Ada for 1h0m0s"},
			{"/silences/s1/end", values("token", "good silences", "author", "Ada"), "/silences", "has ended", "end s1 by Ada"},
		} {
			got := post(t, w.site, prefix+tt.path, tt.form)
			to, err := url.Parse(got.Header().Get("Location"))
			if got.Code != http.StatusSeeOther || err != nil || to.Path != prefix+tt.back {
				t.Errorf("POST %s = %d to %q, want 303 to %s: %s", tt.path, got.Code, got.Header().Get("Location"), prefix+tt.back, got.Body)
				continue
			}
			if diff := cmp.Diff([]string{tt.want}, w.done()); diff != "" {
				t.Errorf("POST %s did (-want +got):\n%s", tt.path, diff)
			}
			if page := get(t, w.site, to.String()); page.Code != 200 || !strings.Contains(page.Body.String(), tt.says) {
				t.Errorf("GET %s = %d, want words %q:\n%s", to, page.Code, tt.says, page.Body)
			}
			// A link that somebody made says nothing.
			if page := get(t, w.site, to.Path+"?done="+to.Query().Get("done")+"&ok=forged"); strings.Contains(page.Body.String(), tt.says) {
				t.Errorf("a forged link to %s says %q", to.Path, tt.says)
			}
		}
	}
}

// TestFormsRefused is about everything that must not be done.
func TestFormsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "/router")
	w.choices = choice()
	w.open(t, checkout(time.Now()))
	full := values("token", "good incident c1", "do", "1h0m0s", "choice", "service", "author", `Ada "<b>`, "comment", "half <i>")
	with := func(name, value string) url.Values {
		v := url.Values{}
		for k := range full {
			v.Set(k, full.Get(k))
		}
		v.Set(name, value)
		return v
	}
	for _, tt := range []struct {
		name, path string
		form       url.Values
		fail       error
		code       int
		says       string
	}{
		{"no token", "/router/incidents/c1", with("token", ""), nil, 403, "press the button again"},
		{"token of another incident", "/router/incidents/c1", with("token", "good incident c2"), nil, 403, "press the button again"},
		{"token of the page as that of a link", "/router/i/link-c1", with("token", "good incident c1"), nil, 403, "press the button again"},
		{"no name", "/router/incidents/c1", with("author", "  "), nil, 422, "Your name is missing"},
		{"long name", "/router/incidents/c1", with("author", strings.Repeat("ä", 60)), nil, 422, "too long"},
		{"no choice", "/router/incidents/c1", with("choice", ""), nil, 422, "Choose what"},
		{"any length", "/router/incidents/c1", with("do", "9000h"), nil, 422, "for how long"},
		{"words for people", "/router/incidents/c1", full, router.Problem("Alertmanager does not answer."), 422, "Alertmanager does not answer."},
		{"gone", "/router/incidents/c1", full, store.ErrNotFound, 404, "somebody else was faster"},
		{"internals", "/router/incidents/c1", full, errors.New("sqlite: secret"), 503, "Try again"},
		{"unknown incident", "/router/incidents/none", full, nil, 404, "It is not here"},
		{"old link", "/router/i/old", full, nil, 403, "This link is too old"},
		{"too large", "/router/incidents/c1", with("comment", strings.Repeat("x", 70<<10)), nil, 413, "too large"},
		{"retry without token", "/router/messages/m1/retry", nil, nil, 403, "press the button again"},
		{"silence without token", "/router/silences/s1/end", values("author", "Ada"), nil, 403, "press the button again"},
	} {
		w.set(tt.fail)
		got := post(t, w.site, tt.path, tt.form)
		body := got.Body.String()
		if got.Code != tt.code || !strings.Contains(body, tt.says) {
			t.Errorf("%s: POST = %d, want %d with %q:\n%s", tt.name, got.Code, tt.code, tt.says, body)
		}
		if done := w.done(); len(done) > 0 {
			t.Errorf("%s: did %v", tt.name, done)
		}
		if strings.Contains(body, "<b>") && strings.Contains(body, `Ada "<b>`) || strings.Contains(body, "secret") {
			t.Errorf("%s: the page shows what it must not:\n%s", tt.name, body)
		}
		if tt.code == 422 && tt.form.Get("comment") == "half <i>" && len(tt.form.Get("choice")) > 0 &&
			(!strings.Contains(body, `value="half &lt;i&gt;"`) || !strings.Contains(body, `value="service" aria-describedby="effect-1" checked`)) {
			t.Errorf("%s: what was typed is gone:\n%s", tt.name, body)
		}
		if strings.Contains(body, "live.js") {
			t.Errorf("%s: the page would fetch itself and lose what was typed", tt.name)
		}
	}
}

// TestGETChangesNothing looks at every address as a scanner of links does.
func TestGETChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "/router")
	w.choices = choice()
	w.open(t, checkout(time.Now()))
	for _, path := range []string{
		"/router/i/link-c1", "/router/i/link-c1?do=acknowledge&author=Ada&token=good+link+c1",
		"/router/incidents/c1?do=acknowledge&author=Ada&token=good+incident+c1", "/router/messages/m1/retry?token=good+retry",
		"/router/silences/s1/end?token=good+silences&author=Ada", "/router/silences/s1/extend",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			for _, h := range []http.Handler{w.site, w.public} {
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), method, path, nil))
				if done := w.done(); len(done) > 0 {
					t.Errorf("%s %s did %v", method, path, done)
				}
			}
		}
	}
}

// TestPostFromAddress checks that what stands in the address is not taken for
// what was typed.
func TestPostFromAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.open(t, checkout(time.Now()))
	got := post(t, w.site, "/incidents/c1?do=acknowledge&author=Ada&token=good+incident+c1", nil)
	if got.Code != http.StatusForbidden || len(w.done()) > 0 {
		t.Errorf("POST = %d, want 403 and nothing done", got.Code)
	}
}

// TestPublic checks what is served without a password.
func TestPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "/router")
	w.choices = choice()
	w.open(t, checkout(time.Now()))
	for _, path := range []string{"", "incidents", "incidents/c1", "messages", "silences", "phone", "tickets", "log", "events"} {
		if got := get(t, w.public, "/router/"+path); got.Code != http.StatusNotFound || strings.Contains(got.Body.String(), "<nav") {
			t.Errorf("GET %s = %d, want 404", path, got.Code)
		}
	}
	for _, path := range []string{"runbooks/ShopErrors", "static/app.css", "i/link-c1"} {
		if got := get(t, w.public, "/router/"+path); got.Code != http.StatusOK {
			t.Errorf("GET %s = %d", path, got.Code)
		}
	}
	page := get(t, w.public, "/router/i/link-c1").Body.String()
	for _, want := range []string{`href="/router/runbooks/ShopErrors"`, "Acknowledge", "Silence for 30 min", "OrdersSlow", "until the incident ends"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a link lacks %q:\n%s", want, page)
		}
	}
	form := values("token", "good link c1", "do", "acknowledge", "author", "Ada")
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/router/i/link-c1", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	rec := httptest.NewRecorder()
	w.public.ServeHTTP(rec, r)
	if rec.Code != http.StatusForbidden || len(w.done()) > 0 {
		t.Errorf("POST from another site = %d, want 403", rec.Code)
	}
	if got := post(t, w.public, "/router/i/link-c1", form); got.Code != http.StatusSeeOther {
		t.Errorf("POST = %d: %s", got.Code, got.Body)
	}
	if diff := cmp.Diff([]string{"acknowledge c1 Ada"}, w.done()); diff != "" {
		t.Error(diff)
	}
	if page := get(t, w.public, "/router/i/link-c1").Body.String(); !strings.Contains(page, "<bdi>Ada</bdi> has it") || strings.Contains(page, `value="acknowledge"`) {
		t.Errorf("after it was acknowledged:\n%s", page)
	}
}

// TestOver checks that nothing can be done about an incident that has ended.
func TestOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	now := time.Now()
	inc := checkout(now.Add(-time.Hour))
	inc.Status, inc.ResolvedAt = alert.Resolved, now
	w.open(t, inc)
	for _, path := range []string{"/incidents/c1", "/i/link-c1"} {
		if page := get(t, w.site, path).Body.String(); strings.Contains(page, "<form") || !strings.Contains(page, "over since") {
			t.Errorf("GET %s:\n%s", path, page)
		}
	}
}

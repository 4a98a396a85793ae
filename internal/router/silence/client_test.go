package silence_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/patience"
	"goldensignals/internal/router/silence"
)

const (
	someID = "7a4f6c1e-6a0b-4a52-9f0e-0d5e3c0b9a11"
	newID  = "0b8a2f9d-53f1-4c1b-8f5e-5a1c2d3e4f60"
)

// exchange is one request that the stub got.
type exchange struct {
	Method, Path string
	Body         map[string]any
}

// stub answers as Alertmanager does, by method and path, and keeps the requests.
type stub struct {
	mu   sync.Mutex
	got  []exchange
	code int // 0: 200
	says map[string]string
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := exchange{Method: r.Method, Path: r.URL.Path}
	if data, _ := io.ReadAll(r.Body); len(data) > 0 {
		if err := json.Unmarshal(data, &e.Body); err != nil || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	s.got = append(s.got, e)
	if s.code != 0 {
		w.WriteHeader(s.code)
		fmt.Fprint(w, `"the reason"`)
		return
	}
	answer, ok := s.says[r.Method+" "+r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	fmt.Fprint(w, answer)
}

func (s *stub) requests() []exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

func serve(t *testing.T, h http.Handler) *url.URL {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL + "/am")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func client(t *testing.T, urls ...*url.URL) *silence.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := silence.New(silence.Options{URLs: urls, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const alertsAnswer = `[{"annotations":{"summary":"s"},"endsAt":"2026-03-01T12:10:00.000Z","fingerprint":"18f1a2b3c4d5e6f7",
 "receivers":[{"name":"router"}],"startsAt":"2026-03-01T12:00:00.000Z",
 "status":{"inhibitedBy":["aa"],"mutedBy":[],"silencedBy":["` + someID + `"],"state":"suppressed"},
 "updatedAt":"2026-03-01T12:06:00.000Z","generatorURL":"http://prometheus/graph","labels":{"alertname":"ErrorsHigh","service":"shop"}}]`

const silenceAnswer = `{"id":"` + someID + `","status":{"state":"active"},"updatedAt":"2026-03-01T12:00:01.000Z","annotations":{"a":"b"},
 "comment":"known","createdBy":"anna","endsAt":"2026-03-01T13:00:00.000Z","startsAt":"2026-03-01T12:00:01.000Z",
 "matchers":[{"name":"alertname","value":"ErrorsHigh","isRegex":false},{"isEqual":false,"isRegex":true,"name":"service","value":"a|b"}]}`

func TestLists(t *testing.T) {
	t.Parallel()
	c := client(t, serve(t, &stub{says: map[string]string{"GET /am/api/v2/alerts": alertsAnswer, "GET /am/api/v2/silences": "[" + silenceAnswer + "]"}}))
	alerts, err := c.Alerts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]silence.Alert{{
		Labels: alert.Labels{"alertname": "ErrorsHigh", "service": "shop"}, StartsAt: at(0), Fingerprint: "18f1a2b3c4d5e6f7",
		State: "suppressed", SilencedBy: []string{someID}, InhibitedBy: []string{"aa"},
	}}, alerts); d != "" {
		t.Error(d)
	}
	silences, err := c.Silences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]alert.Silence{{
		ID: someID, StartsAt: at(time.Second), EndsAt: at(time.Hour), CreatedBy: "anna", Comment: "known",
		UpdatedAt: at(time.Second), State: "active", Annotations: map[string]string{"a": "b"},
		Matchers: []alert.Matcher{{Name: "alertname", Value: "ErrorsHigh", IsEqual: true}, {Name: "service", Value: "a|b", IsRegex: true}},
	}}, silences); d != "" {
		t.Error(d)
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	given := alert.Silence{
		Matchers: []alert.Matcher{is("alertname", "ErrorsHigh")}, StartsAt: at(0), EndsAt: at(time.Hour),
		CreatedBy: "anna", Comment: "known", UpdatedAt: at(0), State: "active",
	}
	body := func(edit func(map[string]any)) map[string]any {
		b := map[string]any{
			"matchers": []any{map[string]any{"name": "alertname", "value": "ErrorsHigh", "isRegex": false, "isEqual": true}},
			"startsAt": "2026-03-01T12:00:00Z", "endsAt": "2026-03-01T13:00:00Z", "createdBy": "anna", "comment": "known",
		}
		edit(b)
		return b
	}
	get, post := "/am/api/v2/silence/"+someID, "/am/api/v2/silences"
	for _, tt := range []struct {
		name, id, current string
		want              []exchange
	}{
		{"create", "", "", []exchange{{"POST", post, body(func(map[string]any) {})}}},
		{"an active one keeps its start", someID, silenceAnswer, []exchange{{Method: "GET", Path: get}, {"POST", post, body(func(b map[string]any) {
			b["id"], b["startsAt"] = someID, "2026-03-01T12:00:01Z"
		})}}},
		{"a pending one is moved", someID, strings.Replace(silenceAnswer, "active", "pending", 1), []exchange{{Method: "GET", Path: get}, {"POST", post, body(func(b map[string]any) {
			b["id"] = someID
		})}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &stub{says: map[string]string{"POST " + post: `{"silenceID":"` + newID + `"}`, "GET " + get: tt.current}}
			sil := given
			sil.ID = tt.id
			id, err := client(t, serve(t, s)).Put(t.Context(), sil)
			if err != nil || id != newID {
				t.Errorf("Put = %q, %v", id, err)
			}
			if d := cmp.Diff(tt.want, s.requests()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPutFails(t *testing.T) {
	t.Parallel()
	post := "POST /am/api/v2/silences"
	ok := map[string]string{post: `{"silenceID":"` + newID + `"}`}
	for _, tt := range []struct {
		name   string
		first  *stub
		id     string
		wantID string
		asked  int // requests to the second
		check  func(error) bool
	}{
		{"refused: the other would refuse, too", &stub{code: 400}, "", "", 0, alert.IsPermanent},
		{"a proxy without Alertmanager: the other is asked", &stub{code: 502}, "", newID, 1, nil},
		{"an answer without an id: it may have been made", &stub{says: map[string]string{post: `{}`}}, "", "", 0, alert.IsUnsure},
		{"no answer in JSON: it may have been made", &stub{says: map[string]string{post: `<html>`}}, "", "", 0, alert.IsUnsure},
		{"unknown id", &stub{}, someID, "", 1, func(err error) bool { return errors.Is(err, silence.ErrNotFound) }},
		{"an id that is a path", &stub{}, "../alerts", "", 0, alert.IsPermanent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			second := &stub{says: ok}
			id, err := client(t, serve(t, tt.first), serve(t, second)).Put(t.Context(), alert.Silence{ID: tt.id})
			if id != tt.wantID || (err != nil) != (tt.check != nil) || tt.check != nil && !tt.check(err) {
				t.Errorf("Put = %q, %v", id, err)
			}
			if got := len(second.requests()); got != tt.asked {
				t.Errorf("the second was asked %d times, want %d", got, tt.asked)
			}
		})
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	knows := func() *stub { return &stub{says: map[string]string{"DELETE /am/api/v2/silence/" + someID: ""}} }
	for _, tt := range []struct {
		name   string
		id     string
		first  *stub
		second *stub
		want   func(error) bool
	}{
		{"known", someID, knows(), &stub{}, nil},
		{"known to the second only", someID, &stub{}, knows(), nil},
		{"the first is ill", someID, &stub{code: 500}, knows(), nil},
		{"unknown", someID, &stub{}, &stub{}, func(err error) bool { return errors.Is(err, silence.ErrNotFound) }},
		{"unknown to one, the other is ill", someID, &stub{}, &stub{code: 500}, func(err error) bool {
			return !errors.Is(err, silence.ErrNotFound) && strings.Contains(err.Error(), "500") && strings.Contains(err.Error(), "404")
		}},
		{"no id", "", knows(), &stub{}, alert.IsPermanent},
		{"an id that is a path", "../../-/reload", knows(), &stub{}, alert.IsPermanent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := client(t, serve(t, tt.first), serve(t, tt.second)).Expire(t.Context(), tt.id)
			if (err != nil) != (tt.want != nil) || tt.want != nil && !tt.want(err) {
				t.Errorf("Expire = %v", err)
			}
		})
	}
}

// An Alertmanager that hangs leaves time for the next one.
func TestHangingAlertmanager(t *testing.T) {
	t.Parallel()
	hangs := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	well := &stub{says: map[string]string{"GET /am/api/v2/alerts": alertsAnswer}}
	c := client(t, serve(t, hangs), serve(t, well))
	patience.Retry(t, 200*time.Millisecond, func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		alerts, err := c.Alerts(ctx)
		if err == nil && len(alerts) != 1 {
			t.Errorf("Alerts = %v", alerts)
		}
		return err
	})
}

// What is no list of alerts must not pass for "nothing fires".
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answer, want string }{
		{"null", `null`, "without a list"},
		{"an object", `{}`, "something else"},
		{"HTML", `<html>`, "something else"},
		{"nothing", ``, "something else"},
		{"cut off", alertsAnswer[:100], "something else"},
		{"too long", "[" + strings.Repeat(" ", 16<<20) + "]", "more than 16 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bad := serve(t, &stub{says: map[string]string{"GET /am/api/v2/alerts": tt.answer}})
			alerts, err := client(t, bad).Alerts(t.Context())
			if err == nil || alerts != nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), bad.Host) {
				t.Errorf("Alerts = %v, %v; want an error with %q and the host", alerts, err, tt.want)
			}
			good := serve(t, &stub{says: map[string]string{"GET /am/api/v2/alerts": `[]`}})
			if alerts, err := client(t, bad, good).Alerts(t.Context()); err != nil || len(alerts) != 0 {
				t.Errorf("with another: %v, %v", alerts, err)
			}
		})
	}
}

func TestErrorsDoNotShowPasswords(t *testing.T) {
	t.Parallel()
	u := serve(t, &stub{code: 500})
	u.User = url.UserPassword("router", "hunter2")
	closed := *u
	closed.Host = "127.0.0.1:1"
	_, err := client(t, u, &closed).Alerts(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Count(err.Error(), "127.0.0.1") < 2 {
		t.Errorf("err = %v, want one that names both hosts and no password", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, urls := range [][]*url.URL{nil, {nil}, {{Path: "/am"}}, {{Scheme: "ftp", Host: "h"}}} {
		if _, err := silence.New(silence.Options{URLs: urls}); err == nil {
			t.Errorf("New(%v) is content", urls)
		}
	}
}

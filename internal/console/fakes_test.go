package console_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/console"
	"goldensignals/internal/fault"
)

// world stands in for Prometheus, Alertmanager and the router, in memory. It is
// an http.RoundTripper; the host of a request picks the API.
type world struct {
	mu       sync.Mutex
	broken   map[string]bool // :: host -> refuses every request
	values   map[string]func(at time.Time) float64
	prom     []map[string]any
	am       []map[string]any
	silences []alert.Silence
	expired  []string
	messages []alert.Notification
	calls    map[string]int    // :: host and path -> requests
	queries  map[string]string // :: query or range -> its last parameters
}

func newWorld() *world {
	return &world{
		broken: map[string]bool{}, values: map[string]func(time.Time) float64{},
		calls: map[string]int{}, queries: map[string]string{},
	}
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[r.URL.Host+r.URL.Path]++
	if w.broken[r.URL.Host] {
		return nil, io.ErrUnexpectedEOF
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET prometheus/prometheus/api/v1/query", w.query)
	mux.HandleFunc("GET prometheus/prometheus/api/v1/query_range", w.queryRange)
	mux.HandleFunc("GET prometheus/prometheus/api/v1/alerts", func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, map[string]any{"status": "success", "data": map[string]any{"alerts": w.prom}})
	})
	mux.HandleFunc("GET alertmanager/alertmanager/api/v2/alerts", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, orNone(w.am)) })
	mux.HandleFunc("GET alertmanager/alertmanager/api/v2/silences", w.listSilences)
	mux.HandleFunc("POST alertmanager/alertmanager/api/v2/silences", w.addSilence)
	mux.HandleFunc("DELETE alertmanager/alertmanager/api/v2/silence/{id}", w.endSilence)
	mux.HandleFunc("GET alertrouter/router/api/v1/messages", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, orNone(w.messages)) })
	rec := httptest.NewRecorder()
	r.Host = r.URL.Host
	mux.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// change alters the world under its lock.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// count returns how often the host and path were asked for.
func (w *world) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[path]
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func orNone[T any](list []T) []T { return append([]T{}, list...) }

func (w *world) query(rw http.ResponseWriter, r *http.Request) {
	w.queries["query"] = r.FormValue("query")
	at := parseUnix(r.FormValue("time"))
	w.vector(rw, func(f func(time.Time) float64) (string, any) {
		return "value", []any{float64(at.Unix()), strconv.FormatFloat(f(at), 'g', -1, 64)}
	})
}

func (w *world) queryRange(rw http.ResponseWriter, r *http.Request) {
	w.queries["range"] = r.FormValue("start") + " " + r.FormValue("end") + " " + r.FormValue("step")
	start, end := parseUnix(r.FormValue("start")), parseUnix(r.FormValue("end"))
	step, _ := time.ParseDuration(r.FormValue("step"))
	w.vector(rw, func(f func(time.Time) float64) (string, any) {
		values := []any{}
		for at := start; !at.After(end); at = at.Add(step) {
			if v := f(at); !math.IsNaN(v) {
				values = append(values, []any{at.Unix(), strconv.FormatFloat(v, 'g', -1, 64)})
			}
		}
		return "values", values
	})
}

// vector answers with every known series.
func (w *world) vector(rw http.ResponseWriter, of func(func(time.Time) float64) (string, any)) {
	result := []any{}
	for name, f := range w.values {
		metric, service, _ := strings.Cut(name, " ")
		field, value := of(f)
		result = append(result, map[string]any{"metric": map[string]string{"__name__": metric, "service": service}, field: value})
	}
	answer(rw, map[string]any{"status": "success", "data": map[string]any{"resultType": "any", "result": result}})
}

func parseUnix(s string) time.Time {
	f, _ := strconv.ParseFloat(s, 64)
	return time.Unix(int64(f), 0)
}

func (w *world) listSilences(rw http.ResponseWriter, _ *http.Request) {
	type status struct {
		State string `json:"state"`
	}
	type row struct {
		alert.Silence
		Status status `json:"status"`
	}
	rows := []row{}
	for _, s := range w.silences {
		state := "active"
		if slices.Contains(w.expired, s.ID) {
			state = "expired"
		}
		rows = append(rows, row{s, status{state}})
	}
	answer(rw, rows)
}

func (w *world) addSilence(rw http.ResponseWriter, r *http.Request) {
	var s alert.Silence
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	s.ID = fmt.Sprintf("00000000-0000-4000-8000-%012d", len(w.silences)+1)
	w.silences = append(w.silences, s)
	answer(rw, map[string]string{"silenceID": s.ID})
}

func (w *world) endSilence(rw http.ResponseWriter, r *http.Request) {
	if !slices.ContainsFunc(w.silences, func(s alert.Silence) bool { return s.ID == r.PathValue("id") }) {
		http.Error(rw, `"silence not found"`, http.StatusNotFound)
		return
	}
	w.expired = append(w.expired, r.PathValue("id"))
}

// fire makes an alert fire in both engines and returns Alertmanager's form of
// it, to be changed.
func (w *world) fire(since time.Time, labels, annotations alert.Labels) map[string]any {
	w.prom = append(w.prom, map[string]any{"labels": labels, "annotations": annotations, "state": "firing", "activeAt": since, "value": "1"})
	external := labels.Clone()
	external["replica"] = "a"
	am := map[string]any{
		"labels": external, "annotations": annotations, "startsAt": since, "endsAt": since.Add(time.Hour),
		"fingerprint": fmt.Sprintf("%016x", len(w.am)+1),
		"status":      map[string]any{"state": "active", "silencedBy": []string{}, "inhibitedBy": []string{}, "mutedBy": []string{}},
	}
	w.am = append(w.am, am)
	return am
}

func (w *world) watchdog(since time.Time) {
	w.fire(since, alert.Labels{"alertname": "Watchdog", "severity": "info"}, alert.Labels{"summary": "The alerting path works."})
}

// breaker is the real fault sets behind the console's interface.
type breaker struct{ sets map[string]*fault.Set }

func services() []string { return []string{"shop", "auth", "orders", "payments"} }

func newBreaker() *breaker {
	b := &breaker{sets: map[string]*fault.Set{}}
	for _, name := range services() {
		b.sets[name] = fault.NewSet(name)
	}
	return b
}

func (b *breaker) Kinds() []fault.Kind { return fault.Kinds() }
func (b *breaker) Services() []string  { return services() }

func (b *breaker) Active() []fault.Active {
	var all []fault.Active
	for _, name := range services() {
		all = append(all, b.sets[name].Active(time.Now())...)
	}
	return all
}

func (b *breaker) Inject(f fault.Fault) (fault.Active, error) {
	f, err := f.Complete(services()...)
	if err != nil {
		return fault.Active{}, err
	}
	return b.sets[f.Service].Inject(time.Now(), f)
}

func (b *breaker) Clear(kind, service string) ([]fault.Active, error) {
	var cleared []fault.Active
	for _, name := range services() {
		if service == "" || service == name {
			cleared = append(cleared, b.sets[name].Clear(time.Now(), kind)...)
		}
	}
	return cleared, nil
}

func (b *breaker) Repairs() []fault.Repair { return fault.Repairs() }

func (b *breaker) Applied() []fault.Applied {
	var all []fault.Applied
	for _, name := range services() {
		all = append(all, b.sets[name].Applied()...)
	}
	return all
}

func (b *breaker) Apply(repair, service string) (fault.Applied, error) {
	return b.sets[service].Apply(time.Now(), repair)
}

func (b *breaker) Undo(string) error {
	for _, name := range services() {
		b.sets[name].Undo(time.Now())
	}
	return nil
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// options connects a console to the world.
func options(t *testing.T, w *world) console.Options {
	t.Helper()
	return console.Options{
		Prometheus:   mustURL(t, "http://prometheus/prometheus"),
		Alertmanager: mustURL(t, "http://alertmanager/alertmanager"),
		Router:       mustURL(t, "http://alertrouter/router"),
		Transport:    w,
		Faults:       newBreaker(),
		Links:        console.Links{Phone: "/router/phone", Tickets: "/router/tickets", Log: "/router/log", Runbooks: "/router/runbooks/"},
		Location:     time.UTC,
	}
}

func newConsole(t *testing.T, w *world) *console.Console {
	t.Helper()
	return must(t, options(t, w))
}

// do sends one request to the console and returns the answer and its body.
func do(t *testing.T, c *console.Console, r *http.Request) (*http.Response, string) {
	t.Helper()
	if r.Host == "example.com" {
		r.Host = "127.0.0.1:8080"
	}
	rec := httptest.NewRecorder()
	c.Handler().ServeHTTP(rec, r)
	resp := rec.Result()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func get(t *testing.T, c *console.Console, path string) (*http.Response, string) {
	t.Helper()
	return do(t, c, httptest.NewRequest(http.MethodGet, path, nil))
}

func post(t *testing.T, c *console.Console, path string, form url.Values) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(t, c, r)
}

// wantIn fails for every text that the page lacks.
func wantIn(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("page lacks %q", text)
		}
	}
}

func wantNotIn(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("page has %q", text)
		}
	}
}

// outage fills the world with a busy scene: payments fails, one page was sent.
func (w *world) outage(now time.Time) {
	w.healthy(now)
	began := now.Add(-4 * time.Minute)
	during := func(normal, broken float64) func(time.Time) float64 {
		return func(at time.Time) float64 {
			wave := 1 + 0.08*math.Sin(float64(at.Unix())/40) + 0.05*math.Sin(float64(at.Unix())/11)
			if at.After(began) {
				return broken * wave
			}
			return normal * wave
		}
	}
	for service, ratio := range map[string]float64{"shop": 0.1, "orders": 0.5, "payments": 0.5} {
		w.values["service:http_requests_errors:ratio_rate1m "+service] = during(0, ratio)
	}
	w.values["service:http_server_request_duration_seconds:p99_rate1m auth"] = during(0.02, 0.42)
	critical := alert.Labels{"alertname": "ShopErrorsFastBurn", "severity": "critical", "service": "shop", "http_route": "/checkout"}
	w.fire(began.Add(55*time.Second), critical, alert.Labels{
		"summary": "Customers get errors on /checkout.", "description": "49.8% of the requests to /checkout failed in the last 5 minutes; 0.1% is what the shop allows itself. Customers are hurt now.",
		"runbook_url": "http://127.0.0.1:8080/router/runbooks/ShopErrorsFastBurn",
	})
	inhibited := w.fire(began.Add(70*time.Second), alert.Labels{"alertname": "ServiceErrors", "severity": "info", "service": "shop"}, alert.Labels{"summary": "The service shop answers with errors.", "runbook_url": "/router/runbooks/ServiceErrors"})
	inhibited["status"] = map[string]any{"state": "suppressed", "silencedBy": []string{}, "inhibitedBy": []string{fmt.Sprintf("%016x", 2)}}
	w.fire(began.Add(62*time.Second), alert.Labels{"alertname": "ServiceErrors", "severity": "info", "service": "payments"}, alert.Labels{"summary": "The service payments answers with errors."})
	w.prom = append(w.prom, map[string]any{
		"labels":      alert.Labels{"alertname": "ShopErrorsSlowBurn", "severity": "warning", "service": "shop", "http_route": "/checkout"},
		"annotations": alert.Labels{"summary": "Errors on /checkout slowly use up what the shop allows itself."}, "state": "pending", "activeAt": began.Add(2 * time.Minute),
	})
	id := "2f1c5d7e-8a50-4e5d-9c3c-1f0b3a3b9c11"
	silenced := w.fire(began.Add(time.Minute), alert.Labels{"alertname": "ServiceErrors", "severity": "info", "service": "orders"}, alert.Labels{"summary": "The service orders answers with errors."})
	silenced["status"] = map[string]any{"state": "suppressed", "silencedBy": []string{id}, "inhibitedBy": []string{}}
	w.silences = append(w.silences, alert.Silence{
		ID: id, StartsAt: now.Add(-time.Minute), EndsAt: now.Add(29 * time.Minute), CreatedBy: "anna", Comment: "known, waiting for payments",
		Matchers: []alert.Matcher{{Name: "alertname", Value: "ServiceErrors", IsEqual: true}, {Name: "service", Value: "orders", IsEqual: true}},
	})
	w.messages = []alert.Notification{
		{
			ID: "m4", Incident: "i1", ReceiverType: "sms", To: "+49 170 0000000", Severity: alert.Critical, Status: alert.Firing, AlertName: "ShopErrorsFastBurn", Service: "shop",
			Title: "Customers get errors on /checkout.", Text: "CRITICAL shop: Customers get errors on /checkout. 1 alert. http://127.0.0.1:8080/router/runbooks/ShopErrorsFastBurn",
			RunbookURL: "http://127.0.0.1:8080/router/runbooks/ShopErrorsFastBurn", State: alert.Delivered, Attempts: 1, CreatedAt: began.Add(67 * time.Second),
		},
		{
			ID: "m3", Incident: "i2", ReceiverType: "logline", Severity: alert.Info, Status: alert.Firing, AlertName: "ServiceErrors", Service: "payments",
			Title: "The service payments answers with errors.", State: alert.Delivered, Attempts: 1, CreatedAt: began.Add(63 * time.Second),
		},
		{
			ID: "m2", Incident: "i0", ReceiverType: "ticket", Severity: alert.Warning, Status: alert.Firing, AlertName: "ShopLatencySlowBurn", Service: "shop",
			Title: "Slow answers on /products/{id} slowly use up what the shop allows itself.", State: alert.Pending, Attempts: 3, LastError: "connection refused", CreatedAt: now.Add(-9 * time.Minute),
		},
		{
			ID: "m1b", Incident: "i9", ReceiverType: "sms", Severity: alert.Critical, Status: alert.Resolved, AlertName: "ShopUnreachable", Service: "shop",
			Title: "The shop does not answer at all.", Text: "RESOLVED shop: The shop does not answer at all.", State: alert.Delivered, Attempts: 1, CreatedAt: now.Add(-50 * time.Minute),
		},
		{
			ID: "m1", Incident: "i9", ReceiverType: "sms", Severity: alert.Critical, Status: alert.Firing, AlertName: "ShopUnreachable", Service: "shop",
			Title: "The shop does not answer at all.", Text: "CRITICAL shop: The shop does not answer at all.", State: alert.Delivered, Attempts: 1, CreatedAt: now.Add(-55 * time.Minute),
		},
	}
}

// healthy fills the world with quiet services.
func (w *world) healthy(now time.Time) {
	w.watchdog(now.Add(-time.Hour))
	wave := func(mean float64) func(time.Time) float64 {
		return func(at time.Time) float64 {
			return mean * (1 + 0.08*math.Sin(float64(at.Unix())/40) + 0.05*math.Sin(float64(at.Unix())/11))
		}
	}
	for i, service := range services() {
		size := float64(i + 1)
		for metric, mean := range map[string]float64{
			"service:http_server_request_duration_seconds:p99_rate1m": 0.03 * size,
			"service:http_server_request_duration_seconds:p95_rate1m": 0.02 * size,
			"service:http_server_request_duration_seconds:p50_rate1m": 0.01 * size,
			"service:http_requests:rate1m":                            40 / size,
			"service:http_requests_errors:ratio_rate1m":               0,
			"service:saturation:ratio_rate1m":                         0.02 * size,
		} {
			w.values[metric+" "+service] = wave(mean)
		}
	}
}

func must(t *testing.T, opts console.Options) *console.Console {
	t.Helper()
	c, err := console.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"goldensignals/internal/alert"
	"goldensignals/internal/bubble"
	"goldensignals/internal/engine"
)

const testRules = `groups:
- name: test
  rules:
  - record: floor:temperature_celsius:max
    expr: max by (floor) (temperature_celsius)
  - alert: TooHot
    expr: temperature_celsius > 30
    for: 1m
    labels: {severity: critical}
    annotations: {runbook_url: '{{ $externalLabels.runbook_base }}/TooHot'}
`

const testAlertmanager = `route: {receiver: hook, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 4h}
receivers:
- name: hook
  webhook_configs: [{url: 'http://hook:8080/'}]
`

// world is an engine with one target and one receiver, in virtual time.
type world struct {
	t        *testing.T
	net      *bubble.Network
	engine   *engine.Engine
	files    fstest.MapFS
	client   *http.Client
	stops    []func()
	mu       sync.Mutex
	celsius  float64
	received []alert.Group
}

func newWorld(t *testing.T, dataDir string) *world {
	t.Helper()
	w := stoppedWorld(t, dataDir, false)
	if err := w.engine.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

// stoppedWorld has an engine that is not started yet; with wal it also
// remembers its samples.
func stoppedWorld(t *testing.T, dataDir string, wal bool) *world {
	t.Helper()
	w := &world{t: t, net: &bubble.Network{}, celsius: 20, files: fstest.MapFS{
		"test.rules.yml":   {Data: []byte(testRules)},
		"alertmanager.yml": {Data: []byte(testAlertmanager)},
	}}
	transport := &http.Transport{DialContext: w.net.DialContext, DisableKeepAlives: true}
	w.client = &http.Client{Transport: transport}
	w.serve("room:8080", w.metrics())
	w.serve("hook:8080", http.HandlerFunc(w.hook))
	opts := w.options(dataDir)
	opts.NoWAL = !wal
	e, err := engine.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
	w.serve("prometheus:9090", e.PrometheusHandler())
	w.serve("alertmanager:9093", e.AlertmanagerHandler())
	return w
}

func (w *world) options(dataDir string) engine.Options {
	return engine.Options{
		DataDir:             dataDir,
		Targets:             []engine.Target{{Job: "rooms", Address: "room:8080", Labels: map[string]string{"floor": "1"}}},
		ExternalLabels:      map[string]string{"runbook_base": "http://books"},
		Rules:               engine.RulesFromFS(w.files),
		Alertmanager:        engine.ConfigFromFS(w.files, "alertmanager.yml"),
		AlertmanagerAddress: "alertmanager:9093",
		PrometheusURL:       mustURL("http://prometheus:9090/prometheus"),
		AlertmanagerURL:     mustURL("http://alertmanager:9093/alertmanager"),
		Dial:                w.net.DialContext,
		NoWAL:               true,
	}
}

func (w *world) stop() {
	w.t.Helper()
	if err := w.engine.Stop(); err != nil {
		w.t.Errorf("Stop: %v", err)
	}
	w.client.CloseIdleConnections()
	for _, stop := range w.stops {
		stop()
	}
}

func (w *world) serve(addr string, h http.Handler) {
	stop, err := w.net.Serve(addr, h)
	if err != nil {
		w.t.Fatal(err)
	}
	w.stops = append(w.stops, func() {
		if err := stop(w.t.Context()); err != nil {
			w.t.Errorf("stop %s: %v", addr, err)
		}
	})
}

// metrics serves the temperature, and a native histogram of it with one
// observation for each time that somebody looked.
func (w *world) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	seen := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "temperature_seen_celsius", Help: "How hot the room was when somebody looked.", NativeHistogramBucketFactor: 1.1, Buckets: []float64{20, 30},
	})
	registry.MustRegister(seen, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "temperature_celsius", Help: "How hot the room is."}, func() float64 {
		w.mu.Lock()
		defer w.mu.Unlock()
		seen.Observe(w.celsius)
		return w.celsius
	}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

func (w *world) hook(_ http.ResponseWriter, r *http.Request) {
	var g alert.Group
	if err := json.NewDecoder(r.Body).Decode(&g); err != nil {
		w.t.Errorf("decode webhook: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received = append(w.received, g)
}

func (w *world) heat(celsius float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.celsius = celsius
}

func (w *world) groups() []alert.Group {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.received
}

func (w *world) get(url string) string {
	w.t.Helper()
	resp, err := w.client.Get(url)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		w.t.Errorf("GET %s = %d: %s", url, resp.StatusCode, body)
	}
	return string(body)
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func TestFromScrapeToWebhook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dir)
		defer w.stop()
		time.Sleep(5 * time.Minute)
		if got := w.groups(); len(got) != 0 {
			t.Fatalf("webhooks while cool = %v, want none", got)
		}
		w.heat(40)
		time.Sleep(2 * time.Minute) // scrape 15s + evaluation 15s + for 1m + group_wait 10s < 2m
		got := w.groups()
		if len(got) != 1 || got[0].Status != alert.Firing || len(got[0].Alerts) != 1 {
			t.Fatalf("webhooks when hot = %+v, want one firing", got)
		}
		a := got[0].Alerts[0]
		if a.Name() != "TooHot" || a.Labels["floor"] != "1" || a.Labels["instance"] != "room:8080" {
			t.Errorf("labels = %v", a.Labels)
		}
		if got, want := a.Annotations["runbook_url"], "http://books/TooHot"; got != want {
			t.Errorf("runbook_url = %q, want %q", got, want)
		}
		if _, leaked := a.Labels["runbook_base"]; leaked {
			t.Error("an external label reached the alert")
		}
		if want := "http://prometheus:9090/prometheus/graph"; !strings.HasPrefix(a.GeneratorURL, want) {
			t.Errorf("generatorURL = %q, want prefix %q", a.GeneratorURL, want)
		}
		if body := w.get("http://alertmanager:9093/alertmanager/api/v2/alerts"); !strings.Contains(body, "TooHot") {
			t.Errorf("alertmanager's alerts = %s", body)
		}
		if body := w.get("http://prometheus:9090/prometheus/api/v1/rules"); !strings.Contains(body, `"state":"firing"`) {
			t.Errorf("prometheus' rules = %s", body)
		}
		w.heat(20)
		time.Sleep(3 * time.Minute)
		if got := w.groups(); len(got) != 2 || got[1].Status != alert.Resolved {
			t.Errorf("webhooks after cooling = %+v, want firing, resolved", got)
		}
	})
}

func TestReload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dir)
		defer w.stop()
		tests := []struct{ name, file, content, want string }{
			{"rule with unknown key", "test.rules.yml", "groups:\n- name: x\n  rulez: []\n", "line 3: field rulez not found"},
			{"rule with broken PromQL", "test.rules.yml", "groups:\n- name: x\n  rules:\n  - alert: A\n    expr: sum(\n", "test.rules.yml: 5:"},
			{"unknown receiver", "alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: hook}]\n", "alertmanager.yml: undefined receiver"},
			{"not YAML", "alertmanager.yml", "route: [\n", "alertmanager.yml: yaml: line"},
		}
		for _, tt := range tests {
			good := w.files[tt.file]
			w.files[tt.file] = &fstest.MapFile{Data: []byte(tt.content)}
			if err := w.engine.Reload(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: Reload = %v, want an error with %q", tt.name, err, tt.want)
			}
			w.files[tt.file] = good
		}
		w.heat(40)
		time.Sleep(2 * time.Minute)
		if got := len(w.groups()); got != 1 {
			t.Fatalf("webhooks after refused reloads = %d, want the old rules to fire once", got)
		}
		w.files["test.rules.yml"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(testRules, "TooHot", "TooWarm"))}
		if err := w.engine.Reload(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if body := w.get("http://prometheus:9090/prometheus/api/v1/rules"); !strings.Contains(body, "TooWarm") || strings.Contains(body, "TooHot") {
			t.Errorf("rules after reload = %s", body)
		}
	})
}

func TestSilenceSurvivesRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dir)
		body := fmt.Sprintf(`{"matchers":[{"name":"alertname","value":"TooHot","isRegex":false,"isEqual":true}],
			"startsAt":%q,"endsAt":%q,"createdBy":"test","comment":"known"}`,
			time.Now().Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339))
		resp, err := w.client.Post("http://alertmanager:9093/alertmanager/api/v2/silences", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("create silence = %d", resp.StatusCode)
		}
		w.stop()

		w = newWorld(t, dir)
		defer w.stop()
		w.heat(40)
		time.Sleep(10 * time.Minute)
		if got := w.groups(); len(got) != 0 {
			t.Errorf("webhooks while silenced = %+v, want none", got)
		}
		if body := w.get("http://alertmanager:9093/alertmanager/api/v2/alerts"); !strings.Contains(body, `"suppressed"`) {
			t.Errorf("alerts = %s, want one suppressed", body)
		}
		time.Sleep(time.Hour)
		if got := w.groups(); len(got) != 1 {
			t.Errorf("webhooks after the silence = %d, want 1", len(got))
		}
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*engine.Options)
		want   string
	}{
		{"zero dialer", func(o *engine.Options) { o.Dial = nil }, "a dialer"},
		{"short interval", func(o *engine.Options) { o.ScrapeInterval = time.Millisecond }, "at least 1s"},
		{"data folder is a file", func(o *engine.Options) { o.DataDir = "engine_test.go" }, "create data folder"},
		{"no rules", func(o *engine.Options) { o.Rules = engine.RulesFromFS(fstest.MapFS{}) }, "no rule files"},
		{"rules fail", func(o *engine.Options) {
			o.Rules = func() (engine.RuleFiles, error) { return nil, errors.New("cannot read") }
		}, "cannot read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, net: &bubble.Network{}, files: fstest.MapFS{
				"test.rules.yml":   {Data: []byte(testRules)},
				"alertmanager.yml": {Data: []byte(testAlertmanager)},
			}}
			opts := w.options(t.TempDir())
			tt.change(&opts)
			if _, err := engine.New(opts); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

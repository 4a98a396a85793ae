package deploy_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/dns" // registers it, too

	"goldensignals/internal/bubble"
	"goldensignals/internal/stack"
)

// embedded is what the engine of `gameday up` says of itself.
func embedded(t *testing.T) *config.Config {
	t.Helper()
	public := &url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/"}
	s, err := stack.New(t.Context(), stack.Options{PublicURL: public, Network: &bubble.Network{}, DataDir: t.TempDir(), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := httptest.NewRecorder()
	s.Engine().PrometheusHandler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, public.JoinPath("prometheus/api/v1/status/config").String(), nil))
	var answer struct {
		Data struct{ YAML string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return parse(t, answer.Data.YAML)
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	conf, err := config.Load(text, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

// TestPrometheusIsToldTheSame holds prometheus.yml against what the engine within
// gameday is told, so that the two cannot drift apart.
func TestPrometheusIsToldTheSame(t *testing.T) {
	t.Parallel()
	got, want := parse(t, read(t, "prometheus.yml")), embedded(t)

	// Boards are Grafana's here, and the console's there.
	labels := map[string]string{
		"runbook_base": want.GlobalConfig.ExternalLabels.Get("runbook_base"), "dashboard_base": "http://127.0.0.1:3000",
	}
	if diff := cmp.Diff(labels, got.GlobalConfig.ExternalLabels.Map()); diff != "" {
		t.Errorf("external labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.GlobalConfig, got.GlobalConfig, cmpopts.IgnoreFields(config.GlobalConfig{}, "ExternalLabels"), cmpopts.IgnoreUnexported(config.GlobalConfig{})); diff != "" {
		t.Errorf("global (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(drops(want), drops(got)); diff != "" {
		t.Errorf("labels that alerts leave without (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(alertmanagers(want), alertmanagers(got)); diff != "" {
		t.Errorf("alertmanagers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(targets(want), targets(got)); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

func drops(c *config.Config) (list []string) {
	for _, r := range c.AlertingConfig.AlertRelabelConfigs {
		list = append(list, string(r.Action)+" "+r.Regex.String())
	}
	return list
}

func alertmanagers(c *config.Config) (list []string) {
	for _, am := range c.AlertingConfig.AlertmanagerConfigs {
		for _, t := range static(am.ServiceDiscoveryConfigs) {
			list = append(list, t+am.PathPrefix)
		}
	}
	return list
}

// targets are the addresses with their labels, by job. Those that are looked up are
// known by the instance that they are given. cAdvisor measures real containers only.
func targets(c *config.Config) map[string][]string {
	jobs := map[string][]string{}
	for _, sc := range c.ScrapeConfigs {
		list := static(sc.ServiceDiscoveryConfigs)
		for _, d := range sc.ServiceDiscoveryConfigs {
			if _, ok := d.(*dns.SDConfig); ok {
				for _, r := range sc.RelabelConfigs {
					list = append(list, r.Replacement+" "+model.LabelSet{}.String())
				}
			}
		}
		for i := range list {
			list[i] += sc.MetricsPath
		}
		slices.Sort(list)
		jobs[sc.JobName] = list
	}
	delete(jobs, "cadvisor")
	return jobs
}

func static(configs discovery.Configs) (list []string) {
	for _, c := range configs {
		groups, ok := c.(discovery.StaticConfig)
		if !ok {
			continue
		}
		for _, g := range groups {
			for _, t := range g.Targets {
				list = append(list, string(t[model.AddressLabel])+" "+g.Labels.String())
			}
		}
	}
	return list
}

package engine

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"go.yaml.in/yaml/v3"
)

// serverConfig writes the prometheus.yml that says what opts says and loads
// it as Prometheus would, so that every default and check is Prometheus' own
// and /api/v1/status/config shows the truth.
func serverConfig(opts Options) (*config.Config, error) {
	type m = map[string]any
	var jobs []m // uncompressed: every target is on this machine
	for _, job := range jobNames(opts.Targets) {
		var static []m
		var first Target
		for _, t := range opts.Targets {
			if t.Job != job {
				continue
			}
			if static == nil {
				first = t
			}
			static = append(static, m{"targets": []string{t.Address}, "labels": t.Labels})
		}
		conf := m{"job_name": job, "static_configs": static, "enable_compression": false}
		if first.Path != "" {
			conf["metrics_path"] = first.Path
		}
		if first.Names != nil {
			conf["params"] = m{"name[]": first.Names}
		}
		jobs = append(jobs, conf)
	}
	// The external labels tell rules where this installation serves runbooks
	// and boards; as labels of an alert they would only be noise.
	var drop []m
	if len(opts.ExternalLabels) > 0 {
		names := slices.Sorted(maps.Keys(opts.ExternalLabels))
		drop = []m{{"action": "labeldrop", "regex": strings.Join(names, "|")}}
	}
	text, err := yaml.Marshal(m{
		"global": m{
			"scrape_interval":                  opts.ScrapeInterval.String(),
			"scrape_timeout":                   min(opts.ScrapeInterval, 10e9).String(),
			"evaluation_interval":              opts.EvaluationInterval.String(),
			"external_labels":                  opts.ExternalLabels,
			"scrape_native_histograms":         true,
			"always_scrape_classic_histograms": true,
		},
		"scrape_configs": jobs,
		"alerting": m{
			"alert_relabel_configs": drop,
			"alertmanagers": []m{{
				"path_prefix":    opts.AlertmanagerURL.Path,
				"static_configs": []m{{"targets": []string{opts.AlertmanagerAddress}}},
			}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("write prometheus configuration: %w", err)
	}
	conf, err := config.Load(string(text), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("load prometheus configuration: %w", err)
	}
	return conf, nil
}

func jobNames(targets []Target) []string {
	var names []string
	for _, t := range targets {
		if !slices.Contains(names, t.Job) {
			names = append(names, t.Job)
		}
	}
	return names
}

// scrapeTargets and notifierTargets read the static targets back from conf,
// keyed as the managers expect them from discovery.
func scrapeTargets(conf *config.Config) map[string][]*targetgroup.Group {
	groups := map[string][]*targetgroup.Group{}
	for _, sc := range conf.ScrapeConfigs {
		groups[sc.JobName] = staticGroups(sc.ServiceDiscoveryConfigs)
	}
	return groups
}

func notifierTargets(conf *config.Config) map[string][]*targetgroup.Group {
	groups := map[string][]*targetgroup.Group{}
	for name, am := range conf.AlertingConfig.AlertmanagerConfigs.ToMap() {
		groups[name] = staticGroups(am.ServiceDiscoveryConfigs)
	}
	return groups
}

func staticGroups(configs discovery.Configs) []*targetgroup.Group {
	var groups []*targetgroup.Group
	for _, c := range configs {
		if static, ok := c.(discovery.StaticConfig); ok {
			groups = append(groups, static...)
		}
	}
	// A target group is told from others by its source.
	for i, g := range groups {
		g.Source = fmt.Sprint(i)
	}
	return groups
}

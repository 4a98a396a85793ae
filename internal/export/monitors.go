package export

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// The labels of Services that monitors select by.
const (
	appName      = "app.kubernetes.io/name"
	appComponent = "app.kubernetes.io/component"
)

// Jobs of the platform beside the shop, and the name of the Service of each.
func otherJobs() []monitor {
	return []monitor{
		{job: "load", selects: map[string]string{appName: "load"}},
		// What customers see of the shop: its series are the shop's.
		{job: "probe", selects: map[string]string{appName: "prober"}, service: relabeling{Target: "service", Replacement: "shop"}},
		{job: "alertrouter", selects: map[string]string{appName: "alertrouter"}},
		{job: "gameday", selects: map[string]string{appName: "gameday"}},
	}
}

// monitor says what one ServiceMonitor scrapes.
type monitor struct {
	job     string
	selects map[string]string
	service relabeling // how targets get the label service; the zero value: they have none
}

// relabeling is a relabelling rule as a ServiceMonitor writes it.
type relabeling struct {
	Sources     []string `yaml:"sourceLabels,omitempty,flow"`
	Regex       string   `yaml:"regex,omitempty"`
	Target      string   `yaml:"targetLabel,omitempty"`
	Replacement string   `yaml:"replacement,omitempty"`
	Action      string   `yaml:"action,omitempty"`
}

type monitorSpec struct {
	Namespaces *namespaces `yaml:"namespaceSelector,omitempty"`
	Selector   selector    `yaml:"selector"`
	Native     bool        `yaml:"scrapeNativeHistograms"`
	Classic    bool        `yaml:"scrapeClassicHistograms"`
	Endpoints  []endpoint  `yaml:"endpoints"`
}

type namespaces struct {
	Names []string `yaml:"matchNames,flow"`
}

type selector struct {
	Labels map[string]string `yaml:"matchLabels"`
}

type endpoint struct {
	Port        string       `yaml:"port"`
	Interval    string       `yaml:"interval"`
	Timeout     string       `yaml:"scrapeTimeout"`
	Relabelings []relabeling `yaml:"relabelings"`
}

// Monitors says what is scraped.
type Monitors struct {
	Interval   time.Duration // above zero, whole milliseconds
	Namespaces []string      // where the Services are; none: in that of the monitors
}

// Document writes the ServiceMonitors. The targets have the labels that they have in
// every other way to run: job, service, instance and no other, so rules and boards
// need not notice. The label instance is pod and port: with the name of the Service,
// two pods of one service would be one series.
func (m Monitors) Document(meta Meta) (Document, error) {
	if m.Interval < time.Second {
		return Document{}, fmt.Errorf("scrape interval %v: give a second or more", m.Interval)
	}
	shop := monitor{
		job: "shop", selects: map[string]string{appComponent: "shop"},
		service: relabeling{Sources: []string{"__meta_kubernetes_service_label_app_kubernetes_io_name"}, Target: "service"},
	}
	var resources []resource
	for _, one := range append([]monitor{shop}, otherJobs()...) {
		resources = append(resources, resource{
			APIVersion: "monitoring.coreos.com/v1", Kind: "ServiceMonitor",
			Metadata: meta.metadata(Platform+"-"+one.job, nil), Spec: m.spec(one),
		})
	}
	return document("monitors.yaml", resources...)
}

func (m Monitors) spec(one monitor) monitorSpec {
	s := monitorSpec{
		Selector: selector{map[string]string{partOf: Platform}},
		// As everywhere else: rules and boards ask for both.
		Native: true, Classic: true,
		Endpoints: []endpoint{{
			Port:        "http",
			Interval:    model.Duration(m.Interval).String(),
			Timeout:     model.Duration(min(m.Interval, 10*time.Second)).String(),
			Relabelings: one.relabelings(),
		}},
	}
	for key, value := range one.selects {
		s.Selector.Labels[key] = value
	}
	if len(m.Namespaces) > 0 {
		s.Namespaces = &namespaces{m.Namespaces}
	}
	return s
}

// relabelings come after the operator's own, which have set job, service, namespace,
// pod, container and endpoint.
func (m monitor) relabelings() []relabeling {
	drop := []string{"namespace", "pod", "container", "endpoint"}
	list := []relabeling{{Target: "job", Replacement: m.job}}
	if m.service.Target != "" {
		list = append(list, m.service)
	} else {
		drop = append(drop, "service")
	}
	return append(list,
		relabeling{Sources: []string{"__meta_kubernetes_pod_name", "__address__"}, Regex: `(.+);.*:(\d+)`, Target: "instance", Replacement: "$1:$2"},
		relabeling{Regex: strings.Join(drop, "|"), Action: "labeldrop"},
	)
}

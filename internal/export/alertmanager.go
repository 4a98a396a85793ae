package export

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	amconfig "github.com/prometheus/alertmanager/config"
	amcommon "github.com/prometheus/alertmanager/config/common"
	"github.com/prometheus/alertmanager/notify/webhook"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// InhibitNames is the annotation that keeps the names of inhibition rules, one a line
// in their order: an AlertmanagerConfig has no place for them.
const InhibitNames = "inhibit-rule-names"

type alertmanagerSpec struct {
	Route        route         `yaml:"route"`
	Receivers    []receiver    `yaml:"receivers"`
	InhibitRules []inhibitRule `yaml:"inhibitRules,omitempty"`
}

type route struct {
	Receiver       string    `yaml:"receiver,omitempty"`
	GroupBy        []string  `yaml:"groupBy,omitempty,flow"`
	GroupWait      string    `yaml:"groupWait,omitempty"`
	GroupInterval  string    `yaml:"groupInterval,omitempty"`
	RepeatInterval string    `yaml:"repeatInterval,omitempty"`
	Matchers       []matcher `yaml:"matchers,omitempty"`
	Continue       bool      `yaml:"continue,omitempty"`
	Routes         []route   `yaml:"routes,omitempty"`
}

type matcher struct {
	Name  string `yaml:"name"`
	Type  quoted `yaml:"matchType"`
	Value string `yaml:"value"`
}

// quoted is a text that is always written in quotes: some readers take a bare = for
// something else.
type quoted string

// MarshalYAML implements yaml.Marshaler.
func (q quoted) MarshalYAML() (any, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.SingleQuotedStyle, Value: string(q)}, nil
}

type inhibitRule struct {
	Source []matcher `yaml:"sourceMatch"`
	Target []matcher `yaml:"targetMatch"`
	Equal  []string  `yaml:"equal,omitempty,flow"`
}

type receiver struct {
	Name     string          `yaml:"name"`
	Webhooks []webhookConfig `yaml:"webhookConfigs,omitempty"`
}

type webhookConfig struct {
	URL          string      `yaml:"url,omitempty"`
	URLSecret    *secretKey  `yaml:"urlSecret,omitempty"`
	SendResolved bool        `yaml:"sendResolved"`
	MaxAlerts    uint64      `yaml:"maxAlerts,omitempty"`
	Timeout      string      `yaml:"timeout,omitempty"`
	HTTP         *httpConfig `yaml:"httpConfig,omitempty"`
}

type httpConfig struct {
	Authorization authorization `yaml:"authorization"`
}

type authorization struct {
	Type        string    `yaml:"type,omitempty"`
	Credentials secretKey `yaml:"credentials"`
}

type secretKey struct {
	Name string `yaml:"name"`
	Key  string `yaml:"key"`
}

// Alertmanager writes an Alertmanager configuration as an AlertmanagerConfig that
// means the same where the operator does not add a matcher of its own: named in
// spec.alertmanagerConfiguration of the Alertmanager, or with
// alertmanagerConfigMatcherStrategy None. Its errors name file, line and key.
func Alertmanager(file string, content []byte, meta Meta) (Document, error) {
	config, err := amconfig.Load(string(content))
	if err != nil {
		return Document{}, fmt.Errorf("alertmanager configuration %s: %w", file, err)
	}
	if err := checkKeys(file, content); err != nil {
		return Document{}, err
	}
	spec := alertmanagerSpec{Route: exportRoute(config.Route)}
	for _, r := range config.Receivers {
		exported, err := exportReceiver(r)
		if err != nil {
			return Document{}, fmt.Errorf("%s: receiver %s: %w", file, r.Name, err)
		}
		spec.Receivers = append(spec.Receivers, exported)
	}
	var names []string
	for _, r := range config.InhibitRules {
		names = append(names, r.Name)
		spec.InhibitRules = append(spec.InhibitRules, exportInhibitRule(r))
	}
	md := meta.metadata(Platform, nil)
	if slices.ContainsFunc(names, func(name string) bool { return name != "" }) {
		md.Annotations = map[string]string{InhibitNames: strings.Join(names, "\n") + "\n"}
	}
	return document("alertmanager.yaml", resource{
		APIVersion: "monitoring.coreos.com/v1alpha1", Kind: "AlertmanagerConfig", Metadata: md, Spec: spec,
	})
}

func exportRoute(r *amconfig.Route) route {
	out := route{
		Receiver: r.Receiver, GroupBy: r.GroupByStr, Matchers: exportMatchers(r.Matchers), Continue: r.Continue,
		GroupWait: clock(r.GroupWait), GroupInterval: clock(r.GroupInterval), RepeatInterval: clock(r.RepeatInterval),
	}
	for _, child := range r.Routes {
		out.Routes = append(out.Routes, exportRoute(child))
	}
	return out
}

// clock is empty for what the route inherits.
func clock(d *model.Duration) string {
	if d == nil {
		return ""
	}
	return d.String()
}

func exportMatchers(matchers []*labels.Matcher) []matcher {
	var out []matcher
	for _, m := range matchers {
		out = append(out, matcher{m.Name, quoted(m.Type.String()), m.Value})
	}
	return out
}

func exportInhibitRule(r amcommon.InhibitRule) inhibitRule {
	return inhibitRule{exportMatchers(r.SourceMatchers), exportMatchers(r.TargetMatchers), r.Equal}
}

func exportReceiver(r amconfig.Receiver) (receiver, error) {
	out := receiver{Name: r.Name}
	for _, w := range r.WebhookConfigs {
		exported, err := exportWebhook(w)
		if err != nil {
			return out, err
		}
		out.Webhooks = append(out.Webhooks, exported)
	}
	return out, nil
}

func exportWebhook(w *webhook.WebhookConfig) (webhookConfig, error) {
	out := webhookConfig{URL: string(w.URL), SendResolved: w.SendResolved(), MaxAlerts: w.MaxAlerts}
	if w.Timeout > 0 {
		out.Timeout = model.Duration(w.Timeout).String()
	}
	if w.URLFile != "" {
		key, err := mounted("url_file", w.URLFile)
		if err != nil {
			return out, err
		}
		out.URLSecret = &key
	}
	if w.HTTPConfig == nil || w.HTTPConfig.Authorization == nil {
		return out, nil
	}
	key, err := mounted("http_config.authorization.credentials_file", w.HTTPConfig.Authorization.CredentialsFile)
	out.HTTP = &httpConfig{authorization{w.HTTPConfig.Authorization.Type, key}}
	return out, err
}

// mounted says which key of which Secret a file is: the operator mounts those that
// spec.secrets of the Alertmanager names.
func mounted(key, file string) (secretKey, error) {
	parts := regexp.MustCompile(`^/etc/alertmanager/secrets/([^/]+)/([^/]+)$`).FindStringSubmatch(file)
	if parts == nil {
		return secretKey{}, fmt.Errorf("%s: an AlertmanagerConfig names a Secret and no file; put it into one and write /etc/alertmanager/secrets/SECRET/KEY instead of %q", key, file)
	}
	return secretKey{parts[1], parts[2]}, nil
}

// checkKeys returns an error for every key of the file that would be lost.
func checkKeys(file string, content []byte) error {
	var root yaml.Node
	if err := yaml.Unmarshal(content, &root); err != nil {
		return fmt.Errorf("alertmanager configuration %s: %w", file, err)
	}
	c := keyCheck{file: file}
	for _, n := range root.Content {
		c.walk(n, "the file", "")
	}
	return errors.Join(c.errs...)
}

type keyCheck struct {
	file string
	errs []error
}

// places has, for each part of the file, the keys that have a place in an
// AlertmanagerConfig, and which part is below each; "" is a plain value.
func places() map[string]map[string]string {
	return map[string]map[string]string{
		"the file": {"route": "a route", "receivers": "a receiver", "inhibit_rules": "an inhibition rule"},
		"a route": {
			"receiver": "", "group_by": "", "group_wait": "", "group_interval": "", "repeat_interval": "",
			"matchers": "", "continue": "", "routes": "a route",
		},
		"an inhibition rule": {"name": "", "source_matchers": "", "target_matchers": "", "equal": ""},
		"a receiver":         {"name": "", "webhook_configs": "a webhook"},
		"a webhook":          {"url": "", "url_file": "", "send_resolved": "", "max_alerts": "", "timeout": "", "http_config": "http_config"},
		"http_config":        {"authorization": "authorization"},
		"authorization":      {"type": "", "credentials_file": ""},
	}
}

// remedy says what to do about a key that has no place.
func remedy(part, key string) string {
	switch {
	case key == "global":
		return "set it in spec.alertmanagerConfiguration.global of the Alertmanager"
	case key == "templates":
		return "name them in spec.alertmanagerConfiguration.templates of the Alertmanager"
	case key == "match" || key == "match_re":
		return "write it in matchers"
	case strings.HasPrefix(key, "source_match") || strings.HasPrefix(key, "target_match"):
		return "write it in " + key[:len("source_match")] + "ers"
	case part == "authorization" && key == "credentials":
		return "put it into a Secret and write credentials_file: /etc/alertmanager/secrets/SECRET/KEY"
	case part == "a receiver":
		return "only webhook receivers are exported; let the router tell people, or keep the file as it is in a Secret and name that in spec.configSecret of the Alertmanager"
	default:
		return "leave it out, or keep the file as it is in a Secret and name that in spec.configSecret of the Alertmanager"
	}
}

// walk checks a part of the file, or each of a list of them.
func (c *keyCheck) walk(n *yaml.Node, part, path string) {
	switch n.Kind { //nolint:exhaustive // scalars have no keys
	case yaml.AliasNode:
		c.walk(n.Alias, part, path)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			c.walk(item, part, path)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			c.key(n.Content[i], n.Content[i+1], part, path)
		}
	}
}

func (c *keyCheck) key(key, value *yaml.Node, part, path string) {
	if key.Tag == "!!merge" {
		c.walk(value, part, path)
		return
	}
	below, ok := places()[part][key.Value]
	path = strings.TrimPrefix(path+"."+key.Value, ".")
	switch {
	case !ok:
		c.errs = append(c.errs, fmt.Errorf("%s:%d: %s cannot be exported: %s", c.file, key.Line, path, remedy(part, key.Value)))
	case below != "":
		c.walk(value, below, path)
	}
}

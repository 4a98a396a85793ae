package export_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	amconfig "github.com/prometheus/alertmanager/config"
	pkglabels "github.com/prometheus/alertmanager/pkg/labels"
	httpcommon "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"goldensignals/alerts"
	"goldensignals/internal/export"
)

// decoded is a document as somebody else reads it.
type decoded struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace     string
		Labels, Annotations map[string]string
	}
	Data map[string]string
	Spec map[string]any
}

func decode(t *testing.T, body []byte) []decoded {
	t.Helper()
	var list []decoded
	for dec := yaml.NewDecoder(bytes.NewReader(body)); ; {
		var d decoded
		err := dec.Decode(&d)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
}

// encode writes YAML. At its usual indentation of 4, the package writes a text that
// begins with blanks so that it cannot be read again.
func encode(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(v), enc.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rules parses rule files as Prometheus does.
func rules(t *testing.T, files map[string]string) map[string]*rulefmt.RuleGroups {
	t.Helper()
	parsed := map[string]*rulefmt.RuleGroups{}
	for name, content := range files {
		groups, errs := rulefmt.Parse([]byte(content), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
		if len(errs) > 0 {
			t.Fatal(errors.Join(errs...))
		}
		parsed[name] = groups
	}
	return parsed
}

func shippedRules(t *testing.T) map[string]string {
	t.Helper()
	names, err := fs.Glob(alerts.FS(), "*.rules.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("rule files: %v, %v", names, err)
	}
	files := map[string]string{}
	for _, name := range names {
		content, err := fs.ReadFile(alerts.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	return files
}

func shippedConfig(t *testing.T) []byte {
	t.Helper()
	content, err := fs.ReadFile(alerts.FS(), "alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestRulesComeBack turns PrometheusRules back into rule files: Prometheus reads the
// same rules, with the links in the place of the external labels.
func TestRulesComeBack(t *testing.T) {
	t.Parallel()
	const books, boards = "https://alerts.example.org/runbooks", "https://boards.example.org"
	for name, tt := range map[string]struct {
		bases export.Bases
		want  *strings.Replacer
	}{
		"kept":   {export.Bases{Keep: true}, strings.NewReplacer()},
		"filled": {export.Bases{Runbooks: books + "/", Dashboards: boards}, strings.NewReplacer("{{ $externalLabels.runbook_base }}", books, "{{ $externalLabels.dashboard_base }}", boards)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := shippedRules(t)
			docs, err := export.Rules(rules(t, files), tt.bases, export.Meta{Namespace: "shop"})
			if err != nil {
				t.Fatal(err)
			}
			got, want := map[string]string{}, map[string]string{}
			for _, d := range docs {
				resource := decode(t, d.Body)[0]
				got[strings.TrimPrefix(resource.Metadata.Name, "golden-signals-")+".rules.yml"] = encode(t, resource.Spec)
			}
			for file, content := range files {
				want[file] = tt.want.Replace(content)
			}
			if diff := cmp.Diff(groupsOf(rules(t, want)), groupsOf(rules(t, got))); diff != "" {
				t.Errorf("rules differ (-file +exported):\n%s", diff)
			}
		})
	}
}

func groupsOf(files map[string]*rulefmt.RuleGroups) map[string][]rulefmt.RuleGroup {
	groups := map[string][]rulefmt.RuleGroup{}
	for name, f := range files {
		groups[name] = f.Groups
	}
	return groups
}

func TestRulesWithEveryField(t *testing.T) {
	t.Parallel()
	const content = `groups:
  - name: all
    interval: 30s
    query_offset: 1m
    limit: 7
    labels: {team: shop}
    rules:
      - record: a:b:c
        expr: vector(1)
        labels: {severity: "1"}
      - alert: A
        expr: |2
            vector(1) # the first
          > 0
        for: 1m
        keep_firing_for: 2m
        annotations: {summary: "yes"}
`
	files := rules(t, map[string]string{"all.yml": content})
	docs, err := export.Rules(files, export.Bases{}, export.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	back := encode(t, decode(t, docs[0].Body)[0].Spec)
	if diff := cmp.Diff(groupsOf(files), groupsOf(rules(t, map[string]string{"all.yml": back}))); diff != "" {
		t.Errorf("rules differ (-file +exported):\n%s", diff)
	}
}

func TestRulesRefused(t *testing.T) {
	t.Parallel()
	alert := func(annotation string) string {
		return "groups: [{name: g, rules: [{alert: A, expr: vector(1), annotations: {runbook_url: '" + annotation + "'}}]}]"
	}
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no base":        {map[string]string{"a.yml": alert("{{ $externalLabels.runbook_base }}/A")}, "a.yml: A: annotations: runbook_url: asks for the external label runbook_base"},
		"in an if":       {map[string]string{"a.yml": alert("{{ if $externalLabels.runbook_base }}x{{ end }}")}, "part of a longer expression"},
		"the same name":  {map[string]string{"a.yml": alert("x"), "folder/a.yml": alert("x")}, "a.yml and folder/a.yml would both be the PrometheusRule golden-signals-a"},
		"no name for it": {map[string]string{"My Rules.yml": alert("x")}, "My Rules.yml: a resource cannot be named"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := export.Rules(rules(t, tt.files), export.Bases{}, export.Meta{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q in it", err, tt.want)
			}
		})
	}
}

// snake turns the keys of an AlertmanagerConfig back into those of Alertmanager.
func snake(t *testing.T, v any) any {
	t.Helper()
	keys := map[string]string{
		"groupBy": "group_by", "groupWait": "group_wait", "groupInterval": "group_interval", "repeatInterval": "repeat_interval",
		"inhibitRules": "inhibit_rules", "sourceMatch": "source_matchers", "targetMatch": "target_matchers",
		"webhookConfigs": "webhook_configs", "sendResolved": "send_resolved", "maxAlerts": "max_alerts",
		"httpConfig": "http_config",
	}
	switch v := v.(type) {
	case []any:
		var list []any
		for _, item := range v {
			list = append(list, snake(t, item))
		}
		return list
	case map[string]any:
		if kind, ok := v["matchType"]; ok {
			return fmt.Sprintf("%s%s%q", v["name"], kind, v["value"])
		}
		out := map[string]any{}
		for key, value := range v {
			switch renamed, ok := keys[key]; {
			case key == "urlSecret":
				out["url_file"] = secretFile(value)
			case key == "credentials":
				out["credentials_file"] = secretFile(value)
			case ok:
				out[renamed] = snake(t, value)
			default:
				out[key] = snake(t, value)
			}
		}
		return out
	default:
		return v
	}
}

func secretFile(v any) string {
	secret := v.(map[string]any)
	return fmt.Sprintf("/etc/alertmanager/secrets/%s/%s", secret["name"], secret["key"])
}

// TestAlertmanagerComesBack turns AlertmanagerConfigs back into Alertmanager's own
// configuration, which reads the same routes, receivers and inhibition rules.
func TestAlertmanagerComesBack(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"shipped": string(shippedConfig(t)),
		"secrets": `
route:
  receiver: a
  group_by: ["..."]
  routes:
    - {receiver: b, continue: true, matchers: ['x=~"a|b"', 'y!~"\\d"', 'z!=""']}
receivers:
  - name: a
    webhook_configs:
      - url_file: /etc/alertmanager/secrets/hook/url
        send_resolved: false
        max_alerts: 3
      - url: http://b/
        http_config: {authorization: {type: Token, credentials_file: /etc/alertmanager/secrets/router/token}}
  - name: b
inhibit_rules:
  - {source_matchers: [a="b"], target_matchers: [c="d"]}
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := export.Alertmanager("alertmanager.yml", []byte(content), export.Meta{})
			if err != nil {
				t.Fatal(err)
			}
			resource := decode(t, doc.Body)[0]
			want, got := load(t, content), load(t, encode(t, snake(t, resource.Spec)))
			var names []string
			for i := range want.InhibitRules {
				names = append(names, want.InhibitRules[i].Name)
				want.InhibitRules[i].Name = ""
			}
			same := cmp.Options{
				cmp.Comparer(func(a, b *pkglabels.Matcher) bool { return a.String() == b.String() }),
				cmpopts.IgnoreUnexported(httpcommon.ProxyConfig{}),
			}
			for part, pair := range map[string][2]any{
				"route": {want.Route, got.Route}, "receivers": {want.Receivers, got.Receivers}, "inhibition": {want.InhibitRules, got.InhibitRules},
			} {
				if diff := cmp.Diff(pair[0], pair[1], same); diff != "" {
					t.Errorf("%s differs (-file +exported):\n%s", part, diff)
				}
			}
			if kept := resource.Metadata.Annotations[export.InhibitNames]; strings.Join(names, "") != "" && kept != strings.Join(names, "\n")+"\n" {
				t.Errorf("names of inhibition rules: %q, want %q", kept, names)
			}
		})
	}
}

func load(t *testing.T, content string) *amconfig.Config {
	t.Helper()
	c, err := amconfig.Load(content)
	if err != nil {
		t.Fatalf("%v in\n%s", err, content)
	}
	return c
}

func TestAlertmanagerRefuses(t *testing.T) {
	t.Parallel()
	const hook = "receivers: [{name: r, webhook_configs: [{url: 'http://r/'}]}]\n"
	for name, tt := range map[string]struct{ content, want string }{
		"not Alertmanager's": {"route: {}", "alertmanager configuration am.yml: root route must specify"},
		"global":             {"route: {receiver: r}\n" + hook + "global: {resolve_timeout: 1m}", "am.yml:3: global cannot be exported: set it in spec.alertmanagerConfiguration.global"},
		"templates":          {"route: {receiver: r}\n" + hook + "templates: [a]", "am.yml:3: templates cannot be exported"},
		"times":              {"route: {receiver: r}\n" + hook + "time_intervals: []", "am.yml:3: time_intervals cannot be exported"},
		"old matchers": {"route:\n  receiver: r\n  routes:\n    - match: {a: b}\n" + hook,
			"am.yml:4: route.routes.match cannot be exported: write it in matchers"},
		"old inhibition": {"route: {receiver: r}\n" + hook + "inhibit_rules: [{source_match: {a: b}, target_match_re: {c: d}}]",
			"inhibit_rules.target_match_re cannot be exported: write it in target_matchers"},
		"labels of a route": {"route: {receiver: r, labels: {a: b}}\n" + hook, "am.yml:1: route.labels cannot be exported"},
		"mail":              {"route: {receiver: r}\nreceivers: [{name: r, email_configs: [{to: a@b, smarthost: 'c:25', from: d@e}]}]", "receivers.email_configs cannot be exported: only webhook receivers"},
		"a proxy":           {"route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: 'http://r/', http_config: {proxy_url: 'http://p/'}}]}]", "receivers.webhook_configs.http_config.proxy_url cannot be exported"},
		"a secret in the file": {"route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: 'http://r/', http_config: {authorization: {credentials: x}}}]}]",
			"authorization.credentials cannot be exported: put it into a Secret"},
		"a file that is no secret": {"route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url_file: /etc/url}]}]", "am.yml: receiver r: url_file: an AlertmanagerConfig names a Secret and no file"},
		"behind an anchor":         {"route:\n  receiver: r\n  routes:\n    - &a {matchers: [a=b], labels: {c: d}}\n    - *a\n" + hook, "am.yml:4: route.routes.labels cannot be exported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := export.Alertmanager("am.yml", []byte(tt.content), export.Meta{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestTargetsHaveTheLabelsOfTheStack relabels what the operator discovers.
func TestTargetsHaveTheLabelsOfTheStack(t *testing.T) {
	t.Parallel()
	doc, err := export.Monitors{Interval: 5 * time.Second}.Document(export.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	service := map[string]string{"shop": "payments", "probe": "prober"}
	want := map[string]map[string]string{
		"shop":        {"job": "shop", "service": "payments", "instance": "payments-7d9f-x2x:8080"},
		"load":        {"job": "load", "instance": "load-7d9f-x2x:8080"},
		"probe":       {"job": "probe", "service": "shop", "instance": "prober-7d9f-x2x:8080"},
		"alertrouter": {"job": "alertrouter", "instance": "alertrouter-7d9f-x2x:8080"},
		"gameday":     {"job": "gameday", "instance": "gameday-7d9f-x2x:8080"},
	}
	got := map[string]map[string]string{}
	for _, m := range decode(t, doc.Body) {
		job := strings.TrimPrefix(m.Metadata.Name, "golden-signals-")
		name := service[job]
		if name == "" {
			name = job
		}
		got[job] = relabelled(t, m, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("labels of targets (-want +got):\n%s", diff)
	}
}

func relabelled(t *testing.T, monitor decoded, service string) map[string]string {
	t.Helper()
	endpoint := monitor.Spec["endpoints"].([]any)[0].(map[string]any)
	if endpoint["interval"] != "5s" || endpoint["scrapeTimeout"] != "5s" {
		t.Errorf("%s is scraped every %v, for %v", monitor.Metadata.Name, endpoint["interval"], endpoint["scrapeTimeout"])
	}
	lb := labels.NewBuilder(labels.FromStrings(
		"__address__", "10.1.2.3:8080", "__meta_kubernetes_pod_name", service+"-7d9f-x2x",
		"__meta_kubernetes_service_label_app_kubernetes_io_name", service,
		// What the operator makes of that before its own rules end.
		"namespace", "golden-signals", "service", service, "pod", service+"-7d9f-x2x", "container", service, "endpoint", "http", "job", service,
	))
	for _, item := range endpoint["relabelings"].([]any) {
		rule := relabel.DefaultRelabelConfig
		text, err := yaml.Marshal(renamed(item.(map[string]any)))
		if err == nil {
			err = yaml.Unmarshal(text, &rule)
		}
		if err == nil {
			err = rule.Validate(model.UTF8Validation)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !relabel.ProcessBuilder(lb, &rule) {
			t.Fatalf("%s drops its target", monitor.Metadata.Name)
		}
	}
	final := map[string]string{}
	lb.Labels().Range(func(l labels.Label) {
		if !strings.HasPrefix(l.Name, "__") {
			final[l.Name] = l.Value
		}
	})
	return final
}

func renamed(rule map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range rule {
		switch key {
		case "sourceLabels":
			key = "source_labels"
		case "targetLabel":
			key = "target_label"
		}
		out[key] = value
	}
	return out
}

func TestMonitorsElsewhere(t *testing.T) {
	t.Parallel()
	doc, err := export.Monitors{Interval: time.Minute, Namespaces: []string{"shop"}}.Document(export.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"matchNames": []any{"shop"}}
	if diff := cmp.Diff(want, decode(t, doc.Body)[0].Spec["namespaceSelector"]); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
	if _, err := (export.Monitors{}).Document(export.Meta{}); err == nil {
		t.Error("an interval of 0 is accepted")
	}
}

func TestDashboards(t *testing.T) {
	t.Parallel()
	const board = "{\n  \"title\": \"It's {{service}}: \\\"yes\\\" # no\",\n\t\"tags\": []\n}\n"
	docs, err := export.Dashboards(fstest.MapFS{"shop.json": {Data: []byte(board)}, "shop.go": {}}, export.Meta{Labels: map[string]string{"team": "a"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 1 || docs[0].File != "dashboard-shop.yaml" {
		t.Fatalf("documents: %v", docs)
	}
	got := decode(t, docs[0].Body)[0]
	want := map[string]string{"app.kubernetes.io/part-of": "golden-signals", "grafana_dashboard": "1", "team": "a"}
	if got.Kind != "ConfigMap" || got.Data["shop.json"] != board {
		t.Errorf("%s holds %q, want %q", got.Kind, got.Data["shop.json"], board)
	}
	if diff := cmp.Diff(want, got.Metadata.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestDashboardsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, content, want string
	}{
		"no JSON":   {"a.json", "{", "dashboard a.json: it is no JSON"},
		"too large": {"a.json", `"` + strings.Repeat("x", 1<<20) + `"`, "more than a ConfigMap holds"},
		"no name":   {"A_B.json", "{}", "dashboard A_B.json: a resource cannot be named"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := export.Dashboards(fstest.MapFS{tt.file: {Data: []byte(tt.content)}}, export.Meta{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want string // empty: fine
	}{
		"nothing":      {export.Meta{}.Validate(), ""},
		"all":          {export.Meta{Namespace: "a-b", Labels: map[string]string{"example.org/release": "kube.1"}}.Validate(), ""},
		"namespace":    {export.Meta{Namespace: "A"}.Validate(), `namespace "A"`},
		"label":        {export.Meta{Labels: map[string]string{"a b": "c"}}.Validate(), "label a b=c"},
		"label value":  {export.Meta{Labels: map[string]string{"a": "b c"}}.Validate(), "label a=b c"},
		"no base":      {export.Bases{}.Validate(), ""},
		"bases":        {export.Bases{Runbooks: "https://a/b", Dashboards: "http://c"}.Validate(), ""},
		"no link":      {export.Bases{Runbooks: "a.example.org"}.Validate(), "runbook_base"},
		"not the web":  {export.Bases{Dashboards: "ftp://a/"}.Validate(), "dashboard_base"},
		"a template":   {export.Bases{Runbooks: "http://a/{{x}}"}.Validate(), "runbook_base"},
		"without host": {export.Bases{Runbooks: "http:///b"}.Validate(), "runbook_base"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			switch {
			case tt.want == "" && tt.err != nil:
				t.Errorf("refused: %v", tt.err)
			case tt.want != "" && (tt.err == nil || !strings.Contains(tt.err.Error(), tt.want)):
				t.Errorf("error is %v, want %q in it", tt.err, tt.want)
			}
		})
	}
}

func TestJoinAndKustomization(t *testing.T) {
	t.Parallel()
	docs := []export.Document{{File: "a.yaml", Body: []byte("kind: A\n")}, {File: "b.yaml", Body: []byte("kind: B\n")}}
	if got, want := string(export.Join(docs)), "kind: A\n---\nkind: B\n"; got != want {
		t.Errorf("joined: %q, want %q", got, want)
	}
	list, err := export.Kustomization(docs)
	if err != nil {
		t.Fatal(err)
	}
	want := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - a.yaml\n  - b.yaml\n"
	if diff := cmp.Diff(want, string(list.Body)); diff != "" {
		t.Errorf("kustomization.yaml (-want +got):\n%s", diff)
	}
}

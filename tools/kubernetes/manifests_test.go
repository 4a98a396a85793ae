// Package kubernetes_test reads the manifests of deploy/kubernetes as a cluster does:
// strictly, into the types of Kubernetes and of the Prometheus Operator. It is a module
// of its own, so that their packages are no burden on the product's.
package kubernetes_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const folder = "../../deploy/kubernetes"

// object is one document, typed.
type object struct {
	file string
	metav1.Object
}

// empty returns the type of a kind.
func empty(kind string) metav1.Object {
	switch kind {
	case "v1/Namespace":
		return &corev1.Namespace{}
	case "v1/ConfigMap":
		return &corev1.ConfigMap{}
	case "v1/Service":
		return &corev1.Service{}
	case "v1/ServiceAccount":
		return &corev1.ServiceAccount{}
	case "apps/v1/Deployment":
		return &appsv1.Deployment{}
	case "apps/v1/StatefulSet":
		return &appsv1.StatefulSet{}
	case "networking.k8s.io/v1/NetworkPolicy":
		return &networkingv1.NetworkPolicy{}
	case "rbac.authorization.k8s.io/v1/Role":
		return &rbacv1.Role{}
	case "rbac.authorization.k8s.io/v1/RoleBinding":
		return &rbacv1.RoleBinding{}
	case "monitoring.coreos.com/v1/Prometheus":
		return &monitoringv1.Prometheus{}
	case "monitoring.coreos.com/v1/Alertmanager":
		return &monitoringv1.Alertmanager{}
	case "monitoring.coreos.com/v1/PrometheusRule":
		return &monitoringv1.PrometheusRule{}
	case "monitoring.coreos.com/v1/ServiceMonitor":
		return &monitoringv1.ServiceMonitor{}
	case "monitoring.coreos.com/v1alpha1/AlertmanagerConfig":
		return &monitoringv1alpha1.AlertmanagerConfig{}
	default:
		return nil
	}
}

// kustomization is what is used of a kustomization.yaml.
type kustomization struct {
	metav1.TypeMeta `json:",inline"`
	Resources       []string `json:"resources"`
}

// manifests reads what `kubectl apply -k` applies.
func manifests(t *testing.T) []object {
	t.Helper()
	return apply(t, folder)
}

func apply(t *testing.T, folder string) []object {
	t.Helper()
	var k kustomization
	strictly(t, filepath.Join(folder, "kustomization.yaml"), read(t, filepath.Join(folder, "kustomization.yaml")), &k)
	var objects []object
	for _, name := range k.Resources {
		path := filepath.Join(folder, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			objects = append(objects, apply(t, path)...)
			continue
		}
		objects = append(objects, documents(t, path)...)
	}
	return objects
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func strictly(t *testing.T, path string, content []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func documents(t *testing.T, path string) []object {
	t.Helper()
	var objects []object
	for reader := utilyaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(read(t, path)))); ; {
		buffer := make([]byte, 1<<20)
		n, err := reader.Read(buffer)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var typ metav1.TypeMeta
		if err := yaml.Unmarshal(buffer[:n], &typ); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		into := empty(typ.APIVersion + "/" + typ.Kind)
		if into == nil {
			t.Fatalf("%s: the test does not know %s of %s; add it to the list", path, typ.Kind, typ.APIVersion)
		}
		strictly(t, path, buffer[:n], into)
		objects = append(objects, object{path, into})
	}
}

func of[T any](objects []object) []T {
	var list []T
	for _, o := range objects {
		if typed, ok := o.Object.(T); ok {
			list = append(list, typed)
		}
	}
	return list
}

func TestEveryFileIsApplied(t *testing.T) {
	t.Parallel()
	applied := map[string]bool{}
	for _, o := range manifests(t) {
		applied[o.file] = true
	}
	var files []string
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, f := range files {
		if filepath.Base(f) != "kustomization.yaml" && !applied[f] {
			t.Errorf("%s is in no kustomization.yaml", f)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, o := range manifests(t) {
		if problems := validation.IsDNS1123Subdomain(o.GetName()); len(problems) > 0 {
			t.Errorf("%s: name %q: %v", o.file, o.GetName(), problems)
		}
		for _, problems := range [][]string{badLabels(o.GetLabels()), badAnnotations(o.GetAnnotations())} {
			for _, p := range problems {
				t.Errorf("%s: %s: %s", o.file, o.GetName(), p)
			}
		}
		if o.GetLabels()["app.kubernetes.io/part-of"] != "golden-signals" {
			t.Errorf("%s: %s is not labelled as part of golden-signals", o.file, o.GetName())
		}
		if _, isNamespace := o.Object.(*corev1.Namespace); !isNamespace && o.GetNamespace() != "golden-signals" {
			t.Errorf("%s: %s is in the namespace %q", o.file, o.GetName(), o.GetNamespace())
		}
		key := strings.Join([]string{reflect.TypeOf(o.Object).Elem().Name(), o.GetName()}, "/")
		if other, taken := seen[key]; taken {
			t.Errorf("%s is in %s and %s", key, other, o.file)
		}
		seen[key] = o.file
	}
}

func badLabels(set map[string]string) []string {
	var problems []string
	for key, value := range set {
		problems = append(problems, validation.IsQualifiedName(key)...)
		problems = append(problems, validation.IsValidLabelValue(value)...)
	}
	return problems
}

func badAnnotations(set map[string]string) []string {
	var problems []string
	for key := range set {
		problems = append(problems, validation.IsQualifiedName(key)...)
	}
	return problems
}

// pods are the templates of everything that runs and is not made by the operator.
func pods(objects []object) map[string]corev1.PodTemplateSpec {
	templates := map[string]corev1.PodTemplateSpec{}
	for _, d := range of[*appsv1.Deployment](objects) {
		templates[d.Name] = d.Spec.Template
	}
	for _, s := range of[*appsv1.StatefulSet](objects) {
		templates[s.Name] = s.Spec.Template
	}
	return templates
}

// TestPodsMayNothing holds what the namespace enforces (pod security "restricted"),
// and more.
func TestPodsMayNothing(t *testing.T) {
	t.Parallel()
	templates := pods(manifests(t))
	if len(templates) != 8 {
		t.Errorf("%d pods, want the eight parts of the demo: %v", len(templates), slices.Sorted(maps.Keys(templates)))
	}
	for name, template := range templates {
		spec := template.Spec
		for _, container := range spec.Containers {
			for what, fine := range map[string]bool{
				"runs as nobody":           *spec.SecurityContext.RunAsNonRoot && *spec.SecurityContext.RunAsUser == 65532,
				"seccomp":                  spec.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
				"no service account":       !*spec.AutomountServiceAccountToken,
				"no escalation":            !*container.SecurityContext.AllowPrivilegeEscalation,
				"read-only root":           *container.SecurityContext.ReadOnlyRootFilesystem,
				"no capabilities":          slices.Equal(container.SecurityContext.Capabilities.Drop, []corev1.Capability{"ALL"}),
				"memory is what it asks":   container.Resources.Limits.Memory().Equal(*container.Resources.Requests.Memory()) && !container.Resources.Limits.Memory().IsZero(),
				"a limit of the processor": !container.Resources.Limits.Cpu().IsZero(),
				"ready":                    slices.Contains([]string{"/-/ready", "/-/healthy"}, container.ReadinessProbe.HTTPGet.Path),
				"healthy":                  container.LivenessProbe.HTTPGet.Path == "/-/healthy",
				"an image of its own":      strings.HasPrefix(container.Image, "goldensignals/"),
			} {
				if !fine {
					t.Errorf("%s: not so: %s", name, what)
				}
			}
		}
		checkMounts(t, name, spec)
	}
}

func checkMounts(t *testing.T, name string, spec corev1.PodSpec) {
	t.Helper()
	volumes := []string{"data"} // of the StatefulSet's own template
	for _, v := range spec.Volumes {
		volumes = append(volumes, v.Name)
		if v.Secret != nil && (v.Secret.SecretName != "faults-token" || *v.Secret.DefaultMode != 0o440) {
			t.Errorf("%s: volume %s is the Secret %s with mode %o", name, v.Name, v.Secret.SecretName, *v.Secret.DefaultMode)
		}
	}
	for _, m := range spec.Containers[0].VolumeMounts {
		if !slices.Contains(volumes, m.Name) {
			t.Errorf("%s: there is no volume %s", name, m.Name)
		}
	}
}

// TestServicesReachTheirPods compares Services with the pods behind them.
func TestServicesReachTheirPods(t *testing.T) {
	t.Parallel()
	objects := manifests(t)
	templates := pods(objects)
	services := of[*corev1.Service](objects)
	if len(services) != len(templates) {
		t.Errorf("%d Services for %d pods", len(services), len(templates))
	}
	for _, s := range services {
		template, ok := templates[s.Name]
		if !ok || !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(template.Labels)) {
			t.Errorf("Service %s selects no pod of its own name", s.Name)
			continue
		}
		for other := range templates {
			if other != s.Name && labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(templates[other].Labels)) {
				t.Errorf("Service %s selects pods of %s", s.Name, other)
			}
		}
		for _, port := range s.Spec.Ports {
			if !slices.ContainsFunc(template.Spec.Containers[0].Ports, func(p corev1.ContainerPort) bool {
				return p.Name == port.TargetPort.StrVal && p.ContainerPort == port.Port
			}) {
				t.Errorf("Service %s: port %s is not one of the pod", s.Name, port.Name)
			}
		}
	}
	for _, d := range of[*appsv1.Deployment](objects) {
		if !labels.SelectorFromSet(d.Spec.Selector.MatchLabels).Matches(labels.Set(d.Spec.Template.Labels)) {
			t.Errorf("Deployment %s does not select its own pods", d.Name)
		}
	}
}

// TestAddressesExist follows every address in a command line or a webhook.
func TestAddressesExist(t *testing.T) {
	t.Parallel()
	objects := manifests(t)
	ports := map[string][]string{"prometheus-operated": {"9090"}, "alertmanager-operated": {"9093"}} // made by the operator
	for _, s := range of[*corev1.Service](objects) {
		for _, p := range s.Spec.Ports {
			ports[s.Name] = append(ports[s.Name], strconv.Itoa(int(p.Port)))
		}
	}
	found := 0
	follow := func(where, text string) {
		for _, address := range regexp.MustCompile(`http://[^\s"]+`).FindAllString(text, -1) {
			u, err := url.Parse(address)
			if err != nil {
				t.Errorf("%s: %v", where, err)
				continue
			}
			if u.Hostname() == "127.0.0.1" {
				continue // how people reach it
			}
			found++
			if !slices.Contains(ports[u.Hostname()], u.Port()) {
				t.Errorf("%s: nobody answers at %s", where, address)
			}
		}
	}
	for name, template := range pods(objects) {
		for _, arg := range template.Spec.Containers[0].Args {
			follow(name, arg)
		}
	}
	for _, c := range of[*corev1.ConfigMap](objects) {
		for _, text := range c.Data {
			if !strings.HasPrefix(text, "{") { // boards have addresses of their own
				follow(c.Name, text)
			}
		}
	}
	for _, c := range of[*monitoringv1alpha1.AlertmanagerConfig](objects) {
		for _, r := range c.Spec.Receivers {
			for _, w := range r.WebhookConfigs {
				follow(r.Name, *w.URL)
			}
		}
	}
	if found < 10 {
		t.Errorf("%d addresses found, want those of eight parts", found)
	}
}

// TestMonitorsFindTheirServices compares what ServiceMonitors select with the Services.
func TestMonitorsFindTheirServices(t *testing.T) {
	t.Parallel()
	objects := manifests(t)
	want := map[string][]string{
		"golden-signals-shop":        {"auth", "orders", "payments", "shop"},
		"golden-signals-load":        {"load"},
		"golden-signals-probe":       {"prober"},
		"golden-signals-alertrouter": {"alertrouter"},
		"golden-signals-gameday":     {"gameday"},
	}
	for _, m := range of[*monitoringv1.ServiceMonitor](objects) {
		selector, err := metav1.LabelSelectorAsSelector(&m.Spec.Selector)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range of[*corev1.Service](objects) {
			if selector.Matches(labels.Set(s.Labels)) && slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == m.Spec.Endpoints[0].Port }) {
				got = append(got, s.Name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want[m.Name]) {
			t.Errorf("%s scrapes %v, want %v", m.Name, got, want[m.Name])
		}
		delete(want, m.Name)
	}
	if len(want) > 0 {
		t.Errorf("no ServiceMonitor for %v", want)
	}
}

// TestEnginesSelectWhatIsThere compares what Prometheus and Alertmanager ask for with
// what is exported.
func TestEnginesSelectWhatIsThere(t *testing.T) {
	t.Parallel()
	objects := manifests(t)
	prometheus := of[*monitoringv1.Prometheus](objects)[0]
	for name, selector := range map[string]*metav1.LabelSelector{"rules": prometheus.Spec.RuleSelector, "monitors": prometheus.Spec.ServiceMonitorSelector} {
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			switch o.Object.(type) {
			case *monitoringv1.PrometheusRule, *monitoringv1.ServiceMonitor:
				if !s.Matches(labels.Set(o.GetLabels())) {
					t.Errorf("Prometheus does not take %s as one of its %s", o.GetName(), name)
				}
			}
		}
	}
	configs := of[*monitoringv1alpha1.AlertmanagerConfig](objects)
	alertmanager := of[*monitoringv1.Alertmanager](objects)[0]
	if len(configs) != 1 || alertmanager.Spec.AlertmanagerConfiguration.Name != configs[0].Name {
		t.Errorf("Alertmanager runs %s, and there are %d AlertmanagerConfigs", alertmanager.Spec.AlertmanagerConfiguration.Name, len(configs))
	}
}

// TestRoutesAreAccepted checks what an AlertmanagerConfig's types leave to the operator:
// routes below the first, matchers, the way durations are written.
func TestRoutesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range of[*monitoringv1alpha1.AlertmanagerConfig](manifests(t)) {
		var receivers []string
		for _, r := range c.Spec.Receivers {
			receivers = append(receivers, r.Name)
		}
		if !slices.Contains(receivers, c.Spec.Route.Receiver) {
			t.Errorf("the first route tells %q", c.Spec.Route.Receiver)
		}
		if n := checkRoute(t, *c.Spec.Route, receivers); n < 5 {
			t.Errorf("%d routes, want all of alertmanager.yml", n)
		}
		for i, r := range c.Spec.InhibitRules {
			if len(r.SourceMatch) == 0 || len(r.TargetMatch) == 0 {
				t.Errorf("inhibition rule %d lacks a side", i)
			}
			checkMatchers(t, slices.Concat(r.SourceMatch, r.TargetMatch))
		}
	}
}

func checkRoute(t *testing.T, r monitoringv1alpha1.Route, receivers []string) (routes int) {
	t.Helper()
	if r.Receiver != "" && !slices.Contains(receivers, r.Receiver) {
		t.Errorf("there is no receiver %s", r.Receiver)
	}
	checkMatchers(t, r.Matchers)
	for _, d := range []*monitoringv1.NonEmptyDuration{r.GroupWait, r.GroupInterval, r.RepeatInterval} {
		if d != nil {
			checkDuration(t, string(*d))
		}
	}
	children, err := r.ChildRoutes() // strict
	if err != nil {
		t.Fatal(err)
	}
	routes = 1
	for _, child := range children {
		routes += checkRoute(t, child, receivers)
	}
	return routes
}

func checkMatchers(t *testing.T, matchers []monitoringv1alpha1.Matcher) {
	t.Helper()
	for _, m := range matchers {
		if err := m.Validate(); err != nil {
			t.Errorf("matcher %s: %v", m, err)
		}
	}
}

// checkDuration holds the pattern of the operator's resource definitions.
func checkDuration(t *testing.T, d string) {
	t.Helper()
	if d == "" || !regexp.MustCompile(`^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$`).MatchString(d) {
		t.Errorf("duration %q", d)
	}
}

func TestRulesAreAccepted(t *testing.T) {
	t.Parallel()
	n := 0
	for _, r := range of[*monitoringv1.PrometheusRule](manifests(t)) {
		for _, g := range r.Spec.Groups {
			for _, rule := range g.Rules {
				n++
				if rule.Expr.StrVal == "" {
					t.Errorf("%s: %s has no expression", r.Name, rule.Alert+rule.Record)
				}
				if rule.For != nil {
					checkDuration(t, string(*rule.For))
				}
				if rule.KeepFiringFor != nil {
					checkDuration(t, string(*rule.KeepFiringFor))
				}
				for key, text := range rule.Annotations {
					if strings.Contains(text, "$externalLabels") {
						t.Errorf("%s: %s: %s asks for an external label", r.Name, rule.Alert, key)
					}
				}
			}
		}
	}
	if n < 30 {
		t.Errorf("%d rules, want all of them", n)
	}
}

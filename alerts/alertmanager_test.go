package alerts_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/common/model"

	"goldensignals/alerts"
)

func configOf(t *testing.T) *config.Config {
	t.Helper()
	data, err := fs.ReadFile(alerts.FS(), "alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	conf, err := config.Load(string(data))
	if err != nil {
		t.Fatalf("Load(alertmanager.yml) = %v", err)
	}
	return conf
}

// samples returns the labels of one alert of every rule, beside those that the
// rule itself sets.
func samples(t *testing.T) map[string]model.LabelSet {
	t.Helper()
	journey := func(route string) model.LabelSet {
		return model.LabelSet{"service": "shop", "http_route": model.LabelValue(route)}
	}
	of := func(service string) model.LabelSet { return model.LabelSet{"service": model.LabelValue(service)} }
	byName := map[string]model.LabelSet{
		"ShopErrorsFastBurn":    journey("/checkout"),
		"ShopErrorsSlowBurn":    journey("/checkout"),
		"ShopLatencyFastBurn":   journey("/checkout"),
		"ShopLatencySlowBurn":   journey("/checkout"),
		"ShopUnreachable":       of("shop"),
		"ShopTrafficLost":       of("shop"),
		"DependencyFails":       of("payments").Merge(model.LabelSet{"callers": "orders and shop"}),
		"DependencySlow":        of("payments").Merge(model.LabelSet{"callers": "orders and shop"}),
		"OrdersWaitTooLong":     of("orders"),
		"QueueBacklog":          of("orders").Merge(model.LabelSet{"resource": "queue"}),
		"MemoryFillsUp":         of("payments"),
		"DiskFillsUp":           of("payments"),
		"ContainerThrottled":    of("payments").Merge(model.LabelSet{"resource": "cpu"}),
		"PoolExhausted":         of("payments").Merge(model.LabelSet{"resource": "connections"}),
		"MetricsLost":           of("payments"),
		"TargetDown":            {"job": "load", "instance": "load:8080"},
		"RouterDeliveryFails":   {"receiver": "oncall"},
		"RouterDeliversNothing": {},
		"RouterDeliveryDelayed": {"receiver": "oncall"},
		"RouterDeadLetters":     {},
		"RouterRefusesWebhooks": {"code": "401"},
		"ServiceErrors":         of("shop"),
		"ServiceSaturated":      of("shop").Merge(model.LabelSet{"resource": "workers"}),
		"ReleaseChanged":        of("payments").Merge(model.LabelSet{"version": "v2"}),
		"CanaryWorse":           of("payments").Merge(model.LabelSet{"version": "v2"}),
		"ContainerRestarted":    of("payments"),
		"ContainerKilled":       of("payments"),
		"HostBusy":              {"instance": "host:9100"},
		"Watchdog":              {},
	}
	all := make(map[string]model.LabelSet)
	for _, r := range rulesOf(t) {
		if r.Alert == "" {
			continue
		}
		base, ok := byName[r.Alert]
		if !ok {
			t.Fatalf("the alert %s is new: say here which labels it has", r.Alert)
		}
		labels := base.Merge(model.LabelSet{"alertname": model.LabelValue(r.Alert)})
		for k, v := range r.Labels {
			labels[model.LabelName(k)] = model.LabelValue(v)
		}
		all[r.Alert] = labels
	}
	if len(all) != len(byName) {
		t.Errorf("there are %d alerts, but this test knows %d: remove what is gone", len(all), len(byName))
	}
	return all
}

func TestEveryAlertReachesTheRouter(t *testing.T) {
	t.Parallel()
	root := dispatch.NewRoute(configOf(t).Route, nil)
	type clocks struct{ Wait, Interval, Repeat time.Duration }
	page := clocks{10 * time.Second, time.Minute, 4 * time.Hour}
	ticket := clocks{30 * time.Second, 5 * time.Minute, 24 * time.Hour}
	line := clocks{0, time.Minute, 96 * time.Hour}
	bySeverity := map[model.LabelValue]clocks{"critical": page, "warning": ticket, "info": line}
	want := make(map[string]clocks)
	for name, labels := range samples(t) {
		want[name] = bySeverity[labels["severity"]]
	}
	want["Watchdog"] = clocks{0, 30 * time.Second, 55 * time.Second}
	got := make(map[string]clocks)
	for name, labels := range samples(t) {
		routes := root.Match(labels)
		if len(routes) != 1 {
			t.Fatalf("%s takes %d routes, want 1", name, len(routes))
		}
		o := routes[0].RouteOpts
		if o.Receiver != "alertrouter" {
			t.Errorf("%s goes to %q, want alertrouter", name, o.Receiver)
		}
		got[name] = clocks{o.GroupWait, o.GroupInterval, o.RepeatInterval}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clocks (-want +got):\n%s", diff)
	}
	odd := root.Match(model.LabelSet{"alertname": "Odd", "severity": "page"})
	if len(odd) != 1 || odd[0].RouteOpts.Receiver != "alertrouter" {
		t.Errorf("an unknown severity takes %v, want the root route", odd)
	}
}

// groupOf is the group that an alert falls into, as Alertmanager forms it.
func groupOf(root *dispatch.Route, labels model.LabelSet) string {
	r := root.Match(labels)[0]
	group := model.LabelSet{}
	for k, v := range labels {
		if _, ok := r.RouteOpts.GroupBy[k]; ok || r.RouteOpts.GroupByAll {
			group[k] = v
		}
	}
	return r.Key() + group.String()
}

func TestOneIncidentIsOneGroup(t *testing.T) {
	t.Parallel()
	root := dispatch.NewRoute(configOf(t).Route, nil)
	all := samples(t)
	product := all["ShopErrorsFastBurn"].Merge(model.LabelSet{"http_route": "/products/{id}"})
	for name, labels := range map[string]model.LabelSet{
		"another journey": product, "slowness": all["ShopLatencyFastBurn"], "the shop gone": all["ShopUnreachable"], "traffic lost": all["ShopTrafficLost"],
	} {
		if got, want := groupOf(root, labels), groupOf(root, all["ShopErrorsFastBurn"]); got != want {
			t.Errorf("%s is in group %s, want %s", name, got, want)
		}
	}
	if groupOf(root, all["DependencyFails"]) != groupOf(root, all["DependencySlow"]) {
		t.Error("one service that fails and is slow is in two groups, want one page")
	}
	if groupOf(root, all["ShopErrorsSlowBurn"]) == groupOf(root, all["ShopLatencySlowBurn"]) {
		t.Error("tickets about errors and about slowness share a group, want one ticket for each")
	}
}

// mutes lists which of the samples mute which others, and by what rules.
func mutes(t *testing.T) map[string][]string { // :: "source > target" -> names of rules
	t.Helper()
	all := samples(t)
	pairs := make(map[string][]string)
	for _, c := range configOf(t).InhibitRules {
		rule := inhibit.NewInhibitRule(c)
		if rule.Name == "" {
			t.Error("an inhibition rule has no name, so that nobody can tell why an alert was muted")
		}
		for source, from := range all {
			for target, to := range all {
				if !rule.SourceMatchers.Matches(from) || !rule.TargetMatchers.Matches(to) || !equalLabels(t, rule, from, to) {
					continue
				}
				if source == target {
					t.Errorf("%s: %s mutes itself", rule.Name, source)
				}
				pairs[source+" > "+target] = append(pairs[source+" > "+target], rule.Name)
			}
		}
	}
	return pairs
}

func TestInhibitionIsSound(t *testing.T) {
	t.Parallel()
	pairs := mutes(t)
	for pair, rules := range pairs {
		source, target, _ := strings.Cut(pair, " > ")
		if back := pairs[target+" > "+source]; len(back) > 0 {
			t.Errorf("%s and %s mute each other, so that neither is heard: %v, %v", source, target, rules, back)
		}
		if target == "Watchdog" {
			t.Errorf("%s mutes the Watchdog: %v", source, rules)
		}
	}
	for _, want := range []string{
		"ShopErrorsFastBurn > ShopLatencyFastBurn", "ShopUnreachable > ShopTrafficLost",
		"DependencyFails > ShopErrorsFastBurn", "DependencyFails > ShopLatencyFastBurn", "DependencySlow > ShopLatencyFastBurn", "DependencyFails > DependencySlow",
		"OrdersWaitTooLong > ShopErrorsFastBurn",
		"DependencyFails > PoolExhausted", "DependencyFails > ContainerKilled", "PoolExhausted > ContainerKilled",
		"RouterDeliversNothing > RouterDeliveryFails", "RouterDeliversNothing > RouterDeliveryDelayed", "RouterDeliveryFails > RouterDeliveryDelayed",
	} {
		if len(pairs[want]) == 0 {
			t.Errorf("%s: not muted", want)
		}
	}
	for _, never := range []string{
		"DependencySlow > ShopErrorsFastBurn", "ShopErrorsFastBurn > DependencyFails", "ShopErrorsFastBurn > ShopErrorsSlowBurn",
		"DependencyFails > ShopUnreachable", "ShopErrorsFastBurn > ContainerKilled", "RouterDeliversNothing > ShopErrorsFastBurn",
		"RouterDeliveryFails > RouterDeadLetters", "RouterDeliveryFails > RouterRefusesWebhooks",
	} {
		if rules := pairs[never]; len(rules) > 0 {
			t.Errorf("%s: muted by %v", never, rules)
		}
	}
}

// TestASecondFaultIsNotMuted holds a page about one service against journeys
// and services that have nothing to do with it.
func TestASecondFaultIsNotMuted(t *testing.T) {
	t.Parallel()
	all := samples(t)
	page := func(name, service, route string) model.LabelSet {
		labels := all[name].Merge(model.LabelSet{"service": model.LabelValue(service)})
		if route != "" {
			labels["http_route"] = model.LabelValue(route)
		}
		return labels
	}
	tests := []struct {
		name           string
		source, target model.LabelSet
		muted          bool
	}{
		{"the journey that needs it", page("DependencyFails", "payments", ""), page("ShopErrorsFastBurn", "shop", "/checkout"), true},
		{"the caller", page("DependencyFails", "payments", ""), page("DependencyFails", "orders", ""), true},
		{"a journey that does not", page("DependencyFails", "payments", ""), page("ShopErrorsFastBurn", "shop", "/products/{id}"), false},
		{"the front page", page("DependencyFails", "auth", ""), page("ShopErrorsFastBurn", "shop", "/"), false},
		{"a route with special characters", page("DependencyFails", "auth", ""), page("ShopErrorsFastBurn", "shop", "/products/{id}"), true},
		{"a service beside it", page("DependencyFails", "payments", ""), page("DependencyFails", "auth", ""), false},
		{"what it calls itself", page("DependencyFails", "orders", ""), page("DependencyFails", "payments", ""), false},
		{"itself", page("DependencyFails", "payments", ""), page("DependencyFails", "payments", ""), false},
		{"errors by slowness", page("DependencySlow", "payments", ""), page("ShopErrorsFastBurn", "shop", "/checkout"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			muted := false
			for _, c := range configOf(t).InhibitRules {
				rule := inhibit.NewInhibitRule(c)
				muted = muted || rule.SourceMatchers.Matches(tt.source) && rule.TargetMatchers.Matches(tt.target) && equalLabels(t, rule, tt.source, tt.target)
			}
			if muted != tt.muted {
				t.Errorf("muted = %v, want %v", muted, tt.muted)
			}
		})
	}
}

// equalLabels reports whether the rule's equal labels agree. A label that is
// missing on either side is an error: on both sides it would count as equal.
func equalLabels(t *testing.T, rule *inhibit.InhibitRule, from, to model.LabelSet) bool {
	t.Helper()
	same := true
	for name := range rule.Equal {
		if from[name] == "" || to[name] == "" {
			t.Errorf("%s: label %s is missing on %s or %s", rule.Name, name, from["alertname"], to["alertname"])
		}
		same = same && from[name] == to[name]
	}
	return same
}

package alerts_test

import (
	"io/fs"
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
	checkout := model.LabelSet{"service": "shop", "http_route": "/checkout"}
	byName := map[string]model.LabelSet{
		"ShopErrorsFastBurn":  checkout,
		"ShopErrorsSlowBurn":  checkout,
		"ShopLatencyFastBurn": checkout,
		"ShopLatencySlowBurn": checkout,
		"ShopUnreachable":     {"service": "shop"},
		"ServiceErrors":       {"service": "shop"},
		"ServiceSaturated":    {"service": "shop", "resource": "workers"},
		"Watchdog":            {},
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
	want := map[string]clocks{
		"ShopErrorsFastBurn": page, "ShopLatencyFastBurn": page, "ShopUnreachable": page,
		"ShopErrorsSlowBurn": ticket, "ShopLatencySlowBurn": ticket,
		"ServiceErrors": line, "ServiceSaturated": line,
		"Watchdog": {0, 30 * time.Second, 55 * time.Second},
	}
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
		"another journey": product, "slowness": all["ShopLatencyFastBurn"], "the shop gone": all["ShopUnreachable"],
	} {
		if got, want := groupOf(root, labels), groupOf(root, all["ShopErrorsFastBurn"]); got != want {
			t.Errorf("%s is in group %s, want %s", name, got, want)
		}
	}
	if groupOf(root, all["ShopErrorsSlowBurn"]) == groupOf(root, all["ShopLatencySlowBurn"]) {
		t.Error("tickets about errors and about slowness share a group, want one ticket for each")
	}
}

func TestInhibitionIsSound(t *testing.T) {
	t.Parallel()
	muted := make(map[string][]string) // :: rule -> "source > target"
	for _, c := range configOf(t).InhibitRules {
		rule := inhibit.NewInhibitRule(c)
		if rule.Name == "" {
			t.Error("an inhibition rule has no name, so that nobody can tell why an alert was muted")
		}
		for source, from := range samples(t) {
			if rule.SourceMatchers.Matches(from) && rule.TargetMatchers.Matches(from) {
				t.Errorf("%s: %s is both source and target", rule.Name, source)
			}
			for target, to := range samples(t) {
				if !rule.SourceMatchers.Matches(from) || !rule.TargetMatchers.Matches(to) {
					continue
				}
				if equalLabels(t, rule, from, to) {
					muted[rule.Name] = append(muted[rule.Name], source+" > "+target)
				}
			}
		}
		if len(muted[rule.Name]) == 0 {
			t.Errorf("%s mutes nothing", rule.Name)
		}
	}
	for name, pairs := range muted {
		for _, pair := range pairs {
			if pair == "ShopErrorsFastBurn > Watchdog" || pair == "ShopErrorsFastBurn > ShopUnreachable" {
				t.Errorf("%s: %s, want this one never muted", name, pair)
			}
		}
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

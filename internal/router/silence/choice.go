package silence

import (
	"fmt"
	"maps"
	"slices"

	"goldensignals/internal/alert"
)

// Choice is a silence that is offered: how far it reaches.
type Choice struct {
	Name     string // for forms; it does not change
	Text     string // for people
	Matchers []alert.Matcher
}

// The names of choices.
const (
	AlertOfService    = "alert-of-service"
	SeverityOfService = "severity-of-service"
	AlertEverywhere   = "alert-everywhere"
	InCommon          = "in-common"
)

// Suggest returns what to offer for an incident whose alerts have these labels
// in common, the narrowest first. There is none that reaches a whole severity.
// Where the alerts share neither name nor service, what they do share is
// offered; where that is nothing either, nothing is.
func Suggest(labels alert.Labels) []Choice {
	name, service, severity := labels["alertname"], labels["service"], labels["severity"]
	var choices []Choice
	if name != "" && service != "" {
		choices = append(choices, Choice{AlertOfService, fmt.Sprintf("%s of %s", name, service), equal(labels, "alertname", "service")})
	}
	if service != "" && severity != "" {
		choices = append(choices, Choice{SeverityOfService, fmt.Sprintf("everything %s of %s", severity, service), equal(labels, "service", "severity")})
	}
	if name != "" {
		choices = append(choices, Choice{AlertEverywhere, name + " everywhere", equal(labels, "alertname")})
	}
	if all := equal(labels, slices.Sorted(maps.Keys(labels))...); len(choices) == 0 && slices.ContainsFunc(all, identifies) {
		choices = append(choices, Choice{InCommon, "everything with " + labels.String(), all})
	}
	return choices
}

func equal(labels alert.Labels, names ...string) []alert.Matcher {
	var matchers []alert.Matcher
	for _, name := range names {
		if labels[name] != "" {
			matchers = append(matchers, alert.Matcher{Name: name, Value: labels[name], IsEqual: true})
		}
	}
	return matchers
}

// Preview returns which of the alerts that fire now a silence would mute, and
// which others of the incident's service it would not. Both hold alerts that
// something else mutes already: see their State.
func Preview(matchers []alert.Matcher, alerts []Alert, incidentLabels alert.Labels) (mutes, not []Alert) {
	matches, _ := compile(matchers) // with an error, it matches nothing
	service := incidentLabels["service"]
	for _, a := range alerts {
		switch {
		case matches(a.Labels):
			mutes = append(mutes, a)
		case service != "" && a.Labels["service"] == service:
			not = append(not, a)
		}
	}
	return mutes, not
}

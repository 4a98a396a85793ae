package silence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

const (
	soon        = 5 * time.Minute // less than Renew, so that it is never said of a silence that is extended in time
	lapsedSince = time.Hour
	maxNamed    = 3
)

// Judge returns what a person should know about an active silence, a sentence
// each: that it outlives its incident, hides a second fault, mutes nothing, or is
// about to end while its alert fires. alerts are what fires now, muted or not.
func Judge(s alert.Silence, incidentOver bool, alerts []Alert, now time.Time) []string {
	if !s.ActiveAt(now) {
		return nil
	}
	var says []string
	list, left := muted(s.Matchers, alerts), s.EndsAt.Sub(now)
	if incidentOver {
		says = append(says, fmt.Sprintf("The incident is over, but this silence has %s left: end it.", span(left)))
	}
	if second := secondFault(s, list); len(second) > 0 {
		says = append(says, fmt.Sprintf("It hides something that began after it was made: %s. End it, or silence only the first alert.", names(second)))
	}
	switch {
	case len(list) == 0 && !incidentOver:
		says = append(says, "It matches nothing that fires now: end it, or check its labels.")
	case len(list) > 0 && !incidentOver && left <= soon:
		says = append(says, fmt.Sprintf("It ends in %s, and this still fires: %s. Extend it, or expect the message.", span(left), names(list)))
	}
	return says
}

// secondFault returns the alerts that began after the silence did and are of
// another name or service than the first that it mutes.
func secondFault(s alert.Silence, list []Alert) []Alert {
	if len(list) == 0 {
		return nil
	}
	first := slices.MinFunc(list, func(a, b Alert) int { return a.StartsAt.Compare(b.StartsAt) })
	var second []Alert
	for _, a := range list {
		other := a.Name() != first.Name() || a.Labels["service"] != first.Labels["service"]
		if other && a.StartsAt.After(s.StartsAt) {
			second = append(second, a)
		}
	}
	return second
}

// names lists alerts for people, each once and only the first few.
func names(alerts []Alert) string {
	var list []string
	for _, a := range alerts {
		name := a.Name()
		if name == "" {
			name = a.Labels.String()
		}
		if service := a.Labels["service"]; service != "" {
			name += " of " + service
		}
		list = append(list, name)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if more := len(list) - maxNamed; more > 0 {
		list = append(list[:maxNamed], fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}

// Lapsed returns the silence that covered these labels and ended last, at most
// an hour ago, so that a message can say why it comes only now. It is false where
// there is none.
func Lapsed(kept []Kept, labels alert.Labels, now time.Time) (Kept, bool) {
	var last Kept
	found := false
	for _, k := range kept {
		ago := now.Sub(k.EndsAt)
		if ago < 0 || ago > lapsedSince || found && !k.EndsAt.After(last.EndsAt) {
			continue
		}
		if Matches(k.Matchers, labels) {
			last, found = k, true
		}
	}
	return last, found
}

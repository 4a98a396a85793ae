// Package alert holds the words of alerting that every other package speaks:
// severity, alert, alert group, notification, silence. It knows how they look
// on the wire and decides nothing; it imports the standard library only.
package alert

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Severity says how soon a person must act. The set is closed.
type Severity string

// The severities, as the monitoring-mixins guideline and the talk define them.
const (
	Critical Severity = "critical" // act now: SMS
	Warning  Severity = "warning"  // act eventually: ticket
	Info     Severity = "info"     // no action: log only
)

// Severities lists the closed set, most urgent first.
func Severities() []Severity { return []Severity{Critical, Warning, Info} }

// ParseSeverity accepts exactly the closed set; anything else, the empty
// string included, is an error that names what was found.
func ParseSeverity(s string) (Severity, error) {
	if sev := Severity(s); slices.Contains(Severities(), sev) {
		return sev, nil
	}
	return "", fmt.Errorf("severity %q is none of critical, warning, info", s)
}

// Status says whether a condition holds now.
type Status string

// The two statuses of an alert or a group.
const (
	Firing   Status = "firing"
	Resolved Status = "resolved"
)

// Labels identify an alert. A nil map is empty.
type Labels map[string]string

// Clone returns a copy that the caller owns.
func (l Labels) Clone() Labels { return maps.Clone(l) }

// String renders the labels as PromQL would, sorted by name.
func (l Labels) String() string {
	parts := make([]string, 0, len(l))
	for _, k := range slices.Sorted(maps.Keys(l)) {
		parts = append(parts, fmt.Sprintf("%s=%q", k, l[k]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// Alert is one labelled condition, as Alertmanager's webhook carries it.
type Alert struct {
	Status       Status    `json:"status"`
	Labels       Labels    `json:"labels"`
	Annotations  Labels    `json:"annotations"`
	StartsAt     time.Time `json:"startsAt"`
	EndsAt       time.Time `json:"endsAt"` // zero or in the future while firing
	GeneratorURL string    `json:"generatorURL"`
	Fingerprint  string    `json:"fingerprint"` // hash of the labels
}

// Name returns the alertname label, or "" where there is none.
func (a Alert) Name() string { return a.Labels["alertname"] }

// Identity names this span of firing: the same labels that fire again later
// are another span, because startsAt differs.
func (a Alert) Identity() string {
	b := append(make([]byte, 0, len(a.Fingerprint)+24), a.Fingerprint...)
	b = strconv.AppendInt(append(b, '@'), a.StartsAt.Unix(), 10)
	return string(strconv.AppendInt(append(b, '.'), int64(a.StartsAt.Nanosecond()), 10))
}

// Group is what one webhook carries: the alerts of one route and one set of
// group labels. Source: Alertmanager's webhook format, version 4.
type Group struct {
	Version            string  `json:"version"`
	GroupKey           string  `json:"groupKey"`
	TruncatedAlerts    uint64  `json:"truncatedAlerts"`
	Status             Status  `json:"status"`
	Receiver           string  `json:"receiver"`
	GroupLabels        Labels  `json:"groupLabels"`
	CommonLabels       Labels  `json:"commonLabels"`
	CommonAnnotations  Labels  `json:"commonAnnotations"`
	ExternalURL        string  `json:"externalURL"`
	Alerts             []Alert `json:"alerts"`
	NotificationReason string  `json:"notification_reason"` // since Alertmanager 0.32
	RouteLabels        Labels  `json:"routeLabels"`         // since Alertmanager 0.34
}

// FiringAlerts returns the alerts of g that fire, in their order.
func (g Group) FiringAlerts() []Alert {
	var firing []Alert
	for _, a := range g.Alerts {
		if a.Status == Firing {
			firing = append(firing, a)
		}
	}
	return firing
}

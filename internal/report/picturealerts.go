package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"goldensignals/internal/drill"
)

// alerts draws a lane per alert: outlined while pending, filled while firing,
// crossed out where it was muted.
func (c *canvas) alerts(r drill.Result) {
	c.head("Alerts", "outlined: pending; filled: firing; crossed out: muted, with the reason")
	lanes, order := alertLanes(r, c.duration)
	if len(order) == 0 {
		c.nothing("none")
		return
	}
	for _, name := range order[:min(len(order), maxAlertRows)] {
		top := c.lane(name, laneHeight)
		for _, a := range lanes[name] {
			c.alert(top, a)
		}
	}
	if more := len(order) - maxAlertRows; more > 0 {
		c.nothing(fmt.Sprintf("and %d more, see the table of alerts", more))
	}
}

// alertLanes groups the alerts that can be seen by their name and labels. Those
// that fired come first, in the order in which they began.
func alertLanes(r drill.Result, duration float64) (map[string][]drill.AlertResult, []string) {
	lanes := map[string][]drill.AlertResult{}
	fired := map[string]bool{}
	var order []string
	for _, a := range r.Alerts {
		from := begin(a)
		if from > duration || (a.ResolvedAtSeconds != nil && *a.ResolvedAtSeconds < 0) {
			continue
		}
		name := alertLabel(a)
		if lanes[name] == nil {
			order = append(order, name)
		}
		lanes[name] = append(lanes[name], a)
		fired[name] = fired[name] || a.FiringAtSeconds != nil
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(one(fired[b]), one(fired[a])) })
	return lanes, order
}

// begin is the first moment that is known of an alert.
func begin(a drill.AlertResult) float64 {
	switch {
	case a.PendingAtSeconds != nil:
		return *a.PendingAtSeconds
	case a.FiringAtSeconds != nil:
		return *a.FiringAtSeconds
	default:
		return 0
	}
}

// alertLabel names an alert by what tells it from others of its rule.
func alertLabel(a drill.AlertResult) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(a.Labels)) {
		if k != "alertname" && k != "severity" && k != "job" {
			parts = append(parts, a.Labels[k])
		}
	}
	if len(parts) == 0 {
		return a.AlertName
	}
	return a.AlertName + " " + strings.Join(parts, " ")
}

// alert draws one span of firing in its lane.
func (c *canvas) alert(top float64, a drill.AlertResult) {
	end := c.duration
	if a.ResolvedAtSeconds != nil {
		end = *a.ResolvedAtSeconds
	}
	if a.PendingAtSeconds != nil {
		until := end
		if a.FiringAtSeconds != nil {
			until = *a.FiringAtSeconds
		}
		if until > *a.PendingAtSeconds {
			c.bar(top, *a.PendingAtSeconds, until, "pending", "", fmt.Sprintf("%s pending, %s to %s", alertLabel(a), span(*a.PendingAtSeconds), span(until)))
		}
	}
	if a.FiringAtSeconds == nil {
		return
	}
	ending := "not resolved"
	if a.ResolvedAtSeconds != nil {
		ending = span(end)
	}
	text := a.Labels["severity"]
	if len(a.Muted) > 0 { // the reason matters more, and they would overlap
		text = ""
	}
	class := "firing"
	if text := a.Labels["severity"]; text == "warning" || text == "info" {
		class += " " + text
	}
	c.bar(top, *a.FiringAtSeconds, end, class, text, fmt.Sprintf("%s firing, %s to %s", alertLabel(a), span(*a.FiringAtSeconds), ending))
	for _, m := range a.Muted {
		c.mute(top, *a.FiringAtSeconds, end, m)
	}
}

// mute draws a span in which an alert was kept from people, as far as it fired.
func (c *canvas) mute(top, from, to float64, m drill.MuteResult) {
	from = max(from, m.FromSeconds)
	if m.ToSeconds != nil {
		to = min(to, *m.ToSeconds)
	}
	if to <= from {
		return
	}
	short := map[string]string{drill.BySilence: "silenced", drill.ByInhibition: "inhibited"}[m.By]
	text := short
	if m.Name != "" {
		text += ": " + m.Name
	}
	tip := fmt.Sprintf("%s, %s to %s", text, span(from), span(to))
	if room := c.x(to) - c.x(from); float64(len([]rune(text)))*textUnit+8 > room {
		text = short // the rest is in the tooltip and in the table
	}
	c.bar(top, from, to, "muted", text, tip)
}

// messages draws a lane per receiver type and a sign per message.
func (c *canvas) messages(r drill.Result) {
	c.head("Messages", "")
	for _, kind := range []struct{ id, name string }{{drill.SMS, "SMS"}, {drill.Ticket, "tickets"}, {drill.LogLine, "log"}} {
		top := c.lane(kind.name, laneHeight)
		for _, n := range r.Notifications {
			if n.ReceiverType != kind.id || n.AtSeconds < 0 || n.AtSeconds > c.duration {
				continue
			}
			c.Marks = append(c.Marks, mark{
				X: c.x(n.AtSeconds), Y: top + laneHeight/2, Role: signOf(n.CountsAs),
				Tip: fmt.Sprintf("%s: %s, %s (%s)", span(n.AtSeconds), n.CountsAs, n.AlertName, n.Reason),
			})
		}
	}
	c.legend()
}

// signOf returns the id of the sign for a role.
func signOf(role drill.Role) string { return strings.ReplaceAll(string(role), " ", "-") }

// legend explains the signs.
func (c *canvas) legend() {
	x := c.Left + 6
	y := c.y + laneHeight/2
	c.Labels = append(c.Labels, label{X: 10, Y: y + 4, Text: "signs"})
	for _, role := range []drill.Role{drill.RolePage, drill.RoleFalsePage, drill.RoleRepeat, drill.RoleResolved, drill.RoleTicket, drill.RoleLogLine} {
		c.Marks = append(c.Marks, mark{X: x, Y: y, Role: signOf(role)})
		c.Texts = append(c.Texts, label{X: x + 11, Y: y + 4, Text: string(role), Class: "remark"})
		x += 36 + float64(len(role))*textUnit
	}
	c.y += laneHeight
}

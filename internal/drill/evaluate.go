package drill

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"goldensignals/internal/alert"
)

// Grace is how long after the end of an incident a page still belongs to it.
const Grace = 5 * time.Minute

// budgetPeriod is the time that an error budget is for.
const budgetPeriod = 30 * 24 * time.Hour

// The reasons of Alertmanager for firing messages that add no alert.
const (
	reasonRepeat       = "repeat interval elapsed"
	reasonSomeResolved = "some alerts resolved"
)

// Evaluate scores a run of s, as the package documentation defines it. It
// refuses a run whose truth contradicts the scenario, with the figures, and one
// that is broken in itself. It changes neither argument.
func Evaluate(s *Scenario, run Run) (Result, error) {
	ordered, seen, err := prepare(s, run)
	if err != nil {
		return Result{}, err
	}
	if err := seen.check(ordered); err != nil {
		return Result{}, fmt.Errorf("the truth contradicts drill %s:\n%w", s.Name, err)
	}
	return score(ordered, run, seen, nil), nil
}

// prepare checks that a run can be scored. The scenario it returns is a copy
// with its incidents in order.
func prepare(s *Scenario, run Run) (*Scenario, *truth, error) {
	if err := checkRun(s, run); err != nil {
		return nil, nil, fmt.Errorf("evaluate drill %s: %w", s.Name, err)
	}
	seen, err := newTruth(run.Seen, run.Start, s.Duration)
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate drill %s: %w", s.Name, err)
	}
	ordered := *s
	ordered.Incidents = slices.Clone(s.Incidents)
	slices.SortStableFunc(ordered.Incidents, func(a, b Incident) int { return cmp.Compare(a.From, b.From) })
	return &ordered, seen, nil
}

// score makes the result of a run that was found in order. What people did is
// nil for a replay.
func score(s *Scenario, run Run, seen *truth, did *played) Result {
	r := Result{
		Drill:          s.Name,
		Title:          s.Title,
		Control:        s.Control(),
		Seed:           run.Seed,
		VirtualSeconds: seconds(cmp.Or(run.Virtual, s.History+s.Duration)),
		WallSeconds:    seconds(run.Wall),
		Requests:       cmp.Or(run.Requests, countRequests(run.Seen)),
		Incidents:      []IncidentResult{},
		Notifications:  notifications(s, run, did),
		Alerts:         alertResults(run),
		Repairs:        repairResults(run),
		Timeline:       timeline(s, run, seen),
	}
	for _, inc := range s.Incidents {
		result := incidentResult(s, inc, r.Notifications, seen)
		if did.averted(result) {
			result.Verdict = Averted
		}
		r.Incidents = append(r.Incidents, result)
	}
	r.Score = count(r, run)
	r.Problems = findProblems(r)
	r.Passed = len(r.Problems) == 0
	return r
}

// checkRun refuses what cannot be scored.
func checkRun(s *Scenario, run Run) error {
	if run.Start.IsZero() {
		return errors.New("the run does not say when minute zero was")
	}
	if s.Duration < MinDuration {
		return fmt.Errorf("a duration of %s is too short; drills last %s or longer", text(s.Duration), text(MinDuration))
	}
	for _, n := range run.Notifications {
		switch {
		case n.ReceiverType != SMS && n.ReceiverType != Ticket && n.ReceiverType != LogLine:
			return fmt.Errorf("message to %q: receiver type %q is none of %s, %s, %s", n.Receiver, n.ReceiverType, SMS, Ticket, LogLine)
		case n.Status != alert.Firing && n.Status != alert.Resolved:
			return fmt.Errorf("message to %q: status %q is neither firing nor resolved", n.Receiver, n.Status)
		case n.At.IsZero():
			return fmt.Errorf("message to %q: it does not say when it was delivered", n.Receiver)
		}
	}
	return nil
}

// notifications orders the messages and says what each counts as.
func notifications(s *Scenario, run Run, did *played) []NotificationResult {
	out := make([]NotificationResult, 0, len(run.Notifications))
	for _, n := range run.Notifications {
		r := NotificationResult{
			AtSeconds:    seconds(n.At.Sub(run.Start)),
			Receiver:     n.Receiver,
			ReceiverType: n.ReceiverType,
			Status:       n.Status,
			AlertName:    n.AlertName,
			Severity:     n.Severity,
			Reason:       n.Reason,
			Alerts:       n.Alerts,
			GroupKey:     n.GroupKey,
			RunbookURL:   n.RunbookURL,
		}
		r.CountsAs, r.Incident = role(s, n, n.At.Sub(run.Start), did)
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b NotificationResult) int {
		return cmp.Or(
			cmp.Compare(a.AtSeconds, b.AtSeconds), cmp.Compare(a.ReceiverType, b.ReceiverType), cmp.Compare(a.Receiver, b.Receiver),
			cmp.Compare(a.GroupKey, b.GroupKey), cmp.Compare(a.Status, b.Status), cmp.Compare(a.AlertName, b.AlertName),
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Alerts, b.Alerts),
			cmp.Compare(a.RunbookURL, b.RunbookURL))
	})
	return out
}

// role says what a message counts as and, for a page, to which incident it
// belongs.
func role(s *Scenario, n Notification, at time.Duration, did *played) (Role, string) {
	switch {
	case n.Status == alert.Resolved:
		return RoleResolved, ""
	case n.Reason == reasonRepeat || n.Reason == reasonSomeResolved:
		return RoleRepeat, ""
	case n.ReceiverType == Ticket:
		return RoleTicket, ""
	case n.ReceiverType == LogLine:
		return RoleLogLine, ""
	}
	for _, inc := range s.Incidents {
		if at >= inc.From && at <= inc.To+Grace {
			return RolePage, inc.Name
		}
	}
	if did.justifies(at) {
		return RolePage, ""
	}
	return RoleFalsePage, ""
}

// incidentResult says how an incident ended for the people on call. The
// messages are in their order.
func incidentResult(s *Scenario, inc Incident, messages []NotificationResult, seen *truth) IncidentResult {
	whole := seen.between(everybody, inc.From, inc.To)
	r := IncidentResult{
		Name:              inc.Name,
		FromSeconds:       seconds(inc.From),
		ToSeconds:         seconds(inc.To),
		PageWithinSeconds: seconds(inc.PageWithin),
		Verdict:           Missed,
		Requests:          whole.requests,
		FailedRequests:    whole.failed,
		SlowRequests:      whole.slow,
	}
	until := inc.To
	for _, n := range messages {
		if n.CountsAs != RolePage || n.Incident != inc.Name {
			continue
		}
		r.Pages++
		if r.Pages > 1 {
			r.ExtraPages++
			continue
		}
		detect := milliseconds(n.AtSeconds - r.FromSeconds)
		r.Alert, r.Receiver, r.TimeToDetectSeconds = n.AlertName, n.Receiver, &detect
		until = time.Duration(n.AtSeconds * float64(time.Second))
		r.Verdict = Detected
		if detect > r.PageWithinSeconds {
			r.Verdict = Late
		}
	}
	r.ResetSeconds = reset(inc, messages)
	r.ErrorBudgetSpentRatio = budgetSpent(s, seen.between(everybody, inc.From, until))
	return r
}

// reset returns the seconds from the end of the incident until the last group
// that paged for it was resolved, or nil if one was not. The messages are in
// their order.
func reset(inc Incident, messages []NotificationResult) *float64 {
	type group struct{ receiver, key string }
	paged := []group{}
	resolved := map[group]float64{} // :: group -> its first resolved message after its last page
	for _, n := range messages {
		g := group{n.Receiver, n.GroupKey}
		_, done := resolved[g]
		switch {
		case n.CountsAs == RolePage && n.Incident == inc.Name:
			delete(resolved, g)
			if !slices.Contains(paged, g) {
				paged = append(paged, g)
			}
		case n.CountsAs == RoleResolved && slices.Contains(paged, g) && !done:
			resolved[g] = n.AtSeconds
		}
	}
	if len(paged) == 0 || len(resolved) < len(paged) {
		return nil
	}
	last := math.Inf(-1)
	for _, g := range paged {
		last = max(last, resolved[g])
	}
	last = milliseconds(last - seconds(inc.To))
	return &last
}

// budgetSpent returns the share of a month's error budget that t spent.
func budgetSpent(s *Scenario, t tally) float64 {
	month := s.Load.MeanRate() * budgetPeriod.Seconds()
	if !(month > 0) { // a scenario made by hand may lack a rate
		return 0
	}
	return sixDigits(max(float64(t.failed)/(month*FailedAllowed), float64(t.slow)/(month*SlowAllowed)))
}

// count sums up the result.
func count(r Result, run Run) Score {
	c := Score{Precision: 1, Recall: 1, Messages: len(r.Notifications), FalsePageAtSeconds: []float64{}}
	for _, n := range r.Notifications {
		switch n.CountsAs {
		case RolePage:
			c.Pages++
		case RoleFalsePage:
			c.Pages++
			c.FalsePages++
			c.FalsePageAtSeconds = append(c.FalsePageAtSeconds, n.AtSeconds)
		case RoleTicket:
			c.Tickets++
		case RoleLogLine:
			c.LogLines++
		case RoleRepeat:
			c.Repeats++
		case RoleResolved:
			c.ResolvedMessages++
		}
	}
	noticed, due := 0, 0
	for _, inc := range r.Incidents {
		c.ExtraPages += inc.ExtraPages
		noticed += toInt(inc.Verdict == Detected || inc.Verdict == Late)
		due += toInt(inc.Verdict != Averted)
	}
	if c.Pages > 0 {
		c.Precision = sixDigits(float64(c.Pages-c.FalsePages) / float64(c.Pages))
	}
	if due > 0 {
		c.Recall = sixDigits(float64(noticed) / float64(due))
	}
	for _, a := range run.Alerts {
		c.Silenced += toInt(a.mutedWhileFiring(BySilence))
		c.Inhibited += toInt(a.mutedWhileFiring(ByInhibition))
		c.WithoutRunbook += toInt(!a.FiringAt.IsZero() && a.RunbookURL == "")
	}
	return c
}

func countRequests(seen []Second) int {
	n := 0
	for _, s := range seen {
		n += s.Requests
	}
	return n
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

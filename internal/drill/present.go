package drill

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/fault"
)

// maxBins bounds the size of a timeline.
const maxBins = 240

// text renders a duration for people, such as 1m35s.
func text(d time.Duration) string { return fault.Duration(d).String() }

// secondsText renders seconds for people, to the second.
func secondsText(s float64) string {
	return text(time.Duration(math.Round(s)) * time.Second)
}

// seconds returns d in seconds, rounded to milliseconds.
func seconds(d time.Duration) float64 { return milliseconds(d.Seconds()) }

// milliseconds rounds seconds so that the same run gives the same bytes.
func milliseconds(s float64) float64 { return math.Round(s*1e3)/1e3 + 0 } // + 0: no negative zero

// sixDigits rounds a ratio so that the same run gives the same bytes.
func sixDigits(r float64) float64 { return math.Round(r*1e6)/1e6 + 0 }

// sinceStart returns the seconds since minute zero, or nil if t never came.
func sinceStart(run Run, t time.Time) *float64 {
	if t.IsZero() {
		return nil
	}
	s := seconds(t.Sub(run.Start))
	return &s
}

// alertResults orders the alerts by the time they began, then by name and labels.
func alertResults(run Run) []AlertResult {
	spans := slices.Clone(run.Alerts)
	slices.SortStableFunc(spans, func(a, b AlertSpan) int {
		return cmp.Or(a.begin().Compare(b.begin()), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Labels.String(), b.Labels.String()))
	})
	out := make([]AlertResult, 0, len(spans))
	for _, a := range spans {
		r := AlertResult{
			AlertName:         a.Name,
			Labels:            alert.Labels{},
			PendingAtSeconds:  sinceStart(run, a.PendingAt),
			FiringAtSeconds:   sinceStart(run, a.FiringAt),
			ResolvedAtSeconds: sinceStart(run, a.ResolvedAt),
			RunbookURL:        a.RunbookURL,
			Muted:             []MuteResult{},
		}
		maps.Copy(r.Labels, a.Labels)
		for _, m := range a.Muted {
			r.Muted = append(r.Muted, MuteResult{
				FromSeconds: seconds(m.From.Sub(run.Start)),
				ToSeconds:   sinceStart(run, m.To),
				By:          m.By,
				Name:        m.Name,
			})
		}
		slices.SortStableFunc(r.Muted, func(a, b MuteResult) int {
			return cmp.Or(cmp.Compare(a.FromSeconds, b.FromSeconds), cmp.Compare(a.By, b.By), cmp.Compare(a.Name, b.Name))
		})
		out = append(out, r)
	}
	return out
}

// begin is the first moment that is known of a.
func (a AlertSpan) begin() time.Time {
	if a.PendingAt.IsZero() {
		return a.FiringAt
	}
	return a.PendingAt
}

// mutedWhileFiring reports whether a was kept from people in that way at some
// time when it fired.
func (a AlertSpan) mutedWhileFiring(by string) bool {
	if a.FiringAt.IsZero() {
		return false
	}
	return slices.ContainsFunc(a.Muted, func(m Mute) bool {
		begun := a.ResolvedAt.IsZero() || m.From.Before(a.ResolvedAt)
		over := !m.To.IsZero() && !m.To.After(a.FiringAt)
		return m.By == by && begun && !over
	})
}

// timeline gathers what pictures are drawn from.
func timeline(s *Scenario, run Run, seen *truth) Timeline {
	width := binWidth(s.Duration)
	t := Timeline{
		DurationSeconds: seconds(s.Duration),
		Faults:          []FaultSpan{},
		Silences:        []SilenceSpan{},
		BinSeconds:      seconds(width),
		Journeys:        []JourneySpans{},
	}
	for _, step := range s.Timeline {
		switch from := seconds(step.At); {
		case step.Fault != nil:
			t.Faults = append(t.Faults, FaultSpan{
				FromSeconds: from,
				ToSeconds:   seconds(endOf(step, run)),
				Fault:       step.Fault.Kind,
				Service:     step.Fault.Service,
				Setting:     step.Fault.Settings(),
			})
		case step.Silence != nil:
			matchers := []string{}
			for _, m := range step.Silence.Matchers {
				matchers = append(matchers, matcherText(m))
			}
			t.Silences = append(t.Silences, SilenceSpan{
				FromSeconds: from,
				ToSeconds:   seconds(step.At + step.Silence.For),
				Matchers:    strings.Join(matchers, ", "),
				Comment:     step.Silence.Comment,
			})
		}
	}
	for _, name := range seen.series() {
		if name == everybody {
			continue
		}
		j := JourneySpans{Journey: name, Requests: []int{}, Failed: []int{}, Slow: []int{}}
		for from := time.Duration(0); from < s.Duration; from += width {
			c := seen.between(name, from, from+width)
			j.Requests, j.Failed, j.Slow = append(j.Requests, c.requests), append(j.Failed, c.failed), append(j.Slow, c.slow)
		}
		t.Journeys = append(t.Journeys, j)
	}
	return t
}

// endOf returns when the fault of a step was over: by itself, or ended by a repair.
func endOf(step Step, run Run) time.Duration {
	end := step.At + time.Duration(step.Fault.For)
	for _, r := range run.Repairs {
		effect := r.Effect.Sub(run.Start)
		if r.Service == step.Fault.Service && slices.Contains(r.Ended, step.Fault.Kind) && effect > step.At && effect < end {
			end = effect
		}
	}
	return end
}

// repairResults orders the repairs by time, then by service. Without any it is
// nil.
func repairResults(run Run) []RepairResult {
	var out []RepairResult
	for _, r := range run.Repairs {
		out = append(out, RepairResult{
			AtSeconds: seconds(r.At.Sub(run.Start)), EffectSeconds: seconds(r.Effect.Sub(run.Start)), Repair: r.Repair, Service: r.Service,
			Ended: append([]string{}, r.Ended...), Helped: append([]string{}, r.Helped...),
		})
	}
	slices.SortStableFunc(out, func(a, b RepairResult) int {
		return cmp.Or(cmp.Compare(a.AtSeconds, b.AtSeconds), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Repair, b.Repair))
	})
	return out
}

// binWidth returns the finest width that keeps the number of bins bounded.
func binWidth(duration time.Duration) time.Duration {
	for _, width := range []time.Duration{
		30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	} {
		if duration <= maxBins*width {
			return width
		}
	}
	return time.Hour
}

// findProblems says in sentences where the run fell short.
func findProblems(r Result) []string {
	out := []string{}
	for _, inc := range r.Incidents {
		switch inc.Verdict {
		case Detected, Averted:
		case Late:
			out = append(out, fmt.Sprintf("Incident %q was paged after %s, by %s; it had to be within %s.",
				inc.Name, secondsText(*inc.TimeToDetectSeconds), inc.Alert, secondsText(inc.PageWithinSeconds)))
		case Missed:
			out = append(out, fmt.Sprintf("Incident %q (%s to %s) paged nobody, although of %d requests %d failed and %d were slow.",
				inc.Name, secondsText(inc.FromSeconds), secondsText(inc.ToSeconds), inc.Requests, inc.FailedRequests, inc.SlowRequests))
		}
	}
	if n := r.Score.FalsePages; n > 0 {
		out = append(out, falsePages(r, n))
	}
	return out
}

// falsePages says which pages were false, the first few by name.
func falsePages(r Result, n int) string {
	const most = 5
	named := []string{}
	for _, m := range r.Notifications {
		if m.CountsAs == RoleFalsePage && len(named) < most {
			named = append(named, fmt.Sprintf("%s at %s", m.AlertName, secondsText(m.AtSeconds)))
		}
	}
	list := strings.Join(named, ", ")
	switch {
	case n == 1:
		return fmt.Sprintf("1 false page, sent while no user was hurt: %s.", list)
	case n > most:
		return fmt.Sprintf("%d false pages, sent while no user was hurt: %s and %d more.", n, list, n-most)
	default:
		return fmt.Sprintf("%d false pages, sent while no user was hurt: %s.", n, list)
	}
}

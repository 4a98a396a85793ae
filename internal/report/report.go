// Package report shows what drills gave: a table for a terminal, JSON lines for
// programs, JUnit XML for build servers, Markdown for a page under version
// control, one self-contained page with pictures for people, and sets of results
// side by side. The commands call it. It never scores: every figure comes from
// package drill, totals excepted, which are sums and means of them.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"goldensignals/internal/drill"
)

// JSON writes each result as one JSON object on a line of its own.
func JSON(w io.Writer, results []drill.Result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range results {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("write result of drill %s: %w", r.Drill, err)
		}
	}
	return nil
}

// Totals sums up several drills. Precision and recall are those of all pages
// and all incidents taken together.
type Totals struct {
	Drills    int     `json:"drills"`
	Controls  int     `json:"controls"`
	Passed    int     `json:"passed"`
	Incidents int     `json:"incidents"`
	Detected  int     `json:"detected"`
	Late      int     `json:"late"`
	Missed    int     `json:"missed"`
	Averted   int     `json:"averted,omitempty"` // in live drills only
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	Pages     int     `json:"pages"`
	False     int     `json:"false_pages"`
	Extra     int     `json:"extra_pages"`
	Tickets   int     `json:"tickets"`
	LogLines  int     `json:"log_lines"`
	Messages  int     `json:"messages"`
}

// sum returns the totals of the results.
func sum(results []drill.Result) Totals {
	t := Totals{Drills: len(results), Precision: 1, Recall: 1}
	for _, r := range results {
		t.Controls += one(r.Control)
		t.Passed += one(r.Passed)
		t.Incidents += len(r.Incidents)
		for _, inc := range r.Incidents {
			t.Detected += one(inc.Verdict == drill.Detected)
			t.Late += one(inc.Verdict == drill.Late)
			t.Missed += one(inc.Verdict == drill.Missed)
			t.Averted += one(inc.Verdict == drill.Averted)
		}
		t.Pages += r.Score.Pages
		t.False += r.Score.FalsePages
		t.Extra += r.Score.ExtraPages
		t.Tickets += r.Score.Tickets
		t.LogLines += r.Score.LogLines
		t.Messages += r.Score.Messages
	}
	if t.Pages > 0 {
		t.Precision = sixDigits(float64(t.Pages-t.False) / float64(t.Pages))
	}
	if due := t.Incidents - t.Averted; due > 0 {
		t.Recall = sixDigits(float64(t.Detected+t.Late) / float64(due))
	}
	return t
}

// String says the totals in one line.
func (t Totals) String() string {
	averted := ""
	if t.Averted > 0 {
		averted = fmt.Sprintf(", %d averted", t.Averted)
	}
	return fmt.Sprintf("%s passed of %s (%s), %s: %d detected, %d late, %d missed%s. Precision %s, recall %s.",
		strconv.Itoa(t.Passed), plural(t.Drills, "drill"), plural(t.Controls, "control"), plural(t.Incidents, "incident"), t.Detected, t.Late, t.Missed, averted,
		ratio(t.Precision), ratio(t.Recall))
}

func sixDigits(r float64) float64 { return math.Round(r*1e6) / 1e6 }

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// notes says in sentences what is worth knowing about r and fails nothing.
func notes(r drill.Result) []string {
	out := slices.Clone(r.Notes)
	var bare []string
	for _, a := range r.Alerts {
		if a.FiringAtSeconds != nil && a.RunbookURL == "" && !slices.Contains(bare, a.AlertName) {
			bare = append(bare, a.AlertName)
		}
	}
	if len(bare) > 0 {
		out = append(out, fmt.Sprintf("Fired without a runbook: %s.", strings.Join(bare, ", ")))
	}
	for _, inc := range r.Incidents {
		switch {
		case inc.Verdict == drill.Missed || inc.Verdict == drill.Averted:
		case inc.ResetSeconds == nil:
			out = append(out, fmt.Sprintf("Incident %q was never resolved on the pager within the drill.", inc.Name))
		case *inc.ResetSeconds < 0:
			out = append(out, fmt.Sprintf("Incident %q was called over %s too early, while users were still hurt.", inc.Name, span(-*inc.ResetSeconds)))
		}
	}
	return out
}

// fine reports whether nothing went wrong with an incident.
func fine(v drill.Verdict) bool { return v == drill.Detected || v == drill.Averted }

// verdict is a word and a sign for an incident, so that nothing depends on
// colour.
func verdict(v drill.Verdict) string {
	switch v {
	case drill.Detected:
		return "✓ detected"
	case drill.Late:
		return "! late"
	case drill.Averted:
		return "✓ averted"
	default:
		return "✗ missed"
	}
}

// controlVerdict is the same for a drill without incidents.
func controlVerdict(r drill.Result) string {
	if n := r.Score.FalsePages; n > 0 {
		return fmt.Sprintf("✗ FALSE PAGE ×%d", n)
	}
	return "✓ quiet"
}

// span renders seconds for people: 45s, 1m35s, 2h.
func span(seconds float64) string {
	s := (time.Duration(math.Round(seconds)) * time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// optional renders a moment that may never have come.
func optional(seconds *float64) string {
	if seconds == nil {
		return "–"
	}
	return span(*seconds)
}

// inWords renders seconds for a sentence.
func inWords(seconds float64) string {
	s := int(math.Round(seconds))
	switch {
	case s < 60:
		return plural(s, "second")
	case s%60 == 0 && s < 3600:
		return plural(s/60, "minute")
	default:
		return span(seconds)
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// percent renders a ratio for people.
func percent(r float64) string {
	switch {
	case r == 0:
		return "0 %"
	case r < 0.0001:
		return "< 0.01 %"
	case r < 0.1:
		return strconv.FormatFloat(100*r, 'f', 2, 64) + " %"
	default:
		return strconv.FormatFloat(100*r, 'f', 1, 64) + " %"
	}
}

func ratio(r float64) string { return strconv.FormatFloat(r, 'f', 2, 64) }

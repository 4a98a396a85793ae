package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"goldensignals/internal/drill"
)

// JSON writes the comparison as one JSON object on one line.
func (c Comparison) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	return nil
}

// HTML writes the comparison as one self-contained page.
func (c Comparison) HTML(w io.Writer) error { return render(w, "compare.html", c) }

// Table writes the comparison for a terminal.
func (c Comparison) Table(w io.Writer) error {
	lines := [][]string{{"DRILL", "INCIDENT", c.NameA, c.NameB, "PAGES", "FALSE", "MESSAGES"}}
	for _, d := range c.Drills {
		counts := []string{d.Pages(), d.False(), d.Messages()}
		if len(d.Incidents) == 0 {
			lines = append(lines, append([]string{d.Drill, "(control)", quiet(d.ScoreA), quiet(d.ScoreB)}, counts...))
		}
		for i, inc := range d.Incidents {
			line := []string{"", inc.Name, inc.SideA(), inc.SideB(), "", "", ""}
			if i == 0 {
				line = append([]string{d.Drill, inc.Name, inc.SideA(), inc.SideB()}, counts...)
			}
			lines = append(lines, line)
		}
	}
	var b bytes.Buffer
	if err := align(&b, lines); err != nil {
		return err
	}
	b.WriteByte('\n')
	for _, s := range c.Sentences {
		fmt.Fprintln(&b, oneLine(s))
	}
	for _, d := range c.Drills {
		if !d.Same {
			fmt.Fprintf(&b, "  %s: %s\n", d.Drill, oneLine(d.Sentence))
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	return nil
}

// SideA says in a few words how A fared with the incident.
func (i IncidentCompared) SideA() string { return fared(i.A) }

// SideB is SideA for B.
func (i IncidentCompared) SideB() string { return fared(i.B) }

func fared(r *drill.IncidentResult) string {
	switch {
	case r == nil:
		return "–"
	case r.TimeToDetectSeconds == nil:
		return verdict(r.Verdict)
	default:
		return verdict(r.Verdict) + " after " + span(*r.TimeToDetectSeconds)
	}
}

func quiet(s *drill.Score) string {
	if s == nil {
		return "–"
	}
	return controlVerdict(drill.Result{Score: *s})
}

// QuietA says in a few words how A fared with a control.
func (d DrillCompared) QuietA() string { return quiet(d.ScoreA) }

// QuietB is QuietA for B.
func (d DrillCompared) QuietB() string { return quiet(d.ScoreB) }

// Pages gives the pages of A and of B, such as "1 → 2".
func (d DrillCompared) Pages() string {
	return d.counts(func(s *drill.Score) int { return s.Pages })
}

// False gives the false pages of A and of B.
func (d DrillCompared) False() string {
	return d.counts(func(s *drill.Score) int { return s.FalsePages })
}

// Messages gives the messages of A and of B.
func (d DrillCompared) Messages() string {
	return d.counts(func(s *drill.Score) int { return s.Messages })
}

func (d DrillCompared) counts(of func(*drill.Score) int) string {
	count := func(s *drill.Score) string {
		if s == nil {
			return "–"
		}
		return strconv.Itoa(of(s))
	}
	return count(d.ScoreA) + " → " + count(d.ScoreB)
}

package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"goldensignals/internal/drill"
)

// Table writes the results for people: a line per incident, what it all adds
// up to, and where drills fell short.
func Table(w io.Writer, results []drill.Result) error {
	var b bytes.Buffer
	if err := writeRows(&b, rows(results)); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%s\n", sum(results))
	writeSentences(&b, "Fell short:", results, func(r drill.Result) []string { return r.Problems })
	writeSentences(&b, "Repairs:", results, repairs)
	writeSentences(&b, "Worth knowing:", results, notes)
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// row is one line of the table. What belongs to a whole drill stands in the
// line of its first incident only.
type row struct {
	Drill, Incident, Verdict, Alert      string
	Detect, Reset, Spent                 string
	Pages, FalsePages, Tickets, LogLines string
	Passed                               bool // of the incident or the control
	First                                bool // line of its drill
}

// head names the columns of a row.
func head() []string {
	return []string{"DRILL", "INCIDENT", "VERDICT", "ALERT", "DETECTED AFTER", "RESET AFTER", "BUDGET SPENT", "PAGES", "FALSE", "TICKETS", "LOG LINES"}
}

func (r row) cells() []string {
	return []string{r.Drill, r.Incident, r.Verdict, r.Alert, r.Detect, r.Reset, r.Spent, r.Pages, r.FalsePages, r.Tickets, r.LogLines}
}

func rows(results []drill.Result) []row {
	var out []row
	for _, r := range results {
		first := row{
			Drill: r.Drill, First: true, Pages: strconv.Itoa(r.Score.Pages),
			FalsePages: strconv.Itoa(r.Score.FalsePages), Tickets: strconv.Itoa(r.Score.Tickets), LogLines: strconv.Itoa(r.Score.LogLines),
		}
		if r.Control {
			first.Incident, first.Verdict, first.Passed = "(control)", controlVerdict(r), r.Score.FalsePages == 0
			first.Alert, first.Detect, first.Reset, first.Spent = "–", "–", "–", "–"
			out = append(out, first)
			continue
		}
		for i, inc := range r.Incidents {
			line := row{}
			if i == 0 {
				line = first
			}
			line.Incident, line.Verdict, line.Passed = inc.Name, verdict(inc.Verdict), fine(inc.Verdict)
			line.Alert = inc.Alert
			if inc.Alert == "" {
				line.Alert = "–"
			}
			line.Detect, line.Reset, line.Spent = optional(inc.TimeToDetectSeconds), optional(inc.ResetSeconds), percent(inc.ErrorBudgetSpentRatio)
			out = append(out, line)
		}
	}
	return out
}

func writeRows(w io.Writer, lines []row) error {
	cells := [][]string{head()}
	for _, r := range lines {
		cells = append(cells, r.cells())
	}
	return align(w, cells)
}

// align writes cells in columns.
func align(w io.Writer, lines [][]string) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		for i, c := range line {
			line[i] = oneLine(c)
		}
		if _, err := fmt.Fprintln(t, strings.Join(line, "\t")); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	return nil
}

// oneLine keeps a name out of the file from breaking the columns or the
// terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// writeSentences lists the sentences about each drill, if there are any.
func writeSentences(w io.Writer, title string, results []drill.Result, about func(drill.Result) []string) {
	titled := false
	for _, r := range results {
		for _, sentence := range about(r) {
			if !titled {
				fmt.Fprintf(w, "\n%s\n", title)
				titled = true
			}
			fmt.Fprintf(w, "  %s: %s\n", r.Drill, oneLine(sentence))
		}
	}
}

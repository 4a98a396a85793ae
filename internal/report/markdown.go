package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"goldensignals/internal/drill"
)

// Markdown writes the results as a table for a page under version control: a
// line per incident, and what it all adds up to. It holds no wall time, so the
// same run gives the same bytes.
func Markdown(w io.Writer, results []drill.Result) error {
	lines := [][]string{{"drill", "incident", "verdict", "alert", "detected after", "reset after", "pages", "false pages", "tickets", "log lines"}}
	titles := map[string]string{}
	for _, r := range results {
		titles[r.Drill] = r.Title
	}
	for _, r := range rows(results) {
		name := ""
		if r.First {
			name = titled(r.Drill, titles[r.Drill])
		}
		lines = append(lines, []string{name, plain(r.Incident), r.Verdict, plain(r.Alert), r.Detect, r.Reset, r.Pages, r.FalsePages, r.Tickets, r.LogLines})
	}
	var b bytes.Buffer
	markdownTable(&b, lines, 4)
	total := sum(results)
	fmt.Fprintf(&b, "\n%s %s, %d of them false, %s, %s.\n", total,
		plural(total.Pages, "page"), total.False, plural(total.Tickets, "ticket"), plural(total.LogLines, "log line"))
	var problems []string
	for _, r := range results {
		for _, problem := range r.Problems {
			problems = append(problems, fmt.Sprintf("- %s: %s\n", code(r.Drill), plain(problem)))
		}
	}
	if len(problems) > 0 {
		fmt.Fprintf(&b, "\nFell short:\n\n%s", strings.Join(problems, ""))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write Markdown: %w", err)
	}
	return nil
}

// titled names a drill for people, and as a command takes it.
func titled(name, title string) string {
	if title == "" || title == name {
		return code(name)
	}
	return plain(title) + " (" + code(name) + ")"
}

// markdownTable writes cells, which are Markdown already, below the first line as
// the head. Columns from the given one on are figures and stand to the right.
func markdownTable(w io.Writer, lines [][]string, figures int) {
	for i, line := range lines {
		fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | "))
		if i > 0 {
			continue
		}
		for column := range line {
			rule := "|---"
			if column >= figures {
				rule = "|--:"
			}
			fmt.Fprint(w, rule)
		}
		fmt.Fprintln(w, "|")
	}
}

// plain is a text that Markdown shows as it is: what files and alerts carry may
// neither break a table nor become a link, an element or an entity.
func plain(s string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		if strings.ContainsRune("\\`*_{}[]<>#|~&!", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code is a name in a code span. A name that could leave it is shown as plain
// text.
func code(s string) string {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._/", r)
	}
	if s == "" || strings.ContainsFunc(s, odd) {
		return plain(s)
	}
	return "`" + s + "`"
}

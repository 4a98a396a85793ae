package report

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"goldensignals/internal/drill"
)

// resetMatters is how many seconds the resets of two designs must differ by to
// be worth a sentence: a flush of a group more or less is none.
const resetMatters = 60

// Markdown writes the comparison for a page under version control.
func (c Comparison) Markdown(w io.Writer) error { return ComparisonsMarkdown(w, []Comparison{c}) }

// ComparisonsMarkdown writes comparisons of one and the same set A with several
// others: the totals side by side, then, of each other set, in which drills it
// does worse than A, and in which better. It holds no wall time.
func ComparisonsMarkdown(w io.Writer, comparisons []Comparison) error {
	var b bytes.Buffer
	markdownTable(&b, totalLines(comparisons), 1)
	for _, c := range comparisons {
		c.writeDifferences(&b)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write Markdown: %w", err)
	}
	return nil
}

// totalLines are the totals: a column for each set.
func totalLines(comparisons []Comparison) [][]string {
	lines := [][]string{{""}}
	for _, row := range totalRows() {
		lines = append(lines, []string{row.name})
	}
	add := func(name string, t Totals, c clocks) {
		lines[0] = append(lines[0], plain(name))
		for i, row := range totalRows() {
			lines[i+1] = append(lines[i+1], row.figure(t, c))
		}
	}
	for i, c := range comparisons {
		if i == 0 {
			add(c.NameA, c.TotalsA, c.clocks(sideA))
		}
		add(c.NameB, c.TotalsB, c.clocks(sideB))
	}
	return lines
}

// totalRow is one figure of a set.
type totalRow struct {
	name   string
	figure func(Totals, clocks) string
}

func totalRows() []totalRow {
	count := func(name string, of func(Totals) int) totalRow {
		return totalRow{name, func(t Totals, _ clocks) string { return strconv.Itoa(of(t)) }}
	}
	return []totalRow{
		count("incidents detected in time", func(t Totals) int { return t.Detected }),
		count("detected late", func(t Totals) int { return t.Late }),
		count("missed", func(t Totals) int { return t.Missed }),
		count("pages", func(t Totals) int { return t.Pages }),
		count("false pages: nobody was hurt", func(t Totals) int { return t.False }),
		count("extra pages: one was enough", func(t Totals) int { return t.Extra }),
		count("tickets", func(t Totals) int { return t.Tickets }),
		count("messages of all kinds", func(t Totals) int { return t.Messages }),
		{"precision", func(t Totals, _ clocks) string { return ratio(t.Precision) }},
		{"recall", func(t Totals, _ clocks) string { return ratio(t.Recall) }},
		{"mean time to detect, of what was paged", func(_ Totals, c clocks) string { return c.detect.String() }},
		{"mean time to reset, where called over after the end", func(_ Totals, c clocks) string { return c.reset.String() }},
		{"called over while users were still hurt", func(_ Totals, c clocks) string { return strconv.Itoa(c.early) }},
	}
}

// clocks are the times of a set over all drills that both have.
type clocks struct {
	detect, reset mean
	early         int // resets before the end
}

// mean is the mean of some seconds.
type mean struct {
	n   int
	sum float64
}

func (m *mean) add(seconds *float64) {
	if seconds != nil {
		m.n, m.sum = m.n+1, m.sum+*seconds
	}
}

func (m mean) String() string {
	if m.n == 0 {
		return "–"
	}
	return span(m.sum / float64(m.n))
}

func sideA(i IncidentCompared) *drill.IncidentResult { return i.A }
func sideB(i IncidentCompared) *drill.IncidentResult { return i.B }

func (c Comparison) clocks(side func(IncidentCompared) *drill.IncidentResult) clocks {
	var out clocks
	for _, d := range c.Drills {
		if d.OnlyIn != "" {
			continue
		}
		for _, i := range d.Incidents {
			switch inc := side(i); {
			case inc == nil:
			case inc.ResetSeconds != nil && *inc.ResetSeconds < 0:
				out.detect.add(inc.TimeToDetectSeconds)
				out.early++
			default:
				out.detect.add(inc.TimeToDetectSeconds)
				out.reset.add(inc.ResetSeconds)
			}
		}
	}
	return out
}

// writeDifferences writes a section about B: what differs over all, then drill by
// drill, folded up.
func (c Comparison) writeDifferences(w io.Writer) {
	overall := strings.Join(append(slices.Clone(c.Sentences), c.overSooner()...), " ")
	fmt.Fprintf(w, "\n### %s against %s\n\n%s\n", plain(c.NameB), plain(c.NameA), plain(overall))
	by := map[int][]string{}
	const alone = 2 // beside the three results of standing
	for _, d := range c.Drills {
		sentence, at := d.Sentence, alone
		if d.OnlyIn == "" {
			sentence, at = d.differences(c.NameB), d.standing()
		}
		if sentence != "" {
			by[at] = append(by[at], "- "+titled(d.Drill, d.Title)+": "+plain(sentence))
		}
	}
	for _, part := range []struct {
		at    int
		title string
	}{{-1, "%s does worse in %s"}, {+1, "%s does better in %s"}, {0, "%s is different, neither better nor worse, in %s"}, {alone, "%s cannot be compared in %s"}} {
		list := by[part.at]
		if len(list) == 0 {
			continue
		}
		title := fmt.Sprintf(part.title, html.EscapeString(oneLine(c.NameB)), plural(len(list), "drill"))
		fmt.Fprintf(w, "\n<details>\n<summary>%s</summary>\n\n%s\n\n</details>\n", title, strings.Join(list, "\n"))
	}
}

// overSooner compares the mean reset of the incidents that both called over after
// the end; it is no sentence if that differs by too little to matter.
func (c Comparison) overSooner() []string {
	n, later := 0, 0.0
	for _, d := range c.Drills {
		for _, i := range d.Incidents {
			if i.A == nil || i.B == nil || i.A.ResetSeconds == nil || i.B.ResetSeconds == nil || *i.A.ResetSeconds < 0 || *i.B.ResetSeconds < 0 {
				continue
			}
			n, later = n+1, later+*i.B.ResetSeconds-*i.A.ResetSeconds
		}
	}
	if n == 0 || math.Abs(later/float64(n)) < resetMatters {
		return nil
	}
	word := "sooner"
	if later > 0 {
		word = "later"
	}
	return []string{fmt.Sprintf("%s calls it over %s %s on average, over %s that both called over after the end.",
		c.NameB, inWords(math.Abs(later)/float64(n)), word, plural(n, "incident"))}
}

// differences says what differs, resets included; it is empty where nothing does.
func (d DrillCompared) differences(nameB string) string {
	var out []string
	if !d.Same {
		out = append(out, d.Sentence)
	}
	for _, i := range d.Incidents {
		a, b, ok := i.resets()
		if !ok {
			continue
		}
		clause := fmt.Sprintf("%s calls it over %s instead of %s", nameB, whenOver(b), whenOver(a))
		if len(d.Incidents) > 1 {
			clause += fmt.Sprintf(" for %q", i.Name)
		}
		out = append(out, clause+".")
	}
	return strings.Join(out, " ")
}

func whenOver(reset float64) string {
	if reset < 0 {
		return inWords(-reset) + " too early"
	}
	return "after " + inWords(reset)
}

// standing is -1 where B does worse than A and +1 where it does better. What
// weighs most decides: an outage that nobody hears of, a page that wakes somebody
// for nothing, one that comes too late, one too many, a slower page, an all-clear
// that is too early, a slower one. How much is written into tickets and logs is
// neither good nor bad.
func (d DrillCompared) standing() int {
	for _, more := range d.more() {
		if by := cmp.Compare(0, math.Round(more)); by != 0 {
			return by
		}
	}
	return 0
}

// more is how much more B has of what standing weighs, the weightiest first. Times
// are of the incidents for which both have one.
func (d DrillCompared) more() []float64 {
	var missed, late, detect, early, reset float64
	for _, i := range d.Incidents {
		if i.A == nil || i.B == nil {
			continue // the scenarios differ
		}
		missed += float64(one(i.B.Verdict == drill.Missed) - one(i.A.Verdict == drill.Missed))
		late += float64(one(i.B.Verdict == drill.Late) - one(i.A.Verdict == drill.Late))
		if a, b := i.A.TimeToDetectSeconds, i.B.TimeToDetectSeconds; a != nil && b != nil {
			detect += *b - *a
		}
		if a, b, ok := i.resets(); ok {
			early += float64(one(b < 0) - one(a < 0))
			reset += b - a
		}
	}
	return []float64{missed, float64(d.ScoreB.FalsePages - d.ScoreA.FalsePages), late, float64(d.ScoreB.ExtraPages - d.ScoreA.ExtraPages), detect, early, reset}
}

// resets are the resets of both, if they differ by enough to matter.
func (i IncidentCompared) resets() (a, b float64, ok bool) {
	if i.A == nil || i.B == nil || i.A.ResetSeconds == nil || i.B.ResetSeconds == nil {
		return 0, 0, false
	}
	a, b = *i.A.ResetSeconds, *i.B.ResetSeconds
	return a, b, math.Abs(b-a) >= resetMatters
}

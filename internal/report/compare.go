package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"goldensignals/internal/drill"
)

// Comparison is two sets of results side by side, such as those of two sets of
// rules. Its JSON is public.
type Comparison struct {
	NameA     string          `json:"name_a"`
	NameB     string          `json:"name_b"`
	Sentences []string        `json:"sentences"` // what differs overall
	TotalsA   Totals          `json:"totals_a"`  // of the drills that both have
	TotalsB   Totals          `json:"totals_b"`
	Drills    []DrillCompared `json:"drills"` // in the order of A, then those of B only
}

// DrillCompared is one drill in both sets, or in one of them.
type DrillCompared struct {
	Drill     string             `json:"drill"`
	Title     string             `json:"title"`
	OnlyIn    string             `json:"only_in,omitempty"` // the name of the set, if one lacks the drill
	Sentence  string             `json:"sentence"`          // what differs
	Same      bool               `json:"same"`              // nothing that is compared differs
	Incidents []IncidentCompared `json:"incidents"`
	ScoreA    *drill.Score       `json:"score_a"` // null if A lacks the drill
	ScoreB    *drill.Score       `json:"score_b"`
}

// IncidentCompared is one incident in both sets; one is null if it is lacking.
type IncidentCompared struct {
	Name string                `json:"name"`
	A    *drill.IncidentResult `json:"a"`
	B    *drill.IncidentResult `json:"b"`
}

// Compare puts two sets of results side by side, matched by the names of drills
// and incidents. The names say what the sets are called in sentences; empty ones
// are A and B.
func Compare(a, b []drill.Result, nameA, nameB string) Comparison {
	c := Comparison{NameA: orElse(nameA, "A"), NameB: orElse(nameB, "B"), Sentences: []string{}, Drills: []DrillCompared{}}
	var bothA, bothB []drill.Result
	for i := range a {
		other := find(b, a[i].Drill)
		c.Drills = append(c.Drills, c.drill(&a[i], other))
		if other != nil {
			bothA, bothB = append(bothA, a[i]), append(bothB, *other)
		}
	}
	for i := range b {
		if find(a, b[i].Drill) == nil {
			c.Drills = append(c.Drills, c.drill(nil, &b[i]))
		}
	}
	c.TotalsA, c.TotalsB = sum(bothA), sum(bothB)
	c.Sentences = append(c.Sentences, c.overall(bothA, bothB)...)
	return c
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func find(results []drill.Result, name string) *drill.Result {
	i := slices.IndexFunc(results, func(r drill.Result) bool { return r.Drill == name })
	if i < 0 {
		return nil
	}
	return &results[i]
}

// drill compares one drill; one of the two may be nil.
func (c *Comparison) drill(a, b *drill.Result) DrillCompared {
	switch {
	case b == nil:
		d := side(a, func(i *IncidentCompared, r *drill.IncidentResult) { i.A = r })
		d.OnlyIn, d.ScoreA, d.Sentence = c.NameA, &a.Score, fmt.Sprintf("Only %s has this drill.", c.NameA)
		return d
	case a == nil:
		d := side(b, func(i *IncidentCompared, r *drill.IncidentResult) { i.B = r })
		d.OnlyIn, d.ScoreB, d.Sentence = c.NameB, &b.Score, fmt.Sprintf("Only %s has this drill.", c.NameB)
		return d
	}
	d := side(a, func(i *IncidentCompared, r *drill.IncidentResult) { i.A = r })
	d.ScoreA, d.ScoreB = &a.Score, &b.Score
	for i := range b.Incidents {
		inc := &b.Incidents[i]
		at := slices.IndexFunc(d.Incidents, func(o IncidentCompared) bool { return o.Name == inc.Name })
		if at < 0 {
			d.Incidents = append(d.Incidents, IncidentCompared{Name: inc.Name, B: inc})
			continue
		}
		d.Incidents[at].B = inc
	}
	clauses := c.clauses(d)
	d.Same = len(clauses) == 0
	d.Sentence = "No difference."
	if !d.Same {
		d.Sentence = c.NameB + " " + enumerate(clauses) + "."
	}
	return d
}

// side starts a comparison with the incidents of one set.
func side(r *drill.Result, put func(*IncidentCompared, *drill.IncidentResult)) DrillCompared {
	d := DrillCompared{Drill: r.Drill, Title: r.Title, Incidents: []IncidentCompared{}}
	for i := range r.Incidents {
		inc := IncidentCompared{Name: r.Incidents[i].Name}
		put(&inc, &r.Incidents[i])
		d.Incidents = append(d.Incidents, inc)
	}
	return d
}

// clauses says what B does otherwise than A in one drill.
func (c *Comparison) clauses(d DrillCompared) []string {
	var out []string
	several := len(d.Incidents) > 1
	for _, inc := range d.Incidents {
		clause := incidentClause(inc)
		if clause != "" && several {
			clause += fmt.Sprintf(" for %q", inc.Name)
		}
		if clause != "" {
			out = append(out, clause)
		}
	}
	return append(out, scoreClauses(*d.ScoreA, *d.ScoreB)...)
}

// incidentClause says how B fared otherwise with one incident, or nothing.
func incidentClause(inc IncidentCompared) string {
	a, b := inc.A, inc.B
	switch {
	case a == nil || b == nil:
		return "claims other incidents" // the scenarios differ
	case a.Verdict == drill.Missed && b.Verdict == drill.Missed:
		return ""
	case b.Verdict == drill.Missed:
		return "misses what was " + string(a.Verdict)
	case a.Verdict == drill.Missed:
		return fmt.Sprintf("pages after %s (%s) what was missed", inWords(*b.TimeToDetectSeconds), b.Verdict)
	}
	later := math.Round(*b.TimeToDetectSeconds) - math.Round(*a.TimeToDetectSeconds)
	clause := ""
	switch {
	case later < 0:
		clause = fmt.Sprintf("pages %s sooner", inWords(-later))
	case later > 0:
		clause = fmt.Sprintf("pages %s later", inWords(later))
	}
	if clause != "" && a.Verdict != b.Verdict {
		clause += fmt.Sprintf(" (%s instead of %s)", b.Verdict, a.Verdict)
	}
	return clause
}

// scoreClauses says what B sends otherwise in one drill.
func scoreClauses(a, b drill.Score) []string {
	var out []string
	for _, s := range []string{
		moreOrFewer(b.FalsePages-a.FalsePages, "false page"),
		moreOrFewer(b.ExtraPages-a.ExtraPages, "extra page"),
		moreOrFewer(b.Messages-a.Messages, "message"),
	} {
		if s != "" {
			out = append(out, s)
		}
	}
	switch {
	case len(out) > 0:
		return []string{"sends " + enumerate(out)}
	case a.Pages != b.Pages || a.Tickets != b.Tickets || a.LogLines != b.LogLines:
		return []string{"sends as many messages, but to other receivers or as other kinds"}
	default:
		return nil
	}
}

func moreOrFewer(n int, word string) string {
	switch {
	case n > 0:
		return fmt.Sprintf("%d more %s", n, strings.TrimPrefix(plural(n, word), strconv.Itoa(n)+" "))
	case n < 0:
		return fmt.Sprintf("%d fewer %s", -n, strings.TrimPrefix(plural(-n, word), strconv.Itoa(-n)+" "))
	default:
		return ""
	}
}

// enumerate joins clauses as a sentence does.
func enumerate(clauses []string) string {
	if len(clauses) == 1 {
		return clauses[0]
	}
	last := len(clauses) - 1
	return strings.Join(clauses[:last], ", ") + " and " + clauses[last]
}

// overall says what differs over all drills that both have.
func (c *Comparison) overall(a, b []drill.Result) []string {
	if len(a) == 0 {
		return []string{"The two have no drill in common."}
	}
	var out []string
	if s := c.soonness(a, b); s != "" {
		out = append(out, s)
	}
	if c.TotalsA.Recall != c.TotalsB.Recall || c.TotalsA.Precision != c.TotalsB.Precision {
		out = append(out, fmt.Sprintf("%s has precision %s and recall %s, %s has %s and %s.", c.NameA, ratio(c.TotalsA.Precision), ratio(c.TotalsA.Recall),
			c.NameB, ratio(c.TotalsB.Precision), ratio(c.TotalsB.Recall)))
	}
	score := func(t Totals) drill.Score {
		return drill.Score{Pages: t.Pages, FalsePages: t.False, ExtraPages: t.Extra, Tickets: t.Tickets, LogLines: t.LogLines, Messages: t.Messages}
	}
	if clauses := scoreClauses(score(c.TotalsA), score(c.TotalsB)); len(clauses) > 0 {
		out = append(out, fmt.Sprintf("%s %s in all.", c.NameB, enumerate(clauses)))
	}
	if len(out) == 0 {
		return []string{"No difference in what is compared."}
	}
	return out
}

// soonness compares the mean time to detect of the incidents that both paged.
func (c *Comparison) soonness(a, b []drill.Result) string {
	n, later := 0, 0.0
	for i := range a {
		for _, incA := range a[i].Incidents {
			for _, incB := range b[i].Incidents {
				if incA.Name == incB.Name && incA.TimeToDetectSeconds != nil && incB.TimeToDetectSeconds != nil {
					n++
					later += *incB.TimeToDetectSeconds - *incA.TimeToDetectSeconds
				}
			}
		}
	}
	if n == 0 || math.Round(later/float64(n)) == 0 {
		return ""
	}
	word := "sooner"
	if later > 0 {
		word = "later"
	}
	return fmt.Sprintf("%s pages %s %s on average, over %s that both paged.", c.NameB, inWords(math.Abs(later)/float64(n)), word, plural(n, "incident"))
}

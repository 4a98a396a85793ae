package runbook

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	matcherparse "github.com/prometheus/alertmanager/matcher/parse"
	"github.com/prometheus/alertmanager/pkg/labels"

	"goldensignals/internal/alert"
)

// Query is a query of a runbook with what somebody should read from it. The
// readings are comments at its top, so people see them where they need them and
// Prometheus passes over them.
type Query struct {
	Section string    // heading under which it stands, such as Diagnosis
	Expr    string    // PromQL, with its comments
	Outage  []Reading // while the alert fires; all must hold
	Well    []Reading // after the repair; all must hold
	Line    int       // of the first line of Expr in the file

	misplaced int // line of a reading below the first line of PromQL; 0: none
}

// Sample is one element of a query's result.
type Sample struct {
	Labels alert.Labels
	Value  float64
}

// Reading is what a query is expected to return, such as `empty`, `some`,
// `{service="payments"} > 0.05` or `only {http_route="/checkout"}`.
type Reading struct {
	Text string
	Line int // in the file

	want     want
	matchers []*labels.Matcher
	op       string // empty: any value will do
	number   float64
}

type want int

const (
	wantEmpty want = iota // no sample
	wantOne               // a sample that matches
	wantOnly              // samples, all of which match
)

// Holds reports whether the samples are what r expects.
func (r Reading) Holds(samples []Sample) bool {
	matching := 0
	for _, s := range samples {
		if r.matches(s) {
			matching++
		}
	}
	switch r.want {
	case wantEmpty:
		return len(samples) == 0
	case wantOnly:
		return matching > 0 && matching == len(samples)
	default:
		return matching > 0
	}
}

func (r Reading) matches(s Sample) bool {
	for _, m := range r.matchers {
		if !m.Matches(s.Labels[m.Name]) {
			return false
		}
	}
	return r.compares(s.Value)
}

func (r Reading) compares(v float64) bool {
	switch r.op {
	case ">":
		return v > r.number
	case "<":
		return v < r.number
	case ">=":
		return v >= r.number
	case "<=":
		return v <= r.number
	case "==":
		return v == r.number
	case "!=":
		return v != r.number
	default:
		return true
	}
}

// String returns the reading as it is written.
func (r Reading) String() string { return r.Text }

const readingGrammar = "write empty, some, or {label=\"value\"} with or without a comparison such as > 0.05, and only before it if nothing else may be there"

// parseReading reads what stands behind "# outage:" or "# well:".
func parseReading(text string, line int) (Reading, error) {
	r := Reading{Text: text, Line: line}
	switch text {
	case "empty":
		return r, nil
	case "some":
		r.want = wantOne
		return r, nil
	}
	r.want = wantOne
	rest, only := strings.CutPrefix(text, "only ")
	if only {
		r.want = wantOnly
	}
	selector, comparison, err := cutSelector(strings.TrimSpace(rest))
	if err != nil {
		return r, err
	}
	if r.matchers, err = parseSelector(selector); err != nil {
		return r, err
	}
	r.op, r.number, err = parseComparison(comparison)
	return r, err
}

// cutSelector cuts text behind the brace that closes its first one, braces in
// quotes left aside.
func cutSelector(text string) (selector, rest string, err error) {
	found := regexp.MustCompile(`^\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\}`).FindString(text)
	if found == "" {
		return "", "", fmt.Errorf("%q is no reading; %s", text, readingGrammar)
	}
	return found, strings.TrimSpace(text[len(found):]), nil
}

// parseSelector reads a selector; an empty one matches any sample. Alertmanager's
// matchers compare as Prometheus' do, and their reader links no server to a program
// that only shows runbooks. It takes values without quotes as well, PromQL does not.
func parseSelector(selector string) ([]*labels.Matcher, error) {
	quoted := regexp.MustCompile(`^\{\s*(?:[A-Za-z_]\w*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"\s*(?:,\s*|\}$))*\}?$`)
	if !quoted.MatchString(selector) {
		return nil, fmt.Errorf(`selector %s: write matchers such as service="payments", with commas between them`, selector)
	}
	matchers, err := matcherparse.Matchers(selector)
	if err != nil {
		return nil, fmt.Errorf("selector %s: %w", selector, err)
	}
	return matchers, nil
}

func parseComparison(text string) (op string, number float64, err error) {
	if text == "" {
		return "", 0, nil
	}
	found := regexp.MustCompile(`^(>=|<=|==|!=|>|<)\s*(\S+)$`).FindStringSubmatch(text)
	if found == nil {
		return "", 0, fmt.Errorf("%q is no comparison; write >, <, >=, <=, == or != and a number", text)
	}
	if number, err = strconv.ParseFloat(found[2], 64); err != nil {
		return "", 0, fmt.Errorf("%q is no number; write one such as 0.05", found[2])
	}
	return found[1], number, nil
}

// readingLine finds comments that are readings.
const readingLine = `^\s*#\s*(outage|well):\s*(.*?)\s*$`

// readQuery reads the readings of one promql fence.
func (p *Page) readQuery(f fence) (q Query, problems []Finding) {
	q = Query{Section: f.section, Expr: f.text, Line: f.line}
	pattern, top := regexp.MustCompile(readingLine), true
	for i, text := range strings.Split(f.text, "\n") {
		line := f.line + i
		found := pattern.FindStringSubmatch(text)
		switch {
		case found == nil && !strings.HasPrefix(strings.TrimSpace(text), "#"):
			top = false
		case found == nil:
		case !top:
			q.misplaced = line
		default:
			r, err := parseReading(found[2], line)
			if err != nil {
				problems = append(problems, p.finding(line, "%s: %v", found[1], err))
			} else if found[1] == "outage" {
				q.Outage = append(q.Outage, r)
			} else {
				q.Well = append(q.Well, r)
			}
		}
	}
	return q, problems
}

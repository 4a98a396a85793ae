// Package lint finds what is wrong with an alert design before anything runs:
// rules, Alertmanager's configuration, runbooks and drills. Command gameday
// calls it. It reads files that it is given and decides; it opens no
// connection, starts nothing and changes nothing.
package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Severity says whether a finding is a fault.
type Severity string

// The two severities of a finding.
const (
	Error   Severity = "error"   // it does not work, or not as it says
	Warning Severity = "warning" // it works, but somebody should look at it
)

// Finding is one thing that is wrong, and what to do about it.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"` // counted from 1
	Severity Severity `json:"severity"`
	Check    string   `json:"check"` // the name in the list of checks
	Problem  string   `json:"problem"`
	Remedy   string   `json:"remedy"`
}

// String renders the finding in one line, file and line first.
func (f Finding) String() string {
	mark := ""
	if f.Severity == Warning {
		mark = "warning: "
	}
	return fmt.Sprintf("%s:%d: %s%s; %s", f.File, f.Line, mark, f.Problem, f.Remedy)
}

// Options say what to judge the files by.
type Options struct {
	// Series are those that targets export. Nil: names of series and their
	// labels are not judged.
	Series *Series
	// ScrapeInterval is how often targets are scraped. Zero means 15s.
	ScrapeInterval time.Duration
	// ExternalLabels are the names of labels that Prometheus adds to every alert.
	ExternalLabels []string
}

// check is one kind of fault. It is a pure function of what was read.
type check struct {
	name string
	find func(*input) []Finding
}

// checks lists every check; each has a file of its own.
func checks() []check {
	return []check{
		{"rules-parse", rulesParse},
		{"alert-name", alertName},
		{"record-name", recordName},
		{"severity", severityLabel},
		{"annotations", annotations},
		{"value-label", valueLabel},
		{"for", forTooShort},
		{"window", windowTooShort},
		{"series", unknownSeries},
		{"matchers", unknownLabels},
		{"duplicate-alert", duplicateAlert},
		{"runbook", alertWithoutRunbook},

		{"alertmanager-load", alertmanagerLoad},
		{"inhibit-name", inhibitName},
		{"inhibit-self", inhibitSelf},
		{"inhibit-circle", inhibitCircle},
		{"inhibit-equal", inhibitEqual},
		{"route-unmatched", routeUnmatched},
		{"route-shadowed", routeShadowed},
		{"route-root", routeRoot},
		{"receiver-unused", receiverUnused},

		{"runbook-page", runbookPages},
		{"runbook-alert", runbookWithoutAlert},
		{"runbook-drill", runbookDrill},

		{"drill-parse", drillParse},

		{"services", services},
	}
}

// Run judges the files and returns what it finds, sorted by file and line.
// What is wrong with files that are only there for comparison is left out.
func Run(files []File, opts Options) []Finding {
	if opts.ScrapeInterval == 0 {
		opts.ScrapeInterval = 15 * time.Second
	}
	in := read(files, opts)
	judged := map[string]bool{}
	for _, f := range files {
		judged[f.Name] = judged[f.Name] || f.Role == Judged
	}
	var findings []Finding
	for _, c := range checks() {
		for _, f := range c.find(in) {
			if judged[f.File] {
				f.Check = c.name
				findings = append(findings, f)
			}
		}
	}
	slices.SortFunc(findings, byPlace)
	return slices.Compact(findings)
}

func byPlace(a, b Finding) int {
	return cmp.Or(
		strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
		strings.Compare(a.Check, b.Check), strings.Compare(a.Problem, b.Problem),
	)
}

// Errors counts the findings that are faults.
func Errors(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if f.Severity == Error {
			n++
		}
	}
	return n
}

// input is what the checks look at.
type input struct {
	opts      Options
	files     []File
	rules     []rule
	configs   []config
	pages     []page
	drills    []drillFile
	resolver  *resolver
	alerts    []alertShape
	ownAlerts bool // the rules are not only the shipped ones, for want of others
}

func read(files []File, opts Options) *input {
	in := &input{opts: opts, files: files}
	for _, f := range files {
		switch f.Kind {
		case KindRules:
			in.rules = append(in.rules, readRules(f)...)
			in.ownAlerts = in.ownAlerts || f.Role != Shipped
		case KindAlertmanager:
			in.configs = append(in.configs, readConfig(f))
		case KindRunbook:
			in.pages = append(in.pages, readPage(f))
		case KindDrill:
			in.drills = append(in.drills, readDrill(f))
		case KindServices: // its check reads it
		}
	}
	in.resolver = newResolver(in.rules, opts.Series)
	for _, r := range in.rules {
		if r.alert != "" {
			in.alerts = append(in.alerts, alertShape{name: r.alert, rule: r, shape: in.resolver.alert(r, opts.ExternalLabels)})
		}
	}
	return in
}

// of returns the files of a kind.
func (in *input) of(kind Kind) []File {
	var found []File
	for _, f := range in.files {
		if f.Kind == kind {
			found = append(found, f)
		}
	}
	return found
}

// alertRules returns the rules that are alerts.
func (in *input) alertRules() []rule {
	var found []rule
	for _, r := range in.rules {
		if r.alert != "" {
			found = append(found, r)
		}
	}
	return found
}

func fault(file string, line int, problem, remedy string) Finding {
	return Finding{File: file, Line: line, Severity: Error, Problem: problem, Remedy: remedy}
}

// cutRemedy takes a sentence of another package apart, which ends with what to do.
func cutRemedy(text, otherwise string) (problem, remedy string) {
	if i := strings.LastIndex(text, "; "); i >= 0 {
		return text[:i], text[i+2:]
	}
	return text, otherwise
}

// oneLine joins the lines of a message, and leaves out what the YAML library says
// before it comes to the point.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer(": yaml: unmarshal errors: ", ": ", ": yaml: ", ": ").Replace(text)
}

// unjoin returns the errors that were joined, or the one that was not; none for nil.
func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // a joined error itself, not one that it wraps
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, unjoin(e)...)
	}
	return all
}

func doubt(file string, line int, problem, remedy string) Finding {
	return Finding{File: file, Line: line, Severity: Warning, Problem: problem, Remedy: remedy}
}

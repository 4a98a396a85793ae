package runbook

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Finding is something that is wrong with a runbook, with its remedy.
type Finding struct {
	File    string
	Line    int // 0: there is no such file
	Message string
}

// String writes f as file:line: message.
func (f Finding) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

func (p *Page) finding(line int, format string, args ...any) Finding {
	return Finding{p.File, line, fmt.Sprintf(format, args...)}
}

// Known is what there is beside the runbooks. A nil list is not compared with.
type Known struct {
	Alerts   []string // names of the alerting rules
	Recorded []string // names of the recording rules
	Drills   []string // names of the drills, as in their files
}

// maxBrief is how many characters of Meaning an SMS has room for.
const maxBrief = 90

// Selects reads PromQL: it returns the names of the series that a query selects or,
// with an error, in which line of the query that is, from 0.
type Selects func(query string) (names []string, line int, err error)

// Lint checks the runbooks at the root of fsys as they stand, their queries with the
// Selects of package promql. The findings are sorted by file and line; an error means
// that a file could not be opened.
func Lint(fsys fs.FS, known Known, selects Selects) ([]Finding, error) {
	pages, findings, err := readAll(fsys)
	if err != nil {
		return nil, err
	}
	unread := map[string]bool{} // what cannot be read is not checked further
	for _, f := range findings {
		unread[f.File] = true
	}
	names := make([]string, 0, len(pages))
	for _, p := range pages {
		names = append(names, p.Alert)
	}
	for _, p := range pages {
		if !unread[p.File] {
			findings = append(findings, p.lint(known, names, selects)...)
		}
	}
	for _, alert := range known.Alerts {
		if !slices.Contains(names, alert) {
			findings = append(findings, Finding{alert + ".md", 0, "the alert has no runbook; write one, CONTRIBUTING.md says how"})
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return findings, nil
}

// lint runs every check on one page.
func (p *Page) lint(known Known, pages []string, selects Selects) (findings []Finding) {
	for _, check := range []func() []Finding{
		func() []Finding { return p.lintFront(known) },
		p.lintHeadings, p.lintMeaning, p.lintUnfinished,
		func() []Finding { return p.lintLinks(pages) },
		p.lintFences,
		func() []Finding { return p.lintQueries(known, selects) },
		p.lintCommands, p.lintMitigation, p.lintTime,
	} {
		findings = append(findings, check()...)
	}
	return findings
}

func (p *Page) lintFront(known Known) (findings []Finding) {
	add := func(e entry, format string, args ...any) {
		findings = append(findings, p.finding(frontLine(e), format, args...))
	}
	m := p.meta
	if m.Alert.text == "" {
		add(m.Alert, "front matter lacks the alert; begin the file with ---, alert: %s and ---", p.Alert)
	}
	if known.Alerts != nil && !slices.Contains(known.Alerts, p.Alert) {
		add(m.Alert, "no rule is named %s; name the file after its alert, or remove it", p.Alert)
	}
	switch {
	case p.Drill == "" && p.NotDrilled == "":
		add(m.Alert, "front matter has no drill; name one that fires the alert, or say why there is none in not_drilled")
	case p.Drill != "" && p.NotDrilled != "":
		add(m.NotDrilled, "there is a drill and a reason for having none; remove one of them")
	case p.Drill != "" && known.Drills != nil && !slices.Contains(known.Drills, p.Drill):
		add(m.Drill, "there is no drill %s; gameday drill list names them", p.Drill)
	case p.Drill != "" && p.ResolvesWithin == 0:
		add(m.Drill, "front matter lacks resolves_within; say how soon after the repair the alert ends, such as 7m")
	case p.Drill == "" && p.ResolvesWithin != 0:
		add(m.ResolvesWithin, "without a drill nothing proves resolves_within; remove it")
	case p.Drill == "" && len(p.Repairs) > 0:
		add(m.Repairs[0], "without a drill nothing proves the repairs; remove them")
	}
	for _, r := range p.Repairs {
		if err := checkRepair(r.Name, r.Service); err != nil {
			findings = append(findings, p.finding(r.Line, "the repair %s: %v", r, err))
		}
	}
	return findings
}

// Sections lists the headings of level 2 that every runbook has, in their order.
func Sections() []string {
	return []string{"Meaning", "Impact", "Diagnosis", "Mitigation", "Verification"}
}

// lintHeadings wants the title and the sections, and nothing else beside them.
func (p *Page) lintHeadings() (findings []Finding) {
	want := []heading{{1, p.Alert, 0}}
	for _, section := range Sections() {
		want = append(want, heading{2, section, 0})
	}
	got := slices.DeleteFunc(slices.Clone(p.outline.headings), func(h heading) bool { return h.level > 2 })
	line := p.line
	for i, w := range want {
		if i == len(got) {
			return []Finding{p.finding(line, "the heading %q is missing; the order is %s", w.markdown(), order(want))}
		}
		line = got[i].line
		if got[i].level != w.level || got[i].text != w.text {
			return []Finding{p.finding(line, "the heading is %q, want %q; the order is %s", got[i].markdown(), w.markdown(), order(want))}
		}
	}
	for _, h := range got[len(want):] {
		findings = append(findings, p.finding(h.line, "the heading %q is one too many; the order is %s", h.markdown(), order(want)))
	}
	return findings
}

func (h heading) markdown() string { return strings.Repeat("#", h.level) + " " + h.text }

func order(headings []heading) string {
	var names []string
	for _, h := range headings {
		names = append(names, h.text)
	}
	return strings.Join(names, ", ")
}

// lintMeaning wants a first sentence that fits into an SMS.
func (p *Page) lintMeaning() []Finding {
	for _, s := range p.outline.prose {
		if s.section != "Meaning" {
			continue
		}
		if n := utf8.RuneCountInString(p.Brief); n > maxBrief {
			return []Finding{p.finding(s.line, "the first sentence of Meaning has %d characters, and an SMS room for %d; shorten it", n, maxBrief)}
		}
		return nil
	}
	return []Finding{p.finding(p.line, "Meaning says nothing; begin it with a sentence of at most %d characters for the SMS", maxBrief)}
}

// lintUnfinished finds the marks of text that somebody meant to write.
func (p *Page) lintUnfinished() (findings []Finding) {
	mark, line := regexp.MustCompile(`\b(TODO|FIXME|TBD|XXX)\b`), p.line
	for text := range strings.Lines(p.Source) {
		if found := mark.FindString(text); found != "" {
			findings = append(findings, p.finding(line, "%s: write what is missing; at night nobody can look it up", found))
		}
		line++
	}
	return findings
}

// lintLinks wants links to other runbooks to have their file. What is elsewhere is not asked for.
func (p *Page) lintLinks(pages []string) (findings []Finding) {
	for _, l := range p.outline.links {
		target, _, _ := strings.Cut(l.text, "#")
		switch {
		case strings.HasPrefix(target, "https://"), strings.HasPrefix(target, "http://"), target == "":
		case !slices.Contains(pages, target):
			findings = append(findings, p.finding(l.line, "the link to %s leads nowhere; name another runbook, such as (%s), or a page with http:// or https://", l.text, p.Alert))
		}
	}
	return findings
}

// lintFences wants code to say what it is, as only queries and commands are checked.
func (p *Page) lintFences() (findings []Finding) {
	for _, f := range p.outline.fences {
		if !slices.Contains([]string{"promql", "sh", "text"}, f.language) {
			findings = append(findings, p.finding(f.line, "code of the kind %q is not checked; mark queries as promql, commands as sh and the rest as text", f.language))
		}
	}
	return findings
}

func (p *Page) lintQueries(known Known, selects Selects) (findings []Finding) {
	in := map[string]bool{}
	for _, q := range p.Queries {
		in[q.Section] = true
		findings = append(findings, p.lintQuery(q, known, selects)...)
	}
	for _, h := range p.outline.headings {
		if (h.text == "Diagnosis" || h.text == "Verification") && !in[h.text] {
			findings = append(findings, p.finding(h.line, "%s has no query; add a fence of promql with its readings", h.text))
		}
	}
	return findings
}

func (p *Page) lintQuery(q Query, known Known, selects Selects) (findings []Finding) {
	names, line, err := selects(q.Expr)
	if err != nil {
		return []Finding{p.finding(q.Line+line, "%v", err)}
	}
	for _, name := range recorded(names) {
		if known.Recorded != nil && !slices.Contains(known.Recorded, name) {
			findings = append(findings, p.finding(q.Line, "no rule records %s; ask for a series that there is", name))
		}
	}
	if q.misplaced != 0 {
		findings = append(findings, p.finding(q.misplaced, "a reading stands below the query and is not read; move it to the top of the fence"))
	}
	verifies := q.Section == "Verification"
	switch {
	case !verifies && len(q.Outage) == 0:
		findings = append(findings, p.finding(q.Line, "the query says nowhere what it returns in the outage; begin it with a line such as # outage: {service=\"payments\"} > 0.05"))
	case verifies && len(q.Well) == 0:
		findings = append(findings, p.finding(q.Line, "the query says nowhere what it returns when all is well; begin it with a line such as # well: empty"))
	case verifies && sameReadings(q.Outage, q.Well):
		findings = append(findings, p.finding(q.Outage[0].Line, "the query reads the same in the outage, so it verifies nothing; ask for what changes"))
	}
	return findings
}

// recorded lists, once each, the series that only a recording rule can make.
func recorded(names []string) (recorded []string) {
	for _, name := range names {
		if strings.Contains(name, ":") && !slices.Contains(recorded, name) {
			recorded = append(recorded, name)
		}
	}
	return recorded
}

func sameReadings(a, b []Reading) bool {
	return slices.EqualFunc(a, b, func(a, b Reading) bool { return a.Text == b.Text })
}

// lintTime wants Verification to tell people how long to wait.
func (p *Page) lintTime() []Finding {
	if p.ResolvesWithin == 0 {
		return nil
	}
	prose := p.outline.proseOf("Verification")
	for _, words := range timeWords(p.ResolvesWithin) {
		if regexp.MustCompile(`\b` + words + `\b`).MatchString(prose) {
			return nil
		}
	}
	line := p.line
	for _, h := range p.outline.headings {
		if h.text == "Verification" {
			line = h.line
		}
	}
	return []Finding{p.finding(line, "Verification does not say when the alert ends; write %q, as resolves_within does", timeWords(p.ResolvesWithin)[0])}
}

// timeWords are the ways to write a duration in prose.
func timeWords(d time.Duration) (words []string) {
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"minute", time.Minute}, {"hour", time.Hour}, {"second", time.Second}} {
		if n := d / unit.of; d%unit.of == 0 && n == 1 {
			words = append(words, "1 "+unit.name)
		} else if d%unit.of == 0 {
			words = append(words, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	return words
}

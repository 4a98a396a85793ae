// Package runbook loads the pages that alerts link to, one Markdown file per
// alert, and renders them to safe HTML. The router and its pages call it. Pages
// say what their queries return during an outage and after it; Lint checks them
// as they stand, and what an execution answered is judged here. It never changes
// a page, asks nobody, and knows nothing of alerts beyond their name.
package runbook

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

// Page is one runbook.
type Page struct {
	File           string        // as it was read
	Alert          string        // the alert's name, as in the file name
	Drill          string        // the drill that fires the alert; empty if there is none
	NotDrilled     string        // why there is none
	Repairs        []Repair      // what mends what the drill breaks, in this order; empty: it ends by itself
	ResolvesWithin time.Duration // from the repair's order, or the end of the drill's last fault, to the end of the alert
	Queries        []Query       // in the order of the page
	Brief          string        // one sentence: what the alert means
	Source         string        // Markdown, without the front matter
	HTML           template.HTML // rendered and sanitised

	meta    front
	outline *outline
	line    int // of the file at which Source begins
}

// Library is a set of runbooks. It never changes after Load and is safe for
// concurrent use. The nil Library is empty.
type Library struct {
	pages map[string]Page // :: alert name -> page
}

// Load reads all files <AlertName>.md at the root of fsys. Errors name the file
// and the line. What can be read and is wrong nevertheless is for Lint to say.
func Load(fsys fs.FS) (*Library, error) {
	pages, problems, err := readAll(fsys)
	if err := errors.Join(err, asError(problems)); err != nil {
		return nil, err
	}
	lib := &Library{pages: make(map[string]Page, len(pages))}
	for _, p := range pages {
		lib.pages[p.Alert] = p
	}
	return lib, nil
}

// Parse reads one runbook, as Load does.
func Parse(file string, content []byte) (Page, error) {
	p, problems := parse(file, content, newRenderer())
	return p, asError(problems)
}

func asError(problems []Finding) error {
	var errs []error
	for _, f := range problems {
		errs = append(errs, errors.New(f.String()))
	}
	return errors.Join(errs...)
}

// readAll reads all pages, and says what of them cannot be read.
func readAll(fsys fs.FS) (pages []Page, problems []Finding, err error) {
	files, err := fs.Glob(fsys, "*.md")
	if err != nil {
		return nil, nil, fmt.Errorf("list runbooks: %w", err)
	}
	render := newRenderer()
	for _, file := range files {
		if strings.EqualFold(file, "README.md") {
			continue
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, nil, fmt.Errorf("read runbook: %w", err)
		}
		p, found := parse(file, data, render)
		pages, problems = append(pages, p), append(problems, found...)
	}
	return pages, problems, nil
}

// Names returns the names of the alerts that have a runbook, sorted.
func (l *Library) Names() []string {
	if l == nil {
		return nil
	}
	names := make([]string, 0, len(l.pages))
	for name := range l.pages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Lookup returns the runbook of an alert, and false if there is none.
func (l *Library) Lookup(alertName string) (Page, bool) {
	if l == nil {
		return Page{}, false
	}
	p, ok := l.pages[alertName]
	return p, ok
}

// Brief says in one sentence what an alert means; empty if it has no runbook.
func (l *Library) Brief(alertName string) string {
	p, _ := l.Lookup(alertName)
	return p.Brief
}

// parse reads one file. With problems the page has only what could be read.
func parse(file string, data []byte, render func([]byte) (template.HTML, error)) (p Page, problems []Finding) {
	p = Page{File: file, Alert: strings.TrimSuffix(path.Base(file), ".md")}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	meta, body, line, problem := split(file, data)
	if problem != nil {
		return p, []Finding{*problem}
	}
	if meta.Alert.text != "" && meta.Alert.text != p.Alert {
		problems = append(problems, p.finding(meta.Alert.line, "front matter says alert %q; name the file %s.md, or correct the front matter", meta.Alert.text, meta.Alert.text))
	}
	html, err := render(body)
	if err != nil {
		problems = append(problems, p.finding(line, "render Markdown: %v", err))
	}
	p.meta, p.line, p.outline = meta, line, newOutline(body, line)
	p.Drill, p.NotDrilled = meta.Drill.text, meta.NotDrilled.text
	p.Source, p.HTML, p.Brief = string(body), html, brief(string(body))
	problems = append(problems, p.readRepairs(meta.Repairs)...)
	problems = append(problems, p.readResolvesWithin(meta.ResolvesWithin)...)
	return p, append(problems, p.readQueries()...)
}

func (p *Page) readQueries() (problems []Finding) {
	for _, f := range p.outline.fences {
		if f.language != "promql" {
			continue
		}
		q, found := p.readQuery(f)
		p.Queries, problems = append(p.Queries, q), append(problems, found...)
	}
	return problems
}

func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	)
}

func newRenderer() func([]byte) (template.HTML, error) {
	md := newMarkdown()
	policy := bluemonday.UGCPolicy() // allows no script, style, form or handler
	policy.AllowAttrs("class").Matching(bluemonday.SpaceSeparatedTokens).OnElements("code")
	return func(src []byte) (template.HTML, error) {
		var b bytes.Buffer
		if err := md.Convert(src, &b); err != nil {
			return "", err
		}
		return template.HTML(policy.SanitizeBytes(b.Bytes())), nil //nolint:gosec // sanitised just now
	}
}

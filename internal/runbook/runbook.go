// Package runbook loads the pages that alerts link to, one Markdown file per
// alert, and renders them to safe HTML. The router and its pages call it. It
// never changes a page and knows nothing of alerts beyond their name.
package runbook

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"go.yaml.in/yaml/v3"
)

// Page is one runbook.
type Page struct {
	Alert   string        // the alert's name, as in the file name
	Drill   string        // the drill that fires the alert; empty if there is none
	Repairs []string      // mitigations that end the trouble
	Brief   string        // one sentence: what the alert means
	Source  string        // Markdown, without the front matter
	HTML    template.HTML // rendered and sanitised
}

// Library is a set of runbooks. It never changes after Load and is safe for
// concurrent use. The nil Library is empty.
type Library struct {
	pages map[string]Page // :: alert name -> page
}

// front is what may stand between two lines of "---" at the top of a file.
type front struct {
	Alert   string   `yaml:"alert"`
	Drill   string   `yaml:"drill"`
	Repairs []string `yaml:"repairs"`
}

// Load reads all files <AlertName>.md at the root of fsys. Errors name the file
// and the line.
func Load(fsys fs.FS) (*Library, error) {
	files, err := fs.Glob(fsys, "*.md")
	if err != nil {
		return nil, fmt.Errorf("list runbooks: %w", err)
	}
	render := newRenderer()
	lib := &Library{pages: make(map[string]Page, len(files))}
	var errs []error
	for _, file := range files {
		if strings.EqualFold(file, "README.md") {
			continue
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("read runbook: %w", err)
		}
		p, err := parse(file, data, render)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		lib.pages[p.Alert] = p
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return lib, nil
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

func parse(file string, data []byte, render func([]byte) (template.HTML, error)) (Page, error) {
	name := strings.TrimSuffix(path.Base(file), ".md")
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	meta, body, err := split(file, data)
	if err != nil {
		return Page{}, err
	}
	if meta.Alert != "" && meta.Alert != name {
		return Page{}, fmt.Errorf("%s: front matter says alert %q; name the file %s.md, or correct the front matter", file, meta.Alert, meta.Alert)
	}
	html, err := render(body)
	if err != nil {
		return Page{}, fmt.Errorf("%s: render Markdown: %w", file, err)
	}
	return Page{
		Alert:   name,
		Drill:   meta.Drill,
		Repairs: meta.Repairs,
		Brief:   brief(string(body)),
		Source:  string(body),
		HTML:    html,
	}, nil
}

// split separates the front matter from the Markdown.
func split(file string, data []byte) (front, []byte, error) {
	var meta front
	const fence = "---\n"
	rest, found := bytes.CutPrefix(data, []byte(fence))
	if !found {
		return meta, data, nil
	}
	head, body, found := bytes.Cut(rest, []byte("\n"+fence))
	if !found {
		return meta, nil, fmt.Errorf("%s:1: front matter has no end; close it with a line of ---", file)
	}
	// One empty line in place of the fence keeps the line numbers of errors right.
	dec := yaml.NewDecoder(io.MultiReader(strings.NewReader("\n"), bytes.NewReader(head)))
	dec.KnownFields(true)
	if err := dec.Decode(&meta); err != nil && !errors.Is(err, io.EOF) {
		return meta, nil, fmt.Errorf("%s: front matter: %w; known keys are alert, drill and repairs", file, err)
	}
	return meta, body, nil
}

func newRenderer() func([]byte) (template.HTML, error) {
	md := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	)
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

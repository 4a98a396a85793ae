package runbook

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// outline is what a page consists of, as far as somebody checks it.
type outline struct {
	headings []heading
	fences   []fence
	spans    []span // code within prose
	links    []span
	prose    []span // paragraphs, items and cells as they are written
}

type heading struct {
	level int
	text  string
	line  int
}

// fence is a block of code.
type fence struct {
	section  string // heading of level 2 above it
	language string
	text     string
	line     int // of its first line of code in the file
}

// span is a piece of text.
type span struct {
	section string
	text    string
	line    int
}

// proseOf returns the prose of a section on one line.
func (o *outline) proseOf(section string) string {
	var parts []string
	for _, s := range o.prose {
		if s.section == section {
			parts = append(parts, s.text)
		}
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// outliner walks through a parsed page.
type outliner struct {
	source  []byte
	first   int // line of the file at which source begins
	section string
	line    int // of the block that is being read
	out     outline
}

func newOutline(source []byte, first int) *outline {
	doc := newMarkdown().Parser().Parse(text.NewReader(source))
	o := &outliner{source: source, first: first, line: first}
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // visit returns no error
		if entering {
			o.visit(n)
		}
		return ast.WalkContinue, nil
	})
	return &o.out
}

func (o *outliner) lineAt(offset int) int {
	return o.first + bytes.Count(o.source[:offset], []byte("\n"))
}

func (o *outliner) visit(n ast.Node) {
	lines := ""
	if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
		o.line = o.lineAt(n.Lines().At(0).Start)
		lines = string(n.Lines().Value(o.source))
	}
	switch n := n.(type) {
	case *ast.Heading:
		if n.Level == 2 {
			o.section = lines
		}
		o.out.headings = append(o.out.headings, heading{n.Level, lines, o.line})
	case *ast.FencedCodeBlock:
		o.addFence(string(n.Language(o.source)), lines, n.Info)
	case *ast.CodeBlock:
		o.addFence("", lines, nil)
	case *ast.CodeSpan:
		o.out.spans = append(o.out.spans, o.spanOf(n))
	case *ast.Link:
		o.out.links = append(o.out.links, span{o.section, string(n.Destination), o.spanOf(n).line})
	case *ast.Image:
		o.out.links = append(o.out.links, span{o.section, string(n.Destination), o.spanOf(n).line})
	case *ast.AutoLink:
		o.out.links = append(o.out.links, span{o.section, string(n.URL(o.source)), o.line})
	default:
		if lines != "" {
			o.out.prose = append(o.out.prose, span{o.section, lines, o.line})
		}
	}
}

func (o *outliner) addFence(language, code string, info *ast.Text) {
	line := o.line
	if info != nil {
		line = o.lineAt(info.Segment.Start) + 1
	}
	o.out.fences = append(o.out.fences, fence{o.section, language, code, line})
}

// spanOf joins the texts within n; its line is that of the first one.
func (o *outliner) spanOf(n ast.Node) span {
	s := span{section: o.section}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		t, ok := c.(*ast.Text)
		if !ok {
			continue
		}
		if s.line == 0 {
			s.line = o.lineAt(t.Segment.Start)
		}
		s.text += string(t.Segment.Value(o.source))
		if t.SoftLineBreak() {
			s.text += " "
		}
	}
	if s.line == 0 {
		s.line = o.line
	}
	return s
}

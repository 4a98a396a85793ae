package ticket

import (
	"encoding/json"
	"strings"
)

// node is a node of the Atlassian Document Format, version 1, in which Jira
// Cloud's API 3 takes and gives text. Text in it is never markup.
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
type node struct {
	Type    string         `json:"type"`
	Version int            `json:"version,omitempty"`
	Text    string         `json:"text,omitempty"`
	Marks   []style        `json:"marks,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Content []node         `json:"content,omitempty"`
}

// style is what the format calls a mark.
type style struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

// adf writes d with the mark as a small footer.
func adf(d Document, m Mark) node {
	size := func(d Document) string {
		data, err := json.Marshal(adfBlocks(d))
		if err != nil { // attributes are strings: cannot happen
			return ""
		}
		return string(data)
	}
	for len(size(d)) > maxBody && len(d.Parts) > 0 {
		d.Parts, d.More = d.Parts[:len(d.Parts)-1], d.More+1
	}
	footer := paragraph(text(m.String(), style{Type: "subsup", Attrs: map[string]any{"type": "sub"}}))
	return node{Type: "doc", Version: 1, Content: append(adfBlocks(d), footer)}
}

func adfBlocks(d Document) []node {
	blocks := []node{paragraph(text(d.Head, style{Type: "strong"}))}
	var facts []node
	for _, f := range d.Facts {
		value := text(f.Value)
		if link := href(f.Value); link != "" {
			value = text(f.Value, style{Type: "link", Attrs: map[string]any{"href": link}})
		}
		facts = append(facts, node{Type: "listItem", Content: []node{paragraph(text(f.Name+": "), value)}})
	}
	if facts != nil {
		blocks = append(blocks, node{Type: "bulletList", Content: facts})
	}
	for _, p := range d.Parts {
		if p.Head != "" {
			blocks = append(blocks, paragraph(text(p.Head, style{Type: "strong"})))
		}
		if p.Labels != "" {
			blocks = append(blocks, paragraph(text(p.Labels, style{Type: "code"})))
		}
		if p.Text != "" {
			blocks = append(blocks, node{Type: "blockquote", Content: []node{paragraph(lines(p.Text)...)}})
		}
	}
	if d.More > 0 {
		blocks = append(blocks, paragraph(text(Document{More: d.More}.moreLine())))
	}
	return blocks
}

// lines writes text with its line breaks; the format refuses empty text.
func lines(s string) []node {
	var nodes []node
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			nodes = append(nodes, node{Type: "hardBreak"})
		}
		if line != "" {
			nodes = append(nodes, text(line))
		}
	}
	return nodes
}

func paragraph(content ...node) node { return node{Type: "paragraph", Content: content} }

func text(s string, styles ...style) node {
	if s == "" {
		s = " "
	}
	return node{Type: "text", Text: s, Marks: styles}
}

// adfText returns the text of the paragraphs at the top, one a line: what marks
// are looked for in. A paragraph that a person wrote can look like a mark, one
// from an alert cannot, because its text has a head before it or is quoted.
func adfText(doc node) string {
	var b strings.Builder
	for _, block := range doc.Content {
		if block.Type != "paragraph" {
			continue
		}
		for _, n := range block.Content {
			b.WriteString(strings.ReplaceAll(n.Text, "\n", " "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

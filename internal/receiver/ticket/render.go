package ticket

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxBody bounds an entry in bytes, below the smallest limit of the trackers:
// 32,767 characters in Jira.
const maxBody = 30000

// plain writes d with the mark as a footer, for trackers without markup.
func plain(d Document, m Mark) string {
	return fit(d, maxBody, Document.String) + "\n" + m.String()
}

// markdown writes d in GitHub's flavour of Markdown, which GitLab and Gitea read
// the same way, with the mark in an HTML comment.
func markdown(d Document, m Mark) string {
	return fit(d, maxBody, markdownBody) + "\n" + m.comment()
}

func markdownBody(d Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n\n", markdownText(d.Head))
	for _, f := range d.Facts {
		value := markdownText(f.Value)
		if link := href(f.Value); link != "" {
			value = "<" + link + ">"
		}
		fmt.Fprintf(&b, "- %s: %s\n", markdownText(f.Name), value)
	}
	for _, p := range d.Parts {
		b.WriteString("\n")
		if p.Head != "" {
			fmt.Fprintf(&b, "**%s**\n\n", markdownText(p.Head))
		}
		if p.Labels != "" {
			fmt.Fprintf(&b, "%s\n\n", codeSpan(p.Labels))
		}
		if p.Text == "" {
			continue
		}
		// A quotation: no line of it can be a GitLab quick action or a mark.
		for line := range strings.SplitSeq(p.Text, "\n") {
			fmt.Fprintf(&b, "> %s  \n", markdownText(line))
		}
	}
	if d.More > 0 {
		fmt.Fprintf(&b, "\n%s\n", d.moreLine())
	}
	return b.String()
}

// codeSpan writes s between more backquotes than it has in a row. Mentions,
// references and HTML mean nothing there.
func codeSpan(s string) string {
	most, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	fence := strings.Repeat("`", most+1)
	if most > 0 {
		s = " " + s + " "
	}
	return fence + s + fence
}

// joiner is U+2060: it is invisible, and a name behind it is no mention, because
// trackers look for mentions in what is left after backslashes are gone.
const joiner = "\u2060"

// markdownText writes one line of text so that it reads as it is: no markup, no
// HTML, no image, no mention, no reference to another issue. Addresses of web
// pages stay links.
func markdownText(s string) string {
	var b strings.Builder
	start := true
	for len(s) > 0 {
		if link, rest := cutLink(s); link != "" {
			b.WriteString("<" + link + ">")
			s, start = rest, false
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_[]!|~#$", r), start && strings.ContainsRune("-+=", r):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
		if strings.ContainsRune("@#!~%$&^", r) && beginsWord(s) {
			b.WriteString(joiner)
		}
		start = start && r == ' '
	}
	return b.String()
}

// unmention writes a title, which no tracker reads as Markdown, but GitLab looks
// for mentions and references in.
func unmention(s string) string {
	var b strings.Builder
	for i, r := range s {
		b.WriteRune(r)
		if strings.ContainsRune("@#!~%$&^", r) && beginsWord(s[i+utf8.RuneLen(r):]) {
			b.WriteString(joiner)
		}
	}
	return b.String()
}

func beginsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '"' || r == '_'
}

// cutLink splits a web address off the beginning of s, without the punctuation
// that ends the sentence.
func cutLink(s string) (link, rest string) {
	if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return "", s
	}
	end := strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r > unicode.MaxASCII || strings.ContainsRune("<>\"`{}|\\^[]()!*'", r)
	})
	if end < 0 {
		end = len(s)
	}
	raw := strings.TrimRight(s[:end], ".,;:?_~")
	if href(raw) != raw {
		return "", s
	}
	return raw, s[len(raw):]
}

// wiki writes d in the markup of Jira Data Center. All that comes from alerts is
// preformatted; the only way out of that is the brace that ends it.
func wiki(d Document, m Mark) string {
	return fit(d, maxBody, wikiBody) + "\n" + m.String()
}

func wikiBody(d Document) string {
	var links strings.Builder
	rest := Document{Head: d.Head, Parts: d.Parts, More: d.More}
	for _, f := range d.Facts {
		if link := href(f.Value); link != "" {
			fmt.Fprintf(&links, "%s: %s\n", f.Name, link)
			continue
		}
		rest.Facts = append(rest.Facts, f)
	}
	text := strings.ReplaceAll(rest.String(), "{noformat", "{"+joiner+"noformat")
	return "{noformat}\n" + text + "{noformat}\n" + links.String()
}

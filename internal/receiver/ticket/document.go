package ticket

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"goldensignals/internal/alert"
)

// Bounds of what a document repeats of an alert, in characters. Trackers refuse
// what is too long (Jira from 32,767 characters), and a refused ticket helps nobody.
const (
	maxTitle = 250
	maxFact  = 2000
	maxText  = 1000
)

// Document is a ticket entry in no tracker's own format: it is worded once, kept
// as text (String, ParseDocument), and rendered in the format of the tracker
// whenever it is sent. What comes from alerts is in it as it came, apart from
// control characters; each format escapes by its own rules.
type Document struct {
	Head  string // one line: what happened
	Facts []Fact
	Parts []Part
	More  int // alerts that are left out
}

// Fact is a named value on one line. A value that is an http or https URL
// becomes a link.
type Fact struct{ Name, Value string }

// Part is one alert.
type Part struct {
	Head   string // one line, made here: when it fired
	Labels string // one line
	Text   string // what the alert says about itself; may have several lines
}

// Describe returns the document of n and its alerts, with every link that n has.
func Describe(n alert.Notification, alerts []alert.Alert) Document {
	d := describe(n, alerts)
	d.link("Dashboard", n.DashboardURL)
	d.link("Acknowledge or silence", n.ActionURL)
	d.Head = cut(d.Head, maxTitle)
	for i, f := range d.Facts {
		d.Facts[i].Value = cut(f.Value, maxFact)
	}
	for i, p := range d.Parts {
		d.Parts[i] = Part{p.Head, cut(p.Labels, maxText), cut(p.Text, maxText)}
	}
	return d
}

func describe(n alert.Notification, alerts []alert.Alert) Document {
	d := Document{Head: strings.ToUpper(string(n.Status)) + ": " + oneLine(n.Title)}
	d.link("Reason", n.Reason)
	d.link("Runbook", n.RunbookURL)
	for i, a := range alerts {
		if i == maxListed {
			d.More = len(alerts) - maxListed
			break
		}
		d.Parts = append(d.Parts, Part{span(a), oneLine(a.Labels.String()), clean(a.Annotations["description"])})
	}
	return d
}

func (d *Document) link(name, value string) {
	if value = oneLine(value); value != "" {
		d.Facts = append(d.Facts, Fact{name, value})
	}
}

// String writes d for people and for ParseDocument. Only what is worded here
// begins a line; what alerts say is behind a name or indented, so that it cannot
// pass for something else.
func (d Document) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", d.Head)
	for _, f := range d.Facts {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	for _, p := range d.Parts {
		fmt.Fprintf(&b, "\n%s\n  %s\n", p.Head, p.Labels)
		if p.Text == "" {
			continue
		}
		for line := range strings.SplitSeq(p.Text, "\n") {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	if d.More > 0 {
		fmt.Fprintf(&b, "\n%s\n", d.moreLine())
	}
	return b.String()
}

func (d Document) moreLine() string { return fmt.Sprintf("and %d more alerts", d.More) }

// ParseDocument reads what String wrote. Any other text becomes a document, too:
// its first line is the head and the rest a part, so that nothing gets lost.
func ParseDocument(text string) Document {
	blocks := strings.Split(strings.TrimSuffix(text, "\n"), "\n\n")
	head, facts, _ := strings.Cut(blocks[0], "\n")
	d := Document{Head: head}
	for line := range strings.SplitSeq(facts, "\n") {
		name, value, ok := strings.Cut(line, ": ")
		switch {
		case ok:
			d.Facts = append(d.Facts, Fact{name, value})
		case line != "":
			d.Parts = append(d.Parts, Part{Text: line})
		}
	}
	for _, block := range blocks[1:] {
		if n, err := fmt.Sscanf(block, "and %d more alerts", &d.More); n == 1 && err == nil {
			continue
		}
		d.Parts = append(d.Parts, parsePart(block))
	}
	return d
}

func parsePart(block string) Part {
	lines := strings.Split(block, "\n")
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, "  ") {
			return Part{Text: block}
		}
	}
	if len(lines) == 1 {
		return Part{Text: block}
	}
	for i := range lines[1:] {
		lines[i+1] = lines[i+1][2:]
	}
	return Part{lines[0], lines[1], strings.Join(lines[2:], "\n")}
}

// fit renders d with as many parts as stay within most bytes, and says how many
// are left out. The same d gives the same text.
func fit(d Document, most int, render func(Document) string) string {
	text := render(d)
	for len(text) > most && len(d.Parts) > 0 {
		d.Parts, d.More = d.Parts[:len(d.Parts)-1], d.More+1
		text = render(d)
	}
	return text
}

// href returns raw as a URL that can stand in any of the formats; "" if it is no
// http or https URL.
func href(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	var b strings.Builder
	for _, c := range []byte(raw) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("<>\"`{}|\\^[]()!*'", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// span says when an alert fired.
func span(a alert.Alert) string {
	from := a.StartsAt.UTC().Format(time.RFC3339)
	if a.Status == alert.Resolved {
		return "fired from " + from + " to " + a.EndsAt.UTC().Format(time.RFC3339)
	}
	return "fires since " + from
}

// clean returns s without control characters other than line breaks, and without
// those that turn the direction of writing, which make a text look like another.
func clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(s, "?"))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsControl(r):
			return ' '
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// cut shortens s to most characters.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

package runbook

import (
	"regexp"
	"strings"
)

var (
	link  = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	marks = strings.NewReplacer( //nolint:gochecknoglobals // read-only
		"`", "", "**", "", "__", "", "*", "",
	)
	stop = regexp.MustCompile(`[.!?](\s|$)`)
	// Headings, tables, quotes, HTML, fences and lists are not prose.
	block = regexp.MustCompile("^(#|\\||>|<|```|~~~|[-*+] |[0-9]+\\. )")
)

// brief returns the first sentence of the first paragraph as plain text, on one
// line. It is empty if there is no paragraph.
func brief(markdown string) string {
	text := marks.Replace(link.ReplaceAllString(firstParagraph(markdown), "$1"))
	if at := stop.FindStringIndex(text); at != nil {
		text = text[:at[0]+1]
	}
	return strings.TrimSpace(text)
}

func firstParagraph(markdown string) string {
	var paragraph []string
	fenced := false
	for line := range strings.Lines(markdown) {
		line = strings.TrimSpace(line)
		fence := strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~")
		if fence {
			fenced = !fenced
		}
		prose := line != "" && !fence && !fenced && !block.MatchString(line)
		if prose {
			paragraph = append(paragraph, line)
		} else if len(paragraph) > 0 {
			break
		}
	}
	return strings.Join(paragraph, " ")
}

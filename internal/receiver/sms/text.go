package sms

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"goldensignals/internal/alert"
)

// Two segments of a concatenated SMS carry this much: 153 septets each in the
// GSM 7-bit alphabet, 67 UTF-16 units each otherwise (3GPP TS 23.038, 23.040).
const (
	maxSeptets = 2 * 153
	maxUnits   = 2 * 67
)

// The GSM 7-bit default alphabet; the second part costs two septets a letter.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "^{}\\[~]|€"
)

// What writers of alerts use most, in letters that every phone has at half the cost.
//
//nolint:gochecknoglobals // read-only, and costly to make
var plain = strings.NewReplacer(
	"—", "-", "–", "-", "‑", "-", "−", "-", "…", "...", "„", `"`, "“", `"`, "”", `"`, "«", `"`, "»", `"`,
	"‘", "'", "’", "'", "`", "'", "→", "->", "≥", ">=", "≤", "<=", "×", "x", "•", "*", "·", "*",
	"\u00a0", " ", "\u202f", " ", "µ", "u", "✓", "ok",
)

// leastTitle is how many letters of a summary are worth more than the link to
// act.
const leastTitle = 24

// Text writes the SMS for n: how urgent, what hurts, what the runbook says about
// it, and the links that help. It fits two segments. Where room is short, the
// runbook's sentence goes first, then the summary is shortened, then the link to
// act goes. The runbook's link is never cut, even if it alone is longer than
// that. A resolved incident needs neither sentence nor link to act.
func Text(n alert.Notification) string {
	head, count := headOf(n)
	title := clean(n.Title)
	if title == "" {
		title = clean(n.AlertName)
	}
	link, act, help := "", "", ""
	if n.RunbookURL != "" {
		link = " " + n.RunbookURL
	}
	if n.ActionURL != "" && n.Status != alert.Resolved {
		act = " Act: " + n.ActionURL
	}
	if h := clean(n.Help); h != "" && n.Status != alert.Resolved && !sameSentence(h, title) {
		help = " " + h
	}
	if count+help != "" && !strings.HasSuffix(title, "...") {
		title = strings.TrimSuffix(title, ".")
		if count == "" {
			title += "."
		}
	}
	if help != "" {
		if text := head + title + count + help + link + act; fits(text) {
			return text
		}
	}
	if act != "" {
		if text, left := fit(head, title, count+link+act); left >= min(leastTitle, len([]rune(title))) && fits(text) {
			return text
		}
	}
	text, _ := fit(head, title, count+link)
	return text
}

// headOf returns how the text begins, and how many alerts there are.
func headOf(n alert.Notification) (head, count string) {
	head = strings.ToUpper(string(n.Severity))
	switch {
	case n.Status == alert.Resolved:
		head = "RESOLVED"
	case n.Alerts == 1:
		count = " - 1 alert."
	case n.Alerts > 1:
		count = fmt.Sprintf(" - %d alerts.", n.Alerts)
	}
	if n.Level > 0 {
		head += " (escalated)"
	}
	if n.Service != "" {
		head += " " + clean(n.Service)
	}
	return head + ": ", count
}

// sameSentence reports whether a and b say the same, give or take the full stop.
func sameSentence(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, ". "), strings.TrimRight(b, ". "))
}

// fit shortens the middle until the whole fits two segments, and returns how
// many of its letters are left.
func fit(head, middle, tail string) (text string, left int) {
	letters := []rune(middle)
	if fits(head + middle + tail) {
		return head + middle + tail, len(letters)
	}
	const dots = "..."
	letters = letters[:min(len(letters), maxSeptets)] // a summary may be a megabyte
	for len(letters) > 0 {
		letters = letters[:len(letters)-1]
		text := head + strings.TrimRightFunc(string(letters), unicode.IsSpace) + dots + tail
		if fits(text) {
			return text, len(letters)
		}
	}
	return head + strings.TrimPrefix(tail, " "), 0
}

func fits(text string) bool {
	if n, ok := septets(text); ok {
		return n <= maxSeptets
	}
	return len(utf16.Encode([]rune(text))) <= maxUnits
}

// septets counts what text costs in the GSM alphabet, and reports whether all
// its letters are in it.
func septets(text string) (int, bool) {
	n := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			n++
		case strings.ContainsRune(gsmExtended, r):
			n += 2
		default:
			return 0, false
		}
	}
	return n, true
}

// clean makes one line of plain letters: what comes from an alert must not
// look like a second message.
func clean(s string) string {
	s = plain.Replace(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

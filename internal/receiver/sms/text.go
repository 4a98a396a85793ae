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

// Text writes the SMS for n: how urgent, what hurts, and the link that helps.
// It fits two segments; only the summary is shortened, never the link, even if
// the link alone is longer than that.
func Text(n alert.Notification) string {
	head := strings.ToUpper(string(n.Severity))
	tail := ""
	if n.Status == alert.Resolved {
		head = "RESOLVED"
	} else if n.Alerts == 1 {
		tail = " - 1 alert."
	} else if n.Alerts > 1 {
		tail = fmt.Sprintf(" - %d alerts.", n.Alerts)
	}
	if n.Service != "" {
		head += " " + clean(n.Service)
	}
	if n.RunbookURL != "" {
		tail += " " + n.RunbookURL
	}
	title := clean(n.Title)
	if title == "" {
		title = clean(n.AlertName)
	}
	if strings.HasPrefix(tail, " - ") && !strings.HasSuffix(title, "...") {
		title = strings.TrimSuffix(title, ".")
	}
	return fit(head+": ", title, tail)
}

// fit shortens the middle until the whole fits two segments.
func fit(head, middle, tail string) string {
	if fits(head + middle + tail) {
		return head + middle + tail
	}
	const dots = "..."
	letters := []rune(middle)
	letters = letters[:min(len(letters), maxSeptets)] // a summary may be a megabyte
	for len(letters) > 0 {
		letters = letters[:len(letters)-1]
		text := head + strings.TrimRightFunc(string(letters), unicode.IsSpace) + dots + tail
		if fits(text) {
			return text
		}
	}
	return head + strings.TrimPrefix(tail, " ")
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

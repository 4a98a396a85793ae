package web

import (
	"net/url"
	"strings"
	"unicode"
)

// piece is a part of a text; one with a link is a link.
type piece struct{ Text, Link string }

// linkify finds the web addresses in a text. An address begins at a word's start
// and ends at white space, without the full stop of its sentence.
func linkify(text string) []piece {
	var out []piece
	plain := 0 // from where on nothing is in out
	for at := 0; at < len(text); {
		end := at + len(text[at:])
		if i := strings.IndexFunc(text[at:], unicode.IsSpace); i >= 0 {
			end = at + i
		}
		word := strings.TrimRight(text[at:end], `.,;:!?)>"'`)
		if webLink(word) != "" {
			out = append(out, piece{Text: text[plain:at]}, piece{Text: word, Link: word})
			plain = at + len(word)
		}
		if i := strings.IndexFunc(text[end:], func(r rune) bool { return !unicode.IsSpace(r) }); i >= 0 {
			at = end + i
		} else {
			at = len(text)
		}
	}
	return append(out, piece{Text: text[plain:]})
}

// webLink returns raw if it is an absolute address that a person may follow, or
// nothing.
func webLink(raw string) string {
	if !strings.HasPrefix(raw, "http://") && !strings.HasPrefix(raw, "https://") {
		return ""
	}
	if u, err := url.Parse(raw); err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	return raw
}

// straight replaces what turns the direction of writing: it makes a text look like
// another one. Letters that are written from right to left need none of it.
func straight(r rune) rune {
	if r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
		return unicode.ReplacementChar
	}
	return r
}

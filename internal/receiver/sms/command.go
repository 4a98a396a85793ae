package sms

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Verb is what a person asks for by a text message.
type Verb string

// The verbs.
const (
	Acknowledge Verb = "ACK"     // I am on it
	Mute        Verb = "SILENCE" // no messages about it for some time
	ShowRunbook Verb = "RUNBOOK" // send me its link
)

// Command is what a text message asks for.
type Command struct {
	Verb Verb
	For  time.Duration // of Mute: more than 0; the caller knows the longest. 0 otherwise
	Code string        // which incident, in capitals; empty if the person did not say
}

// errCommand is what a person is answered who wrote something else.
var errCommand = errors.New("Text ACK, SILENCE 2h or RUNBOOK, and the incident's code if there is more than one") //nolint:staticcheck // a person reads it

// ParseCommand reads a text message: ACK [code], SILENCE duration [code] or
// RUNBOOK [code]. Case, spaces and punctuation do not matter, so that what a
// phone makes of it is understood. A duration has units d, h and m, such as 2h,
// 90 min or 1h30m. Anything else is an error, which is the answer to send.
func ParseCommand(text string) (Command, error) {
	words := strings.FieldsFunc(strings.ToUpper(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return Command{}, errCommand
	}
	c := Command{}
	rest := words[1:]
	switch words[0] {
	case "ACK", "ACKNOWLEDGE":
		c.Verb = Acknowledge
	case "RUNBOOK":
		c.Verb = ShowRunbook
	case "SILENCE":
		c.Verb = Mute
		if c.For, rest = duration(rest); c.For <= 0 {
			return Command{}, errCommand
		}
	default:
		return Command{}, errCommand
	}
	switch len(rest) {
	case 0:
		return c, nil
	case 1:
		c.Code = rest[0]
		return c, nil
	}
	return Command{}, errCommand
}

// duration reads as many words as belong to one duration, and returns the
// others. It is 0 if the first word does not begin one.
func duration(words []string) (time.Duration, []string) {
	var total time.Duration
	smaller := 100 * 365 * 24 * time.Hour // each unit is smaller than the one before
	for len(words) > 0 {
		word, used := words[0], 1
		if digits(word) == word && len(words) > 1 && digits(words[1]) == "" { // "2 h", but not "1.5h"
			word, used = word+words[1], 2
		}
		d, unit := parts(word, smaller)
		if d <= 0 {
			break
		}
		total, smaller, words = total+d, unit, words[used:]
	}
	return total, words
}

// parts reads one word such as 1H30M, whose units become smaller from below the
// given one. It returns 0 if the word is none, and the last unit.
func parts(word string, smaller time.Duration) (total, last time.Duration) {
	for word != "" {
		end := strings.IndexFunc(word, func(r rune) bool { return r < '0' || r > '9' })
		if end <= 0 || end > 5 {
			return 0, 0
		}
		n, err := strconv.Atoi(word[:end])
		if err != nil {
			return 0, 0
		}
		word = word[end:]
		letters := strings.IndexFunc(word, func(r rune) bool { return r >= '0' && r <= '9' })
		if letters < 0 {
			letters = len(word)
		}
		unit := unitOf(word[:letters])
		if unit == 0 || unit >= smaller {
			return 0, 0
		}
		total, smaller, word = total+time.Duration(n)*unit, unit, word[letters:]
	}
	return total, smaller
}

func unitOf(s string) time.Duration {
	switch s {
	case "D", "DAY", "DAYS":
		return 24 * time.Hour
	case "H", "HR", "HRS", "HOUR", "HOURS":
		return time.Hour
	case "M", "MIN", "MINS", "MINUTE", "MINUTES":
		return time.Minute
	}
	return 0
}

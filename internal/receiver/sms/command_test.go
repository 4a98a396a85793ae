package sms_test

import (
	"strings"
	"testing"
	"time"

	"goldensignals/internal/receiver/sms"
)

func TestParseCommand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]sms.Command{
		"ACK":                     {Verb: sms.Acknowledge},
		" ack. ":                  {Verb: sms.Acknowledge},
		"Ack, a7x!":               {Verb: sms.Acknowledge, Code: "A7X"},
		"\u00a0ACK\n#17":          {Verb: sms.Acknowledge, Code: "17"},
		"acknowledge":             {Verb: sms.Acknowledge},
		"Runbook":                 {Verb: sms.ShowRunbook},
		"RUNBOOK: b2":             {Verb: sms.ShowRunbook, Code: "B2"},
		"SILENCE 2h":              {Verb: sms.Mute, For: 2 * time.Hour},
		"silence 90 min a7":       {Verb: sms.Mute, For: 90 * time.Minute, Code: "A7"},
		"Silence 1h30m":           {Verb: sms.Mute, For: 90 * time.Minute},
		"Silence 1h 30m b2":       {Verb: sms.Mute, For: 90 * time.Minute, Code: "B2"},
		"silence 1 day":           {Verb: sms.Mute, For: 24 * time.Hour},
		"silence 2h 5d":           {Verb: sms.Mute, For: 2 * time.Hour, Code: "5D"},
		"silence 99999d":          {Verb: sms.Mute, For: 99999 * 24 * time.Hour},
		"silence 2 hours, code7.": {Verb: sms.Mute, For: 2 * time.Hour, Code: "CODE7"},
	} {
		if got, err := sms.ParseCommand(text); err != nil || got != want {
			t.Errorf("ParseCommand(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "  ", "?", "thanks", "ACK a b", "SILENCE", "SILENCE a7", "SILENCE 2", "SILENCE 0h", "SILENCE 1.5h", "SILENCE 999999d", "SILENCE h", "ACKS", "RUNBOOK a b c"} {
		got, err := sms.ParseCommand(text)
		if err == nil || got != (sms.Command{}) || len(err.Error()) > 160 || !strings.Contains(err.Error(), "SILENCE 2h") {
			t.Errorf("ParseCommand(%q) = %+v, %v; want help that fits one message", text, got, err)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	for _, s := range []string{"ACK", "ack a7", "SILENCE 2h", "silence 1h30m X", "SILENCE 90 min", "RUNBOOK", "", "SILENCE 99999999999999999999h", "ack\x00\xff", "silence 1d1d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := sms.ParseCommand(text)
		if err != nil {
			if c != (sms.Command{}) {
				t.Errorf("an error and %+v", c)
			}
			return
		}
		if (c.Verb == sms.Mute) != (c.For > 0) || c.Verb == "" || strings.ContainsAny(c.Code, " \t\r\n") {
			t.Errorf("ParseCommand(%q) = %+v", text, c)
		}
		again := strings.TrimSpace(string(c.Verb) + " " + strings.TrimSuffix(c.For.String(), "0s") + " " + c.Code)
		if c.Verb != sms.Mute {
			again = strings.TrimSpace(string(c.Verb) + " " + c.Code)
		}
		if got, err := sms.ParseCommand(again); c.For%time.Hour == 0 && c.For < 9999*time.Hour && (err != nil || got.Verb != c.Verb) {
			t.Errorf("%q is understood, but not as %q: %+v, %v", text, again, got, err)
		}
	})
}

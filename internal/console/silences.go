package console

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// maxSilence bounds a silence made here: one that outlives the week is how
// the next outage goes unheard.
const maxSilence = 7 * 24 * time.Hour

// What a silence says where the person says nothing.
const (
	defaultAuthor  = "console"
	defaultComment = "silenced from the console"
	maxFieldRunes  = 200
)

// silencesView is the section of the silences.
type silencesView struct {
	Rows    []silenceView
	Problem string
}

// silenceView is one silence.
type silenceView struct {
	ID       string
	Matchers string
	By       string
	Comment  string
	State    string // active or pending
	StartsAt time.Time
	EndsAt   time.Time
	Left     string // until it ends, or until it starts where it is pending
	Mutes    string // how many alerts it mutes now
}

// viewSilences lists silences, the one that ends first on top.
func viewSilences(list []amSilence, all []found, now time.Time) []silenceView {
	var rows []silenceView
	for _, s := range list {
		mutes := 0
		for _, f := range all {
			if slices.Contains(f.SilencedBy, s.ID) {
				mutes++
			}
		}
		row := silenceView{
			ID: s.ID, Matchers: matchersText(s.Matchers), By: s.CreatedBy, Comment: s.Comment, State: s.Status.State,
			StartsAt: s.StartsAt, EndsAt: s.EndsAt, Left: age(s.EndsAt.Sub(now)), Mutes: "mutes " + count(mutes, "alert", "alerts"),
		}
		if row.State == statePending {
			row.Left = age(s.StartsAt.Sub(now))
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b silenceView) int {
		return cmp.Or(a.EndsAt.Compare(b.EndsAt), strings.Compare(a.ID, b.ID))
	})
	return rows
}

// matchersText writes matchers as Alertmanager's configuration does.
func matchersText(list []alert.Matcher) string {
	parts := make([]string, len(list))
	for i, m := range list {
		op := "="
		switch {
		case m.IsEqual && m.IsRegex:
			op = "=~"
		case m.IsRegex:
			op = "!~"
		case !m.IsEqual:
			op = "!="
		}
		parts[i] = fmt.Sprintf("%s%s%q", m.Name, op, m.Value)
	}
	return strings.Join(parts, ", ")
}

// parseSilence reads the silence form. A time in "until" wins over the length
// in "for"; it is meant in loc. Errors name the field and the remedy.
func parseSilence(form url.Values, loc *time.Location, now time.Time) (alert.Silence, error) {
	matchers, err := parseMatchers(form.Get("labels"))
	if err != nil {
		return alert.Silence{}, err
	}
	end, err := parseEnd(form.Get("for"), form.Get("until"), loc, now)
	if err != nil {
		return alert.Silence{}, err
	}
	author, err := shortText("author", cmp.Or(strings.TrimSpace(form.Get("author")), defaultAuthor))
	if err != nil {
		return alert.Silence{}, err
	}
	comment, err := shortText("comment", cmp.Or(strings.TrimSpace(form.Get("comment")), defaultComment))
	if err != nil {
		return alert.Silence{}, err
	}
	return alert.Silence{Matchers: matchers, StartsAt: now, EndsAt: end, CreatedBy: author, Comment: comment}, nil
}

func parseMatchers(text string) ([]alert.Matcher, error) {
	var labels alert.Labels
	if err := json.Unmarshal([]byte(text), &labels); err != nil || len(labels) == 0 {
		return nil, errors.New("labels: not those of an alert; silence from the alert's own buttons")
	}
	if labels["alertname"] == "" {
		return nil, errors.New("labels: alertname is missing; a silence made here is for one alert")
	}
	var matchers []alert.Matcher
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		matchers = append(matchers, alert.Matcher{Name: name, Value: labels[name], IsEqual: true})
	}
	return matchers, nil
}

func parseEnd(length, until string, loc *time.Location, now time.Time) (time.Time, error) {
	field, end := "until", time.Time{}
	switch {
	case until != "":
		var err error
		if end, err = time.ParseInLocation("2006-01-02T15:04", until, loc); err != nil {
			return end, fmt.Errorf("until: %q is not a time; write it as 2006-01-02T15:04", clip(until))
		}
	case length != "":
		field = "for"
		d, err := time.ParseDuration(length)
		if err != nil {
			return end, fmt.Errorf("for: %q is not a length of time; write 30m or 2h", clip(length))
		}
		end = now.Add(d)
	default:
		return end, errors.New("for: missing; say how long, such as 30m or 2h, or until when")
	}
	switch {
	case !end.After(now):
		return end, fmt.Errorf("%s: the silence would be over already; give a time to come", field)
	case end.Sub(now) > maxSilence:
		return end, fmt.Errorf("%s: longer than 7 days; make it shorter, it can be renewed", field)
	}
	return end, nil
}

func shortText(field, s string) (string, error) {
	if n := len([]rune(s)); n > maxFieldRunes {
		return "", fmt.Errorf("%s: %d characters; write %d at most", field, n, maxFieldRunes)
	}
	return s, nil
}

// isSilenceID reports whether id may be put into a path: Alertmanager's ids
// are UUIDs.
func isSilenceID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "0123456789abcdefABCDEF-") == ""
}

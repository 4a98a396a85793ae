package router

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/link"
	"goldensignals/internal/router/silence"
	"goldensignals/internal/store"
)

// Actions is what people do on the pages. It is safe for concurrent use. An error
// that is a Problem, or holds one, is in words for a person.
type Actions struct{ rt *Router }

// Acknowledge notes that a person takes care of an incident.
func (a Actions) Acknowledge(ctx context.Context, incident, author string) error {
	err := a.rt.Acknowledge(ctx, incident, author)
	if errors.Is(err, ErrOver) {
		return Problem("The incident is over: there is nothing to acknowledge any more.")
	}
	return err
}

// Retry sends a dead message again.
func (a Actions) Retry(ctx context.Context, message string) error { return a.rt.Retry(ctx, message) }

// Choices returns the silences that make sense for an incident; none means that
// nothing can be silenced.
func (a Actions) Choices(ctx context.Context, incident string) ([]Choice, error) {
	am := a.rt.setting.Load().plan.Silencer
	if am == nil {
		return nil, nil
	}
	inc, err := a.rt.store.Incident(ctx, incident)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	alerts, err := a.rt.firing(ctx, am)
	if err != nil { // a silence can be chosen without knowing what it mutes
		a.rt.log.Warn("ask Alertmanager what fires", "err", err)
	}
	var out []Choice
	for _, c := range silence.Suggest(inc.Labels) {
		muted, others := silence.Preview(c.Matchers, alerts, inc.Labels)
		out = append(out, Choice{Name: c.Name, Text: c.Text, Muted: named(muted), Others: named(others)})
	}
	return out, nil
}

// mostNamed bounds how many alerts a preview lists.
const mostNamed = 20

func named(alerts []silence.Alert) []string {
	var out []string
	for i, a := range alerts {
		if i == mostNamed {
			return append(out, fmt.Sprintf("and %d more", len(alerts)-mostNamed))
		}
		out = append(out, a.Name()+" "+a.Labels.String())
	}
	return out
}

// Lengths are how long a silence may be chosen to last, the shortest first.
func (a Actions) Lengths() []time.Duration {
	plan := a.rt.setting.Load().plan
	return lengths(plan.UsualSilence, plan.LongestSilence)
}

// lengths are the silences at hand around a usual one, none beyond the longest.
func lengths(usual, longest time.Duration) []time.Duration {
	var out []time.Duration
	for _, d := range []time.Duration{usual / 2, usual, 2 * usual, 4 * usual} {
		if d = min(d, longest); !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// Silence makes one of the Choices.
func (a Actions) Silence(ctx context.Context, incident string, r SilenceRequest) error {
	if r.For == 0 && !r.WithIncident {
		return Problem("Choose how long.")
	}
	_, err := a.rt.silenceIncident(ctx, incident, r)
	return err
}

// Silences returns the silences that are active or will be.
func (a Actions) Silences(ctx context.Context) ([]Silence, error) {
	rt, now := a.rt, time.Now()
	am := rt.setting.Load().plan.Silencer
	if am == nil {
		return nil, nil
	}
	ask, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	all, err := am.Silences(ask)
	if err != nil {
		return nil, fmt.Errorf("ask Alertmanager for silences: %w", err)
	}
	alerts, err := rt.firing(ask, am)
	if err != nil {
		return nil, fmt.Errorf("ask Alertmanager what fires: %w", err)
	}
	kept, err := rt.keptAfter(ctx, now)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]silence.Kept, len(kept))
	for _, k := range kept {
		byID[k.ID] = k
	}
	var out []Silence
	for _, s := range all {
		if !s.EndsAt.After(now) {
			continue
		}
		w, err := rt.describe(ctx, s, byID, alerts, now)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	slices.SortFunc(out, func(x, y Silence) int { return cmp.Or(x.EndsAt.Compare(y.EndsAt), cmp.Compare(x.ID, y.ID)) })
	return out, nil
}

// describe says what people should know of a silence.
func (rt *Router) describe(ctx context.Context, s alert.Silence, kept map[string]silence.Kept, alerts []silence.Alert, now time.Time) (Silence, error) {
	w := Silence{
		ID: s.ID, Matchers: matchersText(s.Matchers), Author: s.CreatedBy, Comment: s.Comment, StartsAt: s.StartsAt, EndsAt: s.EndsAt,
	}
	k, ours := kept[s.ID]
	over := false
	if ours {
		w.Ours, w.WithIncident, w.Incident = true, k.WithIncident, k.Incident
		inc, err := rt.store.Incident(ctx, k.Incident)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return w, err
		}
		w.IncidentTitle, over = inc.Title, inc.Status != alert.Firing
	}
	w.Notes = silence.Judge(s, over, alerts, now)
	return w, nil
}

func matchersText(matchers []alert.Matcher) string {
	text := ""
	for i, m := range matchers {
		if i > 0 {
			text += ", "
		}
		op := map[[2]bool]string{{true, false}: "=", {false, false}: "!=", {true, true}: "=~", {false, true}: "!~"}[[2]bool{m.IsEqual, m.IsRegex}]
		text += fmt.Sprintf("%s%s%q", m.Name, op, m.Value)
	}
	return text
}

// Extend lets a silence end later by d.
func (a Actions) Extend(ctx context.Context, id, author string, d time.Duration) error {
	return a.rt.changeSilence(ctx, id, author, eventExtended, func(s *alert.Silence) { s.EndsAt = s.EndsAt.Add(d) })
}

// End ends a silence now.
func (a Actions) End(ctx context.Context, id, author string) error {
	return a.rt.changeSilence(ctx, id, author, eventUnsilenced, func(s *alert.Silence) { s.EndsAt = time.Now() })
}

// changeSilence changes when a silence ends, whoever made it.
func (rt *Router) changeSilence(ctx context.Context, id, author, kind string, change func(*alert.Silence)) error {
	s, now := rt.setting.Load(), time.Now()
	am := s.plan.Silencer
	if am == nil {
		return noSilencer
	}
	ask, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	all, err := am.Silences(ask)
	if err != nil {
		return fmt.Errorf("ask Alertmanager for silences: %w", err)
	}
	i := slices.IndexFunc(all, func(s alert.Silence) bool { return s.ID == id && s.EndsAt.After(now) })
	if i < 0 {
		return store.ErrNotFound
	}
	old := all[i]
	next := old
	change(&next)
	if next.EndsAt.After(now) {
		if err := silence.Check(next, now, silence.Limits{Longest: s.plan.LongestSilence}); err != nil {
			return Problem(sentence(err))
		}
		next.ID, err = am.Put(ask, next)
	} else {
		err = am.Expire(ask, id)
	}
	if err != nil {
		return fmt.Errorf("change silence %s: %w", id, err)
	}
	return rt.rememberChange(ctx, id, next, store.Event{At: now, Kind: kind, Author: author, Text: "until " + next.EndsAt.UTC().Format("15:04 MST")})
}

// rememberChange keeps what became of a silence, if the router made it.
func (rt *Router) rememberChange(ctx context.Context, id string, next alert.Silence, e store.Event) error {
	kept, err := rt.keptAfter(ctx, e.At)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(kept, func(k silence.Kept) bool { return k.ID == id })
	if i < 0 {
		return nil
	}
	k := kept[i]
	k.ID, k.EndsAt, e.Incident = next.ID, next.EndsAt, k.Incident
	return rt.keepSilence(ctx, k, id, e)
}

// OpenLink returns the incident of the link /i/{token}. Its errors are words for a person.
func (a Actions) OpenLink(token string, now time.Time) (string, error) {
	c, err := a.rt.opts.LinkKey.Open(token, now)
	switch {
	case errors.Is(err, link.ErrExpired):
		return "", Problem("This link is too old. Open the router's pages to act on the incident.")
	case err != nil:
		return "", Problem("This link is damaged or was not made here. Try the one in the message again.")
	}
	return c.Incident, nil
}

// FormToken returns what CheckForm accepts, for some time, for the same subject only. It
// fits into an address.
func (a Actions) FormToken(subject string, now time.Time) string {
	return a.rt.formKey.FormToken(subject, now)
}

// CheckForm returns an error for a token that is forged, too old or about something else.
func (a Actions) CheckForm(token, subject string, now time.Time) error {
	if err := a.rt.formKey.CheckForm(token, subject, now); err != nil {
		return Problem("This page is too old. It was loaded anew; try again.")
	}
	return nil
}

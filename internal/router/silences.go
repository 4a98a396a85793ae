package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/silence"
	"goldensignals/internal/store"
)

// Silencer is Alertmanager, where silences are made.
type Silencer interface {
	Alerts(ctx context.Context) ([]silence.Alert, error)           // those that fire, muted or not
	Silences(ctx context.Context) ([]alert.Silence, error)         // all of them, those that have ended as well
	Put(ctx context.Context, s alert.Silence) (id string, _ error) // updates the one with an ID
	Expire(ctx context.Context, id string) error
}

// What happens to silences; store.Event.Kind.
const (
	eventSilenced   = "silenced"
	eventExtended   = "silence extended"
	eventUnsilenced = "silence ended"
	eventGone       = "ended while muted"
	eventMuted      = "muted"
	eventHeard      = "heard again"
)

// askTimeout bounds what is asked of Alertmanager for a person who waits.
const askTimeout = 5 * time.Second

// noSilencer is what people are told where silences cannot be made.
const noSilencer = Problem("Silences are not set up here: name Alertmanager in the router's configuration (alertmanagers).")

// silenceIncident silences what an incident is about: by one of the choices, for a
// time or until the incident ends.
func (rt *Router) silenceIncident(ctx context.Context, incident string, r SilenceRequest) (silence.Kept, error) {
	s, now := rt.setting.Load(), time.Now()
	am := s.plan.Silencer
	if am == nil {
		return silence.Kept{}, noSilencer
	}
	inc, err := rt.store.Incident(ctx, incident)
	if err != nil {
		return silence.Kept{}, err
	}
	choices := silence.Suggest(inc.Labels)
	i := slices.IndexFunc(choices, func(c silence.Choice) bool { return c.Name == r.Choice || r.Choice == "" })
	if i < 0 {
		return silence.Kept{}, Problem("Choose what to silence: this incident has nothing of that kind.")
	}
	k := newKept(inc, choices[i], r, now, s.plan.LongestSilence)
	kept, err := rt.keptAfter(ctx, now)
	if err != nil {
		return silence.Kept{}, err
	}
	replaces := sameSilence(kept, k) // pressed twice, or thought better of
	k.ID = replaces
	if err := silence.Check(k.Silence(), now, silence.Limits{Longest: s.plan.LongestSilence}); err != nil {
		return silence.Kept{}, Problem(sentence(err))
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if k.ID, err = am.Put(ctx, annotated(k, inc)); err != nil {
		return silence.Kept{}, fmt.Errorf("make silence: %w", err)
	}
	text := choices[i].Text + ", until " + k.EndsAt.UTC().Format("15:04 MST")
	if k.WithIncident {
		text = choices[i].Text + ", until the incident ends"
	}
	err = rt.keepSilence(ctx, k, replaces, store.Event{Incident: inc.ID, At: now, Kind: eventSilenced, Author: k.Author, Text: text + ". " + k.Comment})
	if err == nil {
		rt.log.Info("incident silenced", "incident", inc.ID, "author", k.Author, "until", k.EndsAt)
	}
	return k, err
}

func newKept(inc store.Incident, c silence.Choice, r SilenceRequest, now time.Time, longest time.Duration) silence.Kept {
	k := silence.Kept{
		Incident: inc.ID, Matchers: c.Matchers, StartsAt: now, EndsAt: now.Add(r.For), WithIncident: r.WithIncident,
		Author: r.Author, Comment: strings.TrimSpace(r.Comment), LastActive: now, Tended: now,
	}
	if k.Comment == "" {
		k.Comment = "about " + inc.Title
	}
	if k.WithIncident {
		k.Longest = now.Add(longest)
		if r.For > 0 {
			k.Longest = now.Add(r.For)
		}
		k.EndsAt = now.Add(silence.Short)
	}
	return k
}

// sameSilence returns the id of the silence of the same incident that mutes the
// same; "" if there is none.
func sameSilence(kept []silence.Kept, k silence.Kept) string {
	for _, old := range kept {
		if old.Incident == k.Incident && slices.Equal(old.Matchers, k.Matchers) {
			return old.ID
		}
	}
	return ""
}

// annotated says in Alertmanager where a silence comes from.
func annotated(k silence.Kept, inc store.Incident) alert.Silence {
	s := k.Silence()
	s.Annotations = map[string]string{"source": "alertrouter", "incident": inc.ID}
	if inc.RunbookURL != "" {
		s.Annotations["runbook_url"] = inc.RunbookURL
	}
	return s
}

// sentence makes one for a person of an error.
func sentence(err error) string {
	text := err.Error()
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// firing returns what fires in Alertmanager, asked within the last seconds: pages
// are looked at by many, and again at every change.
func (rt *Router) firing(ctx context.Context, am Silencer) ([]silence.Alert, error) {
	const fresh = 2 * time.Second
	if last := rt.asked.Load(); last != nil && time.Since(last.at) < fresh {
		return last.alerts, nil
	}
	alerts, err := am.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	rt.asked.Store(&askedAlerts{alerts, time.Now()})
	return alerts, nil
}

// askedAlerts is an answer of Alertmanager's.
type askedAlerts struct {
	alerts []silence.Alert
	at     time.Time
}

func (rt *Router) keepSilence(ctx context.Context, k silence.Kept, replaces string, events ...store.Event) error {
	body, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encode silence: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout) // it is made: it must be known
	defer cancel()
	if err := rt.store.PutSilence(ctx, store.SilenceRow{ID: k.ID, Incident: k.Incident, EndsAt: k.EndsAt, Body: body}, replaces, events...); err != nil {
		return err
	}
	rt.pages.Notify()
	return rt.loadSilences(ctx, time.Now())
}

// keptAfter returns the silences that were made here and end after a time.
func (rt *Router) keptAfter(ctx context.Context, t time.Time) ([]silence.Kept, error) {
	rows, err := rt.store.SilencesAfter(ctx, t)
	if err != nil {
		return nil, err
	}
	kept := make([]silence.Kept, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal(r.Body, &kept[i]); err != nil {
			return nil, fmt.Errorf("read silence %s: %w", r.ID, err)
		}
	}
	return kept, nil
}

// loadSilences refreshes what decisions know of silences.
func (rt *Router) loadSilences(ctx context.Context, now time.Time) error {
	kept, err := rt.keptAfter(ctx, now.Add(-time.Hour))
	if err != nil {
		return err
	}
	rt.kept.Store(&kept)
	return nil
}

// lapsed says that a silence ended lately that covered these labels: whoever made
// it may have forgotten it.
func (rt *Router) lapsed(labels alert.Labels, now time.Time) string {
	kept := rt.kept.Load()
	if kept == nil {
		return ""
	}
	k, ok := silence.Lapsed(*kept, labels, now)
	if !ok {
		return ""
	}
	return fmt.Sprintf(" (silence by %s ended %d min ago)", k.Author, int(now.Sub(k.EndsAt).Minutes()))
}

// tendSilences keeps silences that end with their incident, and closes incidents
// that ended while they were muted: Alertmanager tells nobody of those.
func (rt *Router) tendSilences(ctx context.Context, s *setting, now time.Time) {
	if s.plan.Silencer == nil {
		return
	}
	ask, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	alerts, err := s.plan.Silencer.Alerts(ask)
	if err != nil {
		if ctx.Err() == nil {
			rt.log.Warn("ask Alertmanager what fires", "err", err)
		}
		return
	}
	silences, err := s.plan.Silencer.Silences(ask)
	if err != nil {
		rt.log.Warn("ask Alertmanager for silences", "err", err)
		return
	}
	active := make(map[string]bool) // :: id
	for _, one := range silences {
		active[one.ID] = one.EndsAt.After(now)
	}
	kept, err := rt.keptAfter(ctx, now)
	if err != nil {
		rt.log.Error("look at silences", "err", err)
		return
	}
	for _, k := range kept {
		if err := rt.tend(ctx, s.plan.Silencer, k, active[k.ID], alerts, now); err != nil && ctx.Err() == nil {
			rt.log.Error("tend a silence; it is tried again", "silence", k.ID, "err", err)
		}
	}
	if err := rt.loadSilences(ctx, now); err != nil && ctx.Err() == nil {
		rt.log.Error("look at silences", "err", err)
	}
	rt.closeGone(ctx, s, alerts, now)
}

// tend looks after one silence. One that somebody ended in Alertmanager itself
// stays ended.
func (rt *Router) tend(ctx context.Context, am Silencer, k silence.Kept, active bool, alerts []silence.Alert, now time.Time) error {
	if !active {
		k.EndsAt = now
		return rt.keepSilence(ctx, k, k.ID, store.Event{Incident: k.Incident, At: now, Kind: eventUnsilenced, Text: "in Alertmanager"})
	}
	next, action := silence.Tend(k, alerts, now)
	var events []store.Event
	switch action {
	case silence.Keep:
	case silence.Extend:
		inc, err := rt.store.Incident(ctx, k.Incident)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if next.ID, err = am.Put(ctx, annotated(next, inc)); err != nil {
			return err
		}
	case silence.End:
		if err := am.Expire(ctx, k.ID); err != nil {
			return err
		}
		events = append(events, store.Event{Incident: k.Incident, At: now, Kind: eventUnsilenced, Text: "nothing that it muted fires any more"})
	}
	return rt.keepSilence(ctx, next, k.ID, events...)
}

// goneAfter is how long an incident is not looked for in Alertmanager after it
// was heard of: its end may be on the way.
const goneAfter = 10 * time.Minute

// mostCompared bounds how many pairs of incident and alert one look compares.
const mostCompared = 5_000_000

// closeGone closes the incidents of which nothing fires in Alertmanager any more,
// though it did not say so.
func (rt *Router) closeGone(ctx context.Context, s *setting, alerts []silence.Alert, now time.Time) {
	open, err := rt.store.OpenIncidents(ctx)
	if err != nil {
		rt.log.Error("look at open incidents", "err", err)
		return
	}
	if len(open)*len(alerts) > mostCompared {
		return // in a storm there is something better to do
	}
	missing := make(map[string]time.Time)
	for _, inc := range open {
		if inc.GroupKey == watchdogKey || len(inc.Labels) == 0 {
			continue
		}
		own := alertsOf(inc, alerts)
		if err := rt.noteMuted(ctx, inc, own, now); err != nil && ctx.Err() == nil {
			rt.log.Error("note that an incident is muted", "incident", inc.ID, "err", err)
		}
		if len(own) > 0 || now.Sub(inc.UpdatedAt) < goneAfter {
			continue
		}
		since, ok := rt.gone[inc.ID]
		if !ok {
			since = now
		}
		missing[inc.ID] = since
		if now.Sub(since) < goneAfter {
			continue
		}
		err := rt.amend(ctx, inc.ID, now, func(inc store.Incident) (store.Change, error) {
			return s.composer.change(closeSilently(inc, now, eventGone, "nothing of it fires in Alertmanager any more"), now), nil
		})
		if err != nil {
			rt.log.Error("close an incident that has gone", "incident", inc.ID, "err", err)
		}
	}
	rt.gone = missing
	maps.DeleteFunc(rt.muted, func(id, _ string) bool {
		return !slices.ContainsFunc(open, func(inc store.Incident) bool { return inc.ID == id })
	})
}

// alertsOf are the alerts that have the labels of an incident.
func alertsOf(inc store.Incident, alerts []silence.Alert) (own []silence.Alert) {
	for _, a := range alerts {
		if includes(a.Labels, inc.Labels) {
			own = append(own, a)
		}
	}
	return own
}

// noteMuted writes into the timeline when an incident's alerts become mute, by
// what, and when they are heard again. What it knew is forgotten at a restart.
func (rt *Router) noteMuted(ctx context.Context, inc store.Incident, own []silence.Alert, now time.Time) error {
	by := mutedBy(own)
	before, known := rt.muted[inc.ID]
	if by == before && (known || by == "") || len(own) == 0 {
		return nil
	}
	e := store.Event{Incident: inc.ID, At: now, Kind: eventMuted, Text: by}
	if by == "" {
		e.Kind = eventHeard
	}
	err := rt.amend(ctx, inc.ID, now, func(store.Incident) (store.Change, error) { return store.Change{Events: []store.Event{e}}, nil })
	if err == nil {
		rt.muted[inc.ID] = by
	}
	return err
}

// mutedBy says what mutes all of the alerts; "" if one of them is heard.
func mutedBy(alerts []silence.Alert) string {
	by := ""
	for _, a := range alerts {
		switch {
		case len(a.SilencedBy) > 0:
			by = "by a silence"
		case len(a.InhibitedBy) > 0:
			by = "by another alert (inhibition)"
		default:
			return ""
		}
	}
	return by
}

func includes(labels, part alert.Labels) bool {
	for k, v := range part {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// silenceFor silences what an incident is about for a time, as a text message
// asks for, and returns until when.
func (rt *Router) silenceFor(ctx context.Context, inc store.Incident, d time.Duration, author string) (time.Time, error) {
	k, err := rt.silenceIncident(ctx, inc.ID, SilenceRequest{For: d, Author: author, Comment: "by text message"})
	return k.EndsAt, err
}

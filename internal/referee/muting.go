package referee

import (
	"context"
	"time"

	"goldensignals/internal/drill"
)

// muting remembers what Alertmanager said of each alert: who muted it when,
// and where its runbook is.
type muting struct {
	runbooks map[string]string       // :: labels -> runbook_url
	spans    map[string][]drill.Mute // :: labels -> spans, the last of which may be open
	comments map[string]string       // :: silence ID -> comment
}

func newMuting() *muting {
	return &muting{runbooks: map[string]string{}, spans: map[string][]drill.Mute{}, comments: map[string]string{}}
}

// look takes in one answer of Alertmanager.
func (m *muting) look(ctx context.Context, g *game, alerts []gettable, now time.Time) error {
	sources := newInhibitors(alerts)
	present := map[string]bool{}
	for _, a := range alerts {
		key := a.Labels.String()
		present[key] = true
		m.runbooks[key] = a.Annotations["runbook_url"]
		by, name, err := m.reason(ctx, g, a, sources)
		if err != nil {
			return err
		}
		m.note(key, by, name, now)
	}
	for key := range m.spans {
		if !present[key] {
			m.note(key, "", "", now)
		}
	}
	return nil
}

// reason says who mutes a: a silence by its comment, an inhibition by the
// alert it comes from.
func (m *muting) reason(ctx context.Context, g *game, a gettable, sources inhibitors) (by, name string, err error) {
	switch {
	case len(a.Status.SilencedBy) > 0:
		id := a.Status.SilencedBy[0]
		if _, known := m.comments[id]; !known {
			s, err := g.api.silence(ctx, g.Alertmanager, id)
			if err != nil {
				return "", "", err
			}
			m.comments[id] = s.Comment
		}
		return drill.BySilence, m.comments[id], nil
	case len(a.Status.InhibitedBy) > 0:
		return drill.ByInhibition, sources.name(a), nil
	}
	return "", "", nil
}

// note ends the open span of an alert and begins another where the reason
// changed. An empty by means that nobody mutes it.
func (m *muting) note(key, by, name string, now time.Time) {
	spans := m.spans[key]
	if n := len(spans); n > 0 && spans[n-1].To.IsZero() {
		if spans[n-1].By == by && spans[n-1].Name == name {
			return
		}
		spans[n-1].To = now
	}
	if by != "" {
		m.spans[key] = append(spans, drill.Mute{From: now, By: by, Name: name})
	}
}

// annotate adds to a span what was seen of its alert while it lasted.
func (m *muting) annotate(s *drill.AlertSpan) {
	key := s.Labels.String()
	s.RunbookURL = m.runbooks[key]
	for _, mute := range m.spans[key] {
		before := !s.ResolvedAt.IsZero() && !mute.From.Before(s.ResolvedAt)
		after := !mute.To.IsZero() && !mute.To.After(s.PendingAt)
		if !before && !after {
			s.Muted = append(s.Muted, mute)
		}
	}
}

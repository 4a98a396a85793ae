package store

import (
	"context"
	"time"
)

// Event is something that people did to an incident, or that the router did by
// itself: what a timeline shows beside messages.
type Event struct {
	Incident string    `json:"incident"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"` // acknowledged, escalated, silenced, ...
	Author   string    `json:"author,omitempty"`
	Text     string    `json:"text,omitempty"`
}

func putEvent(ctx context.Context, tx *txn, e Event) error {
	return tx.exec(ctx, `INSERT INTO event (incident, at, kind, author, text) VALUES (?,?,?,?,?)`,
		e.Incident, nanos(e.At), e.Kind, e.Author, e.Text)
}

// Events returns what happened to an incident, oldest first.
func (s *Store) Events(ctx context.Context, incident string) ([]Event, error) {
	return list(ctx, s, func(r row) (Event, error) {
		var e Event
		var at int64
		err := r.Scan(&e.Incident, &at, &e.Kind, &e.Author, &e.Text)
		e.At = fromNanos(at)
		return e, err
	}, `SELECT incident, at, kind, author, text FROM event WHERE incident = ? ORDER BY seq`, incident)
}

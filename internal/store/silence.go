package store

import (
	"context"
	"fmt"
	"time"
)

// SilenceRow is a silence that the router made, as it wants to remember it.
type SilenceRow struct {
	ID       string
	Incident string
	EndsAt   time.Time
	Body     []byte // JSON
}

// PutSilence keeps r, in the place of the one with the id replaces, if there is
// such a one, and records what happened.
func (s *Store) PutSilence(ctx context.Context, r SilenceRow, replaces string, events ...Event) error {
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		if err := tx.exec(ctx, `DELETE FROM silence WHERE id = ?`, replaces); err != nil {
			return err
		}
		err := tx.exec(ctx, `INSERT INTO silence (id, incident, ends_at, body) VALUES (?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, body = excluded.body`, r.ID, r.Incident, nanos(r.EndsAt), string(r.Body))
		for _, e := range events {
			if err == nil {
				err = putEvent(ctx, tx, e)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep silence %s: %w", r.ID, err)
	}
	return nil
}

// SilencesAfter returns the silences that the router made and that end after a
// time, those that end first first.
func (s *Store) SilencesAfter(ctx context.Context, t time.Time) ([]SilenceRow, error) {
	return list(ctx, s, func(r row) (SilenceRow, error) {
		var k SilenceRow
		var ends int64
		err := r.Scan(&k.ID, &k.Incident, &ends, &k.Body)
		k.EndsAt = fromNanos(ends)
		return k, err
	}, `SELECT id, incident, ends_at, body FROM silence WHERE ends_at > ? ORDER BY ends_at, id`, nanos(t))
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// NextAttention returns when the next escalation is due, which may be in the
// past, and false if there is none.
func (s *Store) NextAttention(ctx context.Context) (time.Time, bool, error) {
	var at int64
	err := s.read.QueryRowContext(ctx, `SELECT attention_at FROM incident WHERE attention_at > 0 ORDER BY attention_at LIMIT 1`).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read next escalation: %w", err)
	}
	return fromNanos(at), true, nil
}

// AttentionDue returns the incidents that have an escalation due, at most a
// thousand.
func (s *Store) AttentionDue(ctx context.Context, now time.Time) ([]string, error) {
	return list(ctx, s, scanString, `SELECT id FROM incident WHERE attention_at > 0 AND attention_at <= ? ORDER BY attention_at, seq LIMIT 1000`, nanos(now))
}

// UnheardSince returns the open incidents that have not changed since, at most a
// thousand.
func (s *Store) UnheardSince(ctx context.Context, since time.Time) ([]string, error) {
	return list(ctx, s, scanString, `SELECT id FROM incident WHERE status = 'firing' AND updated_at < ? ORDER BY updated_at LIMIT 1000`, nanos(since))
}

// IsOpen reports whether a group has an open incident.
func (s *Store) IsOpen(ctx context.Context, groupKey string) (bool, error) {
	var open bool
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM incident WHERE group_key = ? AND status = 'firing')`, groupKey).Scan(&open)
	if err != nil {
		return false, fmt.Errorf("read group: %w", err)
	}
	return open, nil
}

// pruneAtOnce bounds one transaction of Prune.
const pruneAtOnce = 500

// Prune forgets the incidents that ended before a time, with their messages and
// events, and what the built-in receivers got before it; dead letters stay. It
// returns how many incidents are gone.
func (s *Store) Prune(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for {
		var count int64
		err := s.do(ctx, func(ctx context.Context, tx *txn) error {
			const old = `(SELECT id FROM incident i WHERE status = 'resolved' AND resolved_at < ?1
				AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.incident = i.id AND n.state <> 'delivered') ORDER BY seq LIMIT ?2)`
			args := []any{nanos(before), pruneAtOnce}
			for _, query := range []string{
				`DELETE FROM notification WHERE incident IN ` + old,
				`DELETE FROM event WHERE incident IN ` + old,
			} {
				if err := tx.exec(ctx, query, args...); err != nil {
					return err
				}
			}
			res, err := tx.ExecContext(ctx, `DELETE FROM incident WHERE id IN `+old, args...)
			if err != nil {
				return err
			}
			count, err = res.RowsAffected()
			return errors.Join(err, pruneRest(ctx, tx, before))
		})
		if err != nil {
			return total, fmt.Errorf("forget what is old: %w", err)
		}
		if total += int(count); count < pruneAtOnce {
			return total, nil
		}
	}
}

func pruneRest(ctx context.Context, tx *txn, before time.Time) error {
	for _, query := range []string{
		`DELETE FROM sms WHERE at < ?`,
		`DELETE FROM ticket_entry WHERE ticket IN (SELECT id FROM ticket WHERE state = 'closed' AND closed_at < ?)`,
		`DELETE FROM ticket WHERE state = 'closed' AND closed_at < ?`,
		`DELETE FROM notification WHERE incident = '' AND state = 'delivered' AND created_at < ?`,
		`DELETE FROM silence WHERE ends_at < ?`,
	} {
		if err := tx.exec(ctx, query, nanos(before)); err != nil {
			return err
		}
	}
	return nil
}

func scanString(r row) (string, error) {
	var s string
	return s, r.Scan(&s)
}

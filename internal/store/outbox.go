package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"goldensignals/internal/alert"
)

const notificationColumns = `id, incident, receiver, receiver_type, recipient, severity, status, alertname, service, reason,
	alerts, group_key, title, text, runbook_url, state, attempts, last_error, created_at, delivered_at`

// sendable says which row may be leased: it is due, and nothing older of the
// same incident waits for the same receiver, so that "resolved" cannot overtake
// "firing" while that is being retried.
const sendable = `n.receiver = ?1 AND n.state IN ('pending', 'leased') AND NOT EXISTS (
	SELECT 1 FROM notification p WHERE p.incident = n.incident AND p.receiver = n.receiver AND p.seq < n.seq
	AND p.state IN ('pending', 'leased'))`

// enqueue adds n as pending, due at once. An id that is known already stays as
// it is: the same decision taken twice is sent once.
func enqueue(ctx context.Context, tx *sql.Tx, n alert.Notification) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO notification ("+notificationColumns+`, due_at)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`,
		n.ID, n.Incident, n.Receiver, n.ReceiverType, n.To, n.Severity, n.Status, n.AlertName, n.Service, n.Reason,
		n.Alerts, n.GroupKey, n.Title, n.Text, n.RunbookURL, alert.Pending, 0, "", nanos(n.CreatedAt), 0, nanos(n.CreatedAt))
	return err
}

// NextDue returns when the receiver's next notification may be sent, which may
// be in the past, and false if none waits. A leased one counts with the end of
// its lease.
func (s *Store) NextDue(ctx context.Context, receiver string) (time.Time, bool, error) {
	var due sql.NullInt64
	err := s.read.QueryRowContext(ctx, "SELECT min(n.due_at) FROM notification n WHERE "+sendable, receiver).Scan(&due)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read next due time: %w", err)
	}
	return fromNanos(due.Int64), due.Valid, nil
}

// Lease gives the receiver's next due notification to the caller until the
// given time; after that, anybody may lease it again. It counts the attempt now
// and not when it is sent, so that a crash in between uses one up. It returns
// false if nothing is due.
func (s *Store) Lease(ctx context.Context, receiver string, now, until time.Time) (alert.Notification, bool, error) {
	var n alert.Notification
	err := s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		n, err = scanNotification(tx.QueryRowContext(ctx, `UPDATE notification SET state = 'leased', attempts = attempts + 1, due_at = ?3
			WHERE seq = (SELECT n.seq FROM notification n WHERE `+sendable+` AND n.due_at <= ?2 ORDER BY n.due_at, n.seq LIMIT 1)
			RETURNING `+notificationColumns, receiver, nanos(now), nanos(until)))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return alert.Notification{}, false, nil
	}
	if err != nil {
		return alert.Notification{}, false, fmt.Errorf("lease notification: %w", err)
	}
	return n, true, nil
}

// Delivered marks a notification as received. It does so whoever holds the
// lease by now: what has arrived need not be sent again.
func (s *Store) Delivered(ctx context.Context, id string, at time.Time) error {
	return s.finish(ctx, id, `UPDATE notification SET state = 'delivered', delivered_at = ?2, last_error = '' WHERE id = ?1`, nanos(at))
}

// Retry gives a leased notification back, to be sent again at due. The lease is
// named by its attempt; one that has ended meanwhile changes nothing.
func (s *Store) Retry(ctx context.Context, n alert.Notification, due time.Time, cause error) error {
	return s.finish(ctx, n.ID, `UPDATE notification SET state = 'pending', due_at = ?2, last_error = ?3
		WHERE id = ?1 AND state = 'leased' AND attempts = ?4`, nanos(due), cause.Error(), n.Attempts)
}

// Dead gives a leased notification up. It stays visible.
func (s *Store) Dead(ctx context.Context, n alert.Notification, cause error) error {
	return s.finish(ctx, n.ID, `UPDATE notification SET state = 'dead', last_error = ?2
		WHERE id = ?1 AND state = 'leased' AND attempts = ?3`, cause.Error(), n.Attempts)
}

func (s *Store) finish(ctx context.Context, id, query string, args ...any) error {
	err := s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, append([]any{id}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("update notification %s: %w", id, err)
	}
	return nil
}

// Recover ends all leases and returns how many there were. It is for the start,
// when nobody can hold one: the store admits one process only.
func (s *Store) Recover(ctx context.Context, now time.Time) (int, error) {
	var count int64
	err := s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE notification SET state = 'pending', due_at = ?1 WHERE state = 'leased'`, nanos(now))
		if err != nil {
			return err
		}
		count, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("recover leases: %w", err)
	}
	return int(count), nil
}

func scanNotification(r row) (alert.Notification, error) {
	var n alert.Notification
	var created, delivered int64
	err := r.Scan(&n.ID, &n.Incident, &n.Receiver, &n.ReceiverType, &n.To, &n.Severity, &n.Status, &n.AlertName, &n.Service,
		&n.Reason, &n.Alerts, &n.GroupKey, &n.Title, &n.Text, &n.RunbookURL, &n.State, &n.Attempts, &n.LastError, &created, &delivered)
	if err != nil {
		return alert.Notification{}, err
	}
	n.CreatedAt, n.DeliveredAt = fromNanos(created), fromNanos(delivered)
	return n, nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"goldensignals/internal/alert"
)

const notificationColumns = `id, incident, receiver, receiver_type, recipient, severity, status, alertname, service, reason,
	alerts, group_key, title, text, runbook_url, state, attempts, unsure, last_error, created_at, delivered_at,
	level, first, carried_by, provider, receipt, receipt_url, report, fresh_at`

// sendable says which row may be leased: no digest carries it, and nothing older
// of the same incident waits for the same person, so that "resolved" cannot
// overtake "firing" while that is being retried. A digest has no incident.
const sendable = `n.receiver = ?1 AND n.state IN ('pending', 'leased') AND n.carried_by = '' AND (n.incident = '' OR NOT EXISTS (
	SELECT 1 FROM notification p WHERE p.incident = n.incident AND p.receiver = n.receiver AND p.recipient = n.recipient
	AND p.seq < n.seq AND p.state IN ('pending', 'leased')))`

// gatherable says which rows are due at ?2 and may be told together: as sendable,
// but older ones of the same incident may be among them.
const gatherable = `n.receiver = ?1 AND n.state = 'pending' AND n.due_at <= ?2 AND n.carried_by = '' AND (n.incident = '' OR NOT EXISTS (
	SELECT 1 FROM notification p WHERE p.incident = n.incident AND p.receiver = n.receiver AND p.recipient = n.recipient
	AND p.seq < n.seq AND (p.state = 'leased' OR p.state = 'pending' AND (p.due_at > ?2 OR p.carried_by <> ''))))`

const enqueueQuery = "INSERT INTO notification (" + notificationColumns + `, due_at, sent_at)
	VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`

// enqueue adds n as pending, due at once or at its NotBefore. An id that is known
// already stays as it is: the same decision taken twice is sent once.
func enqueue(ctx context.Context, tx *txn, n alert.Notification) error {
	due := n.CreatedAt
	if n.NotBefore.After(due) {
		due = n.NotBefore
	}
	res, err := tx.ExecContext(ctx, enqueueQuery,
		n.ID, n.Incident, n.Receiver, n.ReceiverType, n.To, n.Severity, n.Status, n.AlertName, n.Service, n.Reason,
		n.Alerts, n.GroupKey, n.Title, n.Text, n.RunbookURL, alert.Pending, 0, 0, "", nanos(n.CreatedAt), 0,
		n.Level, n.First, "", "", "", "", "", nanos(due), nanos(due), 0)
	if err != nil {
		return err
	}
	if count, err := res.RowsAffected(); err != nil || count > 0 {
		return err
	}
	var same bool
	err = tx.scan(ctx, `SELECT incident = ?2 AND receiver = ?3 AND recipient = ?4 FROM notification WHERE id = ?1`,
		[]any{n.ID, n.Incident, n.Receiver, n.To}, &same)
	if err == nil && !same {
		err = errSameName
	}
	return err
}

// errSameName is returned for one of two things that were named alike by chance.
var errSameName = errors.New("there is another one of the same name; send it again")

// NextDue returns when the receiver's next notification may be sent, which may
// be in the past, and false if none waits. A leased one counts with the end of
// its lease.
func (s *Store) NextDue(ctx context.Context, receiver string) (time.Time, bool, error) {
	var due int64
	err := s.read.QueryRowContext(ctx, "SELECT n.due_at FROM notification n WHERE "+sendable+" ORDER BY n.due_at LIMIT 1", receiver).Scan(&due)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read next due time: %w", err)
	}
	return fromNanos(due), true, nil
}

// Waiting is what is due for one recipient.
type Waiting struct {
	Recipient   string
	Count       int         // how many notifications
	First       int         // how many of them are the first that tells this person of an incident
	OldestFirst time.Time   // when the oldest of those fell due
	Sent        []time.Time // when this person was sent something, within the time asked for, oldest first
}

// WaitingFor returns what is due now for each recipient of a receiver, and when
// they were sent something after since. What is leased or in a digest already does
// not count as waiting.
func (s *Store) WaitingFor(ctx context.Context, receiver string, now, since time.Time) ([]Waiting, error) {
	out, err := list(ctx, s, func(r row) (Waiting, error) {
		var w Waiting
		var oldest int64
		err := r.Scan(&w.Recipient, &w.Count, &w.First, &oldest)
		w.OldestFirst = fromNanos(oldest)
		return w, err
	}, `SELECT recipient, count(*), sum(first), coalesce(min(CASE WHEN first THEN due_at END), 0) FROM notification n
		WHERE `+gatherable+` GROUP BY recipient ORDER BY min(seq)`, receiver, nanos(now))
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Sent, err = list(ctx, s, func(r row) (time.Time, error) {
			var at int64
			err := r.Scan(&at)
			return fromNanos(at), err
		}, `SELECT sent_at FROM notification WHERE recipient = ? AND receiver_type = 'sms' AND sent_at > ? ORDER BY sent_at`,
			out[i].Recipient, nanos(since))
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// leaseQuery counts a lease that ran out as unsure: nobody knows how its attempt
// ended.
const leaseQuery = `UPDATE notification SET unsure = unsure + (state = 'leased'), state = 'leased', attempts = attempts + 1, due_at = ?3, sent_at = ?2
	WHERE seq = (SELECT n.seq FROM notification n WHERE ` + sendable + ` AND n.due_at <= ?2 `

// Lease gives the receiver's next due notification to the caller until the
// given time; after that, anybody may lease it again. It counts the attempt now
// and not when it is sent, so that a crash in between uses one up. It returns
// false if nothing is due.
func (s *Store) Lease(ctx context.Context, receiver string, now, until time.Time) (alert.Notification, bool, error) {
	return s.lease(ctx, leaseQuery+`ORDER BY n.due_at, n.seq LIMIT 1) RETURNING `+notificationColumns, receiver, nanos(now), nanos(until))
}

// LeaseFor is Lease for one recipient. What tells somebody of an incident for
// the first time goes before everything else.
func (s *Store) LeaseFor(ctx context.Context, receiver, recipient string, now, until time.Time) (alert.Notification, bool, error) {
	return s.lease(ctx, leaseQuery+`AND n.recipient = ?4 ORDER BY n.first DESC, n.due_at, n.seq LIMIT 1) RETURNING `+notificationColumns,
		receiver, nanos(now), nanos(until), recipient)
}

func (s *Store) lease(ctx context.Context, query string, args ...any) (alert.Notification, bool, error) {
	var n alert.Notification
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		st, err := tx.prepare(ctx, query) //nolint:sqlclosecheck // kept for the next time
		if err != nil {
			return err
		}
		n, err = scanNotification(st.QueryRowContext(ctx, args...))
		if errors.Is(err, sql.ErrNoRows) {
			n, err = alert.Notification{}, nil // nothing is due: no reason to undo the others' writes
		}
		return err
	})
	if err != nil {
		return alert.Notification{}, false, fmt.Errorf("lease notification: %w", err)
	}
	return n, n.ID != "", nil
}

// Gather makes one digest of all that is due for a recipient: compose words it
// from those that it tells, at most limit of them oldest first, and their number.
// They count as delivered when it is. Nothing happens if fewer than two wait.
func (s *Store) Gather(ctx context.Context, receiver, recipient string, now time.Time, limit int, compose func([]alert.Notification, Tally) alert.Notification) error {
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		var t Tally
		const due = ` FROM notification n WHERE ` + gatherable + ` AND n.recipient = ?3 AND n.reason NOT IN ('digest', 'answer')`
		args := []any{receiver, nanos(now), recipient}
		err := tx.scan(ctx, `SELECT count(*), count(DISTINCT incident), coalesce(sum(status = 'resolved'), 0)`+due, args,
			&t.Notifications, &t.Incidents, &t.Resolved)
		if err != nil || t.Notifications < 2 {
			return err
		}
		if t.Services, err = tally(ctx, tx, `SELECT service, count(DISTINCT incident)`+due+` GROUP BY service ORDER BY 2 DESC, 1 LIMIT 5`, args); err != nil {
			return err
		}
		sample, err := rowsOf(ctx, tx, `SELECT `+notificationColumns+due+` ORDER BY n.first DESC, n.seq LIMIT ?4`, append(args, limit)...)
		if err != nil {
			return err
		}
		digest := compose(sample, t)
		if err := enqueue(ctx, tx, digest); err != nil {
			return err
		}
		return tx.exec(ctx, `UPDATE notification SET carried_by = ?4 WHERE seq IN (SELECT n.seq`+due+` AND n.id <> ?4)`, append(args, digest.ID)...)
	})
	if err != nil {
		return fmt.Errorf("make a digest for %s: %w", recipient, err)
	}
	return nil
}

// Tally says what a digest is about.
type Tally struct {
	Notifications int
	Incidents     int
	Resolved      int     // notifications that say that it is over
	Services      []Count // those with most incidents, at most 5
}

// Count is how often something occurs.
type Count struct {
	Name string
	N    int
}

func tally(ctx context.Context, tx *txn, query string, args []any) ([]Count, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Count
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Name, &c.N); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func rowsOf(ctx context.Context, tx *txn, query string, args ...any) ([]alert.Notification, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []alert.Notification
	for rows.Next() {
		n, err := scanNotification(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// Delivered marks a notification as received, and all that it carries. It does so
// whoever holds the lease by now: what has arrived need not be sent again.
func (s *Store) Delivered(ctx context.Context, id string, at time.Time, r alert.Receipt) error {
	report := alert.Report("")
	if r.Reported {
		report = alert.ReportExpected
	}
	return s.finish(ctx, id,
		change{`UPDATE notification SET state = 'delivered', delivered_at = ?2, last_error = '', provider = ?3, receipt = ?4, receipt_url = ?5, report = ?6,
			unsure = unsure + ?7 WHERE id = ?1`, []any{id, nanos(at), r.Provider, r.ID, r.URL, report, r.Unsure}},
		change{`UPDATE notification SET state = 'delivered', delivered_at = ?2 WHERE carried_by = ?1 AND state = 'pending'`, []any{id, nanos(at)}})
}

// Retry gives a leased notification back, to be sent again at due. The lease is
// named by its attempt; one that has ended meanwhile changes nothing.
func (s *Store) Retry(ctx context.Context, n alert.Notification, due time.Time, cause error) error {
	return s.finish(ctx, n.ID, change{`UPDATE notification SET state = 'pending', due_at = ?2, last_error = ?3, unsure = unsure + ?5
		WHERE id = ?1 AND state = 'leased' AND attempts = ?4`, []any{n.ID, nanos(due), cause.Error(), n.Attempts, alert.IsUnsure(cause)}})
}

// Dead gives a leased notification up. It stays visible, and what it carries
// will be told by another one.
func (s *Store) Dead(ctx context.Context, n alert.Notification, cause error) error {
	return s.finish(ctx, n.ID,
		change{`UPDATE notification SET carried_by = '' WHERE carried_by = ?1 AND state = 'pending'
			AND EXISTS (SELECT 1 FROM notification d WHERE d.id = ?1 AND d.state = 'leased' AND d.attempts = ?2)`, []any{n.ID, n.Attempts}},
		change{`UPDATE notification SET state = 'dead', last_error = ?2, unsure = unsure + ?4 WHERE id = ?1 AND state = 'leased' AND attempts = ?3`,
			[]any{n.ID, cause.Error(), n.Attempts, alert.IsUnsure(cause)}})
}

// Revive sends a dead notification again, as if it were new. It returns
// ErrNotFound if there is none, or if it is not dead.
func (s *Store) Revive(ctx context.Context, id string, now time.Time) (receiver string, err error) {
	err = s.do(ctx, func(ctx context.Context, tx *txn) error {
		err := tx.scan(ctx, `UPDATE notification SET state = 'pending', due_at = ?2, fresh_at = ?2 WHERE id = ?1 AND state = 'dead' RETURNING receiver`,
			[]any{id, nanos(now)}, &receiver)
		if errors.Is(err, sql.ErrNoRows) {
			receiver, err = "", nil
		}
		return err
	})
	if err == nil && receiver == "" {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("revive notification %s: %w", id, err)
	}
	return receiver, nil
}

// Reported records what a provider said about a message that it took: the one
// with this id, or the newest with this receipt. One that failed is sent again at
// once, unless it has been tried so many times already. A report that comes twice,
// or after a better one, changes nothing. It returns the message as it was before,
// or ErrNotFound.
func (s *Store) Reported(ctx context.Context, id, receipt string, report alert.Report, detail string, at time.Time, tries int) (alert.Notification, error) {
	var n alert.Notification
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		n = alert.Notification{}
		found, err := rowsOf(ctx, tx, `SELECT `+notificationColumns+` FROM notification
			WHERE id = ?1 OR ?2 <> '' AND receipt = ?2 ORDER BY id = ?1 DESC, seq DESC LIMIT 1`, id, receipt)
		if err != nil || len(found) == 0 {
			return err
		}
		n = found[0]
		switch {
		case n.State != alert.Delivered || n.Report == alert.ReportDelivered || n.Report == report,
			n.Receipt != "" && receipt != "" && n.Receipt != receipt: // of an earlier attempt
			return nil
		case report != alert.ReportFailed:
			return tx.exec(ctx, `UPDATE notification SET report = ?2 WHERE id = ?1`, n.ID, report)
		case n.Attempts < tries:
			return tx.exec(ctx, `UPDATE notification SET report = ?2, last_error = ?3, state = 'pending', due_at = ?4, fresh_at = ?4 WHERE id = ?1`,
				n.ID, report, detail, nanos(at))
		}
		return tx.exec(ctx, `UPDATE notification SET report = ?2, last_error = ?3, state = 'dead' WHERE id = ?1`, n.ID, report, detail)
	})
	if err == nil && n.ID == "" {
		err = ErrNotFound
	}
	if err != nil {
		return n, fmt.Errorf("record delivery report: %w", err)
	}
	return n, nil
}

// LastTold returns the incidents that the last message to a phone was about,
// and those of the messages before it that are still open, newest first.
func (s *Store) LastTold(ctx context.Context, recipient string, limit int) ([]Incident, error) {
	return list(ctx, s, scanIncident, `SELECT `+incidentColumns+` FROM incident WHERE id IN (
		SELECT incident FROM notification WHERE recipient = ?1 AND receiver_type = 'sms' AND state = 'delivered' AND incident <> '')
		AND status = 'firing' ORDER BY seq DESC LIMIT ?2`, recipient, limit)
}

// LastReceiver returns which receiver told a phone last; "" if none did.
func (s *Store) LastReceiver(ctx context.Context, recipient string) (string, error) {
	var name string
	err := s.read.QueryRowContext(ctx, `SELECT receiver FROM notification WHERE recipient = ? AND receiver_type = 'sms' AND sent_at > 0
		ORDER BY sent_at DESC LIMIT 1`, recipient).Scan(&name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read who told %s: %w", recipient, err)
	}
	return name, nil
}

// Known reports whether a notification exists.
func (s *Store) Known(ctx context.Context, id string) (bool, error) {
	var known bool
	if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM notification WHERE id = ?)`, id).Scan(&known); err != nil {
		return false, fmt.Errorf("look for notification %s: %w", id, err)
	}
	return known, nil
}

// Enqueue adds notifications that belong to no decision about a group. An id that
// is known already stays as it is.
func (s *Store) Enqueue(ctx context.Context, list ...alert.Notification) error {
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		for _, n := range list {
			if err := enqueue(ctx, tx, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("enqueue notifications: %w", err)
	}
	return nil
}

// Orphans returns the receivers, by type, that have something to send and are none of
// the given ones.
func (s *Store) Orphans(ctx context.Context, known []string) ([]Target, error) {
	all, err := list(ctx, s, func(r row) (Target, error) {
		var t Target
		return t, r.Scan(&t.Name, &t.Type)
	}, `SELECT DISTINCT receiver, receiver_type FROM notification WHERE state IN ('pending', 'leased') ORDER BY 1`)
	var out []Target
	for _, t := range all {
		if !slices.Contains(known, t.Name) {
			out = append(out, t)
		}
	}
	return out, err
}

// Adopt gives all that waits for a receiver to another one. to is its recipient,
// if it has one.
func (s *Store) Adopt(ctx context.Context, from, receiver, to string) (int, error) {
	var count int64
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		res, err := tx.ExecContext(ctx, `UPDATE notification SET receiver = ?2, recipient = CASE ?3 WHEN '' THEN recipient ELSE ?3 END
			WHERE receiver = ?1 AND state IN ('pending', 'leased')`, from, receiver, to)
		if err != nil {
			return err
		}
		count, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("hand over the messages of receiver %s: %w", from, err)
	}
	return int(count), nil
}

// change is one statement of a transaction.
type change struct {
	query string
	args  []any
}

func (s *Store) finish(ctx context.Context, id string, changes ...change) error {
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		for _, c := range changes {
			if err := tx.exec(ctx, c.query, c.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("update notification %s: %w", id, err)
	}
	return nil
}

// Recover ends all leases and returns how many there were: what they sent may
// have arrived, so each counts as unsure. It is for the start, when nobody can
// hold one: the store admits one process only.
func (s *Store) Recover(ctx context.Context, now time.Time) (int, error) {
	var count int64
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		res, err := tx.ExecContext(ctx, `UPDATE notification SET state = 'pending', due_at = ?1, unsure = unsure + 1,
			last_error = 'the router ended while it was being sent' WHERE state = 'leased'`, nanos(now))
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
	var created, delivered, fresh int64
	err := r.Scan(&n.ID, &n.Incident, &n.Receiver, &n.ReceiverType, &n.To, &n.Severity, &n.Status, &n.AlertName, &n.Service,
		&n.Reason, &n.Alerts, &n.GroupKey, &n.Title, &n.Text, &n.RunbookURL, &n.State, &n.Attempts, &n.Unsure, &n.LastError, &created, &delivered,
		&n.Level, &n.First, &n.CarriedBy, &n.Provider, &n.Receipt, &n.ReceiptURL, &n.Report, &fresh)
	if err != nil {
		return alert.Notification{}, err
	}
	n.CreatedAt, n.DeliveredAt, n.FreshAt = fromNanos(created), fromNanos(delivered), fromNanos(fresh)
	return n, nil
}

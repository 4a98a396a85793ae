package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"goldensignals/internal/alert"
)

const keepLines = 500

// SMS is one text message that arrived at the built-in phone.
type SMS struct {
	At      time.Time
	Message alert.Notification
}

// PutSMS keeps n as a text message that arrived at the given time. A second
// one with the same id changes nothing.
func (s *Store) PutSMS(ctx context.Context, n alert.Notification, at time.Time) error {
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode sms %s: %w", n.ID, err)
	}
	err = s.do(ctx, func(ctx context.Context, tx *txn) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sms (id, at, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`, n.ID, nanos(at), string(body))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep sms %s: %w", n.ID, err)
	}
	return nil
}

// SMS returns the text messages that arrived last, newest first. A limit of
// zero means all.
func (s *Store) SMS(ctx context.Context, limit int) ([]SMS, error) {
	return list(ctx, s, func(r row) (SMS, error) {
		var m SMS
		var at int64
		var body string
		if err := r.Scan(&at, &body); err != nil {
			return m, err
		}
		m.At = fromNanos(at)
		return m, json.Unmarshal([]byte(body), &m.Message)
	}, "SELECT at, body FROM sms ORDER BY seq DESC LIMIT ?", orAll(limit))
}

// Line is one line of the alert log.
type Line struct {
	At   time.Time
	Text string // one JSON object
}

// PutLines keeps the lines of notification id; the last 500 lines stay. The
// same id a second time changes nothing.
func (s *Store) PutLines(ctx context.Context, id string, at time.Time, lines []string) error {
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		for i, text := range lines {
			_, err := tx.ExecContext(ctx, `INSERT INTO line (id, at, text) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`,
				fmt.Sprintf("%s/%d", id, i), nanos(at), text)
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM line WHERE seq <= (SELECT max(seq) FROM line) - ?`, keepLines)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep log lines of %s: %w", id, err)
	}
	return nil
}

// Lines returns the log lines written last, newest first. A limit of zero
// means all that are kept.
func (s *Store) Lines(ctx context.Context, limit int) ([]Line, error) {
	return list(ctx, s, func(r row) (Line, error) {
		var l Line
		var at int64
		err := r.Scan(&at, &l.Text)
		l.At = fromNanos(at)
		return l, err
	}, "SELECT at, text FROM line ORDER BY seq DESC LIMIT ?", orAll(limit))
}

// ErrNotFound is returned for a ticket that does not exist.
var ErrNotFound = errors.New("not found")

// TicketState says whether somebody still has to look at a ticket.
type TicketState string

// The states of a ticket.
const (
	TicketOpen   TicketState = "open"
	TicketClosed TicketState = "closed"
)

// Ticket is one ticket of the built-in board: one for each alert group, as long as
// it does not keep quiet for days.
type Ticket struct {
	Number     int
	ID         string // of the incident that opened it
	State      TicketState
	Title      string
	Severity   alert.Severity
	Service    string
	AlertName  string
	RunbookURL string
	OpenedAt   time.Time
	UpdatedAt  time.Time
	ClosedAt   time.Time
	Entries    []TicketEntry // oldest first; only Store.Ticket fills it
}

// TicketEntry is one thing that happened to a ticket.
type TicketEntry struct {
	At   time.Time
	Kind string // opened, changed, closed or reopened
	Text string
}

// reopenWithin is how long after its end a ticket is opened again, rather than
// another one, when the same fires again.
const reopenWithin = 3 * 24 * time.Hour

// PutTicket applies n to the ticket of its alert group: the first firing message
// opens it, later ones are comments, the resolved one closes it, and one that comes
// within three days opens it again. The same id a second time changes nothing.
func (s *Store) PutTicket(ctx context.Context, n alert.Notification, at time.Time) error {
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		var seen int
		if err := tx.scan(ctx, `SELECT count(*) FROM ticket_entry WHERE id = ?`, []any{n.ID}, &seen); err != nil || seen > 0 {
			return err
		}
		ticket, kind, err := putTicketRow(ctx, tx, n, at)
		if err != nil {
			return err
		}
		return tx.exec(ctx, `INSERT INTO ticket_entry (id, ticket, at, kind, text) VALUES (?,?,?,?,?)`, n.ID, ticket, nanos(at), kind, n.Text)
	})
	if err != nil {
		return fmt.Errorf("keep ticket of %s: %w", n.Incident, err)
	}
	return nil
}

// putTicketRow opens or changes a ticket, and says which and what was done.
func putTicketRow(ctx context.Context, tx *txn, n alert.Notification, at time.Time) (id, kind string, err error) {
	var state TicketState
	var closed int64
	err = tx.scan(ctx, `SELECT id, state, closed_at FROM ticket WHERE id = ?1 OR ?2 <> '' AND group_key = ?2 ORDER BY number DESC LIMIT 1`,
		[]any{n.Incident, n.GroupKey}, &id, &state, &closed)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && state == TicketClosed && n.Status == alert.Firing && at.Sub(fromNanos(closed)) > reopenWithin:
		return insertTicket(ctx, tx, n, at)
	case err != nil:
		return "", "", err
	}
	switch {
	case n.Status == alert.Resolved:
		state, kind, closed = TicketClosed, "closed", nanos(at)
	case state == TicketClosed:
		state, kind, closed = TicketOpen, "reopened", 0
	default:
		kind = "changed"
	}
	return id, kind, tx.exec(ctx, `UPDATE ticket SET state = ?2, updated_at = ?3, closed_at = ?4 WHERE id = ?1`, id, state, nanos(at), closed)
}

func insertTicket(ctx context.Context, tx *txn, n alert.Notification, at time.Time) (id, kind string, err error) {
	state, kind, closed := TicketOpen, "opened", int64(0)
	if n.Status == alert.Resolved {
		state, kind, closed = TicketClosed, "closed", nanos(at)
	}
	return n.Incident, kind, tx.exec(ctx, `INSERT INTO ticket (id, state, title, severity, service, alertname, runbook_url, opened_at, updated_at, closed_at, group_key)
		VALUES (?,?,?,?,?,?,?,?,?,?,?)`, n.Incident, state, n.Title, n.Severity, n.Service, n.AlertName, n.RunbookURL, nanos(at), nanos(at), closed, n.GroupKey)
}

const ticketColumns = `number, id, state, title, severity, service, alertname, runbook_url, opened_at, updated_at, closed_at`

// Tickets returns the tickets, open ones first, each part newest first. A limit
// of zero means all.
func (s *Store) Tickets(ctx context.Context, limit int) ([]Ticket, error) {
	return list(ctx, s, scanTicket, "SELECT "+ticketColumns+" FROM ticket ORDER BY state = 'closed', number DESC LIMIT ?", orAll(limit))
}

// Ticket returns one ticket with all that happened to it, or ErrNotFound.
func (s *Store) Ticket(ctx context.Context, id string) (Ticket, error) {
	t, err := scanTicket(s.read.QueryRowContext(ctx, "SELECT "+ticketColumns+" FROM ticket WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Ticket{}, fmt.Errorf("ticket %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("read ticket %q: %w", id, err)
	}
	t.Entries, err = list(ctx, s, func(r row) (TicketEntry, error) {
		var e TicketEntry
		var at int64
		err := r.Scan(&at, &e.Kind, &e.Text)
		e.At = fromNanos(at)
		return e, err
	}, "SELECT at, kind, text FROM ticket_entry WHERE ticket = ? ORDER BY seq", id)
	return t, err
}

func scanTicket(r row) (Ticket, error) {
	var t Ticket
	var opened, updated, closed int64
	err := r.Scan(&t.Number, &t.ID, &t.State, &t.Title, &t.Severity, &t.Service, &t.AlertName, &t.RunbookURL, &opened, &updated, &closed)
	t.OpenedAt, t.UpdatedAt, t.ClosedAt = fromNanos(opened), fromNanos(updated), fromNanos(closed)
	return t, err
}

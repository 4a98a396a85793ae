package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"goldensignals/internal/alert"
)

// OpenFirst returns the incidents that fire, the most urgent first, and after
// them those that are over, newest first: at most limit of each.
func (s *Store) OpenFirst(ctx context.Context, limit int) (open, over []Incident, err error) {
	open, err = list(ctx, s, scanIncident, "SELECT "+incidentColumns+` FROM incident WHERE status = 'firing'
		ORDER BY severity = 'critical' DESC, severity = 'warning' DESC, seq DESC LIMIT ?`, orAll(limit))
	if err != nil {
		return nil, nil, err
	}
	over, err = list(ctx, s, scanIncident, "SELECT "+incidentColumns+" FROM incident WHERE status = 'resolved' ORDER BY seq DESC LIMIT ?", orAll(limit))
	return open, over, err
}

// Message returns one notification, or ErrNotFound.
func (s *Store) Message(ctx context.Context, id string) (alert.Notification, error) {
	n, err := scanNotification(s.read.QueryRowContext(ctx, "SELECT "+notificationColumns+" FROM notification WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return alert.Notification{}, fmt.Errorf("notification %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return alert.Notification{}, fmt.Errorf("read notification %q: %w", id, err)
	}
	return n, nil
}

// MessageFilter says which messages a page shows. The zero value means all.
type MessageFilter struct {
	State    alert.State // pending includes what is being sent just now
	Receiver string
}

// MessagesBy returns the notifications that pass a filter, newest first. A limit
// of zero means all.
func (s *Store) MessagesBy(ctx context.Context, f MessageFilter, limit int) ([]alert.Notification, error) {
	where, args := "1", []any{}
	switch f.State {
	case "":
	case alert.Pending, alert.Leased:
		where += " AND state IN ('pending', 'leased')"
	case alert.Dead:
		where += " AND state = 'dead'" // in these words, the index of dead ones serves
	default:
		where, args = where+" AND state = ?", append(args, f.State)
	}
	if f.Receiver != "" {
		where, args = where+" AND receiver = ?", append(args, f.Receiver)
	}
	return list(ctx, s, scanNotification, "SELECT "+notificationColumns+" FROM notification WHERE "+where+" ORDER BY seq DESC LIMIT ?",
		append(args, orAll(limit))...)
}

// recentMessages is how far back Recent looks, so that it costs the same in a
// large store.
const recentMessages = 1000

// Recent is what the last thousand messages have in common.
type Recent struct {
	Receivers []string // who got one, by name
	Unsure    int      // how many may have arrived more than once
}

// Recent looks at the last thousand messages.
func (s *Store) Recent(ctx context.Context) (Recent, error) {
	const last = ` FROM (SELECT receiver, unsure FROM notification ORDER BY seq DESC LIMIT ?)`
	var r Recent
	err := s.read.QueryRowContext(ctx, `SELECT coalesce(sum(unsure > 0), 0)`+last, recentMessages).Scan(&r.Unsure)
	if err != nil {
		return Recent{}, fmt.Errorf("read recent messages: %w", err)
	}
	r.Receivers, err = list(ctx, s, scanString, `SELECT DISTINCT receiver`+last+` ORDER BY 1`, recentMessages)
	return r, err
}

package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"goldensignals/internal/alert"
)

const (
	keepWebhooks = 1000
	factWatchdog = "watchdog"
)

// Webhook is one accepted webhook and what came of it.
type Webhook struct {
	At        time.Time
	GroupKey  string
	Status    alert.Status
	Reason    string // why Alertmanager notified, in its words
	Firing    int
	Resolved  int
	Truncated int
	Outcome   string
}

// recent are the last things of a kind, in memory. The zero value is empty. It is
// safe for concurrent use.
type recent[T any] struct {
	mu   sync.Mutex
	list []T // oldest first
}

func (r *recent[T]) add(v T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 2*keepWebhooks {
		r.list = append(r.list[:0], r.list[keepWebhooks:]...)
	}
	r.list = append(r.list, v)
}

// last returns at most limit of them, newest first.
func (r *recent[T]) last(limit int) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []T{}
	for _, v := range slices.Backward(r.list) {
		if len(out) == limit {
			break
		}
		out = append(out, v)
	}
	return out
}

func webhookOf(g alert.Group, now time.Time, outcome string) Webhook {
	w := Webhook{At: now.UTC(), GroupKey: g.GroupKey, Status: g.Status, Reason: g.NotificationReason, Truncated: int(min(g.TruncatedAlerts, 1<<31)), Outcome: outcome}
	for _, a := range g.Alerts {
		if a.Status == alert.Firing {
			w.Firing++
		}
	}
	w.Resolved = len(g.Alerts) - w.Firing
	return w
}

// Webhooks returns the webhooks that were accepted last, since the start, newest
// first; at most a thousand. What came of them is in incidents and messages, which
// last; this list does not, because writing it would cost every webhook.
func (s *Store) Webhooks(_ context.Context, limit int) ([]Webhook, error) {
	if limit <= 0 || limit > keepWebhooks {
		limit = keepWebhooks
	}
	return s.accepted.last(limit), nil
}

// Incidents returns the incidents that started last, newest first; those of one
// instant, which is common in virtual time, by group. A limit of zero means all.
func (s *Store) Incidents(ctx context.Context, limit int) ([]Incident, error) {
	out, err := list(ctx, s, scanIncident, "SELECT "+incidentColumns+" FROM incident ORDER BY seq DESC LIMIT ?", orAll(limit))
	slices.SortStableFunc(out, func(a, b Incident) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.GroupKey, b.GroupKey))
	})
	return out, err
}

// Incident returns one incident with all that is known of it, or ErrNotFound.
func (s *Store) Incident(ctx context.Context, id string) (Incident, error) {
	var told, escalations string
	var in incidentRow
	err := s.read.QueryRowContext(ctx, "SELECT "+incidentColumns+", told, escalations FROM incident WHERE id = ?", id).
		Scan(append(in.dest(), &told, &escalations)...)
	if errors.Is(err, sql.ErrNoRows) {
		return Incident{}, fmt.Errorf("incident %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return Incident{}, fmt.Errorf("read incident %q: %w", id, err)
	}
	inc, err := in.incident()
	return inc, errors.Join(err, json.Unmarshal([]byte(told), &inc.Told), json.Unmarshal([]byte(escalations), &inc.Escalations))
}

// OpenIncidents returns the incidents that fire, oldest first.
func (s *Store) OpenIncidents(ctx context.Context) ([]Incident, error) {
	return list(ctx, s, scanIncident, "SELECT "+incidentColumns+" FROM incident WHERE status = 'firing' ORDER BY seq")
}

// Messages returns the notifications enqueued last, newest first; those of one
// instant by group. A limit of zero means all.
func (s *Store) Messages(ctx context.Context, limit int) ([]alert.Notification, error) {
	out, err := list(ctx, s, scanNotification, "SELECT "+notificationColumns+" FROM notification ORDER BY seq DESC LIMIT ?", orAll(limit))
	slices.SortStableFunc(out, func(a, b alert.Notification) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.GroupKey, b.GroupKey))
	})
	return out, err
}

// MessagesOf returns the notifications of one incident, oldest first.
func (s *Store) MessagesOf(ctx context.Context, incident string) ([]alert.Notification, error) {
	return list(ctx, s, scanNotification, "SELECT "+notificationColumns+" FROM notification WHERE incident = ? ORDER BY seq", incident)
}

// WatchdogLastSeen returns when the watchdog alert last arrived; zero if never.
func (s *Store) WatchdogLastSeen(ctx context.Context) (time.Time, error) {
	var at int64
	err := s.read.QueryRowContext(ctx, "SELECT at FROM fact WHERE name = ?", factWatchdog).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read watchdog: %w", err)
	}
	return fromNanos(at), nil
}

// Counts are the figures of the overview and of the metrics.
type Counts struct {
	OpenIncidents int
	Pending       int       // notifications not yet delivered, leased ones included
	OldestPending time.Time // from when it is late; in the future if all wait on purpose; zero if none is pending
	Dead          int
	SMS           int
	OpenTickets   int
}

// Counts counts.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	var oldest int64
	err := s.read.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM incident WHERE status = 'firing'),
		(SELECT count(*) FROM notification WHERE state IN ('pending', 'leased')),
		(SELECT coalesce(min(fresh_at), 0) FROM notification WHERE state IN ('pending', 'leased')),
		(SELECT count(*) FROM notification WHERE state = 'dead'),
		(SELECT count(*) FROM sms),
		(SELECT count(*) FROM ticket WHERE state = 'open')`).
		Scan(&c.OpenIncidents, &c.Pending, &oldest, &c.Dead, &c.SMS, &c.OpenTickets)
	if err != nil {
		return Counts{}, fmt.Errorf("count rows: %w", err)
	}
	c.OldestPending = fromNanos(oldest)
	return c, nil
}

func putFact(ctx context.Context, tx *txn, name string, at time.Time) error {
	return tx.exec(ctx, `INSERT INTO fact (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at`, name, nanos(at))
}

// orAll turns "no limit" into SQLite's word for it.
func orAll(limit int) int {
	if limit <= 0 {
		return -1
	}
	return limit
}

// list runs a query on the readers' pool and never returns a nil slice.
func list[T any](ctx context.Context, s *Store, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read row: %w", err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	return out, nil
}

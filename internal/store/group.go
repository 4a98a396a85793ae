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

// Incident is one span of one alert group: from its first firing alert until
// all its alerts are resolved. Its JSON is the router's public form.
type Incident struct {
	ID         string         `json:"id"`
	GroupKey   string         `json:"group_key"`
	Status     alert.Status   `json:"status"`
	Severity   alert.Severity `json:"severity"` // the most urgent it ever had
	AlertName  string         `json:"alertname"`
	Service    string         `json:"service,omitempty"`
	Title      string         `json:"title"`
	RunbookURL string         `json:"runbook_url,omitempty"`
	Alerts     int            `json:"alerts"`   // how many fire now
	Messages   int            `json:"messages"` // how many times people were told
	StartedAt  time.Time      `json:"started_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
	ResolvedAt time.Time      `json:"resolved_at,omitzero"`

	LastFiringAt time.Time `json:"-"` // when the last firing message was enqueued
}

// Span is one alert from its start to its end.
type Span struct {
	Identity    string // alert.Alert.Identity
	Incident    string // the incident it belongs to; the last one, if it fired again
	Fingerprint string
	StartsAt    time.Time
	Status      alert.Status
	Severity    string // the label as it came, which may be none of the closed set
}

// Target is one receiver, by name and type.
type Target struct{ Name, Type string }

// GroupState is what the store knows about an alert group.
type GroupState struct {
	Open      *Incident       // nil if no incident is open
	Incidents int             // how many incidents the group has had
	Spans     map[string]Span // by identity: those of Open, and those that the group names
	Notified  []Target        // who got a firing message of Open, in that order
}

// Change is what one accepted group changes. The zero value records the
// webhook and nothing else.
type Change struct {
	Outcome       string // one word for the list of webhooks
	Incident      *Incident
	Spans         []Span
	Notifications []alert.Notification // enqueued as pending, due at once
	Watchdog      bool                 // the group proves that the alerting path lives
}

// Accept gives decide what is known about group g and stores what it answers,
// in one durable transaction. decide runs in the writer: it must be quick and
// must not call the store. It is not called at all if ctx has ended before; if
// ctx ends while it runs, Accept returns an error though the change may be stored.
func (s *Store) Accept(ctx context.Context, g alert.Group, now time.Time, decide func(GroupState) (Change, error)) error {
	err := s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		state, err := groupState(ctx, tx, g)
		if err != nil {
			return fmt.Errorf("read group: %w", err)
		}
		c, err := decide(state)
		if err != nil {
			return err
		}
		return applyChange(ctx, tx, g, now, c)
	})
	if err != nil {
		return fmt.Errorf("accept group: %w", err)
	}
	return nil
}

func groupState(ctx context.Context, tx *sql.Tx, g alert.Group) (GroupState, error) {
	state := GroupState{Spans: make(map[string]Span)}
	row := tx.QueryRowContext(ctx, "SELECT "+incidentColumns+" FROM incident WHERE group_key = ? AND status = 'firing'", g.GroupKey)
	open, err := scanIncident(row)
	if err == nil {
		state.Open = &open
		if state.Notified, err = notified(ctx, tx, open.ID); err != nil {
			return state, err
		}
	} else if !errors.Is(err, sql.ErrNoRows) {
		return state, err
	}
	row = tx.QueryRowContext(ctx, "SELECT count(*) FROM incident WHERE group_key = ?", g.GroupKey)
	if err := row.Scan(&state.Incidents); err != nil {
		return state, err
	}
	return state, readSpans(ctx, tx, g, &state)
}

func readSpans(ctx context.Context, tx *sql.Tx, g alert.Group, state *GroupState) error {
	names := make([]string, len(g.Alerts))
	for i, a := range g.Alerts {
		names[i] = a.Identity()
	}
	list, err := json.Marshal(names)
	if err != nil {
		return err
	}
	open := ""
	if state.Open != nil {
		open = state.Open.ID
	}
	const columns = `SELECT identity, incident, fingerprint, starts_at, status, severity FROM span `
	rows, err := tx.QueryContext(ctx, columns+`WHERE incident = ?1
		UNION `+columns+`WHERE group_key = ?2 AND identity IN (SELECT value FROM json_each(?3))`, open, g.GroupKey, string(list))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p Span
		var starts int64
		if err := rows.Scan(&p.Identity, &p.Incident, &p.Fingerprint, &starts, &p.Status, &p.Severity); err != nil {
			return err
		}
		p.StartsAt = fromNanos(starts)
		state.Spans[p.Identity] = p
	}
	return rows.Err()
}

func notified(ctx context.Context, tx *sql.Tx, incident string) ([]Target, error) {
	rows, err := tx.QueryContext(ctx, `SELECT receiver, receiver_type FROM notification
		WHERE incident = ? AND status = 'firing' GROUP BY receiver, receiver_type ORDER BY min(seq)`, incident)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var targets []Target
	for rows.Next() {
		var t Target
		if err := rows.Scan(&t.Name, &t.Type); err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, rows.Err()
}

func applyChange(ctx context.Context, tx *sql.Tx, g alert.Group, now time.Time, c Change) error {
	if err := putWebhook(ctx, tx, g, now, c.Outcome); err != nil {
		return fmt.Errorf("record webhook: %w", err)
	}
	if c.Watchdog {
		if err := putFact(ctx, tx, factWatchdog, now); err != nil {
			return fmt.Errorf("record watchdog: %w", err)
		}
	}
	if c.Incident != nil {
		if err := putIncident(ctx, tx, *c.Incident); err != nil {
			return fmt.Errorf("write incident %s: %w", c.Incident.ID, err)
		}
	}
	for _, p := range c.Spans {
		_, err := tx.ExecContext(ctx, `INSERT INTO span (group_key, identity, incident, fingerprint, starts_at, status, severity)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (group_key, identity) DO UPDATE SET incident = excluded.incident, status = excluded.status, severity = excluded.severity`,
			g.GroupKey, p.Identity, p.Incident, p.Fingerprint, nanos(p.StartsAt), p.Status, p.Severity)
		if err != nil {
			return fmt.Errorf("write span %s: %w", p.Identity, err)
		}
	}
	for _, n := range c.Notifications {
		if err := enqueue(ctx, tx, n); err != nil {
			return fmt.Errorf("enqueue notification %s: %w", n.ID, err)
		}
	}
	return nil
}

const incidentColumns = `id, group_key, status, severity, alertname, service, title, runbook_url,
	alerts, messages, started_at, updated_at, resolved_at, last_firing_at`

func putIncident(ctx context.Context, tx *sql.Tx, i Incident) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO incident ("+incidentColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, severity = excluded.severity, alertname = excluded.alertname,
		service = excluded.service, title = excluded.title, runbook_url = excluded.runbook_url, alerts = excluded.alerts,
		messages = excluded.messages, updated_at = excluded.updated_at, resolved_at = excluded.resolved_at,
		last_firing_at = excluded.last_firing_at`,
		i.ID, i.GroupKey, i.Status, i.Severity, i.AlertName, i.Service, i.Title, i.RunbookURL, i.Alerts, i.Messages,
		nanos(i.StartedAt), nanos(i.UpdatedAt), nanos(i.ResolvedAt), nanos(i.LastFiringAt))
	return err
}

// row is what *sql.Row and *sql.Rows have in common.
type row interface{ Scan(dest ...any) error }

func scanIncident(r row) (Incident, error) {
	var i Incident
	var started, updated, resolved, firing int64
	err := r.Scan(&i.ID, &i.GroupKey, &i.Status, &i.Severity, &i.AlertName, &i.Service, &i.Title, &i.RunbookURL,
		&i.Alerts, &i.Messages, &started, &updated, &resolved, &firing)
	if err != nil {
		return Incident{}, err
	}
	i.StartedAt, i.UpdatedAt = fromNanos(started), fromNanos(updated)
	i.ResolvedAt, i.LastFiringAt = fromNanos(resolved), fromNanos(firing)
	return i, nil
}

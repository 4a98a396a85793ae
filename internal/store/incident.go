package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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

	AcknowledgedAt time.Time    `json:"acknowledged_at,omitzero"`
	AcknowledgedBy string       `json:"acknowledged_by,omitempty"`
	Labels         alert.Labels `json:"labels,omitempty"` // what its alerts have in common

	Nth          int          `json:"-"` // of the incidents of its group, from 1
	LastFiringAt time.Time    `json:"-"` // when the last firing message was enqueued
	Told         []Target     `json:"-"` // who got a firing message, in that order
	Escalations  []Escalation `json:"-"` // who is told next, unless somebody acknowledges
}

// Span is one alert from its start to its end.
type Span struct {
	Fingerprint string
	StartsAt    time.Time
	Status      alert.Status
	Severity    string // the label as it came, which may be none of the closed set
}

// Identity is alert.Alert.Identity of the span.
func (p Span) Identity() string {
	return alert.Alert{Fingerprint: p.Fingerprint, StartsAt: p.StartsAt}.Identity()
}

// UnmarshalJSON reads the short form.
func (p *Span) UnmarshalJSON(data []byte) error {
	var at int64
	if err := json.Unmarshal(data, &[]any{&p.Fingerprint, &at, &p.Status, &p.Severity}); err != nil {
		return err
	}
	p.StartsAt = fromNanos(at)
	return nil
}

// Target is one receiver, by name and type, and whom it told. An empty To is
// whoever the receiver would tell now.
type Target struct{ Name, Type, To string }

// MarshalJSON writes the short form in which targets are kept.
func (t Target) MarshalJSON() ([]byte, error) { return json.Marshal([]string{t.Name, t.Type, t.To}) }

// UnmarshalJSON reads the short form.
func (t *Target) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&t.Name, &t.Type, &t.To})
}

// Escalation says that a receiver tells its next person at a time.
type Escalation struct {
	Receiver string
	Level    int // whom to tell then: 1 is the next after the first
	Due      time.Time
}

// MarshalJSON writes the short form in which escalations are kept.
func (e Escalation) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{e.Receiver, e.Level, nanos(e.Due)})
}

// UnmarshalJSON reads the short form.
func (e *Escalation) UnmarshalJSON(data []byte) error {
	var at int64
	if err := json.Unmarshal(data, &[]any{&e.Receiver, &e.Level, &at}); err != nil {
		return err
	}
	e.Due = fromNanos(at)
	return nil
}

// GroupState is what the store knows about an alert group.
type GroupState struct {
	Open      *Incident // nil if no incident is open
	Incidents int       // how many incidents the group has had
	Spans     []Span    // of its latest incident, open or not
}

// Change is what one accepted group changes. The zero value records the
// webhook and nothing else.
type Change struct {
	Outcome       string // one word for the list of webhooks
	Incident      *Incident
	Spans         []Span               // all of the incident; nil: as they are
	Notifications []alert.Notification // enqueued as pending
	Events        []Event
	Watchdog      bool // the group proves that the alerting path lives
}

// Accept gives decide what is known about group g and stores what it answers,
// in one durable transaction. While it runs nobody else decides about the group;
// decide must not call the store. If ctx ends meanwhile, Accept returns an error
// though the change may be stored.
func (s *Store) Accept(ctx context.Context, g alert.Group, now time.Time, decide func(GroupState) (Change, error)) error {
	outcome := ""
	err := s.change(ctx, g.GroupKey, func(ctx context.Context) (func(context.Context, *txn) error, error) {
		state, err := s.groupState(ctx, g.GroupKey)
		if err != nil {
			return nil, fmt.Errorf("read group: %w", err)
		}
		c, err := decide(state)
		if err != nil {
			return nil, err
		}
		ready, err := c.ready()
		outcome = c.Outcome
		return func(ctx context.Context, tx *txn) error { return ready.apply(ctx, tx, now) }, err
	})
	if err != nil {
		return fmt.Errorf("accept group: %w", err)
	}
	s.accepted.add(webhookOf(g, now, outcome))
	return nil
}

// Amend gives decide an incident and stores what it answers, in one durable
// transaction; the rules of Accept hold. It returns ErrNotFound for an unknown id.
func (s *Store) Amend(ctx context.Context, incident string, now time.Time, decide func(Incident) (Change, error)) error {
	inc, err := s.Incident(ctx, incident)
	if err != nil {
		return err
	}
	err = s.change(ctx, inc.GroupKey, func(ctx context.Context) (func(context.Context, *txn) error, error) {
		inc, err := s.Incident(ctx, incident)
		if err != nil {
			return nil, err
		}
		c, err := decide(inc)
		if err != nil {
			return nil, err
		}
		ready, err := c.ready()
		return func(ctx context.Context, tx *txn) error { return ready.apply(ctx, tx, now) }, err
	})
	if err != nil {
		return fmt.Errorf("amend incident %s: %w", incident, err)
	}
	return nil
}

// change lets prepare read and decide about a group, while nobody else does, and
// runs the write that it returns. Deciding on the caller's goroutine leaves to the
// writer what only it can do.
func (s *Store) change(ctx context.Context, key string, prepare func(context.Context) (func(context.Context, *txn) error, error)) error {
	unlock, err := s.groups.lock(ctx, key, func(d int64) { s.arriving.Add(d) })
	if err != nil {
		return err
	}
	write, err := prepare(ctx)
	if err != nil {
		unlock()
		return err
	}
	return s.doThen(ctx, write, unlock)
}

const groupStateQuery = "SELECT " + stateColumns + " FROM incident WHERE group_key = ? ORDER BY seq DESC LIMIT 1"

func (s *Store) groupState(ctx context.Context, key string) (GroupState, error) {
	if s.known.add(key) {
		return GroupState{}, nil // in a storm of new groups, the question alone would cost a tenth
	}
	var in incidentRow
	var told, escalations, spans string
	err := s.state.QueryRowContext(context.WithoutCancel(ctx), key).Scan(append(in.dest(), &told, &escalations, &spans)...)
	if errors.Is(err, sql.ErrNoRows) {
		return GroupState{}, nil
	}
	if err != nil {
		return GroupState{}, err
	}
	inc, err := in.incident()
	state := GroupState{Incidents: inc.Nth}
	if spans != "" {
		err = errors.Join(err, json.Unmarshal([]byte(spans), &state.Spans))
	}
	if inc.Status == alert.Firing {
		state.Open = &inc
	}
	return state, errors.Join(err, json.Unmarshal([]byte(told), &inc.Told), json.Unmarshal([]byte(escalations), &inc.Escalations))
}

// readyChange is a change with all that costs time done.
type readyChange struct {
	Change
	incident []any // arguments of putIncidentQuery; nil: none
}

func (c Change) ready() (readyChange, error) {
	r := readyChange{Change: c}
	if c.Incident == nil {
		return r, nil
	}
	var err error
	if r.incident, err = incidentArgs(*c.Incident, c.Spans); err != nil {
		return r, fmt.Errorf("write incident %s: %w", c.Incident.ID, err)
	}
	return r, nil
}

func (c readyChange) apply(ctx context.Context, tx *txn, now time.Time) error {
	if c.Watchdog {
		if err := putFact(ctx, tx, factWatchdog, now); err != nil {
			return fmt.Errorf("record watchdog: %w", err)
		}
	}
	if c.incident != nil {
		res, err := tx.ExecContext(ctx, putIncidentQuery, c.incident...)
		if err != nil {
			return fmt.Errorf("write incident %s: %w", c.Incident.ID, err)
		}
		if count, err := res.RowsAffected(); err != nil || count == 0 {
			return fmt.Errorf("write incident %s: %w", c.Incident.ID, cmp.Or(err, errSameName))
		}
	}
	for _, n := range c.Notifications {
		if err := enqueue(ctx, tx, n); err != nil {
			return fmt.Errorf("enqueue notification %s: %w", n.ID, err)
		}
	}
	for _, e := range c.Events {
		if err := putEvent(ctx, tx, e); err != nil {
			return fmt.Errorf("record event of %s: %w", e.Incident, err)
		}
	}
	return nil
}

const (
	incidentColumns = `id, group_key, nth, status, severity, alertname, service, title, runbook_url,
	alerts, messages, started_at, updated_at, resolved_at, last_firing_at, acknowledged_at, acknowledged_by, labels`
	stateColumns = incidentColumns + `, told, escalations, spans`

	putIncidentQuery = "INSERT INTO incident (" + stateColumns + `, attention_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, severity = excluded.severity, alertname = excluded.alertname,
		service = excluded.service, title = excluded.title, runbook_url = excluded.runbook_url, alerts = excluded.alerts,
		messages = excluded.messages, updated_at = excluded.updated_at, resolved_at = excluded.resolved_at,
		last_firing_at = excluded.last_firing_at, acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by,
		labels = excluded.labels, told = excluded.told, escalations = excluded.escalations, attention_at = excluded.attention_at,
		spans = CASE excluded.spans WHEN '' THEN spans ELSE excluded.spans END
		WHERE group_key = excluded.group_key`
)

func incidentArgs(i Incident, spans []Span) ([]any, error) {
	var attention time.Time
	for _, e := range i.Escalations {
		if attention.IsZero() || e.Due.Before(attention) {
			attention = e.Due
		}
	}
	var j jsonWriter
	labels, told, escalations := j.write(i.Labels), j.write(i.Told), j.write(i.Escalations)
	kept := "" // on conflict: as they are
	if spans != nil {
		kept = string(appendSpans(nil, spans))
	}
	return []any{
		i.ID, i.GroupKey, i.Nth, i.Status, i.Severity, i.AlertName, i.Service, i.Title, i.RunbookURL, i.Alerts, i.Messages,
		nanos(i.StartedAt), nanos(i.UpdatedAt), nanos(i.ResolvedAt), nanos(i.LastFiringAt),
		nanos(i.AcknowledgedAt), i.AcknowledgedBy, labels, told, escalations, kept, nanos(attention),
	}, j.err
}

// appendSpans writes the JSON in which spans are kept, without reflection: every
// webhook does.
func appendSpans(b []byte, spans []Span) []byte {
	b = append(b, '[')
	for i, p := range spans {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, '['), p.Fingerprint)
		b = strconv.AppendInt(append(b, ','), nanos(p.StartsAt), 10)
		b = appendString(append(b, ','), string(p.Status))
		b = appendString(append(b, ','), p.Severity)
		b = append(b, ']')
	}
	return append(b, ']')
}

// appendString writes a JSON string; the plain ones, which nearly all are, as they
// are.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string can always be written
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// jsonWriter writes several values and keeps the first error.
type jsonWriter struct{ err error }

func (j *jsonWriter) write(v any) string {
	data, err := json.Marshal(v)
	if j.err == nil {
		j.err = err
	}
	return string(data)
}

// row is what *sql.Row and *sql.Rows have in common.
type row interface{ Scan(dest ...any) error }

// incidentRow holds the columns of an incident while they are read.
type incidentRow struct {
	Incident
	started, updated, resolved, firing, acknowledged int64
	labels                                           string
}

func (r *incidentRow) dest() []any {
	i := &r.Incident
	return []any{&i.ID, &i.GroupKey, &i.Nth, &i.Status, &i.Severity, &i.AlertName, &i.Service, &i.Title, &i.RunbookURL,
		&i.Alerts, &i.Messages, &r.started, &r.updated, &r.resolved, &r.firing, &r.acknowledged, &i.AcknowledgedBy, &r.labels}
}

func (r *incidentRow) incident() (Incident, error) {
	i := r.Incident
	i.StartedAt, i.UpdatedAt, i.ResolvedAt = fromNanos(r.started), fromNanos(r.updated), fromNanos(r.resolved)
	i.LastFiringAt, i.AcknowledgedAt = fromNanos(r.firing), fromNanos(r.acknowledged)
	return i, json.Unmarshal([]byte(r.labels), &i.Labels)
}

func scanIncident(r row) (Incident, error) {
	var in incidentRow
	if err := r.Scan(in.dest()...); err != nil {
		return Incident{}, err
	}
	return in.incident()
}

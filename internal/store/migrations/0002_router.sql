-- A webhook reads one row and writes one: what a decision needs of a group is in
-- the row of its latest incident, as JSON where there are several of something.
-- spans: [[fingerprint, starts_at, status, severity], ...]; told: [[receiver,
-- type, recipient], ...]; escalations: [[receiver, level, due_at], ...].
-- attention_at is the earliest due_at of escalations, or 0.
CREATE TABLE incident2 (
  seq             INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,
  group_key       TEXT NOT NULL,
  nth             INTEGER NOT NULL,
  status          TEXT NOT NULL CHECK (status IN ('firing', 'resolved')),
  severity        TEXT NOT NULL,
  alertname       TEXT NOT NULL,
  service         TEXT NOT NULL,
  title           TEXT NOT NULL,
  runbook_url     TEXT NOT NULL,
  alerts          INTEGER NOT NULL,
  messages        INTEGER NOT NULL,
  started_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  resolved_at     INTEGER NOT NULL,
  last_firing_at  INTEGER NOT NULL,
  acknowledged_at INTEGER NOT NULL,
  acknowledged_by TEXT NOT NULL,
  attention_at    INTEGER NOT NULL,
  labels          TEXT NOT NULL,
  spans           TEXT NOT NULL,
  told            TEXT NOT NULL,
  escalations     TEXT NOT NULL
) STRICT;

INSERT INTO incident2
SELECT seq, id, group_key, row_number() OVER (PARTITION BY group_key ORDER BY seq), status, severity, alertname, service, title,
  runbook_url, alerts, messages, started_at, updated_at, resolved_at, last_firing_at, 0, '', 0, '{}',
  coalesce((SELECT json_group_array(json_array(fingerprint, starts_at, s.status, s.severity)) FROM span s WHERE s.incident = incident.id), '[]'),
  coalesce((SELECT json_group_array(json_array(receiver, receiver_type, recipient)) FROM (SELECT receiver, receiver_type, recipient
    FROM notification n WHERE n.incident = incident.id AND n.status = 'firing' GROUP BY receiver, receiver_type, recipient ORDER BY min(n.seq))), '[]'),
  '[]'
FROM incident;

-- The outbox. seq is the order of enqueueing. due_at is when a pending row may
-- be sent, and when the lease of a leased row ends; fresh_at, from when its age
-- counts; sent_at, when it was last handed to a provider. The incident of a
-- digest is empty; carried_by is the digest that tells a row.
CREATE TABLE notification2 (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  incident      TEXT NOT NULL,
  receiver      TEXT NOT NULL,
  receiver_type TEXT NOT NULL,
  recipient     TEXT NOT NULL,
  severity      TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('firing', 'resolved')),
  alertname     TEXT NOT NULL,
  service       TEXT NOT NULL,
  reason        TEXT NOT NULL,
  alerts        INTEGER NOT NULL,
  group_key     TEXT NOT NULL,
  title         TEXT NOT NULL,
  text          TEXT NOT NULL,
  runbook_url   TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('pending', 'leased', 'delivered', 'dead')),
  attempts      INTEGER NOT NULL,
  unsure        INTEGER NOT NULL,
  last_error    TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  delivered_at  INTEGER NOT NULL,
  level         INTEGER NOT NULL,
  first         INTEGER NOT NULL,
  carried_by    TEXT NOT NULL,
  provider      TEXT NOT NULL,
  receipt       TEXT NOT NULL,
  receipt_url   TEXT NOT NULL,
  report        TEXT NOT NULL,
  due_at        INTEGER NOT NULL,
  fresh_at      INTEGER NOT NULL,
  sent_at       INTEGER NOT NULL
) STRICT;
INSERT INTO notification2
SELECT seq, id, incident, receiver, receiver_type, recipient, severity, status, alertname, service, reason, alerts, group_key, title, text,
  runbook_url, state, attempts, 0, last_error, created_at, delivered_at, 0, 0, '', '', '', '', '', due_at, created_at, delivered_at
FROM notification;

DROP TABLE webhook; -- in memory from now on
DROP TABLE notification;
DROP TABLE span;
DROP TABLE incident;
ALTER TABLE incident2 RENAME TO incident;
ALTER TABLE notification2 RENAME TO notification;

CREATE INDEX incident_group ON incident (group_key, seq);
CREATE INDEX incident_open ON incident (updated_at) WHERE status = 'firing';
CREATE INDEX incident_attention ON incident (attention_at) WHERE attention_at > 0;
CREATE INDEX notification_due ON notification (receiver, due_at) WHERE state IN ('pending', 'leased');
CREATE INDEX notification_incident ON notification (incident, receiver, seq);
CREATE INDEX notification_dead ON notification (seq) WHERE state = 'dead';
CREATE INDEX notification_sent ON notification (recipient, sent_at) WHERE receiver_type = 'sms' AND sent_at > 0;
CREATE INDEX notification_carried ON notification (carried_by) WHERE carried_by <> '';
CREATE INDEX notification_receipt ON notification (receipt) WHERE receipt <> '';

-- What people did to an incident, and what the router did by itself.
CREATE TABLE event (
  seq      INTEGER PRIMARY KEY,
  incident TEXT NOT NULL,
  at       INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  author   TEXT NOT NULL,
  text     TEXT NOT NULL
) STRICT;
CREATE INDEX event_incident ON event (incident, seq);

-- Silences that the router made. body is JSON.
CREATE TABLE silence (
  id       TEXT PRIMARY KEY,
  incident TEXT NOT NULL,
  ends_at  INTEGER NOT NULL,
  body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX silence_ends ON silence (ends_at);

-- One ticket of the board per alert group.
ALTER TABLE ticket ADD COLUMN group_key TEXT NOT NULL DEFAULT '';
UPDATE ticket SET group_key = coalesce((SELECT group_key FROM incident WHERE incident.id = ticket.id), '');
CREATE INDEX ticket_group ON ticket (group_key, number);

CREATE TABLE ticket_entry2 (
  seq    INTEGER PRIMARY KEY,
  id     TEXT NOT NULL UNIQUE,
  ticket TEXT NOT NULL,
  at     INTEGER NOT NULL,
  kind   TEXT NOT NULL CHECK (kind IN ('opened', 'changed', 'closed', 'reopened')),
  text   TEXT NOT NULL
) STRICT;
INSERT INTO ticket_entry2 SELECT seq, id, ticket, at, kind, text FROM ticket_entry;
DROP TABLE ticket_entry;
ALTER TABLE ticket_entry2 RENAME TO ticket_entry;
CREATE INDEX ticket_entry_ticket ON ticket_entry (ticket, seq);

-- Times are nanoseconds since 1970 in UTC; 0 means "not yet".

-- One incident is one span of one alert group, as the router sees it.
CREATE TABLE incident (
  seq            INTEGER PRIMARY KEY,
  id             TEXT NOT NULL UNIQUE,
  group_key      TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('firing', 'resolved')),
  severity       TEXT NOT NULL,
  alertname      TEXT NOT NULL,
  service        TEXT NOT NULL,
  title          TEXT NOT NULL,
  runbook_url    TEXT NOT NULL,
  alerts         INTEGER NOT NULL,
  messages       INTEGER NOT NULL,
  started_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  resolved_at    INTEGER NOT NULL,
  last_firing_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX incident_open ON incident (group_key) WHERE status = 'firing';
CREATE INDEX incident_group ON incident (group_key);
CREATE INDEX incident_started ON incident (started_at DESC, group_key, seq DESC);

-- One span is one alert from its start to its end.
CREATE TABLE span (
  group_key   TEXT NOT NULL,
  identity    TEXT NOT NULL,
  incident    TEXT NOT NULL REFERENCES incident (id),
  fingerprint TEXT NOT NULL,
  starts_at   INTEGER NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('firing', 'resolved')),
  severity    TEXT NOT NULL,
  PRIMARY KEY (group_key, identity)
) STRICT, WITHOUT ROWID;
CREATE INDEX span_incident ON span (incident);

-- The outbox. seq is the order of enqueueing.
CREATE TABLE notification (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  incident      TEXT NOT NULL REFERENCES incident (id),
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
  last_error    TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  delivered_at  INTEGER NOT NULL,
  due_at        INTEGER NOT NULL
) STRICT;
-- due_at is when a pending row may be sent, and when the lease of a leased row ends.
CREATE INDEX notification_due ON notification (receiver, due_at) WHERE state IN ('pending', 'leased');
CREATE INDEX notification_created ON notification (created_at DESC, group_key, seq DESC);
CREATE INDEX notification_incident ON notification (incident, receiver, seq);
CREATE INDEX notification_dead ON notification (state) WHERE state = 'dead';

-- What was accepted, and what came of it: the last thousand webhooks.
CREATE TABLE webhook (
  seq       INTEGER PRIMARY KEY,
  at        INTEGER NOT NULL,
  group_key TEXT NOT NULL,
  status    TEXT NOT NULL,
  reason    TEXT NOT NULL,
  firing    INTEGER NOT NULL,
  resolved  INTEGER NOT NULL,
  truncated INTEGER NOT NULL,
  outcome   TEXT NOT NULL
) STRICT;

-- Single facts: the watchdog's last sign of life, the readiness probe.
CREATE TABLE fact (
  name TEXT PRIMARY KEY,
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The built-in receivers. id is the notification's, so nothing arrives twice.
CREATE TABLE sms (
  seq  INTEGER PRIMARY KEY,
  id   TEXT NOT NULL UNIQUE,
  at   INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE ticket (
  number      INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  state       TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  title       TEXT NOT NULL,
  severity    TEXT NOT NULL,
  service     TEXT NOT NULL,
  alertname   TEXT NOT NULL,
  runbook_url TEXT NOT NULL,
  opened_at   INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  closed_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE ticket_entry (
  seq    INTEGER PRIMARY KEY,
  id     TEXT NOT NULL UNIQUE,
  ticket TEXT NOT NULL REFERENCES ticket (id),
  at     INTEGER NOT NULL,
  kind   TEXT NOT NULL CHECK (kind IN ('opened', 'changed', 'closed')),
  text   TEXT NOT NULL
) STRICT;
CREATE INDEX ticket_entry_ticket ON ticket_entry (ticket, seq);

CREATE TABLE line (
  seq  INTEGER PRIMARY KEY,
  id   TEXT NOT NULL UNIQUE,
  at   INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT;

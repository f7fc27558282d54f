-- 0070 alert. Expand. Alerts: what is wrong and was, whom it is told to, and the log of
-- both. Ids rise with time and come from no counter, which a restore would set back.

-- +goose Up

-- Documents of people: 'settings', and 'domain/NAME/TYPE' for what an access domain has
-- of its own. version is for If-Match.
CREATE TABLE alert_setting (
	name       TEXT   PRIMARY KEY,
	version    BIGINT NOT NULL,
	body       BYTEA  NOT NULL,
	updated_by TEXT   NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE alert_channel (
	name       TEXT   PRIMARY KEY,
	version    BIGINT NOT NULL,
	body       BYTEA  NOT NULL, -- with its secrets
	updated_by TEXT   NOT NULL,
	updated_at BIGINT NOT NULL
);

-- An operator's word that an event, an object or both are known and need no message.
CREATE TABLE alert_mute (
	id         TEXT   PRIMARY KEY,
	event      TEXT   NOT NULL, -- '' for any
	kind       TEXT   NOT NULL, -- of the object, '' for any
	object     TEXT   NOT NULL, -- '' for any
	reason     TEXT   NOT NULL,
	created_by TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	ends_at    BIGINT NOT NULL
);

CREATE TABLE alert (
	id          BIGINT PRIMARY KEY,
	event       TEXT   NOT NULL,
	kind        TEXT   NOT NULL, -- of the object
	object      TEXT   NOT NULL,
	severity    TEXT   NOT NULL,
	since       BIGINT NOT NULL, -- when it became so, by what noticed it
	raised_at   BIGINT NOT NULL,
	resolved_at BIGINT NOT NULL, -- 0 while it lasts
	told_at     BIGINT NOT NULL, -- when it was last to be told, for the repeat
	bundle      BIGINT NOT NULL, -- id of the first alert that it is told with
	incident    BIGINT NOT NULL, -- of history's transitions, 0 for none known
	acked_at    BIGINT NOT NULL,
	acked_by    TEXT   NOT NULL,
	ack_reason  TEXT   NOT NULL,
	facts       BYTEA  NOT NULL  -- JSON: the cause, what clients get instead
);
CREATE UNIQUE INDEX alert_active ON alert (event, kind, object) WHERE resolved_at = 0;
CREATE INDEX alert_resolved ON alert (resolved_at);

CREATE TABLE alert_log (
	id       BIGINT PRIMARY KEY,
	at       BIGINT NOT NULL,
	alert    BIGINT NOT NULL, -- 0 for what is of none, like a mute
	action   TEXT   NOT NULL, -- alert, resume, repeat, acknowledge, mute, unmute
	event    TEXT   NOT NULL,
	kind     TEXT   NOT NULL,
	object   TEXT   NOT NULL,
	severity TEXT   NOT NULL,
	incident BIGINT NOT NULL,
	who      TEXT   NOT NULL, -- of what people did
	text     TEXT   NOT NULL,
	facts    BYTEA  NOT NULL
);
CREATE INDEX alert_log_alert ON alert_log (alert);

-- The outbox: what the log holds and a channel is to be told.
CREATE TABLE alert_notice (
	log      BIGINT NOT NULL,
	channel  TEXT   NOT NULL,
	alert    BIGINT NOT NULL,
	bundle   BIGINT NOT NULL,
	state    TEXT   NOT NULL, -- waiting, bound (to a delivery), muted
	due_at   BIGINT NOT NULL,
	delivery BIGINT NOT NULL, -- 0 for none
	PRIMARY KEY (log, channel)
);
CREATE INDEX alert_notice_state ON alert_notice (state, channel);
CREATE INDEX alert_notice_alert ON alert_notice (alert);
CREATE INDEX alert_notice_delivery ON alert_notice (delivery);

-- A message to one channel. It is written before it is sent, so that it is sent again
-- under the same id when nobody knows whether it was.
CREATE TABLE alert_delivery (
	id         BIGINT PRIMARY KEY,
	channel    TEXT   NOT NULL,
	state      TEXT   NOT NULL, -- pending, sent, failed
	created_at BIGINT NOT NULL,
	attempts   BIGINT NOT NULL,
	next_at    BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL,
	answer     TEXT   NOT NULL, -- what the other side said, or what was wrong
	message    BYTEA  NOT NULL
);
CREATE INDEX alert_delivery_state ON alert_delivery (state);

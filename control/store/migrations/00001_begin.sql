-- 0001 begin. One text for SQLite and PostgreSQL: SQLite reads BIGINT as INTEGER,
-- and stores blobs in a BYTEA column unchanged (its affinity never touches blobs).
-- Times are microseconds since 1970 UTC.

-- +goose Up
CREATE TABLE meta (
	id           BIGINT PRIMARY KEY CHECK (id = 1),
	epoch        BIGINT NOT NULL,
	revision     BIGINT NOT NULL,
	chain        BYTEA  NOT NULL,
	signing_seed BYTEA  NOT NULL,
	created_at   BIGINT NOT NULL
);

CREATE TABLE object (
	kind       TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	id         TEXT   NOT NULL UNIQUE,
	revision   BIGINT NOT NULL,
	set_name   TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	body       BYTEA  NOT NULL,
	PRIMARY KEY (kind, name)
);
CREATE INDEX object_revision ON object (revision);
CREATE INDEX object_set ON object (set_name);

CREATE TABLE revision (
	epoch   BIGINT NOT NULL,
	number  BIGINT NOT NULL,
	chain   BYTEA  NOT NULL,
	at      BIGINT NOT NULL,
	author  TEXT   NOT NULL,
	source  TEXT   NOT NULL,
	comment TEXT   NOT NULL,
	changes BYTEA  NOT NULL, -- what travels to nodes: traffic.EncodeChanges
	before  BYTEA  NOT NULL, -- JSON array beside changes: each object's body before, or null
	PRIMARY KEY (epoch, number)
);

CREATE TABLE token (
	id         TEXT   PRIMARY KEY,
	name       TEXT   NOT NULL UNIQUE,
	hash       BYTEA  NOT NULL UNIQUE, -- SHA-256 of the token
	role       TEXT   NOT NULL,
	created_by TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL, -- 0 means never
	used_at    BIGINT NOT NULL  -- 0 means never
);

CREATE TABLE current_member (
	scope_kind TEXT   NOT NULL,
	scope_name TEXT   NOT NULL,
	member     TEXT   NOT NULL,
	epoch      BIGINT NOT NULL,
	PRIMARY KEY (scope_kind, scope_name)
);

CREATE TABLE event (
	id       BIGINT PRIMARY KEY,
	at       BIGINT NOT NULL,
	kind     TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	severity TEXT   NOT NULL,
	text     TEXT   NOT NULL,
	data     BYTEA  NOT NULL
);
CREATE INDEX event_subject ON event (subject);

-- Numbers given out by us: identity columns differ between the two databases.
CREATE TABLE counter (
	name  TEXT   PRIMARY KEY,
	value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('event', 0);

CREATE TABLE idempotency (
	principal TEXT   NOT NULL,
	key       TEXT   NOT NULL,
	request   BYTEA  NOT NULL, -- SHA-256 of what was asked
	reply     BYTEA  NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

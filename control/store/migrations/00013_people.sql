-- 0013 people. Expand. Users who sign in with a password or through an identity provider,
-- and their sessions. "user" is a word of SQL, so the table is in the plural.

-- +goose Up
CREATE TABLE users (
	id           TEXT   PRIMARY KEY,
	name         TEXT   NOT NULL UNIQUE,
	issuer       TEXT   NOT NULL, -- of the identity provider; '' for a local user
	subject      TEXT   NOT NULL, -- who it is there; a local user's own id
	password     TEXT   NOT NULL, -- argon2id in PHC form; '' for none
	grants       TEXT   NOT NULL, -- JSON array
	disabled     BIGINT NOT NULL, -- 1 or 0
	created_by   TEXT   NOT NULL,
	created_at   BIGINT NOT NULL,
	password_at  BIGINT NOT NULL, -- 0 means never
	signed_in_at BIGINT NOT NULL, -- 0 means never
	UNIQUE (issuer, subject)
);

CREATE TABLE session (
	id         TEXT   PRIMARY KEY,
	hash       BYTEA  NOT NULL UNIQUE, -- SHA-256 of what the cookie holds
	user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	ends_at    BIGINT NOT NULL,
	remote     TEXT   NOT NULL,
	agent      TEXT   NOT NULL
);
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX token_owner ON token (owner);

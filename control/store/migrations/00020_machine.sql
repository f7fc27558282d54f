-- 0020 machine. Expand. What machines trust each other by: secrets of the whole
-- installation, rotations of the signing key, and whether a node's invitation carries
-- our certificate authority (0: it is of a release before that).

-- +goose Up
CREATE TABLE secret (
	name  TEXT  PRIMARY KEY,
	value BYTEA NOT NULL
);

-- The seed in force stays in meta.signing_seed, where earlier releases look for it.
CREATE TABLE key_rotation (
	serial     BIGINT PRIMARY KEY,
	rotation   BYTEA  NOT NULL, -- codec.SealRotation: the new keys, signed by an old one
	created_by TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);

ALTER TABLE node ADD COLUMN tls BIGINT NOT NULL DEFAULT 0;

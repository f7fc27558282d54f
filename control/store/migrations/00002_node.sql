-- 0002 node. Expand. Nodes that were invited: who may connect to the message bus.

-- +goose Up
CREATE TABLE node (
	id         TEXT   PRIMARY KEY,
	role       TEXT   NOT NULL,
	vantage    TEXT   NOT NULL, -- for probers
	labels     BYTEA  NOT NULL, -- JSON object
	public_key TEXT   NOT NULL, -- nkey that its credential belongs to
	created_by TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);

-- 0050 override spread. Expand. How far an override has come: since when every resolver
-- that is present answers by it (0: not yet), and how long caches keep answers from
-- before. Kept so that a new leader does not begin to wait anew.

-- +goose Up
CREATE TABLE override_spread (
	id         TEXT   PRIMARY KEY,
	epoch      BIGINT NOT NULL, -- of the revision that made it
	revision   BIGINT NOT NULL,
	cached_for BIGINT NOT NULL, -- seconds
	names      TEXT   NOT NULL, -- JSON: access domains that it changes the answers of
	more       BIGINT NOT NULL, -- how many of them are not in names
	spread_at  BIGINT NOT NULL
);

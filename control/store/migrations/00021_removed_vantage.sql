-- 0021 removed vantage. Expand. Vantages whose node was removed: resolvers are told to
-- count them no longer.

-- +goose Up
CREATE TABLE removed_vantage (
	id         TEXT   PRIMARY KEY,
	removed_at BIGINT NOT NULL
);

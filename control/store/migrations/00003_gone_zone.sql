-- 0003 gone zone. Expand. The last serial of each zone that was deleted: should it come
-- back, its serial goes on from there, since secondaries remember it (RFC 1982).

-- +goose Up
CREATE TABLE gone_zone (
	name   TEXT   PRIMARY KEY,
	serial BIGINT NOT NULL
);

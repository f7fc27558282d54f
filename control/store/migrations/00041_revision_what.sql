-- 0041 revision what. Expand. What a revision is about, for lists: how many objects it
-- touched, and one of them as kind/name.

-- +goose Up
ALTER TABLE revision ADD COLUMN objects BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN object TEXT NOT NULL DEFAULT '';

-- Open fills them in for the log that is there, as it makes the index.
UPDATE counter SET value = (SELECT COALESCE(MAX(revision), 0) FROM meta) WHERE name = 'unindexed';

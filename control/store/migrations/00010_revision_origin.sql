-- 0010 revision origin. Expand. Who made a revision by id, whose first word is the kind
-- (token-…, user-…), and from which address. "" for control itself and for what an older
-- release wrote.

-- +goose Up
ALTER TABLE revision ADD COLUMN principal TEXT NOT NULL DEFAULT '';
ALTER TABLE revision ADD COLUMN remote TEXT NOT NULL DEFAULT '';

-- 0011 token grants. Expand. What a token allows beyond one role on everything, and whose
-- it is. Where grants have labels, role is a word that older releases take for no role.

-- +goose Up
ALTER TABLE token ADD COLUMN grants TEXT NOT NULL DEFAULT ''; -- JSON array; '': role on everything
ALTER TABLE token ADD COLUMN owner TEXT NOT NULL DEFAULT '';  -- id of a user, '' for nobody's

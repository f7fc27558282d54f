-- 0040 history. Expand. Who changed an object, and what is left of a revision when its
-- content has gone. After a restore the log holds revisions of several epochs, so it
-- is the number alone that names one.

-- +goose Up
CREATE UNIQUE INDEX revision_number ON revision (number);

-- JSON list of [kind, name, action], written when changes and before are emptied.
ALTER TABLE revision ADD COLUMN touched BYTEA NOT NULL DEFAULT '';

CREATE TABLE revision_object (
	kind     TEXT   NOT NULL,
	name     TEXT   NOT NULL,
	revision BIGINT NOT NULL,
	PRIMARY KEY (kind, name, revision)
);

-- compacted: revisions up to here have lost their content. unindexed: those up to here
-- are not in revision_object yet; Open puts them there.
INSERT INTO counter (name, value) VALUES ('compacted', 0);
INSERT INTO counter (name, value) SELECT 'unindexed', COALESCE(MAX(revision), 0) FROM meta;

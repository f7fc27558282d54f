-- 0012 audit. Expand. Who did what over the API, or tried to. A row stands for one request,
-- or for count like it where somebody asked too often to keep each.

-- +goose Up
CREATE TABLE audit (
	at        BIGINT NOT NULL,
	request   TEXT   NOT NULL, -- id that stands in the log and in problem documents
	kind      TEXT   NOT NULL, -- user or token; '' for nobody known
	principal TEXT   NOT NULL, -- id
	who       TEXT   NOT NULL, -- name, as it was then
	remote    TEXT   NOT NULL,
	source    TEXT   NOT NULL,
	method    TEXT   NOT NULL,
	route     TEXT   NOT NULL,
	object    TEXT   NOT NULL,
	outcome   TEXT   NOT NULL, -- done, refused, failed
	code      TEXT   NOT NULL, -- of the problem; or replayed, unchanged
	revision  BIGINT NOT NULL, -- 0 for none
	count     BIGINT NOT NULL,
	PRIMARY KEY (at, request)
);

-- 0030 lease. Expand. Who of several control processes does what only one may do, and
-- which of them are alive. Times are of the database's own clock: no two machines'
-- clocks are ever compared.

-- +goose Up
CREATE TABLE lease (
	name   TEXT   PRIMARY KEY,
	holder TEXT   NOT NULL, -- a control_process.id
	epoch  BIGINT NOT NULL, -- rises with each new holder: a late one can be told
	until  BIGINT NOT NULL
);

CREATE TABLE control_process (
	id      TEXT   PRIMARY KEY, -- of its data folder
	node    TEXT   NOT NULL,
	api     TEXT   NOT NULL,
	bus     TEXT   NOT NULL, -- embedded, or external
	version TEXT   NOT NULL,
	started BIGINT NOT NULL,
	seen    BIGINT NOT NULL
);

-- The newest migration that a program must know to work on these tables: raised when a
-- column or table that older releases use goes away (contract).
ALTER TABLE meta ADD COLUMN floor BIGINT NOT NULL DEFAULT 0;

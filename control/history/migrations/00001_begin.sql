-- 0001 begin. One text for SQLite and PostgreSQL. The at sign before a table becomes the
-- schema in PostgreSQL, and "/* compact */" WITHOUT ROWID in SQLite, which halves tables that are their own index. Times are microseconds since
-- 1970 UTC; at is the beginning of an interval. The tables of facts begin with at, so
-- that writing appends and forgetting takes from the front.

-- +goose Up
CREATE TABLE @counter (
	name  TEXT   PRIMARY KEY,
	value BIGINT NOT NULL
);
INSERT INTO @counter (name, value) VALUES ('event', 0), ('transition', 0), ('series', 0);

CREATE TABLE @setting (
	name  TEXT   PRIMARY KEY,
	value BIGINT NOT NULL
);

-- Up to when facts of a table have been added up to the next coarser one.
CREATE TABLE @rollup (
	name TEXT   PRIMARY KEY,
	upto BIGINT NOT NULL
);

CREATE TABLE @event (
	id       BIGINT PRIMARY KEY,
	at       BIGINT NOT NULL,
	kind     TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	severity TEXT   NOT NULL,
	text     TEXT   NOT NULL,
	data     BYTEA  NOT NULL
);
CREATE INDEX event_subject ON @event (subject);
CREATE INDEX event_at ON @event (at);

CREATE TABLE @transition (
	id       BIGINT PRIMARY KEY,
	at       BIGINT NOT NULL,
	incident BIGINT NOT NULL, -- id of the first transition that came with it
	kind     TEXT   NOT NULL, -- task, vantage, address, pool, domain
	subject  TEXT   NOT NULL,
	address  TEXT   NOT NULL, -- of a task or an address, else ''
	was      TEXT   NOT NULL,
	becomes  TEXT   NOT NULL,
	cause    TEXT   NOT NULL,
	data     BYTEA  NOT NULL -- JSON: findings of a task, classes of a domain
);
CREATE INDEX transition_at ON @transition (at);
CREATE INDEX transition_subject ON @transition (kind, subject, id);
CREATE INDEX transition_address ON @transition (address, id);
CREATE INDEX transition_incident ON @transition (incident);

CREATE TABLE @probe_series (
	id       INTEGER PRIMARY KEY,
	address  TEXT    NOT NULL,
	template TEXT    NOT NULL,
	port     INTEGER NOT NULL,
	vantage  TEXT    NOT NULL,
	seen     BIGINT  NOT NULL, -- day of the last facts
	UNIQUE (address, template, port, vantage)
);
CREATE TABLE @probe_minute (
	at BIGINT NOT NULL, series INTEGER NOT NULL,
	probes INTEGER NOT NULL, failed INTEGER NOT NULL, lost INTEGER NOT NULL,
	low BIGINT NOT NULL, high BIGINT NOT NULL, total BIGINT NOT NULL, spread BYTEA NOT NULL,
	PRIMARY KEY (at, series)
) /* compact */;
CREATE TABLE @probe_hour (
	at BIGINT NOT NULL, series INTEGER NOT NULL,
	probes INTEGER NOT NULL, failed INTEGER NOT NULL, lost INTEGER NOT NULL,
	low BIGINT NOT NULL, high BIGINT NOT NULL, total BIGINT NOT NULL, spread BYTEA NOT NULL,
	PRIMARY KEY (at, series)
) /* compact */;
CREATE TABLE @probe_day (
	at BIGINT NOT NULL, series INTEGER NOT NULL,
	probes INTEGER NOT NULL, failed INTEGER NOT NULL, lost INTEGER NOT NULL,
	low BIGINT NOT NULL, high BIGINT NOT NULL, total BIGINT NOT NULL, spread BYTEA NOT NULL,
	PRIMARY KEY (at, series)
) /* compact */;

-- The last report of each process of a node that was taken: a repeated one is not
-- counted again, and missed ones are known.
CREATE TABLE @query_source (
	node     TEXT   NOT NULL,
	instance TEXT   NOT NULL,
	seq      BIGINT NOT NULL,
	missed   BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (node, instance)
);
CREATE TABLE @answer_series (
	id      INTEGER PRIMARY KEY,
	node    TEXT    NOT NULL,
	domain  TEXT    NOT NULL,
	line    TEXT    NOT NULL,
	pool    TEXT    NOT NULL,
	address TEXT    NOT NULL,
	seen    BIGINT  NOT NULL,
	UNIQUE (domain, node, line, pool, address)
);
CREATE TABLE @answer_minute (at BIGINT NOT NULL, series INTEGER NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, series)) /* compact */;
CREATE TABLE @answer_hour (at BIGINT NOT NULL, series INTEGER NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, series)) /* compact */;
CREATE TABLE @answer_day (at BIGINT NOT NULL, series INTEGER NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, series)) /* compact */;

CREATE TABLE @zone_minute (at BIGINT NOT NULL, node TEXT NOT NULL, zone TEXT NOT NULL, outcome TEXT NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, node, zone, outcome)) /* compact */;
CREATE TABLE @zone_hour (at BIGINT NOT NULL, node TEXT NOT NULL, zone TEXT NOT NULL, outcome TEXT NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, node, zone, outcome)) /* compact */;
CREATE TABLE @zone_day (at BIGINT NOT NULL, node TEXT NOT NULL, zone TEXT NOT NULL, outcome TEXT NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, node, zone, outcome)) /* compact */;

CREATE TABLE @code_minute (at BIGINT NOT NULL, node TEXT NOT NULL, type TEXT NOT NULL, rcode TEXT NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, node, type, rcode)) /* compact */;
CREATE TABLE @code_hour (at BIGINT NOT NULL, node TEXT NOT NULL, type TEXT NOT NULL, rcode TEXT NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, node, type, rcode)) /* compact */;
CREATE TABLE @code_day (at BIGINT NOT NULL, node TEXT NOT NULL, type TEXT NOT NULL, rcode TEXT NOT NULL, queries BIGINT NOT NULL, PRIMARY KEY (at, node, type, rcode)) /* compact */;

CREATE TABLE @client_minute (at BIGINT NOT NULL, subnet TEXT NOT NULL, country TEXT NOT NULL, queries BIGINT NOT NULL, samples BIGINT NOT NULL, PRIMARY KEY (at, subnet, country)) /* compact */;
CREATE TABLE @client_hour (at BIGINT NOT NULL, subnet TEXT NOT NULL, country TEXT NOT NULL, queries BIGINT NOT NULL, samples BIGINT NOT NULL, PRIMARY KEY (at, subnet, country)) /* compact */;
CREATE TABLE @client_day (at BIGINT NOT NULL, subnet TEXT NOT NULL, country TEXT NOT NULL, queries BIGINT NOT NULL, samples BIGINT NOT NULL, PRIMARY KEY (at, subnet, country)) /* compact */;

CREATE TABLE @country_minute (at BIGINT NOT NULL, node TEXT NOT NULL, country TEXT NOT NULL, domain TEXT NOT NULL, queries BIGINT NOT NULL, samples BIGINT NOT NULL, PRIMARY KEY (at, node, country, domain)) /* compact */;
CREATE TABLE @country_hour (at BIGINT NOT NULL, node TEXT NOT NULL, country TEXT NOT NULL, domain TEXT NOT NULL, queries BIGINT NOT NULL, samples BIGINT NOT NULL, PRIMARY KEY (at, node, country, domain)) /* compact */;
CREATE TABLE @country_day (at BIGINT NOT NULL, node TEXT NOT NULL, country TEXT NOT NULL, domain TEXT NOT NULL, queries BIGINT NOT NULL, samples BIGINT NOT NULL, PRIMARY KEY (at, node, country, domain)) /* compact */;

-- How much of each interval the reports of a node cover, in milliseconds: what is
-- missing is a gap and not a time without queries.
CREATE TABLE @cover_minute (at BIGINT NOT NULL, node TEXT NOT NULL, covered BIGINT NOT NULL, PRIMARY KEY (at, node)) /* compact */;
CREATE TABLE @cover_hour (at BIGINT NOT NULL, node TEXT NOT NULL, covered BIGINT NOT NULL, PRIMARY KEY (at, node)) /* compact */;
CREATE TABLE @cover_day (at BIGINT NOT NULL, node TEXT NOT NULL, covered BIGINT NOT NULL, PRIMARY KEY (at, node)) /* compact */;

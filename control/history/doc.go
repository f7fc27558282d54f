// Package history keeps what happened and what was measured: events, transitions of
// health with their causes, latency and loss by vantage, and what resolvers answered.
//
// It is apart from package store, which keeps the truth: in a database of its own
// (SQLite) or a schema and connections of its own (PostgreSQL). Nothing that is given
// to it waits: it goes into queues in memory that one writer empties, a transaction a
// second. When the database is slow, full or gone the queues fill, the oldest in them
// is dropped and counted, and Alarm says so; the configuration goes on. A process that
// is killed loses what was in the queues, and with SQLite a power failure the last
// seconds before it; both are gaps, never wrong numbers.
//
// Every control process gives it the same measurements; only the one that leads, under
// Lead, writes them, adds them up to hours and days and forgets what is too old. Events
// are written by the process in which they happened.
//
// All methods are safe for concurrent use. Readers get ErrUnavailable (of package
// store) while the database is not there.
package history

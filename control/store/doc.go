// Package store keeps the truth: the declared objects, the log of revisions that
// led to them, tokens, events and the runtime state that must survive control.
//
// It promises three things. A commit is one transaction: it is there whole or not
// at all, and it is on the disk before Commit returns. A commit says which head it
// was planned on and is refused with ErrMoved when another process was faster, so
// that nobody writes over what they have not seen. And one SQL text serves SQLite
// and PostgreSQL: the same tests run on both.
//
// A Store knows rows and revisions, not rules: package control plans changes and
// holds the Model. All methods are safe for concurrent use. Times are integer
// microseconds since 1970 in the tables and time.Time outside.
package store

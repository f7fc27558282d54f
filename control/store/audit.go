package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Audit is one request that the audit keeps. It is the API's form too. It never holds
// bodies, so no secret can be in it.
type Audit struct {
	At        time.Time `json:"at"`
	Request   string    `json:"request_id" doc:"Stands in the log and in problem documents too."`
	Kind      string    `json:"kind,omitempty" doc:"user or token; absent for somebody unknown."`
	Principal string    `json:"principal,omitempty" doc:"Id of the user or token."`
	Who       string    `json:"who,omitempty" doc:"Its name, as it was then; for a sign-in the name that was given."`
	Remote    string    `json:"remote" doc:"Address that the request came from."`
	Source    string    `json:"source" doc:"api, cli or console."`
	Method    string    `json:"method"`
	Route     string    `json:"route" doc:"Path of the operation, as the OpenAPI document has it."`
	Object    string    `json:"object,omitempty" doc:"What it was about."`
	Outcome   string    `json:"outcome" enum:"done,refused,failed" doc:"refused: not allowed, or against rules or what stands; failed: the server could not."`
	Code      string    `json:"code,omitempty" doc:"Code of the problem; or unchanged, replayed."`
	Revision  uint64    `json:"revision,omitempty" doc:"Revision that holds the change."`
	Count     int       `json:"count" doc:"How many requests the row stands for: more than 1 where somebody asked too often to keep each."`
}

// Outcomes of a request.
const (
	Done    = "done"
	Refused = "refused"
	Failed  = "failed"
)

// keepAudit is how many rows of the audit stay: at 300 bytes each about 150 MB, and
// years of people's work. keepStrange of them may be of those who showed no valid
// credential: from many addresses they can ask all day, and must not push out what
// people did.
const (
	keepAudit   = 500_000
	keepStrange = 100_000
)

const auditColumns = `at, request, kind, principal, who, remote, source, method, route, object, outcome, code, revision, count`

func (a *Audit) insert(ctx context.Context, tx *sql.Tx) error {
	// The same request twice is the same deed, written down again.
	_, err := tx.ExecContext(ctx, `INSERT INTO audit (`+auditColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (at, request) DO NOTHING`,
		a.values()...)
	return err
}

// values are those of auditColumns.
func (a *Audit) values() []any {
	return []any{a.At.UnixMicro(), a.Request, a.Kind, a.Principal, a.Who, a.Remote, a.Source, a.Method, a.Route, a.Object, a.Outcome, a.Code, int64(a.Revision), a.Count}
}

// AddAudit stores rows in one transaction. Without any it does not ask the database:
// whoever floods the API must not take the writers' lock with each request.
func (s *Store) AddAudit(ctx context.Context, rows ...Audit) error {
	if len(rows) == 0 {
		return nil
	}
	err := s.update(ctx, func(tx *sql.Tx) error {
		for i := range rows {
			if err := rows[i].insert(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep %d rows of the audit: %w", len(rows), err)
	}
	return nil
}

// DropAudit deletes what is more than the audit keeps.
func (s *Store) DropAudit(ctx context.Context) error { return s.dropAudit(ctx, keepAudit, keepStrange) }

func (s *Store) dropAudit(ctx context.Context, keep, strange int) error {
	// Once an hour; the first reads the table through.
	for _, d := range []struct {
		query string
		keep  int
	}{
		{`DELETE FROM audit WHERE principal = '' AND at <= (SELECT at FROM audit WHERE principal = '' ORDER BY at DESC, request DESC LIMIT 1 OFFSET $1)`, strange},
		{`DELETE FROM audit WHERE at <= (SELECT at FROM audit ORDER BY at DESC, request DESC LIMIT 1 OFFSET $1)`, keep},
	} {
		if _, err := s.write.ExecContext(ctx, d.query, d.keep); err != nil {
			return fmt.Errorf("drop old rows of the audit: %w", classify(err))
		}
	}
	return nil
}

// AuditFilter selects rows of the audit; empty fields select all.
type AuditFilter struct {
	Who     string // name or id
	Object  string // part of it, any case
	Outcome string
	Remote  string
	From    time.Time // inclusive
	Until   time.Time // exclusive
	Cursor  string    // of the row before which to go on
	Limit   int
}

// Cursor names a row, for AuditFilter.
func (a *Audit) Cursor() string {
	return strconv.FormatInt(a.At.UnixMicro(), 10) + "." + a.Request
}

// Audit returns the rows that a filter selects, newest first. An unreadable cursor is
// ErrNotFound.
func (s *Store) Audit(ctx context.Context, f AuditFilter) ([]Audit, error) {
	before, request, _ := strings.Cut(f.Cursor, ".")
	var at int64
	if f.Cursor != "" {
		var err error
		if at, err = strconv.ParseInt(before, 10, 64); err != nil || at <= 0 {
			return nil, fmt.Errorf("read audit: cursor: %w", ErrNotFound)
		}
	}
	q, err := s.read.QueryContext(ctx, `
SELECT `+auditColumns+` FROM audit
WHERE ($1 = '' OR who = $1 OR principal = $1) AND ($2 = '' OR LOWER(object) LIKE LOWER($3) ESCAPE '\') AND ($4 = '' OR outcome = $4)
	AND ($5 = '' OR remote = $5) AND at >= $6 AND (at < $7 OR $7 = 0) AND (at < $8 OR $8 = 0 OR at = $8 AND request < $9)
ORDER BY at DESC, request DESC LIMIT $10`,
		f.Who, f.Object, "%"+likeText.Replace(f.Object)+"%", f.Outcome, f.Remote, micros(f.From), micros(f.Until), at, request, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", classify(err))
	}
	defer q.Close()
	var out []Audit
	for q.Next() {
		var a Audit
		var at, revision int64
		if err := q.Scan(&at, &a.Request, &a.Kind, &a.Principal, &a.Who, &a.Remote, &a.Source, &a.Method, &a.Route, &a.Object, &a.Outcome, &a.Code, &revision, &a.Count); err != nil {
			return nil, fmt.Errorf("read audit: %w", classify(err))
		}
		a.At, a.Revision = fromMicros(at), uint64(revision)
		out = append(out, a)
	}
	return out, q.Err()
}

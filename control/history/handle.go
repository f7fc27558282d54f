package history

import (
	"context"
	"database/sql"
	"strings"
)

// handle is a pool of connections. Statements name tables with @ in front: in PostgreSQL
// that becomes the schema. A search path would be the session's, and behind a pooler in
// transaction mode there is none.
type handle struct {
	db     *sql.DB
	schema string // with its dot; "" for SQLite
}

func (h *handle) text(s string) string { return strings.ReplaceAll(s, "@", h.schema) }

// QueryContext is that of sql.DB.
func (h *handle) QueryContext(ctx context.Context, s string, args ...any) (*sql.Rows, error) {
	return h.db.QueryContext(ctx, h.text(s), args...)
}

// QueryRowContext is that of sql.DB.
func (h *handle) QueryRowContext(ctx context.Context, s string, args ...any) *sql.Row {
	return h.db.QueryRowContext(ctx, h.text(s), args...)
}

// ExecContext is that of sql.DB.
func (h *handle) ExecContext(ctx context.Context, s string, args ...any) (sql.Result, error) {
	return h.db.ExecContext(ctx, h.text(s), args...)
}

func (h *handle) begin(ctx context.Context) (*txn, error) {
	tx, err := h.db.BeginTx(ctx, nil)
	return &txn{tx, h}, err
}

// txn is a transaction of a handle.
type txn struct {
	tx *sql.Tx
	h  *handle
}

// QueryContext is that of sql.Tx.
func (t *txn) QueryContext(ctx context.Context, s string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, t.h.text(s), args...)
}

// QueryRowContext is that of sql.Tx.
func (t *txn) QueryRowContext(ctx context.Context, s string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, t.h.text(s), args...)
}

// ExecContext is that of sql.Tx.
func (t *txn) ExecContext(ctx context.Context, s string, args ...any) (sql.Result, error) {
	return t.tx.ExecContext(ctx, t.h.text(s), args...)
}

// PrepareContext is that of sql.Tx.
func (t *txn) PrepareContext(ctx context.Context, s string) (*sql.Stmt, error) {
	return t.tx.PrepareContext(ctx, t.h.text(s))
}

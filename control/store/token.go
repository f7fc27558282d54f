package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Token is a stored bearer token; the token itself is nowhere.
type Token struct {
	ID        string
	Name      string
	Hash      []byte // SHA-256
	Role      string // for releases that know nothing else
	Grants    string // JSON, "" for a token of such a release: its role on everything
	Owner     string // id of the user whose token it is, "" for nobody's
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	UsedAt    time.Time // zero: never
}

const tokenColumns = `id, name, hash, role, grants, owner, created_by, created_at, expires_at, used_at`

// AddToken stores a token; ErrExists when its name is taken.
func (s *Store) AddToken(ctx context.Context, t Token) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO token (`+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		t.ID, t.Name, t.Hash, t.Role, t.Grants, t.Owner, t.CreatedBy, micros(t.CreatedAt), micros(t.ExpiresAt), micros(t.UsedAt))
	if err != nil {
		return fmt.Errorf("add token %q: %w", t.Name, classify(err))
	}
	return nil
}

// TokenByHash returns the token with a hash, or ErrNotFound.
func (s *Store) TokenByHash(ctx context.Context, hash []byte) (Token, error) {
	t, err := scanToken(s.read.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM token WHERE hash = $1`, hash))
	if err != nil {
		return Token{}, fmt.Errorf("read token: %w", classify(err))
	}
	return t, nil
}

// Tokens returns all tokens by name.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	list, err := tokens(ctx, s.read)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", classify(err))
	}
	return list, nil
}

func tokens(ctx context.Context, q querier) ([]Token, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+tokenColumns+` FROM token ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Token
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// Token returns the token with an id or a name, or ErrNotFound.
func (s *Store) Token(ctx context.Context, idOrName string) (Token, error) {
	t, err := scanToken(s.read.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM token WHERE id = $1 OR name = $1`, idOrName))
	if err != nil {
		return Token{}, fmt.Errorf("read token: %w", classify(err))
	}
	return t, nil
}

// CountTokens returns how many tokens there are.
func (s *Store) CountTokens(ctx context.Context) (int, error) {
	var n int
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM token`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count tokens: %w", classify(err))
	}
	return n, nil
}

// DeleteToken removes the token with an id or a name and returns it, or ErrNotFound.
func (s *Store) DeleteToken(ctx context.Context, g Guard, idOrName string) (Token, error) {
	var t Token
	err := s.people(ctx, g, func(tx *sql.Tx) error {
		var err error
		t, err = scanToken(tx.QueryRowContext(ctx, `DELETE FROM token WHERE id = $1 OR name = $1 RETURNING `+tokenColumns, idOrName))
		return err
	})
	if err != nil {
		return Token{}, fmt.Errorf("delete token %q: %w", idOrName, err)
	}
	return t, nil
}

// TouchToken notes when a token was last used.
func (s *Store) TouchToken(ctx context.Context, id string, at time.Time) error {
	if _, err := s.write.ExecContext(ctx, `UPDATE token SET used_at = $1 WHERE id = $2`, at.UnixMicro(), id); err != nil {
		return fmt.Errorf("note use of token %s: %w", id, classify(err))
	}
	return nil
}

func scanToken(row interface{ Scan(...any) error }) (Token, error) {
	var t Token
	var created, expires, used int64
	err := row.Scan(&t.ID, &t.Name, &t.Hash, &t.Role, &t.Grants, &t.Owner, &t.CreatedBy, &created, &expires, &used)
	t.CreatedAt, t.ExpiresAt, t.UsedAt = fromMicros(created), fromMicros(expires), fromMicros(used)
	return t, err
}

// micros writes the zero time as 0, which no event of ours can have.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

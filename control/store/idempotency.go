package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Reply is what a request with an idempotency key was answered, so that a repeat
// gets the same answer and does nothing.
type Reply struct {
	Principal string // whose key it is: keys of two clients never meet
	Key       string
	Request   []byte // SHA-256 of what was asked
	Body      []byte
}

func (r *Reply) insert(ctx context.Context, tx *sql.Tx, at time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO idempotency (principal, key, request, reply, at) VALUES ($1, $2, $3, $4, $5)`,
		r.Principal, r.Key, r.Request, r.Body, at.UnixMicro())
	return err
}

// AddReply keeps the answer of a request that changed nothing; ErrExists when the key is taken.
func (s *Store) AddReply(ctx context.Context, r Reply, at time.Time) error {
	if err := s.update(ctx, func(tx *sql.Tx) error { return r.insert(ctx, tx, at) }); err != nil {
		return fmt.Errorf("keep reply: %w", err)
	}
	return nil
}

// FindReply returns the kept answer for a key, or ErrNotFound.
func (s *Store) FindReply(ctx context.Context, principal, key string) (Reply, error) {
	r := Reply{Principal: principal, Key: key}
	err := s.read.QueryRowContext(ctx, `SELECT request, reply FROM idempotency WHERE principal = $1 AND key = $2`, principal, key).Scan(&r.Request, &r.Body)
	if err != nil {
		return Reply{}, fmt.Errorf("read reply: %w", classify(err))
	}
	return r, nil
}

// DropReplies forgets answers given before a time.
func (s *Store) DropReplies(ctx context.Context, before time.Time) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM idempotency WHERE at < $1`, before.UnixMicro())
		return err
	})
	if err != nil {
		return fmt.Errorf("drop old replies: %w", err)
	}
	return nil
}

// likeText makes text stand for itself in a LIKE pattern.
var likeText = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

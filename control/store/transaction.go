package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// update runs f in a transaction that writes, and classifies what it returns. Under a
// fence (WithFence) it commits only if the fence holds.
func (s *Store) update(ctx context.Context, f func(*sql.Tx) error) (err error) {
	defer s.observed(OpWrite, time.Now(), &err)
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	err = f(tx)
	if err == nil {
		err = s.checkFence(ctx, tx)
	}
	if err != nil {
		tx.Rollback()
		return classify(err)
	}
	return classify(tx.Commit())
}

// view runs f on one unchanging state of the database.
func (s *Store) view(ctx context.Context, f func(*sql.Tx) error) error {
	var opts *sql.TxOptions
	if s.pg { // a deferred SQLite transaction is a snapshot from its first read on
		opts = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := s.read.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return f(tx)
}

// head reads the position; lock is FOR UPDATE in a PostgreSQL transaction that writes.
func head(ctx context.Context, tx *sql.Tx, lock string) (traffic.Position, error) {
	return scanHead(tx.QueryRowContext(ctx, `SELECT epoch, revision, chain FROM meta WHERE id = 1 `+lock))
}

func scanHead(row *sql.Row) (traffic.Position, error) {
	var epoch, rev int64
	var chain []byte
	if err := row.Scan(&epoch, &rev, &chain); err != nil {
		return traffic.Position{}, err
	}
	return position(epoch, rev, chain)
}

func position(epoch, rev int64, chain []byte) (traffic.Position, error) {
	p := traffic.Position{Epoch: uint64(epoch), Revision: uint64(rev)}
	if len(chain) != len(p.Chain) {
		return p, fmt.Errorf("chain of revision %d has %d bytes, want %d", rev, len(chain), len(p.Chain))
	}
	copy(p.Chain[:], chain)
	return p, nil
}

// forUpdate makes two PostgreSQL writers take turns; SQLite's immediate transactions do.
func (s *Store) forUpdate() string {
	if s.pg {
		return "FOR UPDATE"
	}
	return ""
}

// beside lets a transaction that writes several tables, and not the head first, wait for
// a restore at its beginning. A restore locks the tables one after the other, the head's
// first: met half-way, each would wait for the other.
func (s *Store) beside(ctx context.Context, tx *sql.Tx) error {
	if !s.pg { // one writer at a time
		return nil
	}
	_, err := tx.ExecContext(ctx, `LOCK TABLE meta IN ROW SHARE MODE`) // conflicts with a restore only
	return err
}

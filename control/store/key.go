package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// KeyRotation is one change of the signing key.
type KeyRotation struct {
	Serial    uint64 // 1 for the first
	Rotation  []byte // codec.SealRotation: what nodes are shown
	CreatedBy string
	CreatedAt time.Time
}

// Signing is the key in force and how it came to be.
type Signing struct {
	Seed      []byte // ed25519
	Rotations []KeyRotation
}

// Serial is the number of the last rotation, 0 before the first.
func (s Signing) Serial() uint64 { return uint64(len(s.Rotations)) }

// Signing returns the key that signs revisions and snapshots, and all rotations that
// led to it, of one moment.
func (s *Store) Signing(ctx context.Context) (Signing, error) {
	var out Signing
	err := s.view(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT signing_seed FROM meta WHERE id = 1`).Scan(&out.Seed); err != nil {
			return err
		}
		q, err := tx.QueryContext(ctx, `SELECT serial, rotation, created_by, created_at FROM key_rotation ORDER BY serial`)
		if err != nil {
			return err
		}
		defer q.Close()
		for q.Next() {
			var r KeyRotation
			var at int64
			if err := q.Scan(&r.Serial, &r.Rotation, &r.CreatedBy, &at); err != nil {
				return err
			}
			r.CreatedAt = fromMicros(at)
			out.Rotations = append(out.Rotations, r)
		}
		return q.Err()
	})
	if err != nil {
		return Signing{}, fmt.Errorf("read signing key: %w", classify(err))
	}
	return out, nil
}

// SigningSerial is the number of the last rotation. It is read often, to see those
// that another control process made.
func (s *Store) SigningSerial(ctx context.Context) (uint64, error) {
	var n int64
	if err := s.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(serial), 0) FROM key_rotation`).Scan(&n); err != nil {
		return 0, fmt.Errorf("read signing key: %w", classify(err))
	}
	return uint64(n), nil
}

// Rotate puts another signing key in force. ErrMoved when r does not follow the last
// rotation: another process was faster.
func (s *Store) Rotate(ctx context.Context, seed []byte, r KeyRotation) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		if _, err := head(ctx, tx, s.forUpdate()); err != nil { // writers take turns
			return err
		}
		var last int64
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(serial), 0) FROM key_rotation`).Scan(&last); err != nil {
			return err
		}
		if uint64(last)+1 != r.Serial {
			return ErrMoved
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO key_rotation (serial, rotation, created_by, created_at) VALUES ($1, $2, $3, $4)`,
			int64(r.Serial), r.Rotation, r.CreatedBy, micros(r.CreatedAt)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE meta SET signing_seed = $1 WHERE id = 1`, seed)
		return err
	})
	switch {
	case errors.Is(err, ErrMoved):
		return ErrMoved
	case err != nil:
		return fmt.Errorf("rotate signing key: %w", err)
	}
	return nil
}

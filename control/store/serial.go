package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/meridian-gtm/meridian/traffic"
)

// keepSerial remembers the serial of a zone that goes.
func keepSerial(ctx context.Context, tx *sql.Tx, z *traffic.Zone) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO gone_zone (name, serial) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET serial = excluded.serial`,
		z.Name, int64(z.Serial))
	if err != nil {
		return fmt.Errorf("keep serial of zone %s: %w", z.Name, err)
	}
	return nil
}

// LastSerial returns the serial that a zone had when it was last deleted, 0 if it
// never was.
func (s *Store) LastSerial(ctx context.Context, zone string) (uint32, error) {
	var n int64
	err := s.read.QueryRowContext(ctx, `SELECT serial FROM gone_zone WHERE name = $1`, zone).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read last serial of zone %s: %w", zone, classify(err))
	}
	return uint32(n), nil
}

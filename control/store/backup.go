package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/backup"
)

// Backup writes the whole state of one moment. It holds secrets.
func (s *Store) Backup(ctx context.Context, w io.Writer, release string, at time.Time) error {
	err := s.view(ctx, func(tx *sql.Tx) error {
		h := backup.Header{Release: release, Made: at.UTC()}
		var err error
		if h.Position, err = head(ctx, tx, ""); err != nil {
			return err
		}
		if h.Schema, err = schema(ctx, tx); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT created_at FROM meta WHERE id = 1`).Scan(&h.Installation); err != nil {
			return err
		}
		b, err := backup.NewWriter(w, h)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if t.fate >= cleared {
				continue
			}
			if err := writeTable(ctx, tx, b, t.name); err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
		}
		return b.Close()
	})
	if err != nil {
		return fmt.Errorf("back up: %w", classify(err))
	}
	return nil
}

// Origin tells when the first life of the store began (backup.Header.Installation) and
// the number of the newest migration.
func (s *Store) Origin(ctx context.Context) (installation, migration int64, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		if migration, err = schema(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT created_at FROM meta WHERE id = 1`).Scan(&installation)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read origin: %w", classify(err))
	}
	return installation, migration, nil
}

// Names returns a text column of a table, in order.
func (s *Store) Names(ctx context.Context, table, column string) ([]string, error) {
	q, err := s.read.QueryContext(ctx, `SELECT `+column+` FROM `+table+` ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", table, classify(err))
	}
	defer q.Close()
	var out []string
	for q.Next() {
		var n string
		if err := q.Scan(&n); err != nil {
			return nil, fmt.Errorf("list %s: %w", table, classify(err))
		}
		out = append(out, n)
	}
	return out, q.Err()
}

// schema is the number of the newest migration that was run.
func schema(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&n)
	return n, err
}

func columnsOf(ctx context.Context, tx *sql.Tx, table string) ([]string, error) {
	q, err := tx.QueryContext(ctx, `SELECT * FROM `+table+` WHERE 1 = 0`)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	columns, err := q.Columns()
	if err != nil {
		return nil, err
	}
	return columns, q.Err()
}

func writeTable(ctx context.Context, tx *sql.Tx, b *backup.Writer, table string) error {
	columns, err := columnsOf(ctx, tx, table)
	if err != nil {
		return err
	}
	if err := b.Table(backup.Table{Name: table, Columns: columns}); err != nil {
		return err
	}
	// In an order of their own, so that two backups of one state are equal.
	key := columns[0]
	if len(columns) > 1 {
		key += ", " + columns[1]
	}
	q, err := tx.QueryContext(ctx, `SELECT `+strings.Join(columns, ", ")+` FROM `+table+` ORDER BY `+key)
	if err != nil {
		return err
	}
	defer q.Close()
	types, err := q.ColumnTypes()
	if err != nil {
		return err
	}
	row, dest := make(backup.Row, len(columns)), make([]any, len(columns))
	for i := range row {
		dest[i] = &row[i]
	}
	for q.Next() {
		if err := q.Scan(dest...); err != nil {
			return err
		}
		// SQLite keeps what it was given, such as the '' of a default, whatever the column.
		for i, v := range row {
			if text, ok := v.(string); ok && types[i].DatabaseTypeName() == "BYTEA" {
				row[i] = []byte(text)
			}
		}
		if err := b.Row(row); err != nil {
			return err
		}
	}
	return q.Err()
}

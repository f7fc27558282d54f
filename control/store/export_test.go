package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
)

// LimitPages sets the largest size of a SQLite file, 0 for the present one, and
// returns the limit before: the disk-full of the tests.
func LimitPages(t *testing.T, s *Store, pages int64) int64 {
	t.Helper()
	var now, before int64
	if err := s.write.QueryRow(`PRAGMA page_count`).Scan(&now); err != nil {
		t.Fatal(err)
	}
	if err := s.write.QueryRow(`PRAGMA max_page_count`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	if pages == 0 {
		pages = now
	}
	if _, err := s.write.Exec(`PRAGMA max_page_count = ` + strconv.FormatInt(pages, 10)); err != nil {
		t.Fatal(err)
	}
	return before
}

// Unindex makes a store what one of a release without the index of objects is.
func Unindex(t *testing.T, s *Store) {
	t.Helper()
	for _, q := range []string{`DELETE FROM revision_object`, `UPDATE revision SET objects = 0, object = ''`, `UPDATE counter SET value = (SELECT revision FROM meta) WHERE name = 'unindexed'`} {
		if _, err := s.write.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
}

// DropAuditTo drops all but some rows of the audit.
func (s *Store) DropAuditTo(ctx context.Context, keep, strange int) error {
	return s.dropAudit(ctx, keep, strange)
}

// LockedTables are those that a restore locks, in its order.
func LockedTables() (out []string) {
	for _, t := range tables {
		if t.fate < alone {
			out = append(out, t.name)
		}
	}
	return out
}

// TablesListed are those of the list, TablesThere those of the database.
func TablesListed() (out []string) {
	for _, t := range tables {
		out = append(out, t.name)
	}
	return out
}

func TablesThere(t *testing.T, s *Store) (out []string) {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if s.pg {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	q, err := s.read.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for q.Next() {
		var name string
		if err := q.Scan(&name); err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	return out
}

// MigrateTo brings an empty database to an early migration, as an old release did.
func MigrateTo(ctx context.Context, db *sql.DB, version int64) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	d := goose.DialectSQLite3
	if strings.Contains(fmt.Sprintf("%T", db.Driver()), "stdlib") {
		d = goose.DialectPostgres
	}
	p, err := goose.NewProvider(d, db, sub, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.UpTo(ctx, version)
	return err
}

package store

import (
	"context"
	"strconv"
	"testing"
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
	for _, q := range []string{`DELETE FROM revision_object`, `UPDATE counter SET value = (SELECT revision FROM meta) WHERE name = 'unindexed'`} {
		if _, err := s.write.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
}

// DropAuditTo drops all but some rows of the audit.
func (s *Store) DropAuditTo(ctx context.Context, keep int) error { return s.dropAudit(ctx, keep) }

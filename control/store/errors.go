package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// What a caller does something about.
var (
	// ErrMoved: the head is not the one the commit was planned on. Catch up, plan again.
	ErrMoved = errors.New("another change came first")
	// ErrNotFound: no such row.
	ErrNotFound = errors.New("not found")
	// ErrLastAdmin: the change would leave nobody who can sign in as admin.
	ErrLastAdmin = errors.New("nobody would be left who can administer")
	// ErrExists: a row with this name is there already.
	ErrExists = errors.New("exists already")
	// ErrUnavailable: the database cannot be used now (full, busy, gone); nothing was
	// written unless the connection broke at the very commit.
	ErrUnavailable = errors.New("the store is unavailable")
)

// SQLite's result codes, https://sqlite.org/rescode.html.
const (
	sqliteBusy    = 5
	sqliteLocked  = 6
	sqliteReadOny = 8
	sqliteIOErr   = 10
	sqliteCorrupt = 11
	sqliteFull    = 13
	sqliteCantOpn = 14

	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// Classify puts the sentinel that fits before an error of either driver.
func Classify(err error) error { return classify(err) }

// classify puts the sentinel that fits before a driver's error.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() {
		case sqlitePrimaryKey, sqliteUnique:
			return fmt.Errorf("%w (%w)", ErrExists, err)
		}
		switch lite.Code() & 0xff {
		case sqliteFull:
			return fmt.Errorf("%w: the disk is full (%w)", ErrUnavailable, err)
		case sqliteBusy, sqliteLocked:
			return fmt.Errorf("%w: another process holds it (%w)", ErrUnavailable, err)
		case sqliteReadOny, sqliteIOErr, sqliteCantOpn, sqliteCorrupt:
			return fmt.Errorf("%w (%w)", ErrUnavailable, err)
		}
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "23505":
			return fmt.Errorf("%w (%w)", ErrExists, err)
		case pg.Code == "53100":
			return fmt.Errorf("%w: the disk is full (%w)", ErrUnavailable, err)
		case len(pg.Code) == 5 && (pg.Code[:2] == "08" || pg.Code[:2] == "53" || pg.Code[:2] == "57" || pg.Code[:2] == "25"):
			return fmt.Errorf("%w (%w)", ErrUnavailable, err)
		}
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrFenced) || errors.Is(err, ErrMoved) ||
		errors.Is(err, ErrLastAdmin) || errors.Is(err, ErrExists) || errors.Is(err, ErrNotFound) {
		return err
	}
	// pgx has no type for a value that does not fit its column, which no waiting mends.
	if strings.Contains(err.Error(), "failed to encode args[") {
		return err
	}
	// What is left comes from the connection: refused, reset, timed out, closed.
	return fmt.Errorf("%w (%w)", ErrUnavailable, err)
}

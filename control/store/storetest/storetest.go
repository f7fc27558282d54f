// Package storetest gives tests real databases: SQLite in a temporary folder and a
// private PostgreSQL of the machine's own binaries on a unix socket. A test that
// needs PostgreSQL fails when it is missing: a suite that skips proves nothing.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/meridian-gtm/meridian/control/store"
)

// Main runs a package's tests and ends the PostgreSQL that they started. Call it
// from TestMain.
func Main(m *testing.M) int {
	defer func() {
		if stop != nil {
			stop()
		}
	}()
	return m.Run()
}

// Each runs a test on SQLite and on PostgreSQL. open opens the test's own database;
// opened again it is the same one, as a second process would have it.
func Each(t *testing.T, f func(t *testing.T, open func() *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dsn := "sqlite:" + filepath.Join(t.TempDir(), "meridian.db")
		f(t, func() *store.Store { return Open(t, dsn) })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := Postgres(t)
		f(t, func() *store.Store { return Open(t, dsn) })
	})
}

// Open opens a store and closes it with the test.
func Open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// SQLite opens a store of the test's own.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, "sqlite:"+filepath.Join(t.TempDir(), "meridian.db"))
}

var (
	stop    func() // set by start
	cluster = sync.OnceValues(start)
	number  atomic.Int64
)

// Postgres returns the URL of a new empty database.
func Postgres(t testing.TB) string {
	t.Helper()
	socket, err := cluster()
	if err != nil {
		t.Fatalf("start PostgreSQL (install the package postgresql): %v", err)
	}
	db, err := sql.Open("pgx", dsn(socket, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("t%d", number.Add(1))
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	return dsn(socket, name)
}

func start() (socket string, err error) {
	// fsync off: these tests never cut PostgreSQL's power, and the disk is shared.
	s, err := newServer("-F")
	if err != nil {
		return "", err
	}
	if err := s.start(); err != nil {
		s.remove()
		return "", err
	}
	stop = func() {
		s.stop(syscall.SIGINT) // fast shutdown
		s.remove()
	}
	return s.dir, nil
}

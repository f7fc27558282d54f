package store

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // driver "sqlite"

	"github.com/meridian-gtm/meridian/traffic"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open database.
type Store struct {
	write *sql.DB // SQLite: exactly one connection
	read  *sql.DB // SQLite: a pool that cannot write
	pg    bool
	url   string
	// Observe, if set, is told how long a transaction that wrote took, or the look at the
	// head that control makes all the time; err is why it failed. Set before use.
	Observe func(op Op, took time.Duration, err error)
}

// Op is what the store is asked to do.
type Op string

// What is observed.
const (
	OpWrite Op = "write"
	OpHead  Op = "head"
)

func (s *Store) observed(op Op, began time.Time, err *error) {
	if s.Observe != nil {
		s.Observe(op, time.Since(began), *err)
	}
}

// Open opens the database of a URL, sqlite:PATH or postgres://…, brings its tables
// up to this release and creates the history if there is none.
func Open(ctx context.Context, dsn string) (*Store, error) {
	var s *Store
	var err error
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		s, err = openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"))
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		s, err = openPostgres(ctx, dsn)
	default:
		// Not echoed: it may hold a password.
		return nil, errors.New("open store: the URL must begin with sqlite: or postgres://")
	}
	if err != nil {
		return nil, err
	}
	err = s.begin(ctx)
	if err == nil {
		err = s.checkFloor(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	if err := s.indexLog(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open store %s: %w", s.url, err)
	}
	return s, nil
}

// ErrNewer: the store is of a release that this one must not work beside.
var ErrNewer = errors.New("the store needs a newer release of this program")

// checkFloor holds an old program off tables that have lost what it uses. Migrations
// that only add are no obstacle: during an upgrade both releases work side by side.
func (s *Store) checkFloor(ctx context.Context) error {
	var floor int64
	if err := s.read.QueryRowContext(ctx, `SELECT floor FROM meta WHERE id = 1`).Scan(&floor); err != nil {
		return fmt.Errorf("open store %s: %w", s.url, classify(err))
	}
	list, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(list) == 0 {
		return fmt.Errorf("open store: no migrations in this program (%w)", err)
	}
	newest, err := goose.NumericComponent(list[len(list)-1]) // Glob sorts
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	if floor > newest {
		return fmt.Errorf("open store %s: %w: its tables need migration %d, this release ends at %d; start the newer release", s.url, ErrNewer, floor, newest)
	}
	return nil
}

// sqliteDSN: synchronous FULL, for WAL with NORMAL loses acknowledged commits on power
// failure; immediate transactions, since a read that turns into a write cannot
// wait for another writer and fails at once (deps.md 2.2).
func sqliteDSN(path, rest string) string {
	u := url.URL{Path: path}
	return "file:" + u.EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" + rest
}

func openSQLite(ctx context.Context, path string) (*Store, error) {
	if path == "" {
		return nil, errors.New("open store: sqlite: needs the path of a file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	// Created here so that nobody else can read the signing key; SQLite gives its
	// journal files the mode of this one.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	defer f.Close()

	s := &Store{url: "sqlite:" + path}
	if s.write, err = sql.Open("sqlite", sqliteDSN(path, "&_txlock=immediate")); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	s.write.SetMaxOpenConns(1)
	// goose has no lock for SQLite, and an upgrade starts the new process beside the old.
	unlock, err := fileLock(path + ".lock")
	if err == nil {
		if err = notHistory(ctx, s.write); err == nil {
			err = migrate(ctx, s.write, goose.DialectSQLite3)
		}
		unlock()
	}
	if err != nil {
		s.write.Close()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	if s.read, err = sql.Open("sqlite", sqliteDSN(path, "&_pragma=query_only(1)")); err != nil {
		s.write.Close()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	s.read.SetMaxOpenConns(8)
	s.read.SetMaxIdleConns(8)
	return s, nil
}

// notHistory keeps migrations off the file beside the store: both count their migrations
// in a table of the same name, and would take each other's for their own.
func notHistory(ctx context.Context, db *sql.DB) error {
	var n int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'rollup'`).Scan(&n)
	if err == nil && n > 0 {
		err = errors.New("this file holds history and statistics; name the one of the configuration, meridian.db in the data folder unless --store says otherwise")
	}
	return err
}

func fileLock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

func openPostgres(ctx context.Context, dsn string) (*Store, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", WithoutPassword(dsn, err))
	}
	// Two pools, so that many readers neither take a writer's place nor its connections,
	// which keep its statements prepared. None is given up soon: a new one costs a process
	// of the server.
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	s := &Store{write: db, pg: true, url: WithoutUserInfo(dsn)}
	if s.read, err = sql.Open("pgx", dsn); err != nil {
		db.Close()
		return nil, fmt.Errorf("open store: %w", WithoutPassword(dsn, err))
	}
	s.read.SetMaxOpenConns(16)
	s.read.SetMaxIdleConns(16)
	for _, pool := range []*sql.DB{s.write, s.read} {
		pool.SetConnMaxIdleTime(5 * time.Minute)
	}
	unlock, err := LockMigrations(ctx, db, migrationLock)
	if err == nil {
		err = migrate(ctx, db, goose.DialectPostgres)
		unlock()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open store %s: %w", s.url, WithoutPassword(dsn, err))
	}
	return s, nil
}

// migrationLock is the key of the lock that migrations are made under: any number that
// others are not likely to use in the same database.
const migrationLock = 0x6d657269646961 // "meridia"

// LockMigrations takes a lock of the transaction, not of the session as goose would:
// behind a pooler in transaction mode the next statement of a session may run on another
// connection, and a lock taken there would stay with the pooler. Who does not get it
// lets go of its connection before it asks again: the holder may be waiting for one.
func LockMigrations(ctx context.Context, db *sql.DB, key int64) (unlock func(), err error) {
	for {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return nil, fmt.Errorf("lock migrations: %w", err)
		}
		var ours bool
		if err := tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, key).Scan(&ours); err != nil {
			tx.Rollback()
			return nil, fmt.Errorf("lock migrations: %w", err)
		}
		if ours {
			return func() { tx.Rollback() }, nil
		}
		tx.Rollback()
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("lock migrations: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// WithoutUserInfo names a database without what is needed to sign in.
func WithoutUserInfo(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "postgres"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}

// WithoutPassword keeps a driver that quotes its URL from logging the secret in it.
func WithoutPassword(dsn string, err error) error {
	if u, perr := url.Parse(dsn); perr == nil && u.User != nil {
		if p, ok := u.User.Password(); ok && p != "" && strings.Contains(err.Error(), p) {
			return errors.New(strings.ReplaceAll(err.Error(), p, "xxxxx"))
		}
	}
	return err
}

func migrate(ctx context.Context, db *sql.DB, d goose.Dialect, opts ...goose.ProviderOption) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// Out of order too: migrations only add, and two of them that were written side by
	// side may reach a store in either order.
	p, err := goose.NewProvider(d, db, sub, append(opts, goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring tables up to this release: %w", err)
	}
	return nil
}

// begin writes the history's first row if there is none. The epoch is the time of
// creation in milliseconds: a store that is lost and made anew has the higher one,
// so nodes adopt it though its revisions start over (design D3).
func (s *Store) begin(ctx context.Context) error {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed) // never fails
	now := time.Now()
	_, err := s.write.ExecContext(ctx, `
INSERT INTO meta (id, epoch, revision, chain, signing_seed, created_at) VALUES (1, $1, 0, $2, $3, $4)
ON CONFLICT (id) DO NOTHING`, now.UnixMilli(), make([]byte, len(traffic.Hash{})), seed, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("open store %s: begin history: %w", s.url, classify(err))
	}
	return nil
}

// URL names the store without credentials, for status and logs.
func (s *Store) URL() string { return s.url }

// Close ends all connections. Running calls fail.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != nil && s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

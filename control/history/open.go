package history

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // driver "sqlite"

	"github.com/meridian-gtm/meridian/control/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is where the tables are in PostgreSQL, apart from the configuration's, so that
// both can be in one database.
const Schema = "meridian_history"

// database is an open database.
type database struct {
	write *handle // SQLite: exactly one connection
	read  *handle
	pg    bool
}

// CheckDSN tells what is wrong with the form of a URL; it may hold a password, so it is
// not repeated.
func CheckDSN(dsn string) error {
	for _, scheme := range []string{"sqlite:", "postgres://", "postgresql://"} {
		if rest, ok := strings.CutPrefix(dsn, scheme); ok && rest != "" {
			return nil
		}
	}
	return errors.New("use sqlite:PATH or postgres://…")
}

func open(ctx context.Context, dsn string) (*database, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return openSQLite(ctx, path)
	}
	return openPostgres(ctx, dsn)
}

// sqliteDSN: synchronous NORMAL. A power failure may take the last seconds, but never
// damages the file; a disk that is asked for less is faster for the configuration.
func sqliteDSN(path, rest string) string {
	u := url.URL{Path: path}
	return "file:" + u.EscapedPath() + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" + rest
}

func openSQLite(ctx context.Context, file string) (*database, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600) // clients' networks are in it
	if err != nil {
		return nil, err
	}
	f.Close()
	write, err := sql.Open("sqlite", sqliteDSN(file, "&_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	// The data folder's lock keeps a second process away, so migrations need none.
	if err := notStore(ctx, write); err != nil {
		write.Close()
		return nil, err
	}
	if err := migrate(ctx, write, goose.DialectSQLite3, statements{"/* compact */": "WITHOUT ROWID", "@": ""}); err != nil {
		write.Close()
		return nil, err
	}
	read, err := sql.Open("sqlite", sqliteDSN(file, "&_pragma=query_only(1)"))
	if err != nil {
		write.Close()
		return nil, err
	}
	read.SetMaxOpenConns(4)
	read.SetMaxIdleConns(4)
	return &database{write: &handle{write, ""}, read: &handle{read, ""}}, nil
}

// notStore keeps history out of the configuration's file: both count their migrations in a
// table of the same name, and would take each other's for their own.
func notStore(ctx context.Context, db *sql.DB) error {
	var n int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'`).Scan(&n)
	if err == nil && n > 0 {
		err = errors.New("this file holds the configuration; give history a file of its own")
	}
	return err
}

func openPostgres(ctx context.Context, dsn string) (*database, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, store.WithoutPassword(dsn, err)
	}
	// Few, so that the configuration finds connections whatever is asked of history: one
	// writes, one adds up, two answer.
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	unlock, err := store.LockMigrations(ctx, db, historyLock)
	if err == nil {
		if err = makeSchema(ctx, db); err == nil {
			err = migrate(ctx, db, goose.DialectPostgres, statements{"/* compact */": "", "@": Schema + "."}, goose.WithTableName(Schema+".goose_db_version"))
		}
		unlock()
	}
	if err != nil {
		db.Close()
		return nil, store.WithoutPassword(dsn, err)
	}
	h := &handle{db, Schema + "."}
	return &database{write: h, read: h, pg: true}, nil
}

// makeSchema leaves a schema that is there alone: an administrator may have made it for
// a role that may make none.
func makeSchema(ctx context.Context, db *sql.DB) error {
	var there bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, Schema).Scan(&there); err != nil || there {
		return err
	}
	if _, err := db.ExecContext(ctx, `CREATE SCHEMA `+Schema); err != nil {
		return fmt.Errorf("make the schema %s: %w", Schema, err)
	}
	return nil
}

// historyLock keeps these migrations from waiting for the configuration's.
const historyLock = 0x68697374 // "hist"

func migrate(ctx context.Context, db *sql.DB, d goose.Dialect, files fs.FS, opts ...goose.ProviderOption) error {
	p, err := goose.NewProvider(d, db, files, append(opts, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring tables up to this release: %w", err)
	}
	return nil
}

func (d *database) close() error {
	err := d.write.db.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.db.Close())
	}
	return err
}

// statements is the folder of migrations with values in place of its markers.
type statements map[string]string

// Open implements fs.FS.
func (m statements) Open(name string) (fs.File, error) {
	f, err := migrations.Open(path.Join("migrations", name))
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return nil, err
	}
	for marker, value := range m {
		text = bytes.ReplaceAll(text, []byte(marker), []byte(value))
	}
	return &textFile{Reader: bytes.NewReader(text), info: info}, nil
}

type textFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *textFile) Close() error               { return nil }

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
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
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
	write *sql.DB // SQLite: exactly one connection
	read  *sql.DB
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

func openSQLite(ctx context.Context, path string) (*database, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // clients' networks are in it
	if err != nil {
		return nil, err
	}
	f.Close()
	d := &database{}
	if d.write, err = sql.Open("sqlite", sqliteDSN(path, "&_txlock=immediate")); err != nil {
		return nil, err
	}
	d.write.SetMaxOpenConns(1)
	// The data folder's lock keeps a second process away, so migrations need none.
	if err := migrate(ctx, d.write, goose.DialectSQLite3, compact("WITHOUT ROWID")); err != nil {
		d.write.Close()
		return nil, err
	}
	if d.read, err = sql.Open("sqlite", sqliteDSN(path, "&_pragma=query_only(1)")); err != nil {
		d.write.Close()
		return nil, err
	}
	d.read.SetMaxOpenConns(4)
	d.read.SetMaxIdleConns(4)
	return d, nil
}

func openPostgres(ctx context.Context, dsn string) (*database, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errors.New("the URL cannot be read") // the parser's error repeats it
	}
	q := u.Query()
	q.Set("search_path", Schema)
	q.Set("application_name", "meridian history")
	u.RawQuery = q.Encode()
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		return nil, store.WithoutPassword(dsn, err)
	}
	// Few, so that the configuration finds connections whatever is asked of history: one
	// writes, one adds up, two answer.
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	d := &database{write: db, read: db, pg: true}
	if _, err = db.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+Schema); err != nil {
		// Another process may have been a moment faster.
		var pg *pgconn.PgError
		if errors.As(err, &pg) && (pg.Code == "23505" || pg.Code == "42P06") {
			err = nil
		}
	}
	if err == nil {
		var locker lock.SessionLocker
		if locker, err = lock.NewPostgresSessionLocker(lock.WithLockID(historyLock)); err == nil {
			err = migrate(ctx, db, goose.DialectPostgres, compact(""), goose.WithSessionLocker(locker))
		}
	}
	if err != nil {
		db.Close()
		return nil, store.WithoutPassword(dsn, err)
	}
	return d, nil
}

// historyLock keeps these migrations from waiting for the configuration's.
const historyLock = 7_411_902_215

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
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	return err
}

// compact is the folder of migrations with its value in place of the marker.
type compact string

// Open implements fs.FS.
func (c compact) Open(name string) (fs.File, error) {
	f, err := migrations.Open(filepath.Join("migrations", name))
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
	return &textFile{Reader: bytes.NewReader(bytes.ReplaceAll(text, []byte("/* compact */"), []byte(c))), info: info}, nil
}

type textFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *textFile) Close() error               { return nil }

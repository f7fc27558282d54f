// Package storetest gives tests real databases: SQLite in a temporary folder and a
// private PostgreSQL of the machine's own binaries on a unix socket. A test that
// needs PostgreSQL fails when it is missing: a suite that skips proves nothing.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

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

func dsn(socket, db string) string {
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + db, RawQuery: url.Values{"host": {socket}}.Encode()}).String()
}

func start() (socket string, err error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err == nil && len(found) == 0 {
		var p string
		if p, err = exec.LookPath("postgres"); err == nil {
			found = []string{p}
		}
	}
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("no postgres binary: %w", err)
	}
	bin := filepath.Dir(slices.Max(found))
	dir, err := os.MkdirTemp("", "meridian-pg-")
	if err != nil {
		return "", err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", err
	}
	// fsync off: these tests never cut PostgreSQL's power, and the disk is shared.
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-h", "", "-F", "-c", "max_connections=200")
	server.SysProcAttr, server.Dir, server.Stdout, server.Stderr = attr, dir, log, log
	began, ended := make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel ends the server when the thread that started it ends, so this
		// goroutine keeps its thread until then.
		runtime.LockOSThread()
		defer close(ended)
		err := server.Start()
		began <- err
		if err == nil {
			server.Wait()
		}
	}()
	if err := <-began; err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	stop = func() {
		server.Process.Signal(syscall.SIGINT) // fast shutdown
		<-ended
		log.Close()
		os.RemoveAll(dir)
	}
	db, err := sql.Open("pgx", dsn(dir, "postgres"))
	if err != nil {
		return "", err
	}
	defer db.Close()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return dir, nil
		}
		if time.Now().After(deadline) {
			text, rerr := os.ReadFile(log.Name())
			return "", errors.Join(err, rerr, errors.New(string(text)))
		}
	}
}

// unprivileged: PostgreSQL refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, uid, gid)
}

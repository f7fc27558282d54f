package storetest

import (
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
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a PostgreSQL of one test's own, which it may stop and start. Unlike the one
// behind Postgres it syncs to the disk, as users run it.
type Server struct {
	t testing.TB
	s *server
}

// NewServer starts a PostgreSQL that ends with the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s, err := newServer()
	if err != nil {
		t.Fatalf("start PostgreSQL (install the package postgresql): %v", err)
	}
	t.Cleanup(func() {
		s.stop(syscall.SIGINT)
		s.remove()
	})
	p := &Server{t, s}
	p.Start()
	return p
}

// Start starts it again after a stop, and waits until it answers.
func (p *Server) Start() {
	p.t.Helper()
	if err := p.s.start(); err != nil {
		p.t.Fatalf("start PostgreSQL: %v", err)
	}
}

// Crash ends it as pg_ctl stop -m immediate does: nothing is written any more, and the
// next start recovers from the log. It is the death of all its processes, not of the
// machine: what the kernel holds reaches the disk.
func (p *Server) Crash() { p.s.stop(syscall.SIGQUIT) }

// Stop ends it as a restart does: connections are cut, what is under way is undone.
func (p *Server) Stop() { p.s.stop(syscall.SIGINT) }

// DSN returns the URL of a database, made if need be.
func (p *Server) DSN(database string) string {
	p.t.Helper()
	db, err := sql.Open("pgx", dsn(p.s.dir, "postgres"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	var there bool
	if err := db.QueryRow("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", database).Scan(&there); err != nil {
		p.t.Fatal(err)
	}
	if !there {
		if _, err := db.Exec("CREATE DATABASE " + database); err != nil {
			p.t.Fatal(err)
		}
	}
	return dsn(p.s.dir, database)
}

// Processes lists its processes.
func (p *Server) Processes() []int {
	if p.s.cmd == nil {
		return nil
	}
	out := []int{p.s.cmd.Process.Pid}
	// The server's processes are children of its first thread.
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", out[0]))
	if err != nil {
		return out
	}
	for f := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(f); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

func dsn(socket, db string) string {
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + db, RawQuery: url.Values{"host": {socket}}.Encode()}).String()
}

// server is a PostgreSQL on a unix socket, with its data, in a temporary folder.
type server struct {
	bin, dir string
	attr     *syscall.SysProcAttr
	args     []string

	cmd   *exec.Cmd
	ended chan struct{} // of the present run; nil while it does not run
}

// newServer makes the data folder.
func newServer(args ...string) (*server, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err == nil && len(found) == 0 {
		var p string
		if p, err = exec.LookPath("postgres"); err == nil {
			found = []string{p}
		}
	}
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("no postgres binary: %w", err)
	}
	s := &server{bin: filepath.Dir(slices.Max(found)), args: args}
	if s.dir, err = os.MkdirTemp("", "meridian-pg-"); err != nil {
		return nil, err
	}
	if s.attr, err = unprivileged(s.dir); err != nil {
		s.remove()
		return nil, err
	}
	initdb := exec.Command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = s.attr, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		s.remove()
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, nil
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

func (s *server) remove() { os.RemoveAll(s.dir) }

func (s *server) start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), append([]string{"-D", s.data(), "-k", s.dir, "-h", "", "-c", "max_connections=200"}, s.args...)...)
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = s.attr, s.dir, log, log
	began, ended := make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel ends the server when the thread that started it ends, so this
		// goroutine keeps its thread until then; and leaves it alive, for other processes may
		// have been started by the same one.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		began <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	if err := <-began; err != nil {
		return err
	}
	s.cmd, s.ended = cmd, ended
	db, err := sql.Open("pgx", dsn(s.dir, "postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return nil
		}
		dead := false
		select {
		case <-ended:
			dead = true
		default:
		}
		if dead || time.Now().After(deadline) {
			text, rerr := os.ReadFile(log.Name())
			return errors.Join(err, rerr, errors.New(string(text)))
		}
	}
}

// stop ends the present run by a signal, if there is one, and waits for its end.
func (s *server) stop(sig os.Signal) {
	if s.ended == nil {
		return
	}
	s.cmd.Process.Signal(sig) // an error means that it has ended
	<-s.ended
	s.cmd, s.ended = nil, nil
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

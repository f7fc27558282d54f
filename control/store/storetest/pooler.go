package storetest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Pooler starts a PgBouncer in transaction mode in front of the PostgreSQL of these
// tests, and returns the URL of a new empty database behind it. It has fewer server
// connections than its clients, so that these really change between transactions.
func Pooler(t testing.TB) string {
	t.Helper()
	behind, err := url.Parse(Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		bin = "/usr/sbin/pgbouncer" // not in the path of ordinary users
	}
	dir, err := os.MkdirTemp("", "meridian-pool-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	attr, err := unprivileged(dir) // it refuses to run as root, too
	if err != nil {
		t.Fatal(err)
	}
	ini := filepath.Join(dir, "pool.ini")
	text := fmt.Sprintf("[databases]\n* = host=%s user=postgres\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = %s\nlisten_port = 6432\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n",
		behind.Query().Get("host"), dir)
	if err := os.WriteFile(ini, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(bin, ini)
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = attr, dir, log, log
	began, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // as for PostgreSQL
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		began <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	if err := <-began; err != nil {
		t.Fatalf("start PgBouncer (install the package pgbouncer): %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGQUIT) // at once
		<-ended
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		// The file is there a moment before anybody listens.
		if c, err := net.Dial("unix", filepath.Join(dir, ".s.PGSQL.6432")); err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("PgBouncer does not start:\n%s", text)
		}
	}
	behind.RawQuery = url.Values{"host": {dir}, "port": {"6432"}, "default_query_exec_mode": {"exec"}}.Encode()
	return behind.String()
}

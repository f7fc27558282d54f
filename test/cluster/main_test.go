package cluster

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/internal/oidctest"
)

var (
	// program is the path of the binary under test.
	program string
	// block is the second octet of this run's addresses, held by a socket so that two
	// runs on one machine do not meet.
	block int
	// tests numbers the installations of this run: the third octet.
	tests atomic.Int64
)

func TestMain(m *testing.M) {
	oidctest.Main()
	if file := os.Getenv(natsEnv); file != "" {
		os.Exit(runNATS(file))
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "meridian-cluster")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "meridian")
		build := exec.Command("go", "build", "-o", program, "../../cmd/meridian")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build meridian: %v\n%s", err, out)
			return 1
		}
		held, err := claimBlock()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer held.Close()
		code := m.Run()
		if err := checkVault(); code == 0 && err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if err := evidence.write(code == 0); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if code == 0 && long() {
			if err := writeFaults(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		if err := goleak.Find(); code == 0 && err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

func claimBlock() (net.Listener, error) {
	for block = 64; block < 224; block++ {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.%d.0.1:19999", block)); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("find loopback addresses: 160 runs of these tests hold theirs already")
}

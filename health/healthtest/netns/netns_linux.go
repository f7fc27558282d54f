package netns

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// ownNetwork tells the child which test it is.
const ownNetwork = "MERIDIAN_TEST_OWN_NETWORK"

// Own runs the calling test again in a process with a network of its own, and
// returns true there. In the first process it waits for that one, fails when it fails,
// and returns false.
//
// It returns false at once, with a log line, on a machine that gives no namespaces to
// this user; what is tested in one needs a counterpart with pretended faults.
func Own(t *testing.T) bool {
	t.Helper()
	if os.Getenv(ownNetwork) == t.Name() {
		Loopback(t, true)
		return true
	}
	var out []byte
	var err error
	for _, flags := range []uintptr{syscall.CLONE_NEWNET, syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
		cmd.Env = append(os.Environ(), ownNetwork+"="+t.Name())
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
		if flags&syscall.CLONE_NEWUSER != 0 {
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
		out, err = cmd.CombinedOutput()
		if cmd.Process != nil {
			if err != nil {
				t.Errorf("in its own network: %v\n%s", err, out)
			}
			return false
		}
	}
	t.Logf("this machine gives us no network namespace (%v); only the pretended faults are tested", err)
	return false
}

// Loopback takes the loopback interface of the own network up or down.
func Loopback(t *testing.T, up bool) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	if up {
		req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	} else {
		req.SetUint16(0)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		t.Fatalf("set the loopback interface: %v", err)
	}
}

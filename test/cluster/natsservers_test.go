package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// natsEnv makes this test binary a NATS server with the configuration file it names.
const natsEnv = "MERIDIAN_TEST_NATS"

// runNATS is that server: the one that users run, from their file, until it is killed.
func runNATS(file string) int {
	o, err := server.ProcessConfigFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	o.NoSigs = false // it reloads its file at SIGHUP
	s, err := server.NewServer(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s.ConfigureLogger()
	signal.Ignore(syscall.SIGINT) // of the terminal: the test ends it
	s.Start()
	s.WaitForShutdown()
	return 0
}

// natsServers are three servers of one cluster, with TLS to clients and between each
// other, as a company runs them.
type natsServers struct {
	t       *testing.T
	firm    *company
	servers []*natsServer
}

type natsServer struct {
	*natsServers
	ip, dir string
	cmd     *exec.Cmd
	log     *logFile
}

func newNATSServers(t *testing.T, ips ...string) *natsServers {
	t.Helper()
	n := &natsServers{t: t, firm: newCompany(t)}
	for _, ip := range ips {
		n.servers = append(n.servers, &natsServer{natsServers: n, ip: ip, dir: t.TempDir(), log: &logFile{}})
	}
	n.users("users = []\n")
	for _, s := range n.servers {
		s.configure()
		s.start()
	}
	t.Cleanup(func() {
		for _, s := range n.servers {
			s.kill()
			if t.Failed() {
				t.Logf("log of NATS at %s:\n%s", s.ip, s.log.tail(30))
			}
		}
	})
	return n
}

// urls is what --nats is given.
func (n *natsServers) urls() string {
	var list []string
	for _, s := range n.servers {
		list = append(list, fmt.Sprintf("tls://%s:%d", s.ip, natsPort))
	}
	return strings.Join(list, ",")
}

// users writes the users' file of every server.
func (n *natsServers) users(text string) {
	n.t.Helper()
	for _, s := range n.servers {
		if err := os.WriteFile(filepath.Join(s.dir, "meridian-users.conf"), []byte(text), 0o600); err != nil {
			n.t.Fatal(err)
		}
	}
}

// reload makes the running servers read their files again.
func (n *natsServers) reload() {
	n.t.Helper()
	for _, s := range n.servers {
		if s.cmd != nil {
			s.signal(syscall.SIGHUP)
		}
	}
}

func (s *natsServer) configure() {
	s.t.Helper()
	cert, key := s.firm.pair(s.ip)
	var routes []string
	for _, o := range s.servers {
		routes = append(routes, fmt.Sprintf("%q", fmt.Sprintf("nats://%s:%d", o.ip, natsPort+1)))
	}
	tls := fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q }", cert, key, s.firm.ca())
	text := fmt.Sprintf(`server_name: "nats-%s"
listen: "%s:%d"
ping_interval: "2s"
ping_max: 2
jetstream { store_dir: %q, max_file: 4GB }
%s
authorization { include "meridian-users.conf" }
cluster { name: company, listen: "%s:%d", %s, routes: [%s] }
`, s.ip, s.ip, natsPort, filepath.Join(s.dir, "js"), tls, s.ip, natsPort+1, tls, strings.Join(routes, ", "))
	if err := os.WriteFile(filepath.Join(s.dir, "nats.conf"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *natsServer) start() {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	s.log.note("started")
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), natsEnv+"="+filepath.Join(s.dir, "nats.conf"))
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.log, s.log, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
}

// kill ends it as a power cut would.
func (s *natsServer) kill() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill() // an error means that it has ended already
	s.cmd.Wait()
	s.log.note("killed -9")
	s.cmd = nil
}

func (s *natsServer) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("signal NATS at %s: %v", s.ip, err)
	}
}

// empty loses all that the server stored.
func (s *natsServer) empty() {
	s.t.Helper()
	if err := os.RemoveAll(filepath.Join(s.dir, "js")); err != nil {
		s.t.Fatal(err)
	}
}

package cluster

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
)

func TestASecondProcessOnTheSameDataFolderIsRefused(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control,resolver,prober")
	second := c.node("second", "")
	second.dir = c.control.dir
	second.args = append(second.args, "--api", second.ip+":18480")
	second.launch()
	second.wait()
	exited(t, second, 1, "data folder", "is in use by another meridian process", "--data")
	c.control.running()
	c.apply("zones:\n  - {name: example.com, records: []}\n")
}

// exited fails unless the process ended with a code and said these words on the way.
func exited(t *testing.T, p *process, code int, words ...string) {
	t.Helper()
	e, ok := p.err.(*exec.ExitError)
	if !ok || e.ExitCode() != code {
		t.Errorf("%s ended with %v, want exit code %d", p.name, p.err, code)
	}
	said := p.log.String()
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("%s does not say %q:\n%s", p.name, w, said)
		}
	}
	if strings.Contains(said, "goroutine ") {
		t.Errorf("%s shows a stack:\n%s", p.name, said)
	}
}

func TestAnOccupiedPortIsNamed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, network, port, flag string }{
		{"the port of the API is taken", "tcp", "18480", "--api"},
		{"the port of the health pages is taken", "tcp", "18481", "--http"},
		{"the port of the message bus is taken", "tcp", "14222", ""},
		{"the port of DNS is taken for UDP", "udp", "15353", ""},
		{"the port of DNS is taken for TCP", "tcp", "15353", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			p := c.node("n", "")
			p.args = append(p.args, "--api", p.ip+":18480", "--nats-listen", p.ip+":14222")
			at := net.JoinHostPort(p.ip, row.port)
			if row.network == "udp" {
				l, err := net.ListenPacket("udp", at)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
			} else {
				l, err := net.Listen("tcp", at)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
			}
			p.launch()
			p.wait()
			exited(t, p, 1, at, row.flag)
		})
	}
}

func TestSIGTERMDrainsAndEndsEveryRole(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	// A request that stays open must not hold the end up: the event stream.
	if err := i.openStream(); err != nil {
		t.Fatal(err)
	}
	for _, p := range append([]*process{i.prober, i.control}, i.resolvers...) {
		start := time.Now()
		if err := p.stop(); err != nil {
			t.Errorf("%s ended with %v after SIGTERM", p.name, err)
		}
		bound(t, "SIGTERM ends "+p.name, 10*time.Second, time.Since(start))
	}
	// All of them come back from what they left.
	i.control.start()
	i.prober.start()
	for _, r := range i.resolvers {
		r.start()
	}
	i.everywhere(i.a, staying...)
	i.converge(resolverIDs...)
}

// An older copy of control's data folder put back by hand lost revisions that nodes
// have. Only a new epoch may take those away; until an operator begins one, answers
// stay, and it is said what is wrong.
func TestAnOlderCopyOfTheDataFolderIsNoticedAndMovesNoAnswer(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	record := func(data string) string {
		return "zones:\n  - {name: example.com, records: [{name: www, type: A, data: [" + data + "]}]}\n"
	}
	c.cli(head+record("192.0.2.1"), "apply", "-f", "-")
	r := c.join("resolver", "r1")
	c.converge("r1")
	if err := c.control.stop(); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(c.dir, "copy")
	if err := os.CopyFS(old, os.DirFS(c.control.data())); err != nil {
		t.Fatal(err)
	}
	c.control.start()
	c.apply(record("192.0.2.2"))
	r.answers("www.example.com", "192.0.2.2")
	end := r.watch("www.example.com", "192.0.2.2")
	c.control.kill()
	if err := os.RemoveAll(c.control.data()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(old, c.control.data()); err != nil {
		t.Fatal(err)
	}
	c.control.start()
	c.cli(head+record("192.0.2.3"), "apply", "-f", "-") // its own revision 2: not the one that the node has
	eventually(t, "an alarm tells of the other history", func() error {
		var n control.Node
		if err := c.call("GET", "/nodes/r1", nil, &n); err != nil {
			return err
		}
		if !strings.Contains(strings.Join(n.Alarms, "\n"), "epoch") {
			return fmt.Errorf("alarms of r1 are %q", n.Alarms)
		}
		return nil
	})
	r.answers("www.example.com", "192.0.2.2")
	if end() == 0 {
		t.Error("the resolver did not answer")
	}
}

package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk gives a node a disk of its own for its data folder.
func (p *process) smallDisk(size string) {
	p.t.Helper()
	if os.Geteuid() != 0 {
		p.t.Fatal("this test mounts small disks; run it as root")
	}
	if err := os.MkdirAll(p.data(), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", p.data(), "tmpfs", 0, "mode=0700,size="+size); err != nil {
		p.t.Fatalf("mount a small disk: %v", err)
	}
	p.t.Cleanup(func() {
		p.kill()
		if err := syscall.Unmount(p.data(), 0); err != nil {
			p.t.Errorf("unmount the small disk: %v", err)
		}
	})
}

// fill takes what is left of a node's disk; the returned function gives it back.
func (p *process) fill() (free func()) {
	p.t.Helper()
	path := filepath.Join(p.data(), "ballast")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	block := make([]byte, 64<<10)
	for len(block) > 0 {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			p.t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		p.t.Fatal(err)
	}
	return func() {
		p.t.Helper()
		if err := os.Remove(path); err != nil {
			p.t.Fatal(err)
		}
	}
}

// alarmed waits until a node says something of what is wrong, or with "" nothing.
func (c *cluster) alarmed(id, word string) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("alarms of %s tell of %q", id, word), func() error {
		var n struct{ Alarms []string }
		if err := c.call("GET", "/nodes/"+id, nil, &n); err != nil {
			return err
		}
		s := strings.Join(n.Alarms, "; ")
		if word == "" && s != "" || !strings.Contains(s, word) {
			return fmt.Errorf("they are %q", s)
		}
		return nil
	})
}

// recordConfig has one record that tells n and others that fill pages of a disk: a file
// system finds room for a little more at the end of what is there.
func recordConfig(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "zones:\n  - name: example.com\n    records:\n      - {name: new, type: A, data: [192.0.2.%d]}\n", n)
	r := rand.New(rand.NewPCG(uint64(n), 0))
	for i := range 80 {
		fmt.Fprintf(&b, "      - {name: r%d, type: TXT, data: ['\"%016x%016x%016x%016x%016x%016x\"']}\n", i, r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
	}
	return b.String()
}

// A full disk of control refuses what cannot be kept, whole, and takes nothing from
// the answers; with room again it goes on by itself.
func TestAFullDiskOfControlRefusesWritesAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	i := &installation{cluster: c, a: c.ip(101), b: c.ip(102)}
	i.endA, i.endB = newEndpoint(t, i.a), newEndpoint(t, i.b)
	c.prepareControl("control")
	c.control.smallDisk("48m")
	c.control.start()
	c.cli(head+stayConfig(i.a, i.b), "apply", "-f", "-")
	i.prober = c.join("prober", "p1")
	i.resolvers = []*process{c.join("resolver", "r1"), c.join("resolver", "r2")}
	for _, name := range []string{"a", "b"} {
		c.verdict(name+" is up", name, state("up"))
	}
	i.everywhere(i.a, "preemptive.example.com")
	before := c.converge("r1", "r2")

	free := c.control.fill()
	// Pages that the database holds in reserve may take a small change or two; then no more.
	accepted, refused := 0, 0
	eventually(t, "a write is refused for want of space", func() error {
		accepted++
		out, err := c.try(head+recordConfig(accepted), "apply", "-f", "-")
		if err == nil {
			return fmt.Errorf("it was accepted: %s", out)
		}
		refused = accepted
		if !strings.Contains(err.Error(), "disk of the configuration store is full") {
			t.Errorf("the refusal does not name the cause: %v", err)
		}
		return nil
	})
	var status struct{ Revision uint64 }
	if err := c.call("GET", "/status", nil, &status); err != nil {
		t.Fatalf("reading with a full disk: %v", err)
	}
	if want := before.Revision + uint64(refused-1); status.Revision != want {
		t.Errorf("control is at revision %d after %d accepted writes on %d", status.Revision, refused-1, before.Revision)
	}
	// Health goes on over the message bus, which needs no disk for it.
	i.endA.set(true)
	began := time.Now()
	i.everywhere(i.b, "preemptive.example.com")
	took := time.Since(began)
	bound(t, "control's disk is full: a dead member leaves the answers", 3*time.Second, took)
	i.endA.set(false)
	i.everywhere(i.a, "preemptive.example.com")

	// Killed with the disk still full, the nodes do not mind; control may or may not
	// come up before there is room, but then it must have all.
	c.control.kill()
	i.everywhere(i.a, "preemptive.example.com")
	free()
	c.control.start()
	c.apply(recordConfig(200))
	for _, r := range i.resolvers {
		r.answers("new.example.com", "192.0.2.200")
	}
	c.converge("r1", "r2")
	fault(t, "disk of control full", "writes are refused whole, with the cause; reads, answers and health go on; with room again all goes on", fmt.Sprintf("so; a dead member left the answers in %v", took.Round(time.Millisecond)))
}

// A resolver whose disk is full answers what is newest all the same, and says that a
// restart would begin with something older.
func TestAFullDiskOfAResolverKeepsNothingFromItsAnswers(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	c.cli(head+recordConfig(1), "apply", "-f", "-")
	r := c.invite("resolver", "r1")
	r.smallDisk("16m")
	r.start()
	r.answers("new.example.com", "192.0.2.1")
	free := r.fill()
	for n := 2; n < 6; n++ {
		c.apply(recordConfig(n))
		r.answers("new.example.com", fmt.Sprintf("192.0.2.%d", n))
	}
	c.alarmed("r1", "cannot be stored")
	// Killed and started on the full disk: from what it has, then from control.
	r.kill()
	r.start()
	r.answers("new.example.com", "192.0.2.5")
	free()
	c.apply(recordConfig(7))
	r.answers("new.example.com", "192.0.2.7")
	c.alarmed("r1", "")
	// Now it is on the disk again.
	c.control.kill()
	r.kill()
	r.start()
	r.answers("new.example.com", "192.0.2.7")
	fault(t, "disk of a resolver full", "answers follow every revision; an alarm; a restart begins with what is on the disk and catches up", "so")
}

// A prober keeps nothing that probing needs.
func TestAFullDiskOfAProberChangesNoVerdict(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	i := &installation{cluster: c, a: c.ip(101), b: c.ip(102)}
	i.endA, i.endB = newEndpoint(t, i.a), newEndpoint(t, i.b)
	c.startControl("control,resolver")
	c.cli(head+stayConfig(i.a, i.b), "apply", "-f", "-")
	p := c.invite("prober", "p1")
	p.smallDisk("16m")
	p.start()
	for _, name := range []string{"a", "b"} {
		c.verdict(name+" is up", name, state("up"))
	}
	other := c.ip(103)
	newEndpoint(t, other)
	free := p.fill()
	i.endA.set(true)
	c.verdict("a is down", "a", state("down"))
	c.control.answers("preemptive.example.com", i.b)
	// A change of the tasks reaches it, though it cannot keep the configuration.
	c.cli("apiVersion: meridian/v1\naddresses:\n  - {name: a, address: "+other+", tasks: [{template: web, port: "+fmt.Sprint(webPort)+"}]}\n", "apply", "-f", "-")
	c.cli(head+recordConfig(1), "apply", "-f", "-")
	c.verdict("a, now elsewhere, is up", "a", state("up"))
	c.alarmed("p1", "cannot be stored")
	p.kill()
	p.start()
	i.endB.set(true)
	c.verdict("b is down", "b", state("down"))
	free()
	c.apply(recordConfig(3))
	c.alarmed("p1", "")
	fault(t, "disk of a prober full", "verdicts follow the targets, also after a restart; an alarm", "so")
}

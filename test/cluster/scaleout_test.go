package cluster

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A company's three NATS servers carry an installation: any one of them may die or
// hang, and all of them may lose everything they stored.
func TestThreeNATSServersMayDieHangAndForget(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	i := &installation{cluster: c, a: c.ip(101), b: c.ip(102)}
	i.endA, i.endB = newEndpoint(t, i.a), newEndpoint(t, i.b)
	nats := newNATSServers(t, c.ip(111), c.ip(112), c.ip(113))
	c.prepareControl("control", "--nats", nats.urls(), "--nats-ca", nats.firm.ca())
	own := slices.Index(c.control.args, "--nats-listen")
	c.control.args = slices.Delete(c.control.args, own, own+2)
	c.control.start()

	// Control serves its API before the servers know it; they learn all users from it.
	c.cli(head+stayConfig(i.a, i.b), "apply", "-f", "-")
	i.prober = c.invite("prober", "p1")
	for _, id := range resolverIDs {
		i.resolvers = append(i.resolvers, c.invite("resolver", id))
	}
	nats.users(c.cli("", "node", "nats-config"))
	nats.reload()
	for _, p := range c.nodes {
		p.start()
	}
	for _, name := range []string{"a", "b"} {
		c.verdict(name+" is up", name, state("up"))
	}
	i.everywhere(i.a, "preemptive.example.com")
	c.converge(resolverIDs...)
	// With exactly what the servers' file lets it do, a resolver shows its queries to control.
	for n, id := range resolverIDs {
		c.showsQueries(c.control, i.resolvers[n], id, "preemptive.example.com")
	}

	// While one after the other dies, writes go on and reach everybody. Answers never stop.
	end := i.watchAll(i.a, "preemptive.example.com")
	n := 0
	write := func(what string) {
		t.Helper()
		n++
		began := time.Now()
		if err := c.call("PATCH", "/addresses/a", map[string]string{"remark": fmt.Sprint(n)}, nil); err != nil {
			t.Fatal(err)
		}
		c.converge(resolverIDs...)
		bound(t, what+": a change is everywhere", 30*time.Second, time.Since(began))
	}
	write("three NATS servers")
	for _, s := range nats.servers[:times(1, 3)] {
		s.kill()
		write("one of three NATS servers killed")
		s.start()
	}
	write("one of three NATS servers came back")

	// A server that hangs is one that is cut off: nothing tells its clients.
	hung := nats.servers[1]
	hung.signal(syscall.SIGSTOP)
	write("one of three NATS servers hangs")
	hung.signal(syscall.SIGCONT)
	write("a hanging NATS server woke up")

	// Two are cut off: the third has no quorum, so configuration waits; health goes on.
	end()
	for _, s := range nats.servers[:2] {
		s.signal(syscall.SIGSTOP)
	}
	n++
	if err := c.call("PATCH", "/addresses/a", map[string]string{"remark": fmt.Sprint(n)}, nil); err != nil {
		t.Errorf("a write while NATS is partitioned: %v", err)
	}
	i.endA.set(true)
	i.everywhere(i.b, "preemptive.example.com")
	i.endA.set(false)
	i.everywhere(i.a, "preemptive.example.com")
	for _, s := range nats.servers[:2] {
		s.signal(syscall.SIGCONT)
	}
	began := time.Now()
	c.converge(resolverIDs...)
	bound(t, "NATS partitioned, then whole: the change made meanwhile is everywhere", 30*time.Second, time.Since(began))

	// All lose everything, with one resolver away: what it missed is in no log any more.
	away := i.resolvers[2]
	away.kill()
	for range 3 {
		n++
		if err := c.call("PATCH", "/addresses/a", map[string]string{"remark": fmt.Sprint(n)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	i.resolvers = i.resolvers[:2]
	end = i.watchAll(i.a, "preemptive.example.com")
	for _, s := range nats.servers {
		s.kill()
		s.empty()
	}
	if err := c.call("PATCH", "/addresses/a", map[string]string{"remark": "written without NATS"}, nil); err != nil {
		t.Errorf("a write without any NATS server: %v", err)
	}
	for _, s := range nats.servers {
		s.start()
	}
	began = time.Now()
	c.converge("r1", "r2")
	bound(t, "three NATS servers lost everything: all is published again and in use", 60*time.Second, time.Since(began))
	end()
	away.start()
	i.resolvers = append(i.resolvers, away)
	c.converge(resolverIDs...)
	if !strings.Contains(away.log.String(), "took a snapshot") {
		t.Error("the resolver that was away did not take the snapshot")
	}
	i.endA.set(true)
	i.everywhere(i.b, "preemptive.example.com") // verdicts travel again
	i.endA.set(false)

	// Removed: the servers do not know before they are told, and control says so.
	c.cli("", "node", "remove", "r3")
	told := func(yes bool) {
		t.Helper()
		eventually(t, fmt.Sprintf("control says that a removed node is connected: %v", yes), func() error {
			if list := c.alarms("removed and still connected: r3"); (len(list) > 0) != yes {
				return fmt.Errorf("alarms at %v", list)
			}
			return nil
		})
	}
	told(true)
	nats.users(c.cli("", "node", "nats-config"))
	nats.reload()
	eventually(t, "the removed node is out", func() error {
		if !strings.Contains(away.log.String(), "no connection to the message bus") {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	told(false)
	fault(t, "one of three external NATS servers killed or hanging", "changes and verdicts go on; answers never stop", "so, for each of the three")
	fault(t, "two of three external NATS servers cut off", "writes are taken and wait; health and answers go on over the third; all converge afterwards", "so")
	fault(t, "three external NATS servers lose everything", "answers never stop; control publishes all again; a node that missed more than the log holds takes the snapshot", "so")
}

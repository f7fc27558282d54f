package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/meridian-gtm/meridian/distribute/broker"
)

// externalBus starts a NATS server that is not control's, as users run their own, and
// returns its URL. It asks nobody who they are; AlwaysEnableNonce lets nodes present
// the credential of their token all the same.
func externalBus(t *testing.T, ip string) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: ip, Port: natsPort, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, AlwaysEnableNonce: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}
	return s.ClientURL()
}

// moveTo makes a node that was invited over the embedded server use another one.
func (p *process) moveTo(url string) {
	p.t.Helper()
	i := slices.Index(p.args, "--join")
	token, err := broker.DecodeToken(p.args[i+1])
	if err != nil {
		p.t.Fatal(err)
	}
	token.Servers, token.CA = []string{url}, nil // plain: it is on loopback
	if p.args[i+1], err = token.Encode(); err != nil {
		p.t.Fatal(err)
	}
}

// With a message bus of its own, health goes on without control: verdicts travel,
// members move, and what stays stays, through a resolver's restart and control's return.
func TestMembersMoveWithoutControlAndDoNotMoveBackWhenItReturns(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	i := &installation{cluster: c, a: c.ip(101), b: c.ip(102)}
	i.endA, i.endB = newEndpoint(t, i.a), newEndpoint(t, i.b)
	c.startControl("control")
	c.cli(head+stayConfig(i.a, i.b), "apply", "-f", "-")
	i.prober = c.invite("prober", "p1")
	for _, id := range resolverIDs {
		i.resolvers = append(i.resolvers, c.invite("resolver", id))
	}

	// The same store, now with a bus that does not die with control.
	url := externalBus(t, c.ip(110))
	c.control.kill()
	own := slices.Index(c.control.args, "--nats-listen")
	c.control.args = append(slices.Delete(slices.Clone(c.control.args), own, own+2), "--nats", url)
	c.control.start()
	for _, p := range c.nodes {
		p.moveTo(url)
		p.start()
	}
	all := slices.Concat(staying, []string{"preemptive.example.com"})
	for _, name := range []string{"a", "b"} {
		c.verdict(name+" is up", name, state("up"))
	}
	i.everywhere(i.a, all...)
	before := i.converge(resolverIDs...)

	c.control.kill()
	began := time.Now()
	i.endA.set(true)
	i.everywhere(i.b, all...)
	took := time.Since(began)
	bound(t, "control killed, NATS alive: a dead member leaves the answers of all resolvers", 3*time.Second, took)
	end := i.watchAll(i.b, staying...)
	i.endA.set(false)
	i.everywhere(i.a, "preemptive.example.com") // the news of its recovery is everywhere
	i.everywhere(i.b, staying...)
	i.resolvers[1].kill()
	i.resolvers[1].start()
	i.everywhere(i.a, "preemptive.example.com")
	i.everywhere(i.b, staying...)

	c.control.start()
	if after := i.converge(resolverIDs...); after != before {
		t.Errorf("control came back at %v, it was at %v", after, before)
	}
	c.verdict("control sees the member up again", "a", state("up"))
	// Control adopted the moves that it missed: it explains by the same members.
	eventually(t, "control knows the current members", func() error {
		for _, name := range staying {
			out, err := c.try("", "explain", name)
			if err != nil {
				return err
			}
			if !strings.Contains(out, i.b) {
				return fmt.Errorf("control explains %s as\n%s", name, out)
			}
		}
		return nil
	})
	i.everywhere(i.b, staying...)
	end()
	note("three resolvers, non-preemptive, NATS apart: control killed, a member fails and recovers, a resolver restarts, control returns", "no answer moves back", "none did, at either level")
	fault(t, "control killed, NATS apart", "answers and health go on, also over a restart of a resolver; nothing moves back when it returns", fmt.Sprintf("so; a dead member left the answers in %v", took.Round(time.Millisecond)))
}

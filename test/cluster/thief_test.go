package cluster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/distribute/broker"
)

// thief holds a node's join token, and speaks the bare protocol.
type thief struct {
	t      *testing.T
	nc     *nats.Conn
	errs   chan error
	closed chan struct{}
}

func (p *process) token() broker.Token {
	p.t.Helper()
	token, err := broker.DecodeToken(p.args[slices.Index(p.args, "--join")+1])
	if err != nil {
		p.t.Fatal(err)
	}
	return token
}

func steal(t *testing.T, token broker.Token) (*thief, error) {
	t.Helper()
	sign, err := broker.Credential(token.Seed)
	if err != nil {
		t.Fatal(err)
	}
	conf, err := token.TLS()
	if err != nil || conf == nil {
		t.Fatalf("the token asks for no TLS: %v", err)
	}
	h := &thief{t: t, errs: make(chan error, 1000), closed: make(chan struct{})}
	h.nc, err = nats.Connect(token.Servers[0], nats.Secure(conf), sign, nats.NoReconnect(),
		nats.CustomInboxPrefix(broker.InboxPrefix(token.NodeID)),
		nats.ClosedHandler(func(*nats.Conn) { close(h.closed) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { h.errs <- err }))
	if err != nil {
		return nil, err
	}
	t.Cleanup(h.nc.Close)
	return h, nil
}

// refused reports whether the server refused what was just sent.
func (h *thief) refused() bool {
	h.t.Helper()
	if err := h.nc.Flush(); err != nil { // answered in order: a refusal is here before it
		h.t.Fatal(err)
	}
	select {
	case err := <-h.errs:
		return strings.Contains(strings.ToLower(err.Error()), "permissions violation")
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// A stolen prober credential can say what its vantage found, and nothing else.
func TestAStolenProberCredentialHarmsItsOwnVantageAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	ip := c.ip(101)
	newEndpoint(t, ip)
	c.startControl("control,resolver")
	var probers []*process
	for _, id := range []string{"p1", "p2", "p3"} {
		probers = append(probers, c.join("prober", id))
	}
	r1 := c.join("resolver", "r1")
	c.apply(fmt.Sprintf(`
templates:
  - {name: web, protocol: http, interval: 1s, timeout: 500ms, evaluation_count: 2, http: {path: /healthz}}
addresses:
  - {name: a, address: %s, tasks: [{template: web, port: %d}]}
  - {name: spare, address: 192.0.2.9}
pools:
  - {name: a, type: IPv4, policy: sequential, members: [{address: a}, {address: spare}]}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: gtm.example.com, type: A, policy: sequential, pools: [{pool: a}]}
`, ip, webPort))
	good := func(h control.TaskHealth) bool { return h.State == "up" && h.Voting == 3 }
	c.verdict("three vantages find it good", "a", good)
	end := r1.watch("gtm.example.com", ip)

	h, err := steal(t, probers[0].token())
	if err != nil {
		t.Fatal(err)
	}
	// The rightful prober goes on beside it.
	c.verdict("a second connection with its credential does not end the first", "a", good)

	// It asks itself, and names somebody else's subject for the answer. A permission to
	// answer whatever came in would let this through.
	own := "meridian.health.state.p1"
	heard, err := h.nc.SubscribeSync(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"meridian.health.obs.p2", "meridian.config.head", "meridian.log.1.1.0", "$JS.API.STREAM.PURGE.MERIDIAN_LOG"} {
		if err := h.nc.PublishRequest(own, subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if _, err := heard.NextMsg(patience); err != nil {
			t.Fatalf("it does not hear itself: %v", err)
		}
		if err := h.nc.Publish(subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if !h.refused() {
			t.Errorf("after it asked itself, it may speak on %s", subject)
		}
	}
	// It has JetStream send what it may read to where it may not speak. The server lets
	// that pass: what is in the streams is signed, and nobody believes it elsewhere.
	for _, subject := range []string{"meridian.snap.head", "meridian.snap.keys.1", "meridian.log.1.2.0", "meridian.log.9.9.9", "meridian.config.head", "meridian.health.obs.p2", "meridian.health.beat.p2", "meridian.current.set", "meridian.node.status.r1"} {
		for _, api := range []string{"$JS.API.STREAM.INFO.MERIDIAN_LOG", "$JS.API.DIRECT.GET.MERIDIAN_SNAP.meridian.snap.head"} {
			if err := h.nc.PublishRequest(api, subject, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if h.refused() {
		t.Log("the server refuses other places for JetStream's answers")
	}
	c.apply("templates: [{name: later, protocol: ping}]")
	late := c.join("resolver", "late") // begins with an empty disk, from the snapshot
	late.answers("gtm.example.com", ip)
	c.converge("r1", "late")
	c.verdict("the others' findings count as before", "a", good)

	// Removed: out at once, for good, and its vantage is no longer counted.
	began := time.Now()
	c.cli("", "node", "remove", "p1")
	select {
	case <-h.closed:
		bound(t, "a removed node's connection is closed", time.Second, time.Since(began))
	case <-time.After(patience):
		t.Fatal("the connection of a removed node stays open")
	}
	if _, err := steal(t, probers[0].token()); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a removed credential: %v", err)
	}
	c.verdict("two are left, and only they are asked", "a", func(h control.TaskHealth) bool {
		return h.State == "up" && !h.Stale && h.Selected == 2 && h.Voting == 2
	})
	// The rightful one comes back with a credential that the thief has not.
	probers[0].kill()
	args := probers[0].args
	args[slices.Index(args, "--join")+1] = strings.TrimSpace(c.cli("", "node", "invite", "--role", "prober", "--id", "p1"))
	probers[0].start()
	c.verdict("three vantages again", "a", good)
	if end() == 0 {
		t.Error("the resolver did not answer")
	}
	fault(t, "a prober's credential stolen, then the node removed", "it can speak for its own vantage only; removed, it is out at once and its vantage is not counted; invited again, the rightful one is back", "so")
}

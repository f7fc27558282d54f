package cluster

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/traffic"
)

const plain = `
addresses: [{name: a, address: 192.0.2.1}]
pools: [{name: a, type: IPv4, policy: round_robin, members: [{address: a}]}]
zones: [{name: example.com, records: []}]
access_domains: [{name: gtm.example.com, type: A, policy: sequential, pools: [{pool: a}]}]
`

// alarms are what nodes report, for those whose text holds a part.
func (c *cluster) alarms(part string) (nodes []string) {
	c.t.Helper()
	var list struct{ Items []control.Node }
	if err := c.call("GET", "/nodes?limit=500", nil, &list); err != nil {
		c.t.Fatal(err)
	}
	for _, n := range list.Items {
		if slices.ContainsFunc(n.Alarms, func(a string) bool { return strings.Contains(a, part) }) {
			nodes = append(nodes, n.ID)
		}
	}
	return nodes
}

func TestSigningKeysRotateUnderRunningAndAbsentNodes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	c.cli(head+plain, "apply", "-f", "-")
	r1, r2 := c.join("resolver", "r1"), c.join("resolver", "r2")
	r2.answers("gtm.example.com", "192.0.2.1")
	end := r1.watch("gtm.example.com", "192.0.2.1")
	touch := func(text string) {
		t.Helper()
		if err := c.call("PATCH", "/addresses/a", map[string]string{"remark": text}, nil); err != nil {
			t.Fatal(err)
		}
	}
	// One is away during two rotations; the second revokes the first.
	r2.kill()
	c.cli("", "node", "rotate-keys")
	touch("one")
	c.converge("r1")
	c.cli("", "node", "rotate-keys", "--revoke")
	touch("two")
	c.converge("r1")
	r2.start()
	c.converge("r1", "r2")
	// A node invited now trusts the newest key; control knows its keys after a restart.
	c.control.kill()
	c.control.start()
	c.join("resolver", "r3")
	touch("three")
	c.converge("r1", "r2", "r3")
	if list := c.alarms("signed"); len(list) > 0 {
		t.Errorf("rotations raised alarms at %v", list)
	}
	var keys control.SigningKeys
	if err := c.call("GET", "/keys", nil, &keys); err != nil || keys.Serial != 2 || len(keys.Trusted) != 1 || len(keys.Rotations) != 2 {
		t.Errorf("keys %+v %v", keys, err)
	}
	// All rebooted without control: what is on their disks is signed by a key they trust.
	c.control.kill()
	for _, r := range c.nodes {
		r.kill()
		if r == r1 && end() == 0 {
			t.Error("the resolver did not answer")
		}
		r.start()
		r.answers("gtm.example.com", "192.0.2.1")
	}
}

// Whoever may publish but does not have the signing key changes nothing.
func TestWronglySignedConfigurationChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	c.cli(head+plain, "apply", "-f", "-")
	r1 := c.join("resolver", "r1")
	r1.answers("gtm.example.com", "192.0.2.1")
	end := r1.watch("gtm.example.com", "192.0.2.1")
	before := c.converge("r1")

	seed, err := os.ReadFile(filepath.Join(c.control.data(), "nats", "control.seed"))
	if err != nil {
		t.Fatal(err)
	}
	sign, err := broker.Credential(strings.TrimSpace(string(seed)))
	if err != nil {
		t.Fatal(err)
	}
	conf, err := r1.token().TLS()
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(r1.token().Servers[0], nats.Secure(conf), sign)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_, foreign, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	change := traffic.EncodeChanges([]traffic.Change{{Key: traffic.Key{Kind: traffic.KindAccessDomain, Name: "gtm.example.com. A"}}})
	pos := before.Next(change)
	for kind, subject := range map[codec.Kind]string{codec.Revision: fmt.Sprintf("meridian.log.%d.%d.0", pos.Epoch, pos.Revision), codec.Snapshot: "meridian.snap.head"} {
		s, err := codec.Seal(kind, pos, time.Now(), change, foreign)
		if err != nil {
			t.Fatal(err)
		}
		if err := nc.Publish(subject, s.Parts()[0]); err != nil {
			t.Fatal(err)
		}
	}
	rotation := codec.SealRotation(codec.Rotation{Serial: 1, Keys: []string{codec.FormatKey(foreign.Public().(ed25519.PublicKey))}}, foreign)
	if err := nc.Publish("meridian.snap.keys.1", rotation); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the resolver raises an alarm", func() error {
		if list := c.alarms("no trusted key has signed"); !slices.Contains(list, "r1") {
			return fmt.Errorf("alarms at %v", list)
		}
		return nil
	})
	// Control goes on above it, and its own rotation takes the forged one's place.
	c.cli("", "node", "rotate-keys")
	if err := c.call("PATCH", "/addresses/a", map[string]string{"remark": "after"}, nil); err != nil {
		t.Fatal(err)
	}
	c.converge("r1")
	if end() == 0 {
		t.Error("the resolver did not answer")
	}
	fault(t, "configuration, a snapshot and keys with a wrong signature on the message bus", "refused with an alarm; what was in force stays; control's next change goes through", "so")
}

// Either of two control processes rotates; the other one signs by the new key from then
// on, and nobody ever sees a signature that is not trusted.
func TestTwoControlProcessesRotateOneSigningKey(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	write := func(c *process, text string) {
		t.Helper()
		eventually(t, "a write by "+c.name, func() error {
			return callAt(c.api(), p.token, "PATCH", "/zones/example.com", map[string]string{"remark": text}, nil)
		})
		p.converge(resolverIDs...)
	}
	rotate := func(c *process) {
		t.Helper()
		if err := callAt(c.api(), p.token, "POST", "/keys/rotate", map[string]bool{"revoke": true}, nil); err != nil {
			t.Fatal(err)
		}
	}
	write(p.control, "before")
	rotate(p.second)
	write(p.control, "by the first, at once")
	rotate(p.control)
	write(p.second, "by the second, at once")
	p.second.kill()
	write(p.control, "by the first alone")
	if list := p.alarms("trusted key"); len(list) > 0 {
		t.Errorf("alarms at %v", list)
	}
}

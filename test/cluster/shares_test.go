package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const sharesConfig = `
addresses:
  - {name: a1, address: 192.0.2.1}
  - {name: a2, address: 192.0.2.2}
  - {name: a3, address: 192.0.2.3}
pools:
  - {name: heavy, type: IPv4, policy: round_robin, members: [{address: a1}]}
  - {name: light, type: IPv4, policy: round_robin, members: [{address: a2}]}
  - {name: rare, type: IPv4, policy: round_robin, members: [{address: a3}]}
  - {name: drawn, type: IPv4, policy: weighted, members: [{address: a1, weight: 50}, {address: a2, weight: 30}, {address: a3, weight: 20}]}
  - {name: turning, type: IPv4, policy: round_robin, members: [{address: a1}, {address: a2}, {address: a3}]}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: pools.example.com, type: A, policy: weighted, pools: [{pool: heavy, weight: 70}, {pool: light, weight: 20}, {pool: rare, weight: 10}]}
  - {name: addresses.example.com, type: A, policy: sequential, pools: [{pool: drawn}]}
  - {name: turn.example.com, type: A, policy: sequential, pools: [{pool: turning}]}
  - {name: pool-turn.example.com, type: A, policy: round_robin, pools: [{pool: heavy}, {pool: light}, {pool: rare}]}
`

// wireConn sends and receives whole DNS messages.
type wireConn interface {
	send([]byte) error
	receive([]byte) (int, error)
}

type udpConn struct{ net.Conn }

func (c udpConn) send(b []byte) error { _, err := c.Write(b); return err }

func (c udpConn) receive(b []byte) (int, error) { return c.Read(b) }

type tcpConn struct{ net.Conn }

func (c tcpConn) send(b []byte) error {
	_, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
	return err
}

func (c tcpConn) receive(b []byte) (int, error) {
	var n [2]byte
	if _, err := io.ReadFull(c, n[:]); err != nil {
		return 0, err
	}
	return io.ReadFull(c, b[:binary.BigEndian.Uint16(n[:])])
}

func dial(t *testing.T, network, addr string) wireConn {
	t.Helper()
	c, err := net.DialTimeout(network, addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if network == "tcp" {
		return tcpConn{c}
	}
	return udpConn{c}
}

// firsts asks a name n times over one connection and returns the last octet of the
// first address of each answer. One connection is served by one worker, in order.
func firsts(t *testing.T, c wireConn, name string, n int) []byte {
	t.Helper()
	const window = 64 // few enough that no socket buffer overflows
	m := question(name, "A", "")
	m.Id = 0
	q, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, n)
	buf := make([]byte, 65535)
	for len(out) < n {
		k := min(window, n-len(out))
		base := len(out)
		for i := range k {
			binary.BigEndian.PutUint16(q, uint16(base+i))
			if err := c.send(q); err != nil {
				t.Fatal(err)
			}
		}
		for i := range k {
			c.(interface{ SetReadDeadline(time.Time) error }).SetReadDeadline(time.Now().Add(patience))
			size, err := c.receive(buf)
			if err != nil {
				t.Fatalf("answer %d of %s: %v", base+i, name, err)
			}
			b, err := firstA(buf[:size], uint16(base+i), len(q))
			if err != nil {
				t.Fatalf("answer %d of %s: %v", base+i, name, err)
			}
			out = append(out, b)
		}
	}
	return out
}

// firstA reads the first answer record, whose owner is compressed to two octets.
func firstA(b []byte, id uint16, question int) (byte, error) {
	if len(b) < question+16 || binary.BigEndian.Uint16(b) != id || b[3]&15 != 0 || binary.BigEndian.Uint16(b[6:]) == 0 {
		return 0, fmt.Errorf("not the answer to query %d: % x", id, b)
	}
	if b[question]&0xc0 != 0xc0 || binary.BigEndian.Uint16(b[question+2:]) != dns.TypeA {
		return 0, errors.New("the first answer is not a compressed A record")
	}
	return b[question+15], nil
}

func TestSharesAreRightAndTurnsExactInEachOfThreeResolvers(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	ids := []string{"r1", "r2", "r3"}
	for _, id := range ids {
		c.invite("resolver", id).launch() // not ready before there is a configuration
	}
	c.cli(head+sharesConfig, "apply", "-f", "-")
	for _, p := range c.nodes {
		p.waitReady()
	}
	c.converge(ids...)
	for _, p := range c.nodes {
		for name, want := range map[string][3]float64{"pools.example.com": {70, 20, 10}, "addresses.example.com": {50, 30, 20}} {
			const queries = 100_000
			var n [3]int
			for _, b := range firsts(t, dial(t, "udp", p.dns()), name, queries) {
				n[b-1]++
			}
			for i, w := range want {
				got := float64(n[i]) * 100 / queries
				off := math.Abs(got - w)
				note(fmt.Sprintf("%s, %s: share of weight %v in 100,000 queries", p.name, name, w), "within 1 percentage point", fmt.Sprintf("%.2f %%", got))
				if off > 1 { // the standard deviation is 0.16 points or less
					t.Errorf("%s: member %d of %s has %.2f %% of the answers, want %v", p.name, i+1, name, got, w)
				}
			}
		}
		for _, name := range []string{"turn.example.com", "pool-turn.example.com"} {
			for _, network := range []string{"udp", "tcp"} {
				const queries = 3000
				list := firsts(t, dial(t, network, p.dns()), name, queries)
				wrong := 0
				for i := 1; i < len(list); i++ {
					if list[i] != list[i-1]%3+1 {
						wrong++
					}
				}
				note(fmt.Sprintf("%s, %s over %s: answers out of turn in %d queries", p.name, name, network, queries), "0", fmt.Sprint(wrong))
				if wrong > 0 {
					t.Errorf("%s, %s over %s: %d answers are out of turn; it begins %v", p.name, name, network, wrong, list[:12])
				}
			}
		}
	}
}

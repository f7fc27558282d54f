package check

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"github.com/meridian-gtm/meridian/traffic"
)

func pings(o traffic.PingOptions) func(*traffic.Template) {
	return func(t *traffic.Template) {
		t.Protocol, t.Ping = traffic.Ping, &o
		t.Timeout = traffic.Duration(5 * time.Second)
	}
}

func TestPingOnLoopback(t *testing.T) {
	t.Parallel()
	p := prober(t)
	for _, target := range []string{"127.0.0.1", "127.0.0.77", "::1"} {
		r := p.Probe(t.Context(), job(target, 0, pings(traffic.PingOptions{Packets: 3})))
		expect(t, r, "", "")
	}
}

// One socket serves them all, and no reply is taken for another's.
func TestManyPingsShareOneSocket(t *testing.T) {
	t.Parallel()
	p := prober(t)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			r := p.Probe(t.Context(), job(fmt.Sprintf("127.0.1.%d", i+1), 0, pings(traffic.PingOptions{Packets: 2})))
			if !r.OK {
				t.Errorf("%d: %+v", i, r)
			}
		})
	}
	wg.Wait()
	if n := len(p.icmp[0].sock.waiting); n != 0 {
		t.Errorf("%d probes are still waited for", n)
	}
}

func TestPingIsHeldToThePolicy(t *testing.T) {
	t.Parallel()
	p := prober(t, func(o *Options) { o.Policy = Policy{} })
	expect(t, p.Probe(t.Context(), job("127.0.0.1", 0, pings(traffic.PingOptions{}))), CodeDenied, "loopback")
}

// fakeConn is a socket whose other side the test plays.
type fakeConn struct {
	net.PacketConn
	sent    func(b []byte, to net.Addr)
	replies chan []byte
	from    net.Addr
}

func (c *fakeConn) WriteTo(b []byte, to net.Addr) (int, error) { c.sent(b, to); return len(b), nil }
func (c *fakeConn) Close() error                               { close(c.replies); return nil }
func (c *fakeConn) ReadFrom(b []byte) (int, net.Addr, error) {
	r, ok := <-c.replies
	if !ok {
		return 0, nil, net.ErrClosed
	}
	return copy(b, r), c.from, nil
}

// fake gives the prober a socket that answers the packets that answer names.
func fake(t *testing.T, answer func(packet int) bool, change func([]byte) []byte) *Prober {
	t.Helper()
	p := prober(t)
	c := &fakeConn{replies: make(chan []byte, 64), from: &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	c.sent = func(b []byte, to net.Addr) {
		if !answer(int(b[8+16])) {
			return
		}
		r := append([]byte(nil), b...)
		r[0] = 0 // echo reply
		if change != nil {
			r = change(r)
		}
		c.replies <- r
	}
	s := &pingSocket{conn: c, raw: true, done: make(chan struct{}), waiting: map[uint64]*echo{}, cookie: [8]byte{1, 2, 3}}
	p.icmp[0].sock = s
	go s.read()
	return p
}

func TestPingLoss(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence     string
		opt          traffic.PingOptions
		answered     int
		code, reason string
	}{
		{"all answered", traffic.PingOptions{Packets: 5, LossRate: 80}, 5, "", ""},
		{"two of five answered is 60 percent lost, below 80", traffic.PingOptions{Packets: 5, LossRate: 80}, 2, "", ""},
		{"one of five answered is 80 percent lost, which is reached", traffic.PingOptions{Packets: 5, LossRate: 80}, 1, CodeLoss, "4 of 5 echo requests were lost"},
		{"one lost of four reaches 25 percent", traffic.PingOptions{Packets: 4, LossRate: 25}, 3, CodeLoss, "1 of 4"},
		{"one lost of four does not reach 26 percent", traffic.PingOptions{Packets: 4, LossRate: 26}, 3, "", ""},
		{"at 100 one answer suffices", traffic.PingOptions{Packets: 20, LossRate: 100}, 1, "", ""},
		{"none answered is silence", traffic.PingOptions{Packets: 3, LossRate: 100}, 0, CodeTimeout, "none of 3"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			p := fake(t, func(packet int) bool { return packet < c.answered }, nil)
			r := p.Probe(t.Context(), job("127.0.0.1", 0, func(t *traffic.Template) {
				pings(c.opt)(t)
				t.Timeout = traffic.Duration(2 * time.Second) // waited for in full where packets are lost
			}))
			expect(t, r, c.code, c.reason)
			if r.Silent != (c.answered == 0) || r.Reached != (c.answered > 0) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestRepliesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence string
		change   func([]byte) []byte
	}{
		{"another process's token", func(b []byte) []byte { b[8]++; return b }},
		{"another probe's token", func(b []byte) []byte { binary.BigEndian.PutUint64(b[16:], 99); return b }},
		{"a packet that was never sent", func(b []byte) []byte { b[24] = 19; return b }},
		{"a packet beyond all", func(b []byte) []byte { b[24] = 255; return b }},
		{"a request instead of a reply", func(b []byte) []byte { b[0] = 8; return b }},
		{"an unreachable message", func(b []byte) []byte { b[0] = 3; return b }},
		{"a stump", func(b []byte) []byte { return b[:20] }},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			p := fake(t, func(int) bool { return true }, c.change)
			r := p.Probe(t.Context(), job("127.0.0.1", 0, func(t *traffic.Template) { pings(traffic.PingOptions{Packets: 2})(t); quick(t) }))
			expect(t, r, CodeTimeout, "none of 2")
		})
	}
	t.Run("a reply in another's name", func(t *testing.T) {
		t.Parallel()
		p := fake(t, func(int) bool { return true }, nil)
		r := p.Probe(t.Context(), job("127.0.0.2", 0, func(t *traffic.Template) { pings(traffic.PingOptions{Packets: 2})(t); quick(t) }))
		expect(t, r, CodeTimeout, "none of 2")
	})
	t.Run("the same reply twice counts once", func(t *testing.T) {
		t.Parallel()
		p := fake(t, func(packet int) bool { return packet == 0 }, nil)
		c := p.icmp[0].sock.conn.(*fakeConn)
		once := c.sent
		c.sent = func(b []byte, to net.Addr) { once(b, to); once(b, to) }
		r := p.Probe(t.Context(), job("127.0.0.1", 0, func(t *traffic.Template) {
			pings(traffic.PingOptions{Packets: 2, LossRate: 50})(t)
			t.Timeout = traffic.Duration(2 * time.Second)
		}))
		expect(t, r, CodeLoss, "1 of 2")
	})
}

func TestPingWithoutPermission(t *testing.T) {
	t.Parallel()
	p := prober(t)
	p.icmp[0].err, p.icmp[0].retryAt = errors.New("this prober may not ping"), time.Now().Add(time.Hour)
	r := p.Probe(t.Context(), job("127.0.0.1", 0, pings(traffic.PingOptions{})))
	expect(t, r, CodeLocal, "may not ping")
	if !r.Local {
		t.Errorf("%+v: this says nothing about the target", r)
	}
}

// FuzzEchoReply: only a reply that carries our token is ours, and it says what we sent.
func FuzzEchoReply(f *testing.F) {
	s := &pingSocket{cookie: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}
	for _, b := range [][]byte{nil, {0}, make([]byte, 64)} {
		f.Add(b, uint64(1), 0)
	}
	for i := range 3 {
		b, err := s.request(uint64(i), i)
		if err != nil {
			f.Fatal(err)
		}
		b[0] = 0
		f.Add(b, uint64(i), i)
	}
	f.Fuzz(func(t *testing.T, b []byte, id uint64, packet int) {
		gotID, gotPacket, ok := parseReply(b, false, s.cookie)
		if ok && (b[0] != 0 || string(b[8:16]) != string(s.cookie[:]) || gotPacket < 0 || gotPacket > 255) {
			t.Fatalf("%x is taken as %d %d", b, gotID, gotPacket)
		}
		// What we send comes back as what we sent.
		req, err := s.request(id, packet&0xff)
		if err != nil {
			t.Fatal(err)
		}
		m, err := icmp.ParseMessage(1, req)
		if err != nil || m.Type != ipv4.ICMPTypeEcho {
			t.Fatalf("%x: %v %v", req, m, err)
		}
		req[0] = 0
		if gotID, gotPacket, ok := parseReply(req, false, s.cookie); !ok || gotID != id || gotPacket != packet&0xff {
			t.Fatalf("sent %d %d, got %d %d %v", id, packet&0xff, gotID, gotPacket, ok)
		}
		s.take(b, &net.IPAddr{IP: b}, time.Now())
	})
}

func TestAddrOf(t *testing.T) {
	t.Parallel()
	want := netip.MustParseAddr("192.0.2.1")
	for _, a := range []net.Addr{&net.IPAddr{IP: net.IPv4(192, 0, 2, 1)}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1)}} {
		if got := addrOf(a); got != want {
			t.Errorf("addrOf(%v) = %v", a, got)
		}
	}
	if addrOf(&net.TCPAddr{}).IsValid() {
		t.Error("an address of a kind that no ping socket has is taken")
	}
}

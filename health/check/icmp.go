package check

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/meridian-gtm/meridian/traffic"
)

// icmpFamily is the one ping socket of an address family. One socket for all targets
// because every raw socket of a machine gets every reply: with one per target the
// work grows with the square of their number.
//
// Replies are matched by a token in the payload and not by the identifier, which the
// kernel rewrites on unprivileged sockets.
type icmpFamily struct {
	v6 bool

	mu      sync.Mutex // guards the fields below
	sock    *pingSocket
	retryAt time.Time // after a failed opening
	err     error
}

// maxPackets is the most echo requests of a template.
const maxPackets = 20

// reopenAfter spares the system calls of opening in vain for every ping.
const reopenAfter = 10 * time.Second

// pingSocket is an open socket with its reader.
type pingSocket struct {
	conn net.PacketConn
	raw  bool // needs a privilege; else the kernel's datagram form for everyone
	v6   bool
	done chan struct{}

	cookie [8]byte // of this socket, so that replies to other processes do not match
	next   atomic.Uint64

	mu      sync.Mutex
	waiting map[uint64]*echo
}

// echo is one probe that waits for replies.
type echo struct {
	from  netip.Addr
	sent  [maxPackets]time.Time
	mu    sync.Mutex
	rtt   [maxPackets]time.Duration
	got   int
	want  int
	whole chan struct{} // closed when all replies are in
}

// tokens: 8 bytes of cookie, 8 of the probe, 1 of the packet; padded to the 56 bytes
// that ping sends everywhere, since some firewalls drop other sizes.
const payloadSize = 56

// recvBuffer holds the replies of 2,000 pings that arrive while the reader waits for
// a processor; the kernel's default loses them from some hundreds on.
const recvBuffer = 4 << 20

func (f *icmpFamily) open() (*pingSocket, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sock != nil {
		return f.sock, nil
	}
	if now := time.Now(); f.err != nil && now.Before(f.retryAt) {
		return nil, f.err
	}
	conn, raw, err := listenICMP(f.v6)
	if err != nil {
		f.err, f.retryAt = err, time.Now().Add(reopenAfter)
		return nil, err
	}
	s := &pingSocket{conn: conn, raw: raw, v6: f.v6, done: make(chan struct{}), waiting: map[uint64]*echo{}}
	if _, err := rand.Read(s.cookie[:]); err != nil {
		conn.Close()
		return nil, fmt.Errorf("make a token: %w", err)
	}
	f.sock, f.err = s, nil
	go s.read()
	return s, nil
}

func (f *icmpFamily) close() error {
	f.mu.Lock()
	s := f.sock
	f.sock = nil
	f.mu.Unlock()
	if s == nil {
		return nil
	}
	err := s.conn.Close()
	<-s.done
	return err
}

// listenICMP opens a raw socket, or where that needs a privilege we lack, the
// kernel's unprivileged datagram socket.
func listenICMP(v6 bool) (conn net.PacketConn, raw bool, err error) {
	conn, err = listenRaw(v6)
	if err == nil {
		return conn, true, nil
	}
	conn, err2 := listenDatagram(v6)
	if err2 == nil {
		return conn, false, nil
	}
	return nil, false, fmt.Errorf("this prober may not ping: give it the capability CAP_NET_RAW, or put its group into the kernel setting net.ipv4.ping_group_range (raw socket: %v; datagram socket: %v)",
		rootCause(err), rootCause(err2))
}

func listenRaw(v6 bool) (net.PacketConn, error) {
	network, local := "ip4:icmp", "0.0.0.0"
	if v6 {
		network, local = "ip6:ipv6-icmp", "::"
	}
	c, err := net.ListenPacket(network, local)
	if err != nil {
		return nil, err
	}
	if err := onlyReplies(c, v6); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func listenDatagram(v6 bool) (net.PacketConn, error) {
	if v6 {
		return icmp.ListenPacket("udp6", "::")
	}
	return icmp.ListenPacket("udp4", "0.0.0.0")
}

// onlyReplies lets the kernel drop all but echo replies: a raw socket is given every
// ICMP message that the machine receives.
func onlyReplies(c net.PacketConn, v6 bool) error {
	// A smaller buffer only loses replies under load, so an error is no reason to stop.
	c.(*net.IPConn).SetReadBuffer(recvBuffer)
	if v6 {
		var f ipv6.ICMPFilter
		f.SetAll(true)
		f.Accept(ipv6.ICMPTypeEchoReply)
		if err := ipv6.NewPacketConn(c).SetICMPFilter(&f); err != nil {
			return fmt.Errorf("set ICMPv6 filter: %w", err)
		}
		return nil
	}
	var f ipv4.ICMPFilter
	f.SetAll(true)
	f.Accept(ipv4.ICMPTypeEchoReply)
	if err := ipv4.NewPacketConn(c).SetICMPFilter(&f); err != nil {
		return fmt.Errorf("set ICMP filter: %w", err)
	}
	return nil
}

// read takes replies until the socket is closed.
func (s *pingSocket) read() {
	defer close(s.done)
	buf := make([]byte, 2048)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// An ICMP error that the kernel reports on the socket concerns one target
			// only; that one's time limit tells.
			continue
		}
		s.take(buf[:n], from, time.Now())
	}
}

// take counts a reply. It is the parser of what anyone may send us.
func (s *pingSocket) take(b []byte, from net.Addr, now time.Time) {
	id, packet, ok := parseReply(b, s.v6, s.cookie)
	if !ok {
		return
	}
	s.mu.Lock()
	e := s.waiting[id]
	s.mu.Unlock()
	// Someone else's reply is no reply: a middle box that answers for a dead target
	// must do it in the target's name.
	if e == nil || addrOf(from) != e.from {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if packet >= e.want || e.sent[packet].IsZero() || e.rtt[packet] != 0 {
		return
	}
	e.rtt[packet] = max(now.Sub(e.sent[packet]), 1)
	if e.got++; e.got == e.want {
		close(e.whole)
	}
}

// parseReply reads an echo reply (RFC 792, RFC 4443 §4.2) of ours.
func parseReply(b []byte, v6 bool, cookie [8]byte) (id uint64, packet int, ok bool) {
	want := byte(0)
	if v6 {
		want = 129
	}
	const head = 8 // type, code, checksum, identifier, sequence
	if len(b) < head+17 || b[0] != want || b[1] != 0 || [8]byte(b[head:head+8]) != cookie {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(b[head+8:]), int(b[head+16]), true
}

func addrOf(a net.Addr) netip.Addr {
	var ip net.IP
	switch v := a.(type) {
	case *net.IPAddr:
		ip = v.IP
	case *net.UDPAddr:
		ip = v.IP
	}
	out, _ := netip.AddrFromSlice(ip)
	return out.Unmap()
}

func (s *pingSocket) request(id uint64, packet int) ([]byte, error) {
	payload := make([]byte, payloadSize)
	copy(payload, s.cookie[:])
	binary.BigEndian.PutUint64(payload[8:], id)
	payload[16] = byte(packet)
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: int(id & 0xffff), Seq: packet + 1, Data: payload}}
	if s.v6 {
		m.Type = ipv6.ICMPTypeEchoRequest // the kernel fills in the checksum (RFC 3542 §3.1)
	}
	return m.Marshal(nil)
}

// ping sends the template's echo requests, evenly over the first half of the time
// limit and at most 200 ms apart, and waits until all are answered or the limit passes.
func (p *Prober) ping(ctx context.Context, start time.Time, opt *traffic.PingOptions, ip netip.Addr) Result {
	family := &p.icmp[0]
	if ip.Is6() {
		family = &p.icmp[1]
	}
	s, err := family.open()
	if err != nil {
		return local(CodeLocal, "%v", err)
	}
	e := &echo{from: ip, want: min(opt.Packets, maxPackets), whole: make(chan struct{})}
	id := s.next.Add(1)
	s.mu.Lock()
	s.waiting[id] = e
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, id)
		s.mu.Unlock()
	}()

	var to net.Addr = &net.IPAddr{IP: ip.AsSlice()}
	if !s.raw {
		to = &net.UDPAddr{IP: ip.AsSlice()}
	}
	gap := min(200*time.Millisecond, limitOf(ctx, start)/time.Duration(2*e.want))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; i < e.want; {
		select {
		case <-ctx.Done():
			return e.result(ctx, start, opt)
		case <-timer.C:
		}
		b, err := s.request(id, i)
		if err != nil {
			return local(CodeConfig, "the echo request cannot be made: %v", err)
		}
		e.mu.Lock()
		e.sent[i] = time.Now()
		e.mu.Unlock()
		if _, err := s.conn.WriteTo(b, to); err != nil {
			return failure(ctx, start, netip.AddrPortFrom(ip, 0), "sending an echo request", false, err)
		}
		i++
		timer.Reset(gap)
	}
	select {
	case <-e.whole:
	case <-ctx.Done():
	}
	return e.result(ctx, start, opt)
}

func (e *echo) result(ctx context.Context, start time.Time, opt *traffic.PingOptions) Result {
	e.mu.Lock()
	defer e.mu.Unlock()
	var sum time.Duration
	for _, d := range e.rtt {
		sum += d
	}
	r := Result{OK: true, Reached: e.got > 0}
	if e.got > 0 {
		r.Latency = sum / time.Duration(e.got)
	}
	lost := e.want - e.got
	if lost*100 < opt.LossRate*e.want {
		return r
	}
	r.OK, r.Silent = false, e.got == 0
	r.Code, r.Reason = CodeLoss, fmt.Sprintf("%d of %d echo requests were lost", lost, e.want)
	if e.got == 0 {
		r.Code = CodeTimeout
		r.Reason = fmt.Sprintf("none of %d echo requests was answered within the time limit of %v", e.want, limitOf(ctx, start))
		if err := routeTo(e.from); err != nil {
			return local(CodeLocal, "this prober has no route to %v: %v", e.from, rootCause(err))
		}
	}
	return r
}

package cluster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const silence = -1

// malformed makes a packet that is wrong in one known way, and says which codes the
// RFCs allow for it.
type malformed struct {
	name  string
	codes []int
	make  func(r *rand.Rand) []byte
}

// header begins a packet: id 0 is filled in when it is sent.
func header(flags, qd, an, ns, ar uint16) []byte {
	b := make([]byte, 2, 512)
	for _, v := range []uint16{flags, qd, an, ns, ar} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// valid is a random query for something hosted, in wire form.
func valid(r *rand.Rand) []byte {
	names := []string{"gtm.example.com", "www.example.com", "example.com", "nowhere.example.com", "mail.example.com"}
	m := question(names[r.IntN(len(names))], []string{"A", "AAAA", "SOA", "TXT", "ANY"}[r.IntN(5)], clients[r.IntN(len(clients))])
	m.Id = 0
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return b
}

var asked = []byte("\x03gtm\x07example\x03com\x00\x00\x01\x00\x01")

func withOPT(version byte, options []byte) []byte {
	b := append(header(0, 1, 0, 0, 1), asked...)
	b = append(b, 0, 0, 41, 4, 208, 0, version, 0, 0)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(options))), options...)
}

func option(code uint16, data ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, code)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...)
}

var (
	formErr  = []int{dns.RcodeFormatError}
	anyError = []int{dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers, dns.RcodeRefused, silence}
)

var malformations = []malformed{
	{"shorter than a header", []int{silence}, func(r *rand.Rand) []byte { return random(r, r.IntN(12)) }},
	{"a response", []int{silence}, func(r *rand.Rand) []byte { b := valid(r); b[2] |= 0x80; return b }},
	{"another opcode", []int{dns.RcodeNotImplemented}, func(r *rand.Rand) []byte { b := valid(r); b[2] |= byte(1+r.IntN(15)) << 3; return b }},
	{"no question", formErr, func(r *rand.Rand) []byte { return header(0, 0, 0, 0, 0) }},
	{"several questions", formErr, func(r *rand.Rand) []byte {
		n := 2 + r.IntN(3)
		return append(header(0, uint16(n), 0, 0, 0), bytes.Repeat(asked, n)...)
	}},
	{"a question cut short", formErr, func(r *rand.Rand) []byte { return append(header(0, 1, 0, 0, 0), asked[:r.IntN(len(asked))]...) }},
	{"a label length of a reserved kind", formErr, func(r *rand.Rand) []byte {
		b := append(header(0, 1, 0, 0, 0), asked...)
		b[12] = byte(0x40<<r.IntN(2)) | byte(r.IntN(64))
		return b
	}},
	{"a compression pointer in the question", formErr, func(r *rand.Rand) []byte {
		return append(header(0, 1, 0, 0, 0), 0xc0|byte(r.IntN(64)), byte(r.IntN(256)), 0, 1, 0, 1)
	}},
	{"a name longer than 255 octets", formErr, func(r *rand.Rand) []byte {
		b := header(0, 1, 0, 0, 0)
		for range 5 {
			b = append(append(b, 63), bytes.Repeat([]byte{'a'}, 63)...)
		}
		return append(b, 0, 0, 1, 0, 1)
	}},
	{"more records promised than there are", formErr, func(r *rand.Rand) []byte {
		b := append(header(0, 1, 0, 0, 0), asked...)
		binary.BigEndian.PutUint16(b[6+2*r.IntN(3):], uint16(1+r.IntN(65535)))
		return b
	}},
	{"octets behind the message", formErr, func(r *rand.Rand) []byte { return append(valid(r), random(r, 1+r.IntN(40))...) }},
	{"an unknown EDNS version", []int{dns.RcodeBadVers}, func(r *rand.Rand) []byte { return withOPT(byte(1+r.IntN(255)), nil) }},
	{"two OPT records", formErr, func(r *rand.Rand) []byte {
		b := withOPT(0, nil)
		b = append(b, b[len(b)-11:]...)
		b[11] = 2
		return b
	}},
	{"an OPT record with an owner", formErr, func(r *rand.Rand) []byte {
		b := append(header(0, 1, 0, 0, 1), asked...)
		return append(b, 1, 'x', 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0)
	}},
	{"an option cut short", formErr, func(r *rand.Rand) []byte {
		o := option(uint16(r.IntN(20)), random(r, 1+r.IntN(20))...)
		return withOPT(0, o[:1+r.IntN(len(o)-1)])
	}},
	{"a client subnet of an unknown family", formErr, func(r *rand.Rand) []byte {
		return withOPT(0, option(8, 0, byte(3+r.IntN(200)), 24, 0, 192, 0, 2))
	}},
	{"a client subnet of a length that is not its address's", formErr, func(r *rand.Rand) []byte {
		return withOPT(0, option(8, append([]byte{0, 1, 24, 0}, random(r, []int{0, 1, 2, 4, 5, 16}[r.IntN(6)])...)...))
	}},
	{"a client subnet longer than the family has", formErr, func(r *rand.Rand) []byte {
		return withOPT(0, option(8, append([]byte{0, 1, byte(33 + r.IntN(200)), 0}, random(r, 5+r.IntN(25))...)...))
	}},
	{"a client subnet with host bits", formErr, func(r *rand.Rand) []byte { return withOPT(0, option(8, 0, 1, 20, 0, 192, 0, byte(1+r.IntN(15)))) }},
	{"a client subnet with a scope", formErr, func(r *rand.Rand) []byte {
		return withOPT(0, option(8, 0, 1, 24, byte(1+r.IntN(32)), 192, 0, 2))
	}},
	{"random octets that promise records", anyError, func(r *rand.Rand) []byte {
		b := random(r, 12+r.IntN(500))
		b[2] &^= 0x80
		b[6] |= 0x80 // 32,768 answers or more
		return b
	}},
	{"a query with some octets changed", nil, func(r *rand.Rand) []byte {
		b := valid(r)
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		return b
	}},
	{"a query cut somewhere", nil, func(r *rand.Rand) []byte { b := valid(r); return b[:r.IntN(len(b))] }},
}

// codeOf returns the extended code of a response.
func codeOf(b []byte) (int, error) {
	m := new(dns.Msg)
	if err := m.Unpack(b); err != nil {
		return 0, fmt.Errorf("the response itself is malformed: %w", err)
	}
	if !m.Response {
		return 0, errors.New("the response is no response")
	}
	if o := m.IsEdns0(); o != nil && m.Rcode&^15 == 0 { // the library may have added the upper bits already
		return m.Rcode | o.ExtendedRcode()&^15, nil
	}
	return m.Rcode, nil
}

func TestMalformedPacketsGetAnErrorOrSilenceAndHarmNothing(t *testing.T) {
	t.Parallel()
	c := startQuickstart(t)
	p := c.control
	p.answers("gtm.example.com", c.ip(31), c.ip(32))
	const packets = 10_000
	for _, network := range []string{"udp", "tcp"} {
		r := rand.New(rand.NewPCG(9, 9))
		said := map[string]int{}
		conn := dial(t, network, p.dns())
		for n := range packets / 2 {
			m := malformations[n%len(malformations)]
			packet := m.make(r)
			code, again, err := provoke(t, p, conn, network, packet)
			conn = again
			if err != nil {
				t.Fatalf("%s over %s, packet %d: %v\n% x", m.name, network, n, err, packet)
			}
			if m.codes != nil && !slices.Contains(m.codes, code) {
				t.Errorf("%s over %s is answered with %s, want one of %v\n% x", m.name, network, codeName(code), m.codes, packet)
			}
			if m.codes == nil && code >= 0 && code != dns.RcodeFormatError && code != dns.RcodeNotImplemented && code != dns.RcodeBadVers {
				said["an answer, as the packet stayed a good query"]++
				continue
			}
			said[codeName(code)]++
		}
		note(fmt.Sprintf("%d malformed packets over %s", packets/2, network), "FORMERR, NOTIMP, BADVERS or silence; no harm", fmt.Sprint(said))
	}
	lengths(t, p)
	p.running()
	p.answers("gtm.example.com", c.ip(31), c.ip(32))
}

func codeName(code int) string {
	if code == silence {
		return "silence"
	}
	if code == dns.RcodeBadVers {
		return "BADVERS"
	}
	return dns.RcodeToString[code]
}

// provoke sends a packet and a good query behind it. What comes before the answer to
// that is the response to the packet: one connection is served in order.
func provoke(t *testing.T, p *process, conn wireConn, network string, packet []byte) (code int, next wireConn, err error) {
	const mine, fence = 0x1111, 0x2222
	if len(packet) >= 2 {
		binary.BigEndian.PutUint16(packet, mine)
	}
	good := question("www.example.com", "A", "")
	good.Id = fence
	q, err := good.Pack()
	if err != nil {
		return 0, conn, err
	}
	if err := conn.send(packet); err != nil {
		return 0, conn, err
	}
	if err := conn.send(q); err != nil && network == "udp" {
		return 0, conn, err
	}
	code = silence
	buf := make([]byte, 65535)
	for {
		conn.(interface{ SetReadDeadline(time.Time) error }).SetReadDeadline(time.Now().Add(patience))
		n, err := conn.receive(buf)
		if err != nil && network == "tcp" && !isTimeout(err) {
			// What gets no answer ends a connection (closed, or reset with the second query
			// unread); the next one must do.
			if code != silence {
				return code, conn, fmt.Errorf("the connection ended after an answer: %w", err)
			}
			next := dial(t, "tcp", p.dns())
			conn.(io.Closer).Close()
			return silence, next, nil
		}
		if err != nil {
			return 0, conn, err
		}
		switch id := binary.BigEndian.Uint16(buf); {
		case n >= 12 && id == fence:
			if buf[3]&15 != 0 || binary.BigEndian.Uint16(buf[6:]) == 0 {
				return 0, conn, fmt.Errorf("the good query behind it is answered wrongly: % x", buf[:n])
			}
			return code, conn, nil
		case n >= 12 && id == mine && code == silence:
			if code, err = codeOf(buf[:n]); err != nil {
				return 0, conn, err
			}
		default:
			return 0, conn, fmt.Errorf("an unexpected packet: % x", buf[:n])
		}
	}
}

// lengths sends frames over TCP whose length is not what follows.
func lengths(t *testing.T, p *process) {
	t.Helper()
	for _, b := range [][]byte{{}, {0}, {0, 0}, {0, 1}, {255, 255, 1, 2, 3}, append([]byte{0, 13}, header(0, 1, 0, 0, 0)...)} {
		c := dial(t, "tcp", p.dns()).(tcpConn)
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

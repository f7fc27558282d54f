package dnswire

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/miekg/dns"
)

// damage is a way to make a well-formed query wrong, and what the RFCs ask for
// then. apply returns nil where the query does not lend itself to it.
type damage struct {
	name  string
	want  Rcode
	apply func(r *rand.Rand, msg []byte, q *Query) []byte
}

// questionEnd is where the question of a well-formed query ends.
func questionEnd(q *Query) int { return HeaderLen + len(q.Name()) + 4 }

var damages = []damage{
	{"cut within the header", Silence, func(r *rand.Rand, m []byte, _ *Query) []byte { return m[:r.IntN(HeaderLen)] }},
	{"marked as a response", Silence, func(r *rand.Rand, m []byte, _ *Query) []byte {
		m[2] |= 0x80 | byte(r.IntN(16))<<3
		return m
	}},
	{"another opcode", NotImp, func(r *rand.Rand, m []byte, _ *Query) []byte { m[2] |= byte(1+r.IntN(15)) << 3; return m }},
	{"no question or more than one", FormErr, func(r *rand.Rand, m []byte, _ *Query) []byte {
		n := uint16(r.IntN(65535))
		if n >= 1 {
			n++
		}
		binary.BigEndian.PutUint16(m[4:], n)
		return m
	}},
	{"answers in the query", FormErr, func(r *rand.Rand, m []byte, _ *Query) []byte {
		binary.BigEndian.PutUint16(m[6:], uint16(1+r.IntN(65535)))
		return m
	}},
	{"cut within the question", FormErr, func(r *rand.Rand, m []byte, q *Query) []byte {
		return m[:HeaderLen+r.IntN(questionEnd(q)-HeaderLen)]
	}},
	{"cut behind the question", FormErr, func(r *rand.Rand, m []byte, q *Query) []byte {
		if len(m) == questionEnd(q) {
			return nil
		}
		return m[:questionEnd(q)+r.IntN(len(m)-questionEnd(q))]
	}},
	{"a pointer or reserved label in the name", FormErr, func(r *rand.Rand, m []byte, q *Query) []byte {
		at := HeaderLen
		for m[at] != 0 && r.IntN(3) > 0 {
			at += int(m[at]) + 1
		}
		m[at] = byte(64 + r.IntN(192))
		return m
	}},
	{"more records promised than there are", FormErr, func(r *rand.Rand, m []byte, _ *Query) []byte {
		at := 8 + 2*r.IntN(2)
		n := binary.BigEndian.Uint16(m[at:])
		if at == 8 && binary.BigEndian.Uint16(m[10:]) > 0 {
			at = 10
			n = binary.BigEndian.Uint16(m[10:])
		}
		binary.BigEndian.PutUint16(m[at:], n+1+uint16(r.IntN(1000)))
		return m
	}},
	{"octets behind the end", FormErr, func(r *rand.Rand, m []byte, _ *Query) []byte {
		for range 1 + r.IntN(40) {
			m = append(m, byte(r.Uint32()))
		}
		return m
	}},
	{"a second OPT", FormErr, func(_ *rand.Rand, m []byte, q *Query) []byte {
		if !q.EDNS {
			return nil
		}
		m[11]++
		return append(m, 0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 0)
	}},
	{"a later EDNS version", BadVers, func(r *rand.Rand, m []byte, q *Query) []byte {
		if !q.EDNS {
			return nil
		}
		m[questionEnd(q)+6] = byte(1 + r.IntN(255))
		return m
	}},
	{"OPT owned by a name", FormErr, func(_ *rand.Rand, m []byte, q *Query) []byte {
		if !q.EDNS {
			return nil
		}
		end := questionEnd(q)
		return append(append(append([]byte{}, m[:end]...), 0xC0, 12), m[end+1:]...)
	}},
	{"ECS with a scope", FormErr, ecsDamage(func(r *rand.Rand, o []byte) []byte { o[3] = byte(1 + r.IntN(255)); return o })},
	{"ECS of an unknown family", FormErr, ecsDamage(func(r *rand.Rand, o []byte) []byte {
		binary.BigEndian.PutUint16(o, uint16(3+r.IntN(65533)))
		return o
	})},
	{"ECS longer than an address", FormErr, ecsDamage(func(r *rand.Rand, o []byte) []byte {
		bits := map[byte]int{1: 32, 2: 128}[o[1]]
		o[2] = byte(bits + 1 + r.IntN(255-bits))
		return append(o[:4], make([]byte, (int(o[2])+7)/8)...)
	})},
	{"ECS with an octet too many", FormErr, ecsDamage(func(r *rand.Rand, o []byte) []byte { return append(o, byte(r.Uint32())) })},
	{"ECS with an octet too few", FormErr, ecsDamage(func(_ *rand.Rand, o []byte) []byte { return o[:len(o)-1] })},
	{"ECS with host bits", FormErr, ecsDamage(func(r *rand.Rand, o []byte) []byte {
		rest := 8 - int(o[2])%8
		if len(o) == 4 || rest == 8 {
			return nil
		}
		o[len(o)-1] |= 1 << r.IntN(rest)
		return o
	})},
	{"an option longer than its record", FormErr, func(r *rand.Rand, m []byte, q *Query) []byte {
		if !q.ECS.Present {
			return nil
		}
		binary.BigEndian.PutUint16(m[questionEnd(q)+13:], uint16(4+q.ECS.octets()+1+r.IntN(1000)))
		return m
	}},
	{"a query type that is no question", FormErr, func(r *rand.Rand, m []byte, q *Query) []byte {
		binary.BigEndian.PutUint16(m[questionEnd(q)-4:], []uint16{0, TypeOPT, TypeTSIG, TypeNXNAME}[r.IntN(4)])
		return m
	}},
	{"a query type that is not spoken", NotImp, func(r *rand.Rand, m []byte, q *Query) []byte {
		binary.BigEndian.PutUint16(m[questionEnd(q)-4:], []uint16{TypeTKEY, TypeMAILA, TypeMAILB}[r.IntN(3)])
		return m
	}},
}

// ecsDamage changes the data of the ECS option, which ends the message.
func ecsDamage(f func(*rand.Rand, []byte) []byte) func(*rand.Rand, []byte, *Query) []byte {
	return func(r *rand.Rand, m []byte, q *Query) []byte {
		if !q.ECS.Present {
			return nil
		}
		at := questionEnd(q) + 11 // the option's header
		data := f(r, append([]byte{}, m[at+4:]...))
		if data == nil {
			return nil
		}
		binary.BigEndian.PutUint16(m[at-2:], uint16(4+len(data)))
		binary.BigEndian.PutUint16(m[at+2:], uint16(len(data)))
		return append(m[:at+4], data...)
	}
}

// randomQuery returns a well-formed query; ECS, if any, ends it.
func randomQuery(r *rand.Rand) *Query {
	q := &Query{ID: uint16(r.Uint32()), Class: ClassIN, RD: r.IntN(2) == 0}
	q.Type = []uint16{1, 2, 5, 6, 12, 15, 16, 28, 33, 43, 64, 65, 255, 257, 65280}[r.IntN(15)]
	var name []byte
	for range r.IntN(6) {
		l := 1 + r.IntN(20)
		name = append(name, byte(l))
		for range l {
			name = append(name, lower(byte(r.Uint32())))
		}
	}
	q.nameLen = uint8(copy(q.name[:], append(name, 0)))
	if r.IntN(4) == 0 {
		return q
	}
	q.EDNS, q.DO, q.UDPSize = true, r.IntN(2) == 0, uint16(r.Uint32())
	if r.IntN(4) == 0 {
		return q
	}
	e := &q.ECS
	e.Present, e.Family = true, FamilyIPv4+uint16(r.IntN(2))
	e.Source = uint8(r.IntN(map[uint16]int{FamilyIPv4: 33, FamilyIPv6: 129}[e.Family]))
	for i := range e.octets() {
		e.addr[i] = byte(r.Uint32())
	}
	if rest := e.Source % 8; rest != 0 {
		e.addr[e.octets()-1] &= ^byte(0) << (8 - rest)
	}
	return q
}

// Ten thousand malformed packets get what the RFCs ask for, the same ten thousand
// on each run.
func TestMalformedPackets(t *testing.T) {
	t.Parallel()
	const packets = 10_000
	r := rand.New(rand.NewPCG(2, 10_000))
	var q Query
	var resp Response
	seen := map[string]int{}
	for n := 0; n < packets; {
		well := randomQuery(r)
		msg := well.appendTo(nil)
		if rcode := q.Parse(msg); rcode != NoError || !q.same(well) {
			t.Fatalf("well-formed query %x: rcode %d, %+v", msg, rcode, q)
		}
		d := damages[r.IntN(len(damages))]
		bad := d.apply(r, msg, well)
		if bad == nil && d.name != "cut within the header" {
			continue
		}
		n++
		seen[d.name]++
		rcode := q.Parse(bad)
		if rcode != d.want {
			t.Fatalf("%s: %x: rcode %d, want %d", d.name, bad, rcode, d.want)
		}
		checkReply(t, bad, rcode, resp.AppendError(nil, &q, rcode))
	}
	for _, d := range damages {
		if seen[d.name] < 100 {
			t.Errorf("%q was tried %d times only", d.name, seen[d.name])
		}
	}
}

// checkReply holds what is true of every response without records.
func checkReply(t *testing.T, req []byte, rcode Rcode, reply []byte) {
	t.Helper()
	if rcode == Silence {
		if len(reply) != 0 {
			t.Fatalf("%x: a reply where silence is due: %x", req, reply)
		}
		return
	}
	var m dns.Msg
	if err := m.Unpack(reply); err != nil {
		t.Fatalf("%x: reply %x: %v", req, reply, err)
	}
	code := m.Rcode
	if o := m.IsEdns0(); o != nil {
		if o.Version() != 0 {
			t.Fatalf("%x: reply of EDNS version %d", req, o.Version())
		}
	}
	if code != int(rcode) || m.Id != binary.BigEndian.Uint16(req) || !m.Response || m.RecursionAvailable || m.Authoritative ||
		m.Opcode != int(req[2]>>3&0xF) || len(m.Answer)+len(m.Ns) != 0 {
		t.Fatalf("%x: rcode %d, reply\n%v", req, rcode, &m)
	}
	if rcode == BadVers && m.IsEdns0() == nil {
		t.Fatalf("%x: BADVERS without OPT", req)
	}
	if len(reply) > MinUDP {
		t.Fatalf("%x: %s", req, fmt.Sprint(len(reply), " octets without records"))
	}
}

package dnswire

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// appendTo writes q as a client would: lower-cased name, ECS as read.
func (q *Query) appendTo(dst []byte) []byte {
	flags := uint16(0)
	if q.RD {
		flags |= flagRD
	}
	b := binary.BigEndian.AppendUint16(dst, q.ID)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 0)
	b = append(b, q.Name()...)
	b = binary.BigEndian.AppendUint16(b, q.Type)
	b = binary.BigEndian.AppendUint16(b, q.Class)
	if !q.EDNS {
		return b
	}
	b[len(dst)+11] = 1
	b = append(b, 0, 0, 41)
	b = binary.BigEndian.AppendUint16(b, q.UDPSize)
	b = append(b, 0, 0, 0, 0)
	if q.DO {
		b[len(b)-2] = 0x80
	}
	at := len(b)
	b = append(b, 0, 0)
	if e := &q.ECS; e.Present {
		b = binary.BigEndian.AppendUint16(b, optionECS)
		b = binary.BigEndian.AppendUint16(b, uint16(4+e.octets()))
		b = binary.BigEndian.AppendUint16(b, e.Family)
		b = append(b, e.Source, 0)
		b = append(b, e.addr[:e.octets()]...)
	}
	binary.BigEndian.PutUint16(b[at:], uint16(len(b)-at-2))
	return b
}

// same compares what a client can see.
func (q *Query) same(o *Query) bool {
	return q.ID == o.ID && q.Type == o.Type && q.Class == o.Class && q.RD == o.RD && string(q.Name()) == string(o.Name()) &&
		q.EDNS == o.EDNS && q.UDPSize == o.UDPSize && q.DO == o.DO && q.ECS == o.ECS
}

// ask packs a query with the library; edit may change it before.
func ask(t testing.TB, name string, qtype uint16, edit func(*dns.Msg)) []byte {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.Id = 0x1234
	if edit != nil {
		edit(m)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func withECS(family uint16, source, scope uint8, addr string) func(*dns.Msg) {
	return func(m *dns.Msg) {
		m.SetEdns0(1400, false)
		m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_SUBNET{
			Code: dns.EDNS0SUBNET, Family: family, SourceNetmask: source, SourceScope: scope, Address: net.ParseIP(addr),
		})
	}
}

// opt returns a query for x. A with an OPT record whose options are given in hex.
func opt(options string) []byte {
	raw, err := hex.DecodeString(strings.ReplaceAll(options, " ", ""))
	if err != nil {
		panic(err)
	}
	b := []byte{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 'x', 0, 0, 1, 0, 1, 0, 0, 41, 4, 0xD0, 0, 0, 0, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(len(raw)))
	return append(b, raw...)
}

func TestParse(t *testing.T) {
	t.Parallel()
	plain := func(edit func([]byte) []byte) []byte { return edit(ask(t, "www.example.", dns.TypeA, nil)) }
	set := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], v); return b }
	}
	for _, tc := range []struct {
		name string
		msg  []byte
		want Rcode
	}{
		{"a plain query", plain(set(0)), NoError},
		{"nothing", nil, Silence},
		{"eleven octets", plain(set(0))[:11], Silence},
		{"a header alone without a question", []byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, FormErr},
		{"a header that promises a question", plain(set(0))[:12], FormErr},
		{"a question cut short", plain(set(0))[:20], FormErr},
		{"a question without class", plain(set(0))[:27], FormErr},
		{"a response", plain(set(2, 0x80)), Silence},
		{"a response with a strange opcode", plain(set(2, 0xA8)), Silence},
		{"opcode IQUERY", plain(set(2, 1<<3)), NotImp},
		{"opcode STATUS", plain(set(2, 2<<3)), NotImp},
		{"opcode NOTIFY", plain(set(2, 4<<3)), NotImp},
		{"opcode UPDATE", plain(set(2, 5<<3)), NotImp},
		{"opcode DSO", plain(set(2, 6<<3)), NotImp},
		{"TC, AD, CD and Z are ignored", plain(set(2, 0x03, 0x70)), NoError},
		{"two questions", plain(set(5, 2)), FormErr},
		{"65535 questions", plain(set(4, 0xFF, 0xFF)), FormErr},
		{"an answer in a query", plain(set(7, 1)), FormErr},
		{"an authority record that is not there", plain(set(9, 1)), FormErr},
		{"an additional record that is not there", plain(set(11, 1)), FormErr},
		{"an octet behind the message", plain(func(b []byte) []byte { return append(b, 0) }), FormErr},
		{"a pointer as name", plain(set(12, 0xC0, 12)), FormErr},
		{"a pointer inside the name", plain(set(16, 0xC0, 12)), FormErr},
		{"a label of the withdrawn bit-string type", plain(set(12, 0x41)), FormErr},
		{"a label of the reserved type", plain(set(12, 0x80)), FormErr},
		{"a label of 64 octets", append([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 64}, make([]byte, 80)...), FormErr},
		{"the root", ask(t, ".", dns.TypeNS, nil), NoError},
		{"the longest name", ask(t, strings.Repeat("a.", 127), dns.TypeA, nil), NoError},
		{"a name of 257 octets", append(append([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0},
			[]byte(strings.Repeat("\x01a", 128))...), 0, 0, 1, 0, 1), FormErr},
		{"qtype 0", ask(t, "x.", 0, nil), FormErr},
		{"qtype OPT", ask(t, "x.", dns.TypeOPT, nil), FormErr},
		{"qtype TSIG", ask(t, "x.", dns.TypeTSIG, nil), FormErr},
		{"qtype NXNAME", ask(t, "x.", 128, nil), FormErr},
		{"qtype TKEY", ask(t, "x.", dns.TypeTKEY, nil), NotImp},
		{"qtype MAILB", ask(t, "x.", dns.TypeMAILB, nil), NotImp},
		{"qtype ANY", ask(t, "x.", dns.TypeANY, nil), NoError},
		{"an unknown qtype", ask(t, "x.", 65280, nil), NoError},
		{"class CH is the zones' matter", ask(t, "version.bind.", dns.TypeTXT, func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), NoError},
		{"an IXFR request has a SOA", ask(t, "x.", dns.TypeIXFR, func(m *dns.Msg) {
			m.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: "x.", Rrtype: dns.TypeSOA, Class: 1}, Ns: "ns.x.", Mbox: "h.x."}}
		}), NoError},

		{"EDNS", opt(""), NoError},
		{"OPT before another record", ask(t, "x.", 1, func(m *dns.Msg) {
			m.SetEdns0(512, true)
			m.Extra = append(m.Extra, &dns.A{Hdr: dns.RR_Header{Name: "x.", Rrtype: 1, Class: 1}, A: net.IPv4(1, 2, 3, 4)})
		}), NoError},
		{"OPT behind another record", ask(t, "x.", 1, func(m *dns.Msg) {
			m.Extra = append(m.Extra, &dns.A{Hdr: dns.RR_Header{Name: "x.", Rrtype: 1, Class: 1}, A: net.IPv4(1, 2, 3, 4)})
			m.SetEdns0(512, true)
		}), NoError},
		{"two OPT records", ask(t, "x.", 1, func(m *dns.Msg) { m.SetEdns0(512, true); m.SetEdns0(512, true) }), FormErr},
		{"OPT in the authority section", ask(t, "x.", 1, func(m *dns.Msg) { m.SetEdns0(512, true); m.Ns, m.Extra = m.Extra, nil }), FormErr},
		{"OPT owned by a name", ask(t, "x.", 1, func(m *dns.Msg) { m.SetEdns0(512, true); m.Extra[0].Header().Name = "x." }), FormErr},
		{"EDNS version 1", ask(t, "x.", 1, func(m *dns.Msg) { m.SetEdns0(512, true); m.IsEdns0().SetVersion(1) }), BadVers},
		{"EDNS version 255 with senseless options", func() []byte { b := opt("0008 0001 00"); b[25] = 255; return b }(), BadVers},
		{"OPT longer than the message", func() []byte { b := opt(""); b[len(b)-1] = 1; return b }(), FormErr},
		{"an option header cut short", opt("00 0a 00"), FormErr},
		{"an option longer than OPT", opt("000a 0009 00"), FormErr},
		{"an unknown option", opt("fde9 0003 010203"), NoError},
		{"a cookie", opt("000a 0008 0102030405060708"), NoError},
		{"an unknown EDNS flag", func() []byte { b := opt(""); b[26] = 0x40; return b }(), NoError},

		{"ECS IPv4 /24", opt("0008 0007 0001 18 00 c63364"), NoError},
		{"ECS IPv4 /32", opt("0008 0008 0001 20 00 c6336401"), NoError},
		{"ECS IPv4 /0", opt("0008 0004 0001 00 00"), NoError},
		{"ECS IPv6 /56", opt("0008 000b 0002 38 00 20010db8000100"), NoError},
		{"ECS IPv6 /0", opt("0008 0004 0002 00 00"), NoError},
		{"ECS without family and /0", opt("0008 0004 0000 00 00"), NoError},
		{"ECS without family but with a length", opt("0008 0005 0000 08 00 0a"), FormErr},
		{"ECS of family 3", opt("0008 0005 0003 08 00 0a"), FormErr},
		{"ECS of family 3 and /0", opt("0008 0004 0003 00 00"), FormErr},
		{"ECS IPv4 /33", opt("0008 0009 0001 21 00 c633640100"), FormErr},
		{"ECS IPv6 /129", opt("0008 0015 0002 81 00 20010db8000000000000000000000000 00"), FormErr},
		{"ECS with a scope", opt("0008 0007 0001 18 18 c63364"), FormErr},
		{"ECS with a host bit inside the last octet", opt("0008 0007 0001 17 00 c63365"), FormErr},
		{"ECS /20 with clean host bits", opt("0008 0007 0001 14 00 c63360"), NoError},
		{"ECS with an address too long", opt("0008 0008 0001 18 00 c6336400"), FormErr},
		{"ECS with an address too short", opt("0008 0006 0001 18 00 c633"), FormErr},
		{"ECS cut before the address", opt("0008 0003 0001 18"), FormErr},
		{"ECS empty", opt("0008 0000"), FormErr},
		{"ECS twice", opt("0008 0004 0001 00 00 0008 0004 0001 00 00"), FormErr},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var q Query
			if got := q.Parse(tc.msg); got != tc.want {
				t.Errorf("rcode %d, want %d", got, tc.want)
			}
		})
	}
}

func TestParseReadsWhatTheClientSays(t *testing.T) {
	t.Parallel()
	var q Query
	msg := ask(t, "WwW.ExAmPlE.", dns.TypeAAAA, withECS(1, 24, 0, "198.51.100.0"))
	if rcode := q.Parse(msg); rcode != NoError {
		t.Fatal(rcode)
	}
	if string(q.Name()) != "\x03www\x07example\x00" || q.Type != TypeAAAA || q.Class != ClassIN || q.ID != 0x1234 || !q.RD || !q.EDNS || q.DO || q.UDPSize != 1400 {
		t.Errorf("read %+v", q)
	}
	if p, ok := q.ECS.Prefix(); !ok || p != netip.MustParsePrefix("198.51.100.0/24") {
		t.Errorf("prefix %v, %v", p, ok)
	}
	// Nothing of one query may show in the next.
	if rcode := q.Parse(ask(t, "x.", dns.TypeA, nil)); rcode != NoError || q.EDNS || q.ECS.Present || q.UDPSize != 0 || string(q.Name()) != "\x01x\x00" {
		t.Errorf("read %+v", q)
	}
	for _, tc := range []struct {
		options string
		want    netip.Prefix
	}{
		{"0008 000b 0002 38 00 20010db8000100", netip.MustParsePrefix("2001:db8:1::/56")},
		{"0008 0007 0001 14 00 c63360", netip.MustParsePrefix("198.51.96.0/20")},
		{"0008 0004 0001 00 00", netip.Prefix{}}, // says nothing of the client
		{"0008 0004 0000 00 00", netip.Prefix{}},
		{"", netip.Prefix{}},
	} {
		q.Parse(opt(tc.options))
		if p, ok := q.ECS.Prefix(); p != tc.want || ok != tc.want.IsValid() {
			t.Errorf("%s: prefix %v, %v", tc.options, p, ok)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		q      Query
		udpMax int
		tcp    bool
		want   int
	}{
		{"without EDNS 512", Query{}, 1232, false, 512},
		{"a smaller offer means 512", Query{EDNS: true, UDPSize: 100}, 1232, false, 512},
		{"the client's offer", Query{EDNS: true, UDPSize: 900}, 1232, false, 900},
		{"our maximum", Query{EDNS: true, UDPSize: 4096}, 1232, false, 1232},
		{"a configured larger maximum", Query{EDNS: true, UDPSize: 4096}, 4096, false, 4096},
		{"a configured maximum below 512 does not count", Query{EDNS: true, UDPSize: 4096}, 100, false, 512},
		{"TCP knows no offer", Query{EDNS: true, UDPSize: 512}, 1232, true, 65535},
	} {
		if got := tc.q.Limit(tc.udpMax, tc.tcp); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	var q Query
	msg := ask(t, "www.example.com.", dns.TypeA, withECS(1, 24, 0, "198.51.100.0"))
	if n := testing.AllocsPerRun(1000, func() { q.Parse(msg) }); n != 0 {
		t.Errorf("%v allocations per query, want 0", n)
	}
}

func BenchmarkParse(b *testing.B) {
	var q Query
	msg := ask(b, "www.example.com.", dns.TypeA, withECS(1, 24, 0, "198.51.100.0"))
	b.ReportAllocs()
	for b.Loop() {
		if q.Parse(msg) != NoError {
			b.Fatal("refused")
		}
	}
}

package dnswire

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// wire packs a name with the library.
func wire(t testing.TB, name string) []byte {
	t.Helper()
	buf := make([]byte, 300)
	n, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

func parsed(t testing.TB, msg []byte) *Query {
	t.Helper()
	q := new(Query)
	if rcode := q.Parse(msg); rcode != NoError {
		t.Fatalf("rcode %d", rcode)
	}
	return q
}

func unpack(t testing.TB, b []byte) *dns.Msg {
	t.Helper()
	m := new(dns.Msg)
	if err := m.Unpack(b); err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	return m
}

func TestResponseOfAChain(t *testing.T) {
	t.Parallel()
	q := parsed(t, ask(t, "WwW.Example.com.", dns.TypeA, withECS(1, 24, 0, "198.51.100.0")))
	var r Response
	r.Begin([]byte("xy"), q, 1232)
	r.AA, r.Scope = true, 20
	ok := r.AppendRR(Answer, q.Name(), TypeCNAME, 300, wire(t, "gtm.example.com.")) &&
		r.AppendAddr(Answer, wire(t, "GTM.example.com."), 30, netip.MustParseAddr("192.0.2.1")) &&
		r.AppendAddr(Answer, wire(t, "gtm.example.com."), 30, netip.MustParseAddr("192.0.2.2")) &&
		r.AppendAddr(Additional, wire(t, "ns.example.net."), 30, netip.MustParseAddr("2001:db8::1"))
	if !ok {
		t.Fatal("does not fit")
	}
	out := r.Finish()
	if !bytes.HasPrefix(out, []byte("xy")) {
		t.Error("the octets before the message are gone")
	}
	m := unpack(t, out[2:])
	want := `;; opcode: QUERY, status: NOERROR, id: 4660
;; flags: qr aa rd; QUERY: 1, ANSWER: 3, AUTHORITY: 0, ADDITIONAL: 2

;; OPT PSEUDOSECTION:
; EDNS: version 0; flags:; udp: 1232
; SUBNET: 198.51.100.0/24/20

;; QUESTION SECTION:
;WwW.Example.com.	IN	 A

;; ANSWER SECTION:
WwW.Example.com.	300	IN	CNAME	gtm.Example.com.
gtm.Example.com.	30	IN	A	192.0.2.1
gtm.Example.com.	30	IN	A	192.0.2.2

;; ADDITIONAL SECTION:
ns.example.net.	30	IN	AAAA	2001:db8::1
`
	if m.String() != want {
		t.Errorf("got\n%s\nwant\n%s", m, want)
	}
	// Header, question, CNAME with one new label, two A by pointer, AAAA with a
	// name of its own, OPT with ECS.
	if want := 12 + 21 + (12 + 6) + 2*16 + (16 + 10 + 16) + 11 + 11; len(out)-2 != want {
		t.Errorf("%d octets, want %d", len(out)-2, want)
	}
}

func TestNothingOfAnRRsetStaysWhenItDoesNotFit(t *testing.T) {
	t.Parallel()
	q := parsed(t, ask(t, "x.", dns.TypeTXT, nil))
	text := append([]byte{99}, bytes.Repeat([]byte("t"), 99)...)
	var r Response
	r.Begin(nil, q, 512)
	if !r.AppendRRset(Answer, q.Name(), TypeTXT, 1, [][]byte{text, text, text}) {
		t.Fatal("three texts do not fit")
	}
	if r.AppendRRset(Answer, wire(t, "y."), TypeTXT, 1, [][]byte{text, text}) {
		t.Fatal("two more texts fit")
	}
	if r.Count(Answer) != 3 || r.Truncated() {
		t.Errorf("%d records, truncated %v", r.Count(Answer), r.Truncated())
	}
	// The name of what was taken back is no target any more.
	if !r.AppendRR(Answer, wire(t, "y."), TypeA, 1, []byte{1, 2, 3, 4}) {
		t.Fatal("an address does not fit")
	}
	if m := unpack(t, r.Finish()); len(m.Answer) != 4 || m.Answer[3].Header().Name != "y." {
		t.Errorf("got\n%v", m)
	}
	r.Begin(nil, q, 512)
	r.AppendRRset(Answer, q.Name(), TypeTXT, 1, [][]byte{text})
	r.Truncate()
	if m := unpack(t, r.Finish()); len(m.Answer) != 0 || !m.Truncated || len(m.Question) != 1 {
		t.Errorf("truncated\n%v", m)
	}
}

func TestTruncatedKeepsOPT(t *testing.T) {
	t.Parallel()
	q := parsed(t, ask(t, strings.Repeat("a.", 127), dns.TypeA, withECS(2, 128, 0, "2001:db8::1")))
	var r Response
	r.Begin(nil, q, MinUDP)
	if r.AppendRR(Answer, q.Name(), TypeTXT, 1, make([]byte, 300)) {
		t.Fatal("fits")
	}
	r.Truncate()
	out := r.Finish()
	if m := unpack(t, out); m.IsEdns0() == nil || len(m.IsEdns0().Option) != 1 || len(out) > MinUDP {
		t.Errorf("%d octets\n%v", len(out), m)
	}
}

func TestSectionsCloseInOrder(t *testing.T) {
	t.Parallel()
	q := parsed(t, ask(t, "x.", dns.TypeA, nil))
	var r Response
	r.Begin(nil, q, 512)
	if !r.AppendRR(Authority, q.Name(), TypeNS, 1, q.Name()) || r.AppendRR(Answer, q.Name(), TypeA, 1, []byte{1, 2, 3, 4}) {
		t.Error("an answer after an authority record")
	}
	r.Truncate()
	if !r.AppendRR(Answer, q.Name(), TypeA, 1, []byte{1, 2, 3, 4}) {
		t.Error("an emptied message takes no answer")
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	q := parsed(t, ask(t, "x.", dns.TypeA, nil))
	rdata := [][]byte{{1, 0, 0, 0}, {2, 0, 0, 0}, {3, 0, 0, 0}}
	for first, want := range []string{"1 2 3", "2 3 1", "3 1 2"} {
		var r Response
		r.Begin(nil, q, 512)
		r.AppendRotated(Answer, q.Name(), TypeA, 1, rdata, first)
		var got []string
		for _, a := range unpack(t, r.Finish()).Answer {
			got = append(got, fmt.Sprint(a.(*dns.A).A[0]))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("from %d: %v, want %s", first, got, want)
		}
	}
}

// Any records that fit read back as they were given, in any number and of any
// names, and the message is never longer than its limit.
func TestResponsesReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		label := rapid.SampledFrom([]string{"a", "b", "A", "cc", "ns1", "x-y"})
		name := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(label, 0, 4).Draw(t, "labels"), ".") + "."
		})
		fqdn := rapid.Custom(func(t *rapid.T) string { return dns.Fqdn(strings.TrimPrefix(name.Draw(t, "name"), ".")) })
		m := new(dns.Msg)
		m.SetQuestion(fqdn.Draw(t, "qname"), dns.TypeA)
		if rapid.Bool().Draw(t, "edns") {
			m.SetEdns0(4096, false)
		}
		msg, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		var q Query
		if rcode := q.Parse(msg); rcode != NoError {
			t.Fatal(rcode)
		}
		limit := rapid.SampledFrom([]int{512, 600, 1232, 20000, 65535}).Draw(t, "limit")
		var r Response
		r.Begin(nil, &q, limit)
		var want [3][]string
		record := rapid.Custom(func(t *rapid.T) string {
			owner, target := fqdn.Draw(t, "owner"), fqdn.Draw(t, "target")
			return owner + " 60 IN " + rapid.SampledFrom([]string{"A 192.0.2.1", "NS " + target, "CNAME " + target, "PTR " + target, "MX 10 " + target,
				"SOA " + target + " h.x. 1 2 3 4 5", "DNAME " + target, "SRV 1 2 3 " + target, "TXT " + strings.Repeat("t", 200)}).Draw(t, "data")
		})
		for sec := Answer; sec <= Additional; sec++ {
			for range rapid.IntRange(0, 60).Draw(t, "count") {
				rr, err := dns.NewRR(record.Draw(t, "record"))
				if err != nil {
					t.Fatal(err)
				}
				h := rr.Header()
				buf := make([]byte, 1000)
				h2 := *h
				h.Name = "."
				n, err := dns.PackRR(rr, buf, 0, nil, false)
				if err != nil {
					t.Fatal(err)
				}
				*h = h2
				owner := make([]byte, 300)
				on, err := dns.PackDomainName(h.Name, owner, 0, nil, false)
				if err != nil {
					t.Fatal(err)
				}
				if r.AppendRRset(sec, owner[:on], h.Rrtype, h.Ttl, [][]byte{buf[11:n]}) {
					want[sec] = append(want[sec], strings.ToLower(rr.String()))
				}
			}
		}
		out := r.Finish()
		if len(out) > limit {
			t.Fatalf("%d octets, limit %d", len(out), limit)
		}
		var back dns.Msg
		if err := back.Unpack(out); err != nil {
			t.Fatal(err)
		}
		for sec, list := range [][]dns.RR{back.Answer, back.Ns, back.Extra} {
			var got []string
			for _, rr := range list {
				if rr.Header().Rrtype != dns.TypeOPT {
					got = append(got, strings.ToLower(rr.String()))
				}
			}
			if strings.Join(got, "\n") != strings.Join(want[sec], "\n") {
				t.Fatalf("section %d\n%s\nwant\n%s", sec, strings.Join(got, "\n"), strings.Join(want[sec], "\n"))
			}
		}
	})
}

func TestRespondingAllocatesNothing(t *testing.T) {
	q := parsed(t, ask(t, "www.example.com.", dns.TypeA, withECS(1, 24, 0, "198.51.100.0")))
	gtm := wire(t, "gtm.example.com.")
	addr := netip.MustParseAddr("192.0.2.1")
	var r Response
	dst := make([]byte, 0, 1232)
	if n := testing.AllocsPerRun(1000, func() {
		r.Begin(dst, q, 1232)
		r.AppendRR(Answer, q.Name(), TypeCNAME, 300, gtm)
		r.AppendAddr(Answer, gtm, 30, addr)
		r.Finish()
	}); n != 0 {
		t.Errorf("%v allocations per response, want 0", n)
	}
}

func BenchmarkRespond(b *testing.B) {
	q := parsed(b, ask(b, "www.example.com.", dns.TypeA, withECS(1, 24, 0, "198.51.100.0")))
	rdata := [][]byte{{192, 0, 2, 1}, {192, 0, 2, 2}, {192, 0, 2, 3}}
	var r Response
	dst := make([]byte, 0, 1232)
	b.ReportAllocs()
	for b.Loop() {
		r.Begin(dst, q, 1232)
		r.AppendRRset(Answer, q.Name(), TypeA, 30, rdata)
		r.Finish()
	}
}

package zone

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
)

// hosts returns a view of one zone with n names hN.example.com, each with two
// addresses, a wildcard, a delegation if asked for, and a CNAME.
func hosts(t testing.TB, n int, cut bool) *View[attached] {
	t.Helper()
	records := []Record{
		{"www.example.com.", dnswire.TypeCNAME, 300, [][]byte{mustPack("h1.example.com.")}},
		{"*.wild.example.com.", dnswire.TypeTXT, 300, [][]byte{{1, 'x'}}},
		{"old.example.com.", dnswire.TypeTXT, 300, [][]byte{{1, 'x'}}},
	}
	if cut {
		records = append(records,
			Record{"sub.example.com.", dnswire.TypeNS, 300, [][]byte{mustPack("ns.sub.example.com.")}},
			Record{"ns.sub.example.com.", dnswire.TypeA, 300, [][]byte{{192, 0, 2, 53}}},
			Record{"moved.example.com.", dnswire.TypeDNAME, 300, [][]byte{mustPack("example.com.")}})
	}
	for i := range n {
		records = append(records, Record{fmt.Sprintf("h%d.example.com.", i), dnswire.TypeA, 30,
			[][]byte{binary.BigEndian.AppendUint32(nil, uint32(i)), binary.BigEndian.AppendUint32(nil, uint32(i)+1<<24)}})
	}
	d, err := BuildZone("example.com.", Params{MName: "ns.example.com.", RName: "h.example.com.", Serial: 1, SOATTL: 300, Minimum: 60,
		Nameservers: []string{"ns.example.net."}, NSTTL: 300}, records)
	if err != nil {
		t.Fatal(err)
	}
	e := NewView[attached]().Edit()
	if err := e.PutZone(d); err != nil {
		t.Fatal(err)
	}
	return e.Done()
}

func request(t testing.TB, name string, qtype uint16) []byte {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.SetEdns0(1232, false)
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var kinds = []struct {
	name  string
	qname string
	qtype uint16
	cut   bool
}{
	{"an address", "h7.example.com.", dnswire.TypeA, false},
	{"an address in a zone with cuts", "h7.example.com.", dnswire.TypeA, true},
	{"a chain", "www.example.com.", dnswire.TypeA, false},
	{"a wildcard", "q.wild.example.com.", dnswire.TypeTXT, false},
	{"no data", "h7.example.com.", dnswire.TypeMX, false},
	{"a name error", "nope.example.com.", dnswire.TypeA, false},
	{"a referral", "q.sub.example.com.", dnswire.TypeA, true},
	{"a DNAME", "h7.moved.example.com.", dnswire.TypeA, true},
	{"a stranger", "example.net.", dnswire.TypeA, false},
}

func TestAnsweringAllocatesNothing(t *testing.T) {
	for _, k := range kinds {
		v := hosts(t, 1000, k.cut)
		req := request(t, k.qname, k.qtype)
		var p Responder[attached]
		dst := make([]byte, 0, 1232)
		if n := testing.AllocsPerRun(1000, func() {
			if p.Query.Parse(req) != dnswire.NoError {
				t.Fatal("refused")
			}
			p.AnswerPlain(dst, v, 1232)
		}); n != 0 {
			t.Errorf("%s: %v allocations per answer, want 0", k.name, n)
		}
	}
}

func BenchmarkAnswer(b *testing.B) {
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			v := hosts(b, 1000, k.cut)
			req := request(b, k.qname, k.qtype)
			var p Responder[attached]
			dst := make([]byte, 0, 1232)
			b.ReportAllocs()
			for b.Loop() {
				p.Query.Parse(req)
				p.AnswerPlain(dst, v, 1232)
			}
		})
	}
}

// Names far apart in a view too big for the caches.
func BenchmarkLookupOfAMillion(b *testing.B) {
	const n = 1_000_000
	v := hosts(b, n, false)
	var names [4096][]byte
	for i := range names {
		names[i] = mustPack(fmt.Sprintf("h%d.example.com.", i*(n/len(names))))
	}
	var w Walk
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if v.Lookup(&w, names[i%len(names)], dnswire.TypeA).Outcome != Answer {
			b.Fatal("not found")
		}
		i++
	}
}

// One name of a million changes: what every health change or API write of an
// ordinary record costs.
func BenchmarkEditOfAMillion(b *testing.B) {
	v := hosts(b, 1_000_000, false)
	apex := mustPack("example.com.")
	name, err := rr.PackName("h77.example.com.")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := byte(0)
	for b.Loop() {
		e := v.Edit()
		i++
		if err := e.PutSets(apex, name, []RRset{{dnswire.TypeA, 30, [][]byte{{192, 0, 2, i}}}}); err != nil {
			b.Fatal(err)
		}
		v = e.Done()
	}
}

package resolve

import (
	"fmt"
	"math"
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

func zoneObj(name string) *traffic.Zone {
	z := traffic.New(traffic.KindZone).(*traffic.Zone)
	z.Name, z.Serial = name, 7
	return z
}

func addr(name, value string) *traffic.Address {
	a := traffic.New(traffic.KindAddress).(*traffic.Address)
	a.Name, a.Address = name, value
	return a
}

func pool(name string, p traffic.Policy, members ...traffic.Member) *traffic.Pool {
	v := traffic.New(traffic.KindPool).(*traffic.Pool)
	v.Name, v.Policy, v.Members = name, p, members
	return v
}

func member(address string, weight int, lines ...string) traffic.Member {
	return traffic.Member{Address: address, Link: traffic.Link{Weight: weight, Lines: lines, Enabled: true}}
}

func domain(name, typ string, p traffic.Policy, pools ...traffic.PoolMember) *traffic.AccessDomain {
	d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
	d.Name, d.Type, d.Policy, d.Pools, d.TTL = name, typ, p, pools, 30
	return d
}

func inPool(name string, weight int, lines ...string) traffic.PoolMember {
	return traffic.PoolMember{Pool: name, Link: traffic.Link{Weight: weight, Lines: lines, Enabled: true}}
}

// TestRotationIsExact: over pools and, independently, inside each of them, every
// worker gives each member its turn, whatever other clients ask meanwhile.
func TestRotationIsExact(t *testing.T) {
	t.Parallel()
	n := newNode(3)
	n.load(t, []traffic.Object{zoneObj("example.com"),
		addr("a", "192.0.2.1"), addr("b", "192.0.2.2"), addr("c", "192.0.2.3"), addr("d", "192.0.2.4"), addr("e", "192.0.2.5"),
		pool("x", traffic.RoundRobin, member("a", 1), member("b", 1)), pool("y", traffic.RoundRobin, member("c", 1), member("d", 1), member("e", 1)),
		domain("rr.example.com", "A", traffic.RoundRobin, inPool("x", 1), inPool("y", 1))})
	for i := range 3 {
		w := n.NewWorker(i, 1232)
		first := map[string]int{}
		last := 0
		for range 600 {
			m := ask(t, w, "8.8.8.8", "rr.example.com", "A", "")
			if len(m.Answer) == last {
				t.Fatalf("worker %d: the same pool twice in a row", i)
			}
			last = len(m.Answer)
			first[m.Answer[0].(*dns.A).A.String()]++
		}
		want := map[string]int{"192.0.2.1": 150, "192.0.2.2": 150, "192.0.2.3": 100, "192.0.2.4": 100, "192.0.2.5": 100}
		for ip, n := range want {
			if first[ip] != n {
				t.Errorf("worker %d: %s came first %d times, want %d", i, ip, first[ip], n)
			}
		}
	}
}

// TestWeightedShares holds both levels to 1 percentage point over 100,000 queries.
// The bound is nine standard deviations, so chance does not break it.
func TestWeightedShares(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	n.load(t, []traffic.Object{zoneObj("example.com"),
		addr("a", "192.0.2.1"), addr("b", "192.0.2.2"), addr("c", "192.0.2.3"),
		pool("x", traffic.Weighted, member("a", 3), member("b", 1)), pool("y", traffic.Weighted, member("c", 1)),
		domain("w.example.com", "A", traffic.Weighted, inPool("x", 60), inPool("y", 40))})
	w := n.NewWorker(0, 1232)
	const total = 100_000
	got := map[[4]byte]int{}
	buf, req := make([]byte, 0, 512), query("w.example.com", "A", "")
	from := netip.MustParseAddrPort("8.8.8.8:53")
	for range total {
		out := w.Handle(buf[:0], req, from, false)
		got[[4]byte(out[len(out)-11-4:len(out)-11])]++ // the A record stands before the OPT record of 11 octets
	}
	for ip, share := range map[string]float64{"192.0.2.1": 45, "192.0.2.2": 15, "192.0.2.3": 40} {
		if p := 100 * float64(got[netip.MustParseAddr(ip).As4()]) / total; math.Abs(p-share) > 1 {
			t.Errorf("%s has %.2f %%, want %.0f", ip, p, share)
		}
	}
}

// TestDrawIsDistinct: answers 3 gives three different members, the first by weight.
func TestDrawIsDistinct(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	objs := []traffic.Object{zoneObj("example.com"), domain("w.example.com", "A", traffic.Sequential, inPool("x", 1))}
	p := pool("x", traffic.Weighted)
	p.Answers = 3
	for i := range 6 {
		a := addr(fmt.Sprint("a", i), fmt.Sprintf("192.0.2.%d", i+1))
		p.Members = append(p.Members, member(a.Name, 1+i*3))
		objs = append(objs, a)
	}
	n.load(t, append(objs, p))
	w := n.NewWorker(0, 1232)
	firstHeavy := 0
	for range 2000 {
		m := ask(t, w, "8.8.8.8", "w.example.com", "A", "")
		seen := map[string]bool{}
		for _, rr := range m.Answer {
			seen[rr.(*dns.A).A.String()] = true
		}
		if len(m.Answer) != 3 || len(seen) != 3 {
			t.Fatalf("want three different addresses, got %v", m.Answer)
		}
		if m.Answer[0].(*dns.A).A.String() == "192.0.2.6" {
			firstHeavy++
		}
	}
	// weight 16 of 51 is 31.4 %; 2000 draws have a deviation of 1 point
	if firstHeavy < 500 || firstHeavy > 760 {
		t.Errorf("the heaviest came first %d times of 2000, want about 627", firstHeavy)
	}
}

// TestNegativeAnswers: an access domain's name says NODATA for other types with the
// SOA, cached no longer than its own answers.
func TestNegativeAnswers(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	d := domain("gtm.example.com", "A", traffic.Sequential, inPool("x", 1))
	d.TTL = 20
	n.load(t, []traffic.Object{zoneObj("example.com"), addr("a", "192.0.2.1"), pool("x", traffic.RoundRobin, member("a", 1)), d})
	w := n.NewWorker(0, 1232)
	for _, c := range []struct {
		name, typ string
		rcode     int
		ttl       uint32
	}{{"gtm.example.com", "AAAA", dns.RcodeSuccess, 20}, {"gtm.example.com", "TXT", dns.RcodeSuccess, 20}, {"none.example.com", "A", dns.RcodeNameError, 60}, {"example.com", "A", dns.RcodeSuccess, 60}} {
		m := ask(t, w, "8.8.8.8", c.name, c.typ, "8.8.8.0/24")
		if m.Rcode != c.rcode || len(m.Answer) != 0 || len(m.Ns) != 1 || m.Ns[0].Header().Ttl != c.ttl || !m.Authoritative || scopeOf(m) != 0 {
			t.Errorf("%s %s: want an authoritative rcode %d with a SOA of TTL %d and scope 0, got %v", c.name, c.typ, c.rcode, c.ttl, m)
		}
	}
	if m := ask(t, w, "8.8.8.8", "elsewhere.org", "A", ""); m.Rcode != dns.RcodeRefused || m.Authoritative {
		t.Errorf("a name of nobody's zone: %v", m)
	}
}

// TestChainInOneResponse: www CNAME gtm is one response, and a client's place decides
// its end.
func TestChainInOneResponse(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	n.load(t, append(customLines(), zoneObj("example.com"), zoneObj("example.net"),
		&traffic.Record{Zone: "example.com", Name: "www", Type: "CNAME", TTL: 300, Data: []string{"gtm.example.net."}, Meta: traffic.Meta{Enabled: true}},
		addr("in", "192.0.2.1"), addr("out", "192.0.2.2"),
		pool("inside", traffic.Sequential, member("in", 1)), pool("outside", traffic.Sequential, member("out", 1)),
		domain("gtm.example.net", "A", traffic.Proximity, inPool("inside", 1, "lab"), inPool("outside", 1, "default"))))
	w := n.NewWorker(0, 1232)
	for _, c := range []struct {
		ecs, want string
		scope     int
	}{
		{"203.0.115.0/26", "192.0.2.1", 25},   // the line's network, whatever the source length
		{"203.0.115.128/25", "192.0.2.2", 25}, // its sibling must not share the answer
		{"203.0.114.0/24", "192.0.2.2", 24},
		{"10.1.5.0/24", "192.0.2.1", 16},    // private, but in a custom line
		{"10.2.0.0/16", "192.0.2.2", 15},    // private: the resolver decides, and the scope stops at the line
		{"192.168.7.0/24", "192.0.2.2", 16}, // never 0: the whole private block
	} {
		m := ask(t, w, "8.8.8.8", "www.example.com", "A", c.ecs)
		if len(m.Answer) != 2 || m.Answer[0].Header().Rrtype != dns.TypeCNAME || m.Answer[1].(*dns.A).A.String() != c.want {
			t.Errorf("from %s: want a CNAME and %s, got %v", c.ecs, c.want, m.Answer)
		}
		if got := scopeOf(m); got != c.scope {
			t.Errorf("from %s: scope %d, want %d", c.ecs, got, c.scope)
		}
	}
	// Source length 0: by the resolver's address, scope 0.
	m := ask(t, w, "203.0.115.9", "www.example.com", "A", "0.0.0.0/0")
	if len(m.Answer) != 2 || m.Answer[1].(*dns.A).A.String() != "192.0.2.1" || scopeOf(m) != 0 {
		t.Errorf("source length 0 from the lab's resolver: %v", m)
	}
}

// TestHealthTouchesOnlyItsPlans: names of equal content share a slot, and a verdict
// replaces plans of its own pool alone.
func TestHealthTouchesOnlyItsPlans(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "ping", traffic.Ping
	a, b := addr("a", "192.0.2.1"), addr("b", "192.0.2.2")
	a.Tasks = []traffic.Task{{Template: "ping", Enabled: true}}
	objs := []traffic.Object{zoneObj("example.com"), tpl, a, b, pool("x", traffic.Sequential, member("a", 1), member("b", 1)), pool("y", traffic.Sequential, member("b", 1))}
	for i := range 500 {
		objs = append(objs, domain(fmt.Sprintf("x%d.example.com", i), "A", traffic.Sequential, inPool("x", 1)),
			domain(fmt.Sprintf("y%d.example.com", i), "A", traffic.Sequential, inPool("y", 1)))
	}
	n.load(t, objs)
	if len(n.slots) != 2 {
		t.Fatalf("%d slots for 1000 names of two contents", len(n.slots))
	}
	x, y := n.domains[domain("x1.example.com", "A", "").Key()], n.domains[domain("y1.example.com", "A", "").Key()]
	px, py, view := x.Load(), y.Load(), n.View()
	k := traffic.TaskKey{Address: "a", Template: "ping"}
	n.health[k] = verdict.Verdict{State: verdict.Down}
	n.VerdictsChanged([]traffic.TaskKey{k})
	if x.Load() == px || y.Load() != py || n.View() != view {
		t.Error("want a new plan for x, the old one for y, and the same view")
	}
	w := n.NewWorker(0, 1232)
	if m := ask(t, w, "8.8.8.8", "x499.example.com", "A", ""); m.Answer[0].(*dns.A).A.String() != "192.0.2.2" {
		t.Errorf("x499: %v", m.Answer)
	}
}

// TestHandleAllocatesNothing: whatever is asked.
func TestHandleAllocatesNothing(t *testing.T) {
	n := newNode(1)
	g := newGen(3)
	n.load(t, append(g.config(), zoneObj("example.net"), addr("za", "192.0.2.1"), addr("zb", "192.0.2.2"),
		pool("zp", traffic.Weighted, member("za", 3), member("zb", 1)), pool("zr", traffic.RoundRobin, member("za", 3), member("zb", 1)),
		domain("w.example.net", "A", traffic.Proximity, inPool("zp", 1, "lab"), inPool("zr", 1, "default"))))
	w := n.NewWorker(0, 1232)
	buf := make([]byte, 0, 4096)
	from := netip.MustParseAddrPort("203.0.115.9:53")
	for _, q := range [][]byte{query("d0.example.com", "A", "203.0.115.0/26"), query("www.example.com", "A", ""), query("w.example.net", "A", "203.0.115.0/26"), query("w.example.net", "A", "8.8.8.0/24"),
		query("nope.example.com", "A", ""), query("x.wild.example.com", "AAAA", "2001:db9:1::/56"), query("a.sub.example.com", "A", ""), query("other.org", "A", ""), {1, 2, 3}} {
		if a := testing.AllocsPerRun(500, func() {
			w.Begin()
			w.Handle(buf, q, from, false)
			w.End()
		}); a != 0 {
			t.Errorf("%v allocations for a query of %d bytes, want 0", a, len(q))
		}
	}
}

func BenchmarkHandle(b *testing.B) {
	n := newNode(1)
	n.load(b, append(customLines(), zoneObj("example.net"), addr("za", "192.0.2.1"), addr("zb", "192.0.2.2"),
		pool("zp", traffic.Weighted, member("za", 3), member("zb", 1)),
		domain("w.example.net", "A", traffic.Proximity, inPool("zp", 1, "lab", "default"))))
	w := n.NewWorker(0, 1232)
	buf, req := make([]byte, 0, 4096), query("w.example.net", "A", "203.0.115.0/26")
	from := netip.MustParseAddrPort("203.0.115.9:53")
	b.ReportAllocs()
	for b.Loop() {
		w.Handle(buf, req, from, false)
	}
}

// BenchmarkHandleAlone is a batch of one query, as on a server that has time.
func BenchmarkHandleAlone(b *testing.B) {
	n := newNode(1)
	n.load(b, append(customLines(), zoneObj("example.net"), addr("za", "192.0.2.1"), addr("zb", "192.0.2.2"),
		pool("zp", traffic.Weighted, member("za", 3), member("zb", 1)),
		domain("w.example.net", "A", traffic.Proximity, inPool("zp", 1, "lab", "default"))))
	w := n.NewWorker(0, 1232)
	buf, req := make([]byte, 0, 4096), query("w.example.net", "A", "203.0.115.0/26")
	from := netip.MustParseAddrPort("203.0.115.9:53")
	b.ReportAllocs()
	for b.Loop() {
		w.Begin()
		w.Handle(buf, req, from, false)
		w.End()
	}
}

package resolve

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/plan"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// node is a State with the parts that package node would give it.
type node struct {
	*State
	mu      sync.Mutex
	health  healthMap
	current map[traffic.Key]traffic.Current
	maps    map[string]*line.Map
}

func newNode(workers int) *node {
	n := &node{health: healthMap{}, current: map[traffic.Key]traffic.Current{}, maps: map[string]*line.Map{}}
	n.State = NewState(Options{Workers: workers, Currents: n, Log: slog.New(slog.DiscardHandler),
		Map: func(h string) (*line.Map, error) {
			if m := n.maps[h]; m != nil {
				return m, nil
			}
			return nil, fmt.Errorf("map %s is not here", h)
		},
		Verdict: func(k traffic.TaskKey) verdict.Verdict { return n.health[k] }})
	return n
}

func (n *node) Get(k traffic.Key) (traffic.Current, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, ok := n.current[k]
	return c, ok
}

func (n *node) Move(k traffic.Key, member string) traffic.Current {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.current[k] = traffic.Current{Scope: k, Member: member, Epoch: n.current[k].Epoch + 1}
	return n.current[k]
}

func (n *node) load(t testing.TB, objs []traffic.Object) {
	t.Helper()
	if err := n.Apply(traffic.Position{Epoch: 1, Revision: 1}, true, puts(objs)); err != nil {
		t.Fatal(err)
	}
}

// query builds a request; ecs may be "".
func query(name, qtype, ecs string) []byte {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), dns.StringToType[qtype])
	m.RecursionDesired = true
	m.Id = 4711
	m.SetEdns0(4096, false)
	if ecs != "" {
		p := netip.MustParsePrefix(ecs)
		e := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(p.Bits()), Address: p.Addr().AsSlice()}
		if p.Addr().Is6() {
			e.Family = 2
		}
		m.IsEdns0().Option = append(m.IsEdns0().Option, e)
	}
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return b
}

func ask(t testing.TB, w *Worker, from, name, qtype, ecs string) *dns.Msg {
	t.Helper()
	w.Begin()
	out := w.Handle(nil, query(name, qtype, ecs), netip.AddrPortFrom(netip.MustParseAddr(from), 5353), false)
	w.End()
	m := new(dns.Msg)
	if err := m.Unpack(out); err != nil {
		t.Fatalf("%s %s: answer does not parse: %v", name, qtype, err)
	}
	return m
}

func rrs(list []dns.RR) []string {
	out := []string{}
	for _, rr := range list {
		if rr.Header().Rrtype != dns.TypeOPT {
			out = append(out, strings.Join(strings.Fields(rr.String()), " "))
		}
	}
	return out
}

func scopeOf(m *dns.Msg) int {
	if o := m.IsEdns0(); o != nil {
		for _, x := range o.Option {
			if e, ok := x.(*dns.EDNS0_SUBNET); ok {
				return int(e.SourceScope)
			}
		}
	}
	return -1
}

// clients lie inside, beside and outside the custom lines, private ones included.
var clients = []string{"203.0.112.0/24", "203.0.115.0/26", "203.0.115.128/25", "203.0.116.7/32", "198.51.100.0/24", "100.1.2.3/32", "100.1.2.0/24",
	"10.1.5.0/24", "10.2.0.0/16", "192.168.7.0/24", "2001:db9::/48", "2001:db9:1::/56", "2001:dba::/40", "2a00:1450::/32", "8.8.8.0/24"}

// TestExplainEqualsWire holds explain to the bytes on the wire: over random
// configurations, health and clients, the answer sent is one that the explanation
// allows, with its rcode, TTLs and scope. Where nothing rotates and nothing is
// drawn, it allows exactly one.
func TestExplainEqualsWire(t *testing.T) {
	t.Parallel()
	cases, exact := 0, 0
	for seed := uint64(0); cases < 10_000; seed++ {
		g := newGen(seed)
		objs := g.config()
		n := newNode(1)
		n.health = g.health(objs, pickOne(g, 0, 30, 60, 100))
		if g.chance(20) {
			n.Lapse(map[string]bool{"o0": true})
		}
		n.load(t, append(objs, n.useMap(g.randomMap())))
		if g.chance(20) {
			n.Lapse(map[string]bool{"o1": true})
		}
		w := n.NewWorker(0, 4096)
		for range 20 {
			name := pickOne(g, "d0", "d0", "d1", "d2", "d3", "www", "x.wild", "plain", "a.sub", "nope", "@") + ".example.com"
			name = strings.TrimPrefix(name, "@.")
			qtype := pickOne(g, "A", "A", "A", "AAAA", "CNAME", "TXT", "MX")
			ecs := clients[g.IntN(len(clients))]
			from := pickOne(g, "8.8.4.4", "203.0.115.9", "127.0.0.1")
			x, err := n.Explain(steer.Question{Name: name, Type: qtype, Client: ecs, Resolver: from})
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			m := ask(t, w, from, name, qtype, ecs)
			if why := disagree(x, m); why != "" {
				t.Fatalf("seed %d: %s %s from %s at %s: %s\nwire %v\nexplained %+v", seed, name, qtype, ecs, from, why, m, x)
			}
			if deterministic(x) {
				exact++
				if got := rrs(m.Answer); !slices.Equal(got, recordTexts(x.Answer)) {
					t.Fatalf("seed %d: %s %s: wire %v, explained %v", seed, name, qtype, got, x.Answer)
				}
			}
			cases++
		}
	}
	if exact < cases/4 {
		t.Errorf("only %d of %d cases were exact; the generator has drifted", exact, cases)
	}
}

func recordTexts(list []steer.Record) []string {
	out := []string{}
	for _, r := range list {
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %d IN %s %s", r.Name, r.TTL, r.Type, r.Data)), " "))
	}
	return out
}

func deterministic(x steer.Explanation) bool {
	for _, s := range x.Steps {
		if len(s.Candidates) > 1 {
			return false
		}
		for _, c := range s.Candidates {
			if c.Rule != "first" && len(c.Data) > 1 {
				return false
			}
		}
	}
	return true
}

// disagree compares an explanation with a response and says where they differ.
func disagree(x steer.Explanation, m *dns.Msg) string {
	answers := m.Answer
	want := x.Answer
	// A chain may go on differently after a choice among several CNAMEs, so only the
	// names up to the first such choice are compared here.
	for _, s := range x.Steps {
		if s.Kind != "access_domain" {
			if len(want) == 0 {
				break
			}
			n := 0
			for n < len(want) && strings.TrimSuffix(want[n].Name, ".") == strings.TrimSuffix(s.Name, ".") || n < len(want) && s.Kind == "dname" {
				n++
			}
			if len(answers) < n {
				return "answer is too short"
			}
			if got := rrs(answers[:n]); !slices.Equal(got, recordTexts(want[:n])) {
				return fmt.Sprintf("at %s: %v", s.Name, got)
			}
			answers, want = answers[n:], want[n:]
			continue
		}
		n := 0
		for n < len(answers) && answers[n].Header().Name == dns.Fqdn(s.Name) {
			n++
		}
		if why := allowed(s, answers[:n], m.Question[0].Qtype); why != "" {
			return fmt.Sprintf("at %s: %s", s.Name, why)
		}
		if len(s.Candidates) != 1 || len(s.Candidates[0].Data) != 1 {
			return "" // what follows depends on the choice
		}
		if n > 0 {
			answers, want = answers[n:], want[n:]
		}
	}
	if got := dns.RcodeToString[m.Rcode]; got != x.Rcode {
		return "rcode is " + got
	}
	if got := scopeOf(m); got != x.Scope {
		return fmt.Sprintf("scope is %d", got)
	}
	return ""
}

// allowed checks one access domain's records against its candidates.
func allowed(s steer.Step, got []dns.RR, qtype uint16) string {
	if len(got) == 0 {
		if len(s.Candidates) == 0 {
			return ""
		}
		for _, c := range s.Candidates {
			if c.Type != "CNAME" && dns.StringToType[c.Type] != qtype {
				return "" // another type of an address pool: NODATA
			}
		}
		return "no record, but candidates"
	}
	var data []string
	for _, rr := range got {
		if rr.Header().Ttl != s.TTL {
			return fmt.Sprintf("TTL %d, want %d", rr.Header().Ttl, s.TTL)
		}
		data = append(data, strings.Fields(rr.String())[4])
	}
	for _, c := range s.Candidates {
		if len(data) != min(c.Answers, len(c.Data)) {
			continue
		}
		at := slices.Index(c.Data, data[0])
		if at < 0 {
			continue
		}
		ok := c.Rule != "first" || at == 0
		for i, d := range data {
			switch c.Rule {
			case "draw":
				ok = ok && slices.Contains(c.Data, d) && !slices.Contains(data[:i], d)
			default:
				ok = ok && c.Data[(at+i)%len(c.Data)] == d
			}
		}
		if ok {
			return ""
		}
	}
	return fmt.Sprintf("%v is in no candidate set %+v", data, s.Candidates)
}

// TestIncrementsEqualWhole applies the same changes one by one, as a whole, and in
// two ways of bundling, under the same health: the answers must be equal.
func TestIncrementsEqualWhole(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		g := newGen(1000 + seed)
		first, second := g.config(), g.config()
		inc := newNode(1)
		inc.load(t, first)
		d := traffic.NewDraft(inc.model)
		d.Delete(traffic.Key{Kind: traffic.KindZone, Name: "none"})
		keep := map[traffic.Key]bool{}
		for _, o := range second {
			d.Put(o)
			keep[o.Key()] = true
		}
		for _, k := range traffic.Kinds {
			for _, name := range inc.model.Names(k) {
				if key := (traffic.Key{Kind: k, Name: name}); !keep[key] && k != traffic.KindSettings {
					d.Delete(key)
				}
			}
		}
		if r := d.Check(); !r.OK() {
			t.Fatalf("seed %d: %v", seed, r.Err())
		}
		health := g.health(second, 40)
		changes := d.Changes()
		if err := inc.Apply(traffic.Position{Epoch: 1, Revision: 2}, false, changes); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		inc.health = health
		var tasks []traffic.TaskKey
		for k := range health {
			tasks = append(tasks, k)
		}
		inc.VerdictsChanged(tasks)

		whole := newNode(1)
		whole.health = health
		whole.current = inc.current // who is current is history, not configuration
		whole.load(t, second)
		if a, b := digest(inc.State), digest(whole.State); !bytes.Equal(a, b) {
			t.Fatalf("seed %d: %d bytes of plans by increments, %d as a whole, and they differ", seed, len(a), len(b))
		}
		if a, b := inc.View().Names(), whole.View().Names(); a != b {
			t.Errorf("seed %d: %d names by increments, %d as a whole", seed, a, b)
		}
		wi, ww := inc.NewWorker(0, 4096), whole.NewWorker(0, 4096)
		for _, name := range []string{"d0.example.com", "d1.example.com", "d2.example.com", "d3.example.com", "www.example.com", "example.com", "a.wild.example.com"} {
			for _, qt := range []string{"A", "AAAA", "CNAME", "SOA", "TXT"} {
				// The same random source: rotation and draws must then agree as well.
				wi.rng, ww.rng = plan.NewRand(7), plan.NewRand(7)
				alignTurns(inc.State, whole.State)
				a := ask(t, wi, "8.8.8.8", name, qt, "203.0.115.0/26")
				b := ask(t, ww, "8.8.8.8", name, qt, "203.0.115.0/26")
				if a.String() != b.String() {
					t.Errorf("seed %d: %s %s\nincrements %v\nwhole %v", seed, name, qt, a, b)
				}
			}
		}
	}
}

// digest is equal for states whose access domains answer alike.
func digest(s *State) []byte {
	var keys []string
	for k := range s.domains {
		keys = append(keys, k.Name)
	}
	slices.Sort(keys)
	var b []byte
	for _, k := range keys {
		b = append(b, k...)
		b = append(b, s.domains[traffic.Key{Kind: traffic.KindAccessDomain, Name: k}].Load().Digest()...)
	}
	return b
}

// alignTurns makes rotation begin at one place on both sides.
func alignTurns(states ...*State) {
	for _, s := range states {
		v := s.View()
		w := s.NewWorker(0, 512)
		for k := range s.domains {
			name, _, _ := strings.Cut(k.Name, "/")
			for _, qt := range []uint16{dnswire.TypeA, dnswire.TypeAAAA, dnswire.TypeCNAME} {
				if res := v.Lookup(&w.Walk, plan.WireName(name), qt); res.Slot != nil {
					res.Slot.ResetTurns()
				}
			}
		}
	}
}

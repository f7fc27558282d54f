package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// drawn is a small configuration with verdicts.
func drawn(t *rapid.T) (*traffic.Model, *traffic.AccessDomain, map[string]bool) {
	pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
	lines := func() []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"office", "cn-gd", "cn", "telecom", "default"}), 1, 2, rapid.ID).Draw(t, "lines")
	}
	steering := func() traffic.Steering {
		s := traffic.Steering{Policy: traffic.Policy(pick("policy", "proximity", "sequential", "round_robin", "weighted"))}
		if s.Policy == traffic.Sequential {
			s.Mode = pick("mode", "preemptive", "non_preemptive")
		}
		return s
	}
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "t", traffic.Ping
	zone := traffic.New(traffic.KindZone).(*traffic.Zone)
	zone.Name, zone.Enabled = "example.com", pick("zone", "on", "on", "off") == "on"
	office := traffic.New(traffic.KindLine).(*traffic.Line)
	office.Name, office.CIDRs = "office", []string{"192.0.2.0/24"}
	objs := []traffic.Object{tpl, zone, office}
	down := map[string]bool{}
	names := []string{"a0", "a1", "a2", "a3"}
	for i, n := range names {
		a := traffic.New(traffic.KindAddress).(*traffic.Address)
		a.Name, a.Address, a.Labels = n, fmt.Sprint("192.0.2.", i+1), map[string]string{"site": pick("site", "hz", "sh")}
		a.Mode = traffic.Mode(pick("mode", "auto", "auto", "auto", "manual_available", "manual_unavailable"))
		a.Tasks = []traffic.Task{{Template: "t", Enabled: pick("task", "on", "on", "off") == "on"}}
		down[n] = rapid.Bool().Draw(t, "down")
		objs = append(objs, a)
	}
	d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
	d.Name, d.Type, d.Steering, d.Unmatched, d.AllDown = "www.example.com", "A", steering(), pick("unmatched", "fallback", "nodata"), pick("all down", "serve_all", "nodata")
	for i := range 3 {
		p := traffic.New(traffic.KindPool).(*traffic.Pool)
		p.Name, p.Steering, p.Judgement = fmt.Sprint("p", i), steering(), traffic.Judgement(pick("judgement", "any_ok", "all_ok"))
		for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID).Draw(t, "members") {
			p.Members = append(p.Members, traffic.Member{Address: a, Link: traffic.Link{Weight: rapid.IntRange(1, 3).Draw(t, "weight"), Enabled: pick("member", "on", "on", "off") == "on", Lines: lines()}})
		}
		objs = append(objs, p)
		d.Pools = append(d.Pools, traffic.PoolMember{Pool: p.Name, Link: traffic.Link{Weight: 1, Enabled: pick("link", "on", "on", "off") == "on", Lines: lines()}})
	}
	objs = append(objs, d)
	for i := range rapid.IntRange(0, 2).Draw(t, "overrides") {
		o := &traffic.Override{ID: fmt.Sprint("o", i), Action: traffic.Action(pick("action", "drain", "enable")), Author: "ann"}
		if o.Target = pick("target", "", "address/a0", "pool/p0", "access-domain/www.example.com/A"); o.Target == "" {
			o.Selector = "site=hz"
		}
		objs = append(objs, o)
	}
	m := traffic.NewModel()
	for _, o := range objs {
		o.Normalize()
		m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
	}
	return m, d, down
}

// TestThePictureSaysWhatExplainSays: for every class of clients the picture takes the
// pools and addresses that explain takes, and calls each as available as explain does.
func TestThePictureSaysWhatExplainSays(t *testing.T) {
	t.Parallel()
	world, err := line.NewWorld(nil, []line.Custom{{Name: "office"}})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		m, d, down := drawn(t)
		h := steer.Health{Verdict: func(k traffic.TaskKey) verdict.Verdict {
			if down[k.Address] {
				return verdict.Verdict{State: verdict.Down}
			}
			return verdict.Verdict{State: verdict.Up}
		}}
		g, nodes := DrawDomain(Source{Model: m, Health: h, World: world}, d)
		if z := m.Zone("example.com"); g.Domain.Answered != z.Enabled {
			t.Fatalf("answered %v, zone %v", g.Domain.Answered, z.Enabled)
		}
		for _, n := range nodes {
			*n.Into = traffic.Encode(n.Object)
		}
		if _, err := json.Marshal(g); err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, a := range g.Addresses {
			seen[a.Name]++
		}
		for _, n := range g.Lines {
			e := &steer.Engine{Config: m, Verdict: h.Verdict}
			chain, _ := world.ChainOf(n.Line)
			dec, tr := e.Explain(d, steer.Client{Lines: chain})
			if dec.Basis != n.Outcome.Basis || dec.Reason.String() != n.Outcome.Reason {
				t.Fatalf("%s: explain says %s, the picture %s", n.Line, dec.Reason, n.Outcome.Reason)
			}
			for _, c := range tr.Pools {
				i := slices.IndexFunc(g.Pools, func(p PoolNode) bool { return p.Name == c.Name })
				j := slices.IndexFunc(g.Domain.Links, func(l Link) bool { return l.To == c.Name })
				p, l := g.Pools[i], g.Domain.Links[j]
				picked := len(dec.Picks) > 0 && c.Taken
				if got := slices.Contains(l.Taken, n.Line); got != picked {
					t.Fatalf("%s for %s: explain takes it %v, the picture %v", c.Name, n.Line, picked, got)
				}
				if l.Enabled && (p.Available != c.Available || p.State.State.String() != c.State) {
					t.Fatalf("%s: explain says %v %s, the picture %v %s", c.Name, c.Available, c.State, p.Available, p.State.State)
				}
				if picked && dec.Basis != steer.LastResort && !l.Reachable {
					t.Fatalf("%s is taken and unreachable: %v", c.Name, l.Because)
				}
				for _, a := range c.Addresses {
					al := p.Links[slices.IndexFunc(p.Links, func(l Link) bool { return l.To == a.Name })]
					if got := slices.Contains(al.Taken, n.Line); got != (picked && a.Taken) {
						t.Fatalf("%s of %s for %s: explain takes it %v, the picture %v", a.Name, c.Name, n.Line, a.Taken, got)
					}
					if seen[a.Name] != 1 {
						t.Fatalf("%s stands %d times", a.Name, seen[a.Name])
					}
				}
			}
		}
		if g.LastResort.Active && !g.LastResort.Possible {
			t.Fatal("the last resort is active and impossible")
		}
	})
}

func TestThePictureOfAPoolNamesItsDomains(t *testing.T) {
	t.Parallel()
	m := traffic.NewModel()
	put := func(o traffic.Object) {
		o.Normalize()
		m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
	}
	a := traffic.New(traffic.KindAddress).(*traffic.Address)
	a.Name, a.Address, a.Location = "a", "192.0.2.1", &traffic.Location{Latitude: 30, Longitude: 120}
	put(a)
	p := traffic.New(traffic.KindPool).(*traffic.Pool)
	p.Name, p.Members = "p", []traffic.Member{{Address: "a", Link: traffic.Link{Weight: 1, Enabled: true}}}
	put(p)
	empty := traffic.New(traffic.KindPool).(*traffic.Pool)
	empty.Name = "empty"
	put(empty)
	for i := range mostDomains + 5 {
		d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		d.Name, d.Type, d.Pools = fmt.Sprintf("d%d.example.com", i), "A", []traffic.PoolMember{{Pool: "p", Link: traffic.Link{Weight: 1, Enabled: i != 7}}}
		put(d)
	}
	g, _ := DrawPool(Source{Model: m, Health: control.AllGood()}, p)
	if len(g.Domains) != mostDomains || g.More != 5 || g.Domains[0].Name != "d7.example.com" || g.Domains[0].Health != steer.GradeExceptional || g.Pool.UsedBy[traffic.KindAccessDomain] != mostDomains+5 {
		t.Errorf("%d domains and %d more, first %+v", len(g.Domains), g.More, g.Domains[0])
	}
	if n := g.Addresses[0]; n.Health != steer.GradeUnmonitored || n.Place.Source != "configured" || n.UsedBy[traffic.KindAccessDomain] != mostDomains+5 {
		t.Errorf("address %+v", n)
	}
	if g, _ := DrawPool(Source{Model: m, Health: control.AllGood()}, empty); g.Pool.Health != steer.GradeExceptional || g.Pool.Available || g.Pool.State.State.Code() != "state.no_address" {
		t.Errorf("empty pool %+v", g.Pool)
	}
}

// BenchmarkDraw draws an access domain over 100 pools of 100 addresses.
func BenchmarkDraw(b *testing.B) {
	m := traffic.NewModel()
	put := func(o traffic.Object) {
		o.Normalize()
		m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
	}
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "t", traffic.Ping
	put(tpl)
	d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
	d.Name, d.Type, d.Policy = "www.example.com", "A", traffic.Proximity
	codes := []string{"default", "cn", "telecom", "unicom", "mobile", "us", "jp", "de", "asia", "europe"}
	for i := range 100 {
		p := traffic.New(traffic.KindPool).(*traffic.Pool)
		p.Name = fmt.Sprint("p", i)
		for j := range 100 {
			a := traffic.New(traffic.KindAddress).(*traffic.Address)
			a.Name, a.Address, a.Tasks = fmt.Sprintf("a%d-%d", i, j), fmt.Sprintf("10.0.%d.%d", i, j), []traffic.Task{{Template: "t", Enabled: true}}
			put(a)
			p.Members = append(p.Members, traffic.Member{Address: a.Name, Link: traffic.Link{Weight: 1, Enabled: true}})
		}
		put(p)
		d.Pools = append(d.Pools, traffic.PoolMember{Pool: p.Name, Link: traffic.Link{Weight: 1, Enabled: true, Lines: []string{codes[i%len(codes)]}}})
	}
	put(d)
	h := steer.Health{Verdict: func(k traffic.TaskKey) verdict.Verdict {
		if k.Address[len(k.Address)-1] == '7' {
			return verdict.Verdict{State: verdict.Down}
		}
		return verdict.Verdict{State: verdict.Up}
	}}
	b.ReportAllocs()
	for b.Loop() {
		g, nodes := DrawDomain(Source{Model: m, Health: h}, d)
		for _, n := range nodes {
			*n.Into = traffic.Encode(n.Object)
		}
		if _, err := json.Marshal(g); err != nil || len(g.Addresses) != 10_000 {
			b.Fatal(err, len(g.Addresses))
		}
	}
}

package resolve

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// gen makes random but valid configurations over few names, so that rules meet.
type gen struct {
	*rand.Rand
	lines []string
}

func newGen(seed uint64) *gen {
	return &gen{Rand: rand.New(rand.NewPCG(seed, 42)), lines: []string{"default", "office", "lab", "vpn", "cn", "telecom", "us"}}
}

func pickOne[T any](g *gen, of ...T) T { return of[g.IntN(len(of))] }

func (g *gen) chance(percent int) bool { return g.IntN(100) < percent }

func (g *gen) someLines() []string {
	out := []string{}
	for range 1 + g.IntN(2) {
		if l := g.lines[g.IntN(len(g.lines))]; !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

func (g *gen) link(pos int) traffic.Link {
	l := traffic.Link{Serial: pos + 1, Weight: 1 + g.IntN(5), Lines: g.someLines(), Enabled: g.chance(90)}
	if g.chance(20) {
		l.Serial = 1 + g.IntN(5)
	}
	return l
}

func (g *gen) steering() traffic.Steering {
	s := traffic.Steering{Policy: pickOne(g, traffic.Proximity, traffic.Sequential, traffic.RoundRobin, traffic.Weighted)}
	if s.Policy == traffic.Sequential && g.chance(40) {
		s.Mode = traffic.NonPreemptive
	}
	return s
}

// customLines overlap on purpose: office holds lab, and vpn stands apart in v6 too.
func customLines() []traffic.Object {
	return []traffic.Object{
		&traffic.Line{Name: "office", CIDRs: []string{"203.0.112.0/20", "2001:db9::/32"}, Meta: traffic.Meta{Enabled: true}},
		&traffic.Line{Name: "lab", CIDRs: []string{"203.0.115.0/25", "2001:db9:1::/48", "10.1.0.0/16"}, Meta: traffic.Meta{Enabled: true}},
		&traffic.Line{Name: "vpn", CIDRs: []string{"100.1.2.3/32", "2001:dba::/40"}, Meta: traffic.Meta{Enabled: true}},
	}
}

// config returns objects that pass every check.
func (g *gen) config() []traffic.Object {
	for {
		objs := g.try()
		d := traffic.NewDraft(traffic.NewModel())
		for _, o := range objs {
			d.Put(o)
		}
		if d.Check().OK() {
			return objs
		}
	}
}

func (g *gen) try() []traffic.Object {
	objs := customLines()
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "ping", traffic.Ping
	tpl6 := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl6.Name, tpl6.Protocol, tpl6.IPVersion = "ping6", traffic.Ping, "IPv6"
	objs = append(objs, tpl, tpl6)
	z := traffic.New(traffic.KindZone).(*traffic.Zone)
	z.Name, z.Serial = "example.com", 2026112201
	objs = append(objs, z,
		&traffic.Record{Zone: "example.com", Name: "www", Type: "CNAME", TTL: 300, Data: []string{"d0.example.com."}, Meta: traffic.Meta{Enabled: true}},
		&traffic.Record{Zone: "example.com", Name: "*.wild", Type: "CNAME", TTL: 120, Data: []string{"d1.example.com."}, Meta: traffic.Meta{Enabled: true}},
		&traffic.Record{Zone: "example.com", Name: "plain", Type: "TXT", TTL: 10, Data: []string{`"x"`}, Meta: traffic.Meta{Enabled: true}},
		&traffic.Record{Zone: "example.com", Name: "sub", Type: "NS", TTL: 10, Data: []string{"ns.sub.example.com."}, Meta: traffic.Meta{Enabled: true}})
	families := map[traffic.Family][]string{}
	for i := range 4 + g.IntN(5) {
		a := traffic.New(traffic.KindAddress).(*traffic.Address)
		a.Name = fmt.Sprintf("a%d", i)
		f := pickOne(g, traffic.IPv4, traffic.IPv4, traffic.IPv4, traffic.IPv6, traffic.Domain)
		switch f {
		case traffic.IPv4:
			a.Address = fmt.Sprintf("198.18.0.%d", i+1)
			a.Tasks = []traffic.Task{{Template: "ping", Enabled: true}}
		case traffic.IPv6:
			a.Address = fmt.Sprintf("2001:db8::%d", i+1)
			a.Tasks = []traffic.Task{{Template: "ping6", Enabled: true}}
		default:
			a.Address = pickOne(g, fmt.Sprintf("c%d.cdn.example.org", i), "d0.example.com", "plain.example.com")
		}
		a.Enabled = g.chance(90)
		a.Labels = g.someLabels()
		a.Mode = pickOne(g, traffic.Auto, traffic.Auto, traffic.Auto, traffic.Auto, traffic.ManualAvailable, traffic.ManualUnavailable)
		families[f] = append(families[f], a.Name)
		objs = append(objs, a)
	}
	pools := map[traffic.Family][]string{}
	for i := range 2 + g.IntN(4) {
		p := traffic.New(traffic.KindPool).(*traffic.Pool)
		p.Name = fmt.Sprintf("p%d", i)
		p.Type = pickOne(g, traffic.IPv4, traffic.IPv4, traffic.IPv6, traffic.Domain)
		p.Steering = g.steering()
		p.Judgement = pickOne(g, traffic.AnyOK, traffic.P50OK, traffic.AllOK)
		if (p.Policy == traffic.Weighted || p.Policy == traffic.RoundRobin) && p.Type != traffic.Domain && g.chance(40) {
			p.Answers = 1 + g.IntN(3)
		}
		p.Enabled = g.chance(95)
		p.Labels = g.someLabels()
		for j, a := range families[p.Type] {
			if g.chance(70) {
				p.Members = append(p.Members, traffic.Member{Address: a, Link: g.link(j)})
			}
		}
		pools[p.Type] = append(pools[p.Type], p.Name)
		objs = append(objs, p)
	}
	for i := range 1 + g.IntN(4) {
		d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		d.Name = fmt.Sprintf("d%d.example.com", i)
		d.Type = pickOne(g, "A", "A", "AAAA", "CNAME")
		d.TTL = uint32(1 + g.IntN(300))
		d.Steering = g.steering()
		d.Unmatched = pickOne(g, traffic.UnmatchedFallback, traffic.UnmatchedNoData)
		d.AllDown = pickOne(g, traffic.AllDownServe, traffic.AllDownServe, traffic.AllDownNoData)
		d.Enabled = g.chance(90)
		fit := map[string][]traffic.Family{"A": {traffic.IPv4, traffic.IPv4, traffic.Domain}, "AAAA": {traffic.IPv6}, "CNAME": {traffic.Domain}}[d.Type]
		n := 0
		for _, p := range append(slices.Clone(pools[fit[0]]), pools[fit[len(fit)-1]]...) {
			if g.chance(60) && !slices.ContainsFunc(d.Pools, func(m traffic.PoolMember) bool { return m.Pool == p }) {
				d.Pools = append(d.Pools, traffic.PoolMember{Pool: p, Link: g.link(n)})
				n++
			}
		}
		objs = append(objs, d)
	}
	for i := range pickOne(g, 0, 0, 1, 2, 4) {
		objs = append(objs, g.override(i, objs))
	}
	return objs
}

func (g *gen) someLabels() map[string]string {
	if g.chance(50) {
		return nil
	}
	return map[string]string{"site": pickOne(g, "hz", "sh"), "tier": pickOne(g, "1", "2")}
}

// override orders something about one of the objects, or about those with a label.
func (g *gen) override(n int, objs []traffic.Object) *traffic.Override {
	o := &traffic.Override{ID: fmt.Sprintf("o%d", n), Action: pickOne(g, traffic.Drain, traffic.Drain, traffic.Enable), Author: "ann"}
	for o.Target == "" && o.Selector == "" {
		if g.chance(40) {
			o.Selector = pickOne(g, "site=hz", "tier=2", "site=sh,tier=1")
		} else {
			o.Target = traffic.TargetOf(objs[g.IntN(len(objs))].Key())
		}
	}
	return o
}

// health draws verdicts for every task of a configuration.
type healthMap map[traffic.TaskKey]verdict.Verdict

func (g *gen) health(objs []traffic.Object, percentDown int) healthMap {
	h := healthMap{}
	for _, o := range objs {
		a, ok := o.(*traffic.Address)
		if !ok {
			continue
		}
		for _, t := range a.Tasks {
			v := verdict.Verdict{State: verdict.Up}
			if g.chance(percentDown) {
				v.State = verdict.Down
			}
			h[traffic.TaskKey{Address: a.Name, Template: t.Template}] = v
		}
	}
	return h
}

func puts(objs []traffic.Object) []traffic.Change {
	d := traffic.NewDraft(traffic.NewModel())
	for _, o := range objs {
		d.Put(o)
	}
	return d.Changes()
}

package steer

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// TestReachIsWhatPoliciesTake draws small worlds and tries every state of health with
// clients of every line: what is said to be unreachable is never taken, and where pools
// share no address and nothing stays, what is said to be reachable is taken by some.
func TestReachIsWhatPoliciesTake(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
		on := func(what string) bool { return pick(what, "yes", "yes", "yes", "no") == "yes" }
		steering := func(what string) traffic.Steering {
			return traffic.Steering{Policy: traffic.Policy(pick(what, "proximity", "sequential", "round_robin", "weighted"))}
		}
		lines := func(what string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"office", "off", "cn-gd", "cn", "default"}), 1, 3, rapid.ID).Draw(t, what)
		}
		tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
		tpl.Name, tpl.Protocol = "t", traffic.Ping
		office := traffic.New(traffic.KindLine).(*traffic.Line)
		office.Name, office.CIDRs = "office", []string{"192.0.2.0/24"}
		off := traffic.New(traffic.KindLine).(*traffic.Line)
		off.Name, off.CIDRs, off.Enabled = "off", []string{"192.0.3.0/24"}, false
		objs := []traffic.Object{tpl, office, off}
		names := []string{"a0", "a1", "a2", "a3", "a4"}
		for i, n := range names {
			a := traffic.New(traffic.KindAddress).(*traffic.Address)
			a.Name, a.Address, a.Enabled = n, fmt.Sprint("192.0.2.", i+1), on("address")
			a.Mode = traffic.Mode(pick("mode", "auto", "auto", "auto", "manual_available", "manual_unavailable"))
			if on("watched") {
				a.Tasks = []traffic.Task{{Template: "t", Enabled: true}}
			}
			objs = append(objs, a)
		}
		shared := rapid.Bool().Draw(t, "shared")
		d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		d.Name, d.Type, d.Steering, d.Unmatched = "www.example.com", "A", steering("policy"), pick("unmatched", "fallback", "nodata")
		left := names
		for i := range 3 {
			p := traffic.New(traffic.KindPool).(*traffic.Pool)
			p.Name, p.Enabled, p.Steering, p.Judgement = fmt.Sprint("p", i), on("pool"), steering("inner policy"), traffic.Judgement(pick("judgement", "any_ok", "p50_ok", "all_ok"))
			of := left
			if shared {
				of = names
			}
			if len(of) > 0 {
				for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 2, rapid.ID).Draw(t, "members") {
					p.Members = append(p.Members, traffic.Member{Address: a, Link: traffic.Link{Serial: rapid.IntRange(1, 3).Draw(t, "serial"), Weight: 1, Enabled: on("member"), Lines: lines("inner lines")}})
					left = slices.DeleteFunc(slices.Clone(left), func(n string) bool { return n == a })
				}
			}
			objs = append(objs, p)
			if on("linked") {
				d.Pools = append(d.Pools, traffic.PoolMember{Pool: p.Name, Link: traffic.Link{Serial: rapid.IntRange(1, 3).Draw(t, "serial"), Weight: 1, Enabled: on("link"), Lines: lines("lines")}})
			}
		}
		objs = append(objs, d)
		for i := range rapid.IntRange(0, 2).Draw(t, "overrides") {
			objs = append(objs, &traffic.Override{ID: fmt.Sprint("o", i), Action: traffic.Action(pick("action", "drain", "enable")), Author: "ann",
				Target: pick("target", "address/a0", "address/a1", "pool/p0", "pool/p1", "access-domain/www.example.com/A")})
		}
		m := traffic.NewModel()
		for _, o := range objs {
			o.Normalize()
			m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
		}

		pools, addresses := map[string]bool{}, map[string]bool{}
		clients := [][]string{{"office", "default"}, {"office", "cn-gd", "cn", "default"}, {"cn-gd", "cn", "default"}, {"cn", "default"}, {"default"}}
		for state := range 1 << len(names) {
			e := &Engine{Config: m, Verdict: func(k traffic.TaskKey) verdict.Verdict {
				if state>>slices.Index(names, k.Address)&1 == 1 {
					return verdict.Verdict{State: verdict.Down}
				}
				return verdict.Verdict{State: verdict.Up}
			}}
			for _, chain := range clients {
				dec := e.Decide(d, Client{Lines: chain})
				if dec.Basis == LastResort {
					continue
				}
				for _, p := range dec.Picks {
					pools[p.Pool] = true
					for _, a := range p.Entries {
						addresses[p.Pool+" "+a.Address] = true
					}
				}
			}
		}
		e := &Engine{Config: m, Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }}
		drained := e.over(d) != nil && e.over(d).Action == traffic.Drain
		for i, r := range e.DomainReach(d) {
			name := d.Pools[i].Pool
			if r.Reachable == !r.Because.IsZero() {
				t.Fatalf("%s: reachable %v because %q", name, r.Reachable, r.Because)
			}
			if !r.Reachable && pools[name] {
				t.Fatalf("%s is taken, but unreachable: %s", name, r.Because)
			}
			if !shared && r.Reachable && !pools[name] && !drained {
				t.Fatalf("%s is never taken, but reachable", name)
			}
			p := m.Pool(name)
			for j, ar := range e.PoolReach(p, d) {
				a := name + " " + p.Members[j].Address
				if !ar.Reachable && addresses[a] {
					t.Fatalf("%s is taken, but unreachable: %s", a, ar.Because)
				}
			}
		}
	})
}

// TestGradesFollowAvailability holds grades against the engine's own states where no
// override and no hand decides.
func TestGradesFollowAvailability(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, down, _ := orderly(t)
		e := &Engine{Config: declared{m}, Verdict: func(k traffic.TaskKey) verdict.Verdict {
			if down[k.Address] {
				return verdict.Verdict{State: verdict.Down}
			}
			return verdict.Verdict{State: verdict.Up}
		}}
		for i := range 5 {
			a := m.Address(fmt.Sprint("a", i))
			g, s := e.AddressGrade(a.Name), e.Address(a.Name)
			if want := map[bool]Grade{true: GradeExceptional, false: GradeOK}[down[a.Name]]; a.Enabled && g != want || !a.Enabled && g != GradeDisabled {
				t.Fatalf("%s is graded %s, down %v", a.Name, g, down[a.Name])
			}
			if a.Mode == traffic.Auto && a.Enabled && s.Available != (g != GradeExceptional) {
				t.Fatalf("%s is graded %s, available %v", a.Name, g, s.Available)
			}
		}
		for i := range 3 {
			p := m.Pool(fmt.Sprint("p", i))
			if g, s := e.PoolGrade(p.Name), e.Pool(p.Name); s.Available == (g == GradeExceptional) || g == GradeOK && s.OK < s.Total {
				t.Fatalf("%s is graded %s, %d of %d", p.Name, g, s.OK, s.Total)
			}
		}
		for i := range 2 {
			d := m.AccessDomain(fmt.Sprintf("d%d.example.com", i), "A")
			if g := e.DomainGrade(d); e.Domain(d) == (g == GradeExceptional) {
				t.Fatalf("%s is graded %s, available %v", d.Name, g, e.Domain(d))
			}
		}
	})
}

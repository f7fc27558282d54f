package steer

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// orderly draws a small world: two sites with addresses and pools that carry their label,
// access domains over the pools, verdicts and overrides.
func orderly(t *rapid.T) (*traffic.Model, map[string]bool, []*traffic.Override) {
	pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "t", traffic.Ping
	objs := []traffic.Object{tpl}
	down := map[string]bool{}
	site := func(what string) map[string]string {
		if s := pick(what, "", "hz", "sh"); s != "" {
			return map[string]string{"site": s}
		}
		return nil
	}
	var names []string
	for i := range 5 {
		a := traffic.New(traffic.KindAddress).(*traffic.Address)
		a.Name, a.Address, a.Tasks = fmt.Sprint("a", i), fmt.Sprint("192.0.2.", i+1), []traffic.Task{{Template: "t", Enabled: true}}
		a.Labels, a.Enabled = site("site of address"), pick("enabled", "yes", "yes", "yes", "no") == "yes"
		a.Mode = traffic.Mode(pick("mode", "auto", "auto", "auto", "manual_available", "manual_unavailable"))
		down[a.Name] = rapid.Bool().Draw(t, "down")
		names = append(names, "address/"+a.Name)
		objs = append(objs, a)
	}
	for i := range 3 {
		p := traffic.New(traffic.KindPool).(*traffic.Pool)
		p.Name, p.Labels = fmt.Sprint("p", i), site("site of pool")
		p.Policy = traffic.Policy(pick("policy", "sequential", "round_robin", "weighted", "proximity"))
		p.Judgement = traffic.Judgement(pick("judgement", "any_ok", "p50_ok", "all_ok"))
		for j := range 5 {
			if rapid.Bool().Draw(t, "member") {
				p.Members = append(p.Members, traffic.Member{Address: fmt.Sprint("a", j), Link: traffic.Link{Weight: 1, Enabled: true}})
			}
		}
		names = append(names, "pool/"+p.Name)
		objs = append(objs, p)
	}
	for i := range 2 {
		d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		d.Name, d.Type = fmt.Sprintf("d%d.example.com", i), "A"
		d.Policy, d.AllDown = traffic.Policy(pick("policy", "sequential", "round_robin", "weighted")), pick("all down", "serve_all", "nodata")
		for j := range 3 {
			if rapid.Bool().Draw(t, "pool") {
				d.Pools = append(d.Pools, traffic.PoolMember{Pool: fmt.Sprint("p", j), Link: traffic.Link{Weight: 1, Enabled: true}})
			}
		}
		names = append(names, "access-domain/"+d.Key().Name)
		objs = append(objs, d)
	}
	var orders []*traffic.Override
	for i := range rapid.IntRange(0, 4).Draw(t, "overrides") {
		o := &traffic.Override{ID: fmt.Sprint("o", i), Action: traffic.Action(pick("action", "drain", "enable")), Author: "ann"}
		if rapid.Bool().Draw(t, "named") {
			o.Target = rapid.SampledFrom(names).Draw(t, "target")
		} else {
			o.Selector = pick("selector", "site=hz", "site=sh")
		}
		orders = append(orders, o)
		objs = append(objs, o)
	}
	m := traffic.NewModel()
	for _, o := range objs {
		o.Normalize()
		m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
	}
	return m, down, orders
}

// decides is the rule in its plainest form: named above selected, then drain above enable.
func decides(orders []*traffic.Override, k traffic.Key, labels map[string]string) traffic.Action {
	var said [4]bool
	for _, o := range orders {
		rank := map[traffic.Action]int{traffic.Drain: 0, traffic.Enable: 1}[o.Action]
		switch {
		case o.Target == traffic.TargetOf(k):
			said[rank] = true
		case o.Selector != "" && k.Kind != traffic.KindAccessDomain && labels["site"] == strings.TrimPrefix(o.Selector, "site="):
			said[2+rank] = true
		}
	}
	if i := slices.Index(said[:], true); i >= 0 {
		return [...]traffic.Action{traffic.Drain, traffic.Enable}[i%2]
	}
	return ""
}

// TestOverridesHoldWhateverElseStands: what is drained is in no answer, not even as a
// last resort; what is enabled is answered for whatever health says; what no override
// reaches is judged as if there were none.
func TestOverridesHoldWhateverElseStands(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, down, orders := orderly(t)
		engine := func(c Config) *Engine {
			return &Engine{Config: c, Verdict: func(k traffic.TaskKey) verdict.Verdict {
				if down[k.Address] {
					return verdict.Verdict{State: verdict.Down}
				}
				return verdict.Verdict{State: verdict.Up}
			}}
		}
		e, plain := engine(m), engine(declared{m})
		for i := range 5 {
			a := m.Address(fmt.Sprint("a", i))
			got, want := e.Address(a.Name), decides(orders, a.Key(), a.Labels)
			switch {
			case !a.Enabled:
				if got.Available || got.Enabled {
					t.Fatalf("%s is disabled, but %+v", a.Name, got)
				}
			case want == traffic.Drain && (got.Available || !got.Withdrawn), want == traffic.Enable && !got.Available, want == "" && !reflect.DeepEqual(got, plain.Address(a.Name)):
				t.Fatalf("%s: %q is ordered, but %+v", a.Name, want, got)
			}
		}
		gives := map[string]bool{} // pools with an address that may be answered
		for i := range 3 {
			p := m.Pool(fmt.Sprint("p", i))
			for _, mem := range p.Members {
				a := e.Address(mem.Address)
				gives[p.Name] = gives[p.Name] || a.Enabled && !a.Withdrawn
			}
			got, want := e.Pool(p.Name), decides(orders, p.Key(), p.Labels)
			if want == traffic.Drain && (got.Available || !got.Withdrawn) || want == traffic.Enable && got.Available != gives[p.Name] {
				t.Fatalf("%s: %q is ordered, but %+v", p.Name, want, got)
			}
		}
		for i := range 2 {
			d := m.AccessDomain(fmt.Sprintf("d%d.example.com", i), "A")
			want := decides(orders, d.Key(), nil)
			dec := e.Decide(d, Client{Lines: []string{"default"}})
			if again, _ := e.Explain(d, Client{Lines: []string{"default"}}); describe(again) != describe(dec) {
				t.Fatalf("%s: explain says %s, decide %s", d.Name, describe(again), describe(dec))
			}
			if want == traffic.Drain && len(dec.Picks) > 0 {
				t.Fatalf("%s is drained, but answers %s", d.Name, describe(dec))
			}
			could := false
			for _, mem := range d.Pools {
				p := m.Pool(mem.Pool)
				could = could || gives[p.Name] && decides(orders, p.Key(), p.Labels) != traffic.Drain
			}
			if want == traffic.Enable && could && dec.Basis != ByPolicy {
				t.Fatalf("%s is enabled and has something to give, but answers %s", d.Name, describe(dec))
			}
			if e.Domain(d) != (dec.Basis == ByPolicy) {
				t.Fatalf("%s answers %s, but its availability is %v", d.Name, describe(dec), e.Domain(d))
			}
			for _, p := range dec.Picks {
				if len(p.Entries) == 0 {
					t.Fatalf("%s picks %s with nothing in it", d.Name, p.Pool)
				}
				if pool := m.Pool(p.Pool); decides(orders, pool.Key(), pool.Labels) == traffic.Drain {
					t.Fatalf("%s answers from %s, which is drained: %s", d.Name, p.Pool, describe(dec))
				}
				for _, en := range p.Entries {
					if a := m.Address(en.Address); decides(orders, a.Key(), a.Labels) == traffic.Drain {
						t.Fatalf("%s answers %s, which is drained: %s", d.Name, en.Address, describe(dec))
					}
				}
			}
		}
	})
}

// TestAssertionsJudgeConfigurationWithoutOverrides: a drain is not refused by an
// assertion, and does not make others' changes look as if they broke one.
func TestAssertionsJudgeConfigurationWithoutOverrides(t *testing.T) {
	t.Parallel()
	m := traffic.NewModel()
	d := traffic.NewDraft(m)
	put := func(k traffic.Kind, set func(traffic.Object)) {
		o := traffic.New(k)
		set(o)
		d.Put(o)
	}
	put(traffic.KindAddress, func(o traffic.Object) { a := o.(*traffic.Address); a.Name, a.Address = "a", "192.0.2.1" })
	put(traffic.KindPool, func(o traffic.Object) {
		p := o.(*traffic.Pool)
		p.Name, p.Members = "p", []traffic.Member{{Address: "a", Link: traffic.Link{Weight: 1, Enabled: true}}}
	})
	put(traffic.KindZone, func(o traffic.Object) { o.(*traffic.Zone).Name = "example.com" })
	put(traffic.KindAccessDomain, func(o traffic.Object) {
		ad := o.(*traffic.AccessDomain)
		ad.Name, ad.Type, ad.Pools = "x.example.com", "A", []traffic.PoolMember{{Pool: "p", Link: traffic.Link{Weight: 1, Enabled: true}}}
	})
	put(traffic.KindAssertion, func(o traffic.Object) {
		a := o.(*traffic.Assertion)
		a.Name, a.Type, a.Expect = "x.example.com", "A", traffic.Expect{Pool: "p"}
	})
	for _, target := range []string{"address/a", "pool/p", "access-domain/x.example.com/A"} {
		d.Put(&traffic.Override{ID: target[:4], Action: traffic.Drain, Target: target})
	}
	r := d.Check()
	if CheckAssertions(d, r); !r.OK() {
		t.Error(r.Err())
	}
}

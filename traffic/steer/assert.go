package steer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// CheckAssertions evaluates every assertion that a draft would have, with all health
// tasks good: what may be answered to a typical client of its line must be what it
// expects, no other pool and no other address. It looks at those that the draft does
// not touch as well, since a change elsewhere may break them. Overrides play no part:
// an assertion is about the configuration, and a drain must neither be refused by one
// nor make every later change look as if it broke it.
func CheckAssertions(m *traffic.Draft, r *traffic.Report) {
	var list []*traffic.Assertion
	m.Each(traffic.KindAssertion, func(o traffic.Object) bool {
		list = append(list, o.(*traffic.Assertion))
		return true
	})
	if len(list) == 0 {
		return
	}
	var custom []line.Custom
	m.Each(traffic.KindLine, func(o traffic.Object) bool {
		l := o.(*traffic.Line)
		custom = append(custom, line.Custom{Name: l.Name, Prefixes: l.Prefixes()})
		return true
	})
	world, err := line.NewWorld(line.EmptyMap(), custom)
	if err != nil {
		return // the lines themselves have findings then
	}
	e := Healthy(m)
	for _, a := range list {
		d := m.AccessDomain(a.Name, a.Type)
		chain, known := world.ChainOf(a.Line)
		if !a.Enabled || d == nil || !known {
			continue // dangling references are findings of their own
		}
		if why := expect(a.Expect).against(d, e.Decide(d, Client{Lines: chain})); why != "" {
			r.For(a.Key()).Errorf("expect", "assertion_failed", "%s; change the access domain, or the assertion if it is meant", why)
		}
	}
}

// Healthy returns an engine over a configuration as it would decide with all health tasks
// good and without overrides.
func Healthy(c Config) *Engine {
	return &Engine{Config: declared{c}, Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }}
}

// declared is a configuration as it would be without overrides.
type declared struct{ Config }

func (declared) Override(traffic.Key, map[string]string, map[string]bool) *traffic.Override {
	return nil
}

type expect traffic.Expect

func (x expect) against(d *traffic.AccessDomain, dec Decision) string {
	want := traffic.Expect(x)
	if !d.Enabled {
		return fmt.Sprintf("%s is disabled, so nothing of it is answered", d.Key().Name)
	}
	var pools, addrs []string
	for _, p := range dec.Picks {
		pools = append(pools, p.Pool)
		for _, e := range p.Entries {
			addrs = append(addrs, e.Address)
		}
	}
	got, what, name := pools, "pool", want.Pool
	if want.Address != "" {
		got, what, name = addrs, "address", want.Address
	}
	if len(got) == 0 {
		return fmt.Sprintf("wants %s %s, but the answer is NODATA", what, name)
	}
	if !slices.ContainsFunc(got, func(s string) bool { return s != name }) {
		return ""
	}
	return fmt.Sprintf("wants %s %s, but gets %s", what, name, strings.Join(got, ", "))
}

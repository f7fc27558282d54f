package resolve

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// TestOverridesComeAndGo: an override put, lapsed and removed leaves the plans that a
// node has which never heard of it, and one put later those of a node that had it always.
func TestOverridesComeAndGo(t *testing.T) {
	t.Parallel()
	differ := 0
	for seed := range uint64(300) {
		g := newGen(5000 + seed)
		objs := slices.DeleteFunc(g.config(), func(o traffic.Object) bool {
			switch v := o.(type) {
			case *traffic.Override:
				return true
			case *traffic.Pool: // where those stand is history, and an override makes it
				v.Mode = ""
			case *traffic.AccessDomain:
				v.Mode = ""
			}
			return false
		})
		health := g.health(objs, pickOne(g, 0, 40, 90))
		made := func(with ...traffic.Object) *node {
			n := newNode(1)
			n.health = health
			n.load(t, append(slices.Clone(objs), with...))
			return n
		}
		o := g.override(1, objs)
		without, with, walks := made(), made(o), made()
		step := func(what string, want *node, f func()) {
			f()
			if !bytes.Equal(digest(walks.State), digest(want.State)) {
				t.Fatalf("seed %d: %s of %+v: other plans than from the start", seed, what, o)
			}
		}
		apply := func(after traffic.Object) func() {
			return func() {
				if err := walks.Apply(traffic.Position{Epoch: 1, Revision: 2}, false, []traffic.Change{{Key: o.Key(), After: after}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		step("put", with, apply(o))
		step("lapse", without, func() { walks.Lapse(map[string]bool{"o1": true}) })
		step("change of a lapsed one", without, apply(o))
		step("end of lapse", with, func() { walks.Lapse(nil) })
		step("lapse again", without, func() { walks.Lapse(map[string]bool{"o1": true, "o2": true}) })
		step("removal", without, apply(nil))
		step("the same id anew", without, apply(o)) // lapsed is said by id; package node says it no more when the order is another
		if !bytes.Equal(digest(with.State), digest(without.State)) {
			differ++
		}
	}
	if differ < 60 {
		t.Errorf("only %d of 300 overrides made a difference; the generator has drifted", differ)
	}
}

// TestAnOverrideReachesNoOtherPlan: slots that it does not reach stay the very same.
func TestAnOverrideReachesNoOtherPlan(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	objs := many(5)
	for _, o := range objs {
		if a, ok := o.(*traffic.Address); ok && a.Name != "a1" && a.Name != "a3" {
			a.Labels = nil // of those that many gives
		}
	}
	n.load(t, objs)
	for _, c := range []struct {
		target, selector string
		reached          []int
	}{
		{target: "address/a2", reached: []int{2}},
		{target: "pool/p0", reached: []int{0}},
		{target: "access-domain/d4.example.com/A", reached: []int{4}},
		{target: "pool/p9"},
		{selector: "site=hz", reached: []int{1, 3}},
		{selector: "site=sh"},
	} {
		t.Run(c.target+c.selector, func(t *testing.T) {
			plans := func() (out []*slot) {
				for i := range 5 {
					out = append(out, n.domains[traffic.Key{Kind: traffic.KindAccessDomain, Name: fmt.Sprintf("d%d.example.com/A", i)}])
				}
				return out
			}
			o := &traffic.Override{ID: "o", Action: traffic.Drain, Target: c.target, Selector: c.selector}
			o.Normalize()
			before := plans()
			if err := n.Apply(traffic.Position{Epoch: 1, Revision: 2}, false, []traffic.Change{{Key: o.Key(), After: o}}); err != nil {
				t.Fatal(err)
			}
			var reached []int
			for i, p := range plans() {
				if p != before[i] {
					reached = append(reached, i)
				}
			}
			if !slices.Equal(reached, c.reached) {
				t.Errorf("compiled %v anew, want %v", reached, c.reached)
			}
			for i := range 5 {
				name := fmt.Sprintf("d%d.example.com", i)
				if got := len(ask(t, n.NewWorker(0, 1232), "8.8.8.8", name, "A", "").Answer); (got == 0) != slices.Contains(c.reached, i) {
					t.Errorf("%s has %d answers", name, got)
				}
			}
			if err := n.Apply(traffic.Position{Epoch: 1, Revision: 3}, false, []traffic.Change{{Key: o.Key()}}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestExplainNamesTheOverride: who, why and until when stand at each thing it decides about.
func TestExplainNamesTheOverride(t *testing.T) {
	t.Parallel()
	a, b := addr("a", "192.0.2.1"), addr("b", "192.0.2.2")
	a.Labels = map[string]string{"site": "hz"}
	n := newNode(1)
	n.load(t, []traffic.Object{zoneObj("example.com"), a, b, pool("p", traffic.RoundRobin, member("a", 1), member("b", 2)), pool("q", traffic.RoundRobin, member("b", 1)),
		domain("x.example.com", "A", traffic.Sequential, inPool("p", 1), inPool("q", 2)),
		&traffic.Override{ID: "o1", Action: traffic.Drain, Selector: "site=hz", Author: "ann", Reason: "new racks"},
		&traffic.Override{ID: "o2", Action: traffic.Enable, Target: "pool/q", Author: "bob"}})
	x, err := n.Explain(steer.Question{Name: "x.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	p, q := x.Steps[0].Pools[0], x.Steps[0].Pools[1]
	if o := p.Addresses[0].Override; o == nil || o.ID != "o1" || o.Author != "ann" || o.Reason != "new racks" || p.Addresses[0].Why != "left: it is drained by o1 of ann (site=hz): new racks" {
		t.Errorf("%+v %+v", p.Addresses[0], o)
	}
	if o := q.Override; o == nil || o.ID != "o2" || q.State != "is enabled by o2 of bob" || p.Override != nil || p.Addresses[1].Override != nil || x.Steps[0].Override != nil {
		t.Errorf("%+v", x.Steps[0])
	}
	if got := recordTexts(x.Answer); !slices.Equal(got, []string{"x.example.com. 30 IN A 192.0.2.2"}) {
		t.Error(got)
	}
	n.load(t, []traffic.Object{zoneObj("example.com"), a, pool("p", traffic.RoundRobin, member("a", 1)), domain("x.example.com", "A", traffic.Sequential, inPool("p", 1)),
		&traffic.Override{ID: "o3", Action: traffic.Drain, Target: "access-domain/x.example.com/A", Author: "cem"}})
	if x, err = n.Explain(steer.Question{Name: "x.example.com"}); err != nil {
		t.Fatal(err)
	}
	if s := x.Steps[0]; s.Override == nil || s.Override.ID != "o3" || s.Reason != "the access domain is drained by o3 of cem" || x.Outcome != "nodata" || s.Pools[0].Override.ID != "o3" {
		t.Errorf("%+v", s)
	}
}

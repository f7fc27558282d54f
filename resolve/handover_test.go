package resolve

import (
	"bytes"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/traffic"
)

func (n *node) change(t testing.TB, objs ...traffic.Object) {
	t.Helper()
	changes := make([]traffic.Change, len(objs))
	for i, o := range objs {
		changes[i] = traffic.Change{Key: o.Key(), After: o}
	}
	pos := n.Position()
	pos.Revision++
	if err := n.Apply(pos, false, changes); err != nil {
		t.Fatal(err)
	}
}

func (n *node) remove(t testing.TB, keys ...traffic.Key) {
	t.Helper()
	changes := make([]traffic.Change, len(keys))
	for i, k := range keys {
		changes[i] = traffic.Change{Key: k}
	}
	pos := n.Position()
	pos.Revision++
	if err := n.Apply(pos, false, changes); err != nil {
		t.Fatal(err)
	}
}

func domainPool(name string, members ...traffic.Member) *traffic.Pool {
	p := pool(name, traffic.Sequential, members...)
	p.Type = traffic.Domain
	return p
}

// An A access domain with a domain pool answers its CNAME to every type (design
// 5.1.5), also while a disabled one of type CNAME stands at the same name.
func TestADisabledSiblingDoesNotTakeTheCNAMEFromOtherTypes(t *testing.T) {
	t.Parallel()
	alias := domain("x.example.com", "A", traffic.Sequential, inPool("cdn", 1))
	other := domain("x.example.com", "CNAME", traffic.Sequential, inPool("cdn", 1))
	other.Enabled = false
	enabled := domain("x.example.com", "CNAME", traffic.Sequential, inPool("cdn", 1))
	off := domain("x.example.com", "A", traffic.Sequential, inPool("cdn", 1))
	off.Enabled = false
	base := []traffic.Object{zoneObj("example.com"), addr("c", "c.cdn.example.org"), domainPool("cdn", member("c", 1))}
	for name, run := range map[string]func(*testing.T, *node){
		"loaded together":             func(t *testing.T, n *node) { n.change(t, alias, other) },
		"the disabled one comes last": func(t *testing.T, n *node) { n.change(t, alias); n.change(t, other) },
		"they change places":          func(t *testing.T, n *node) { n.change(t, enabled, off); n.change(t, other, alias) },
		"the disabled one goes": func(t *testing.T, n *node) {
			n.change(t, alias, other)
			n.remove(t, other.Key())
		},
		"the enabled one goes and the other takes over": func(t *testing.T, n *node) {
			n.change(t, enabled)
			pos := n.Position()
			pos.Revision++
			if err := n.Apply(pos, false, []traffic.Change{{Key: enabled.Key()}, {Key: alias.Key(), After: alias}}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(1)
			n.load(t, base)
			run(t, n)
			w := n.NewWorker(0, 1232)
			for _, qtype := range []string{"A", "AAAA", "MX", "CNAME"} {
				m := ask(t, w, "8.8.8.8", "x.example.com", qtype, "")
				if got := rrs(m.Answer); !slices.Equal(got, []string{"x.example.com. 30 IN CNAME c.cdn.example.org."}) {
					t.Errorf("%s: %v", qtype, got)
				}
			}
			n.remove(t, alias.Key(), other.Key())
			if m := ask(t, w, "8.8.8.8", "x.example.com", "MX", ""); m.Rcode != dns.RcodeNameError {
				t.Errorf("after both are gone: %v", m)
			}
		})
	}
}

// A disabled zone holds its names, so what its parent steered there is not answered
// and comes back when the zone goes; as if each state had been loaded whole.
func TestADisabledZoneBelowAnotherHoldsItsNames(t *testing.T) {
	t.Parallel()
	child := zoneObj("sub.example.com")
	child.Enabled = false
	ad := domain("a.sub.example.com", "A", traffic.RoundRobin, inPool("p", 1))
	n := newNode(1)
	objs := []traffic.Object{zoneObj("example.com"), addr("a", "192.0.2.1"), pool("p", traffic.RoundRobin, member("a", 1)), ad}
	n.load(t, objs)
	w := n.NewWorker(0, 1232)
	expect := func(when string, rcode, answers int, whole ...traffic.Object) {
		t.Helper()
		fresh := newNode(1)
		fresh.load(t, whole)
		if a, b := digest(n.State), digest(fresh.State); !bytes.Equal(a, b) {
			t.Errorf("%s: increments differ from the whole", when)
		}
		for what, w := range map[string]*Worker{"by increments": w, "as a whole": fresh.NewWorker(0, 1232)} {
			if m := ask(t, w, "8.8.8.8", "a.sub.example.com", "A", ""); m.Rcode != rcode || len(m.Answer) != answers {
				t.Errorf("%s, %s: %v", when, what, m)
			}
		}
	}
	expect("before", dns.RcodeSuccess, 1, objs...)
	n.change(t, child)
	expect("with the disabled zone", dns.RcodeNameError, 0, append(slices.Clone(objs), child)...)
	n.remove(t, child.Key())
	expect("without it again", dns.RcodeSuccess, 1, objs...)
	n.change(t, child)
	n.remove(t, ad.Key())
	expect("without the access domain", dns.RcodeNameError, 0, append(slices.Clone(objs[:3]), child)...)
}

// The CNAME that an A access domain answers to other types moves with it too: it
// does not come to light in the parent when a zone that came below goes again.
func TestAZoneThatCameBelowLeavesNoCNAMEBehindInItsParent(t *testing.T) {
	t.Parallel()
	alias := domain("x.sub.example.com", "A", traffic.Sequential, inPool("cdn", 1))
	n := newNode(1)
	n.load(t, []traffic.Object{zoneObj("example.com"), addr("c", "c.cdn.example.org"), domainPool("cdn", member("c", 1)), alias})
	child := zoneObj("sub.example.com")
	n.change(t, child)
	n.remove(t, alias.Key())
	n.remove(t, child.Key())
	w := n.NewWorker(0, 1232)
	for _, qtype := range []string{"A", "MX"} {
		if m := ask(t, w, "8.8.8.8", "x.sub.example.com", qtype, ""); m.Rcode != dns.RcodeNameError || len(m.Answer) > 0 {
			t.Errorf("%s: %v", qtype, m)
		}
	}
}

package traffic

import (
	"fmt"
	"testing"
)

// big returns a model of n access domains in one zone, each with a record beside it,
// over 1000 pools of two addresses; one pool more is used by all of them.
func big(tb testing.TB, n int) *Model {
	tb.Helper()
	m := NewModel()
	var changes []Change
	put := func(o Object) {
		o.Normalize()
		changes = append(changes, Change{Key: o.Key(), After: o})
	}
	put(zone("example.com"))
	put(tpl("web", HTTP, "IPv4"))
	put(addr("shared", "203.0.113.1", task("web", 0)))
	put(pool("shared", IPv4, "shared"))
	for i := range 1000 {
		a, b := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)
		put(addr(a, fmt.Sprintf("10.0.%d.%d", i>>8, i&255), task("web", 0)))
		put(addr(b, fmt.Sprintf("10.1.%d.%d", i>>8, i&255), task("web", 0)))
		put(pool(fmt.Sprintf("p%d", i), IPv4, a, b))
	}
	for i := range n {
		name := fmt.Sprintf("n%d.s%d.example.com", i, i%100)
		put(dom(name, "A", fmt.Sprintf("p%d", i%1000), "shared"))
		put(rec("example.com", name+".", "TXT", `"x"`))
	}
	m.Apply(changes)
	return m
}

// BenchmarkCheck is the time from one changed object to the report, in a model of
// 100,000 access domains.
func BenchmarkCheck(b *testing.B) {
	m := big(b, 100_000)
	for _, c := range []struct {
		name string
		put  Object
		ok   bool
	}{
		{"address_used_by_100_names", addr("a7", "10.9.9.9", task("web", 0)), true},
		{"address_used_by_100_names_disabled", off(addr("a7", "10.0.0.7")), true},
		{"task_of_an_address_used_by_all_names", addr("shared", "203.0.113.1", task("web", 8080)), true},
		{"address_used_by_all_names", addr("shared", "203.0.113.2"), true},
		{"address_used_by_all_names_disabled", off(addr("shared", "203.0.113.1")), true},
		{"pool_used_by_all_names_becomes_wrong", pool("shared", IPv6), false},
		{"access_domain", dom("n7.s7.example.com", "A", "p8"), true},
		{"record", rec("example.com", "n7.s7", "MX", "10 mail.example.com."), true},
		{"delegation_above_1000_names", rec("example.com", "s7", "NS", "ns1.example.net."), false},
		{"delegation_above_none", rec("example.com", "t", "NS", "ns1.example.net."), true},
		{"zone_that_changes", func() Object { z := zone("example.com"); z.SOA.TTL = 60; return z }(), true},
		{"zone_that_comes_above_1000_names", zone("s8.example.com"), true},
		{"template_used_by_2001_addresses", tpl("web", HTTPS, "IPv4"), true},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d := NewDraft(m)
				d.Put(c.put)
				if r := d.Check(); r.OK() != c.ok {
					b.Fatal(r.Errors[0])
				}
			}
		})
	}
	b.Run("zone_deleted", func(b *testing.B) {
		for b.Loop() {
			d := NewDraft(m)
			d.Delete(Key{KindZone, "example.com"})
			if d.Check().OK() {
				b.Fatal("a zone in use was let go")
			}
		}
	})
}

// BenchmarkCheckWhole is a first apply of everything: linear in the configuration.
func BenchmarkCheckWhole(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		all := big(b, n).All()
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				d := NewDraft(NewModel())
				for _, c := range all {
					d.Put(c.After)
				}
				if r := d.Check(); !r.OK() {
					b.Fatal(r.Errors[0])
				}
			}
		})
	}
}

// TestCheckCostsWhatTheChangeTouches counts instead of timing: one change in a model
// of many names looks again only at those that it concerns.
func TestCheckCostsWhatTheChangeTouches(t *testing.T) {
	t.Parallel()
	m := big(t, 5000)
	for _, c := range []struct {
		name string
		put  Object
		most int // objects looked at again
	}{
		{"an address that keeps its pools usable", addr("a7", "10.9.9.9"), 2},
		{"a task of an address used by all names", addr("shared", "203.0.113.1", task("web", 8080)), 1},
		{"an access domain", dom("n7.s7.example.com", "A", "p8"), 1},
		{"a record beside an access domain", rec("example.com", "n7.s7", "MX", "10 mail.example.com."), 2},
		{"a delegation above 50 names", rec("example.com", "s7", "NS", "ns1.example.net."), 51},
		{"a zone above 50 names", zone("s8.example.com"), 51},
		{"the SOA of a zone above all names", func() Object { z := zone("example.com"); z.SOA.TTL = 60; return z }(), 1},
		{"a pool that loses its only address", pool("p7", IPv4), 6},
	} {
		d := NewDraft(m)
		d.Put(c.put)
		s := spread{d: d, affected: map[Key]struct{}{}, pools: map[string]struct{}{}}
		for _, k := range d.order {
			s.affected[k] = struct{}{}
			s.change(d.changed[k])
		}
		if s.finish(); len(s.affected) > c.most {
			t.Errorf("%s: %d objects are looked at, want at most %d", c.name, len(s.affected), c.most)
		}
	}
}

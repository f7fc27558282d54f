package traffic_test

import (
	"slices"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
)

func TestBelowFindsWhatIsAtOrBelowAName(t *testing.T) {
	t.Parallel()
	m := traffic.NewModel()
	var all []string
	add := func(name, typ string) {
		d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		d.Name, d.Type = name, typ
		d.Normalize()
		m.Apply([]traffic.Change{{Key: d.Key(), After: d}})
		all = append(all, d.Key().Name)
	}
	for _, name := range []string{"example.com", "www.example.com", "a.b.c.example.com", "*.c.example.com", "notexample.com", "sub.example.org"} {
		add(name, "A")
	}
	add("www.example.com", "AAAA")
	for _, at := range []string{"example.com", "c.example.com", "www.example.com", "com", ".", "nothing.example", "example.org"} {
		var got, want []string
		m.Below(at, func(d *traffic.AccessDomain) { got = append(got, d.Key().Name) })
		for _, k := range all {
			if d := m.Get(traffic.Key{Kind: traffic.KindAccessDomain, Name: k}).(*traffic.AccessDomain); traffic.IsSubdomain(d.Name, at) {
				want = append(want, k)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("below %s: %q, want %q", at, got, want)
		}
	}
}

package steer

import (
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
)

func TestAssertions(t *testing.T) {
	base := func() *traffic.Draft {
		d := traffic.NewDraft(traffic.NewModel())
		z := traffic.New(traffic.KindZone).(*traffic.Zone)
		z.Name = "example.com"
		d.Put(z)
		d.Put(&traffic.Line{Name: "office", CIDRs: []string{"198.51.100.0/24"}, Meta: traffic.Meta{Enabled: true}})
		for name, ip := range map[string]string{"a": "192.0.2.1", "b": "192.0.2.2"} {
			a := traffic.New(traffic.KindAddress).(*traffic.Address)
			a.Name, a.Address = name, ip
			d.Put(a)
			p := traffic.New(traffic.KindPool).(*traffic.Pool)
			p.Name, p.Members = "pool-"+name, []traffic.Member{{Address: name, Link: traffic.Link{Enabled: true, Weight: 1}}}
			d.Put(p)
		}
		ad := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		ad.Name, ad.Policy = "www.example.com", traffic.Proximity
		ad.Pools = []traffic.PoolMember{
			{Pool: "pool-a", Link: traffic.Link{Enabled: true, Weight: 1, Lines: []string{"cn", "office"}}},
			{Pool: "pool-b", Link: traffic.Link{Enabled: true, Weight: 1, Lines: []string{"default"}}}}
		d.Put(ad)
		return d
	}
	for _, c := range []struct {
		name, line string
		expect     traffic.Expect
		want       string // part of the finding, "" for none
	}{
		{"a client of a province is held by its country's line", "unicom:cn-bj", traffic.Expect{Pool: "pool-a"}, ""},
		{"a client abroad gets the default pool", "jp", traffic.Expect{Pool: "pool-b"}, ""},
		{"a custom line works like a built-in one", "office", traffic.Expect{Address: "a"}, ""},
		{"the wrong pool is named with the one it gets", "jp", traffic.Expect{Pool: "pool-a"}, "wants pool pool-a, but gets pool-b"},
		{"the wrong address too", "cn", traffic.Expect{Address: "b"}, "wants address b, but gets a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := base()
			d.Put(&traffic.Assertion{Name: "www.example.com", Type: "A", Line: c.line, Expect: c.expect, Meta: traffic.Meta{Enabled: true}})
			r := d.Check()
			if !r.OK() {
				t.Fatal(r.Err())
			}
			CheckAssertions(d, r)
			switch {
			case c.want == "" && !r.OK():
				t.Error(r.Err())
			case c.want != "" && (r.OK() || !strings.Contains(r.Err().Error(), c.want)):
				t.Errorf("want %q, got %v", c.want, r.Err())
			}
		})
	}
}

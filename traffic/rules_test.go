package traffic

import (
	"slices"
	"strings"
	"testing"
)

func tpl(name string, p Protocol, version string) *Template {
	t := defaultTemplate()
	t.Name, t.Protocol, t.IPVersion = name, p, version
	return t
}

func addr(name, endpoint string, tasks ...Task) *Address {
	a := defaultAddress()
	a.Name, a.Address, a.Tasks = name, endpoint, tasks
	return a
}

func task(template string, port int) Task { return Task{Template: template, Port: port, Enabled: true} }

func pool(name string, typ Family, addresses ...string) *Pool {
	p := defaultPool()
	p.Name, p.Type = name, typ
	for _, a := range addresses {
		p.Members = append(p.Members, Member{Address: a, Link: defaultLink()})
	}
	return p
}

func zone(name string) *Zone { return &Zone{Name: name, Meta: Meta{Enabled: true}} }

func rec(zone, name, typ string, data ...string) *Record {
	c := defaultRecord()
	c.Zone, c.Name, c.Type, c.Data = zone, name, typ, data
	return c
}

func dom(name, typ string, pools ...string) *AccessDomain {
	d := defaultAccessDomain()
	d.Name, d.Type = name, typ
	for _, p := range pools {
		d.Pools = append(d.Pools, PoolMember{Pool: p, Link: defaultLink()})
	}
	return d
}

// off disables an object.
func off[T Object](o T) T {
	switch v := any(o).(type) {
	case *Address:
		v.Enabled = false
	case *Pool:
		v.Enabled = false
	case *Record:
		v.Enabled = false
	case *AccessDomain:
		v.Enabled = false
	case *Zone:
		v.Enabled = false
	}
	return o
}

// base is what every row of the tables starts from.
func base() []Object {
	return []Object{
		tpl("ping4", Ping, "IPv4"), tpl("tcp4", TCP, "IPv4"), tpl("http4", HTTP, "IPv4"), tpl("http6", HTTP, "IPv6"),
		addr("a1", "192.0.2.1", task("http4", 0)), addr("a2", "192.0.2.2"), addr("b1", "2001:db8::1"), addr("c1", "lb.example.net"),
		addr("free", "192.0.2.9"),
		pool("four", IPv4, "a1", "a2"), pool("six", IPv6, "b1"), pool("names", Domain, "c1"), pool("none", IPv4), pool("alone", IPv4, "a2"),
		zone("example.com"),
		rec("example.com", "www", "CNAME", "gtm.example.com."), rec("example.com", "txt", "TXT", `"x"`),
		dom("gtm.example.com", "A", "four"),
	}
}

// model builds a model and fails when the objects break a rule.
func model(t testing.TB, objects ...Object) *Model {
	t.Helper()
	m := NewModel()
	d := NewDraft(m)
	for _, o := range objects {
		d.Put(o)
	}
	if r := d.Check(); !r.OK() {
		t.Fatalf("the row's start breaks a rule: %v", r.Err())
	}
	m.Apply(d.Changes())
	return m
}

// TestRulesBetweenObjects: every row is a change to the base. Want lists the errors
// as "code at kind name field: words", or says nothing when the change is good.
func TestRulesBetweenObjects(t *testing.T) {
	t.Parallel()
	key := func(k Kind, n string) Key { return Key{k, n} }
	weighted := func(d *AccessDomain) *AccessDomain { d.Policy = Weighted; return d }
	turns := func(d *AccessDomain) *AccessDomain { d.Policy = RoundRobin; return d }
	for _, row := range []struct {
		name   string
		start  []Object // beside base
		put    []Object
		delete []Key
		want   []string
	}{
		// References.
		{name: "a pool's addresses exist", put: []Object{pool("p", IPv4, "nobody")},
			want: []string{`not_found at pool p members[0].address: address "nobody" does not exist; create it`}},
		{name: "an access domain's pools exist", put: []Object{off(dom("x.example.com", "A", "nobody"))},
			want: []string{`not_found at access_domain x.example.com/A pools[0].pool: pool "nobody" does not exist`}},
		{name: "a task's template exists", put: []Object{addr("x", "192.0.2.7", task("nobody", 80))},
			want: []string{`not_found at address x tasks[0].template: template "nobody" does not exist`}},
		{name: "a record's zone exists", put: []Object{rec("example.net", "www", "A", "192.0.2.1")},
			want: []string{`not_found at record example.net/www.example.net/A zone: zone "example.net" does not exist`}},
		{name: "a member's line exists", put: []Object{func() Object { p := pool("p", IPv4, "a1"); p.Members[0].Lines = []string{"cn", "office"}; return p }()},
			want: []string{`not_found at pool p members[0].lines[1]: line "office" does not exist`}},
		{name: "a custom line exists once it is put", put: []Object{&Line{Name: "office", CIDRs: []string{"192.0.2.0/24"}, Meta: Meta{Enabled: true}},
			func() Object { p := pool("p", IPv4, "a1"); p.Members[0].Lines = []string{"cn", "office"}; return p }()}},
		{name: "an assertion's access domain exists", put: []Object{&Assertion{Name: "x.example.com", Type: "A", Expect: Expect{Pool: "four"}, Meta: Meta{Enabled: true}}},
			want: []string{`not_found at assertion x.example.com/A@default name: access domain "x.example.com/A" does not exist`}},
		{name: "an assertion's line exists", put: []Object{&Assertion{Name: "gtm.example.com", Type: "A", Line: "office", Expect: Expect{Pool: "four"}, Meta: Meta{Enabled: true}}},
			want: []string{`not_found at assertion gtm.example.com/A@office line: line "office" does not exist`}},
		{name: "objects may refer to others of the same change", put: []Object{dom("x.example.com", "A", "p"), pool("p", IPv4, "x"), addr("x", "192.0.2.7")}},

		// Deleting.
		{name: "what nobody uses may go", delete: []Key{key(KindAddress, "free"), key(KindPool, "none")}},
		{name: "an address in a pool stays", delete: []Key{key(KindAddress, "a2")},
			want: []string{`in_use at address a2 : is in use by pool alone, pool four; remove it there first`}},
		{name: "a pool in an access domain stays", delete: []Key{key(KindPool, "four")},
			want: []string{`in_use at pool four : is in use by access_domain gtm.example.com/A`}},
		{name: "a template in a task stays", delete: []Key{key(KindTemplate, "http4")},
			want: []string{`in_use at template http4 : is in use by address a1`}},
		{name: "both may go together", delete: []Key{key(KindAccessDomain, "gtm.example.com/A"), key(KindPool, "four")}},
		{name: "it may go when its user lets go of it", put: []Object{pool("four", IPv4, "a1"), pool("alone", IPv4, "free")}, delete: []Key{key(KindAddress, "a2")}},
		{name: "a zone with access domains stays", delete: []Key{key(KindZone, "example.com")},
			want: []string{`in_use at zone example.com : is in use by access_domain gtm.example.com/A; remove it there first`}},
		{name: "a zone goes with its records", delete: []Key{key(KindAccessDomain, "gtm.example.com/A"), key(KindZone, "example.com")}},
		{name: "a zone with a disabled access domain stays too", start: []Object{off(dom("gtm.example.com", "A", "four"))}, delete: []Key{key(KindZone, "example.com")},
			want: []string{`in_use at zone example.com : is in use by access_domain gtm.example.com/A`}},
		{name: "a zone goes with the records of the same change", put: []Object{rec("example.org", "x", "A", "192.0.2.1")}, start: []Object{zone("example.org")}, delete: []Key{key(KindZone, "example.org")}},
		{name: "a child zone gives its names back to the parent", start: []Object{zone("sub.example.com"), dom("x.sub.example.com", "A", "four")}, delete: []Key{key(KindZone, "sub.example.com")}},
		{name: "unless the parent delegates them", start: []Object{zone("sub.example.com"), dom("x.sub.example.com", "A", "four"), rec("example.com", "sub", "NS", "ns1.example.net.")}, delete: []Key{key(KindZone, "sub.example.com")},
			want: []string{`below_cut at access_domain x.sub.example.com/A name: below the NS record at sub.example.com`}},
		{name: "an access domain under an assertion stays", start: []Object{&Assertion{Name: "gtm.example.com", Type: "A", Expect: Expect{Pool: "four"}, Meta: Meta{Enabled: true}}},
			delete: []Key{key(KindAccessDomain, "gtm.example.com/A")}, want: []string{`in_use at access_domain gtm.example.com/A : is in use by assertion gtm.example.com/A@default`}},
		{name: "settings stay", delete: []Key{key(KindSettings, "settings")}, want: []string{`immutable at settings settings : cannot be deleted`}},

		// Types that fit.
		{name: "a pool holds addresses of its type", put: []Object{pool("p", IPv4, "a1", "b1", "c1")},
			want: []string{`wrong_family at pool p members[1].address: is IPv6, but the pool holds IPv4`, `wrong_family at pool p members[2].address: is domain, but the pool holds IPv4`}},
		{name: "an address in a pool keeps its type", put: []Object{addr("a2", "2001:db8::2")},
			want: []string{`wrong_family at pool alone members[0].address: 2001:db8::2 is IPv6`, `wrong_family at pool four members[1].address: 2001:db8::2 is IPv6`}},
		{name: "A takes no IPv6 pool", put: []Object{dom("x.example.com", "A", "six")},
			want: []string{`wrong_family at access_domain x.example.com/A pools[0].pool: six holds IPv6 addresses, which cannot answer type A`}},
		{name: "AAAA takes no IPv4 pool", put: []Object{dom("x.example.com", "AAAA", "four")},
			want: []string{`wrong_family at access_domain x.example.com/AAAA pools[0].pool: four holds IPv4 addresses`}},
		{name: "CNAME takes domain pools only", put: []Object{dom("x.example.com", "CNAME", "four")},
			want: []string{`wrong_family at access_domain x.example.com/CNAME pools[0].pool: four holds IPv4 addresses`}},
		{name: "A takes domain pools", put: []Object{dom("x.example.com", "A", "names")}},
		{name: "AAAA takes domain pools", put: []Object{dom("x.example.com", "AAAA", "names")}},
		{name: "CNAME takes domain pools", put: []Object{dom("x.example.com", "CNAME", "names")}},
		{name: "IP and domain pools may stand in one access domain", put: []Object{weighted(dom("x.example.com", "A", "four", "names"))}},
		{name: "but not in turns", put: []Object{turns(dom("x.example.com", "A", "four", "names"))},
			want: []string{`mixed_families at access_domain x.example.com/A policy: use another policy`}},
		{name: "IP pools take turns", put: []Object{turns(dom("x.example.com", "A", "four", "alone"))}},
		{name: "a pool in use keeps a type that fits", put: []Object{pool("four", IPv6, "b1")},
			want: []string{`wrong_family at access_domain gtm.example.com/A pools[0].pool: four holds IPv6`}},
		{name: "a template probes the address's family", put: []Object{addr("x", "192.0.2.7", task("http6", 80))},
			want: []string{`wrong_family at address x tasks[0].template: use a template of ip_version IPv4`}},
		{name: "a domain name is probed over either family", put: []Object{addr("x", "lb.example.org", task("http6", 80), task("http4", 80))}},
		{name: "a template in use keeps its family", put: []Object{tpl("http4", HTTP, "IPv6")},
			want: []string{`wrong_family at address a1 tasks[0].template: template http4 probes IPv6`}},
		{name: "a ping has no port", put: []Object{addr("x", "192.0.2.7", task("ping4", 80))},
			want: []string{`wrong_protocol at address x tasks[0].port: has no port; remove it`}},
		{name: "tcp needs a port", put: []Object{addr("x", "192.0.2.7", task("tcp4", 0))},
			want: []string{`required at address x tasks[0].port: is tcp and needs a port`}},
		{name: "a template in use keeps a protocol that fits", put: []Object{tpl("http4", TCP, "IPv4")},
			want: []string{`required at address a1 tasks[0].port: is tcp and needs a port`}},
		{name: "the default port written out is the same task", put: []Object{addr("x", "192.0.2.7", task("http4", 0), task("http4", 80))},
			want: []string{`duplicate at address x tasks[1]: is the same task as tasks[0]`}},
		{name: "one endpoint stands once in a pool", put: []Object{addr("x", "192.0.2.1"), pool("p", IPv4, "a1", "x")},
			want: []string{`duplicate at pool p members[1].address: x is the same endpoint 192.0.2.1 as member a1`}},
		{name: "and may stand in two pools as two addresses", put: []Object{addr("x", "192.0.2.1"), pool("p", IPv4, "x")}},
		{name: "an address cannot become a twin", put: []Object{addr("a2", "192.0.2.1")},
			want: []string{`duplicate at pool four members[1].address: a2 is the same endpoint 192.0.2.1 as member a1`}},

		// Enabling.
		{name: "an enabled access domain has a usable pool", put: []Object{dom("x.example.com", "A", "none")},
			want: []string{`no_usable_pool at access_domain x.example.com/A pools: add one, or create the access domain with enabled: false`}},
		{name: "a disabled one may wait for it", put: []Object{off(dom("x.example.com", "A"))}},
		{name: "a disabled address is no use", put: []Object{off(addr("a1", "192.0.2.1")), off(addr("a2", "192.0.2.2"))},
			want: []string{`no_usable_pool at access_domain gtm.example.com/A pools: no enabled pool with an enabled address`}},
		{name: "one of two is enough", put: []Object{off(addr("a1", "192.0.2.1"))}},
		{name: "a disabled pool is no use", put: []Object{off(pool("four", IPv4, "a1"))},
			want: []string{`no_usable_pool at access_domain gtm.example.com/A pools: no enabled pool`}},
		{name: "a disabled member is no use", put: []Object{func() Object { p := pool("four", IPv4, "a1"); p.Members[0].Enabled = false; return p }()},
			want: []string{`no_usable_pool at access_domain gtm.example.com/A pools: no enabled pool`}},

		// Zones.
		{name: "an access domain is in a hosted zone", put: []Object{off(dom("gtm.example.net", "A", "four"))},
			want: []string{`zone_not_found at access_domain gtm.example.net/A name: create the zone first`}},
		{name: "an access domain may be the apex", put: []Object{dom("example.com", "A", "four"), dom("example.com", "AAAA", "six")}},
		{name: "a wildcard may be steered", put: []Object{dom("*.example.com", "A", "four")}},
		{name: "a zone may come between", put: []Object{zone("sub.example.com"), dom("x.sub.example.com", "A", "four")}},
		{name: "a zone that comes makes a name its apex", start: []Object{dom("sub.example.com", "CNAME", "names")}, put: []Object{zone("sub.example.com")},
			want: []string{`cname_at_apex at access_domain sub.example.com/CNAME name: use a name below it, or IP pools`}},
		{name: "a zone that comes lifts names over a delegation", start: []Object{zone("sub.example.com"), rec("example.com", "sub", "NS", "ns1.example.net.")}, put: []Object{dom("x.sub.example.com", "A", "four")}},

		// Company at a name.
		{name: "A and AAAA stand side by side", put: []Object{dom("gtm.example.com", "AAAA", "six")}},
		{name: "CNAME stands beside nothing", put: []Object{dom("gtm.example.com", "CNAME", "names")},
			want: []string{`cname_and_other at access_domain gtm.example.com/A type: access domain gtm.example.com/CNAME stands at the same name`, `cname_and_other at access_domain gtm.example.com/CNAME type: access domain gtm.example.com/A stands at the same name`}},
		{name: "nor does a domain pool", put: []Object{dom("gtm.example.com", "AAAA", "names")},
			want: []string{`cname_and_other at access_domain gtm.example.com/A type: gtm.example.com/AAAA`, `cname_and_other at access_domain gtm.example.com/AAAA type: gtm.example.com/A`}},
		{name: "beside a disabled sibling it stands", put: []Object{off(dom("gtm.example.com", "CNAME", "names"))}},
		{name: "enabling it is refused", start: []Object{off(dom("gtm.example.com", "CNAME", "names"))}, put: []Object{dom("gtm.example.com", "CNAME", "names")},
			want: []string{`cname_and_other at access_domain gtm.example.com/A type: `, `cname_and_other at access_domain gtm.example.com/CNAME type: `}},
		{name: "a pool that becomes one of domains is refused for its users' siblings", start: []Object{dom("gtm.example.com", "AAAA", "six")}, put: []Object{pool("six", Domain, "c1")},
			want: []string{`cname_and_other at access_domain gtm.example.com/A type: `, `cname_and_other at access_domain gtm.example.com/AAAA type: `}},
		{name: "CNAME at the apex is refused", put: []Object{dom("example.com", "CNAME", "names")},
			want: []string{`cname_at_apex at access_domain example.com/CNAME name: use a name below it`}},
		{name: "a domain pool at the apex is refused", put: []Object{dom("example.com", "A", "names")},
			want: []string{`cname_at_apex at access_domain example.com/A name: use a name below it`}},
		{name: "beside a TXT record an IP pool stands", put: []Object{dom("txt.example.com", "A", "four")}},
		{name: "beside a TXT record a CNAME does not", put: []Object{dom("txt.example.com", "CNAME", "names")},
			want: []string{`cname_and_other at access_domain txt.example.com/CNAME name: has a TXT record`}},
		{name: "a TXT record beside it neither", start: []Object{dom("x.example.com", "A", "names")}, put: []Object{rec("example.com", "x", "TXT", `"x"`)},
			want: []string{`cname_and_other at access_domain x.example.com/A name: has a TXT record`}},
		{name: "a disabled record is no company", put: []Object{off(rec("example.com", "txt", "TXT", `"x"`)), dom("txt.example.com", "CNAME", "names")}},
		{name: "a domain pool of type A hides A and CNAME records", start: []Object{rec("example.com", "x", "A", "192.0.2.1")}, put: []Object{dom("x.example.com", "A", "names"), dom("www.example.com", "A", "names")}},
		{name: "but no AAAA record", start: []Object{rec("example.com", "x", "AAAA", "2001:db8::1")}, put: []Object{dom("x.example.com", "A", "names")},
			want: []string{`cname_and_other at access_domain x.example.com/A name: has a AAAA record`}},
		{name: "an access domain may hide an A record", start: []Object{rec("example.com", "x", "A", "192.0.2.1")}, put: []Object{dom("x.example.com", "A", "four")}},
		{name: "a record may be put under an access domain", put: []Object{rec("example.com", "gtm", "A", "192.0.2.1"), rec("example.com", "gtm", "TXT", `"x"`)}},
		{name: "a CNAME record is alone", put: []Object{rec("example.com", "txt", "CNAME", "a.example.net.")},
			want: []string{`cname_and_other at record example.com/txt.example.com/CNAME type: has TXT records too`}},
		{name: "and stays alone", put: []Object{rec("example.com", "www", "TXT", `"x"`)},
			want: []string{`cname_and_other at record example.com/www.example.com/CNAME type: has TXT records too`}},
		{name: "a disabled CNAME record is no company", put: []Object{off(rec("example.com", "txt", "CNAME", "a.example.net."))}},
		{name: "enabling it is refused again", start: []Object{off(rec("example.com", "txt", "CNAME", "a.example.net."))}, put: []Object{rec("example.com", "txt", "CNAME", "a.example.net.")},
			want: []string{`cname_and_other at record example.com/txt.example.com/CNAME type: has TXT`}},
		{name: "a CNAME record may be exchanged for another in one change", put: []Object{rec("example.com", "www", "TXT", `"x"`)}, delete: []Key{key(KindRecord, "example.com/www.example.com/CNAME")}},
		{name: "a CNAME record at the apex is refused", put: []Object{rec("example.com", "@", "CNAME", "a.example.net.")},
			want: []string{`cname_at_apex at record example.com/example.com/CNAME type: RFC 1034`}},
		{name: "a CNAME in the parent zone minds the parent's records only", start: []Object{zone("txt.example.com")}, put: []Object{rec("txt.example.com", "@", "TXT", `"x"`)}},
		{name: "a CNAME in the parent zone minds them even where a child is hosted", start: []Object{zone("sub.example.com"), rec("example.com", "sub", "CNAME", "a.example.net.")}, put: []Object{rec("example.com", "sub", "TXT", `"x"`)},
			want: []string{`cname_and_other at record example.com/sub.example.com/CNAME type: has TXT`}},

		// Cuts.
		{name: "below a delegation nothing is steered", start: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")}, put: []Object{dom("x.sub.example.com", "A", "four")},
			want: []string{`below_cut at access_domain x.sub.example.com/A name: below the NS record at sub.example.com`}},
		{name: "nor at it", start: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")}, put: []Object{dom("sub.example.com", "A", "four")},
			want: []string{`below_cut at access_domain sub.example.com/A name: is delegated by NS records`}},
		{name: "a disabled one may wait there", start: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")}, put: []Object{off(dom("x.sub.example.com", "A", "four"))}},
		{name: "a delegation above a steered name is refused", start: []Object{dom("x.y.sub.example.com", "A", "four")}, put: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")},
			want: []string{`below_cut at access_domain x.y.sub.example.com/A name: below the NS record`}},
		{name: "enabling one is too", start: []Object{dom("x.sub.example.com", "A", "four"), off(rec("example.com", "sub", "NS", "ns1.example.net."))}, put: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")},
			want: []string{`below_cut at access_domain x.sub.example.com/A name: below the NS record`}},
		{name: "below a DNAME nothing is steered", start: []Object{rec("example.com", "sub", "DNAME", "example.net.")}, put: []Object{dom("x.sub.example.com", "A", "four")},
			want: []string{`below_cut at access_domain x.sub.example.com/A name: below the DNAME record`}},
		{name: "at a DNAME an IP pool is", start: []Object{rec("example.com", "sub", "DNAME", "example.net.")}, put: []Object{dom("sub.example.com", "A", "four")}},
		{name: "at a DNAME a CNAME is not", start: []Object{rec("example.com", "sub", "DNAME", "example.net.")}, put: []Object{dom("sub.example.com", "CNAME", "names")},
			want: []string{`cname_and_other at access_domain sub.example.com/CNAME name: has a DNAME record`}},
		{name: "a DNAME at the apex cuts off the whole zone", put: []Object{rec("example.com", "@", "DNAME", "example.net.")},
			want: []string{`below_cut at access_domain gtm.example.com/A name: below the DNAME record at example.com`}},
		{name: "a wildcard below a delegation is refused", start: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")}, put: []Object{dom("*.sub.example.com", "A", "four")},
			want: []string{`below_cut at access_domain *.sub.example.com/A name: below the NS record`}},
		{name: "a delegation in the parent does not cut a hosted child", start: []Object{zone("sub.example.com"), dom("x.sub.example.com", "A", "four")}, put: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")}},
		{name: "NS at a wildcard is refused", put: []Object{rec("example.com", "*.w", "NS", "ns1.example.net.")},
			want: []string{`wildcard_cut at record example.com/*.w.example.com/NS name: RFC 4592`}},
		{name: "DNAME beside a delegation is refused", start: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")}, put: []Object{rec("example.com", "sub", "DNAME", "example.net.")},
			want: []string{`dname_and_ns at record example.com/sub.example.com/DNAME type: RFC 6672`}},
		{name: "a delegation beside a DNAME too", start: []Object{rec("example.com", "sub", "DNAME", "example.net.")}, put: []Object{rec("example.com", "sub", "NS", "ns1.example.net.")},
			want: []string{`dname_and_ns at record example.com/sub.example.com/DNAME type: RFC 6672`}},
		{name: "DS at the apex belongs to the parent", put: []Object{rec("example.com", "@", "DS", "1 13 2 "+strings.Repeat("ab", 32))},
			want: []string{`ds_at_apex at record example.com/example.com/DS type: move it there`}},

		// Cycles.
		{name: "a name does not lead to itself", put: []Object{addr("x", "x.example.com"), pool("p", Domain, "x"), dom("x.example.com", "CNAME", "p")},
			want: []string{`cycle at access_domain x.example.com/CNAME pools[0].pool: address x of pool p leads back to this name`}},
		{name: "nor in two steps", start: []Object{addr("x", "x.example.com"), addr("y", "y.example.com"), pool("px", Domain, "x"), pool("py", Domain, "y", "c1"), dom("x.example.com", "CNAME", "py")}, put: []Object{dom("y.example.com", "CNAME", "px")},
			want: []string{`cycle at access_domain x.example.com/CNAME pools[0].pool: address y of pool py`, `cycle at access_domain y.example.com/CNAME pools[0].pool: address x of pool px`}},
		{name: "a pool does not close the ring", start: []Object{addr("x", "x.example.com"), addr("y", "y.example.com"), pool("px", Domain, "c1"), pool("py", Domain, "y"), dom("x.example.com", "CNAME", "py"), dom("y.example.com", "CNAME", "px")}, put: []Object{pool("px", Domain, "x")},
			want: []string{`cycle at access_domain x.example.com/CNAME pools[0].pool: `, `cycle at access_domain y.example.com/CNAME pools[0].pool: `}},
		{name: "an address does not close the ring", start: []Object{addr("x", "lb.example.org"), addr("y", "y.example.com"), pool("px", Domain, "x"), pool("py", Domain, "y"), dom("x.example.com", "CNAME", "py"), dom("y.example.com", "CNAME", "px")}, put: []Object{addr("x", "x.example.com")},
			want: []string{`cycle at access_domain x.example.com/CNAME pools[0].pool: `, `cycle at access_domain y.example.com/CNAME pools[0].pool: `}},
		{name: "a chain of steered names is no ring", put: []Object{addr("y", "y.example.com"), addr("g", "gtm.example.com"), pool("py", Domain, "y"), pool("pg", Domain, "g"), dom("x.example.com", "CNAME", "py", "pg"), dom("y.example.com", "CNAME", "pg")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := model(t, append(base(), row.start...)...)
			d := NewDraft(m)
			for _, o := range row.put {
				d.Put(o)
			}
			for _, k := range row.delete {
				if !d.Delete(k) {
					t.Fatalf("%s is not there to be deleted", k)
				}
			}
			var got []string
			for _, p := range d.Check().Errors {
				got = append(got, p.Code+" at "+string(p.Kind)+" "+p.Name+" "+p.Field+": "+p.Message)
			}
			if len(got) != len(row.want) {
				t.Fatalf("got %d errors, want %d:\n%s", len(got), len(row.want), strings.Join(got, "\n"))
			}
			for i, w := range row.want {
				where, words, _ := strings.Cut(w, ": ")
				if !strings.HasPrefix(got[i], where+": ") || !strings.Contains(got[i], words) {
					t.Errorf("got  %s\nwant %s", got[i], w)
				}
			}
		})
	}
}

// TestWarnings: what is legal but surely not meant is said.
func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		put  []Object
		want []string // "code name"
	}{
		{"an access domain says what it hides", []Object{dom("www.example.com", "A", "four")}, []string{"hides_record www.example.com/A"}},
		{"a record says what hides it", []Object{rec("example.com", "gtm", "A", "192.0.2.1")}, []string{"hidden example.com/gtm.example.com/A", "hides_record gtm.example.com/A"}},
		{"a TXT record is not hidden", []Object{rec("example.com", "gtm", "TXT", `"x"`)}, nil},
		{"an empty pool is unavailable", []Object{pool("p", IPv4)}, []string{"empty p"}},
		{"so is one whose addresses are all disabled", []Object{off(addr("x", "192.0.2.7")), pool("p", IPv4, "x")}, []string{"none_enabled p"}},
		{"a disabled zone answers nothing", []Object{off(zone("example.org")), dom("x.example.org", "A", "four")}, []string{"zone_disabled x.example.org/A"}},
		{"NODATA is shared by a resolver's clients", []Object{func() Object {
			d := dom("x.example.com", "A", "four")
			d.Policy, d.Unmatched = Proximity, UnmatchedNoData
			return d
		}()}, []string{"shared_nodata x.example.com/A"}},
		{"equal serials are ordered by position", []Object{func() Object {
			d := dom("x.example.com", "A", "four", "alone")
			d.Pools[0].Serial, d.Pools[1].Serial = 3, 3
			return d
		}()}, []string{"duplicate_serial x.example.com/A"}},
		{"a wildcard that steers to itself loops", []Object{addr("x", "x.example.com"), pool("p", Domain, "x"), dom("*.example.com", "CNAME", "p")}, []string{"wildcard_loop *.example.com/CNAME"}},
		{"not to a name with a record", []Object{addr("x", "x.example.com"), pool("p", Domain, "x"), dom("*.example.com", "CNAME", "p"), rec("example.com", "x", "A", "192.0.2.1")}, nil},
		{"nor to one that is steered itself", []Object{addr("x", "gtm.example.com"), pool("p", Domain, "x"), dom("*.example.com", "CNAME", "p")}, nil},
		{"glue below a delegation is meant", []Object{rec("example.com", "sub", "NS", "ns.sub.example.com."), rec("example.com", "ns.sub", "A", "192.0.2.1")}, nil},
		{"other records below it are never answered", []Object{rec("example.com", "sub", "NS", "ns1.example.net."), rec("example.com", "x.sub", "TXT", `"x"`), rec("example.com", "sub", "TXT", `"x"`)},
			[]string{"below_cut example.com/sub.example.com/TXT", "below_cut example.com/x.sub.example.com/TXT"}},
		{"below a DNAME not even addresses", []Object{rec("example.com", "sub", "DNAME", "example.net."), rec("example.com", "x.sub", "A", "192.0.2.1")}, []string{"below_cut example.com/x.sub.example.com/A"}},
		{"records in the parent of a hosted child are never answered", []Object{zone("sub.example.com"), rec("example.com", "x.sub", "TXT", `"x"`)}, []string{"other_zone example.com/x.sub.example.com/TXT"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := NewDraft(model(t, base()...))
			for _, o := range row.put {
				d.Put(o)
			}
			r := d.Check()
			if !r.OK() {
				t.Fatal(r.Err())
			}
			var got []string
			for _, p := range r.Warnings {
				got = append(got, p.Code+" "+p.Name)
			}
			slices.Sort(got)
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestErrorsAreReadable(t *testing.T) {
	t.Parallel()
	d := NewDraft(NewModel())
	d.Put(pool("p", "IPv5", "x"))
	err := d.Check().Err()
	want := `pool p: members[0].address address "x" does not exist; create it or correct the name
pool p: type is "IPv5"; use IPv4, IPv6 or domain`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if err := (&Report{}).Err(); err != nil {
		t.Errorf("an empty report is the error %v", err)
	}
}

// TestLongListsOfUsersAreCut: a message stays readable however many use an object.
func TestLongListsOfUsersAreCut(t *testing.T) {
	t.Parallel()
	var objects []Object
	for i := range 25 {
		objects = append(objects, pool("p"+string(rune('a'+i)), IPv4, "a1"))
	}
	d := NewDraft(model(t, append(base(), objects...)...))
	d.Delete(Key{KindAddress, "a1"})
	if got := d.Check().Errors[0].Message; !strings.Contains(got, "pool four, pool pa,") || !strings.HasSuffix(got, "16 more; remove it there first") {
		t.Errorf("got %s", got)
	}
}

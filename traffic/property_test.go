package traffic

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// one draws from the given values; junk, seldom, from all strings.
func one[T any](t *rapid.T, what string, of ...T) T { return rapid.SampledFrom(of).Draw(t, what) }

func word(t *rapid.T, what string, of ...string) string {
	if rapid.IntRange(0, 9).Draw(t, what+" is junk") == 0 {
		return rapid.String().Draw(t, what)
	}
	return one(t, what, of...)
}

func some[T any](t *rapid.T, what string, limit int, f func() T) []T {
	n := rapid.IntRange(-1, limit).Draw(t, what+" count")
	if n < 0 {
		return nil
	}
	out := make([]T, 0, n)
	for range n {
		out = append(out, f())
	}
	return out
}

func anyMeta(t *rapid.T) Meta {
	m := Meta{Enabled: rapid.Bool().Draw(t, "enabled"), Remark: word(t, "remark", "", "备注", "<&>\u2028")}
	if rapid.Bool().Draw(t, "labelled") {
		m.Labels = rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "labels")
	}
	return m
}

func anyLink(t *rapid.T) Link {
	return Link{Serial: rapid.IntRange(-1, 4).Draw(t, "serial"), Weight: rapid.IntRange(0, 101).Draw(t, "weight"), Enabled: rapid.Bool().Draw(t, "on"),
		Lines: some(t, "lines", 3, func() string { return word(t, "line", "default", "cn", "cn-gd", "cn_telecom_guangdong", "office", "") })}
}

func anySteering(t *rapid.T) Steering {
	return Steering{Policy: Policy(word(t, "policy", "proximity", "sequential", "round_robin", "weighted")), Mode: word(t, "mode", "", Preemptive, NonPreemptive), Order: word(t, "order", "", OrderSerial, OrderDistance)}
}

func anyHTTP(t *rapid.T) *HTTPOptions {
	if !rapid.Bool().Draw(t, "options") {
		return nil
	}
	h := &HTTPOptions{Host: word(t, "host", "", "x.example:80"), Path: word(t, "path", "", "/a"), Method: word(t, "method", "", "GET", "HEAD"), SNI: word(t, "sni", "", "x.example"),
		ExpectBody: word(t, "body", "", "ok"), FollowRedirects: rapid.Bool().Draw(t, "follow"), MinDaysLeft: rapid.IntRange(-1, 10).Draw(t, "days"),
		ExpectStatus: some(t, "statuses", 2, func() string { return word(t, "status", "200", "200-399") })}
	if rapid.Bool().Draw(t, "headers") {
		h.Headers = map[string]Value{word(t, "header", "X-A"): {Text: word(t, "text", "v")}, "X-B": {File: "/run/secret"}}
	}
	if rapid.Bool().Draw(t, "verify given") {
		v := rapid.Bool().Draw(t, "verify")
		h.Verify = &v
	}
	return h
}

func anyName(t *rapid.T) string {
	return word(t, "name", ".", "Example.COM", "www.example.com.", "münchen.example", "中国。example", "*.x", "", "@", "a..b", "host")
}

// anyObject draws objects of every kind, good ones and broken ones.
func anyObject(t *rapid.T) Object {
	soa := func() SOA {
		n := func(w string) uint32 { return rapid.Uint32Range(0, 3).Draw(t, w) }
		return SOA{MName: anyName(t), Contact: anyName(t), TTL: n("ttl"), Refresh: n("refresh"), Retry: n("retry"), Expire: n("expire"), NegativeTTL: n("negative")}
	}
	names := func() []string { return some(t, "nameservers", 3, func() string { return anyName(t) }) }
	name := word(t, "own name", "a", "b", "Hang Zhou")
	switch k := rapid.SampledFrom(Kinds).Draw(t, "kind"); k {
	case KindSettings:
		return &Settings{Nameservers: names(), SOA: soa(), GeoMap: word(t, "map", ""), Meta: anyMeta(t)}
	case KindLine:
		return &Line{Name: name, CIDRs: some(t, "cidrs", 3, func() string {
			return word(t, "cidr", "192.0.2.0/24", "192.0.2.1", "2001:DB8::/32", "::ffff:192.0.2.1", "192.0.2.1/8")
		}), Meta: anyMeta(t)}
	case KindTemplate:
		m := &Template{Name: name, Protocol: Protocol(word(t, "protocol", "ping", "tcp", "http", "https")), IPVersion: word(t, "version", "IPv4", "IPv6"),
			Interval: Duration(rapid.Int64Range(0, int64(2*time.Hour)).Draw(t, "interval")), Timeout: Duration(rapid.Int64Range(-1, int64(time.Minute)).Draw(t, "timeout")),
			EvaluationCount: rapid.IntRange(-1, 11).Draw(t, "evaluation"), RecoveryCount: rapid.IntRange(-1, 11).Draw(t, "recovery"), FailureRate: rapid.IntRange(-1, 101).Draw(t, "rate"),
			Vantages: some(t, "vantages", 2, func() string { return word(t, "vantage", "hz-1", "country=CN,isp=telecom") }), HTTP: anyHTTP(t), HTTPS: anyHTTP(t), Meta: anyMeta(t)}
		if rapid.Bool().Draw(t, "ping") {
			m.Ping = &PingOptions{Packets: rapid.IntRange(-1, 21).Draw(t, "packets"), LossRate: rapid.IntRange(-1, 101).Draw(t, "loss")}
		}
		if rapid.Bool().Draw(t, "tcp") {
			m.TCP = &TCPOptions{Send: word(t, "send", `\x00`), Expect: word(t, "expect", "", `a\q`)}
		}
		return m
	case KindAddress:
		a := &Address{Name: name, Address: word(t, "address", "192.0.2.1", "2001:DB8:0::1", "Host.Example.", "::ffff:1.2.3.4", "fe80::1%eth0", "300.1.1.1"),
			Mode: Mode(word(t, "mode", "auto")), Judgement: Judgement(word(t, "judgement", "any_ok", "all_ok")), Meta: anyMeta(t),
			Tasks: some(t, "tasks", 3, func() Task {
				return Task{Template: word(t, "template", "web"), Port: rapid.IntRange(-1, 3).Draw(t, "port"), Enabled: rapid.Bool().Draw(t, "on")}
			})}
		if rapid.Bool().Draw(t, "located") {
			a.Location = &Location{rapid.Float64Range(-100, 100).Draw(t, "lat"), rapid.Float64Range(-200, 200).Draw(t, "lon")}
		}
		return a
	case KindPool:
		return &Pool{Name: name, Type: Family(word(t, "type", "IPv4", "IPv6", "domain")), Steering: anySteering(t), Answers: rapid.IntRange(-1, 17).Draw(t, "answers"),
			Judgement: Judgement(word(t, "judgement", "any_ok")), Meta: anyMeta(t),
			Members: some(t, "members", 3, func() Member { return Member{Address: word(t, "member", "a", "b"), Link: anyLink(t)} })}
	case KindZone:
		return &Zone{Name: anyName(t), Nameservers: names(), SOA: soa(), Serial: rapid.Uint32().Draw(t, "serial"), Meta: anyMeta(t)}
	case KindRecord:
		return &Record{Zone: anyName(t), Name: anyName(t), Type: word(t, "type", "a", "AAAA", "TYPE1", "TYPE65280", "mx", "TXT", "SOA", "CNAME"), TTL: rapid.Uint32().Draw(t, "ttl"), Meta: anyMeta(t),
			Data: some(t, "data", 3, func() string {
				return word(t, "datum", "192.0.2.1", "2001:DB8::1", "10  mail.Example.", `"a" "b"`, `\# 4 0A000001`, "x.example.")
			})}
	case KindAccessDomain:
		return &AccessDomain{Name: anyName(t), Type: word(t, "type", "A", "aaaa", "CNAME"), TTL: rapid.Uint32().Draw(t, "ttl"), Steering: anySteering(t),
			Unmatched: word(t, "unmatched", "fallback", "nodata"), AllDown: word(t, "all_down", "serve_all"), Meta: anyMeta(t),
			Pools: some(t, "pools", 3, func() PoolMember { return PoolMember{Pool: word(t, "pool", "a", "b"), Link: anyLink(t)} })}
	default:
		return &Assertion{Name: anyName(t), Type: word(t, "type", "a", "AAAA"), Line: word(t, "line", "", "cn", "office"), Meta: anyMeta(t),
			Expect: Expect{Pool: word(t, "pool", "", "p"), Address: word(t, "address", "", "a")}}
	}
}

// TestObjectsSurviveTheirForms: normalizing twice is normalizing once, and what is
// written is what is read, alone and in a change set.
func TestObjectsSurviveTheirForms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := anyObject(t)
		o.Normalize()
		once := Encode(o)
		o.Normalize()
		if twice := Encode(o); !bytes.Equal(once, twice) {
			t.Fatalf("normalized twice:\n%s\n%s", once, twice)
		}
		back, err := Decode(o.Key().Kind, once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if !reflect.DeepEqual(back, o) {
			t.Fatalf("read back:\n%s\n%s", once, Encode(back))
		}
		changes := []Change{{Key: o.Key(), After: o}, {Key: Key{KindPool, "gone"}}}
		wire := EncodeChanges(changes)
		got, err := DecodeChanges(wire)
		if err != nil || !reflect.DeepEqual(got, changes) {
			t.Fatalf("%s\nread back as %v, %v", wire, got, err)
		}
		o.Check(&Report{}) // broken objects are reported on, never fatal
		o.Refs(func(to Key, field string) {
			if New(to.Kind) == nil || field == "" {
				t.Fatalf("%s names %v by the field %q", o.Key(), to, field)
			}
		})
	})
}

// The names of a small world, in which most of what can conflict soon does.
var (
	worldZones = []string{"x", "a.x", "b.a.x", "y"}
	worldNames = []string{"x", "a.x", "b.a.x", "c.b.a.x", "*.x", "*.a.x", "d.x", "y"}
	worldHosts = []string{"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "d.x", "b.a.x", "c.b.a.x", "out.example"}
)

func worldObject(t *rapid.T) Object {
	n := func(what string, max int) string { return fmt.Sprint(what, rapid.IntRange(0, max).Draw(t, what)) }
	on := Meta{Enabled: rapid.IntRange(0, 4).Draw(t, "off") > 0}
	switch rapid.IntRange(0, 13).Draw(t, "what") {
	case 0:
		m := tpl(n("t", 1), one(t, "protocol", Ping, TCP, HTTP), one(t, "version", "IPv4", "IPv6"))
		m.Meta = on
		return m
	case 1, 2, 3:
		a := addr(n("a", 5), one(t, "endpoint", worldHosts...))
		if rapid.IntRange(0, 3).Draw(t, "probed") == 0 {
			a.Tasks = []Task{task(n("t", 1), one(t, "port", 0, 80))}
		}
		a.Meta = on
		return a
	case 4, 5, 6:
		var members []string
		for range rapid.IntRange(0, 2).Draw(t, "members") {
			members = append(members, n("a", 5))
		}
		p := pool(n("p", 3), one(t, "type", IPv4, IPv6, Domain), members...)
		if len(p.Members) > 0 {
			p.Members[0].Enabled = rapid.IntRange(0, 4).Draw(t, "member off") > 0
			p.Members[0].Lines = []string{one(t, "line", "default", "cn", "office")}
		}
		p.Meta = on
		return p
	case 7:
		z := zone(one(t, "zone", worldZones...))
		z.Meta = on
		return z
	case 8, 9:
		owner := one(t, "owner", worldNames...)
		z := one(t, "zone", worldZones...)
		if !IsSubdomain(owner, z) { // most records are meant for their zone
			z = one(t, "top", "x", "y", owner)
		}
		typ := one(t, "type", "A", "TXT", "CNAME", "NS", "DNAME", "DS")
		data := map[string]string{"A": "192.0.2.1", "TXT": `"x"`, "DS": "1 13 2 " + fmt.Sprintf("%064d", 0)}[typ]
		if data == "" {
			data = "t.example."
		}
		c := rec(z, owner+".", typ, data)
		c.Meta = on
		return c
	case 10:
		if rapid.Bool().Draw(t, "line or assertion") {
			return &Line{Name: "office", CIDRs: []string{"192.0.2.0/24"}, Meta: on}
		}
		return &Assertion{Name: one(t, "name", worldNames...), Type: "A", Expect: Expect{Pool: n("p", 3)}, Meta: on}
	default:
		var pools []string
		for range rapid.IntRange(0, 2).Draw(t, "pools") {
			pools = append(pools, n("p", 3))
		}
		d := dom(one(t, "name", worldNames...), one(t, "type", "A", "AAAA", "CNAME"), pools...)
		d.Policy = one(t, "policy", Sequential, RoundRobin)
		d.Meta = on
		return d
	}
}

// worldKey draws the key of something that is there.
func worldKey(t *rapid.T, d *Draft) (Key, bool) {
	var all []Key
	for _, k := range Kinds[1:] {
		for _, n := range d.base.Names(k) {
			all = append(all, Key{k, n})
		}
	}
	if len(all) == 0 {
		return Key{}, false
	}
	return rapid.SampledFrom(all).Draw(t, "delete"), true
}

// seeds are drafts that a random walk would seldom find: a world that works.
func seeds(t *rapid.T, d *Draft) {
	if !rapid.Bool().Draw(t, "seeded") {
		return
	}
	name := one(t, "steered name", worldNames...)
	if r := rapid.IntRange(0, 3).Draw(t, "steered"); r > 0 {
		d.Put(dom(name, "A", one(t, "pool", "p0", "p2")))
		if r > 1 {
			d.Put(dom(one(t, "another name", worldNames...), "AAAA", one(t, "another pool", "p1", "p2")))
		}
		d.Put(dom("c.b.a.x", "CNAME", "p2"))
	}
	if rapid.Bool().Draw(t, "child zone") {
		d.Put(zone("a.x"))
	}
	for _, o := range []Object{zone("x"), zone("y"), addr("a0", "192.0.2.1"), addr("a1", "2001:db8::1"), addr("a2", "out.example"), addr("a3", "d.x"),
		pool("p0", IPv4, "a0"), pool("p1", IPv6, "a1"), pool("p2", Domain, "a2"), pool("p3", Domain, "a3")} {
		d.Put(o)
	}
}

// TestIncrementalCheckMissesNothing: over a random history, checking a change finds
// exactly what checking the whole outcome finds; what passes is applied, and the
// model's indexes then equal those of one built from nothing.
func TestIncrementalCheckMissesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := NewModel()
		first := NewDraft(m)
		seeds(t, first)
		if first.Check().OK() {
			m.Apply(first.Changes())
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			d := NewDraft(m)
			for range one(t, "operations", 1, 1, 2, 4) {
				if rapid.IntRange(0, 3).Draw(t, "operation") > 0 {
					d.Put(worldObject(t))
				} else if k, ok := worldKey(t, d); ok {
					d.Delete(k)
				}
			}
			report := d.Check()
			next := m.Clone()
			next.Apply(d.Changes())
			whole := NewDraft(NewModel())
			for _, c := range next.All() {
				whole.Put(c.After)
			}
			all := whole.Check()
			compareReports(t, d, report, all)
			compareCycles(t, next, all)
			// The draft shows what applying its changes gives.
			for k := range d.changed {
				a, b := d.Get(k), next.Get(k)
				if (a == nil) != (b == nil) || a != nil && !bytes.Equal(Encode(a), Encode(b)) {
					t.Fatalf("%s: the draft shows %v, the outcome has %v", k, a, b)
				}
				if !slices.Equal(d.Users(k), next.Users(k)) {
					t.Fatalf("%s: the draft shows the users %v, the outcome has %v", k, d.Users(k), next.Users(k))
				}
			}
			if report.OK() {
				m.Apply(d.Changes())
				compareIndexes(t, m)
			}
		}
	})
}

func compareReports(t *rapid.T, d *Draft, part, whole *Report) {
	refused := slices.ContainsFunc(part.Errors, func(p Problem) bool { return p.Code == "in_use" })
	if refused {
		// The users of something deleted are told once, there; the whole has them all.
		if whole.OK() {
			t.Fatalf("refused, but the outcome is good: %v\nchanges %s", part.Err(), EncodeChanges(d.Changes()))
		}
		return
	}
	if !slices.Equal(part.Errors, whole.Errors) {
		t.Fatalf("the change's errors\n%v\nthe outcome's errors\n%v\nchanges %s", part.Err(), whole.Err(), EncodeChanges(d.Changes()))
	}
}

// compareCycles holds the search for rings to plain reachability.
func compareCycles(t *rapid.T, m *Model, r *Report) {
	reach := func(from string) (back bool) {
		seen := map[string]bool{}
		var walk func(string)
		walk = func(name string) {
			for _, ad := range m.At(name) {
				for _, pm := range ad.Pools {
					p := m.Pool(pm.Pool)
					for i := 0; p != nil && i < len(p.Members); i++ {
						a := m.Address(p.Members[i].Address)
						if a == nil || a.Family() != Domain {
							continue
						}
						back = back || a.Address == from
						if !seen[a.Address] {
							seen[a.Address] = true
							walk(a.Address)
						}
					}
				}
			}
		}
		walk(from)
		return back
	}
	got := map[string]bool{}
	for _, p := range r.Errors {
		if p.Code == "cycle" {
			name, _, _ := strings.Cut(p.Name, "/")
			got[name] = true
		}
	}
	m.Each(KindAccessDomain, func(o Object) bool {
		if name := o.(*AccessDomain).Name; got[name] != reach(name) {
			t.Fatalf("%s: cycle reported %v, reachable from itself %v", name, got[name], reach(name))
		}
		return true
	})
}

// compareIndexes holds every index of a model to one built from its objects.
func compareIndexes(t *rapid.T, m *Model) {
	want := newIndex()
	for _, c := range m.All() {
		want.put(c.After)
	}
	for _, i := range []struct {
		name      string
		got, want any
	}{
		{"objects", m.objects, want.objects}, {"users", m.users, want.users}, {"byZone", m.byZone, want.byZone},
		{"owners", sortedValues(m.owners), sortedValues(want.owners)}, {"byName", m.byName, want.byName},
		{"names in the tree", m.names.here, want.names.here}, {"links of the tree", m.names.kids, want.names.kids},
	} {
		if !reflect.DeepEqual(i.got, i.want) {
			t.Fatalf("%s: got %v, want %v", i.name, i.got, i.want)
		}
	}
}

func sortedValues(m map[string][]string) map[string][]string {
	out := maps.Clone(m)
	for k, v := range out {
		out[k] = slices.Sorted(slices.Values(v))
	}
	return out
}

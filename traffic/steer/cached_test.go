package steer

import (
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// TestHowLongAnswersFromBeforeLive: what an override takes away lives on in caches for
// the TTL, with what a CNAME leads to inside our zones, or as a negative answer does.
func TestHowLongAnswersFromBeforeLive(t *testing.T) {
	t.Parallel()
	m := traffic.NewModel()
	on := traffic.Meta{Enabled: true}
	put := func(objs ...traffic.Object) {
		for _, o := range objs {
			o.Normalize()
			m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
		}
	}
	address := func(name, value string) traffic.Object {
		return &traffic.Address{Name: name, Address: value, Mode: traffic.Auto, Judgement: traffic.AnyOK, Meta: on}
	}
	pool := func(name string, f traffic.Family) traffic.Object {
		return &traffic.Pool{Name: name, Type: f, Steering: traffic.Steering{Policy: traffic.Sequential}, Judgement: traffic.AnyOK, Meta: on,
			Members: []traffic.Member{{Address: name, Link: traffic.Link{Weight: 1, Enabled: true}}}}
	}
	domain := func(name string, ttl uint32, pools ...string) traffic.Object {
		d := &traffic.AccessDomain{Name: name, Type: "A", TTL: ttl, Steering: traffic.Steering{Policy: traffic.Sequential}, Unmatched: traffic.UnmatchedFallback, AllDown: traffic.AllDownServe, Meta: on}
		for _, p := range pools {
			d.Pools = append(d.Pools, traffic.PoolMember{Pool: p, Link: traffic.Link{Weight: 1, Enabled: true}})
		}
		return d
	}
	put(&traffic.Zone{Name: "example.com", SOA: traffic.SOA{NegativeTTL: 45}, Meta: on},
		address("ip", "192.0.2.1"), address("other", "192.0.2.2"), address("steered", "steered.example.com"), address("record", "alias.example.com"), address("away", "cdn.example.net"), address("wild", "any.where.wild.example.com"),
		pool("ip", traffic.IPv4), pool("other", traffic.IPv4), pool("steered", traffic.Domain), pool("record", traffic.Domain), pool("away", traffic.Domain), pool("wild", traffic.Domain),
		domain("plain.example.com", 20, "ip"), domain("steered.example.com", 100, "other"), domain("low.example.com", 7, "ip"),
		domain("chain.example.com", 30, "steered"), domain("records.example.com", 30, "record"), domain("outside.example.com", 30, "away"), domain("towild.example.com", 30, "wild"), domain("*.wild.example.com", 500, "other"),
		&traffic.Record{Zone: "example.com", Name: "alias", Type: "CNAME", TTL: 200, Data: []string{"end.example.com."}, Meta: on},
		&traffic.Record{Zone: "example.com", Name: "end", Type: "AAAA", TTL: 1000, Data: []string{"2001:db8::1"}, Meta: on})
	h := Health{Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }}
	for _, c := range []struct {
		action traffic.Action
		target string
		want   uint32
	}{
		{traffic.Drain, "access-domain/plain.example.com/A", 20},
		{traffic.Drain, "address/ip", 20}, // of plain and low
		{traffic.Drain, "address/steered", 130},
		{traffic.Drain, "address/record", 1230},
		{traffic.Drain, "address/away", 30},
		{traffic.Drain, "address/wild", 530},
		{traffic.Enable, "address/ip", 0},
		{traffic.Drain, "pool/nothing", 0},
	} {
		d := traffic.NewDraft(m)
		d.Put(&traffic.Override{ID: "o", Action: c.action, Target: c.target})
		e := Compare(m, d, d.Changes(), h)
		if e.CachedFor != c.want {
			t.Errorf("%s %s: %d s, want %d; %+v", c.action, c.target, e.CachedFor, c.want, e.Names)
		}
		if c.want == 0 {
			continue
		}
		// The way back: resolvers hold NODATA for the least of SOA MINIMUM and TTL.
		drained := m.Clone()
		drained.Apply(d.Changes())
		back := traffic.NewDraft(drained)
		back.Delete(traffic.Key{Kind: traffic.KindOverride, Name: "o"})
		want := uint32(30)
		switch c.target {
		case "address/ip", "access-domain/plain.example.com/A":
			want = 20
		}
		if e := Compare(drained, back, back.Changes(), h); e.CachedFor != want {
			t.Errorf("end of %s: %d s, want %d", c.target, e.CachedFor, want)
		}
	}
	other := domain("plain.example.com", 5, "other").(*traffic.AccessDomain) // its own answers live by their own TTL
	other.Type = "AAAA"
	put(other, domain("plain.example.com", 3600, "ip"), &traffic.Override{ID: "o", Action: traffic.Drain, Target: "pool/ip"})
	back := traffic.NewDraft(m)
	back.Delete(traffic.Key{Kind: traffic.KindOverride, Name: "o"})
	if e := Compare(m, back, back.Changes(), h); e.CachedFor != 45 {
		t.Errorf("a NODATA of a name with a long TTL lives %d s, want the zone's 45", e.CachedFor)
	}
}

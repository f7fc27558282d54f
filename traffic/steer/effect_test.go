package steer

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// effectKeys are the objects of the small configurations below. h1 and h2 point to
// hosted names, each used only by names after it, so that there are no cycles.
var effectKeys = []traffic.Key{
	{Kind: traffic.KindTemplate, Name: "t1"}, {Kind: traffic.KindTemplate, Name: "t2"},
	{Kind: traffic.KindLine, Name: "office"}, {Kind: traffic.KindLine, Name: "lab"},
	{Kind: traffic.KindAddress, Name: "a1"}, {Kind: traffic.KindAddress, Name: "a2"}, {Kind: traffic.KindAddress, Name: "a3"},
	{Kind: traffic.KindAddress, Name: "h1"}, {Kind: traffic.KindAddress, Name: "h2"},
	{Kind: traffic.KindPool, Name: "p1"}, {Kind: traffic.KindPool, Name: "p2"}, {Kind: traffic.KindPool, Name: "p3"}, {Kind: traffic.KindPool, Name: "p4"},
	{Kind: traffic.KindZone, Name: "example.com"}, {Kind: traffic.KindZone, Name: "sub.example.com"},
	{Kind: traffic.KindRecord, Name: "example.com/one.example.com/A"}, {Kind: traffic.KindRecord, Name: "example.com/one.example.com/CNAME"}, {Kind: traffic.KindRecord, Name: "example.com/two.example.com/AAAA"},
	{Kind: traffic.KindAccessDomain, Name: "one.example.com/A"}, {Kind: traffic.KindAccessDomain, Name: "one.example.com/AAAA"},
	{Kind: traffic.KindAccessDomain, Name: "two.example.com/A"}, {Kind: traffic.KindAccessDomain, Name: "three.sub.example.com/A"},
	{Kind: traffic.KindOverride, Name: "o1"}, {Kind: traffic.KindOverride, Name: "o2"},
}

var effectLines = []string{"default", "cn", "cn-gd", "unicom", "unicom:cn-bj", "us", "office", "lab"}

func drawOne[T any](t *rapid.T, of ...T) T { return rapid.SampledFrom(of).Draw(t, "one") }

// often is true four times in five: configurations in which most is on say more.
func often(t *rapid.T) bool { return rapid.IntRange(0, 4).Draw(t, "often") > 0 }

func drawLink(t *rapid.T) traffic.Link {
	return traffic.Link{Serial: rapid.IntRange(1, 3).Draw(t, "serial"), Weight: drawOne(t, 1, 2), Enabled: often(t),
		Lines: rapid.SliceOfNDistinct(rapid.SampledFrom(effectLines), 1, 2, rapid.ID).Draw(t, "lines")}
}

func drawSteering(t *rapid.T) traffic.Steering {
	return traffic.Steering{Policy: drawOne(t, traffic.Proximity, traffic.Proximity, traffic.Sequential, traffic.RoundRobin, traffic.Weighted),
		Mode: drawOne(t, traffic.Preemptive, traffic.NonPreemptive), Order: traffic.OrderSerial}
}

func drawObject(t *rapid.T, k traffic.Key) traffic.Object {
	meta := traffic.Meta{Enabled: often(t), Labels: map[string]string{"site": drawOne(t, "hz", "sh")}}
	judgement := drawOne(t, traffic.Judgement("any_ok"), traffic.Judgement("all_ok"))
	some := func(of ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 3, rapid.ID).Draw(t, "some")
	}
	switch k.Kind {
	case traffic.KindTemplate:
		return &traffic.Template{Name: k.Name, Protocol: drawOne(t, traffic.Ping, traffic.TCP), Meta: meta}
	case traffic.KindLine:
		return &traffic.Line{Name: k.Name, CIDRs: []string{drawOne(t, "192.0.2.0/24", "198.51.100.0/24")}, Meta: meta}
	case traffic.KindAddress:
		a := &traffic.Address{Name: k.Name, Address: "192.0.2." + k.Name[1:], Judgement: judgement, Meta: meta,
			Mode: drawOne(t, traffic.Auto, traffic.Auto, traffic.Auto, traffic.ManualUnavailable, traffic.ManualAvailable)}
		switch k.Name {
		case "h1":
			a.Address = drawOne(t, "one.example.com", "one.example.com", "cdn.example.net")
		case "h2":
			a.Address = drawOne(t, "two.example.com", "two.example.com", "one.example.com")
		}
		for _, n := range some("t1", "t2") {
			a.Tasks = append(a.Tasks, traffic.Task{Template: n, Port: 80, Enabled: often(t)})
		}
		return a
	case traffic.KindPool:
		of := []string{"a1", "a2", "a3"}
		p := &traffic.Pool{Name: k.Name, Type: "IPv4", Steering: drawSteering(t), Judgement: judgement, Meta: meta}
		switch k.Name {
		case "p3":
			p.Type, of = traffic.Domain, append(of, "h1", "h1")
		case "p4":
			p.Type, of = traffic.Domain, append(of, "h2", "h2")
		}
		for _, n := range some(of...) {
			p.Members = append(p.Members, traffic.Member{Address: n, Link: drawLink(t)})
		}
		return p
	case traffic.KindZone:
		return &traffic.Zone{Name: k.Name, Meta: meta}
	case traffic.KindOverride:
		o := &traffic.Override{ID: k.Name, Action: drawOne(t, traffic.Drain, traffic.Enable), Author: "ann"}
		if on := traffic.TargetOf(drawOne(t, effectKeys...)); on != "" {
			o.Target = on
		} else {
			o.Selector = drawOne(t, "site=hz", "site=sh", "site=bj")
		}
		return o
	case traffic.KindRecord:
		c := &traffic.Record{Zone: "example.com", Data: []string{"192.0.2.9"}, TTL: 60, Meta: meta}
		fmt.Sscanf(k.Name, "example.com/%3s.example.com/%s", &c.Name, &c.Type)
		return c
	}
	name, typ := domainName(k)
	d := &traffic.AccessDomain{Name: name, Type: typ, TTL: drawOne[uint32](t, 60, 60, 30), Steering: drawSteering(t), Meta: meta,
		Unmatched: drawOne(t, traffic.UnmatchedFallback, traffic.UnmatchedNoData), AllDown: drawOne(t, traffic.AllDownServe, traffic.AllDownNoData)}
	of := map[string][]string{"one.example.com": {"p1", "p2"}, "two.example.com": {"p1", "p2", "p3"}, "three.sub.example.com": {"p1", "p3", "p4"}}[name]
	for _, n := range some(of...) {
		d.Pools = append(d.Pools, traffic.PoolMember{Pool: n, Link: drawLink(t)})
	}
	return d
}

// possible is all that a client of a line may be answered, in a form of the test's own.
func possible(s Side, k traffic.Key, l string, h Health) any {
	d, _ := s.Get(k).(*traffic.AccessDomain)
	name, _ := domainName(k)
	z := s.ZoneOf(name)
	if d == nil || !d.Enabled || z == nil || !z.Enabled {
		return "not answered"
	}
	w, err := line.NewWorld(line.EmptyMap(), []line.Custom{{Name: "office"}, {Name: "lab"}})
	if err != nil {
		panic(err)
	}
	chain, _ := w.ChainOf(l)
	// An engine for each question: nothing remembered can hide a fault of remembering.
	dec := (&Engine{Config: s, Verdict: h.Verdict, Current: h.Current}).Decide(d, Client{Lines: chain})
	dec.Reason, dec.Line, dec.Override = said.Said{}, "", nil
	if len(dec.Picks) == 1 {
		dec.Rule = First
	}
	for i := range dec.Picks {
		p := &dec.Picks[i]
		p.Line = ""
		if dec.Rule != Draw {
			p.Weight = 0
		}
		if len(p.Entries) == 1 {
			p.Rule = First
		}
		for j := range p.Entries {
			if p.Rule != Draw {
				p.Entries[j].Weight = 0
			}
		}
	}
	ttl := d.TTL
	if len(dec.Picks) == 0 {
		ttl = 0
	}
	return []any{dec, ttl}
}

func isEmpty(v any) bool {
	l, ok := v.([]any)
	return ok && (l[0].(Decision).Basis == NoData || l[0].(Decision).Basis == LastResort)
}

// TestEffectIsTheWholeDifference: a change's effect names exactly the access domains
// that some class of clients is answered differently by, whatever path leads from the
// change to the name; it calls a class unchanged exactly when the decisions are equal.
func TestEffectIsTheWholeDifference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := traffic.NewModel()
		for _, k := range effectKeys {
			if often(t) && (k.Kind != traffic.KindOverride || rapid.Bool().Draw(t, "ordered")) {
				o := drawObject(t, k)
				o.Normalize()
				m.Apply([]traffic.Change{{Key: k, After: o}})
			}
		}
		for range 10 {
			checkEffect(t, m)
		}
	})
}

// checkEffect draws a change and a state of health and compares every name.
func checkEffect(t *rapid.T, m *traffic.Model) {
	d := traffic.NewDraft(m)
	for _, k := range rapid.SliceOfNDistinct(rapid.SampledFrom(effectKeys), 1, 4, rapid.ID[traffic.Key]).Draw(t, "changed") {
		if often(t) {
			d.Put(drawObject(t, k))
		} else {
			d.Delete(k)
		}
	}
	down := map[string]bool{}
	for _, a := range []string{"a1", "a2", "a3", "h1", "h2"} {
		down[a] = !often(t)
	}
	current := drawOne(t, "", "p1", "p2", "a1", "a2")
	h := Health{
		Verdict: func(k traffic.TaskKey) verdict.Verdict {
			if down[k.Address] && (k.Template == "t1" || k.Port == 80) {
				return verdict.Verdict{State: verdict.Down}
			}
			return verdict.Verdict{State: verdict.Up}
		},
		Current: func(traffic.Key) string { return current },
	}
	effect := Compare(m, d, d.Changes(), h)

	got := map[string]NameEffect{}
	for _, n := range effect.Names {
		got[n.Name+"/"+n.Type] = n
	}
	empty := 0
	for _, k := range effectKeys {
		if k.Kind != traffic.KindAccessDomain {
			continue
		}
		n, named := got[k.Name]
		delete(got, k.Name)
		classes := map[string]LineEffect{}
		for _, c := range n.Classes {
			classes[c.Line] = c
		}
		anyChanged, anyEmpty := false, false
		for _, l := range effectLines {
			before, after := possible(m, k, l, h), possible(d, k, l, h)
			differ := !reflect.DeepEqual(before, after)
			goes := isEmpty(after) && !isEmpty(before)
			anyChanged = anyChanged || differ
			c, listed := classes[l]
			if listed && (c.Changed != differ || c.Empty != goes) {
				t.Fatalf("%s for %s: changed %v, empty %v; but from %+v to %+v", k.Name, l, c.Changed, c.Empty, before, after)
			}
			anyEmpty = anyEmpty || listed && goes
		}
		if named != anyChanged {
			t.Fatalf("%s: in the effect %v, but changed %v", k.Name, named, anyChanged)
		}
		if !named {
			continue
		}
		if _, ok := classes["default"]; !ok {
			t.Fatalf("%s: no class default", k.Name)
		}
		want := Changed
		was, is := possible(m, k, "default", h) != "not answered", possible(d, k, "default", h) != "not answered"
		switch {
		case anyEmpty:
			want = GoesEmpty
			empty++
		case !is:
			want = Disappears
		case !was:
			want = Appears
		}
		if n.Change != want {
			t.Fatalf("%s: %s, want %s", k.Name, n.Change, want)
		}
	}
	if len(got) > 0 || empty != effect.Empty {
		t.Fatalf("left %v; %d go empty, want %d", got, effect.Empty, empty)
	}
	if !slices.IsSortedFunc(effect.Names, func(a, b NameEffect) int {
		return slices.Index(effectOrder, a.Change) - slices.Index(effectOrder, b.Change)
	}) {
		t.Fatal("names that go empty do not come first")
	}
	checkRecords(t, m, d, effect.Records)
}

// checkRecords holds the list to every record of the configuration.
func checkRecords(t *rapid.T, m *traffic.Model, d *traffic.Draft, got []RecordEffect) {
	var want []RecordEffect
	live := func(s Side, k traffic.Key) bool { r, _ := s.Get(k).(*traffic.Record); return r != nil && r.Enabled }
	for _, k := range effectKeys {
		z := d.ZoneOf("one.example.com")
		if k.Kind != traffic.KindRecord || z == nil || !z.Enabled || !live(d, k) {
			continue
		}
		r := d.Get(k).(*traffic.Record)
		covers := func(s Side) (yes bool) {
			for _, ad := range s.At(r.Owner()) {
				yes = yes || ad.Enabled && (ad.Type == r.Type || r.Type == "CNAME")
			}
			return yes
		}
		if was, is := covers(m), covers(d); was != is && (!is || live(m, k)) {
			want = append(want, RecordEffect{k.Name, is})
		}
	}
	if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Fatalf("records %v, want %v", got, want)
	}
}

// TestEffectTellsWhoMoves: what moves clients rather than answers is told beside them.
func TestEffectTellsWhoMoves(t *testing.T) {
	t.Parallel()
	put := func(d *traffic.Draft, list ...traffic.Object) {
		for _, o := range list {
			d.Put(o)
		}
	}
	link := func(lines ...string) traffic.Link { return traffic.Link{Weight: 1, Enabled: true, Lines: lines} }
	on := traffic.Meta{Enabled: true}
	near := func(lat float64) *traffic.Address {
		return &traffic.Address{Name: "a", Address: "192.0.2.1", Mode: traffic.Auto, Judgement: "any_ok", Location: &traffic.Location{Latitude: lat}, Meta: on}
	}
	base := traffic.NewDraft(traffic.NewModel())
	put(base, &traffic.Line{Name: "office", CIDRs: []string{"192.0.2.0/24"}, Meta: on},
		near(1), &traffic.Address{Name: "b", Address: "192.0.2.2", Mode: traffic.Auto, Judgement: "any_ok", Meta: on},
		&traffic.Pool{Name: "p", Type: "IPv4", Judgement: "any_ok", Meta: on, Steering: traffic.Steering{Policy: traffic.Proximity, Order: traffic.OrderDistance},
			Members: []traffic.Member{{Address: "a", Link: link("office")}, {Address: "b", Link: link("default")}}},
		&traffic.Zone{Name: "example.com", Meta: on},
		&traffic.AccessDomain{Name: "www.example.com", Type: "A", TTL: 60, Meta: on, Steering: traffic.Steering{Policy: traffic.Sequential}, Pools: []traffic.PoolMember{{Pool: "p", Link: link("default")}}})
	m := traffic.NewModel()
	m.Apply(base.Changes())
	for what, c := range map[string]struct {
		put  traffic.Object
		want Effect
	}{
		"other networks of a line move its clients":         {&traffic.Line{Name: "office", CIDRs: []string{"198.51.100.0/24"}, Meta: on}, Effect{Unchanged: 1, ByDistance: 1, Lines: []LineMove{{"office", 1}}}},
		"a line that is switched off loses its clients":     {&traffic.Line{Name: "office", CIDRs: []string{"192.0.2.0/24"}}, Effect{Unchanged: 1, ByDistance: 1, Lines: []LineMove{{"office", 1}}}},
		"a remark on a line moves nobody":                   {&traffic.Line{Name: "office", CIDRs: []string{"192.0.2.0/24"}, Meta: traffic.Meta{Enabled: true, Remark: "new"}}, Effect{Unchanged: 1, ByDistance: 1}},
		"an address that moves may be nearer to others":     {near(2), Effect{Unchanged: 1, ByDistance: 1}},
		"another location map moves clients between lines":  {&traffic.Settings{GeoMap: "hash"}, Effect{NewMap: true}},
		"what no name uses reaches none":                    {&traffic.Address{Name: "c", Address: "192.0.2.3", Meta: on}, Effect{}},
		"other settings reach no access domain's addresses": {&traffic.Settings{Nameservers: []string{"ns.example.com"}}, Effect{}},
	} {
		d := traffic.NewDraft(m)
		d.Put(c.put)
		got := Compare(m, d, d.Changes(), Health{Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }})
		if c.want.Lines == nil {
			c.want.Lines = []LineMove{}
		}
		c.want.Names, c.want.Records = []NameEffect{}, []RecordEffect{}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", what, got, c.want)
		}
	}
}

package steer

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

// touch finds the access domains that a change reaches.
type touch struct {
	before, after Side
	sides         []Side // whose users are walked to
	was, is       *Engine
	old           *lives      // of answers before, made when it is asked for
	world         *line.World // without custom lines: for the typical clients of built-in ones
	changed       map[traffic.Key]traffic.Change
	seen          map[traffic.Key]bool
	domains       []traffic.Key // reached, in the order found
	aliases       map[string][]traffic.Key
	limit         int // most domains; 0: all
	skipped       int // domains beyond it
	samples       *sampler
}

// reach goes from changed objects to their users on both sides, and from names whose
// availability differs on to the addresses that point there.
func (t *touch) reach(changes []traffic.Change) {
	for _, c := range changes {
		t.changed[c.Key] = c
	}
	for _, c := range changes {
		switch c.Key.Kind {
		case traffic.KindTemplate, traffic.KindLine, traffic.KindAddress, traffic.KindPool, traffic.KindAccessDomain:
			t.add(c.Key)
		case traffic.KindZone:
			if serves(c.Before) != serves(c.After) {
				t.zone(c.Key.Name)
			}
		case traffic.KindOverride:
			t.order(c.Before)
			t.order(c.After)
		}
	}
	names := map[string]bool{}
	for i := 0; i < len(t.domains); i++ { // grows meanwhile
		name, _ := domainName(t.domains[i])
		if names[name] {
			continue
		}
		names[name] = true
		okBefore, hostedBefore := t.was.hosted(name)
		okAfter, hostedAfter := t.is.hosted(name)
		if okBefore != okAfter || hostedBefore != hostedAfter {
			for _, a := range t.pointing(name) {
				t.add(a)
			}
		}
	}
}

// add walks from an object to all that use it.
func (t *touch) add(k traffic.Key) {
	if t.seen[k] || k.Kind == traffic.KindAssertion {
		return
	}
	t.seen[k] = true
	if k.Kind == traffic.KindAccessDomain {
		if t.limit > 0 && len(t.domains) == t.limit {
			t.skipped++
			return
		}
		t.domains = append(t.domains, k)
		return // only assertions name it
	}
	for _, s := range t.sides {
		for _, u := range s.Users(k) {
			t.add(u)
		}
	}
}

func (t *touch) lives() *lives {
	if t.old == nil {
		t.old = &lives{s: t.before}
	}
	return t.old
}

// order adds what an override reaches on either side.
func (t *touch) order(obj traffic.Object) {
	o, _ := obj.(*traffic.Override)
	if o == nil {
		return
	}
	if k, named := o.Named(); named {
		t.add(k)
		return
	}
	for _, s := range [...]Side{t.before, t.after} {
		Reached(s, o, func(k traffic.Key) { t.add(k) })
	}
}

// Reached calls f with every object that an override is about now, in no order.
func Reached(s interface {
	Get(traffic.Key) traffic.Object
	Each(traffic.Kind, func(traffic.Object) bool)
}, o *traffic.Override, f func(traffic.Key)) {
	if k, named := o.Named(); named {
		if s.Get(k) != nil {
			f(k)
		}
		return
	}
	s.Each(traffic.KindAddress, func(obj traffic.Object) bool {
		if a := obj.(*traffic.Address); o.Reaches(a.Key(), a.Labels) {
			f(a.Key())
		}
		return true
	})
	s.Each(traffic.KindPool, func(obj traffic.Object) bool {
		if p := obj.(*traffic.Pool); o.Reaches(p.Key(), p.Labels) {
			f(p.Key())
		}
		return true
	})
}

// zone adds the access domains at and below a zone that is answered on one side only.
// Those that the change puts or deletes are reached without it.
func (t *touch) zone(zone string) {
	t.before.Each(traffic.KindAccessDomain, func(o traffic.Object) bool {
		if d := o.(*traffic.AccessDomain); traffic.IsSubdomain(d.Name, zone) {
			t.add(d.Key())
		}
		return true
	})
}

// pointing returns the addresses whose endpoint is a name. It looks at the side before
// alone: an address that is put or moved to the name is reached as a change itself.
func (t *touch) pointing(name string) []traffic.Key {
	if t.aliases == nil {
		t.aliases = map[string][]traffic.Key{}
		t.before.Each(traffic.KindAddress, func(o traffic.Object) bool {
			if a := o.(*traffic.Address); a.Family() == traffic.Domain {
				t.aliases[a.Address] = append(t.aliases[a.Address], a.Key())
			}
			return true
		})
	}
	return t.aliases[name]
}

// records compares what is hidden at the names that come, go or change their type.
func (t *touch) records() []RecordEffect {
	out := []RecordEffect{}
	seen := map[traffic.Key]bool{}
	for _, k := range t.domains {
		c, ok := t.changed[k]
		if !ok {
			continue
		}
		name, typ := domainName(k)
		z := t.after.ZoneOf(name)
		if z == nil || !z.Enabled || on(c.Before) == on(c.After) {
			continue
		}
		for _, rt := range []string{typ, "CNAME"} {
			rec := traffic.Key{Kind: traffic.KindRecord, Name: z.Name + "/" + name + "/" + rt}
			if seen[rec] || !on(t.after.Get(rec)) {
				continue
			}
			seen[rec] = true
			was, is := hidden(t.before, name, rt), hidden(t.after, name, rt)
			if was != is && (!is || on(t.before.Get(rec))) {
				out = append(out, RecordEffect{Record: rec.Name, Hidden: is})
			}
		}
	}
	slices.SortFunc(out, func(a, b RecordEffect) int { return strings.Compare(a.Record, b.Record) })
	return out
}

// hidden: an enabled access domain hides its own type and CNAME (design 5.3).
func hidden(s Side, name, typ string) bool {
	return slices.ContainsFunc(s.At(name), func(d *traffic.AccessDomain) bool { return d.Enabled && (d.Type == typ || typ == "CNAME") })
}

// lineUsers counts the access domains that look at a line before or after.
func (t *touch) lineUsers(k traffic.Key) int {
	found := &touch{sides: []Side{t.before, t.after}, seen: map[traffic.Key]bool{}}
	found.add(k)
	n := 0
	for _, d := range found.domains {
		uses := func(s Side) bool {
			ad := answered(s, d)
			if ad == nil {
				return false
			}
			lines, _ := Uses(s, ad)
			return slices.Contains(lines, k.Name)
		}
		if uses(t.before) || uses(t.after) {
			n++
		}
	}
	return n
}

// answered returns the access domain if resolvers answer it: it and its zone are
// there and enabled.
func answered(s Side, k traffic.Key) *traffic.AccessDomain {
	d, _ := s.Get(k).(*traffic.AccessDomain)
	if d == nil || !d.Enabled {
		return nil
	}
	if z := s.ZoneOf(d.Name); z == nil || !z.Enabled {
		return nil
	}
	return d
}

// on tells whether an object is there and enabled.
func on(o traffic.Object) bool {
	switch v := o.(type) {
	case *traffic.AccessDomain:
		return v != nil && v.Enabled
	case *traffic.Record:
		return v != nil && v.Enabled
	}
	return false
}

// serves is what names below a zone see of it: absent, disabled or in force. An
// absent one leaves its names to a parent, a disabled one does not.
func serves(o traffic.Object) int {
	switch z, _ := o.(*traffic.Zone); {
	case z == nil:
		return 0
	case !z.Enabled:
		return 1
	}
	return 2
}

// networks of a custom line; a disabled one holds nobody.
func networks(o traffic.Object) []netip.Prefix {
	l, _ := o.(*traffic.Line)
	if l == nil || !l.Enabled {
		return nil
	}
	return l.Prefixes()
}

// mapOf returns the hash of the location map that settings name.
func mapOf(o traffic.Object) string {
	if s, _ := o.(*traffic.Settings); s != nil {
		return s.GeoMap
	}
	return ""
}

// domainName takes an access domain's key apart. Names may hold a slash (RFC 2317),
// types do not.
func domainName(k traffic.Key) (name, typ string) {
	i := strings.LastIndexByte(k.Name, '/')
	return k.Name[:i], k.Name[i+1:]
}

// chainOf returns the lines of a typical client of a line. A custom line says nothing
// of the client but that, so one that is gone on the other side stays comparable.
func (t *touch) chainOf(code string) []string {
	if chain, ok := t.world.ChainOf(code); ok {
		return chain
	}
	return []string{code, line.Default}
}

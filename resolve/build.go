package resolve

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/plan"
	"github.com/meridian-gtm/meridian/resolve/zone"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// builder makes the next view of a State from what a revision touches.
type builder struct {
	s    *State
	edit *zone.Edit[plan.Name]

	world   bool     // lines or the map changed
	got     *fetched // the map that the revision names; nil when it names none anew
	zones   map[string]bool
	built   map[string]bool // of zones, those that were built whole, with all owners
	owners  map[owner]bool
	domains map[traffic.Key]bool
	addrs   map[string]bool
	pools   map[string]bool
}

type owner struct{ zone, name string }

func (s *State) builder(from *View) *builder {
	return &builder{s: s, edit: from.Edit(), zones: map[string]bool{}, built: map[string]bool{}, owners: map[owner]bool{}, domains: map[traffic.Key]bool{}, addrs: map[string]bool{}, pools: map[string]bool{}}
}

// note marks what the changed objects touch in the model as it is now.
func (b *builder) note(changes []traffic.Change) {
	m := b.s.model
	for _, c := range changes {
		k := c.Key
		switch k.Kind {
		case traffic.KindSettings:
			b.world = b.world || m.Settings().GeoMap != b.s.geoHash
			for _, z := range m.Names(traffic.KindZone) {
				b.owners[owner{z, z}] = true
			}
		case traffic.KindLine:
			b.world = true
		case traffic.KindTemplate:
			for _, u := range m.Users(k) {
				b.addrs[u.Name] = true
			}
		case traffic.KindAddress:
			b.addrs[k.Name] = true
			if a := m.Address(k.Name); a != nil {
				b.s.alias(a)
			}
		case traffic.KindPool:
			b.pools[k.Name] = true
			if p := m.Pool(k.Name); p != nil {
				// Its own availability may decide about others through a hosted name.
				for i := range p.Members {
					b.addrs[p.Members[i].Address] = true
				}
			}
		case traffic.KindZone:
			b.zones[k.Name] = true
		case traffic.KindRecord:
			if r, ok := m.Get(k).(*traffic.Record); ok {
				b.owners[owner{r.Zone, r.Owner()}] = true
			}
		case traffic.KindAccessDomain:
			b.domains[k] = true
			name, _, _ := strings.Cut(k.Name, "/")
			for a := range b.s.aliases[name] {
				b.addrs[a] = true
			}
		case traffic.KindOverride:
			if o, ok := m.Get(k).(*traffic.Override); ok {
				b.order(o)
			}
		}
	}
}

// order marks what an override reaches.
func (b *builder) order(o *traffic.Override) {
	r := b.s.reached(o)
	maps.Copy(b.addrs, r.addrs)
	maps.Copy(b.pools, r.pools)
	maps.Copy(b.domains, r.domains)
}

// alias indexes an address by the name it points to. Old entries stay: a spurious
// one costs a needless compile, never a wrong answer.
func (s *State) alias(a *traffic.Address) {
	if a.Family() != traffic.Domain {
		return
	}
	if s.aliases[a.Address] == nil {
		s.aliases[a.Address] = map[string]bool{}
	}
	s.aliases[a.Address][a.Name] = true
}

// all marks the whole model.
func (b *builder) all() {
	m := b.s.model
	b.world = true
	for _, z := range m.Names(traffic.KindZone) {
		b.zones[z] = true
	}
	m.Each(traffic.KindAddress, func(o traffic.Object) bool { b.s.alias(o.(*traffic.Address)); return true })
	m.Each(traffic.KindAccessDomain, func(o traffic.Object) bool { b.domains[o.Key()] = true; return true })
}

func (b *builder) run() error {
	if b.world {
		if err := b.relocate(); err != nil {
			return err
		}
	}
	if err := b.putZones(); err != nil {
		return err
	}
	for o := range b.owners {
		if z := b.s.model.Zone(o.zone); z != nil && z.Enabled && !b.built[o.zone] {
			if err := b.putOwner(z, o.name); err != nil {
				return err
			}
		}
	}
	return b.attachAll()
}

// relocate builds the world again from the map that the settings name and the
// custom lines, and marks the names whose answers depend on the client.
func (b *builder) relocate() error {
	s := b.s
	switch want := s.model.Settings().GeoMap; {
	case want == s.geoHash:
		s.alarm = ""
	case b.got == nil && s.alarm != "":
		// Nothing new is known of it, and RefreshMap tries again.
	default:
		if b.got == nil || b.got.hash != want {
			b.got = s.get(want)
		}
		if err := b.got.err; err != nil {
			s.alarm = fmt.Sprintf("location map %.12s cannot be had, the previous one stays in force: %v", want, err)
			s.opt.Log.Error("load location map", "hash", want, "error", err)
		} else {
			s.geoMap, s.geoHash, s.alarm = b.got.m, want, ""
		}
	}
	var custom []line.Custom
	for _, n := range s.model.Names(traffic.KindLine) {
		c := line.Custom{Name: n}
		if l := s.model.Line(n); l.Enabled {
			c.Prefixes = l.Prefixes()
		}
		custom = append(custom, c)
	}
	w, err := line.NewWorld(s.geoMap, custom)
	if err != nil {
		return fmt.Errorf("compile lines: %w", err)
	}
	s.world = w
	for k, sl := range s.domains {
		if sl.located {
			b.domains[k] = true
		}
	}
	return nil
}

func (s *State) loadMap(hash string) (*line.Map, error) {
	if hash == "" {
		return line.EmptyMap(), nil
	}
	if s.opt.Map == nil {
		return nil, fmt.Errorf("this node keeps no maps")
	}
	return s.opt.Map(hash)
}

// putZones adds, replaces and removes the marked zones. Names of a zone that comes
// or goes change hands, so the access domains at or below it are attached again.
func (b *builder) putZones() error {
	m := b.s.model
	names := make([]string, 0, len(b.zones))
	for n := range b.zones {
		names = append(names, n)
	}
	slices.Sort(names)
	var walk zone.Walk
	for _, n := range names {
		z, apex := m.Zone(n), plan.WireName(n)
		at := b.s.view.Load().Zone(&walk, apex)
		had := at != nil && dnswire.EqualFold(at.Apex, apex)
		if z == nil || !z.Enabled {
			if had {
				if err := b.edit.DeleteZone(apex); err != nil {
					return err
				}
			}
			// Also without: a disabled zone takes names from its parent, and gives them back.
			b.markBelow(n)
			continue
		}
		if had {
			// Its records are objects of their own; only the apex is made from the zone.
			if err := b.putOwner(z, n); err != nil {
				return err
			}
			continue
		}
		d, err := b.zoneData(z)
		if err != nil {
			return err
		}
		if err := b.edit.PutZone(d); err != nil {
			return err
		}
		b.built[n] = true
		b.markBelow(n)
	}
	return nil
}

func (b *builder) markBelow(zone string) {
	b.s.model.Below(zone, func(d *traffic.AccessDomain) { b.domains[d.Key()] = true })
}

func (b *builder) zoneData(z *traffic.Zone) (*zone.Data, error) {
	var records []zone.Record
	for _, k := range b.s.model.InZone(z.Name) {
		r, ok := b.s.model.Get(k).(*traffic.Record)
		if !ok || !r.Enabled {
			continue
		}
		set, err := rrset(r)
		if err != nil {
			return nil, err
		}
		records = append(records, zone.Record{Name: r.Name, Type: set.Type, TTL: set.TTL, RData: set.RData})
	}
	d, err := zone.BuildZone(absolute(z.Name), b.params(z), records)
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", z.Name, err)
	}
	return d, nil
}

func (b *builder) params(z *traffic.Zone) zone.Params {
	set := b.s.model.Settings()
	soa := z.SOA.Or(set.SOA)
	ns := z.Nameservers
	if len(ns) == 0 {
		ns = set.Nameservers
	}
	p := zone.Params{MName: soa.MName, RName: absolute(soa.Contact), Serial: z.Serial, Refresh: soa.Refresh, Retry: soa.Retry,
		Expire: soa.Expire, Minimum: soa.NegativeTTL, SOATTL: soa.TTL, NSTTL: soa.TTL}
	if p.MName == "" && len(ns) > 0 {
		p.MName = ns[0]
	}
	p.MName = absolute(p.MName)
	for _, n := range ns {
		p.Nameservers = append(p.Nameservers, absolute(n))
	}
	return p
}

func absolute(name string) string {
	if strings.HasSuffix(name, ".") {
		return name
	}
	return name + "."
}

// putOwner writes the records of one owner name again, the apex with its SOA and NS.
func (b *builder) putOwner(z *traffic.Zone, name string) error {
	var sets []zone.RRset
	if name == z.Name {
		d, err := zone.BuildZone(absolute(z.Name), b.params(z), nil)
		if err != nil {
			return fmt.Errorf("zone %s: %w", z.Name, err)
		}
		sets = d.Names[0].Sets
	}
	for _, r := range b.s.model.RecordsAt(z.Name, name) {
		if !r.Enabled {
			continue
		}
		set, err := rrset(r)
		if err != nil {
			return err
		}
		sets = append(sets, set)
	}
	return b.edit.PutSets(plan.WireName(z.Name), plan.WireName(name), sets)
}

func rrset(r *traffic.Record) (zone.RRset, error) {
	set := zone.RRset{TTL: r.TTL}
	for _, text := range r.Data {
		t, rdata, err := rr.Parse(r.Name, r.Type, r.TTL, text)
		if err != nil {
			return set, fmt.Errorf("%s: %w", r.Key(), err)
		}
		set.Type = t
		set.RData = append(set.RData, rdata)
	}
	return set, nil
}

// attachAll compiles and attaches every access domain that the revision touches.
func (b *builder) attachAll() error {
	s := b.s
	for p := range s.poolsOf(b.addrs) {
		b.pools[p] = true
	}
	for sl := range s.slotsOf(b.pools) {
		for k := range sl.users {
			b.domains[k] = true
		}
	}
	for p := range b.pools {
		for _, u := range s.model.Users(traffic.Key{Kind: traffic.KindPool, Name: p}) {
			if u.Kind == traffic.KindAccessDomain {
				b.domains[u] = true
			}
		}
	}
	keys := make([]traffic.Key, 0, len(b.domains))
	for k := range b.domains {
		keys = append(keys, k)
		s.drop(k)
	}
	// Those that go come first: what comes may take the same place.
	slices.SortFunc(keys, func(x, y traffic.Key) int {
		if gx, gy := s.model.Get(x) == nil, s.model.Get(y) == nil; gx != gy {
			if gx {
				return -1
			}
			return 1
		}
		return strings.Compare(x.Name, y.Name)
	})
	c := &plan.Compiler{Engine: s.engine()}
	for _, k := range keys {
		if err := b.attach(c, k); err != nil {
			return err
		}
	}
	return nil
}

// drop forgets a domain's part in its slot. A revision never changes a slot in
// place: the old view keeps its plans until the new one is stored.
func (s *State) drop(k traffic.Key) {
	sl := s.domains[k]
	if sl == nil {
		return
	}
	delete(s.domains, k)
	delete(sl.users, k)
	if s.slots[sl.key] == sl {
		delete(s.slots, sl.key)
	}
	if len(sl.users) == 0 {
		for _, p := range sl.poolList {
			delete(s.byPool[p], sl)
			if len(s.byPool[p]) == 0 {
				delete(s.byPool, p)
			}
		}
	}
}

func (b *builder) attach(c *plan.Compiler, k traffic.Key) error {
	s := b.s
	name, typ, _ := strings.Cut(k.Name, "/")
	d, _ := s.model.Get(k).(*traffic.AccessDomain)
	wire := plan.WireName(name)
	kind := map[string]int{"A": zone.SteerA, "AAAA": zone.SteerAAAA, "CNAME": zone.SteerCNAME}[typ]
	z := s.model.ZoneOf(name)
	if z == nil {
		return nil // the zone took its names along
	}
	for up := z; up.Name != "."; {
		// A zone that came below another took the name over, also one that is disabled;
		// what was attached there must not come to light when it goes.
		if up = s.model.ZoneOf(traffic.Parent(up.Name)); up == nil {
			break
		}
		if up.Enabled {
			// The other place is that of the CNAME that this one may answer to every type.
			for _, place := range [...]int{kind, zone.SteerCNAME} {
				if err := b.edit.Attach(plan.WireName(up.Name), wire, place, nil); err != nil {
					return err
				}
			}
		}
	}
	if !z.Enabled {
		return nil
	}
	apex := plan.WireName(z.Name)
	var n *plan.Name
	if d != nil && d.Enabled {
		sl := s.slotFor(c, d)
		n = plan.NewName(&sl.Slot, d.Key().Name, sl.layout, s.opt.Workers, sl.rotates, s.rng)
	}
	if kind == zone.SteerCNAME && n == nil && s.aliased(name) {
		return nil // that one is found under this kind
	}
	if err := b.edit.Attach(apex, wire, kind, n); err != nil {
		return err
	}
	if kind == zone.SteerCNAME {
		return nil
	}
	// Where an A or AAAA domain may answer a CNAME, that is the answer to every type,
	// so it is found under the kind that every type asks (design 5.1.5).
	alias := n
	if d == nil || !d.Enabled || !s.mayAlias(d) {
		alias = nil
		if c := s.model.AccessDomain(name, "CNAME"); c != nil && c.Enabled {
			return nil // another domain's place
		}
		if s.aliased(name) {
			return nil
		}
	}
	return b.edit.Attach(apex, wire, zone.SteerCNAME, alias)
}

// aliased tells whether an enabled A or AAAA domain of a name may answer a CNAME.
func (s *State) aliased(name string) bool {
	return slices.ContainsFunc(s.model.At(name), func(d *traffic.AccessDomain) bool {
		return d.Enabled && d.Type != "CNAME" && s.mayAlias(d)
	})
}

func (s *State) mayAlias(d *traffic.AccessDomain) bool {
	for i := range d.Pools {
		if p := s.model.Pool(d.Pools[i].Pool); p != nil && p.Type == traffic.Domain {
			return true
		}
	}
	return false
}

// slotFor returns the slot of a domain's content, compiled in this round.
func (s *State) slotFor(c *plan.Compiler, d *traffic.AccessDomain) *slot {
	key := s.contentKey(d)
	if sl := s.slots[key]; sl != nil {
		sl.users[d.Key()] = struct{}{}
		s.domains[d.Key()] = sl
		return sl
	}
	sl := &slot{key: key, domain: d, users: map[traffic.Key]struct{}{d.Key(): {}}}
	sl.rotates = d.Policy == traffic.RoundRobin
	for i := range d.Pools {
		name := d.Pools[i].Pool
		sl.poolList = append(sl.poolList, name)
		if p := s.model.Pool(name); p != nil && p.Policy == traffic.RoundRobin {
			sl.rotates = true
		}
		if s.byPool[name] == nil {
			s.byPool[name] = map[*slot]struct{}{}
		}
		s.byPool[name][sl] = struct{}{}
	}
	used, distance := steer.Uses(s.model, d)
	if distance || slices.ContainsFunc(used, func(l string) bool { return l != "default" }) {
		sl.lines, sl.located = s.world.Partition(used, distance), true
		if len(sl.lines.Classes) == 1 {
			sl.lines = nil // no client differs from another: scope 0
		}
	}
	sl.layout = plan.NewLayout(s.model, d, sl.lines)
	s.move(c.Engine, sl)
	sl.Store(c.Compile(d, sl.lines))
	s.slots[key] = sl
	s.domains[d.Key()] = sl
	return sl
}

// contentKey is equal for access domains that answer alike. A non-preemptive one
// is alike to itself only: its current member is its own. So is one that an override
// is about, whether it has lapsed or not: lapse must not find it among others.
func (s *State) contentKey(d *traffic.AccessDomain) string {
	c := traffic.AccessDomain{TTL: d.TTL, Steering: d.Steering, Unmatched: d.Unmatched, AllDown: d.AllDown, Pools: d.Pools}
	if d.Mode == traffic.NonPreemptive || s.model.Override(d.Key(), nil, nil) != nil {
		c.Name, c.Type = d.Name, d.Type
	}
	b, err := json.Marshal(&c)
	if err != nil {
		panic(fmt.Sprintf("content of %s: %v", d.Key(), err)) // plain data always encodes
	}
	return string(b)
}

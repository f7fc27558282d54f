package traffic

import (
	"maps"
	"slices"
	"strings"
)

// Model is the whole declared configuration with the indexes that rules need.
// It is for one writer; readers may use it at the same time only under a lock of
// the owner's. Objects in it are immutable and may be kept.
type Model struct {
	objects map[Kind]map[string]Object
	users   map[Key]map[Key]int // object -> objects that name it, with how often
	byZone  map[string]map[Key]struct{}
	owners  map[string][]string        // ZONE/OWNER -> record types there
	byName  map[string][]*AccessDomain // enabled or not, at most three, by type
	names   nameTree                   // the keys of byName
	orders  orders                     // the overrides by what they reach
}

// NewModel returns an empty configuration with default settings.
func NewModel() *Model {
	m := newIndex()
	m.put(DefaultSettings())
	return m
}

// newIndex returns a model with nothing in it: what a Draft lays over another.
func newIndex() *Model {
	m := &Model{objects: map[Kind]map[string]Object{}, users: map[Key]map[Key]int{}, byZone: map[string]map[Key]struct{}{},
		owners: map[string][]string{}, byName: map[string][]*AccessDomain{}, names: newNameTree()}
	for _, k := range Kinds {
		m.objects[k] = map[string]Object{}
	}
	return m
}

// Get returns the object, nil if there is none.
func (m *Model) Get(k Key) Object { return m.objects[k.Kind][k.Name] }

// Len returns the number of objects of a kind.
func (m *Model) Len(k Kind) int { return len(m.objects[k]) }

// Names returns the names of a kind in order.
func (m *Model) Names(k Kind) []string { return slices.Sorted(maps.Keys(m.objects[k])) }

// Each calls f for every object of a kind, in no order, until it returns false.
func (m *Model) Each(k Kind, f func(Object) bool) {
	for _, o := range m.objects[k] {
		if !f(o) {
			return
		}
	}
}

// Users returns the objects that name k, in order.
func (m *Model) Users(k Key) []Key { return sortedKeys(m.users[k]) }

// EachUser calls f for every object that names k, in no order.
func (m *Model) EachUser(k Key, f func(Key)) {
	for u := range m.users[k] {
		f(u)
	}
}

// CountUsers counts the objects that name k, by kind.
func (m *Model) CountUsers(k Key) map[Kind]int {
	out := map[Kind]int{}
	for u := range m.users[k] {
		out[u.Kind]++
	}
	return out
}

// InZone returns the records of a zone, in order.
func (m *Model) InZone(zone string) []Key { return sortedKeys(m.byZone[zone]) }

// Contents is how many records a zone has.
func (m *Model) Contents(zone string) int { return len(m.byZone[zone]) }

// HiddenBy returns the access domain that is answered in place of a record, nil if there
// is none.
func (m *Model) HiddenBy(r *Record) *AccessDomain {
	for _, d := range m.At(r.Owner()) {
		if d.Enabled && hides(d, r.Type) {
			return d
		}
	}
	return nil
}

// At returns the access domains of a name, enabled or not, in the order of their types.
// The list is immutable.
func (m *Model) At(name string) []*AccessDomain { return m.byName[name] }

// Below calls f for every access domain at or below a name, enabled or not, in no order.
func (m *Model) Below(name string, f func(*AccessDomain)) {
	m.names.below(name, func(n string) {
		for _, d := range m.byName[n] {
			f(d)
		}
	})
}

// ZoneOf returns the hosted zone that a name belongs to: the longest one above it.
func (m *Model) ZoneOf(name string) *Zone {
	return zoneOf(name, func(n string) *Zone { return m.Zone(n) })
}

func zoneOf(name string, zone func(string) *Zone) *Zone {
	for n := name; ; n = Parent(n) {
		if z := zone(n); z != nil {
			return z
		}
		if n == "." {
			return nil
		}
	}
}

// Typed getters; nil when absent.

// Zone returns the zone, nil if there is none.
func (m *Model) Zone(n string) *Zone { z, _ := m.objects[KindZone][n].(*Zone); return z }

// Pool returns the pool, nil if there is none.
func (m *Model) Pool(n string) *Pool { p, _ := m.objects[KindPool][n].(*Pool); return p }

// Address returns the address, nil if there is none.
func (m *Model) Address(n string) *Address { a, _ := m.objects[KindAddress][n].(*Address); return a }

// Template returns the template, nil if there is none.
func (m *Model) Template(n string) *Template {
	t, _ := m.objects[KindTemplate][n].(*Template)
	return t
}

// Line returns the custom line, nil if there is none.
func (m *Model) Line(n string) *Line { l, _ := m.objects[KindLine][n].(*Line); return l }

// Settings returns the settings, never nil.
func (m *Model) Settings() *Settings {
	return m.objects[KindSettings]["settings"].(*Settings)
}

// AccessDomain returns the access domain of a name and type, nil if there is none.
func (m *Model) AccessDomain(name, typ string) *AccessDomain {
	d, _ := m.objects[KindAccessDomain][name+"/"+typ].(*AccessDomain)
	return d
}

func (m *Model) put(o Object) {
	k := o.Key()
	m.remove(k)
	m.objects[k.Kind][k.Name] = o
	o.Refs(func(to Key, _ string) {
		if m.users[to] == nil {
			m.users[to] = map[Key]int{}
		}
		m.users[to][k]++
	})
	if c, ok := o.(*Record); ok {
		m.index(c.Zone, k)
		at := ownerKey(k, c)
		m.owners[at] = append(m.owners[at], c.Type)
	}
	if d, ok := o.(*AccessDomain); ok {
		// Copied, not changed in place: a reader may hold the old list.
		list := append(slices.Clip(m.byName[d.Name]), d)
		slices.SortFunc(list, func(a, b *AccessDomain) int { return strings.Compare(a.Type, b.Type) })
		m.byName[d.Name] = list
		m.names.add(d.Name)
	}
	if v, ok := o.(*Override); ok {
		m.orders.add(v)
	}
}

// ownerKey is the part of a record's key before its type; it shares the key's bytes.
func ownerKey(k Key, c *Record) string { return k.Name[:len(k.Name)-len(c.Type)-1] }

func (m *Model) index(zone string, k Key) {
	if m.byZone[zone] == nil {
		m.byZone[zone] = map[Key]struct{}{}
	}
	m.byZone[zone][k] = struct{}{}
}

func (m *Model) remove(k Key) {
	o := m.objects[k.Kind][k.Name]
	if o == nil {
		return
	}
	delete(m.objects[k.Kind], k.Name)
	o.Refs(func(to Key, _ string) {
		u := m.users[to]
		if u[k]--; u[k] <= 0 {
			delete(u, k)
		}
		if len(u) == 0 {
			delete(m.users, to)
		}
	})
	switch v := o.(type) {
	case *Record:
		delete(m.byZone[v.Zone], k)
		at := ownerKey(k, v)
		if left := slices.DeleteFunc(m.owners[at], func(t string) bool { return t == v.Type }); len(left) > 0 {
			m.owners[at] = left
		} else {
			delete(m.owners, at)
		}
		if len(m.byZone[v.Zone]) == 0 {
			delete(m.byZone, v.Zone)
		}
	case *AccessDomain:
		list := slices.DeleteFunc(slices.Clone(m.byName[v.Name]), func(d *AccessDomain) bool { return d.Type == v.Type })
		if len(list) == 0 {
			delete(m.byName, v.Name)
			m.names.remove(v.Name)
		} else {
			m.byName[v.Name] = list
		}
	case *Override:
		m.orders.remove(v)
	}
}

// Apply puts and deletes objects in one step. Changes must have passed a Draft's
// check, here or where they were committed: a node applies what control signed.
func (m *Model) Apply(changes []Change) {
	for _, c := range changes {
		if c.After == nil {
			m.remove(c.Key)
		} else {
			m.put(c.After)
		}
	}
	if len(m.objects[KindSettings]) == 0 {
		m.put(DefaultSettings())
	}
}

// Clone returns an independent model that shares the immutable objects.
func (m *Model) Clone() *Model {
	n := NewModel()
	for _, k := range Kinds {
		for _, o := range m.objects[k] {
			n.put(o)
		}
	}
	return n
}

func sortedKeys[V any](set map[Key]V) []Key {
	out := make([]Key, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.SortFunc(out, compareKeys)
	return out
}

func compareKeys(a, b Key) int {
	if c := slices.Index(Kinds, a.Kind) - slices.Index(Kinds, b.Kind); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

package traffic

import (
	"bytes"
	"slices"
)

// Change is one object put or deleted. Before is nil for a new object, After for a
// deleted one. What travels to nodes carries After alone.
type Change struct {
	Key    Key
	Before Object
	After  Object
}

// Draft is a change set laid over a Model without touching it: what the
// configuration would be. It is valid until the Model changes.
type Draft struct {
	base    *Model
	over    *Model // what the draft puts, with the same indexes
	changed map[Key]*Change
	order   []Key
}

// NewDraft begins an empty change set over base.
func NewDraft(base *Model) *Draft {
	return &Draft{base: base, over: newIndex(), changed: map[Key]*Change{}}
}

// Put adds or replaces an object; it normalizes it first. The Draft owns o from here on.
func (d *Draft) Put(o Object) {
	o.Normalize()
	d.set(o.Key(), o)
}

// Delete removes an object and reports whether it was there. A zone takes its
// records with it; whatever else uses the object makes Check fail.
func (d *Draft) Delete(k Key) bool {
	if d.Get(k) == nil {
		return false
	}
	if k.Kind == KindZone {
		for _, rec := range d.records(k.Name) {
			d.set(rec, nil)
		}
	}
	d.set(k, nil)
	return true
}

func (d *Draft) set(k Key, o Object) {
	c := d.changed[k]
	if c == nil {
		c = &Change{Key: k, Before: d.base.Get(k)}
		d.changed[k] = c
		d.order = append(d.order, k)
	}
	c.After = o
	if o == nil {
		d.over.remove(k)
	} else {
		d.over.put(o)
	}
}

// Get returns the object as the draft would have it, nil if it would not exist.
func (d *Draft) Get(k Key) Object {
	if c := d.changed[k]; c != nil {
		return c.After
	}
	return d.base.Get(k)
}

// Changes returns what really differs from the base: deletions users-first, then
// puts references-first, so that applying them one by one is never dangling.
func (d *Draft) Changes() []Change {
	var out []Change
	for _, k := range d.order {
		c := d.changed[k]
		switch {
		case c.Before == nil && c.After == nil:
			continue
		case c.Before != nil && c.After != nil && bytes.Equal(Encode(c.Before), Encode(c.After)):
			continue
		}
		out = append(out, *c)
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		da, db := a.After == nil, b.After == nil
		switch {
		case da && db:
			return compareKeys(b.Key, a.Key)
		case da:
			return -1
		case db:
			return 1
		}
		return compareKeys(a.Key, b.Key)
	})
	return out
}

// Users returns the objects that would name k, in order.
func (d *Draft) Users(k Key) []Key {
	set := map[Key]struct{}{}
	d.eachUser(k, func(u Key) { set[u] = struct{}{} })
	return sortedKeys(set)
}

func (d *Draft) eachUser(k Key, f func(Key)) {
	for u := range d.base.users[k] {
		if d.changed[u] == nil {
			f(u)
		}
	}
	for u := range d.over.users[k] {
		f(u)
	}
}

func (d *Draft) records(zone string) []Key {
	set := map[Key]struct{}{}
	for k := range d.base.byZone[zone] {
		if d.changed[k] == nil {
			set[k] = struct{}{}
		}
	}
	for k := range d.over.byZone[zone] {
		set[k] = struct{}{}
	}
	return sortedKeys(set)
}

func (d *Draft) zone(n string) *Zone { z, _ := d.Get(Key{KindZone, n}).(*Zone); return z }
func (d *Draft) pool(n string) *Pool { p, _ := d.Get(Key{KindPool, n}).(*Pool); return p }
func (d *Draft) address(n string) *Address {
	a, _ := d.Get(Key{KindAddress, n}).(*Address)
	return a
}
func (d *Draft) template(n string) *Template {
	t, _ := d.Get(Key{KindTemplate, n}).(*Template)
	return t
}

// ZoneOf returns the zone that a name would belong to, nil if none.
func (d *Draft) ZoneOf(name string) *Zone { return zoneOf(name, d.zone) }

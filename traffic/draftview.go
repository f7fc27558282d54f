package traffic

import "slices"

// What follows lets the engine decide over a draft as over a model, so that a change
// can be judged by the answers it would give.

// Pool returns the pool as the draft would have it, nil if there is none.
func (d *Draft) Pool(n string) *Pool { return d.pool(n) }

// Address returns the address as the draft would have it, nil if there is none.
func (d *Draft) Address(n string) *Address { return d.address(n) }

// Template returns the template as the draft would have it, nil if there is none.
func (d *Draft) Template(n string) *Template { return d.template(n) }

// AccessDomain returns the access domain as the draft would have it, nil if there is none.
func (d *Draft) AccessDomain(name, typ string) *AccessDomain {
	ad, _ := d.Get(Key{KindAccessDomain, name + "/" + typ}).(*AccessDomain)
	return ad
}

// At returns the access domains that the draft would have at a name.
func (d *Draft) At(name string) []*AccessDomain { return d.at(name) }

// Each calls f for every object of a kind that the draft would have, in order of
// names, until it returns false. It costs a sort; ask for kinds with few objects.
func (d *Draft) Each(k Kind, f func(Object) bool) {
	names := d.base.Names(k)
	for key, c := range d.changed {
		if key.Kind == k && c.Before == nil {
			names = append(names, key.Name)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		if o := d.Get(Key{k, n}); o != nil && !f(o) {
			return
		}
	}
}

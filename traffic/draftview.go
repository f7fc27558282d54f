package traffic

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

// Each calls f for every object of a kind that the draft would have, in no order,
// until it returns false.
func (d *Draft) Each(k Kind, f func(Object) bool) {
	more := true
	d.over.Each(k, func(o Object) bool {
		more = f(o)
		return more
	})
	if !more {
		return
	}
	touched := false
	for key := range d.changed {
		touched = touched || key.Kind == k
	}
	if !touched { // no key to be made and looked up for each object
		d.base.Each(k, f)
		return
	}
	d.base.Each(k, func(o Object) bool {
		if d.changed[o.Key()] != nil {
			return true
		}
		return f(o)
	})
}

// Line returns the custom line as the draft would have it, nil if there is none.
func (d *Draft) Line(n string) *Line {
	l, _ := d.Get(Key{KindLine, n}).(*Line)
	return l
}

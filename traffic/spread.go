package traffic

import "slices"

// spread finds the objects whose rules a change may break although they are not
// part of it. The rule of each case is in the object that keeps it; here stands who
// looks at what.
type spread struct {
	d        *Draft
	affected map[Key]struct{}
	pools    map[string]struct{} // pools whose facts may have changed
}

func (s *spread) change(c *Change) {
	switch c.Key.Kind {
	case KindTemplate: // tasks must fit its protocol and family
		if c.After != nil {
			s.d.eachUser(c.Key, s.add)
		}
	case KindAddress: // pools look at its family and endpoint
		if c.After != nil && !sameEndpoint(c.Before, c.After) { // users of a deleted one are told there
			s.d.eachUser(c.Key, func(u Key) {
				if u.Kind == KindPool {
					s.add(u)
					s.pools[u.Name] = struct{}{}
				}
			})
		}
	case KindPool:
		s.pools[c.Key.Name] = struct{}{}
	case KindZone:
		s.zone(c)
	case KindRecord:
		s.record(c)
	}
}

func (s *spread) add(k Key) { s.affected[k] = struct{}{} }

func sameEndpoint(a, b Object) bool {
	x, _ := a.(*Address)
	y, _ := b.(*Address)
	return x != nil && y != nil && x.Address == y.Address && x.Enabled == y.Enabled
}

// zone: one that comes or goes takes the names below it from its parent or back.
func (s *spread) zone(c *Change) {
	if c.Before != nil && c.After != nil {
		return
	}
	s.below(c.Key.Name)
}

// below adds the access domains at and below a name that a zone still holds: those
// without one are the users of the deleted zone, and told there.
func (s *spread) below(name string) {
	s.d.base.names.below(name, func(n string) {
		if s.d.ZoneOf(n) != nil {
			s.name(n)
		}
	})
}

func (s *spread) name(n string) {
	for _, ad := range s.d.at(n) {
		s.add(ad.Key())
	}
}

// record: only whether the type is answered at its name concerns others.
func (s *spread) record(c *Change) {
	before, _ := c.Before.(*Record)
	after, _ := c.After.(*Record)
	was, is := before != nil && before.Enabled, after != nil && after.Enabled
	if was == is {
		return
	}
	rec := after
	if rec == nil {
		rec = before
	}
	owner := rec.Owner()
	s.name(owner)
	for _, t := range s.d.typesAt(rec.Zone, owner) {
		if t == "CNAME" || t == "NS" || t == "DNAME" { // the types that mind company
			s.add(Key{KindRecord, rec.Zone + "/" + owner + "/" + t})
		}
	}
	if rec.Type == "NS" || rec.Type == "DNAME" {
		s.below(owner)
	}
}

// facts is all that an access domain's rules look at in a pool.
type facts struct {
	family  Family
	usable  bool
	targets string // domain endpoints, joined: edges of checkCycles
}

// getter is what a Model and a Draft have in common.
type getter interface{ Get(Key) Object }

func factsOf(g getter, name string) (f facts, ok bool) {
	p, _ := g.Get(Key{KindPool, name}).(*Pool)
	if p == nil {
		return f, false
	}
	f.family = p.Type
	var targets []string
	for i := range p.Members {
		m := &p.Members[i]
		a, _ := g.Get(Key{KindAddress, m.Address}).(*Address)
		if a == nil {
			continue
		}
		f.usable = f.usable || p.Enabled && m.Enabled && a.Enabled
		if a.Family() == Domain {
			targets = append(targets, a.Address)
		}
	}
	slices.Sort(targets)
	for _, t := range targets {
		f.targets += t + " "
	}
	return f, true
}

// finish goes from pools to the access domains that use them, and from access
// domains to those of the same name.
func (s *spread) finish() {
	for p := range s.pools {
		before, ok1 := factsOf(s.d.base, p)
		after, ok2 := factsOf(s.d, p)
		if ok2 && (!ok1 || before != after) {
			s.d.eachUser(Key{KindPool, p}, func(u Key) {
				if u.Kind == KindAccessDomain {
					s.add(u)
				}
			})
		}
	}
	var names []string
	for k := range s.affected {
		if ad, ok := s.d.Get(k).(*AccessDomain); ok {
			names = append(names, ad.Name)
		}
	}
	for k, c := range s.d.changed { // a deleted one frees its siblings: nothing to find
		if ad, ok := c.After.(*AccessDomain); ok && k.Kind == KindAccessDomain {
			names = append(names, ad.Name)
		}
	}
	for _, n := range names {
		s.name(n)
	}
}

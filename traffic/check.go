package traffic

import (
	"fmt"
	"slices"
	"strings"
)

// Check holds the draft to every rule: each changed object alone, its references,
// what the change does to the objects that use it, and the rules of names
// (design 5.3). The report is sorted. Its cost follows the size of the change and
// of what the change touches, not of the configuration: over a model that keeps the
// rules it finds every error that checking all objects would find.
func (d *Draft) Check() *Report {
	r := &Report{}
	s := spread{d: d, affected: map[Key]struct{}{}, pools: map[string]struct{}{}}
	for _, k := range d.order {
		c := d.changed[k]
		switch {
		case c.After != nil:
			c.After.Check(r.For(k))
			s.affected[k] = struct{}{}
		case c.Before != nil:
			d.checkDeleted(r.For(k), k)
		}
		s.change(c)
	}
	s.finish()
	for _, k := range sortedKeys(s.affected) {
		if o := d.Get(k); o != nil {
			d.checkRelations(r.For(k), o)
		}
	}
	d.checkCycles(r, s.affected)
	r.dedupe()
	r.Sort()
	return r
}

func (d *Draft) checkDeleted(r *Report, k Key) {
	if k.Kind == KindSettings {
		r.Errorf("", "immutable", "cannot be deleted; apply settings without the fields to return to defaults")
		return
	}
	users := d.Users(k)
	if k.Kind == KindZone {
		// Below a hosted parent zone they live on there, if the rules of names allow it.
		d.base.names.below(k.Name, func(name string) {
			if d.ZoneOf(name) != nil {
				return
			}
			for _, ad := range d.at(name) {
				users = append(users, ad.Key())
			}
		})
		slices.SortFunc(users, compareKeys)
	}
	if len(users) > 0 {
		r.Errorf("", "in_use", "is in use by %s; remove it there first", list(users))
	}
	for _, o := range d.naming(k) {
		r.Warnf("", "overridden", "is named by %s (%s), which stays and holds again if the object comes back; clear it if it is not meant to", o.ID, o.Order())
	}
}

func list(keys []Key) string {
	const show = 10
	s := make([]string, 0, show+1)
	for i, k := range keys {
		if i == show {
			s = append(s, fmt.Sprintf("%d more", len(keys)-show))
			break
		}
		s = append(s, k.String())
	}
	return strings.Join(s, ", ")
}

// at returns the access domains that the draft would have at a name.
func (d *Draft) at(name string) []*AccessDomain {
	if len(d.changed) == 0 {
		return d.base.byName[name]
	}
	var out []*AccessDomain
	for _, ad := range d.base.byName[name] {
		if d.changed[ad.Key()] == nil {
			out = append(out, ad)
		}
	}
	return append(out, d.over.byName[name]...)
}

func (d *Draft) checkRelations(r *Report, o Object) {
	o.Refs(func(to Key, field string) {
		if to.Name != "" && d.Get(to) == nil {
			r.Errorf(field, "not_found", "%s %q does not exist; create it or correct the name", noun(to.Kind), to.Name)
		}
	})
	switch v := o.(type) {
	case *Address:
		d.checkAddress(r, v)
	case *Pool:
		d.checkPool(r, v)
	case *Record:
		d.checkRecord(r, v)
	case *AccessDomain:
		d.checkDomain(r, v)
	}
}

func noun(k Kind) string { return strings.ReplaceAll(string(k), "_", " ") }

func (d *Draft) checkAddress(r *Report, a *Address) {
	seen := map[TaskKey]int{}
	for i, t := range a.Tasks {
		tpl := d.template(t.Template)
		if tpl == nil {
			continue
		}
		field := index("tasks", i)
		switch {
		case tpl.Protocol == Ping && t.Port != 0:
			r.Errorf(field+".port", "wrong_protocol", "is %d, but template %s is a ping and has no port; remove it", t.Port, t.Template)
		case tpl.Protocol == TCP && t.Port == 0:
			r.Errorf(field+".port", "required", "is missing; template %s is tcp and needs a port", t.Template)
		}
		// A port left out and the same port written are one task; Check has seen the rest.
		k := TaskKey{Address: a.Name, Template: t.Template, Port: t.EffectivePort(tpl.Protocol)}
		if first, dup := seen[k]; dup && a.Tasks[first].Port != t.Port && tpl.Protocol != Ping {
			r.Errorf(field, "duplicate", "is the same task as %s: port %d is the default of %s; remove one", index("tasks", first), k.Port, tpl.Protocol)
		} else if !dup {
			seen[k] = i
		}
		if f := a.Family(); f != Domain && string(f) != tpl.IPVersion {
			r.Errorf(field+".template", "wrong_family", "template %s probes %s, but %s is %s; use a template of ip_version %s", t.Template, tpl.IPVersion, a.Address, f, f)
		}
	}
}

func (d *Draft) checkPool(r *Report, p *Pool) {
	endpoint := map[string]string{}
	serials := map[int]string{}
	usable := false
	for i, m := range p.Members {
		a := d.address(m.Address)
		if a == nil {
			continue
		}
		field := index("members", i)
		if a.Family() != p.Type {
			r.Errorf(field+".address", "wrong_family", "%s is %s, but the pool holds %s; move it to a pool of its type", a.Address, a.Family(), p.Type)
		}
		if other, dup := endpoint[a.Address]; dup && other != a.Name {
			r.Errorf(field+".address", "duplicate", "%s is the same endpoint %s as member %s; remove one", a.Name, a.Address, other)
		}
		endpoint[a.Address] = a.Name
		if other, dup := serials[m.Serial]; dup && p.Policy == Sequential {
			r.Warnf(field+".serial", "duplicate_serial", "%d is also the serial of %s; equal serials are ordered by position", m.Serial, other)
		}
		serials[m.Serial] = a.Name
		usable = usable || m.Enabled && a.Enabled
	}
	if len(p.Members) == 0 {
		r.Warnf("members", "empty", "is empty: an empty pool is unavailable")
	} else if !usable {
		r.Warnf("members", "none_enabled", "has no enabled address: the pool is unavailable")
	}
}

// dedupe drops findings that two paths reached.
func (r *Report) dedupe() {
	for _, l := range []*[]Problem{&r.Errors, &r.Warnings} {
		seen := map[Problem]bool{}
		*l = slices.DeleteFunc(*l, func(p Problem) bool {
			dup := seen[p]
			seen[p] = true
			return dup
		})
	}
}

package traffic

import (
	"slices"
	"strings"
)

// The rules of design 5.3: what may stand at a name, beside an access domain and
// below a cut.

func (d *Draft) checkRecord(r *Report, c *Record) {
	owner := c.Owner()
	types := d.typesAt(c.Zone, owner)
	if c.Enabled {
		d.checkCompany(r, c, types)
	}
	if c.Type == "DS" && owner == c.Zone {
		r.Errorf("type", "ds_at_apex", "DS belongs to the parent zone (RFC 4034 §5); move it there")
	}
	if (c.Type == "NS" || c.Type == "DNAME") && (owner == "*" || strings.HasPrefix(owner, "*.")) {
		r.Errorf("name", "wildcard_cut", "%s at a wildcard has no defined meaning (RFC 4592 §4.2, §4.4); name each one", c.Type)
	}
	switch cut, typ := d.cutAbove(owner, c.Zone); {
	case cut != "" && !(typ == "NS" && glue(c.Type)):
		r.Warnf("name", "below_cut", "%s is below the %s record at %s: it is never answered", c.Name, typ, cut)
	case cut == "" && owner != c.Zone && !glue(c.Type) && c.Type != "NS" && c.Type != "DS" && slices.Contains(types, "NS"):
		r.Warnf("name", "below_cut", "%s is delegated: only NS, DS and glue of it are ever answered", c.Name)
	}
	if z := d.ZoneOf(owner); z != nil && z.Name != c.Zone && !glue(c.Type) && c.Type != "NS" && c.Type != "DS" {
		r.Warnf("zone", "other_zone", "%s belongs to the hosted zone %s: this record is never answered", c.Name, z.Name)
	}
	for _, ad := range d.at(owner) {
		if ad.Enabled && hides(ad, c.Type) {
			r.Warnf("", "hidden", "is hidden by the enabled access domain %s", ad.Key().Name)
		}
	}
}

// checkCompany refuses what may not stand beside a record at its name.
func (d *Draft) checkCompany(r *Report, c *Record, types []string) {
	apex := c.Owner() == c.Zone
	switch c.Type {
	case "CNAME":
		if apex {
			r.Errorf("type", "cname_at_apex", "a zone apex has SOA and NS records beside which a CNAME cannot stand (RFC 1034 §3.6.2); use an access domain or A and AAAA records")
		}
		for _, t := range types {
			if t != "CNAME" {
				r.Errorf("type", "cname_and_other", "%s has %s records too; a CNAME is alone at its name (RFC 1034 §3.6.2)", c.Name, t)
			}
		}
	case "DNAME":
		// RFC 6672 §2.3: beside NS only at the apex, whose NS records are not of this kind.
		if slices.Contains(types, "NS") {
			r.Errorf("type", "dname_and_ns", "%s is delegated by NS records; a DNAME stands beside NS only at a zone apex (RFC 6672 §2.3)", c.Name)
		}
	}
}

func glue(t string) bool { return t == "A" || t == "AAAA" }

// hides tells whether an enabled access domain hides a record type at its name:
// its own type and CNAME, nothing else (design 5.3).
func hides(ad *AccessDomain, typ string) bool { return typ == ad.Type || typ == "CNAME" }

// typesAt returns the types of the enabled records that the draft would have at an
// owner, in order.
func (d *Draft) typesAt(zone, owner string) []string {
	at := zone + "/" + owner
	var out []string
	for _, t := range d.base.owners[at] {
		k := Key{KindRecord, at + "/" + t}
		if d.changed[k] == nil && d.base.Get(k).(*Record).Enabled {
			out = append(out, t)
		}
	}
	for _, t := range d.over.owners[at] {
		if d.over.Get(Key{KindRecord, at + "/" + t}).(*Record).Enabled {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return out
}

// cutAbove returns the delegation or DNAME strictly above a name within its zone,
// and which of the two it is. The zone's own NS records are no delegation.
func (d *Draft) cutAbove(name, zone string) (cut, typ string) {
	for n := name; n != zone && n != "."; {
		n = Parent(n)
		if n != zone && d.live(zone, n, "NS") {
			return n, "NS"
		}
		if d.live(zone, n, "DNAME") {
			return n, "DNAME"
		}
	}
	return "", ""
}

func (d *Draft) live(zone, owner, typ string) bool {
	c, ok := d.Get(Key{KindRecord, zone + "/" + owner + "/" + typ}).(*Record)
	return ok && c.Enabled
}

func (d *Draft) checkDomain(r *Report, ad *AccessDomain) {
	z := d.ZoneOf(ad.Name)
	if z == nil {
		r.Errorf("name", "zone_not_found", "no hosted zone holds %s; create the zone first", ad.Name)
		return
	}
	families := map[Family]bool{}
	usable := false
	serials := map[int]string{}
	for i, m := range ad.Pools {
		p := d.pool(m.Pool)
		if p == nil {
			continue
		}
		field := index("pools", i)
		families[p.Type] = true
		switch {
		case ad.Type == "A" && p.Type == IPv6, ad.Type == "AAAA" && p.Type == IPv4, ad.Type == "CNAME" && p.Type != Domain:
			r.Errorf(field+".pool", "wrong_family", "%s holds %s addresses, which cannot answer type %s; use another pool or type", p.Name, p.Type, ad.Type)
		}
		if other, dup := serials[m.Serial]; dup && ad.Policy == Sequential {
			r.Warnf(field+".serial", "duplicate_serial", "%d is also the serial of %s; equal serials are ordered by position", m.Serial, other)
		}
		serials[m.Serial] = p.Name
		usable = usable || m.Enabled && p.Enabled && d.hasEnabled(p)
	}
	if ad.Policy == RoundRobin && families[Domain] && len(families) > 1 {
		r.Errorf("policy", "mixed_families", "round_robin cannot mix domain pools with IP pools; use another policy or pools of one type")
	}
	if !ad.Enabled {
		return
	}
	if !usable {
		r.Errorf("pools", "no_usable_pool", "has no enabled pool with an enabled address; add one, or create the access domain with enabled: false")
	}
	if !z.Enabled {
		r.Warnf("name", "zone_disabled", "is in zone %s, which is disabled: it is not answered", z.Name)
	}
	isAlias := d.isAlias(ad)
	if cut, typ := d.cutAbove(ad.Name, z.Name); cut != "" {
		r.Errorf("name", "below_cut", "%s is below the %s record at %s; its answers would never be given, use another name or remove the record", ad.Name, typ, cut)
	}
	if ad.Name != z.Name && d.live(z.Name, ad.Name, "NS") {
		r.Errorf("name", "below_cut", "%s is delegated by NS records; use another name or remove them", ad.Name)
	}
	d.checkSharing(r, ad, z, isAlias)
	d.checkWildcardLoop(r, ad, z)
}

// checkWildcardLoop warns when a wildcard steers to a name that only the wildcard
// itself gives: a CNAME loop. It is no error, since whether the target exists may be
// decided by any later record (RFC 4592 §2.2.2), whose change must not be refused
// for it; exact names are held by checkCycles.
func (d *Draft) checkWildcardLoop(r *Report, ad *AccessDomain, z *Zone) {
	above, wild := strings.CutPrefix(ad.Name, "*.")
	if !wild {
		return
	}
	for i, pm := range ad.Pools {
		p := d.pool(pm.Pool)
		if p == nil || p.Type != Domain {
			continue
		}
		for _, m := range p.Members {
			a := d.address(m.Address)
			if a != nil && a.Address != above && IsSubdomain(a.Address, above) && d.ZoneOf(a.Address) == z && len(d.at(a.Address)) == 0 && len(d.typesAt(z.Name, a.Address)) == 0 {
				r.Warnf(index("pools", i)+".pool", "wildcard_loop", "%s of address %s has no record of its own, so this wildcard answers for it in a loop; create the record", a.Address, a.Name)
			}
		}
	}
}

func (d *Draft) hasEnabled(p *Pool) bool {
	for _, m := range p.Members {
		if a := d.address(m.Address); m.Enabled && a != nil && a.Enabled {
			return true
		}
	}
	return false
}

// checkSharing holds the rules on what may stand beside an access domain: one that
// can answer a CNAME needs the name to itself (RFC 1034 §3.6.2).
func (d *Draft) checkSharing(r *Report, ad *AccessDomain, z *Zone, isAlias bool) {
	types := d.typesAt(z.Name, ad.Name)
	for _, t := range types {
		if hides(ad, t) {
			r.Warnf("name", "hides_record", "hides the zone's %s record of the same name", t)
		}
	}
	for _, other := range d.at(ad.Name) {
		if other.Type == ad.Type || !other.Enabled {
			continue
		}
		if isAlias || d.isAlias(other) {
			r.Errorf("type", "cname_and_other", "the access domain %s stands at the same name; a name that answers a CNAME has nothing beside it", other.Key().Name)
		}
	}
	if !isAlias {
		return
	}
	if ad.Name == z.Name {
		r.Errorf("name", "cname_at_apex", "is a zone apex, where a CNAME cannot be answered; use a name below it, or IP pools")
	}
	for _, t := range types {
		if !hides(ad, t) {
			r.Errorf("name", "cname_and_other", "has a %s record; a name that answers a CNAME has nothing beside it", t)
		}
	}
}

// isAlias tells whether an access domain can ever answer a CNAME.
func (d *Draft) isAlias(ad *AccessDomain) bool {
	for _, m := range ad.Pools {
		if p := d.pool(m.Pool); p != nil && p.Type == Domain {
			return true
		}
	}
	return ad.Type == "CNAME"
}

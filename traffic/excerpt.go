package traffic

import (
	"slices"
	"strings"
)

// Excerpt returns the part of the configuration that decides what some names are
// answered, as puts in reference order: their zones, what stands on the way to them and
// keeps names in existence (RFC 4592 §2.2.2), their access domains with all below, all
// lines and overrides, and the addresses that are named besides, by name or endpoint.
// A draft of 100,000 names is explained at the cost of the one that is asked.
func (d *Draft) Excerpt(names, addresses []string) []Change {
	x := &excerpt{d: d, out: map[Key]Object{}}
	for _, k := range []Kind{KindSettings, KindLine, KindOverride} {
		d.Each(k, func(o Object) bool {
			x.out[o.Key()] = o
			return true
		})
	}
	if len(addresses) > 0 {
		d.Each(KindAddress, func(o Object) bool {
			if a := o.(*Address); slices.Contains(addresses, a.Name) || slices.Contains(addresses, a.Address) {
				x.add(a)
			}
			return true
		})
	}
	var canonical []string
	for _, n := range names {
		if c, err := CanonicalName(n); err == nil {
			canonical = append(canonical, c)
		}
	}
	for z, way := range x.in(canonical) {
		x.take(z, way)
	}
	var list []Change
	for _, kind := range Kinds {
		begin := len(list)
		for k, o := range x.out {
			if k.Kind == kind {
				list = append(list, Change{Key: k, After: o})
			}
		}
		slices.SortFunc(list[begin:], func(a, b Change) int { return strings.Compare(a.Key.Name, b.Key.Name) })
	}
	return list
}

type excerpt struct {
	d   *Draft
	out map[Key]Object
}

// add takes an object and all that it names, also through addresses that are hosted names.
func (x *excerpt) add(o Object) {
	if o == nil || x.out[o.Key()] != nil {
		return
	}
	x.out[o.Key()] = o
	o.Refs(func(to Key, _ string) { x.add(x.d.Get(to)) })
	if a, ok := o.(*Address); ok && a.Family() == Domain {
		for _, ad := range x.d.At(a.Address) {
			x.add(ad)
		}
	}
}

// in collects the zones above some names and, for each, the names on the way to them:
// in every zone, since a disabled one leaves some of its names to its parent.
func (x *excerpt) in(names []string) map[*Zone]map[string]bool {
	ways := map[*Zone]map[string]bool{}
	for _, name := range names {
		for apex := name; ; apex = Parent(apex) {
			if z := x.d.zone(apex); z != nil {
				x.out[z.Key()] = z
				if ways[z] == nil {
					ways[z] = map[string]bool{}
				}
				for n := name; ; n = Parent(n) {
					ways[z][n], ways[z]["*."+n] = true, true
					if n == apex {
						break
					}
				}
			}
			if apex == "." {
				break
			}
		}
	}
	return ways
}

// take takes what stands on the way in a zone, and beside it for each name on the way
// something below that keeps it in existence.
func (x *excerpt) take(z *Zone, way map[string]bool) {
	kept := map[string]bool{}
	keeps := func(owner string) (node string, wanted bool) {
		for n := owner; n != "."; n = Parent(n) {
			if way[n] {
				return n, !kept[n]
			}
			if n == z.Name {
				break
			}
		}
		return "", false
	}
	for _, k := range x.d.records(z.Name) {
		c, _ := x.d.Get(k).(*Record)
		if c == nil {
			continue
		}
		if way[c.Owner()] {
			x.out[k] = c
		} else if node, wanted := keeps(c.Owner()); wanted && c.Enabled {
			x.out[k], kept[node] = c, true
		}
	}
	x.d.Each(KindAccessDomain, func(o Object) bool {
		ad := o.(*AccessDomain)
		switch {
		case !IsSubdomain(ad.Name, z.Name):
		case way[ad.Name]:
			x.add(ad)
		case ad.Enabled && x.d.ZoneOf(ad.Name) == z:
			if node, wanted := keeps(ad.Name); wanted {
				// A record in its place: nobody asks for it.
				r := defaultRecord()
				r.Zone, r.Name, r.Type, r.Data = z.Name, ad.Name+".", "TXT", []string{`"-"`}
				r.Normalize()
				if x.out[r.Key()] == nil {
					x.out[r.Key()] = r
				}
				kept[node] = true
			}
		}
		return true
	})
}

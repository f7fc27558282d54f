package control

import (
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// assignSerials moves the serial of every zone whose content the draft changes: its
// records, its own fields, its access domains, or the settings that it inherits.
// Health never moves one (design 5.3).
func assignSerials(base *traffic.Model, d *traffic.Draft, now time.Time) {
	touched := map[string]bool{}
	note := func(z *traffic.Zone) {
		if z != nil {
			touched[z.Name] = true
		}
	}
	for _, c := range d.Changes() {
		for _, o := range []traffic.Object{c.Before, c.After} {
			switch v := o.(type) {
			case *traffic.Zone:
				touched[v.Name] = true
			case *traffic.Record:
				touched[v.Zone] = true
			case *traffic.AccessDomain:
				note(base.ZoneOf(v.Name))
				note(d.ZoneOf(v.Name))
			}
		}
		if c.Key.Kind == traffic.KindSettings {
			inheriting(base, c, touched)
		}
	}
	floor := dateSerial(now)
	for name := range touched {
		z, ok := d.Get(traffic.Key{Kind: traffic.KindZone, Name: name}).(*traffic.Zone)
		if !ok {
			continue // the zone itself goes
		}
		next := *z
		next.Nameservers = slices.Clone(z.Nameservers) // the old one may be in the model, where others read
		next.Serial = traffic.NextSerial(z.Serial, floor)
		d.Put(&next)
	}
}

// inheriting notes the zones whose apex records a change of settings alters.
func inheriting(base *traffic.Model, c traffic.Change, touched map[string]bool) {
	before, _ := c.Before.(*traffic.Settings)
	after, _ := c.After.(*traffic.Settings)
	if before == nil || after == nil {
		return
	}
	servers := !slices.Equal(before.Nameservers, after.Nameservers)
	if !servers && before.SOA == after.SOA {
		return
	}
	base.Each(traffic.KindZone, func(o traffic.Object) bool {
		z := o.(*traffic.Zone)
		if servers && len(z.Nameservers) == 0 || z.SOA.Or(before.SOA) != z.SOA.Or(after.SOA) {
			touched[z.Name] = true
		}
		return true
	})
}

// dateSerial is the date form of RFC 1912 §2.2, YYYYMMDD00 in UTC.
func dateSerial(t time.Time) uint32 {
	y, m, day := t.UTC().Date()
	return uint32(y)*1000000 + uint32(m)*10000 + uint32(day)*100
}

package steer

import "github.com/meridian-gtm/meridian/traffic"

// lives tells how long what a configuration answers may live in caches. It remembers
// names: without, names that fan out and meet again cost exponentially.
type lives struct {
	s     Side
	known map[string]uint32
}

// of returns the seconds for which a resolver may answer with what an access domain
// gave before. Where that was a CNAME to a name of ours, the resolver may ask for the
// target until the CNAME expires, and give what it gets for as long again as that
// lives; targets elsewhere have lives that we do not know. NODATA lives as its SOA says
// (RFC 2308 §5), and so does the absence of a name.
func (l *lives) of(name, typ string, before *Outcome) uint32 {
	if before == nil || len(before.Pools) == 0 {
		limit := ^uint32(0)
		for _, d := range l.s.At(name) {
			if before != nil && d.Type == typ {
				limit = d.TTL
			}
		}
		return l.negative(l.s.ZoneOf(name), limit)
	}
	var most uint32
	for _, p := range before.Pools {
		if p.Type != "CNAME" {
			continue
		}
		for _, a := range p.Addresses {
			most = max(most, l.target(a.Value))
		}
	}
	return before.TTL + most
}

// target returns the longest life of what a name of ours may answer to a client that
// wants an address, 0 for names of others.
func (l *lives) target(name string) uint32 {
	if ttl, ok := l.known[name]; ok {
		return ttl
	}
	if l.known == nil {
		l.known = map[string]uint32{}
	}
	l.known[name] = 0 // records may lead in a circle
	z := l.s.ZoneOf(name)
	if z == nil || !z.Enabled {
		return 0
	}
	ttl := l.negative(z, ^uint32(0)) // of the type that the name does not have
	if owner := l.owner(z, name); owner != "" {
		ttl = max(ttl, l.at(z, owner))
	}
	l.known[name] = ttl
	return ttl
}

// chainTypes are the types that an answer to a client that wants an address is made of.
var chainTypes = [...]string{"A", "AAAA", "CNAME"}

func recordKey(z *traffic.Zone, owner, typ string) traffic.Key {
	return traffic.Key{Kind: traffic.KindRecord, Name: z.Name + "/" + owner + "/" + typ}
}

// owner returns the name whose access domains and records answer for a name: itself, or
// the nearest wildcard above it (RFC 4592 §3.3.1); "" for none.
func (l *lives) owner(z *traffic.Zone, name string) string {
	there := func(n string) bool {
		if len(l.s.At(n)) > 0 {
			return true
		}
		for _, typ := range chainTypes {
			if l.s.Get(recordKey(z, n, typ)) != nil {
				return true
			}
		}
		return false
	}
	if there(name) {
		return name
	}
	for n := name; n != z.Name && n != "."; {
		n = traffic.Parent(n)
		if there("*." + n) {
			return "*." + n
		}
	}
	return ""
}

// at returns the longest life of what stands at an owner name.
func (l *lives) at(z *traffic.Zone, owner string) (ttl uint32) {
	for _, d := range l.s.At(owner) {
		if !d.Enabled {
			continue
		}
		most := uint32(0)
		for _, m := range d.Pools {
			p := l.s.Pool(m.Pool)
			if p == nil || p.Type != traffic.Domain {
				continue
			}
			for _, a := range p.Members {
				if to := l.s.Address(a.Address); to != nil {
					most = max(most, l.target(to.Address))
				}
			}
		}
		ttl = max(ttl, d.TTL+most)
	}
	for _, typ := range chainTypes {
		c, _ := l.s.Get(recordKey(z, owner, typ)).(*traffic.Record)
		if c == nil || !c.Enabled {
			continue
		}
		most := uint32(0)
		if typ == "CNAME" && len(c.Data) == 1 {
			if to, err := traffic.CanonicalName(c.Data[0]); err == nil {
				most = l.target(to)
			}
		}
		ttl = max(ttl, c.TTL+most)
	}
	return ttl
}

// negative returns how long a negative answer of a zone lives: the least of the SOA's
// TTL, its MINIMUM and the access domain's TTL (design 5.2).
func (l *lives) negative(z *traffic.Zone, limit uint32) uint32 {
	if z == nil {
		return 0
	}
	soa := z.SOA
	if set, ok := l.s.Get(traffic.Key{Kind: traffic.KindSettings, Name: "settings"}).(*traffic.Settings); ok {
		soa = soa.Or(set.SOA)
	}
	return min(limit, soa.TTL, soa.NegativeTTL)
}

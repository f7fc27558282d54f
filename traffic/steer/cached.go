package steer

import "github.com/meridian-gtm/meridian/traffic"

// maxChain bounds the names that a CNAME leads over, as the resolver does.
const maxChain = 16

// cachedFor returns the seconds for which a resolver may answer with what an access
// domain gave before. Where that was a CNAME to a name of ours, the resolver may ask for
// the target until the CNAME expires, and give what it gets for as long again as that
// lives; targets elsewhere have lives that we do not know. NODATA lives as its SOA says
// (RFC 2308 §5), and so does the absence of a name.
func cachedFor(s Side, name string, before *Outcome) uint32 {
	if before == nil || len(before.Pools) == 0 {
		limit := ^uint32(0)
		if before != nil {
			for _, d := range s.At(name) {
				limit = min(limit, d.TTL)
			}
		}
		return negative(s, name, limit)
	}
	ttl := before.TTL
	var most uint32
	for _, p := range before.Pools {
		if p.Type != "CNAME" {
			continue
		}
		for _, a := range p.Addresses {
			most = max(most, lives(s, a.Value, 1))
		}
	}
	return ttl + most
}

// lives returns the longest life of what a name of ours may answer to a client that
// wants an address, 0 for names of others.
func lives(s Side, name string, link int) uint32 {
	z := s.ZoneOf(name)
	if z == nil || !z.Enabled || link == maxChain {
		return 0
	}
	ttl := negative(s, name, ^uint32(0)) // of the type that the name does not have
	for _, d := range s.At(name) {
		if !d.Enabled {
			continue
		}
		most := uint32(0)
		for _, m := range d.Pools {
			if p := s.Pool(m.Pool); p != nil && p.Type == traffic.Domain {
				for _, a := range p.Members {
					if at := s.Address(a.Address); at != nil {
						most = max(most, lives(s, at.Address, link+1))
					}
				}
			}
		}
		ttl = max(ttl, d.TTL+most)
	}
	for _, typ := range [...]string{"A", "AAAA", "CNAME"} {
		c, _ := s.Get(traffic.Key{Kind: traffic.KindRecord, Name: z.Name + "/" + name + "/" + typ}).(*traffic.Record)
		if c == nil || !c.Enabled {
			continue
		}
		most := uint32(0)
		if typ == "CNAME" && len(c.Data) == 1 {
			if to, err := traffic.CanonicalName(c.Data[0]); err == nil {
				most = lives(s, to, link+1)
			}
		}
		ttl = max(ttl, c.TTL+most)
	}
	return ttl
}

// negative returns how long a negative answer at a name lives: the least of the SOA's
// TTL, its MINIMUM and the access domain's TTL (design 5.2).
func negative(s Side, name string, limit uint32) uint32 {
	z := s.ZoneOf(name)
	if z == nil {
		return 0
	}
	soa := z.SOA
	if set, ok := s.Get(traffic.Key{Kind: traffic.KindSettings, Name: "settings"}).(*traffic.Settings); ok {
		soa = soa.Or(set.SOA)
	}
	return min(limit, soa.TTL, soa.NegativeTTL)
}

package steer

import (
	"math"
	"slices"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// Client is what the engine knows of who asks: the lines that hold it, most
// specific first and "default" last, and its representative point when that is
// known well enough to measure from.
type Client struct {
	Lines   []string
	Point   line.Point
	PointOK bool
}

// Decide returns what d answers to c. A disabled access domain decides like an
// enabled one; whether it is asked at all is the caller's affair.
func (e *Engine) Decide(d *traffic.AccessDomain, c Client) Decision {
	return e.decide(d, c, nil)
}

// candidate is one member at either level, on its way through a policy.
type candidate struct {
	name      string
	value     string // an address's endpoint; "" for a pool
	link      *traffic.Link
	pos       int
	enabled   bool // link and object
	available bool
	withdrawn bool
	forced    bool              // a pool whose addresses count as available
	override  *traffic.Override // that decides about it, if one does
	reason    said.Said         // state in words
	why       said.Said         // for a trace: why it was taken or left
	at        *traffic.Location
}

func (e *Engine) decide(d *traffic.AccessDomain, c Client, tr *Trace) Decision {
	cands := e.poolCandidates(d)
	ch := e.choose(&d.Steering, d.Key(), cands, c, d.Unmatched == traffic.UnmatchedNoData)
	var out Decision
	o := e.over(d)
	switch {
	case o != nil && o.Action == traffic.Drain:
		out = Decision{Basis: NoData, Reason: saidDomainOrder.With(overrideReason(o))}
	case len(ch.taken) > 0:
		out = Decision{Basis: ByPolicy, Reason: ch.reason, Line: ch.line, Rule: ch.rule}
		if ch.fallback {
			out.Basis = Unmatched
		}
		for _, k := range ch.taken {
			pick := e.pick(k, c, tr)
			pick.Weight = k.link.Weight
			out.Picks = append(out.Picks, pick)
		}
	default:
		out = e.lastResort(d, cands, ch, tr)
	}
	out.Override = o
	if tr != nil {
		tr.pools(d, cands, ch)
	}
	return out
}

func (e *Engine) poolCandidates(d *traffic.AccessDomain) []*candidate {
	cands := make([]*candidate, 0, len(d.Pools))
	o := e.over(d)
	for i := range d.Pools {
		m := &d.Pools[i]
		s := e.poolIn(m.Pool, o)
		k := &candidate{name: m.Pool, link: &m.Link, pos: i, enabled: m.Enabled && s.Enabled, available: m.Enabled && s.Available,
			withdrawn: s.Withdrawn, forced: s.Forced, override: s.Override, reason: s.Reason}
		if !m.Enabled {
			k.reason = saidMemberDisabled.With()
		}
		if d.Order == traffic.OrderDistance {
			k.at = e.meanLocation(m.Pool)
		}
		cands = append(cands, k)
	}
	return bySerial(cands)
}

// addressCandidates returns the members of a pool. Forced, those count as available
// that are enabled and not withdrawn, whatever health says.
func (e *Engine) addressCandidates(p *traffic.Pool, forced bool) []*candidate {
	cands := make([]*candidate, 0, len(p.Members))
	for i := range p.Members {
		m := &p.Members[i]
		s := e.Address(m.Address)
		k := &candidate{name: m.Address, link: &m.Link, pos: i, enabled: m.Enabled && s.Enabled, available: m.Enabled && s.Available,
			withdrawn: s.Withdrawn, override: s.Override, reason: s.Reason}
		if !m.Enabled {
			k.reason = saidMemberDisabled.With()
		}
		if a := e.Config.Address(m.Address); a != nil {
			k.at, k.value = a.Location, a.Address
			if forced && k.enabled && !k.available && !k.withdrawn && !e.down(a) {
				k.available, k.reason = true, saidForced.With(k.reason)
			}
		}
		cands = append(cands, k)
	}
	return bySerial(cands)
}

// bySerial orders members; equal serials keep their position.
func bySerial(cands []*candidate) []*candidate {
	slices.SortStableFunc(cands, func(a, b *candidate) int { return a.link.Serial - b.link.Serial })
	return cands
}

// choice is the outcome of one policy over its members.
type choice struct {
	rule     Rule
	taken    []*candidate
	matched  []*candidate // proximity with unmatched: nodata: all that the client's lines hold
	strict   bool         // matched is binding
	line     string
	fallback bool
	reason   said.Said
}

// choose applies a policy to members ordered by serial. strict forbids the
// fallback to members of other lines.
func (e *Engine) choose(s *traffic.Steering, scope traffic.Key, cands []*candidate, c Client, strict bool) choice {
	avail := filter(cands, func(k *candidate) bool { return k.available })
	switch s.Policy {
	case traffic.RoundRobin:
		return choice{rule: Rotate, taken: avail, reason: saidRoundRobin.With()}
	case traffic.Weighted:
		return choice{rule: Draw, taken: avail, reason: saidWeighted.With()}
	case traffic.Proximity:
		return e.proximity(s, cands, avail, c, strict)
	}
	if len(avail) == 0 {
		return choice{}
	}
	first := avail[0]
	reason := saidSequential.With(first.name)
	if s.Mode == traffic.NonPreemptive && e.Current != nil {
		// The current member stays while listed, enabled and available; when it is not
		// available the same rule as always names the next (design 5.1.3).
		if cur := e.Current(scope); cur != "" {
			if i := slices.IndexFunc(avail, func(k *candidate) bool { return k.name == cur }); i >= 0 {
				if avail[i] != first {
					reason = saidStays.With(cur, first.name)
				}
				first = avail[i]
			}
		}
	}
	return choice{rule: First, taken: []*candidate{first}, reason: reason}
}

func (e *Engine) proximity(s *traffic.Steering, cands, avail []*candidate, c Client, strict bool) choice {
	strict = strict && s.Policy == traffic.Proximity
	out := choice{rule: First, strict: strict}
	if strict {
		out.matched = filter(cands, func(k *candidate) bool { return k.enabled && holdsAny(k, c.Lines) })
	}
	for _, l := range c.Lines {
		on := filter(avail, func(k *candidate) bool { return slices.Contains(k.link.Lines, l) })
		if len(on) == 0 {
			continue
		}
		how := saidNearBySerial
		if s.Order == traffic.OrderDistance && c.PointOK {
			byDistance(on, c.Point)
			how = saidNearByWay
		}
		out.taken, out.line = on[:1], l
		out.reason = how.With(l, on[0].name)
		return out
	}
	if strict || len(avail) == 0 {
		return out
	}
	out.taken, out.fallback = avail[:1], true
	out.reason = saidUnmatched.With(avail[0].name)
	return out
}

func holdsAny(k *candidate, lines []string) bool {
	return slices.ContainsFunc(k.link.Lines, func(l string) bool { return slices.Contains(lines, l) })
}

// byDistance orders by great-circle distance from the client; members without a
// location come last, and ties keep the order of serials.
func byDistance(cands []*candidate, from line.Point) {
	far := func(k *candidate) float64 {
		if k.at == nil {
			return math.Inf(1)
		}
		return line.Distance(from, line.Point{Lat: k.at.Latitude, Lon: k.at.Longitude})
	}
	slices.SortStableFunc(cands, func(a, b *candidate) int {
		switch da, db := far(a), far(b); {
		case da < db:
			return -1
		case da > db:
			return 1
		}
		return 0
	})
}

// meanLocation is the mean point of a pool's enabled, located addresses, taken on
// the sphere so that a pool on both sides of the date line is not placed in Africa.
func (e *Engine) meanLocation(pool string) *traffic.Location {
	p := e.Config.Pool(pool)
	if p == nil {
		return nil
	}
	var x, y, z float64
	n := 0
	for i := range p.Members {
		a := e.Config.Address(p.Members[i].Address)
		if !p.Members[i].Enabled || a == nil || !a.Enabled || a.Location == nil {
			continue
		}
		lat, lon := a.Location.Latitude*math.Pi/180, a.Location.Longitude*math.Pi/180
		x += math.Cos(lat) * math.Cos(lon)
		y += math.Cos(lat) * math.Sin(lon)
		z += math.Sin(lat)
		n++
	}
	if n == 0 || x == 0 && y == 0 && z == 0 {
		return nil
	}
	return &traffic.Location{Latitude: math.Atan2(z, math.Hypot(x, y)) * 180 / math.Pi, Longitude: math.Atan2(y, x) * 180 / math.Pi}
}

// pick applies an available pool's own policy. At this level proximity always falls
// back to the smallest serial of any line.
func (e *Engine) pick(pool *candidate, c Client, tr *Trace) Pick {
	p := e.Config.Pool(pool.name)
	cands := e.addressCandidates(p, pool.forced)
	ch := e.choose(&p.Steering, p.Key(), cands, c, false)
	out := Pick{Pool: p.Name, Weight: 1, Line: ch.line, Alias: p.Type == traffic.Domain, Rule: ch.rule, Answers: 1}
	out.Entries = e.entries(ch.taken)
	switch {
	case out.Alias: // design 5.1.5: exactly one CNAME under every policy
	case p.Policy == traffic.RoundRobin:
		out.Answers = len(out.Entries)
		if p.Answers > 0 {
			out.Answers = min(p.Answers, out.Answers)
		}
	case p.Policy == traffic.Weighted:
		out.Answers = min(max(p.Answers, 1), len(out.Entries))
	}
	if tr != nil {
		tr.addresses(p, cands, ch)
	}
	return out
}

func (e *Engine) entries(cands []*candidate) []Entry {
	out := make([]Entry, 0, len(cands))
	for _, k := range cands {
		out = append(out, Entry{Address: k.name, Value: e.Config.Address(k.name).Address, Weight: k.link.Weight})
	}
	return out
}

// lastResort answers when no pool is available (design 5.4), over the matched pools
// alone where unmatched: nodata binds.
func (e *Engine) lastResort(d *traffic.AccessDomain, cands []*candidate, ch choice, tr *Trace) Decision {
	if ch.strict {
		if len(ch.matched) == 0 {
			return Decision{Basis: NoData, Reason: saidNobodyServes.With()}
		}
		cands = ch.matched
	}
	if d.AllDown == traffic.AllDownNoData {
		return Decision{Basis: NoData, Reason: saidAllDownNoData.With()}
	}
	for _, pass := range []struct {
		keep func(*candidate) bool
		why  *said.Template
	}{
		{func(k *candidate) bool { return k.available }, saidLastAvailable},
		{func(k *candidate) bool { return k.enabled && !k.withdrawn }, saidLastEnabled},
	} {
		for _, pool := range cands {
			if !pool.enabled || pool.withdrawn {
				continue
			}
			p := e.Config.Pool(pool.name)
			addrs := e.addressCandidates(p, pool.forced)
			keep := filter(addrs, pass.keep)
			if len(keep) == 0 {
				continue
			}
			pool.why = saidLastPool.With()
			if tr != nil {
				tr.lastResort(p, addrs, keep)
			}
			return Decision{Basis: LastResort, Reason: pass.why.With(pool.name), Rule: First, Picks: []Pick{e.failOpen(p, keep, pool.link.Weight)}}
		}
	}
	return Decision{Basis: NoData, Reason: saidNothingLeft.With()}
}

// failOpen gives all the addresses at once, so that clients may find one that still
// works; a domain pool gives one CNAME by its own policy.
func (e *Engine) failOpen(p *traffic.Pool, keep []*candidate, weight int) Pick {
	out := Pick{Pool: p.Name, Weight: weight, Alias: p.Type == traffic.Domain, Rule: Rotate, Entries: e.entries(keep)}
	out.Answers = len(out.Entries)
	if out.Alias {
		out.Answers = 1
		switch p.Policy {
		case traffic.Weighted:
			out.Rule = Draw
		case traffic.Sequential, traffic.Proximity:
			out.Rule, out.Entries = First, out.Entries[:1]
		}
	}
	return out
}

func filter(in []*candidate, keep func(*candidate) bool) []*candidate {
	var out []*candidate
	for _, k := range in {
		if keep(k) {
			out = append(out, k)
		}
	}
	return out
}

package resolve

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/meridian-gtm/meridian/resolve/plan"
	"github.com/meridian-gtm/meridian/resolve/zone"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

// places on which random maps are built; they meet the lines that gen uses.
var mapKinds = []line.Kind{{}, {Place: 1, ISP: "telecom", ASN: 4134, Confidence: line.High}, {Place: 1, Confidence: line.High}, {Place: 2, ISP: "telecom", Confidence: line.Low},
	{Place: 3, Confidence: line.High}, {Place: 4, Confidence: line.Medium}}

// randomMap cuts the address space at random places and around the networks that
// tests ask from, so that lines change inside and beside them.
func (g *gen) randomMap() *line.Map {
	d := line.Data{Places: []line.Place{{},
		{Country: "cn", Subdivision: "cn-gd", Name: "Guangdong", Point: line.Point{Lat: 23, Lon: 113}, PointOK: true},
		{Country: "cn", Point: line.Point{Lat: 34, Lon: 110}, PointOK: true},
		{Country: "us", Subdivision: "us-ca", Name: "California", Point: line.Point{Lat: 37, Lon: -120}, PointOK: true},
		{Country: "jp", Point: line.Point{Lat: 36, Lon: 138}, PointOK: true}}, Kinds: slices.Clone(mapKinds)}
	starts4, starts6 := map[uint32]bool{0: true}, map[uint64]bool{0: true}
	for range 30 {
		starts4[g.Uint32()&^(1<<g.IntN(20)-1)] = true
		starts6[0x2000<<48|g.Uint64()>>3&^(1<<(32+g.IntN(24))-1)] = true
	}
	for _, c := range clients {
		p := netip.MustParsePrefix(c)
		if a := p.Addr(); a.Is4() && g.chance(60) {
			b := a.As4()
			v := binary.BigEndian.Uint32(b[:])
			starts4[v], starts4[v+1<<g.IntN(12)] = true, true
		} else if a.Is6() && g.chance(60) {
			b := a.As16()
			v := binary.BigEndian.Uint64(b[:])
			starts6[v], starts6[v+1<<g.IntN(24)] = true, true
		}
	}
	for v := range starts4 {
		d.V4 = append(d.V4, v)
	}
	for v := range starts6 {
		d.V6Hi = append(d.V6Hi, v)
	}
	slices.Sort(d.V4)
	slices.Sort(d.V6Hi)
	d.V6Lo = make([]uint64, len(d.V6Hi))
	for range d.V4 {
		d.V4Kind = append(d.V4Kind, uint32(g.IntN(len(mapKinds))))
	}
	for range d.V6Hi {
		d.V6Kind = append(d.V6Kind, uint32(g.IntN(len(mapKinds))))
	}
	m, err := line.NewMap(d)
	if err != nil {
		panic(fmt.Sprintf("random map: %v", err))
	}
	return m
}

// useMap gives a node a map and returns the settings that name it.
func (n *node) useMap(m *line.Map) traffic.Object {
	n.maps[m.Hash()] = m
	s := traffic.DefaultSettings()
	s.GeoMap = m.Hash()
	return s
}

// TestScopeSharesOneLeaf: whatever scope an answer carries, every client in it has the
// same plan leaf, so a resolver may give the answer to all of them. Tried at random
// addresses, at both ends, and at every place inside where the map or a custom line
// begins. That scopes are as wide as they can be is held exactly by package line's
// own property; here only often, as the sample finds it.
func TestScopeSharesOneLeaf(t *testing.T) {
	t.Parallel()
	tried, specific, minimal := 0, 0, 0
	for seed := range uint64(150) {
		g := newGen(50_000 + seed)
		objs := g.config()
		n := newNode(1)
		m := g.randomMap()
		n.health = g.health(objs, 20)
		n.load(t, append(objs, n.useMap(m)))
		w := n.NewWorker(0, 1232)
		for i := range 4 {
			name := fmt.Sprintf("d%d.example.com", i)
			res := n.View().Lookup(&w.Walk, plan.WireName(name), 1)
			if res.Outcome != zone.Steered {
				continue
			}
			p := res.Slot.Slot.Load()
			for _, c := range clients {
				msg := ask(t, w, "8.8.4.4", name, "A", c)
				if len(msg.Answer) == 0 {
					continue
				}
				client := netip.MustParsePrefix(c)
				scope := scopeOf(msg)
				if p.Lines == nil {
					if scope != 0 {
						t.Fatalf("seed %d: %s does not use the client but has scope %d", seed, name, scope)
					}
					continue
				}
				tried++
				block := netip.PrefixFrom(client.Addr(), scope).Masked()
				leaf := leafOf(p, client.Addr())
				for _, a := range g.inside(block, m) {
					if got := leafOf(p, a); !bytes.Equal(got, leaf) {
						t.Fatalf("seed %d: %s from %s has scope %d, but %s in it has another leaf", seed, name, c, scope, a)
					}
				}
				if scope > 0 {
					specific++
					wide := netip.PrefixFrom(client.Addr(), scope-1).Masked()
					for _, a := range g.inside(wide, m) {
						if classFor(p, a) != classFor(p, client.Addr()) {
							minimal++
							break
						}
					}
				}
			}
		}
	}
	if tried < 1000 || specific < tried/4 || minimal < specific/2 {
		t.Errorf("%d scopes tried, %d specific, %d minimal: the generator has drifted", tried, specific, minimal)
	}
}

func classFor(p *plan.Plan, a netip.Addr) int {
	class, _ := classOf(p.Lines, a, netip.MustParseAddr("8.8.4.4"), true)
	return class
}

// leafOf is the content of the leaf that a client with this ECS address gets.
func leafOf(p *plan.Plan, a netip.Addr) []byte {
	class := classFor(p, a)
	one := plan.Plan{TTL: p.TTL, Leaves: p.Leaves[class : class+1]}
	return one.Digest()
}

// inside returns addresses of a block: its ends, random ones, and where custom lines
// begin and end.
func (g *gen) inside(block netip.Prefix, m *line.Map) []netip.Addr {
	out := []netip.Addr{block.Addr(), lastAddr(block)}
	for _, o := range customLines() {
		for _, p := range o.(*traffic.Line).Prefixes() {
			for _, a := range []netip.Addr{p.Addr(), p.Addr().Prev(), lastAddr(p), lastAddr(p).Next()} {
				if block.Contains(a) {
					out = append(out, a)
				}
			}
		}
	}
	for range 40 {
		b := block.Addr().AsSlice()
		for i := range b {
			b[i] ^= byte(g.Uint32())
		}
		a, _ := netip.AddrFromSlice(b)
		// keep the block's own bits
		x, keep := a.AsSlice(), block.Addr().AsSlice()
		for i := range x {
			fixed := max(0, min(8, block.Bits()-8*i))
			mask := byte(0xff) << (8 - fixed)
			if fixed == 0 {
				mask = 0
			}
			x[i] = keep[i]&mask | x[i]&^mask
		}
		a, _ = netip.AddrFromSlice(x)
		out = append(out, a)
	}
	return out
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		host := max(0, min(8, 8*(i+1)-p.Bits()))
		b[i] |= byte(1<<host - 1)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

package plan

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Compiler turns the engine's decisions into plans. It shares equal Sets among all
// plans of one Compile round; begin a new one for each round. One goroutine.
type Compiler struct {
	Engine *steer.Engine
	sets   map[string]*Set
	key    []byte
	bases  []uint32 // of the access domain that is being compiled
}

// Compile asks the engine once per line class. lines is nil when the answer does
// not depend on the client.
func (c *Compiler) Compile(d *traffic.AccessDomain, lines *line.Partition) *Plan {
	p := &Plan{TTL: d.TTL, Lines: lines}
	c.bases = appendBases(c.bases[:0], c.Engine.Config, d)
	if lines == nil {
		p.Leaves = []Leaf{c.leaf(d, steer.Client{Lines: []string{"default"}})}
		return p
	}
	p.Leaves = make([]Leaf, len(lines.Classes))
	for i := range lines.Classes {
		cl := &lines.Classes[i]
		p.Leaves[i] = c.leaf(d, steer.Client{Lines: cl.Lines, Point: cl.Point, PointOK: cl.PointOK})
	}
	return p
}

func (c *Compiler) leaf(d *traffic.AccessDomain, cl steer.Client) Leaf {
	dec := c.Engine.Decide(d, cl)
	l := Leaf{Rule: dec.Rule}
	for _, pick := range dec.Picks {
		if len(pick.Entries) == 0 {
			continue
		}
		turn := 0
		for i := range d.Pools {
			if d.Pools[i].Pool == pick.Pool {
				turn = i
			}
		}
		l.Sets = append(l.Sets, Member{Set: c.set(pick), Turn: turn, base: c.bases[turn]})
		l.cum = append(l.cum, last(l.cum)+uint32(pick.Weight))
	}
	switch len(l.Sets) {
	case 0:
		return Leaf{Rule: steer.None}
	case 1:
		l.Rule = steer.First
	}
	return l
}

func last(cum []uint32) uint32 {
	if len(cum) == 0 {
		return 0
	}
	return cum[len(cum)-1]
}

// set returns the compiled form of a pick, the same one for equal content of a pool.
// Pools of equal content have their own, since they are counted apart.
func (c *Compiler) set(p steer.Pick) *Set {
	k := append(c.key[:0], byte(p.Rule), byte(p.Answers), byte(p.Answers>>8))
	k = append(append(k, p.Pool...), 0)
	for _, e := range p.Entries {
		k = append(append(k, e.Address...), 0)
		k = append(k, byte(e.Weight))
		k = append(k, e.Value...)
		k = append(k, 0)
	}
	c.key = k
	if s := c.sets[string(k)]; s != nil {
		return s
	}
	s := &Set{Rule: p.Rule, Answers: max(p.Answers, 1), Type: dnswire.TypeCNAME}
	for _, e := range p.Entries {
		rd, typ := RData(e.Value)
		s.Type = typ
		s.RData = append(s.RData, rd)
		s.weight = append(s.weight, uint32(e.Weight))
		s.cum = append(s.cum, last(s.cum)+uint32(e.Weight))
	}
	s.place = places(c.Engine.Config.Pool(p.Pool), p.Entries)
	if len(s.RData) == 1 {
		s.Rule = steer.First
	}
	if c.sets == nil {
		c.sets = map[string]*Set{}
	}
	c.sets[string(k)] = s
	return s
}

// RData returns the wire form of an address and the type that answers it.
func RData(value string) ([]byte, uint16) {
	if ip, err := netip.ParseAddr(value); err == nil {
		b := ip.AsSlice()
		if len(b) == 4 {
			return b, dnswire.TypeA
		}
		return b, dnswire.TypeAAAA
	}
	return WireName(value), dnswire.TypeCNAME
}

// WireName returns the wire form of a canonical name, which holds no escapes.
func WireName(name string) []byte {
	if name == "." {
		return []byte{0}
	}
	b := make([]byte, 0, len(name)+2)
	for l := range strings.SplitSeq(name, ".") {
		b = append(b, byte(len(l)))
		b = append(b, l...)
	}
	return append(b, 0)
}

// Digest returns bytes that are equal exactly for plans that answer alike. For tests
// of equality between two ways to one configuration.
func (p *Plan) Digest() []byte {
	b := binary.BigEndian.AppendUint32(nil, p.TTL)
	for i := range p.Leaves {
		l := &p.Leaves[i]
		b = append(b, byte(l.Rule), byte(len(l.Sets)))
		if p.Lines != nil {
			b = append(b, strings.Join(p.Lines.Classes[i].Lines, " ")...)
		}
		for j, m := range l.Sets {
			b = binary.BigEndian.AppendUint32(b, l.cum[j])
			b = append(b, byte(m.Turn), byte(m.Set.Rule), byte(m.Set.Answers))
			for k, rd := range m.Set.RData {
				b = append(binary.BigEndian.AppendUint32(b, m.Set.cum[k]), rd...)
			}
		}
	}
	return b
}

package line

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strings"
)

// Class is a set of clients that a partition does not tell apart.
type Class struct {
	Lines   []string // the used lines that hold these clients, most specific first; the last is default
	Point   Point    // where they are; meaningful when PointOK
	PointOK bool     // always false in a partition built without distance
}

// Partition divides all addresses into the classes that a set of used lines
// tells apart. It is immutable and safe for concurrent use.
type Partition struct {
	// Classes[0] is a client of which nothing is known: default only.
	Classes []Class

	single bool // one class everywhere: no answer depends on the client
	used   map[string]bool
	byKey  map[string]int

	v4     []uint32 // first addresses, the first is 0
	v4Code []uint32 // class, or specialCode with the block's number
	v4Hint []uint32 // range that holds the first address of each bucket, and one past the last bucket
	shift4 uint

	v6Hi   []uint64
	v6Lo   []uint64 // nil while every range begins at a /64 boundary
	v6Code []uint32
	v6Hint []uint32 // buckets of 2000::/3 only, where all global addresses are
	shift6 uint
}

// specialCode marks a range of a special-purpose block. The number of the block
// is kept so that neighbouring blocks do not merge.
const specialCode = 1 << 31

// Locate returns the class of a client address, the length of the shortest
// prefix around it whose addresses all have this class (the ECS scope; of the
// IPv4 form if a is IPv4-mapped), and whether the address is a special-purpose
// one that no used custom line holds, in which case the class is 0 and the
// scope stays inside the special block. An invalid address is class 0, scope 0.
//
// It does not allocate or lock.
func (p *Partition) Locate(a netip.Addr) (class int, scope uint8, special bool) {
	if p.single {
		return int(p.v4Code[0]), 0, false
	}
	if a.Is4() || a.Is4In6() {
		b := a.As4()
		return p.locate4(binary.BigEndian.Uint32(b[:]))
	}
	if !a.IsValid() {
		return 0, 0, false
	}
	b := a.As16()
	return p.locate6(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]))
}

func (p *Partition) locate4(x uint32) (class int, scope uint8, special bool) {
	b := x >> p.shift4
	lo, hi := int(p.v4Hint[b]), int(p.v4Hint[b+1]) // the range is in [lo, hi]
	for lo < hi {
		mid := int(uint(lo+hi+1) >> 1)
		if p.v4[mid] <= x {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	n := -1 // longest prefix shared with an address outside the range
	if lo > 0 {
		n = bits.LeadingZeros32(x ^ (p.v4[lo] - 1))
	}
	if lo+1 < len(p.v4) {
		n = max(n, bits.LeadingZeros32(x^p.v4[lo+1]))
	}
	if code := p.v4Code[lo]; code < specialCode {
		return int(code), uint8(n + 1), false
	}
	return 0, uint8(n + 1), true
}

func (p *Partition) locate6(xh, xl uint64) (class int, scope uint8, special bool) {
	lo, hi := 0, len(p.v6Hi)-1
	if xh>>61 == 1 {
		b := xh << 3 >> p.shift6
		lo, hi = int(p.v6Hint[b]), int(p.v6Hint[b+1])
	}
	wide := p.v6Lo != nil
	for lo < hi {
		mid := int(uint(lo+hi+1) >> 1)
		s := p.v6Hi[mid]
		if s < xh || s == xh && (!wide || p.v6Lo[mid] <= xl) {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	x, n := u128{xh, xl}, -1
	if lo > 0 {
		n = common(x, p.start6(lo).prev(), 128)
	}
	if lo+1 < len(p.v6Hi) {
		n = max(n, common(x, p.start6(lo+1), 128))
	}
	if code := p.v6Code[lo]; code < specialCode {
		return int(code), uint8(n + 1), false
	}
	return 0, uint8(n + 1), true
}

func (p *Partition) start6(i int) u128 {
	s := u128{hi: p.v6Hi[i]}
	if p.v6Lo != nil {
		s.lo = p.v6Lo[i]
	}
	return s
}

// scopeOf returns the length of the shortest prefix around x inside [first, last].
func scopeOf(x, first, last u128, width int) int {
	n := -1
	if first != (u128{}) {
		n = common(x, first.prev(), width)
	}
	if end := fullRange(width); last != end {
		n = max(n, common(x, last.next(), width))
	}
	return n + 1
}

func fullRange(width int) u128 {
	if width == 32 {
		return u128{0, 1<<32 - 1}
	}
	return u128{^uint64(0), ^uint64(0)}
}

// ClassOf returns the class of a hypothetical client that is in the given lines
// (a chain as from World.ChainOf; lines that are not used do not matter) and at
// the given point, if ok. In a partition with distance, a client without an
// exact point of the data falls to the class of its lines without a point. -1:
// no class is like that.
func (p *Partition) ClassOf(lines []string, pt Point, ok bool) int {
	kept := make([]string, 0, len(lines)+1)
	for _, l := range lines {
		if p.used[l] {
			kept = append(kept, l)
		}
	}
	kept = append(kept, Default)
	if ok {
		if i, found := p.byKey[classKey(kept, pt, true)]; found {
			return i
		}
	}
	if i, found := p.byKey[classKey(kept, Point{}, false)]; found {
		return i
	}
	return -1
}

func classKey(lines []string, pt Point, ok bool) string {
	k := strings.Join(lines, "\x00")
	if ok {
		lat, lon := packPoint(pt)
		b := binary.BigEndian.AppendUint32([]byte(k+"\x01"), uint32(lat))
		k = string(binary.BigEndian.AppendUint32(b, uint32(lon)))
	}
	return k
}

// Size returns the number of ranges of both families, which is what the memory
// of a partition grows with: 8 bytes per IPv4 range, 12 to 20 per IPv6 range.
func (p *Partition) Size() (v4, v6 int) { return len(p.v4), len(p.v6Hi) }

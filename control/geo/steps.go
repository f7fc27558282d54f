package geo

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// key is an address as a number; IPv4 addresses are in the low 32 bits.
type key struct{ hi, lo uint64 }

func keyOf(a netip.Addr) key {
	if a.Is4() {
		b := a.As4()
		return key{0, uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return key{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (k key) less(o key) bool { return k.hi < o.hi || k.hi == o.hi && k.lo < o.lo }

func (k key) compare(o key) int { return cmp.Or(cmp.Compare(k.hi, o.hi), cmp.Compare(k.lo, o.lo)) }

func (k key) next() key {
	lo, c := bits.Add64(k.lo, 1, 0)
	return key{k.hi + c, lo}
}

// end returns the address after the prefix; wrapped is true when there is none.
func end(p netip.Prefix) (after key, wrapped bool) {
	host := p.Addr().BitLen() - p.Bits()
	k := keyOf(p.Masked().Addr())
	var step key
	if host >= 64 {
		step.hi = 1 << (host - 64) // host 128 gives 0: the whole space
	} else {
		step.lo = 1 << host
	}
	lo, c := bits.Add64(k.lo, step.lo, 0)
	after = key{k.hi + step.hi + c, lo}
	if p.Addr().Is4() {
		return after, after.lo == 1<<32
	}
	return after, after == key{}
}

// steps is a function over all addresses of a family that is constant between
// starts. The first start is zero. Neighbours differ in value.
type steps struct {
	at  []key
	val []uint32
}

// put sets the value from k on. Calls come with rising k.
func (s *steps) put(k key, v uint32) {
	n := len(s.at)
	if n > 0 && s.at[n-1] == k {
		s.val[n-1] = v
		if n > 1 && s.val[n-2] == v {
			s.at, s.val = s.at[:n-1], s.val[:n-1]
		}
		return
	}
	if n > 0 && s.val[n-1] == v {
		return
	}
	s.at, s.val = append(s.at, k), append(s.val, v)
}

// fill sets v on a network and 0 after it. Calls come in rising order.
func (s *steps) fill(p netip.Prefix, v uint32) {
	if len(s.at) == 0 {
		s.put(key{}, 0)
	}
	s.put(keyOf(p.Addr()), v)
	if after, wrapped := end(p); !wrapped {
		s.put(after, 0)
	}
}

// get returns the value at k.
func (s *steps) get(k key) uint32 {
	i, ok := slices.BinarySearchFunc(s.at, k, key.compare)
	if !ok {
		i--
	}
	if i < 0 {
		return 0
	}
	return s.val[i]
}

// zip lays functions over each other: at every address f of all their values.
// f is called once per change.
func zip(f func(v []uint32) uint32, layers ...*steps) steps {
	var out steps
	v := make([]uint32, len(layers))
	i := make([]int, len(layers))
	at := key{}
	for {
		for l, s := range layers {
			for i[l] < len(s.at) && !at.less(s.at[i[l]]) {
				v[l] = s.val[i[l]]
				i[l]++
			}
		}
		out.put(at, f(v))
		found := false
		var next key
		for l, s := range layers {
			if i[l] < len(s.at) && (!found || s.at[i[l]].less(next)) {
				next, found = s.at[i[l]], true
			}
		}
		if !found {
			return out
		}
		at = next
	}
}

// painted is a network with a value, for paint.
type painted struct {
	p    netip.Prefix
	val  uint32
	prio int // of equal networks the higher wins
}

// paint lays networks of one family over each other, the narrower on top.
func paint(nets []painted) steps {
	slices.SortFunc(nets, func(a, b painted) int {
		return cmp.Or(keyOf(a.p.Addr()).compare(keyOf(b.p.Addr())), cmp.Compare(a.p.Bits(), b.p.Bits()), cmp.Compare(a.prio, b.prio))
	})
	out := steps{}
	out.put(key{}, 0)
	type open struct {
		after   key
		wrapped bool
		val     uint32
	}
	stack := []open{{wrapped: true}} // the ground: 0 up to the end
	pop := func(until key, all bool) {
		for len(stack) > 1 {
			top := stack[len(stack)-1]
			if top.wrapped || !all && until.less(top.after) {
				return
			}
			stack = stack[:len(stack)-1]
			out.put(top.after, stack[len(stack)-1].val)
		}
	}
	for _, n := range nets {
		k := keyOf(n.p.Addr())
		pop(k, false)
		after, wrapped := end(n.p)
		stack = append(stack, open{after, wrapped, n.val})
		out.put(k, n.val)
	}
	pop(key{}, true)
	return out
}

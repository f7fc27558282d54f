package zone

import "bytes"

// shardCount: an edit of one name copies one shard, and the array of pointers to
// them (32 KiB). With a million names a shard is about 250 names, 8 KiB, so that
// both copies cost about the same.
const (
	shardBits  = 12
	shardCount = 1 << shardBits
)

// slot is 16 octets, four in a cache line; hash and zone tell nearly all
// strangers apart before the node is touched.
type slot[S any] struct {
	hash uint32
	zone uint32
	node *Node[S] // nil: empty
}

// shard is a small open-addressing table with linear probing, at most 3/4 full.
// It is immutable once in a view.
type shard[S any] struct {
	gen   uint64 // the edit that may still change it
	used  int
	slots []slot[S] // a power of two, never none
}

func newShard[S any](gen uint64) *shard[S] {
	return &shard[S]{gen: gen, slots: make([]slot[S], 4)}
}

// shardOf and tag take different bits of the hash; the place in the shard uses
// the tag's.
func shardOf(h uint64) int { return int(h >> (64 - shardBits)) }
func tag(h uint64) uint32  { return uint32(h) }

// find returns the node of (zone, name), or nil. prefix and rest together are the
// name, so that a wildcard needs no copy.
func (s *shard[S]) find(h uint64, zone uint32, prefix, rest []byte) *Node[S] {
	if s == nil {
		return nil
	}
	t := tag(h)
	mask := uint32(len(s.slots) - 1)
	for i := t & mask; ; i = (i + 1) & mask {
		e := &s.slots[i]
		if e.node == nil {
			return nil
		}
		if e.hash == t && e.zone == zone {
			name := e.node.Name
			if len(name) == len(prefix)+len(rest) &&
				bytes.Equal(name[len(prefix):], rest) && bytes.Equal(name[:len(prefix)], prefix) {
				return e.node
			}
		}
	}
}

// index returns the place of n, which must be in s or have a namesake there, or
// the empty place where it belongs.
func (s *shard[S]) index(h uint64, n *Node[S]) int {
	t := tag(h)
	mask := uint32(len(s.slots) - 1)
	i := t & mask
	for ; s.slots[i].node != nil; i = (i + 1) & mask {
		if e := &s.slots[i]; e.hash == t && e.zone == n.zoneID && bytes.Equal(e.node.Name, n.Name) {
			break
		}
	}
	return int(i)
}

// put enters n or replaces its namesake.
func (s *shard[S]) put(h uint64, n *Node[S]) {
	if 4*(s.used+1) > 3*len(s.slots) {
		s.grow()
	}
	i := s.index(h, n)
	if s.slots[i].node == nil {
		s.used++
	}
	s.slots[i] = slot[S]{tag(h), n.zoneID, n}
}

func (s *shard[S]) grow() {
	old := s.slots
	s.slots = make([]slot[S], 2*len(old))
	mask := uint32(len(s.slots) - 1)
	for _, e := range old {
		if e.node == nil {
			continue
		}
		i := e.hash & mask
		for s.slots[i].node != nil {
			i = (i + 1) & mask
		}
		s.slots[i] = e
	}
}

// remove takes n out and closes the gap, so that no probe sequence is broken.
func (s *shard[S]) remove(h uint64, n *Node[S]) {
	i := s.index(h, n)
	if s.slots[i].node == nil {
		return
	}
	s.used--
	mask := len(s.slots) - 1
	for j := (i + 1) & mask; s.slots[j].node != nil; j = (j + 1) & mask {
		home := int(s.slots[j].hash) & mask
		// The entry at j may move to i unless its home lies behind i, cyclically.
		if (j-home)&mask >= (j-i)&mask {
			s.slots[i] = s.slots[j]
			i = j
		}
	}
	s.slots[i] = slot[S]{}
}

package plan

import (
	"sync/atomic"

	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// MaxAnswers is the most addresses that a draw answers (contract: answers 1-16).
const MaxAnswers = 16

// Slot holds the plan in force. It may be loaded by any goroutine; one stores.
type Slot struct{ p atomic.Pointer[Plan] }

// Load returns the plan in force, never nil once the slot is in a view.
func (s *Slot) Load() *Plan { return s.p.Load() }

// Store puts a plan in force for all names that share the slot.
func (s *Slot) Store(p *Plan) { s.p.Store(p) }

// Plan is what one access domain answers, by line class. Immutable.
type Plan struct {
	TTL uint32 // seconds
	// Lines tells clients apart; nil when the client plays no part (scope 0).
	Lines  *line.Partition
	Leaves []Leaf // by class of Lines; one leaf without Lines
}

// Leaf is what one class of clients gets.
type Leaf struct {
	Rule steer.Rule // among Sets; None answers NODATA
	Sets []Member
	cum  []uint32 // cumulative weights, for Draw
}

// Member is one pool's set within a leaf.
type Member struct {
	Set *Set
	// Turn is the place of the set's own rotation counter: the pool's position in
	// the access domain, which health does not move.
	Turn int
	base uint32 // of the pool's places in the Layout
}

// Set is what one pool answers: its candidates and the rule among them. Immutable.
type Set struct {
	Type    uint16 // A, AAAA or CNAME
	Rule    steer.Rule
	Answers int      // how many are answered, at least 1
	RData   [][]byte // wire form, in order
	weight  []uint32
	cum     []uint32 // cumulative weights, for Draw
	place   []uint32 // of each entry among the pool's configured members, for Layout
}

// Name is one access domain in a view: the slot it shares and the counters it does not.
type Name struct {
	Slot *Slot
	// Domain is NAME/TYPE, and Layout what places in its counts stand for. Both are for
	// those who read the counts; a choice only names the place.
	Domain string
	Layout *Layout
	// marks[worker] tells where in that worker's counts this name has its places.
	marks []Mark
	// turns[worker] holds, for each class, one counter among pools and one for each
	// pool. A worker touches its own alone. Empty when nothing rotates by policy.
	turns [][]uint32
	per   int // counters of one class
}

// NewName prepares the counters of one access domain for a number of workers. Rotation
// starts at a random place, so that many resolvers don't begin with the same member.
func NewName(s *Slot, domain string, l *Layout, workers int, rotates bool, rng *Rand) *Name {
	n := &Name{Slot: s, Domain: domain, Layout: l, marks: make([]Mark, workers), per: len(l.Pools) + 1}
	if !rotates {
		return n
	}
	n.turns = make([][]uint32, workers)
	for w := range n.turns {
		n.turns[w] = make([]uint32, len(l.Lines)*n.per)
		for i := range n.turns[w] {
			n.turns[w][i] = rng.Uint32n(1 << 30)
		}
	}
	return n
}

// Choice is the outcome for one query: RData entries of Set, by index.
type Choice struct {
	Set   *Set
	First int // rotation: entries First, First+1, … cyclic
	N     int // how many
	Drawn bool
	Place uint32             // in the name's Layout: of the class, the pool and the first record, or of NODATA
	Index [MaxAnswers]uint16 // draw: which entries, the first holding the share
}

// Choose picks for one query of a client in class. It reports false for NODATA. rng
// and the counters belong to the worker.
func (n *Name) Choose(p *Plan, class, worker int, rng *Rand, c *Choice) bool {
	leaf := &p.Leaves[class]
	c.Drawn = false
	c.Place = uint32(class) * n.Layout.width
	base := class * n.per
	var m *Member
	switch leaf.Rule {
	case steer.None:
		return false
	case steer.First:
		m = &leaf.Sets[0]
	case steer.Rotate:
		m = &leaf.Sets[n.turn(worker, base, rng)%uint32(len(leaf.Sets))]
	default:
		m = &leaf.Sets[draw(leaf.cum, rng)]
	}
	s := m.Set
	c.Set, c.First, c.N = s, 0, min(s.Answers, len(s.RData))
	switch s.Rule {
	case steer.Rotate:
		c.First = int(n.turn(worker, base+1+m.Turn, rng) % uint32(len(s.RData)))
	case steer.Draw:
		c.Drawn = true
		s.drawDistinct(c, rng)
		c.Place += m.base + s.place[c.Index[0]]
		return true
	}
	c.Place += m.base + s.place[c.First]
	return true
}

// turn returns a counter and moves it on. Where nothing rotates by policy (a last
// resort) the place is random.
func (n *Name) turn(worker, i int, rng *Rand) uint32 {
	if n.turns == nil {
		return rng.Uint32n(1 << 30)
	}
	t := n.turns[worker][i]
	n.turns[worker][i] = t + 1
	return t
}

// draw returns an index with probability in proportion to its weight.
func draw(cum []uint32, rng *Rand) int {
	x := rng.Uint32n(cum[len(cum)-1])
	if len(cum) <= 16 {
		for i, c := range cum {
			if x < c {
				return i
			}
		}
	}
	lo, hi := 0, len(cum)-1
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if x < cum[mid] {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// drawDistinct fills c.Index with c.N different entries: the first is a plain draw
// and so holds the share, each further one is a draw among those left.
func (s *Set) drawDistinct(c *Choice, rng *Rand) {
	first := draw(s.cum, rng)
	c.Index[0] = uint16(first)
	left := s.cum[len(s.cum)-1] - s.weight[first]
	for k := 1; k < c.N; k++ {
		x := rng.Uint32n(left)
	next:
		for i, w := range s.weight {
			for _, taken := range c.Index[:k] {
				if int(taken) == i {
					continue next
				}
			}
			if x < w {
				c.Index[k] = uint16(i)
				left -= w
				break
			}
			x -= w
		}
	}
}

// RData returns the k-th of the N records chosen.
func (c *Choice) RData(k int) []byte {
	if c.Drawn {
		return c.Set.RData[c.Index[k]]
	}
	i := c.First + k
	if i >= len(c.Set.RData) {
		i -= len(c.Set.RData)
	}
	return c.Set.RData[i]
}

// ResetTurns makes rotation begin again at the first member. Only for callers that
// are sure no worker uses n: tests that compare two states.
func (n *Name) ResetTurns() {
	for _, t := range n.turns {
		clear(t)
	}
}

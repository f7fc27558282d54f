package plan

import (
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Layout says what the places of an access domain's counts stand for: for each line
// class one of NODATA, and one for every configured member of every pool, whichever of
// them health lets be answered now. So it stays while plans are compiled again; what
// changes members or lines makes new Names. Immutable, shared like the slot.
type Layout struct {
	Lines []string // by class: the most specific line that holds its clients
	Pools []PoolLayout
	width uint32 // places of one class
}

// PoolLayout is one pool of the access domain, in its order.
type PoolLayout struct {
	Pool      string
	Addresses []string // members as configured
}

// NewLayout lays out an access domain; lines are those it is compiled for.
func NewLayout(c steer.Config, d *traffic.AccessDomain, lines *line.Partition) *Layout {
	l := &Layout{Lines: []string{"default"}, width: 1}
	if lines != nil {
		l.Lines = make([]string, len(lines.Classes))
		for i := range lines.Classes {
			l.Lines[i] = lines.Classes[i].Lines[0]
		}
	}
	for i := range d.Pools {
		p := PoolLayout{Pool: d.Pools[i].Pool}
		if pool := c.Pool(p.Pool); pool != nil {
			for j := range pool.Members {
				p.Addresses = append(p.Addresses, pool.Members[j].Address)
			}
		}
		l.Pools = append(l.Pools, p)
		l.width += uint32(len(p.Addresses))
	}
	return l
}

// Places is how many places a name needs in a worker's counts.
func (l *Layout) Places() uint32 { return l.width * uint32(len(l.Lines)) }

// At returns what a place stands for; pool and address are empty for NODATA.
func (l *Layout) At(place uint32) (line, pool, address string) {
	line = l.Lines[place/l.width]
	at := place % l.width
	if at == 0 {
		return line, "", ""
	}
	at--
	for i := range l.Pools {
		p := &l.Pools[i]
		if at < uint32(len(p.Addresses)) {
			return line, p.Pool, p.Addresses[at]
		}
		at -= uint32(len(p.Addresses))
	}
	return line, "", ""
}

// NoData is the place of empty answers to the class of another place.
func (l *Layout) NoData(place uint32) uint32 { return place - place%l.width }

// appendBases appends the first place of each pool within a class.
func appendBases(b []uint32, c steer.Config, d *traffic.AccessDomain) []uint32 {
	next := uint32(1)
	for i := range d.Pools {
		b = append(b, next)
		if pool := c.Pool(d.Pools[i].Pool); pool != nil {
			next += uint32(len(pool.Members))
		}
	}
	return b
}

// places finds entries among a pool's members; both are in few orders, so the search
// goes on from the last one found.
func places(p *traffic.Pool, entries []steer.Entry) []uint32 {
	out := make([]uint32, len(entries))
	at := 0
	for i, e := range entries {
		for range p.Members {
			if at == len(p.Members) {
				at = 0
			}
			if p.Members[at].Address == e.Address {
				break
			}
			at++
		}
		out[i] = uint32(at)
		at++
	}
	return out
}

// Mark is where one worker counts a name: at base in the counts of that number. It is
// the worker's own, as its rotation counters are.
type Mark struct{ Counts, Base uint32 }

// Mark returns the mark of a worker.
func (n *Name) Mark(worker int) *Mark { return &n.marks[worker] }

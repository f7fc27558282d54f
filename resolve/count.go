package resolve

import (
	"math/bits"
	"net/netip"
	"sync/atomic"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/plan"
	"github.com/meridian-gtm/meridian/resolve/zone"
)

const (
	fewCounters  = 1 << 9  // of a State that was not told how many
	mostCounters = 1 << 20 // 4 MiB, twice for each worker; what finds no place is told as lost
	// placesPerName: a name has a place of NODATA and one per member, in each class; so
	// the list of names is long enough when the counters are.
	placesPerName = 4
	// zoneSlots bounds the zones that one worker tells apart between two collections.
	zoneSlots = 1024
	zoneProbe = 8
	// sampleKeep is how many clients a worker remembers between two collections: all,
	// while there are so few, then every second, every fourth, …
	sampleKeep = 1024

	types = 16 // rows of counts.codes: those of countedTypes and one for all others
	// BatchSizes is how many sizes of batches are told apart: 0, 1, 2 to 3, 4 to 7, … 64 and
	// more.
	BatchSizes = 8

	rcodes = 32 // a power of two, with room for the extended ones (RFC 6891 §6.1.3)
)

// counts is what one worker counts until it is collected. There are two of them for
// each worker: one in use, one clean. Nothing in them is shared, so counting is a
// plain addition.
type counts struct {
	number uint32 // tells marks of these counts from older ones; never 0
	used   uint32 // of cells
	cells  []uint32
	names  []countedName
	lost   uint32 // answers of access domains that found no place

	codes   [types][rcodes]uint32
	batches [BatchSizes]uint32 // by the number of bits of the batch's size
	batched uint64             // queries in them
	zones   [zoneSlots]countedZone
	others  [zone.Steered + 1]uint32 // of zones that found no slot

	samples []sample
	stride  uint32 // each sample stands for so many queries
	skip    uint32 // queries until the next sample
}

type countedName struct {
	name *plan.Name
	base uint32
}

type countedZone struct {
	zone *zone.Zone // nil: free
	n    [zone.Steered + 1]uint32
}

type sample struct {
	client netip.Addr
	name   *plan.Name // nil when no access domain answered
}

// countedTypes are the query types that are told apart; all others are one.
var countedTypes = [types - 1]uint16{dnswire.TypeA, dnswire.TypeAAAA, dnswire.TypeCNAME, dnswire.TypeNS, dnswire.TypeSOA, dnswire.TypePTR, dnswire.TypeMX,
	dnswire.TypeTXT, dnswire.TypeSRV, dnswire.TypeDS, 48 /* DNSKEY */, 64 /* SVCB */, 65 /* HTTPS */, dnswire.TypeANY, 257 /* CAA */}

// typeIndex finds a query type's row in counts.codes; those behind the table have the
// row of its last entry.
var typeIndex = func() (t [259]uint8) {
	for i := range t {
		t[i] = types - 1
	}
	for i, v := range countedTypes {
		t[v] = uint8(i)
	}
	return t
}()

func newCounts(cells uint32) *counts {
	return &counts{cells: make([]uint32, cells), names: make([]countedName, 0, cells/placesPerName), samples: make([]sample, 0, sampleKeep)}
}

func (c *counts) begin(number uint32) { c.number, c.stride, c.skip = number, 1, 1 }

// wipe makes read counts clean.
func (c *counts) wipe() {
	clear(c.cells[:c.used])
	clear(c.names) // they would keep an old view alive
	clear(c.zones[:])
	clear(c.samples)
	c.names, c.samples, c.used, c.lost = c.names[:0], c.samples[:0], 0, 0
	c.batches, c.batched = [BatchSizes]uint32{}, 0
	c.codes, c.others = [types][rcodes]uint32{}, [zone.Steered + 1]uint32{}
}

// answer counts one answer of an access domain at a place of its layout. It and the
// others that every query takes are short enough for the compiler to inline.
func (c *counts) answer(n *plan.Name, m *plan.Mark, place uint32) {
	if m.Counts == c.number {
		c.cells[m.Base+place]++
	} else {
		c.firstAnswer(n, m, place)
	}
}

func (c *counts) firstAnswer(n *plan.Name, m *plan.Mark, place uint32) {
	if !c.admit(n, m) {
		c.lost++
		return
	}
	c.cells[m.Base+place]++
}

// admit gives a name its places, once between two collections.
func (c *counts) admit(n *plan.Name, m *plan.Mark) bool {
	need := n.Layout.Places()
	if uint32(len(c.cells))-c.used < need || len(c.names) == cap(c.names) {
		return false
	}
	*m = plan.Mark{Counts: c.number, Base: c.used}
	c.names = append(c.names, countedName{n, c.used})
	c.used += need
	return true
}

// inZone counts what the lookup of a query's name found.
func (c *counts) inZone(z *zone.Zone, o zone.Outcome) {
	if s := &c.zones[z.ID()%zoneSlots]; s.zone == z {
		s.n[o]++
	} else {
		c.inOtherZone(z, o)
	}
}

func (c *counts) inOtherZone(z *zone.Zone, o zone.Outcome) {
	for i := range uint32(zoneProbe) {
		s := &c.zones[(z.ID()+i)%zoneSlots]
		if s.zone == nil {
			s.zone = z
		}
		if s.zone == z {
			s.n[o]++
			return
		}
	}
	c.others[o]++
}

// batch counts one batch of n queries.
func (c *counts) batch(n uint64) {
	c.batches[min(bits.Len64(n), BatchSizes-1)]++
	c.batched += n
}

func (c *counts) code(qtype uint16, rcode dnswire.Rcode) {
	c.codes[typeIndex[min(qtype, uint16(len(typeIndex)-1))]][rcode%rcodes]++
}

// sample remembers a client. When there is no room, every second one goes and each of
// those that stay stands for twice as many.
func (c *counts) sample(client netip.Addr, n *plan.Name, rng *plan.Rand) {
	if len(c.samples) == cap(c.samples) {
		half := len(c.samples) / 2
		for i := range half {
			c.samples[i] = c.samples[2*i+1]
		}
		c.samples = c.samples[:half]
		c.stride *= 2
	}
	c.samples = append(c.samples, sample{client, n})
	c.skip = 1
	if c.stride > 1 { // at random distances, so that a rhythm in the queries does not matter
		c.skip += rng.Uint32n(2*c.stride - 1)
	}
}

// counter is a worker's pair of counts. The worker announces which one it uses while
// it handles a batch, as with a hazard pointer, and the collector waits for a batch
// under way; so neither takes a lock and an idle worker holds nothing back.
type counter struct {
	next  atomic.Uint32 // index of the one to use
	using atomic.Uint32 // index + 1 of the one in use, 0 between batches
	pair  [2]*counts    // the one that is not to be used is the collector's
	now   *counts       // the worker's

	waiting bool // the collector's: it has turned next and not read yet
}

func (c *counter) init(cells int) {
	if cells <= 0 {
		cells = fewCounters
	}
	n := uint32(min(cells, mostCounters))
	c.pair = [2]*counts{newCounts(n), newCounts(n)}
	// Odd and even, each going on by two: their marks never look alike.
	c.pair[0].begin(1)
	c.pair[1].begin(2)
	c.now = c.pair[0]
}

func (c *counter) begin() {
	i := c.next.Load()
	for {
		c.using.Store(i + 1)
		// Turned in between: the collector may not have seen the announcement.
		j := c.next.Load()
		if j == i {
			break
		}
		i = j
	}
	c.now = c.pair[i]
}

func (c *counter) end() { c.using.Store(0) }

package resolve

import (
	"net/netip"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/resolve/zone"
)

// Counts is what workers counted since the collection before.
type Counts struct {
	Answers map[AnswerKey]uint64 // exact: by access domain and what it answered
	Zones   map[ZoneKey]uint64   // exact: queries by the zone that holds their name
	Codes   map[CodeKey]uint64   // exact: responses by query type and code
	Clients map[ClientKey]Estimate
	// Batches are how many batches had so many queries, by the number of bits of that
	// number, and Batched how many queries they had together.
	Batches [BatchSizes]uint64
	Batched uint64
	Lost    uint64 // answers of access domains that are in no entry of Answers
}

// AnswerKey is one kind of answer of an access domain. Address is the first one of the
// answer, which holds the share; it and Pool are empty for NODATA.
type AnswerKey struct{ Domain, Line, Pool, Address string }

// ZoneKey tells what a query's name met in a zone: "steered", "answer", "alias",
// "nodata", "nxdomain", "referral" or "renamed". Zone is empty for zones beyond those
// that workers tell apart.
type ZoneKey struct{ Zone, Outcome string }

// CodeKey is a query type (0 for those not told apart) and a response code.
type CodeKey struct{ Type, Rcode uint16 }

// ClientKey is a block of clients that asked for an access domain, "" for other names.
type ClientKey struct {
	Subnet netip.Prefix
	Domain string
}

// Estimate is a number of queries worked out from samples.
type Estimate struct {
	Queries uint64
	Samples uint64 // equal to Queries where every query was taken
}

// NewCounts returns empty counts.
func NewCounts() *Counts {
	return &Counts{Answers: map[AnswerKey]uint64{}, Zones: map[ZoneKey]uint64{}, Codes: map[CodeKey]uint64{}, Clients: map[ClientKey]Estimate{}}
}

// collectWait bounds how long a collection waits for a batch that is under way: such a
// batch takes microseconds, and one that does not is read at the next collection.
const collectWait = 100 * time.Millisecond

// Collect adds what the worker counted since the last call, each query exactly once
// whatever configuration it was answered from. One goroutine at a time may call it; it
// may wait some microseconds for the worker, who never waits for it.
func (w *Worker) Collect(into *Counts) {
	c := &w.counter
	turned := c.next.Load() ^ 1
	if !c.waiting {
		c.next.Store(turned)
		turned ^= 1
		c.waiting = true
	}
	for until := time.Now().Add(collectWait); c.using.Load() == turned+1; time.Sleep(20 * time.Microsecond) {
		if time.Now().After(until) {
			return
		}
	}
	c.waiting = false
	got := c.pair[turned]
	got.addTo(into)
	if need := uint32(len(got.cells)); (got.lost > 0 || got.used > need/2) && need < mostCounters {
		number := got.number
		got = newCounts(min(4*need, mostCounters))
		got.number = number
	} else {
		got.wipe()
	}
	got.begin(got.number + 2) // so all marks of it are void
	c.pair[turned] = got
}

func (c *counts) addTo(out *Counts) {
	for _, n := range c.names {
		for place := range n.name.Layout.Places() {
			if v := c.cells[n.base+place]; v > 0 {
				line, pool, address := n.name.Layout.At(place)
				out.Answers[AnswerKey{n.name.Domain, line, pool, address}] += uint64(v)
			}
		}
	}
	for i := range c.zones {
		if z := &c.zones[i]; z.zone != nil {
			addOutcomes(out, textName(z.zone.Apex), &z.n)
		}
	}
	addOutcomes(out, "", &c.others)
	for i := range c.codes {
		for code, v := range c.codes[i] {
			if v == 0 {
				continue
			}
			k := CodeKey{Rcode: uint16(code)}
			if i < len(countedTypes) {
				k.Type = countedTypes[i]
			}
			out.Codes[k] += uint64(v)
		}
	}
	for _, s := range c.samples {
		k := ClientKey{Subnet: Subnet(s.client)}
		if s.name != nil {
			k.Domain = s.name.Domain
		}
		e := out.Clients[k]
		out.Clients[k] = Estimate{e.Queries + uint64(c.stride), e.Samples + 1}
	}
	for i, v := range c.batches {
		out.Batches[i] += uint64(v)
	}
	out.Batched += c.batched
	out.Lost += uint64(c.lost)
}

func addOutcomes(out *Counts, apex string, n *[zone.Steered + 1]uint32) {
	for o, v := range n {
		if v > 0 {
			out.Zones[ZoneKey{apex, zone.Outcome(o).String()}] += uint64(v)
		}
	}
}

// Subnet is the block by which clients are told apart in statistics: a /24 or a /48,
// about one site, and what recursive resolvers tell of a client (RFC 7871 §11.1).
func Subnet(a netip.Addr) netip.Prefix {
	bits := 48
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits) // of the zero Addr: the zero Prefix
	return p
}

// textName is the text of a lower-cased wire name whose labels hold no dots.
func textName(wire []byte) string {
	var b strings.Builder
	for i := 0; i < len(wire) && wire[i] != 0; {
		if i > 0 {
			b.WriteByte('.')
		}
		b.Write(wire[i+1 : i+1+int(wire[i])])
		i += 1 + int(wire[i])
	}
	if b.Len() == 0 {
		return "."
	}
	return b.String()
}

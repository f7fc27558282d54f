package zone

import (
	"math/bits"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
)

// View is a whole set of zones at one moment. It never changes; any number of
// goroutines may read it.
type View[S any] struct {
	// shards holds all nodes under (zone, name), and under (0, apex) the entries
	// that lead from an apex to its zone. So a change of SOA serial touches one
	// entry and not all names of the zone, and a hosted child zone hides its
	// parent's names below it without marking them.
	shards [shardCount]*shard[S]
	// depths has bit k set when an apex of k labels exists: only such suffixes of
	// a query name are worth a probe.
	depths [2]uint64
	counts [dnswire.MaxLabels + 1]int32 // zones by labels of the apex
	nextID uint32
	zones  int
	nodes  int
}

// NewView returns a view without zones: every lookup is Refused.
func NewView[S any]() *View[S] { return &View[S]{nextID: 1} }

// Zones returns the number of zones, Names the number of owner names, empty
// non-terminals included.
func (v *View[S]) Zones() int { return v.zones }

// Names returns the number of owner names, empty non-terminals included.
func (v *View[S]) Names() int { return v.nodes }

// Outcome is a kind of answer.
type Outcome uint8

// The outcomes of a lookup, and which fields of Result they fill.
const (
	Refused  Outcome = iota // no apex of ours covers the name
	Answer                  // Set is the RRset asked for (any one for ANY)
	Alias                   // Set is a CNAME, and it was not asked for
	NoData                  // the name exists, the type does not
	NXDomain                // neither name nor wildcard exists; Node is the closest encloser
	Referral                // Node is a zone cut at or above the name; Set its NS
	Renamed                 // Node above the name owns a DNAME; Set is it
	Steered                 // Slot is the access domain's attachment
)

// String returns the outcome's name.
func (o Outcome) String() string {
	return [...]string{"refused", "answer", "alias", "nodata", "nxdomain", "referral", "renamed", "steered"}[o]
}

// Result is what a lookup found. It points into the view.
type Result[S any] struct {
	Outcome  Outcome
	Wildcard bool // Node is the source of synthesis (RFC 4592 §3.3.1)
	Zone     *Zone
	Node     *Node[S]
	Set      *RRset
	Slot     *S
}

// Lookup finds what the view has for a wire name and a type by RFC 1034 §4.3.2,
// in any letter case. It allocates nothing; w is scratch.
func (v *View[S]) Lookup(w *Walk, name []byte, qtype uint16) (res Result[S]) {
	w.set(name)
	z := v.zoneAbove(w, w.labels)
	if z == nil {
		return res
	}
	// RFC 4035 §3.1.4.1: DS lives at the parent's side of a cut. Where the parent
	// has no such name (a child hosted here that was never delegated), its
	// NXDOMAIN would deny the child (RFC 8020), so the child says NODATA.
	if qtype == dnswire.TypeDS && z.labels == w.labels && w.labels > 0 {
		if p := v.zoneAbove(w, w.labels-1); p != nil {
			if res = v.lookupIn(w, p, qtype); res.Outcome != NXDomain && !res.Wildcard {
				return res
			}
		}
	}
	return v.lookupIn(w, z, qtype)
}

// Zone returns the zone with the longest apex at or above a wire name, or nil.
func (v *View[S]) Zone(w *Walk, name []byte) *Zone {
	w.set(name)
	return v.zoneAbove(w, w.labels)
}

// Node returns the node of a name in the zone with that apex, or nil; it looks at
// the data alone, without cuts and wildcards.
func (v *View[S]) Node(w *Walk, apex, name []byte) *Node[S] {
	w.set(apex)
	z := v.zoneAt(w, w.labels)
	if z == nil {
		return nil
	}
	w.set(name)
	return v.find(w, w.labels, z.id)
}

// find probes for the name's suffix of k labels in a zone.
func (v *View[S]) find(w *Walk, k int, zone uint32) *Node[S] {
	h := inZone(w.hash[k], zone)
	return v.shards[shardOf(h)].find(h, zone, nil, w.suffix(k))
}

// findWild probes for the wildcard right below the suffix of k labels.
func (v *View[S]) findWild(w *Walk, k int, zone uint32) *Node[S] {
	h := inZone(hashLabel(w.hash[k], wildLabel), zone)
	return v.shards[shardOf(h)].find(h, zone, wildLabel, w.suffix(k))
}

// zoneAt returns the zone whose apex is the suffix of k labels, or nil.
func (v *View[S]) zoneAt(w *Walk, k int) *Zone {
	if n := v.find(w, k, 0); n != nil {
		return n.zone
	}
	return nil
}

// zoneAbove returns the zone with the longest apex of at most k labels, or nil.
func (v *View[S]) zoneAbove(w *Walk, k int) *Zone {
	for word := k / 64; word >= 0; word-- {
		set := v.depths[word]
		if word == k/64 {
			set &= ^uint64(0) >> (63 - k%64)
		}
		for set != 0 {
			bit := 63 - bits.LeadingZeros64(set)
			if z := v.zoneAt(w, word*64+bit); z != nil {
				return z
			}
			set &^= 1 << bit
		}
	}
	return nil
}

// lookupIn looks the name up in one zone that encloses it.
func (v *View[S]) lookupIn(w *Walk, z *Zone, qtype uint16) (res Result[S]) {
	res.Zone = z
	if z.cuts == 0 {
		// Nothing above the name can take it away, so the name itself is tried
		// first: the common query costs one probe here.
		if n := v.find(w, w.labels, z.id); n != nil {
			n.classify(qtype, &res)
			return res
		}
	}
	k, encloser := z.labels, (*Node[S])(nil)
	for ; k <= w.labels; k++ {
		n := v.find(w, k, z.id)
		if n == nil {
			break
		}
		if n.cut && (k < w.labels || qtype != dnswire.TypeDS) {
			res.Outcome, res.Node, res.Set = Referral, n, n.Set(dnswire.TypeNS)
			return res
		}
		if n.dname && k < w.labels {
			res.Outcome, res.Node, res.Set = Renamed, n, n.Set(dnswire.TypeDNAME)
			return res
		}
		encloser = n
	}
	if k > w.labels {
		encloser.classify(qtype, &res)
		return res
	}
	// RFC 4592 §3.3.1: only the wildcard right below the closest encloser counts.
	if n := v.findWild(w, k-1, z.id); n != nil {
		res.Wildcard = true
		n.classify(qtype, &res)
		return res
	}
	res.Outcome, res.Node = NXDomain, encloser
	return res
}

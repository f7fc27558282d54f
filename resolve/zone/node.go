package zone

import "github.com/meridian-gtm/meridian/resolve/dnswire"

// RRset is the records of one type at one name. It is immutable once in a view.
type RRset struct {
	Type  uint16
	TTL   uint32   // seconds
	RData [][]byte // uncompressed wire form, one element per record
}

// Kinds of attachment: the record type that an access domain answers.
const (
	SteerA = iota
	SteerAAAA
	SteerCNAME
)

// Node is one owner name of one zone; names that exist only because names below
// them do (empty non-terminals, RFC 4592 §2.2.2) have a node too. It is
// immutable once in a view.
type Node[S any] struct {
	Name  []byte  // lower-cased wire form
	Sets  []RRset // ordered by type
	Steer [3]*S   // by kind; nil where no access domain is

	zone     *Zone  // only in the entries that find a zone by its apex
	gen      uint64 // the edit that may still change it
	zoneID   uint32
	children int32 // nodes directly below
	cut      bool  // NS below the apex: a zone cut
	dname    bool
}

// Empty reports whether the name owns nothing: an empty non-terminal.
func (n *Node[S]) Empty() bool {
	return len(n.Sets) == 0 && n.Steer == [3]*S{}
}

// SteerFor returns the attachment that answers qtype at this name, or nil. One of
// kind CNAME has the name to itself and answers every type (RFC 1034 §3.6.2).
func (n *Node[S]) SteerFor(qtype uint16) *S {
	switch qtype {
	case dnswire.TypeA:
		if s := n.Steer[SteerA]; s != nil {
			return s
		}
	case dnswire.TypeAAAA:
		if s := n.Steer[SteerAAAA]; s != nil {
			return s
		}
	case dnswire.TypeANY: // RFC 8482 §4.1: one RRset will do
		for _, s := range n.Steer {
			if s != nil {
				return s
			}
		}
	}
	return n.Steer[SteerCNAME]
}

// hidden reports whether an access domain hides the records of type t here: those
// of its own type and CNAME, nothing else.
func (n *Node[S]) hidden(t uint16) bool {
	switch t {
	case dnswire.TypeA:
		return n.Steer[SteerA] != nil
	case dnswire.TypeAAAA:
		return n.Steer[SteerAAAA] != nil
	case dnswire.TypeCNAME:
		return n.Steer != [3]*S{}
	}
	return false
}

// Set returns the RRset of type t that is visible at this name, or nil.
func (n *Node[S]) Set(t uint16) *RRset {
	for i := range n.Sets {
		if n.Sets[i].Type == t && !n.hidden(t) {
			return &n.Sets[i]
		}
	}
	return nil
}

// classify says what the existing name answers to qtype.
func (n *Node[S]) classify(qtype uint16, res *Result[S]) {
	res.Node = n
	if res.Slot = n.SteerFor(qtype); res.Slot != nil {
		res.Outcome = Steered
		return
	}
	if qtype == dnswire.TypeANY {
		// RFC 8482 §4.1: one RRset; whichever comes first by type.
		for i := range n.Sets {
			if !n.hidden(n.Sets[i].Type) {
				res.Set, res.Outcome = &n.Sets[i], Answer
				return
			}
		}
	}
	if res.Set = n.Set(qtype); res.Set != nil {
		res.Outcome = Answer
		return
	}
	if res.Set = n.Set(dnswire.TypeCNAME); res.Set != nil {
		res.Outcome = Alias
		return
	}
	res.Outcome = NoData
}

// Zone is what the answers of one zone have in common. It is immutable once in a
// view.
type Zone struct {
	Apex    []byte // lower-cased wire form
	SOA     []byte // rdata
	SOATTL  uint32 // seconds
	Minimum uint32 // seconds; the SOA's last field
	Serial  uint32

	id     uint32 // never used again in later views
	labels int
	cuts   int // nodes that are a cut or own a DNAME
	gen    uint64
}

// ID is a number that few other zones of the node have, for tables of zones.
func (z *Zone) ID() uint32 { return z.id }

// NegativeTTL returns the seconds that a negative answer of this zone may live
// (RFC 2308 §3, §5), and no more than limit.
func (z *Zone) NegativeTTL(limit uint32) uint32 {
	return min(z.SOATTL, z.Minimum, limit)
}

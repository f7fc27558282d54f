package stat

import (
	"fmt"
	"net/netip"
	"slices"
)

// Limits of one message of a resolver.
const (
	PageAnswers = 3000
	MaxZones    = 2000
	MaxSubnets  = 500
	MaxCountry  = 1000
)

// Other stands in place of a name, zone or subnet for all that found no room of their own.
const Other = "(other)"

// Queries is what a resolver counted in one interval, or a page of it. All but Subnets
// and Countries is exact.
type Queries struct {
	Head
	Page      int       `json:"page,omitempty"` // of the interval; 0 is the first
	Answers   []Answer  `json:"answers,omitempty"`
	Zones     []Zone    `json:"zones,omitempty"`
	Codes     []Code    `json:"codes,omitempty"`
	Subnets   []Subnet  `json:"subnets,omitempty"`
	Countries []Country `json:"countries,omitempty"`
}

// Answer is how often an access domain gave one kind of answer. Address is the first of
// the answer, which holds the share; it and Pool are empty for NODATA. Domain is Other,
// and all else empty, for those that found no room.
type Answer struct {
	Domain  string `json:"d"` // NAME/TYPE
	Line    string `json:"l,omitempty"`
	Pool    string `json:"p,omitempty"`
	Address string `json:"a,omitempty"`
	Count   uint64 `json:"n"`
}

// Zone is how often names of a zone met an outcome.
type Zone struct {
	Zone    string `json:"z"`
	Outcome string `json:"o"`
	Count   uint64 `json:"n"`
}

// Code is how often a query type was answered with a response code; Type 0 is all
// types that are not told apart.
type Code struct {
	Type  uint16 `json:"t"`
	Rcode uint16 `json:"r"`
	Count uint64 `json:"n"`
}

// Subnet is a block of clients. Queries is estimated unless it equals Samples.
type Subnet struct {
	Subnet  string `json:"s"` // a /24 or /48, or Other
	Country string `json:"c,omitempty"`
	Queries uint64 `json:"n"`
	Samples uint64 `json:"m"`
}

// Country is the clients of one country that asked for an access domain, "" for other
// names; Country is "" for those whose place is not known.
type Country struct {
	Country string `json:"c"`
	Domain  string `json:"d,omitempty"`
	Queries uint64 `json:"n"`
	Samples uint64 `json:"m"`
}

// maxCount bounds one entry and what a report's entries of one kind add up to: 10^12
// queries in an interval are more than any node answers, and so many reports a second
// for a month are far from overflow.
const maxCount = 1 << 40

// DecodeQueries reads a message that came on the node's own subject.
func DecodeQueries(node string, data []byte) (*Queries, error) {
	q := &Queries{}
	if err := decode("query counts", node, data, q, &q.Head); err != nil {
		return nil, err
	}
	bad := func(what, name string) error {
		return fmt.Errorf("decode query counts of %q: bad %s %.80q", node, what, name)
	}
	if len(q.Answers) > PageAnswers || len(q.Zones) > MaxZones || len(q.Codes) > 4096 || len(q.Subnets) > MaxSubnets+1 || len(q.Countries) > MaxCountry+1 {
		return nil, fmt.Errorf("decode query counts of %q: more entries than a page holds", node)
	}
	long := func(list ...string) bool {
		for _, s := range list {
			if len(s) > 300 || !storable(s) { // NAME/TYPE; names have at most 253 octets
				return true
			}
		}
		return false
	}
	var total [5]uint64
	for _, a := range q.Answers {
		total[0] += min(a.Count, maxCount)
		if a.Domain == "" || a.Count > maxCount || long(a.Domain, a.Line, a.Pool, a.Address) {
			return nil, bad("answer", a.Domain)
		}
	}
	for _, z := range q.Zones {
		total[1] += min(z.Count, maxCount)
		if z.Zone == "" || z.Outcome == "" || z.Count > maxCount || long(z.Zone, z.Outcome) {
			return nil, bad("zone", z.Zone)
		}
	}
	for _, c := range q.Codes {
		total[2] += min(c.Count, maxCount)
		if c.Count > maxCount {
			return nil, bad("code", fmt.Sprint(c.Rcode))
		}
	}
	for _, s := range q.Subnets {
		total[3] += min(s.Queries, maxCount)
		if p, err := netip.ParsePrefix(s.Subnet); s.Subnet != Other && (err != nil || p != p.Masked()) || s.Queries > maxCount || s.Samples > s.Queries || len(s.Country) > 8 || !storable(s.Country) {
			return nil, bad("subnet", s.Subnet)
		}
	}
	for _, c := range q.Countries {
		total[4] += min(c.Queries, maxCount)
		if c.Queries > maxCount || c.Samples > c.Queries || len(c.Country) > 8 || long(c.Country, c.Domain) {
			return nil, bad("country", c.Country)
		}
	}
	if slices.Max(total[:]) > maxCount {
		return nil, fmt.Errorf("decode query counts of %q: more queries than a node can answer", node)
	}
	return q, nil
}

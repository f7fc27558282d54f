package zone

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
)

// Record is one ordinary record: an owner as text, the rest as on the wire.
type Record struct {
	Name  string // fully qualified, trailing dot, any case
	Type  uint16
	TTL   uint32   // seconds
	RData [][]byte // one or more values, uncompressed
}

// Params are the parts of a zone that are not listed as records. Records of type
// SOA, or NS at the apex, in the list take their place.
type Params struct {
	MName   string // primary server, fully qualified
	RName   string // mailbox as a domain name, fully qualified
	Serial  uint32
	Refresh uint32 // seconds, as are those below
	Retry   uint32
	Expire  uint32
	Minimum uint32 // life of negative answers
	SOATTL  uint32

	Nameservers []string // fully qualified
	NSTTL       uint32
}

// Data is the content of a zone, checked, in the form that Edit.PutZone takes.
type Data struct {
	Apex  []byte
	Names []NameSets // each name once
}

// NameSets is the records of one name.
type NameSets struct {
	Name []byte // lower-cased wire form
	Sets []RRset
}

// BuildZone checks records and groups them to RRsets: all names lie in the zone,
// there is one SOA, a CNAME stands alone (RFC 1034 §3.6.2, RFC 2181 §10.1) and so
// does a DNAME among DNAMEs (RFC 6672 §2.4). Equal records count once (RFC 2181
// §5), records of one set take the smallest TTL among them (§5.2).
func BuildZone(apex string, p Params, records []Record) (*Data, error) {
	wire, err := rr.PackName(apex)
	if err != nil {
		return nil, fmt.Errorf("build zone %q: %w", apex, err)
	}
	b := builder{apex: wire, at: map[string]int{}}
	if err := b.addParams(apex, p, records); err != nil {
		return nil, fmt.Errorf("build zone %q: %w", apex, err)
	}
	for _, r := range records {
		if err := b.add(r); err != nil {
			return nil, fmt.Errorf("build zone %q: %w", apex, err)
		}
	}
	for _, n := range b.names {
		if err := checkName(n); err != nil {
			return nil, fmt.Errorf("build zone %q: %s: %w", apex, rr.NameText(n.Name), err)
		}
	}
	return &Data{Apex: wire, Names: b.names}, nil
}

type builder struct {
	apex  []byte
	names []NameSets
	at    map[string]int // index in names
}

// addParams adds SOA and NS unless the records bring their own.
func (b *builder) addParams(apex string, p Params, records []Record) error {
	var hasSOA, hasNS bool
	for _, r := range records {
		if r.Type != dnswire.TypeSOA && r.Type != dnswire.TypeNS {
			continue
		}
		name, err := rr.PackName(r.Name)
		if err != nil || !bytes.Equal(name, b.apex) {
			continue // add will say what is wrong with it
		}
		hasSOA = hasSOA || r.Type == dnswire.TypeSOA
		hasNS = hasNS || r.Type == dnswire.TypeNS
	}
	if !hasSOA {
		soa, err := packSOA(p)
		if err != nil {
			return err
		}
		if err := b.add(Record{apex, dnswire.TypeSOA, p.SOATTL, [][]byte{soa}}); err != nil {
			return err
		}
	}
	if hasNS || len(p.Nameservers) == 0 {
		return nil
	}
	ns := Record{Name: apex, Type: dnswire.TypeNS, TTL: p.NSTTL}
	for _, host := range p.Nameservers {
		name, err := rr.PackName(host)
		if err != nil {
			return fmt.Errorf("nameserver %q: %w", host, err)
		}
		ns.RData = append(ns.RData, name)
	}
	return b.add(ns)
}

func packSOA(p Params) ([]byte, error) {
	mname, err := rr.PackName(p.MName)
	if err != nil {
		return nil, fmt.Errorf("primary server %q: %w", p.MName, err)
	}
	rname, err := rr.PackName(p.RName)
	if err != nil {
		return nil, fmt.Errorf("contact %q: %w", p.RName, err)
	}
	b := append(mname, rname...)
	for _, n := range [...]uint32{p.Serial, p.Refresh, p.Retry, p.Expire, p.Minimum} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b, nil
}

func (b *builder) add(r Record) error {
	name, err := rr.PackName(r.Name)
	if err != nil {
		return fmt.Errorf("name %q: %w", r.Name, err)
	}
	if !within(name, b.apex) {
		return fmt.Errorf("name %q is outside the zone", r.Name)
	}
	i, ok := b.at[string(name)]
	if !ok {
		i = len(b.names)
		b.at[string(name)] = i
		b.names = append(b.names, NameSets{Name: name})
	}
	n := &b.names[i]
	j := slices.IndexFunc(n.Sets, func(s RRset) bool { return s.Type == r.Type })
	if j < 0 {
		j = len(n.Sets)
		n.Sets = append(n.Sets, RRset{Type: r.Type, TTL: r.TTL})
	}
	set := &n.Sets[j]
	set.TTL = min(set.TTL, r.TTL)
	for _, rdata := range r.RData {
		if !slices.ContainsFunc(set.RData, func(have []byte) bool { return bytes.Equal(have, rdata) }) {
			set.RData = append(set.RData, rdata)
		}
	}
	if r.Type == dnswire.TypeSOA && !bytes.Equal(name, b.apex) {
		return fmt.Errorf("a SOA record at %q: only the apex has one", r.Name)
	}
	return nil
}

func checkName(n NameSets) error {
	for _, s := range n.Sets {
		switch s.Type {
		case dnswire.TypeSOA:
			if !validSOA(s) {
				return fmt.Errorf("want one SOA record, have %d", len(s.RData))
			}
		case dnswire.TypeCNAME:
			if len(s.RData) > 1 {
				return fmt.Errorf("%d CNAME records: keep one", len(s.RData))
			}
			for _, o := range n.Sets {
				// RFC 4034 §2.3, §4: only the records of DNSSEC stand beside a CNAME.
				if o.Type != s.Type && o.Type != dnswire.TypeRRSIG && o.Type != dnswire.TypeNSEC {
					return fmt.Errorf("a CNAME beside %s: remove one of them", rr.TypeText(o.Type))
				}
			}
		case dnswire.TypeDNAME:
			if len(s.RData) > 1 {
				return fmt.Errorf("%d DNAME records: keep one", len(s.RData))
			}
		}
	}
	return nil
}

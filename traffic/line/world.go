package line

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/meridian-gtm/meridian/traffic/said"
)

// Custom is an operator's own line.
type Custom struct {
	Name     string
	Prefixes []netip.Prefix
}

// Why a line holds a client.
var (
	saidNetwork   = said.New("line.network", "{network} is in {line}")
	saidDefault   = said.New("line.default", "default holds every client")
	saidAnnounced = said.New("line.announced", "AS{asn} announces it, which belongs to {operator}")
	saidListed    = said.New("line.listed", "a list of {operator} networks holds it")
	saidCrawler   = said.New("line.crawler", "a list of {engine} crawler networks holds it")
	saidAlsoAt    = said.New("line.operator_placed", "{why:s}; it is placed in {place}")
	saidDataPlace = said.New("line.placed_by_data", "the location data place it in {place}")
	saidPlaced    = said.New("line.placed", "{source} places it in {place}")
	saidUnsure    = said.New("line.low_confidence", "{why:s} (low confidence)")
	saidTypical   = said.New("line.typical", "a typical client of {line} is in it")
	saidEveryone  = said.New("line.everyone", "every client is in default")
)

func match(code string, why said.Said) Match { return Match{code, why.String(), why} }

// Typical is what to say of a line of a typical client of another, and Everyone of
// default where nothing is known of a client.
func Typical(code, of string) Match { return match(code, saidTypical.With(of)) }

// Everyone is default, where nothing is known of a client.
func Everyone() Match { return match(Default, saidEveryone.With()) }

// Match is one line that holds a client, with the reason as a sentence.
type Match struct {
	Code string `json:"code"`
	Why  string `json:"why" doc:"Why it holds the client, in a sentence."`
	// WhySaid is absent from what nodes of earlier releases tell.
	WhySaid said.Said `json:"why_said,omitzero" doc:"Why with its code."`
}

// Client is all that is known of one client address.
type Client struct {
	Lines       []Match // most specific first; the last is default
	Point       Point   // of the client's place; meaningful when PointOK
	PointOK     bool    // false too where the point is known but not worth a distance
	Country     string  // "cn"; "" when unknown
	Subdivision string  // "cn-gd"; "" when unknown
	ISP         string  // "telecom"; "" when unknown
	Confidence  string  // none, low, medium, high
	Prefix      netip.Prefix
}

// World is a map with the custom lines over it. It is immutable and safe for
// concurrent use.
type World struct {
	m      *Map
	custom map[string][]netip.Prefix

	mu         sync.Mutex // guards partitions; never taken by Partition.Locate
	partitions map[string]func() *Partition
}

// NewWorld lays custom lines over a map (nil: the empty map). It refuses names
// that are empty, doubled or built in, and invalid networks; host bits are cut.
func NewWorld(m *Map, custom []Custom) (*World, error) {
	if m == nil {
		m = EmptyMap()
	}
	w := &World{m: m, custom: map[string][]netip.Prefix{}, partitions: map[string]func() *Partition{}}
	for _, c := range custom {
		if c.Name == "" {
			return nil, errors.New("custom line without a name")
		}
		if _, taken := Lookup(c.Name); taken {
			return nil, fmt.Errorf("custom line %q has the name of a built-in line", c.Name)
		}
		if _, dup := w.custom[c.Name]; dup {
			return nil, fmt.Errorf("custom line %q stands twice", c.Name)
		}
		list := make([]netip.Prefix, 0, len(c.Prefixes))
		for _, p := range c.Prefixes {
			if !p.IsValid() {
				return nil, fmt.Errorf("custom line %q has an invalid network", c.Name)
			}
			if p.Addr().Is4In6() {
				if p.Bits() < 96 {
					return nil, fmt.Errorf("custom line %q: network %s mixes IPv4 and IPv6", c.Name, p)
				}
				p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
			}
			list = append(list, p.Masked())
		}
		w.custom[c.Name] = list
	}
	return w, nil
}

// Map returns the location map under this world.
func (w *World) Map() *Map { return w.m }

// ChainOf returns the lines that a typical client of the given line holds, most
// specific first, ending with default: a client of unicom:cn-bj is also in
// cn-bj, cn-huabei, unicom, cn and asia. code may be an alias. ok is false for
// an unknown line.
func (w *World) ChainOf(code string) (chain []string, ok bool) {
	if _, mine := w.custom[code]; mine {
		return []string{code, Default}, true
	}
	in, ok := Lookup(code)
	if !ok {
		return nil, false
	}
	return built().typical(in), true
}

// Locate tells all about one client. It allocates and scans the custom lines;
// the hot path uses a Partition. An invalid address gets the default line only.
func (w *World) Locate(a netip.Addr) Client {
	a = unmapped(a)
	if !a.IsValid() {
		return Client{Lines: []Match{whyDefault}, Confidence: None.String()}
	}
	k, first, last := w.m.find(a)
	width, x := a.BitLen(), fromAddr(a)
	scope := scopeOf(x, first, last, width)
	narrow := func(p netip.Prefix) {
		switch {
		case p.Addr().BitLen() != width:
		case p.Contains(a):
			scope = max(scope, p.Bits())
		default:
			scope = max(scope, common(x, fromAddr(p.Addr()), width)+1)
		}
	}
	for _, p := range special {
		narrow(p)
	}
	if _, ok := Special(a); ok {
		k = 0
	}
	type hit struct {
		name string
		p    netip.Prefix
	}
	var hits []hit
	for name, list := range w.custom {
		best := netip.Prefix{}
		for _, p := range list {
			narrow(p)
			if p.Contains(a) && (!best.IsValid() || p.Bits() > best.Bits()) {
				best = p
			}
		}
		if best.IsValid() {
			hits = append(hits, hit{name, best})
		}
	}
	slices.SortFunc(hits, func(x, y hit) int {
		return cmp.Or(cmp.Compare(y.p.Bits(), x.p.Bits()), cmp.Compare(x.name, y.name))
	})

	kind := w.m.kinds[k]
	place := w.m.places[kind.Place]
	c := Client{
		Country: place.Country, Subdivision: place.Subdivision, ISP: kind.ISP, Confidence: kind.Confidence.String(),
		Prefix: netip.PrefixFrom(a, scope).Masked(),
	}
	c.Point, c.PointOK = w.m.point(k)
	for _, h := range hits {
		c.Lines = append(c.Lines, match(h.name, saidNetwork.With(h.p, h.name)))
	}
	for _, code := range w.m.chains[k] {
		c.Lines = append(c.Lines, match(code, w.m.why(code, k)))
	}
	return c
}

var whyDefault = match(Default, saidDefault.With())

// point returns where a client of a kind is, for distances.
func (m *Map) point(kind int) (Point, bool) {
	k := m.kinds[kind]
	p := m.places[k.Place]
	if !p.PointOK || k.Confidence < Medium {
		return Point{}, false
	}
	return p.Point, true
}

// why says in a sentence why a client of the kind is in the line.
func (m *Map) why(code string, kind int) said.Said {
	k := m.kinds[kind]
	place := m.places[k.Place]
	in, _ := Lookup(code)
	operator := func(name string) said.Said {
		if k.ASN != 0 {
			return saidAnnounced.With(k.ASN, name)
		}
		return saidListed.With(name)
	}
	switch in.Category {
	case CategoryDefault:
		return whyDefault.WhySaid
	case CategorySearch:
		return saidCrawler.With(nameOf("search:" + k.Search))
	case CategoryCloud:
		return operator(nameOf("cloud:" + k.Cloud))
	case CategoryISP:
		s := operator(nameOf(k.ISP))
		if strings.Contains(code, ":") {
			s = saidAlsoAt.With(s, nameOf(place.Subdivision))
		}
		return s
	}
	where := nameOf(place.Country)
	if place.Name != "" && place.Name != where {
		where = place.Name + ", " + where
	}
	s := saidDataPlace.With(where)
	if len(m.about.Sources) > 0 && !(k.ISP != "" && place.Subdivision == "" && k.Confidence == Low) {
		s = saidPlaced.With(m.about.Sources[0].Name, where)
	}
	if k.Confidence == Low {
		s = saidUnsure.With(s)
	}
	return s
}

// Partition returns the world as the given lines divide it; distance adds the
// clients' points, for names that order members by distance. used holds
// canonical codes and names of custom lines; unknown ones match nobody, default
// is implied. Partitions are built once per set of lines and shared.
func (w *World) Partition(used []string, distance bool) *Partition {
	set := map[string]bool{}
	for _, u := range used {
		if _, mine := w.custom[u]; mine {
			set[u] = true
		} else if code, ok := Canonical(u); ok && code != Default {
			set[code] = true
		}
	}
	codes := slices.Sorted(maps.Keys(set))
	key := strings.Join(codes, "\x00")
	if distance {
		key += "\x01distance"
	}
	w.mu.Lock()
	build, ok := w.partitions[key]
	if !ok {
		// Built outside the lock, once, so that two sets can be built in parallel.
		build = sync.OnceValue(func() *Partition { return w.compile(set, distance) })
		w.partitions[key] = build
	}
	w.mu.Unlock()
	return build()
}

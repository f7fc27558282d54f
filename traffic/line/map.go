package line

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Confidence says how much a location is worth.
type Confidence uint8

// Confidence levels, rising. A client's point is used for distances from
// Medium upward only.
const (
	None   Confidence = iota // no location
	Low                      // the source is known to guess here: a default point, an operator without usable provinces
	Medium                   // province or country level
	High                     // city level
)

var confidenceNames = [...]string{"none", "low", "medium", "high"}

// String returns the level's word.
func (c Confidence) String() string {
	if int(c) < len(confidenceNames) {
		return confidenceNames[c]
	}
	return "unknown"
}

// Place is a location that the map tells apart: a state of a country, or a
// country.
type Place struct {
	Country     string // ISO 3166 in lower case, a line of the catalog; "" for the unknown place
	Subdivision string // a line of the catalog, like cn-gd; "" where the state has none
	Name        string // for people: "Guangdong", "Lazio"
	Point       Point  // representative point; meaningful when PointOK
	PointOK     bool
}

// Kind is all that the map knows of a range of addresses.
type Kind struct {
	Place      int    // index into Data.Places
	ISP        string // code of an operator line, without place
	Cloud      string // code behind "cloud:"
	Search     string // code behind "search:"
	ASN        uint32 // the AS that decided ISP or Cloud; 0: a prefix list did
	Confidence Confidence
}

// Source names a file that a map was made from.
type Source struct {
	Name     string `json:"name"`              // "DB-IP City Lite"
	Version  string `json:"version,omitempty"` // of the package or file
	Date     string `json:"date,omitempty"`    // 2006-01-02; when the data were made
	Licence  string `json:"licence,omitempty"` // SPDX identifier or words
	Networks int    `json:"networks"`          // read from it
}

// About describes a map to people: console footer, explain page, API.
type About struct {
	Sources     []Source `json:"sources"`
	Attribution []string `json:"attribution"` // sentences that the licences ask for; links in Markdown
	Ranges4     int      `json:"ranges_ipv4"`
	Ranges6     int      `json:"ranges_ipv6"`
	Places      int      `json:"places"`
}

// Data is the content of a map before it is checked. Ranges start at the given
// addresses and last until the next start; the first starts at zero. Kind 0 and
// place 0 are the unknown ones.
type Data struct {
	About  About
	Places []Place
	Kinds  []Kind

	V4     []uint32
	V4Kind []uint32

	V6Hi, V6Lo []uint64
	V6Kind     []uint32
}

// Map places every address. It is immutable and safe for concurrent use.
type Map struct {
	places []Place
	kinds  []Kind
	chains [][]string // per kind, shared between equal ones

	v4     []uint32
	v4Kind []uint32
	v6Hi   []uint64
	v6Lo   []uint64
	v6Kind []uint32

	weights  weights // worked out when they are asked for
	about    About
	aboutRaw []byte // JSON as encoded, so that AppendTo gives back what ReadMap read
	hash     string
}

// EmptyMap returns the map that knows no address.
func EmptyMap() *Map {
	m, err := newMap(Data{
		Places: make([]Place, 1), Kinds: make([]Kind, 1),
		V4: []uint32{0}, V4Kind: []uint32{0},
		V6Hi: []uint64{0}, V6Lo: []uint64{0}, V6Kind: []uint32{0},
	}, nil)
	if err != nil {
		panic("line: the empty map is refused: " + err.Error())
	}
	return m
}

// NewMap checks d and makes a map of it. Neighbouring ranges of one kind are
// merged. The map owns d's slices from now on.
func NewMap(d Data) (*Map, error) {
	for i := range d.Places {
		lat, lon := packPoint(d.Places[i].Point)
		d.Places[i].Point = unpackPoint(lat, lon)
	}
	if len(d.V4) != len(d.V4Kind) || len(d.V6Hi) != len(d.V6Lo) || len(d.V6Hi) != len(d.V6Kind) {
		return nil, errors.New("range columns differ in length")
	}
	d.mergeNeighbours()
	d.About.Ranges4, d.About.Ranges6, d.About.Places = len(d.V4), len(d.V6Hi), len(d.Places)-1
	raw, err := json.Marshal(d.About)
	if err != nil {
		return nil, fmt.Errorf("describe the map: %w", err)
	}
	m, err := newMap(d, raw)
	if err != nil {
		return nil, err
	}
	m.hash = hashOf(m.AppendTo(nil))
	return m, nil
}

func (d *Data) mergeNeighbours() {
	n := 0
	for i := range d.V4 {
		if n > 0 && d.V4Kind[n-1] == d.V4Kind[i] {
			continue
		}
		d.V4[n], d.V4Kind[n] = d.V4[i], d.V4Kind[i]
		n++
	}
	d.V4, d.V4Kind = d.V4[:n], d.V4Kind[:n]
	n = 0
	for i := range d.V6Hi {
		if n > 0 && d.V6Kind[n-1] == d.V6Kind[i] {
			continue
		}
		d.V6Hi[n], d.V6Lo[n], d.V6Kind[n] = d.V6Hi[i], d.V6Lo[i], d.V6Kind[i]
		n++
	}
	d.V6Hi, d.V6Lo, d.V6Kind = d.V6Hi[:n], d.V6Lo[:n], d.V6Kind[:n]
}

// newMap checks every property that the readers rely on. It sets no hash.
func newMap(d Data, aboutRaw []byte) (*Map, error) {
	c := built()
	if len(d.Places) == 0 || d.Places[0] != (Place{}) || len(d.Kinds) == 0 || d.Kinds[0] != (Kind{}) {
		return nil, errors.New("the first place and kind are not the unknown ones")
	}
	for i, p := range d.Places {
		if p.Point.Lat < -90 || p.Point.Lat > 90 || p.Point.Lon < -180 || p.Point.Lon > 180 {
			return nil, fmt.Errorf("place %d lies off the globe", i)
		}
	}
	m := &Map{places: d.Places, kinds: d.Kinds, v4: d.V4, v4Kind: d.V4Kind, v6Hi: d.V6Hi, v6Lo: d.V6Lo, v6Kind: d.V6Kind,
		about: d.About, aboutRaw: aboutRaw, chains: make([][]string, len(d.Kinds))}
	type key struct{ search, cloud, isp, sub, country string }
	shared := map[key][]string{}
	for i, k := range d.Kinds {
		if k.Place < 0 || k.Place >= len(d.Places) || k.Confidence > High {
			return nil, fmt.Errorf("kind %d has no such place or confidence", i)
		}
		p := d.Places[k.Place]
		id := key{k.Search, k.Cloud, k.ISP, p.Subdivision, p.Country}
		if shared[id] == nil {
			if err := c.validate(k.Search, k.Cloud, k.ISP, p.Subdivision, p.Country); err != nil {
				return nil, fmt.Errorf("kind %d: %w", i, err)
			}
			shared[id] = c.chain(k.Search, k.Cloud, k.ISP, p.Subdivision, p.Country)
		}
		m.chains[i] = shared[id]
	}
	if len(m.v4) == 0 || m.v4[0] != 0 || len(m.v6Hi) == 0 || m.v6Hi[0] != 0 || m.v6Lo[0] != 0 {
		return nil, errors.New("the ranges do not begin at the first address")
	}
	for i, k := range m.v4Kind {
		if int(k) >= len(m.kinds) || i > 0 && (m.v4[i-1] >= m.v4[i] || m.v4Kind[i-1] == k) {
			return nil, fmt.Errorf("IPv4 range %d is out of order", i)
		}
	}
	for i, k := range m.v6Kind {
		if int(k) >= len(m.kinds) || i > 0 && (m.v6(i-1).cmp(m.v6(i)) >= 0 || m.v6Kind[i-1] == k) {
			return nil, fmt.Errorf("IPv6 range %d is out of order", i)
		}
	}
	return m, nil
}

// Hash returns the hexadecimal SHA-256 of the map's encoding, the name under
// which a revision refers to it; "" for the empty map.
func (m *Map) Hash() string { return m.hash }

// About returns where the map comes from. The caller must not change the slices.
func (m *Map) About() About { return m.about }

// Empty reports whether the map knows no address at all.
func (m *Map) Empty() bool { return m.hash == "" }

// Country returns the country of a client, in lower case; "" when it is not known.
func (m *Map) Country(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	kind, _, _ := m.find(unmapped(a))
	return m.places[m.kinds[kind].Place].Country
}

func (m *Map) v6(i int) u128 { return u128{m.v6Hi[i], m.v6Lo[i]} }

// find returns the range that holds a, as kind, first and last address.
// a is unmapped and valid.
func (m *Map) find(a netip.Addr) (kind int, first, last u128) {
	x := fromAddr(a)
	if a.Is4() {
		i, ok := slices.BinarySearch(m.v4, uint32(x.lo))
		if !ok {
			i--
		}
		last = u128{0, 1<<32 - 1}
		if i+1 < len(m.v4) {
			last = u128{0, uint64(m.v4[i+1]) - 1}
		}
		return int(m.v4Kind[i]), u128{0, uint64(m.v4[i])}, last
	}
	lo, hi := 0, len(m.v6Hi) // the answer is in [lo, hi)
	for hi-lo > 1 {
		mid := int(uint(lo+hi) >> 1)
		if m.v6(mid).cmp(x) <= 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	last = u128{^uint64(0), ^uint64(0)}
	if lo+1 < len(m.v6Hi) {
		last = m.v6(lo + 1).prev()
	}
	return int(m.v6Kind[lo]), m.v6(lo), last
}

// Stats counts what a map knows, for `geo stats` and for comparing a new map
// with the one before.
type Stats struct {
	V4Placed   uint64            `json:"ipv4_placed"` // addresses with a country
	V4ByISP    map[string]uint64 `json:"ipv4_by_isp"` // addresses
	V4ByCloud  map[string]uint64 `json:"ipv4_by_cloud"`
	V4ByNation map[string]uint64 `json:"ipv4_by_country"`
	V6ByNation map[string]uint64 `json:"ipv6_by_country"` // ranges
	Ranges4    int               `json:"ranges_ipv4"`
	Ranges6    int               `json:"ranges_ipv6"`
}

// Stats counts the map's content; it walks every range.
func (m *Map) Stats() Stats {
	s := Stats{V4ByISP: map[string]uint64{}, V4ByCloud: map[string]uint64{}, V4ByNation: map[string]uint64{}, V6ByNation: map[string]uint64{},
		Ranges4: len(m.v4), Ranges6: len(m.v6Hi)}
	perKind := make([]uint64, len(m.kinds))
	for i, k := range m.v4Kind {
		end := uint64(1) << 32
		if i+1 < len(m.v4) {
			end = uint64(m.v4[i+1])
		}
		perKind[k] += end - uint64(m.v4[i])
	}
	for i, n := range perKind {
		k := m.kinds[i]
		if n == 0 {
			continue
		}
		if c := m.places[k.Place].Country; c != "" {
			s.V4Placed += n
			s.V4ByNation[c] += n
		}
		if k.ISP != "" {
			s.V4ByISP[k.ISP] += n
		}
		if k.Cloud != "" {
			s.V4ByCloud[k.Cloud] += n
		}
	}
	for _, k := range m.v6Kind {
		if c := m.places[m.kinds[k].Place].Country; c != "" {
			s.V6ByNation[c]++
		}
	}
	return s
}

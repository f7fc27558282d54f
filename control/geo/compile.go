package geo

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// inputs is everything that a map is compiled from.
type inputs struct {
	places []*placeFile // in order of trust
	own    []bool       // per file: the operator's own
	as     [2]steps     // per family, value: index into lists.as
	lists  *lists
	about  line.About
}

// location is a place that the map tells apart.
type location struct{ country, sub, state string }

// class is what the place layer says of an address.
type class struct {
	loc  location
	conf line.Confidence
	own  bool
}

// compile makes the map. Everything in it follows from the inputs: the same
// inputs give the same bytes.
func compile(in *inputs) (*line.Map, []DefaultPoint, error) {
	if len(in.places) == 0 {
		return nil, nil, errors.New("no place data: run `meridian geo update`, or put a place file into own/")
	}
	c := compiler{in: in, places: map[location]int{{}: 0}, kinds: map[line.Kind]uint32{{}: 0}, classID: map[class]uint32{{}: 0}, classes: make([]class, 1)}
	c.data.Places, c.data.Kinds = make([]line.Place, 1), make([]line.Kind, 1)
	c.data.About = in.about
	merged := [2]steps{c.merge(0), c.merge(1)}
	for family := range merged {
		c.weigh(family, &merged[family])
	}
	c.findDefaults()
	c.findPoints()
	for family := range merged {
		c.place(family, &merged[family])
		final := c.overlay(family, &merged[family])
		merged[family] = steps{}
		if family == 0 {
			c.data.V4, c.data.V4Kind = make([]uint32, len(final.at)), final.val
			for i, k := range final.at {
				c.data.V4[i] = uint32(k.lo)
			}
			continue
		}
		c.data.V6Hi, c.data.V6Lo, c.data.V6Kind = make([]uint64, len(final.at)), make([]uint64, len(final.at)), final.val
		for i, k := range final.at {
			c.data.V6Hi[i], c.data.V6Lo[i] = k.hi, k.lo
		}
	}
	m, err := line.NewMap(c.data)
	if err != nil {
		return nil, nil, fmt.Errorf("compile the location map: %w", err)
	}
	return m, c.defaults, nil
}

type compiler struct {
	in   *inputs
	data line.Data

	records []record // of all files
	ownFrom []bool   // per record
	weight  [2][]float64

	defaultAt map[spot]bool
	defaults  []DefaultPoint
	point     map[location]line.Point

	places  map[location]int
	kinds   map[line.Kind]uint32
	classID map[class]uint32
	classes []class
}

// merge lays the place files of a family over each other: at every address the
// first file that knows a country. The value is a record of c.records.
func (c *compiler) merge(family int) steps {
	var layers []*steps
	var offset []uint32
	if family == 0 {
		c.records = make([]record, 0)
	}
	at := uint32(0)
	for i, f := range c.in.places {
		s := &f.v4
		if family == 1 {
			s = &f.v6
		}
		layers, offset = append(layers, s), append(offset, at)
		at += uint32(len(f.records))
		if family == 0 {
			c.records = append(c.records, f.records...)
			for range f.records {
				c.ownFrom = append(c.ownFrom, c.in.own[i])
			}
		}
	}
	out := zip(func(v []uint32) uint32 {
		for i, x := range v {
			if x != 0 {
				if r := offset[i] + x; c.records[r].country != "" {
					return r
				}
			}
		}
		return 0
	}, layers...)
	for _, s := range layers {
		*s = steps{} // a hundred megabytes that nobody reads again
	}
	return out
}

// weigh counts addresses per record: IPv4 addresses, or IPv6 /48s.
func (c *compiler) weigh(family int, s *steps) {
	w := make([]float64, len(c.records))
	for i, v := range s.val {
		var last key
		if i+1 < len(s.at) {
			last = s.at[i+1]
		} else if family == 0 {
			last.lo = 1 << 32
		} else {
			last.hi = math.MaxUint64
		}
		if family == 0 {
			w[v] += float64(last.lo - s.at[i].lo)
		} else {
			w[v] += (float64(last.hi-s.at[i].hi)*(1<<64) + float64(last.lo) - float64(s.at[i].lo)) / (1 << 80)
		}
	}
	w[0] = 0
	c.weight[family] = w
}

// spot is a coordinate of a country's records in one family.
type spot struct {
	family  int
	country string
	pt      line.Point
}

// DefaultPoint is a coordinate that a source gives to addresses that it cannot
// place.
type DefaultPoint struct {
	Family  string     `json:"family"`
	Country string     `json:"country"`
	Point   line.Point `json:"point"`
	Share   float64    `json:"share"` // of the country's addresses in that family, 0 to 1
}

// A coordinate is a default point when it holds at least this share of its
// country's addresses although the country's other coordinates lie this far from
// it on average (km). The distance spares city states and small countries, whose
// capital rightly holds nearly all. On the data of June 2026 the rule finds 7
// points in IPv4 (Hanoi with 67 % of Vietnam, Riyadh with 63 %, ...) and about 30
// in IPv6, where allocations sit at a head office (Ashburn with 82 % of the
// United States). At 25 % it would also take Paris, Warsaw and Montreal away from
// people who are really there.
const (
	defaultShare  = 0.5
	defaultSpread = 200
)

func (c *compiler) findDefaults() {
	c.defaultAt = map[spot]bool{}
	at := map[spot]float64{}
	total := map[spot]float64{}
	for family := range c.weight {
		for i, w := range c.weight[family] {
			if r := c.records[i]; w > 0 && r.ptOK {
				at[spot{family, r.country, r.pt}] += w
				total[spot{family: family, country: r.country}] += w
			}
		}
	}
	spread := map[spot]float64{}
	for s, w := range at {
		if w >= defaultShare*total[spot{family: s.family, country: s.country}] {
			spread[s] = 0
		}
	}
	others := map[spot]float64{}
	for _, s := range slices.SortedFunc(maps.Keys(at), compareSpots) {
		for d := range spread {
			if d.family == s.family && d.country == s.country && d.pt != s.pt {
				// Every coordinate counts once: a default's own weight must not hide how far the country reaches.
				spread[d] += line.Distance(d.pt, s.pt)
				others[d]++
			}
		}
	}
	for _, s := range slices.SortedFunc(maps.Keys(spread), compareSpots) {
		if others[s] == 0 || spread[s]/others[s] < defaultSpread {
			continue
		}
		c.defaultAt[s] = true
		c.defaults = append(c.defaults, DefaultPoint{
			Family: []string{"IPv4", "IPv6"}[s.family], Country: s.country, Point: s.pt,
			Share: at[s] / total[spot{family: s.family, country: s.country}],
		})
	}
}

func compareSpots(a, b spot) int {
	return cmp.Or(cmp.Compare(a.family, b.family), cmp.Compare(a.country, b.country), cmp.Compare(a.pt.Lat, b.pt.Lat), cmp.Compare(a.pt.Lon, b.pt.Lon))
}

func (c *compiler) locationOf(r record) location {
	l := location{r.country, r.sub, r.state}
	if r.sub != "" {
		l.state = "" // several spellings of one state are one place
	}
	return l
}

// findPoints gives every location and country its representative point: the
// mean of its city-level networks, weighted by addresses, without default
// points. IPv6 counts only where IPv4 has nothing: its weights are allocations,
// not people.
func (c *compiler) findPoints() {
	c.point = map[location]line.Point{}
	for family := range c.weight {
		sum := map[location]*mean{}
		for i, w := range c.weight[family] {
			r := c.records[i]
			if w == 0 || !r.ptOK || c.defaultAt[spot{family, r.country, r.pt}] || !r.city && r.state != "" {
				continue
			}
			for _, l := range []location{c.locationOf(r), {country: r.country}} {
				if sum[l] == nil {
					sum[l] = &mean{}
				}
				sum[l].add(r.pt, w)
				if l == (location{country: r.country}) && c.locationOf(r) == l {
					break
				}
			}
		}
		for l, s := range sum {
			if _, have := c.point[l]; !have {
				if p, ok := s.point(); ok {
					c.point[l] = p
				}
			}
		}
	}
}

// mean is a weighted mean of points on the sphere, safe at the date line.
type mean struct{ x, y, z, w float64 }

func (m *mean) add(p line.Point, w float64) {
	lat, lon := p.Lat*math.Pi/180, p.Lon*math.Pi/180
	m.x += w * math.Cos(lat) * math.Cos(lon)
	m.y += w * math.Cos(lat) * math.Sin(lon)
	m.z += w * math.Sin(lat)
	m.w += w
}

func (m *mean) point() (line.Point, bool) {
	h := math.Hypot(m.x, m.y)
	if math.Hypot(h, m.z) < 1e-6*m.w {
		return line.Point{}, false // points all around the globe have no middle
	}
	return line.Point{Lat: math.Atan2(m.z, h) * 180 / math.Pi, Lon: math.Atan2(m.y, m.x) * 180 / math.Pi}, true
}

// place turns records into classes, which merges most neighbours.
func (c *compiler) place(family int, s *steps) {
	of := make([]uint32, len(c.records))
	for i, r := range c.records {
		if r.country == "" {
			continue
		}
		k := class{loc: c.locationOf(r), conf: line.Medium, own: c.ownFrom[i]}
		switch {
		case r.ptOK && c.defaultAt[spot{family, r.country, r.pt}]:
			k.conf = line.Low
		case r.ptOK && r.city:
			k.conf = line.High
		}
		id, ok := c.classID[k]
		if !ok {
			id = uint32(len(c.classes))
			c.classID[k] = id
			c.classes = append(c.classes, k)
		}
		of[i] = id
	}
	var out steps
	for i, v := range s.val {
		out.put(s.at[i], of[v])
	}
	*s = out
}

// overlay joins places, AS numbers and lists into the final kinds.
func (c *compiler) overlay(family int, places *steps) steps {
	l := c.in.lists
	isp, cloud, search := paint(l.nets[0][family]), paint(l.nets[1][family]), paint(l.nets[2][family])
	known := map[[5]uint32]uint32{}
	return zip(func(v []uint32) uint32 {
		k := [5]uint32(v)
		id, ok := known[k]
		if !ok {
			id = c.kind(decide(family == 1, c.classes[k[0]], l.as[k[1]], l.entries[k[2]], l.entries[k[3]], l.entries[k[4]]))
			known[k] = id
		}
		return id
	}, places, &c.in.as[family], &isp, &cloud, &search)
}

func (c *compiler) kind(loc location, k line.Kind) uint32 {
	i, ok := c.places[loc]
	if !ok {
		i = len(c.data.Places)
		p := line.Place{Country: loc.country, Subdivision: loc.sub, Name: loc.state}
		if in, ok := line.Lookup(loc.sub); ok {
			p.Name = in.NameEN
		}
		if p.Point, p.PointOK = c.point[loc]; !p.PointOK {
			p.Point, p.PointOK = c.point[location{country: loc.country}]
		}
		c.places[loc] = i
		c.data.Places = append(c.data.Places, p)
	}
	k.Place = i
	id, ok := c.kinds[k]
	if !ok {
		id = uint32(len(c.data.Kinds))
		c.kinds[k] = id
		c.data.Kinds = append(c.data.Kinds, k)
	}
	return id
}

package line

import (
	"maps"
	"math"
	"slices"
	"sync"
)

// Holding is what a line holds of a map.
type Holding struct {
	Ranges4    int      `json:"ranges_ipv4" doc:"Ranges of the location map."`
	Addresses4 uint64   `json:"addresses_ipv4"`
	Ranges6    int      `json:"ranges_ipv6"`
	Countries  []string `json:"countries" doc:"Countries of its places, by code."`
}

// weights are how much of a map each kind is; worked out once.
type weights struct {
	once             sync.Once
	ranges4, ranges6 []int
	addresses4       []uint64
	byCode           map[string]*Holding
	points           map[string]Point // of countries and subdivisions
}

func (m *Map) weigh() *weights {
	w := &m.weights
	w.once.Do(func() {
		w.ranges4, w.ranges6, w.addresses4 = make([]int, len(m.kinds)), make([]int, len(m.kinds)), make([]uint64, len(m.kinds))
		for i, k := range m.v4Kind {
			end := uint64(1) << 32
			if i+1 < len(m.v4) {
				end = uint64(m.v4[i+1])
			}
			w.ranges4[k]++
			w.addresses4[k] += end - uint64(m.v4[i])
		}
		for _, k := range m.v6Kind {
			w.ranges6[k]++
		}
		w.byCode = map[string]*Holding{}
		countries := map[string]map[string]bool{}
		for k, chain := range m.chains {
			if w.ranges4[k]+w.ranges6[k] == 0 {
				continue
			}
			for _, code := range chain {
				h := w.byCode[code]
				if h == nil {
					h = &Holding{}
					w.byCode[code], countries[code] = h, map[string]bool{}
				}
				h.Ranges4, h.Addresses4, h.Ranges6 = h.Ranges4+w.ranges4[k], h.Addresses4+w.addresses4[k], h.Ranges6+w.ranges6[k]
				if c := m.places[m.kinds[k].Place].Country; c != "" {
					countries[code][c] = true
				}
			}
		}
		for code, h := range w.byCode {
			h.Countries = slices.Sorted(maps.Keys(countries[code]))
		}
		w.points = m.points(w)
	})
	return w
}

// points places each country and subdivision at the mean of its places, weighed by their
// addresses: where its clients are rather than where its borders meet. The mean is taken
// on the sphere, so that a country on both sides of the date line is not put in Africa.
func (m *Map) points(w *weights) map[string]Point {
	type sum struct{ x, y, z float64 }
	sums := map[string]*sum{}
	for i, k := range m.kinds {
		p := m.places[k.Place]
		n := float64(w.addresses4[i]) + float64(w.ranges6[i])
		if !p.PointOK || n == 0 {
			continue
		}
		lat, lon := p.Point.Lat*math.Pi/180, p.Point.Lon*math.Pi/180
		for _, code := range []string{p.Country, p.Subdivision} {
			if code == "" {
				continue
			}
			if sums[code] == nil {
				sums[code] = &sum{}
			}
			s := sums[code]
			s.x += n * math.Cos(lat) * math.Cos(lon)
			s.y += n * math.Cos(lat) * math.Sin(lon)
			s.z += n * math.Sin(lat)
		}
	}
	out := make(map[string]Point, len(sums))
	for code, s := range sums {
		if s.x != 0 || s.y != 0 || s.z != 0 {
			out[code] = Point{math.Atan2(s.z, math.Hypot(s.x, s.y)) * 180 / math.Pi, math.Atan2(s.y, s.x) * 180 / math.Pi}
		}
	}
	return out
}

// Holds returns what a built-in line holds of the map; zero for nothing.
func (m *Map) Holds(code string) Holding {
	if h := m.weigh().byCode[code]; h != nil {
		out := *h
		out.Countries = slices.Clone(h.Countries)
		return out
	}
	return Holding{Countries: []string{}}
}

// PointOf returns the representative point of a country or a subdivision, by its line.
func (m *Map) PointOf(code string) (Point, bool) {
	p, ok := m.weigh().points[code]
	return p, ok
}

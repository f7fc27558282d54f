package traffic

import (
	"maps"
	"slices"
	"strings"
)

// checkCycles refuses names that lead back to themselves through hosted access
// domains: availability is inherited along this path (design 5.1.5). A cycle that
// a change closes runs through an affected access domain, so the search starts at
// those; it visits each name once (Tarjan's strongly connected components).
func (d *Draft) checkCycles(r *Report, affected map[Key]struct{}) {
	s := scc{d: d, index: map[string]int{}, low: map[string]int{}, on: map[string]bool{}}
	for _, k := range sortedKeys(affected) {
		if ad, ok := d.Get(k).(*AccessDomain); ok && s.index[ad.Name] == 0 {
			s.visit(ad.Name)
		}
	}
	for _, ring := range s.rings {
		slices.Sort(ring)
		for _, name := range ring {
			for _, ad := range d.at(name) {
				d.reportCycle(r.For(ad.Key()), ad, ring)
			}
		}
	}
}

func (d *Draft) reportCycle(r *Report, ad *AccessDomain, ring []string) {
	const show = 10
	path := strings.Join(ring[:min(show, len(ring))], ", ")
	for i, pm := range ad.Pools {
		p := d.pool(pm.Pool)
		if p == nil {
			continue
		}
		for _, m := range p.Members {
			a := d.address(m.Address)
			if a == nil || a.Family() != Domain {
				continue
			}
			if _, in := slices.BinarySearch(ring, a.Address); in {
				r.Errorf(index("pools", i)+".pool", "cycle", "address %s of pool %s leads back to this name (through %s); point it elsewhere", a.Name, p.Name, path)
			}
		}
	}
}

// targets returns the steered names that the access domains of a name point to.
func (d *Draft) targets(name string) []string {
	set := map[string]struct{}{}
	for _, ad := range d.at(name) {
		for _, pm := range ad.Pools {
			p := d.pool(pm.Pool)
			if p == nil {
				continue
			}
			for _, m := range p.Members {
				if a := d.address(m.Address); a != nil && a.Family() == Domain && len(d.at(a.Address)) > 0 {
					set[a.Address] = struct{}{}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// scc is the state of Tarjan's algorithm. Indexes begin at 1.
type scc struct {
	d     *Draft
	index map[string]int
	low   map[string]int
	on    map[string]bool
	stack []string
	rings [][]string // components that hold a cycle
}

func (s *scc) visit(name string) {
	n := len(s.index) + 1
	s.index[name], s.low[name], s.on[name] = n, n, true
	s.stack = append(s.stack, name)
	self := false
	for _, t := range s.d.targets(name) {
		self = self || t == name
		if s.index[t] == 0 {
			s.visit(t)
			s.low[name] = min(s.low[name], s.low[t])
		} else if s.on[t] {
			s.low[name] = min(s.low[name], s.index[t])
		}
	}
	if s.low[name] != n {
		return
	}
	i := len(s.stack) - 1
	for s.stack[i] != name {
		i--
	}
	ring := slices.Clone(s.stack[i:])
	s.stack = s.stack[:i]
	for _, m := range ring {
		delete(s.on, m)
	}
	if len(ring) > 1 || self {
		s.rings = append(s.rings, ring)
	}
}

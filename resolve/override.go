package resolve

import (
	"maps"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// reach is what an override is about, with what depends on that through hosted names.
type reach struct {
	addrs, pools map[string]bool
	domains      map[traffic.Key]bool
}

// reached finds what an override reaches in the model as it is now. A selector costs a
// pass over addresses and pools, which is small beside compiling a few names.
func (s *State) reached(o *traffic.Override) reach {
	r := reach{addrs: map[string]bool{}, pools: map[string]bool{}, domains: map[traffic.Key]bool{}}
	steer.Reached(s.model, o, func(k traffic.Key) {
		switch k.Kind {
		case traffic.KindAddress:
			r.addrs[k.Name] = true
		case traffic.KindPool:
			r.pools[k.Name] = true
			// Its availability may decide about others through a hosted name.
			for _, m := range s.model.Pool(k.Name).Members {
				r.addrs[m.Address] = true
			}
		case traffic.KindAccessDomain:
			r.domains[k] = true
			maps.Copy(r.addrs, s.aliases[s.model.Get(k).(*traffic.AccessDomain).Name])
		}
	})
	return r
}

// Lapse says which overrides, by id, have ended on this node by its own clock before
// control removed them; they count no more. It replaces what was said before. Those of
// a configuration that comes next may be named already.
func (s *State) Lapse(lapsed map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.lapsed
	s.lapsed = maps.Clone(lapsed)
	touched := map[*slot]struct{}{}
	s.model.Each(traffic.KindOverride, func(obj traffic.Object) bool {
		o := obj.(*traffic.Override)
		if old[o.ID] == lapsed[o.ID] {
			return true
		}
		r := s.reached(o)
		maps.Copy(r.pools, s.poolsOf(r.addrs))
		maps.Copy(touched, s.slotsOf(r.pools))
		for k := range r.domains {
			if sl := s.domains[k]; sl != nil {
				touched[sl] = struct{}{}
			}
		}
		return true
	})
	s.recompile(touched)
}

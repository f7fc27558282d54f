package steer

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// TestShiftIsTheWholeDifference: when the health of some addresses changes, the shift
// names exactly the addresses, pools and access domains that differ, also through
// addresses that point to hosted names.
func TestShiftIsTheWholeDifference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := traffic.NewModel()
		for _, k := range effectKeys {
			if often(t) && k.Kind != traffic.KindOverride {
				o := drawObject(t, k)
				o.Normalize()
				m.Apply([]traffic.Change{{Key: k, After: o}})
			}
		}
		moved := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a1", "a2", "a3"}), 1, 3, rapid.ID).Draw(t, "moved")
		was, is := map[string]bool{}, map[string]bool{}
		for _, a := range []string{"a1", "a2", "a3"} {
			was[a] = rapid.Bool().Draw(t, a)
			is[a] = was[a] != slices.Contains(moved, a)
		}
		health := func(down map[string]bool) Health {
			return Health{Current: func(traffic.Key) string { return "" }, Verdict: func(k traffic.TaskKey) verdict.Verdict {
				if down[k.Address] {
					return verdict.Verdict{State: verdict.Down}
				}
				return verdict.Verdict{State: verdict.Up}
			}}
		}
		before, after := health(was), health(is)
		s := ShiftOf(m, before, after, moved, 100)
		names := func(list []Availability) (out []string) {
			for _, a := range list {
				out = append(out, a.Name)
			}
			return out
		}
		var addresses, pools, domains, told []string
		for _, k := range effectKeys {
			x, y := before.engine(m), after.engine(m)
			switch k.Kind {
			case traffic.KindAddress:
				if x.Address(k.Name).Available != y.Address(k.Name).Available {
					addresses = append(addresses, k.Name)
				}
			case traffic.KindPool:
				if x.Pool(k.Name).Available != y.Pool(k.Name).Available {
					pools = append(pools, k.Name)
				}
			case traffic.KindAccessDomain:
				for _, l := range effectLines {
					if !reflect.DeepEqual(possible(m, k, l, before), possible(m, k, l, after)) {
						domains = append(domains, k.Name)
						break
					}
				}
			}
		}
		for _, d := range s.Domains {
			told = append(told, d.Name+"/"+d.Type)
			if len(d.Classes) == 0 || slices.ContainsFunc(d.Classes, func(e LineEffect) bool { return !e.Changed }) {
				t.Fatalf("%s: classes %+v", d.Name, d.Classes)
			}
		}
		slices.Sort(domains)
		slices.Sort(told)
		slices.Sort(addresses)
		slices.Sort(pools)
		if !slices.Equal(names(s.Addresses), addresses) || !slices.Equal(names(s.Pools), pools) || !slices.Equal(told, domains) {
			t.Fatalf("addresses %v, want %v; pools %v, want %v; domains %v, want %v", names(s.Addresses), addresses, names(s.Pools), pools, told, domains)
		}
		if few := ShiftOf(m, before, after, moved, 1); few.Skipped == 0 && !reflect.DeepEqual(few, s) || len(few.Domains) > 1 {
			t.Fatalf("with a limit %+v", few)
		}
	})
}

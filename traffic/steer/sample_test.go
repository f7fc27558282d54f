package steer

import (
	"net/netip"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

// TestRealClientsAreShownByTheirOwnAnswers: for each network of clients the effect holds
// what the engine decides for an address of it on either side, with the lines of either
// side, and a name is told whenever one of them gets something else.
func TestRealClientsAreShownByTheirOwnAnswers(t *testing.T) {
	t.Parallel()
	samples := []Sample{{netip.MustParsePrefix("198.51.100.0/24"), "cn", 9}, {netip.MustParsePrefix("203.0.113.0/24"), "", 5}, {netip.MustParsePrefix("192.0.2.0/25"), "us", 7}}
	networks := [][]string{{"198.51.100.0/24"}, {"203.0.113.0/24", "192.0.2.0/24"}, {"192.0.2.0/25"}}
	rapid.Check(t, func(t *rapid.T) {
		m := traffic.NewModel()
		for _, k := range effectKeys {
			if often(t) && k.Kind != traffic.KindOverride {
				o := drawObject(t, k)
				o.Normalize()
				m.Apply([]traffic.Change{{Key: k, After: o}})
			}
		}
		d := traffic.NewDraft(m)
		put := func(k traffic.Key) {
			o := drawObject(t, k)
			if l, ok := o.(*traffic.Line); ok {
				l.CIDRs = rapid.SampledFrom(networks).Draw(t, "networks")
			}
			d.Put(o)
		}
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			put(rapid.SampledFrom(effectKeys).Draw(t, "key"))
		}
		h := Health{Verdict: Healthy(m).Verdict, Current: func(traffic.Key) string { return "" }, Clients: samples}
		changes := d.Changes()
		e := Compare(m, d, changes, h)
		if !e.Sampled {
			t.Fatal("not sampled")
		}
		told := map[string][]ClientEffect{}
		for _, n := range e.Names {
			told[n.Name+"/"+n.Type] = n.Clients
		}
		for _, k := range effectKeys {
			if k.Kind != traffic.KindAccessDomain {
				continue
			}
			for i, c := range samples {
				side := func(s Side) *Outcome {
					ad := answered(s, k)
					if ad == nil {
						return nil
					}
					var lines []string
					for _, l := range worldOf(s, nil).Locate(c.Subnet.Addr()).Lines {
						lines = append(lines, l.Code)
					}
					return h.engine(s).outcome(ad, Client{Lines: lines})
				}
				before, after := side(m), side(d)
				list, isTold := told[k.Name]
				if !before.equal(after) && !isTold {
					t.Fatalf("%s: %s gets something else, and nobody is told", k.Name, c.Subnet)
				}
				for _, got := range list {
					if got.Subnet == samples[i].Subnet.String() && (got.Changed == before.equal(after) || !same(got.Before, before) || !same(got.After, after) || got.Lines[len(got.Lines)-1] != line.Default) {
						t.Fatalf("%s: %s\n got %+v -> %+v\nwant %+v -> %+v", k.Name, c.Subnet, got.Before, got.After, before, after)
					}
				}
				for j := 1; j < len(list); j++ {
					if list[j].Changed && !list[j-1].Changed {
						t.Fatal("what changes does not come first")
					}
				}
			}
		}
		if none := Compare(m, d, changes, Health{Verdict: h.Verdict, Current: h.Current}); none.Sampled {
			t.Fatal("sampled without clients")
		}
	})
}

func same(x, y *Outcome) bool {
	if x == nil || y == nil {
		return x == y
	}
	return x.equal(y) && x.Reason == y.Reason && reflect.DeepEqual(x.Pools, y.Pools)
}

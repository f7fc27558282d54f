package resolve

import (
	"fmt"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// many makes n access domains, each with its own pool and address and a record.
func many(n int) []traffic.Object {
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "ping", traffic.Ping
	objs := []traffic.Object{zoneObj("example.com"), tpl}
	for i := range n {
		a := addr(fmt.Sprint("a", i), fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255))
		a.Tasks = []traffic.Task{{Template: "ping", Enabled: true}}
		if i < 10 {
			a.Labels = map[string]string{"site": "hz"}
		}
		objs = append(objs, a, pool(fmt.Sprint("p", i), traffic.RoundRobin, member(a.Name, 1)),
			domain(fmt.Sprintf("d%d.example.com", i), "A", traffic.Sequential, inPool(fmt.Sprint("p", i), 1)))
	}
	return objs
}

func BenchmarkApplyOneOfMany(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newNode(2)
			m := traffic.NewModel()
			var changes []traffic.Change
			for _, o := range many(n) {
				o.Normalize()
				changes = append(changes, traffic.Change{Key: o.Key(), After: o})
			}
			m.Apply(changes)
			if err := s.Apply(traffic.Position{Epoch: 1}, true, changes); err != nil {
				b.Fatal(err)
			}
			p := pool("p7", traffic.Weighted, member("a7", 1))
			p.Normalize()
			b.Run("pool", func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					if err := s.Apply(traffic.Position{Epoch: 1, Revision: uint64(i)}, false, []traffic.Change{{Key: p.Key(), After: p}}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("verdict", func(b *testing.B) {
				k := traffic.TaskKey{Address: "a7", Template: "ping"}
				for i := 0; b.Loop(); i++ {
					s.health[k] = verdict.Verdict{State: verdict.State(1 + i%2)}
					s.VerdictsChanged([]traffic.TaskKey{k})
				}
			})
			for _, o := range []*traffic.Override{{ID: "named", Action: traffic.Drain, Target: "pool/p7"}, {ID: "selected", Action: traffic.Drain, Selector: "site=hz"}} {
				// Put and removed in turn; the selector finds 10 addresses.
				o.Normalize()
				b.Run("override_"+o.ID, func(b *testing.B) {
					for i := 0; b.Loop(); i++ {
						c := traffic.Change{Key: o.Key(), After: o}
						if i%2 == 1 {
							c.After = nil
						}
						if err := s.Apply(traffic.Position{Epoch: 1, Revision: uint64(i)}, false, []traffic.Change{c}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			b.Run("whole", func(b *testing.B) {
				for b.Loop() {
					if err := s.Apply(traffic.Position{Epoch: 1}, true, changes); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

package plan

import (
	"fmt"
	"math"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// compiled makes a plan of one access domain over pools given as policy and weights.
func compiled(t testing.TB, top traffic.Policy, pools ...[]int) (*Plan, *Layout) {
	t.Helper()
	m := traffic.NewModel()
	put := func(o traffic.Object) {
		o.Normalize()
		m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
	}
	d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
	d.Name, d.Policy, d.TTL = "www.example.com", top, 30
	for i, weights := range pools {
		p := traffic.New(traffic.KindPool).(*traffic.Pool)
		p.Name, p.Policy = fmt.Sprint("p", i), traffic.Weighted
		for j, w := range weights {
			a := traffic.New(traffic.KindAddress).(*traffic.Address)
			a.Name, a.Address = fmt.Sprintf("a%d-%d", i, j), fmt.Sprintf("192.0.%d.%d", i, j+1)
			put(a)
			p.Members = append(p.Members, traffic.Member{Address: a.Name, Link: traffic.Link{Weight: w, Enabled: true}})
		}
		put(p)
		d.Pools = append(d.Pools, traffic.PoolMember{Pool: p.Name, Link: traffic.Link{Weight: i + 1, Enabled: true}})
	}
	put(d)
	c := &Compiler{Engine: &steer.Engine{Config: m, Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }}}
	return c.Compile(d, nil), NewLayout(m, d, nil)
}

// TestDrawFollowsWeight covers the short and the long form of the draw: up to 16
// members are scanned, more are searched.
func TestDrawFollowsWeight(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 16, 17, 60} {
		weights, total := make([]int, n), 0
		for i := range weights {
			weights[i] = 1 + (i*37)%100
			total += weights[i]
		}
		p, layout := compiled(t, traffic.Sequential, weights)
		name := NewName(&Slot{}, "www.example.com/A", layout, 1, false, NewRand(1))
		rng, got := NewRand(uint64(n)), map[string]int{}
		const draws = 200_000
		var c Choice
		for range draws {
			if !name.Choose(p, 0, 0, rng, &c) || c.N != 1 {
				t.Fatalf("%d members: want one answer, got %d", n, c.N)
			}
			got[string(c.RData(0))]++
		}
		for i, w := range weights {
			want := float64(w) / float64(total)
			share := float64(got[string([]byte{192, 0, 0, byte(i + 1)})]) / draws
			// six standard deviations
			if math.Abs(share-want) > 6*math.Sqrt(want*(1-want)/draws) {
				t.Errorf("%d members: member %d has %.4f of the draws, want %.4f", n, i, share, want)
			}
		}
	}
}

// TestRandIsEven: every residue of a small range comes up alike, whatever the seed.
func TestRandIsEven(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		r, count := NewRand(seed), [7]int{}
		for range 70_000 {
			count[r.Uint32n(7)]++
		}
		for i, n := range count {
			if n < 9_400 || n > 10_600 { // six standard deviations around 10,000
				t.Errorf("seed %d: %d came up %d times of 70000", seed, i, n)
			}
		}
	}
}

// TestDigestTellsContent: equal configurations compile to equal plans, others do not.
func TestDigestTellsContent(t *testing.T) {
	t.Parallel()
	p, _ := compiled(t, traffic.RoundRobin, []int{1, 2}, []int{3})
	q, _ := compiled(t, traffic.RoundRobin, []int{1, 2}, []int{3})
	if string(p.Digest()) != string(q.Digest()) {
		t.Error("equal configurations have different digests")
	}
	if r, _ := compiled(t, traffic.RoundRobin, []int{1, 2}, []int{4}); string(r.Digest()) == string(p.Digest()) {
		// One member alone has no share to speak of, but its weight is content.
		t.Error("different weights have equal digests")
	}
}

func TestChooseAllocatesNothing(t *testing.T) {
	p, layout := compiled(t, traffic.Weighted, []int{1, 2, 3}, []int{5})
	name, rng := NewName(&Slot{}, "www.example.com/A", layout, 1, true, NewRand(1)), NewRand(2)
	var c Choice
	if n := testing.AllocsPerRun(1000, func() { name.Choose(p, 0, 0, rng, &c) }); n != 0 {
		t.Errorf("%v allocations for a choice, want 0", n)
	}
}

func BenchmarkChoose(b *testing.B) {
	p, layout := compiled(b, traffic.Weighted, []int{1, 2, 3}, []int{5})
	name, rng := NewName(&Slot{}, "www.example.com/A", layout, 1, true, NewRand(1)), NewRand(2)
	var c Choice
	for b.Loop() {
		name.Choose(p, 0, 0, rng, &c)
	}
}

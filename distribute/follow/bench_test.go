package follow_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
)

// From the moment that a revision is committed to the moment that a node has applied
// it, one at a time, in one process, fsync always.
func BenchmarkCommitToApply(b *testing.B) {
	bus, store := rig.Dial(b, rig.Broker(b, broker.Options{})), rig.NewStore(1)
	p, _ := publisher(b, bus, store, 1)
	n := start(b, bus, b.TempDir(), 1)
	r := rand.New(rand.NewPCG(1, 1))
	step := func() {
		want := store.Commit(rig.Random(r)...).Position
		p.Notify()
		for {
			if got, _ := n.f.Position(); got == want {
				return
			}
			time.Sleep(50 * time.Microsecond)
		}
	}
	step()
	for b.Loop() {
		step()
	}
}

// A node that joins with an empty disk, many revisions after the last snapshot.
func BenchmarkJoin(b *testing.B) {
	for _, count := range []int{100, 900} {
		b.Run(fmt.Sprintf("%d revisions behind the snapshot", count), func(b *testing.B) {
			bus, store := rig.Dial(b, rig.Broker(b, broker.Options{})), rig.NewStore(1)
			p, _ := publisher(b, bus, store, 1)
			rig.Eventually(b, "a snapshot", func() bool { return p.Position().Epoch == 1 })
			r := rand.New(rand.NewPCG(1, 1))
			for range count {
				store.Commit(rig.Random(r)...)
			}
			p.Notify()
			head, _ := store.State()
			rig.Eventually(b, "all is published", func() bool { return p.Position() == head })
			for b.Loop() {
				n := start(b, bus, b.TempDir(), 1)
				n.reaches(store)
				n.stop()
			}
		})
	}
}

package follow_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// wipe loses everything that the message server has.
func wipe(t testing.TB, bus *distribute.Bus) {
	t.Helper()
	js, err := jetstream.New(bus.Conn())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{stream.LogName, stream.SnapName, stream.BlobName} {
		if err := js.DeleteStream(context.Background(), name); err != nil {
			t.Fatal(err)
		}
	}
}

// The same changes reach a node one by one, at once, over restarts, with messages
// lost, doubled and out of order, and with all of NATS' data gone in between. Every
// node ends at the same position with the same bytes.
func TestSameChangesGiveSameBytes(t *testing.T) {
	t.Parallel()
	seed := uint64(20261122)
	r := rand.New(rand.NewPCG(seed, 1))
	var sets [][]traffic.Change
	for i := range 30 {
		if i == 26 { // one of several messages
			sets = append(sets, rig.Large(r, 3*codec.PartSize))
			continue
		}
		sets = append(sets, rig.Random(r))
	}
	type result struct {
		pos     traffic.Position
		content []byte
	}
	// finish gives what the node holds, after one more restart from its disk alone.
	finish := func(n *node) result {
		n.t.Helper()
		n.stop()
		again := &node{t: n.t, dir: n.dir, model: traffic.NewModel()}
		again.open(n.bus, 0)
		if ok, err := again.f.Boot(); !ok || err != nil {
			n.t.Errorf("boot from disk: %v, %v", ok, err)
		}
		pos, content := n.state()
		if p, c := again.state(); p != pos || !bytes.Equal(c, content) {
			n.t.Errorf("the disk gives %s, the node had %s", p, pos)
		}
		if a := again.f.Alarms(); a != nil {
			n.t.Errorf("alarms after the restart: %q", a)
		}
		return result{pos, content}
	}
	ways := []struct {
		name string
		run  func(t *testing.T) result
	}{
		{"one by one", func(t *testing.T) result {
			bus, store := rig.Dial(t, rig.Broker(t, broker.Options{})), rig.NewStore(1)
			p, _ := publisher(t, bus, store, 1)
			n := start(t, bus, t.TempDir(), 1)
			n.reaches(store)
			for _, s := range sets {
				store.Commit(s...)
				p.Notify()
				n.reaches(store)
			}
			if n.full != 1 || n.steps != 1+len(sets) {
				t.Errorf("%d updates, %d of them full; want one for each change set", n.steps, n.full)
			}
			return finish(n)
		}},
		{"as one snapshot", func(t *testing.T) result {
			bus, store := rig.Dial(t, rig.Broker(t, broker.Options{})), rig.NewStore(1)
			for _, s := range sets {
				store.Commit(s...)
			}
			publisher(t, bus, store, 1)
			n := start(t, bus, t.TempDir(), 1)
			n.reaches(store)
			if n.steps != 1 {
				t.Errorf("%d updates, want one", n.steps)
			}
			return finish(n)
		}},
		{"over restarts of the node, also far behind", func(t *testing.T) result {
			bus, store := rig.Dial(t, rig.Broker(t, broker.Options{})), rig.NewStore(1)
			p, _ := publisher(t, bus, store, 1, func(o *publish.Options) { o.SnapshotRevisions = 4 })
			dir := t.TempDir()
			n := start(t, bus, dir, 1)
			for i, s := range sets {
				store.Commit(s...)
				p.Notify()
				if i%3 == 0 {
					n.reaches(store)
				}
				if i%5 == 0 {
					n.stop()
					n = start(t, bus, dir, 0) // without the token's keys
				}
			}
			n.reaches(store)
			return finish(n)
		}},
		{"over restarts of control and with a second one", func(t *testing.T) result {
			bus, store := rig.Dial(t, rig.Broker(t, broker.Options{})), rig.NewStore(1)
			p, stop := publisher(t, bus, store, 1)
			q, _ := publisher(t, bus, store, 1, func(o *publish.Options) { o.SnapshotRevisions = 5 })
			n := start(t, bus, t.TempDir(), 1)
			for i, s := range sets {
				store.Commit(s...)
				p.Notify()
				q.Notify()
				if i%7 == 6 {
					stop()
					p, stop = publisher(t, bus, store, 1)
				}
			}
			n.reaches(store)
			return finish(n)
		}},
		{"with NATS' data gone again and again", func(t *testing.T) result {
			bus, store := rig.Dial(t, rig.Broker(t, broker.Options{})), rig.NewStore(1)
			p, _ := publisher(t, bus, store, 1)
			n := start(t, bus, t.TempDir(), 1)
			for i, s := range sets {
				store.Commit(s...)
				p.Notify()
				if i%10 == 5 {
					n.reaches(store)
					wipe(t, bus)
				}
			}
			n.reaches(store)
			return finish(n)
		}},
		{"with messages lost, doubled and out of order", func(t *testing.T) result {
			bus, store := rig.Dial(t, rig.Broker(t, broker.Options{})), rig.NewStore(1)
			_, stop := publisher(t, bus, store, 1)
			n := start(t, bus, t.TempDir(), 1)
			n.reaches(store)
			stop()
			js, err := jetstream.New(bus.Conn())
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(seed, 2))
			var subjects []string
			var messages [][]byte
			for _, s := range sets {
				rev := store.Commit(s...)
				whole, err := codec.Seal(codec.Revision, rev.Position, rev.At, rev.Changes, rig.Key(1))
				if err != nil {
					t.Fatal(err)
				}
				for i, b := range whole.Parts() {
					for range r.IntN(3) { // lost, once, doubled
						subjects = append(subjects, stream.LogSubject(rev.Position.Epoch, rev.Position.Revision, i))
						messages = append(messages, b)
					}
				}
			}
			for range 20 { // near neighbours change places
				i := r.IntN(len(messages) - 3)
				j := i + r.IntN(3)
				messages[i], messages[j], subjects[i], subjects[j] = messages[j], messages[i], subjects[j], subjects[i]
			}
			for i := range messages {
				if _, err := js.Publish(t.Context(), subjects[i], messages[i]); err != nil {
					t.Fatal(err)
				}
			}
			// A publisher that knows nothing of this puts it right.
			publisher(t, bus, store, 1)
			n.reaches(store)
			return finish(n)
		}},
		{"with the server restarted under way", func(t *testing.T) result {
			dir := t.TempDir()
			seed, pub, err := broker.NewUser()
			if err != nil {
				t.Fatal(err)
			}
			users := []broker.User{{PublicKey: pub, Node: broker.Node{ID: "r1", Roles: []string{broker.RoleResolver}}}}
			b, err := broker.Start(broker.Options{Dir: dir, Listen: "127.0.0.1:0", Users: users})
			if err != nil {
				t.Fatal(err)
			}
			urls := b.URLs()
			control, store := rig.DialNode(t, urls, b.ControlSeed(), "control"), rig.NewStore(1)
			p, _ := publisher(t, control, store, 1)
			n := start(t, rig.DialNode(t, urls, seed, "r1"), t.TempDir(), 1)
			for i, s := range sets {
				store.Commit(s...)
				p.Notify()
				if i == 9 || i == 19 {
					n.reaches(store)
					b.Close()
					if b, err = broker.Start(broker.Options{Dir: dir, Listen: urls[0][len("nats://"):], Users: users}); err != nil {
						t.Fatal(err)
					}
				}
			}
			t.Cleanup(b.Close)
			n.reaches(store)
			return finish(n)
		}},
	}
	results := make([]result, len(ways))
	t.Run("ways", func(t *testing.T) {
		for i, w := range ways {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				results[i] = w.run(t)
			})
		}
	})
	for i, w := range ways {
		if results[i].pos != results[0].pos || !bytes.Equal(results[i].content, results[0].content) {
			t.Errorf("%s: %s with %d bytes; %s: %s with %d bytes", w.name, results[i].pos, len(results[i].content), ways[0].name, results[0].pos, len(results[0].content))
		}
	}
}

package distribute_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/traffic"
)

// memory is a store of current members that can fail.
type memory struct {
	mu  sync.Mutex
	m   map[traffic.Key]traffic.Current
	err error
}

func (m *memory) LoadCurrents(context.Context) ([]traffic.Current, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []traffic.Current
	for _, c := range m.m {
		out = append(out, c)
	}
	return out, m.err
}

func (m *memory) SaveCurrent(_ context.Context, c traffic.Current) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if m.m == nil {
		m.m = map[traffic.Key]traffic.Current{}
	}
	if old, ok := m.m[c.Scope]; !ok || c.Newer(old) {
		m.m[c.Scope] = c
	}
	return nil
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *memory) get(k traffic.Key) traffic.Current {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.m[k]
}

var scope = traffic.Key{Kind: traffic.KindPool, Name: "hangzhou"}

func newNode(t interface{ Fatal(...any) }, dir string, w distribute.Wire) *distribute.CurrentsNode {
	n, err := distribute.NewCurrentsNode(dir, w, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// begin runs f; stop ends it and waits.
func begin(t *testing.T, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// The scenario of the issue: kill control, fail and recover a member, restart one
// resolver, return control: nobody moves back.
func TestNobodyMovesBackWhileControlIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, store := &rig.Hub{}, &memory{}
		dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
		var wires []*rig.Wire
		var nodes []*distribute.CurrentsNode
		var stops []func()
		for _, dir := range dirs {
			w := hub.Wire()
			n := newNode(t, dir, w)
			wires, nodes, stops = append(wires, w), append(nodes, n), append(stops, begin(t, n.Run))
		}
		control := distribute.NewCurrentsControl(store, hub.Wire(), nil)
		stopControl := begin(t, control.Run)
		synctest.Wait()
		nodes[0].Move(scope, "a")
		time.Sleep(time.Second)
		if got := store.get(scope); got.Member != "a" || got.Epoch != 1 {
			t.Fatalf("control stored %+v, want a at epoch 1", got)
		}
		stopControl()
		wires[2].Cut(true) // this one hears nothing of what follows
		nodes[0].Move(scope, "b")
		nodes[1].Move(scope, "b") // it saw the same verdict
		time.Sleep(time.Second)
		stops[0]()
		nodes[0] = newNode(t, dirs[0], wires[0])
		if c, ok := nodes[0].Get(scope); !ok || c.Member != "b" {
			t.Errorf("after its restart the node has %+v, want b from its disk", c)
		}
		stops[0] = begin(t, nodes[0].Run)
		time.Sleep(time.Second)
		control = distribute.NewCurrentsControl(store, hub.Wire(), nil)
		stopControl = begin(t, control.Run)
		wires[2].Cut(false)
		time.Sleep(2 * time.Second)
		if got := store.get(scope); got.Member != "b" {
			t.Errorf("control came back to %+v, want b", got)
		}
		for i, n := range nodes {
			if c, _ := n.Get(scope); c.Member != "b" {
				t.Errorf("node %d has %+v, want b", i, c)
			}
		}
		if err := control.Reset(t.Context(), scope); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for i, n := range nodes {
			if c, _ := n.Get(scope); c.Member != "" || c.Epoch != 3 {
				t.Errorf("node %d has %+v after the operator's failback, want none, at epoch 3", i, c)
			}
		}
		stopControl()
		for _, s := range stops {
			s()
		}
	})
}

func TestControlKeepsAskingAStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, store := &rig.Hub{}, &memory{}
		store.fail(errors.New("disk full"))
		control := distribute.NewCurrentsControl(store, hub.Wire(), nil)
		stop := begin(t, control.Run)
		time.Sleep(3 * time.Second)
		if err := control.Reset(t.Context(), scope); err == nil {
			t.Error("a reset was accepted before the store could be read")
		}
		store.fail(nil)
		time.Sleep(6 * time.Second)
		n := newNode(t, t.TempDir(), hub.Wire())
		stopNode := begin(t, n.Run)
		synctest.Wait()
		store.fail(errors.New("disk full"))
		n.Move(scope, "a")
		time.Sleep(time.Second)
		if err := control.Reset(t.Context(), scope); err == nil {
			t.Error("a reset was acknowledged though it is not stored")
		}
		store.fail(nil)
		time.Sleep(3 * time.Second)
		if got := store.get(scope); got.Member != "a" {
			t.Errorf("stored %+v after the disk was free again, want a", got)
		}
		stopNode()
		stop()
	})
}

func TestManyCurrentMembersAreComparedInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, store := &rig.Hub{}, &memory{}
		for i := range 2500 {
			_ = store.SaveCurrent(t.Context(), traffic.Current{Scope: traffic.Key{Kind: traffic.KindAccessDomain, Name: fmt.Sprintf("d%d.example.com./A", i)}, Member: "p", Epoch: 3})
		}
		n := newNode(t, t.TempDir(), hub.Wire())
		for i := range 1200 {
			n.Move(traffic.Key{Kind: traffic.KindPool, Name: fmt.Sprintf("p%d", i)}, "a")
		}
		stop := begin(t, n.Run)
		control := distribute.NewCurrentsControl(store, hub.Wire(), nil)
		stopControl := begin(t, control.Run)
		time.Sleep(time.Second)
		if len(n.All()) != 3700 || !slices.Equal(n.All(), control.All()) {
			t.Errorf("node has %d, control %d, want 3700 equal ones", len(n.All()), len(control.All()))
		}
		stop()
		stopControl()
	})
}

// Whatever moves, cuts and restarts there are: once all are connected, all hold the
// same, of the highest epoch that anybody had, and it was never lower at any node.
func TestCurrentsConverge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			hub, store := &rig.Hub{}, &memory{}
			const count = 3
			base := t.TempDir()
			wires, nodes, stops := make([]*rig.Wire, count), make([]*distribute.CurrentsNode, count), make([]func(), count)
			for i := range nodes {
				wires[i] = hub.Wire()
				nodes[i] = newNode(t, filepath.Join(base, fmt.Sprint(i)), wires[i])
				stops[i] = begin(t, nodes[i].Run)
			}
			control := distribute.NewCurrentsControl(store, hub.Wire(), nil)
			stopControl := begin(t, control.Run)
			scopes := []traffic.Key{scope, {Kind: traffic.KindAccessDomain, Name: "www.example.com./A"}}
			highest := map[traffic.Key]uint64{}
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				i := rapid.IntRange(0, count-1).Draw(rt, "node")
				k := scopes[rapid.IntRange(0, 1).Draw(rt, "scope")]
				switch rapid.IntRange(0, 6).Draw(rt, "what") {
				case 0:
					wires[i].Cut(true)
				case 1:
					wires[i].Cut(false)
				case 2:
					stops[i]()
					nodes[i] = newNode(t, filepath.Join(base, fmt.Sprint(i)), wires[i])
					stops[i] = begin(t, nodes[i].Run)
				case 3:
					stopControl()
					control = distribute.NewCurrentsControl(store, hub.Wire(), nil)
					stopControl = begin(t, control.Run)
				case 4:
					if err := control.Reset(t.Context(), k); err == nil {
						c, _ := control.Get(k)
						highest[k] = max(highest[k], c.Epoch)
					}
				default:
					before, _ := nodes[i].Get(k)
					c := nodes[i].Move(k, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "member"))
					if c.Epoch < before.Epoch {
						rt.Fatalf("epoch went from %d to %d", before.Epoch, c.Epoch)
					}
					highest[k] = max(highest[k], c.Epoch)
				}
				if rapid.Bool().Draw(rt, "pause") {
					time.Sleep(50 * time.Millisecond)
				}
			}
			for _, w := range wires {
				w.Cut(false)
			}
			time.Sleep(40 * time.Second)
			want := control.All()
			for _, c := range want {
				if c.Epoch != highest[c.Scope] || store.get(c.Scope) != c {
					rt.Fatalf("control ended on %+v, stored %+v, highest epoch seen %d", c, store.get(c.Scope), highest[c.Scope])
				}
			}
			for i, n := range nodes {
				if !slices.Equal(n.All(), want) {
					rt.Fatalf("node %d has %v, control %v", i, n.All(), want)
				}
				stops[i]()
			}
			stopControl()
		})
	})
}

// A node killed at any moment finds, in what it had written, a state that it had.
func TestStoredCurrentsSurviveACutAnywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, dir, (&rig.Hub{}).Wire())
		stop := begin(t, n.Run)
		for i := range 20 {
			n.Move(scope, fmt.Sprintf("m%d", i%3))
			time.Sleep(time.Second)
		}
		stop()
	})
	path := filepath.Join(dir, "currents")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		n := newNode(t, dir, nil)
		if a := n.Alarms(); a != nil {
			t.Fatalf("cut at byte %d of %d: %q; a cut end is no damage", cut, len(whole), a)
		}
		c, _ := n.Get(scope)
		if c.Epoch < last {
			t.Fatalf("cut at byte %d: epoch %d after %d", cut, c.Epoch, last)
		}
		last = c.Epoch
	}
	if last != 20 {
		t.Errorf("the whole file gives epoch %d, want 20", last)
	}
	damaged := slices.Clone(whole)
	damaged[len(whole)/2] ^= 1
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	n := newNode(t, dir, nil)
	if c, _ := n.Get(scope); c.Epoch != 20 || n.Alarms() == nil {
		t.Errorf("with one damaged line: %+v and alarms %q, want epoch 20 and an alarm", c, n.Alarms())
	}
}

func TestAFullDiskIsAnAlarmAndNoLoss(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, dir, (&rig.Hub{}).Wire())
		stop := begin(t, n.Run)
		// A folder where the file should be refuses every write.
		path := filepath.Join(dir, "currents")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		n.Move(scope, "a")
		time.Sleep(time.Second)
		if c, _ := n.Get(scope); c.Member != "a" || len(n.Alarms()) != 1 {
			t.Errorf("%+v with alarms %q, want a and one alarm", c, n.Alarms())
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if a := n.Alarms(); a != nil {
			t.Errorf("alarms %q after the disk took it", a)
		}
		stop()
		if c, _ := newNode(t, dir, nil).Get(scope); c.Member != "a" {
			t.Errorf("stored %+v, want a", c)
		}
	})
}

func TestANodeSaysWhenItHasWhatControlHolds(t *testing.T) {
	for sentence, held := range map[string]map[traffic.Key]traffic.Current{
		"control holds nothing either": {},
		"control holds a member":       {scope: {Scope: scope, Member: "b", Epoch: 1}},
	} {
		t.Run(sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := &rig.Hub{}
				n := newNode(t, t.TempDir(), hub.Wire())
				stop := begin(t, n.Run)
				time.Sleep(time.Minute)
				select {
				case <-n.Compared():
					t.Error("compared with nobody")
				default:
				}
				stopControl := begin(t, distribute.NewCurrentsControl(&memory{m: held}, hub.Wire(), nil).Run)
				<-n.Compared()
				if c, _ := n.Get(scope); c != held[scope] {
					t.Errorf("has %+v, control %+v", c, held[scope])
				}
				stopControl()
				stop()
			})
		})
	}
}

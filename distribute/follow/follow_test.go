package follow_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/follow"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		fmt.Fprintln(os.Stderr, child(spec))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// node is a follower with the model that it feeds.
type node struct {
	t      testing.TB
	dir    string
	bus    *distribute.Bus
	spread time.Duration
	f      *follow.Follower
	stop   func()

	mu      sync.Mutex
	model   *traffic.Model
	pos     traffic.Position
	full    int   // full updates seen
	steps   int   // all updates seen
	refusal error // what apply answers
}

// start boots and runs a follower on dir. key 0 gives none.
func start(t testing.TB, bus *distribute.Bus, dir string, key byte) *node {
	t.Helper()
	n := &node{t: t, dir: dir, model: traffic.NewModel()}
	n.open(bus, key)
	if _, err := n.f.Boot(); err != nil {
		t.Fatal(err)
	}
	n.stop = rig.Start(t, n.f.Run)
	return n
}

func (n *node) open(bus *distribute.Bus, key byte) {
	n.t.Helper()
	n.bus = bus
	o := follow.Options{Dir: n.dir, Conn: bus.Conn(), Apply: n.apply, Spread: n.spread, Log: rig.Log(n.t)}
	if key != 0 {
		o.Keys = []ed25519.PublicKey{rig.Public(key)}
	}
	f, err := follow.New(o)
	if err != nil {
		n.t.Fatal(err)
	}
	n.f = f
}

func (n *node) apply(u follow.Update) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refusal != nil {
		return n.refusal
	}
	if !u.Full && u.Position.Revision <= n.pos.Revision {
		n.t.Errorf("increment to %s after %s", u.Position, n.pos)
	}
	if u.Full {
		n.model = traffic.NewModel()
		n.full++
	}
	n.model.Apply(u.Changes)
	n.pos = u.Position
	n.steps++
	return nil
}

func (n *node) state() (traffic.Position, []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pos, traffic.EncodeChanges(n.model.All())
}

// reaches waits until the node holds exactly what the store holds.
func (n *node) reaches(s *rig.Store) {
	n.t.Helper()
	rig.Eventually(n.t, "the node is where the store is", func() bool {
		want, _ := s.Head(n.t.Context())
		pos, ok := n.f.Position()
		return ok && pos == want
	})
	want, content := s.State()
	if got, have := n.state(); got != want || !bytes.Equal(have, content) {
		n.t.Fatalf("at %s the node holds other content than the store at %s", got, want)
	}
}

func (n *node) alarmed(about string) {
	n.t.Helper()
	rig.Eventually(n.t, "an alarm about "+about, func() bool { return strings.Contains(strings.Join(n.f.Alarms(), "\n"), about) })
}

func publisher(t testing.TB, bus *distribute.Bus, s publish.Source, key byte, change ...func(*publish.Options)) (*publish.Publisher, func()) {
	t.Helper()
	o := publish.Options{Source: s, Signing: publish.Signing{Signer: rig.Key(key)}, Conn: bus.Conn(), Log: rig.Log(t)}
	for _, c := range change {
		c(&o)
	}
	p, err := publish.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p, rig.Start(t, p.Run)
}

func TestNodeFollowsControl(t *testing.T) {
	t.Parallel()
	bus := rig.Dial(t, rig.Broker(t, broker.Options{}))
	store := rig.NewStore(1)
	p, _ := publisher(t, bus, store, 1)
	n := start(t, bus, t.TempDir(), 1)
	n.reaches(store) // the empty configuration is a configuration
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		store.Commit(rig.Random(r)...)
		p.Notify()
	}
	n.reaches(store)
	if n.full != 1 {
		t.Errorf("%d full updates, want only the first", n.full)
	}
	if a := n.f.Alarms(); a != nil {
		t.Errorf("alarms in quiet times: %q", a)
	}
}

func TestANodeIsLevelOnlyWithTheLogBehindTheSnapshot(t *testing.T) {
	t.Parallel()
	bus := rig.Dial(t, rig.Broker(t, broker.Options{}))
	store := rig.NewStore(1)
	p, stop := publisher(t, bus, store, 1)
	first := start(t, bus, t.TempDir(), 1)
	first.reaches(store)
	<-first.f.Level() // nothing is behind an empty log
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		store.Commit(rig.Random(r)...)
		p.Notify()
	}
	first.reaches(store)
	stop() // the snapshot in the stream stays the empty one

	second := &node{t: t, dir: t.TempDir(), model: traffic.NewModel()}
	second.open(bus, 1)
	if ok, err := second.f.Boot(); ok || err != nil {
		t.Fatalf("boot from an empty disk: %v %v", ok, err)
	}
	select {
	case <-second.f.Level():
		t.Fatal("level before it has run")
	default:
	}
	rig.Start(t, second.f.Run)
	<-second.f.Level()
	want, _ := store.State()
	if pos, _ := second.f.Position(); pos != want {
		t.Errorf("level at %s, the log ends at %s", pos, want)
	}
	if second.steps < 2 {
		t.Errorf("%d steps: this test wants a snapshot and a log behind it", second.steps)
	}
}

// Package rig holds what the tests of distribution share: an embedded server, a store
// in memory, and a model that follows it. It is for tests only.
package rig

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/traffic"
)

// Log writes to the test, and stops when the test is over: servers log late.
func Log(t testing.TB) *slog.Logger {
	w := &testWriter{t: t}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.done = true
	})
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type testWriter struct {
	t    testing.TB
	mu   sync.Mutex
	done bool
}

func (w *testWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.t.Logf("%s", bytes.TrimSpace(b))
	}
	return len(b), nil
}

// Broker starts an embedded server for the test.
func Broker(t testing.TB, o broker.Options) *broker.Broker {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	b, err := broker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// Dial connects as control, in process.
func Dial(t testing.TB, b *broker.Broker) *distribute.Bus {
	t.Helper()
	bus, err := distribute.Dial(distribute.DialOptions{Name: t.Name(), Extra: b.ControlOptions(), Log: Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	return bus
}

// DialNode connects over a socket, as a node with the given credential.
func DialNode(t testing.TB, urls []string, seed, id string) *distribute.Bus {
	t.Helper()
	sign, err := broker.Credential(seed)
	if err != nil {
		t.Fatal(err)
	}
	bus, err := distribute.Dial(distribute.DialOptions{Servers: urls, Name: id, Node: id, Extra: []nats.Option{sign}, Log: Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	return bus
}

// Key makes a signing key from a number, the same every time.
func Key(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

// Public is the other half of Key.
func Public(n byte) ed25519.PublicKey { return Key(n).Public().(ed25519.PublicKey) }

// Store is a store of record in memory.
type Store struct {
	mu    sync.Mutex
	model *traffic.Model
	head  traffic.Position
	revs  []publish.Revision // of this epoch, from revision first on
	first uint64
}

// NewStore is empty, at the given epoch.
func NewStore(epoch uint64) *Store {
	return &Store{model: traffic.NewModel(), head: traffic.Position{Epoch: epoch}, first: 1}
}

// Commit appends one revision.
func (s *Store) Commit(changes ...traffic.Change) publish.Revision {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := traffic.EncodeChanges(changes)
	s.head = s.head.Next(b)
	s.model.Apply(changes)
	r := publish.Revision{Position: s.head, Changes: b, At: time.UnixMicro(1_700_000_000_000_000 + int64(s.head.Revision)).UTC()}
	s.revs = append(s.revs, r)
	return r
}

// NewEpoch is what a restore does: the model stays, the history begins anew at the
// given revision with another chain.
func (s *Store) NewEpoch(epoch, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head = traffic.Position{Epoch: epoch, Revision: revision}
	s.head.Chain[0] = byte(epoch)
	s.revs, s.first = nil, revision+1
}

// Forget drops revisions before n, like compaction.
func (s *Store) Forget(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > s.first {
		s.revs, s.first = s.revs[n-s.first:], n
	}
}

// Head implements publish.Source.
func (s *Store) Head(context.Context) (traffic.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head, nil
}

// Revisions implements publish.Source.
func (s *Store) Revisions(_ context.Context, after uint64, limit int) ([]publish.Revision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := max(after+1, s.first) - s.first
	if from >= uint64(len(s.revs)) {
		return nil, nil
	}
	return slices.Clone(s.revs[from:min(int(from)+limit, len(s.revs))]), nil
}

// Snapshot implements publish.Source.
func (s *Store) Snapshot(context.Context) (traffic.Position, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head, traffic.EncodeChanges(s.model.All()), nil
}

// State is the position and the whole content, for comparison.
func (s *Store) State() (traffic.Position, []byte) {
	p, b, _ := s.Snapshot(context.Background())
	return p, b
}

// Past is every state of this epoch so far, by position.
func (s *Store) Past() map[traffic.Position]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, pos := traffic.NewModel(), traffic.Position{Epoch: s.head.Epoch}
	out := map[traffic.Position]string{pos: string(traffic.EncodeChanges(m.All()))}
	for _, r := range s.revs {
		changes, err := traffic.DecodeChanges(r.Changes)
		if err != nil {
			panic(err)
		}
		m.Apply(changes)
		out[r.Position] = string(traffic.EncodeChanges(m.All()))
	}
	return out
}

// Random makes a change set of puts and deletes over few names, so that changes meet.
func Random(r *rand.Rand) []traffic.Change {
	var out []traffic.Change
	for range 1 + r.IntN(6) {
		name := fmt.Sprintf("a%d", r.IntN(12))
		if r.IntN(4) == 0 {
			out = append(out, traffic.Change{Key: traffic.Key{Kind: traffic.KindAddress, Name: name}})
			continue
		}
		out = append(out, Address(name, fmt.Sprintf("192.0.2.%d", r.IntN(250)), fmt.Sprintf("remark %d", r.Uint64())))
	}
	return out
}

// Address puts one address.
func Address(name, ip, remark string) traffic.Change {
	a := traffic.New(traffic.KindAddress).(*traffic.Address)
	a.Name, a.Address, a.Remark = name, ip, remark
	a.Normalize()
	return traffic.Change{Key: a.Key(), After: a}
}

// Large is a change set whose encoded form does not compress below n bytes.
func Large(r *rand.Rand, n int) []traffic.Change {
	var out []traffic.Change
	b := make([]byte, 700)
	for i := 0; n > 0; i++ {
		for j := range b {
			b[j] = byte(33 + r.IntN(90))
		}
		out = append(out, Address(fmt.Sprintf("large%d", i), "192.0.2.1", string(b)))
		n -= 500
	}
	return out
}

// Eventually waits for a condition. The deadline is generous: the machines are shared.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 60 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Start runs f until the test ends or stop is called; both wait for it.
func Start(t testing.TB, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run ended with: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

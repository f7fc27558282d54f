package follow_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/follow"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// site is a server, a store, a publisher and a node that holds the store's content.
type site struct {
	bus   *distribute.Bus
	js    jetstream.JetStream
	store *rig.Store
	p     *publish.Publisher
	stop  func()
	n     *node
	r     *rand.Rand
}

func newSite(t *testing.T, change ...func(*publish.Options)) *site {
	t.Helper()
	s := &site{bus: rig.Dial(t, rig.Broker(t, broker.Options{})), store: rig.NewStore(3), r: rand.New(rand.NewPCG(7, 7))}
	var err error
	if s.js, err = jetstream.New(s.bus.Conn()); err != nil {
		t.Fatal(err)
	}
	s.p, s.stop = publisher(t, s.bus, s.store, 1, change...)
	s.n = start(t, s.bus, t.TempDir(), 1)
	// Until the node follows the log: what came before may all be in its snapshot.
	for steps := 0; steps == 0; {
		s.commit()
		s.n.reaches(s.store)
		s.n.mu.Lock()
		steps = s.n.steps - s.n.full
		s.n.mu.Unlock()
	}
	return s
}

func (s *site) commit() publish.Revision {
	r := s.store.Commit(rig.Random(s.r)...)
	s.p.Notify()
	return r
}

// send writes to the log what a publisher would, signed by any key.
func (s *site) send(t *testing.T, pos traffic.Position, changes []byte, key byte) {
	t.Helper()
	whole, err := codec.Seal(codec.Revision, pos, time.Now(), changes, rig.Key(key))
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range whole.Parts() {
		if _, err := s.js.Publish(t.Context(), stream.LogSubject(pos.Epoch, pos.Revision, i), b); err != nil {
			t.Fatal(err)
		}
	}
}

// keeps fails if the node leaves what it has.
func (s *site) keeps(t *testing.T, pos traffic.Position, content []byte) {
	t.Helper()
	for range 30 {
		if p, c := s.n.state(); p != pos || !bytes.Equal(c, content) {
			t.Fatalf("the node went from %s to %s", pos, p)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestWhatIsRefusedChangesNothingAndAlarms(t *testing.T) {
	t.Parallel()
	evil := traffic.EncodeChanges([]traffic.Change{rig.Address("evil", "192.0.2.66", "")})
	for _, tt := range []struct {
		name  string
		alarm string
		send  func(t *testing.T, s *site, pos traffic.Position)
	}{
		{"a revision signed by a stranger", "no trusted key", func(t *testing.T, s *site, pos traffic.Position) {
			s.send(t, pos.Next(evil), evil, 9)
		}},
		{"a revision of a later epoch signed by a stranger", "no trusted key", func(t *testing.T, s *site, pos traffic.Position) {
			s.send(t, traffic.Position{Epoch: 99, Revision: 1}, evil, 9)
		}},
		{"a signed revision that is not on the chain", "does not follow", func(t *testing.T, s *site, pos traffic.Position) {
			next := pos.Next(evil)
			next.Chain[5] ^= 1
			s.send(t, next, evil, 1)
		}},
		{"a revision with an object of a later release", "upgrade this node", func(t *testing.T, s *site, pos traffic.Position) {
			later := []byte(`[{"kind":"quantum_pool","name":"q","body":{}}]`)
			s.send(t, pos.Next(later), later, 1)
		}},
		{"an envelope of a later major version", "upgrade this node", func(t *testing.T, s *site, pos traffic.Position) {
			if _, err := s.js.Publish(t.Context(), stream.LogSubject(3, pos.Revision+1, 0), []byte("MRDN\x02and what that will mean")); err != nil {
				t.Fatal(err)
			}
		}},
		{"noise", "damaged", func(t *testing.T, s *site, pos traffic.Position) {
			if _, err := s.js.Publish(t.Context(), stream.LogSubject(3, pos.Revision+1, 0), []byte("noise")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a snapshot of a later epoch signed by a stranger", "no trusted key", func(t *testing.T, s *site, pos traffic.Position) {
			whole, err := codec.Seal(codec.Snapshot, traffic.Position{Epoch: 99, Revision: 1}, time.Now(), evil, rig.Key(9))
			if err != nil {
				t.Fatal(err)
			}
			_, at, err := stream.SnapshotHead(t.Context(), s.js, codec.NewKeys(rig.Public(1)))
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.WriteSnapshot(t.Context(), s.js, whole, nil, at); err != nil {
				t.Fatal(err)
			}
			b, _ := json.Marshal(stream.Head{Position: whole.Position, Snapshot: whole.Position, Sent: time.Now()})
			if err := s.bus.Conn().Publish(stream.HeadSubject, b); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.stop() // so that nobody puts it right at once
			pos, content := s.n.state()
			tt.send(t, s, pos)
			s.n.alarmed(tt.alarm)
			s.keeps(t, pos, content)
			// Control comes back, finds a log that is not its own, and the node goes on.
			s.p, s.stop = publisher(t, s.bus, s.store, 1)
			s.commit()
			s.n.reaches(s.store)
		})
	}
}

func TestHigherEpochIsAdoptedThoughItsRevisionIsLower(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 5 {
		s.commit()
	}
	s.n.reaches(s.store)
	s.store.NewEpoch(4, 2)
	s.p.Notify()
	s.n.reaches(s.store)
	s.commit()
	s.n.reaches(s.store)
	// The store of before the restore, still running somewhere, is refused.
	old := rig.NewStore(3)
	old.Commit(rig.Address("old", "192.0.2.99", ""))
	q, _ := publisher(t, s.bus, old, 1)
	rig.Eventually(t, "an alarm at the old control", func() bool {
		return strings.Contains(strings.Join(q.Alarms(), ""), "another control with a newer store")
	})
	pos, content := s.n.state()
	s.keeps(t, pos, content)
	s.commit()
	s.n.reaches(s.store)
}

func TestNodeStartsFromDiskWithoutAnyServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.commit()
	s.n.reaches(s.store)
	s.n.stop()
	want, content := s.n.state()
	nowhere, err := distribute.Dial(distribute.DialOptions{Servers: []string{"nats://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nowhere.Close)
	n := start(t, nowhere, s.n.dir, 0)
	if pos, c := n.state(); pos != want || !bytes.Equal(c, content) {
		t.Errorf("from disk: %s, want %s", pos, want)
	}
}

func TestEmptyDiskIsNoConfiguration(t *testing.T) {
	t.Parallel()
	bus := rig.Dial(t, rig.Broker(t, broker.Options{}))
	n := start(t, bus, t.TempDir(), 1) // nobody publishes
	time.Sleep(200 * time.Millisecond)
	if _, ok := n.f.Position(); ok || n.steps != 0 {
		t.Errorf("a node that never had a snapshot applied %d updates", n.steps)
	}
	_, err := follow.New(follow.Options{Dir: t.TempDir(), Conn: bus.Conn(), Apply: n.apply})
	if err == nil || !strings.Contains(err.Error(), "no signing key") {
		t.Errorf("without any key: %v", err)
	}
}

// Whatever a crash or a bad disk leaves in the folder, a start finds a state that the
// node once had, or says that it has none; and with control there it ends up right.
func TestAnyDamageOnDiskGivesAnOldStateOrNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 8 {
		s.commit()
		s.n.reaches(s.store)
	}
	seen := s.store.Past()
	s.n.stop()
	boot := func(dir string) (*node, bool) {
		n := &node{t: t, dir: dir, model: traffic.NewModel()}
		n.open(s.bus, 1)
		ok, err := n.f.Boot()
		if err != nil {
			t.Fatal(err)
		}
		if pos, content := n.state(); ok && seen[pos] != string(content) {
			t.Fatalf("started at %s with content that was never there", pos)
		}
		return n, ok
	}
	log, err := os.ReadFile(filepath.Join(s.n.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := os.ReadFile(filepath.Join(s.n.dir, "snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	lay := func(snapshot, log []byte) string {
		for name, b := range map[string][]byte{"snapshot": snapshot, "log": log} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	for cut := 0; cut <= len(log); cut += 13 { // killed while appending
		n, ok := boot(lay(snapshot, log[:cut]))
		if a := n.f.Alarms(); !ok || a != nil {
			t.Fatalf("log cut at byte %d: %v, alarms %q; a cut end is no damage", cut, ok, a)
		}
	}
	for range 150 { // a bit turned over
		b := bytes.Clone(log)
		b[s.r.IntN(len(b))] ^= 1 << s.r.IntN(8)
		if n, ok := boot(lay(snapshot, b)); !ok || n.steps != 1 {
			t.Fatal("the snapshot is good, and was not used")
		}
		b = bytes.Clone(snapshot)
		b[s.r.IntN(len(b))] ^= 1 << s.r.IntN(8)
		if n, ok := boot(lay(b, log)); ok || len(n.f.Alarms()) == 0 {
			// Part number and count are outside the signature, and a file has neither.
			t.Fatalf("a damaged snapshot was used, alarms %q", n.f.Alarms())
		}
	}
	n := start(t, s.bus, dir, 1) // with the last damaged snapshot
	n.reaches(s.store)
	rig.Eventually(t, "the disk alarm goes away once the disk is good again", func() bool { return n.f.Alarms() == nil })
	n.stop()
	if n, ok := boot(dir); !ok || n.f.Alarms() != nil {
		t.Errorf("after recovery: %v, %q", ok, n.f.Alarms())
	}
}

func TestAFullDiskIsAnAlarmAndTheNodeGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.n.stop()
	n := start(t, s.bus, s.n.dir, 0)
	s.n = n
	// A folder in the log's place refuses every write.
	path := filepath.Join(n.dir, "log")
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	s.commit()
	n.reaches(s.store)
	n.alarmed("cannot be stored")
	s.commit()
	n.reaches(s.store)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, "the alarm goes away", func() bool { return n.f.Alarms() == nil })
	n.stop()
	again := start(t, s.bus, n.dir, 0)
	if pos, _ := again.state(); pos != n.pos {
		t.Errorf("stored %s, want %s", pos, n.pos)
	}
}

func TestApplyThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pos, content := s.n.state()
	s.n.mu.Lock()
	s.n.refusal = errors.New("no memory")
	s.n.mu.Unlock()
	s.commit()
	s.n.alarmed("is not in use: no memory")
	s.keeps(t, pos, content)
	if st := s.n.f.Stats(); st.Refused["apply"] == 0 || st.Refused["signature"] != 0 || !st.Position.Before(st.Head) || st.Behind <= 0 || st.Since.IsZero() || st.Heard <= 0 {
		t.Errorf("stats %+v", st)
	}
	s.n.mu.Lock()
	s.n.refusal = nil
	s.n.mu.Unlock()
	s.n.reaches(s.store)
	rig.Eventually(t, "the alarm goes away", func() bool { return s.n.f.Alarms() == nil })
}

func TestSigningKeysRotateAlsoWhileANodeIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	rotation := func(serial uint64, from, to byte) []byte {
		return codec.SealRotation(codec.Rotation{Serial: serial, Keys: []string{codec.FormatKey(rig.Public(to))}}, rig.Key(from))
	}
	s.n.stop()
	s.stop()
	list := [][]byte{rotation(1, 1, 2), rotation(2, 2, 3)}
	s.p, s.stop = publisher(t, s.bus, s.store, 3, func(o *publish.Options) { o.Rotations = list })
	s.commit()
	n := start(t, s.bus, s.n.dir, 1) // it only knows the first key
	n.reaches(s.store)
	if k := n.f.Keys(); len(k) != 1 || !k[0].Equal(rig.Public(3)) {
		t.Errorf("trusted keys %v, want the third alone", k)
	}
	n.stop()
	n = start(t, s.bus, s.n.dir, 1) // the token is old by now
	if pos, _ := n.f.Position(); pos != n.pos || len(n.f.Alarms()) > 0 {
		t.Errorf("after a restart at %s with alarms %q", pos, n.f.Alarms())
	}
	s.commit()
	n.reaches(s.store)
}

// TestAnotherTokenIsBelievedAboveStoredRotations: control was lost and restored from a
// backup of before the rotations, with its first key. A node that is invited again takes
// that key, and until it has the restored state it answers from what it has stored.
func TestAnotherTokenIsBelievedAboveStoredRotations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.n.stop()
	s.stop()
	s.p, s.stop = publisher(t, s.bus, s.store, 3, func(o *publish.Options) {
		for serial := byte(1); serial <= 2; serial++ {
			r := codec.Rotation{Serial: uint64(serial), Keys: []string{codec.FormatKey(rig.Public(serial + 1))}}
			o.Rotations = append(o.Rotations, codec.SealRotation(r, rig.Key(serial)))
		}
	})
	s.commit()
	n := start(t, s.bus, s.n.dir, 1)
	n.reaches(s.store)
	had := n.pos
	n.stop()

	bus, restored := rig.Dial(t, rig.Broker(t, broker.Options{})), rig.NewStore(had.Epoch+1)
	restored.Commit(rig.Random(s.r)...)
	publisher(t, bus, restored, 9)
	n = start(t, s.bus, s.n.dir, 9)
	if pos, _ := n.f.Position(); pos != had {
		t.Errorf("started at %s, want what is stored, %s", pos, had)
	}
	n.stop()
	n = start(t, bus, s.n.dir, 9)
	n.reaches(restored)
	n.stop()
	n = start(t, bus, s.n.dir, 9)
	if pos, _ := n.f.Position(); pos != n.pos || len(n.f.Alarms()) > 0 || !n.f.Keys()[0].Equal(rig.Public(9)) {
		t.Errorf("after a restart at %s with alarms %q", pos, n.f.Alarms())
	}
}

func TestStoredLogIsShortenedByTheNextSnapshot(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *publish.Options) { o.SnapshotRevisions = 300 })
	s.n.stop()
	s.n.spread = time.Millisecond
	s.n.open(s.bus, 0)
	if _, err := s.n.f.Boot(); err != nil {
		t.Fatal(err)
	}
	s.n.stop = rig.Start(t, s.n.f.Run)
	for range 320 {
		s.commit()
	}
	s.n.reaches(s.store)
	rig.Eventually(t, "the stored log is short", func() bool {
		info, err := os.Stat(filepath.Join(s.n.dir, "log"))
		return err == nil && info.Size() < 30_000
	})
	s.commit()
	s.n.reaches(s.store)
	s.n.stop()
	again := start(t, s.bus, s.n.dir, 0)
	pos, content := s.n.state()
	if p, c := again.state(); p != pos || !bytes.Equal(c, content) {
		t.Errorf("stored %s, want %s", p, pos)
	}
}

func TestClockSkewIsAnAlarm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.stop()
	b, _ := json.Marshal(stream.Head{Position: s.n.pos, Snapshot: s.n.pos, Sent: time.Now().Add(-time.Hour)})
	if err := s.bus.Conn().Publish(stream.HeadSubject, b); err != nil {
		t.Fatal(err)
	}
	s.n.alarmed("clocks")
}

func TestBlobsAreCachedAndChecked(t *testing.T) {
	t.Parallel()
	blob := make([]byte, 3*codec.PartSize+17)
	for i := range blob {
		blob[i] = byte(i * i >> 3)
	}
	hash := traffic.Hash(sha256.Sum256(blob))
	small := []byte("small")
	smallHash := traffic.Hash(sha256.Sum256(small))
	list := []traffic.Hash{hash, smallHash}
	s := newSite(t, func(o *publish.Options) {
		o.Blobs = func() ([]traffic.Hash, bool) { return list, true }
		o.Blob = func(_ context.Context, h traffic.Hash) ([]byte, error) {
			if h == hash {
				return blob, nil
			}
			return small, nil
		}
	})
	dir := t.TempDir()
	cache, err := follow.NewBlobs(dir, s.bus.Conn(), rig.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	get := func(h traffic.Hash, want []byte) {
		t.Helper()
		rig.Eventually(t, "the blob", func() bool {
			b, err := cache.Get(t.Context(), h)
			return err == nil && bytes.Equal(b, want)
		})
	}
	get(hash, blob)
	get(smallHash, small)
	if _, err := cache.Get(t.Context(), traffic.Hash{1}); !errors.Is(err, follow.ErrAbsent) {
		t.Errorf("a blob that nobody has: %v", err)
	}
	path := filepath.Join(dir, hash.String())
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	get(hash, blob) // fetched again
	wipe(t, s.bus)
	if b, err := cache.Get(t.Context(), hash); err != nil || !bytes.Equal(b, blob) {
		t.Errorf("from disk: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	get(hash, blob) // control has published it again
	if err := cache.Keep(smallHash); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Keep left the other one: %v", err)
	}
	get(smallHash, small)
	for _, c := range []struct {
		sentence string
		data     []byte
		ok       bool
	}{{"the one that is stored", small, true}, {"none where it is damaged", []byte("damaged"), false}} {
		if err := os.WriteFile(filepath.Join(dir, smallHash.String()), c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if h, b, ok := cache.Latest(); ok != c.ok || ok && (h != smallHash || !bytes.Equal(b, small)) {
			t.Errorf("the latest is %s, %v; want %s", h, ok, c.sentence)
		}
	}
}

// Keys that change while everybody runs: nobody sees an unknown signature, what nodes
// hold on disk is signed by the newest key soon, and a key that is revoked is worth
// nothing, in the stream and on the disk.
func TestSigningKeysRotateUnderARunningNode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.n.stop()
	s.n.spread = time.Millisecond
	s.n.open(s.bus, 0)
	if _, err := s.n.f.Boot(); err != nil {
		t.Fatal(err)
	}
	s.n.stop = rig.Start(t, s.n.f.Run)
	s.commit()
	s.n.reaches(s.store)
	var list [][]byte
	rotate := func(from, to byte, trusted ...byte) {
		t.Helper()
		r := codec.Rotation{Serial: uint64(len(list)) + 1}
		var keys []ed25519.PublicKey
		for _, k := range append([]byte{to}, trusted...) {
			r.Keys, keys = append(r.Keys, codec.FormatKey(rig.Public(k))), append(keys, rig.Public(k))
		}
		list = append(list, codec.SealRotation(r, rig.Key(from)))
		s.p.SetSigning(publish.Signing{Signer: rig.Key(to), Trusted: keys, Rotations: slices.Clone(list)})
		// Also without a single revision, the node takes it and stores what it signed.
		rig.Eventually(t, "the stored snapshot is signed by the new key", func() bool {
			b, err := os.ReadFile(filepath.Join(s.n.dir, "snapshot"))
			if err != nil {
				return false
			}
			_, err = codec.Open(b, codec.NewKeys(rig.Public(to)))
			_, old := os.Stat(filepath.Join(s.n.dir, "keys-before.json"))
			return err == nil && os.IsNotExist(old)
		})
		s.commit()
		s.n.reaches(s.store)
		if a := s.n.f.Alarms(); len(a) > 0 {
			t.Errorf("rotation %d raised %q", len(list), a)
		}
	}
	rotate(1, 2, 1)
	rotate(2, 3, 2)
	rotate(3, 4) // 3 is revoked
	s.n.stop()
	again := start(t, s.bus, s.n.dir, 1)
	if pos, _ := again.f.Position(); pos != s.n.pos || len(again.f.Alarms()) > 0 {
		t.Errorf("after a restart at %s with alarms %q, want %s", pos, again.f.Alarms(), s.n.pos)
	}
	s.commit()
	again.reaches(s.store)
	// Whoever has the revoked key publishes in vain.
	pos, _ := s.store.State()
	forged, err := codec.Seal(codec.Revision, pos.Next([]byte("[]")), time.Now(), []byte("[]"), rig.Key(3))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.bus.Conn().Publish(stream.LogSubject(pos.Epoch, pos.Revision+1, 0), forged.Parts()[0]); err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, "an alarm", func() bool {
		return slices.ContainsFunc(again.f.Alarms(), func(a string) bool { return strings.Contains(a, "no trusted key has signed") })
	})
	s.commit()
	again.reaches(s.store)
}

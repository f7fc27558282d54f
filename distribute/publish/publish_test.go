package publish_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type site struct {
	t    testing.TB
	bus  *distribute.Bus
	js   jetstream.JetStream
	keys *codec.Keys
	r    *rand.Rand
}

func newSite(t *testing.T) *site {
	s := &site{t: t, bus: rig.Dial(t, rig.Broker(t, broker.Options{})), keys: codec.NewKeys(rig.Public(1)), r: rand.New(rand.NewPCG(5, 5))}
	var err error
	if s.js, err = stream.New(s.bus.Conn()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) publisher(src publish.Source, change ...func(*publish.Options)) (*publish.Publisher, func()) {
	s.t.Helper()
	o := publish.Options{Source: src, Signing: publish.Signing{Signer: rig.Key(1)}, Conn: s.bus.Conn(), Log: rig.Log(s.t)}
	for _, c := range change {
		c(&o)
	}
	p, err := publish.New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return p, rig.Start(s.t, p.Run)
}

func (s *site) published(p *publish.Publisher, store *rig.Store) {
	s.t.Helper()
	rig.Eventually(s.t, "all is published", func() bool { pos, _ := store.State(); return p.Position() == pos })
}

// readable checks what a node with nothing needs: a snapshot of the store's chain,
// and a log that leads from it to the head, each revision whole and in order.
func (s *site) readable(store *rig.Store) (revisions, messages int) {
	s.t.Helper()
	ctx := s.t.Context()
	head, _, err := stream.SnapshotHead(ctx, s.js, s.keys)
	if err != nil {
		s.t.Fatal(err)
	}
	whole, err := stream.ReadSnapshot(ctx, s.js, head, s.keys)
	if err != nil {
		s.t.Fatal(err)
	}
	content, err := whole.Content()
	if err != nil {
		s.t.Fatal(err)
	}
	changes, err := traffic.DecodeChanges(content)
	if err != nil {
		s.t.Fatal(err)
	}
	m, pos := traffic.NewModel(), whole.Position
	m.Apply(changes)
	log, err := s.js.Stream(ctx, stream.LogName)
	if err != nil {
		s.t.Fatal(err)
	}
	state := log.CachedInfo().State
	asm := codec.Assembler{Keys: s.keys}
	var last traffic.Position
	for seq := state.FirstSeq; seq <= state.LastSeq && state.Msgs > 0; seq++ {
		raw, err := log.GetMsg(ctx, seq)
		if err != nil {
			s.t.Fatal(err)
		}
		messages++
		p, err := codec.DecodePart(raw.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		r, err := asm.Add(p)
		if err != nil {
			s.t.Fatal(err)
		}
		if r == nil {
			continue
		}
		revisions++
		if !last.Before(r.Position) {
			s.t.Errorf("the log has %s after %s", r.Position, last)
		}
		last = r.Position
		if r.Position.Revision <= pos.Revision {
			continue
		}
		body, err := r.Content()
		if err != nil {
			s.t.Fatal(err)
		}
		if pos.Next(body) != r.Position {
			s.t.Fatalf("%s does not follow %s", r.Position, pos)
		}
		changes, err := traffic.DecodeChanges(body)
		if err != nil {
			s.t.Fatal(err)
		}
		m.Apply(changes)
		pos = r.Position
	}
	want, bytes := store.State()
	if pos != want || string(traffic.EncodeChanges(m.All())) != string(bytes) {
		s.t.Errorf("the streams lead to %s, the store is at %s", pos, want)
	}
	return revisions, messages
}

func TestEveryRevisionIsThereOnceWithTwoPublishers(t *testing.T) {
	t.Parallel()
	s, store := newSite(t), rig.NewStore(1)
	p, _ := s.publisher(store)
	q, stop := s.publisher(store)
	s.published(p, store)
	for i := range 60 {
		if i%20 == 10 {
			store.Commit(rig.Large(s.r, 2*codec.PartSize)...)
		} else {
			store.Commit(rig.Random(s.r)...)
		}
		p.Notify()
		q.Notify()
		if i == 30 {
			stop()
			q, stop = s.publisher(store)
		}
	}
	s.published(p, store)
	s.published(q, store)
	if revisions, _ := s.readable(store); revisions > 60 {
		t.Errorf("%d revisions in the log, want no more than the 60 there were", revisions)
	}
}

func TestLostAcknowledgementsPublishNothingTwice(t *testing.T) {
	t.Parallel()
	s, store := newSite(t), rig.NewStore(1)
	for range 40 {
		store.Commit(rig.Random(s.r)...)
	}
	// A publisher whose every start is cut short somewhere.
	for i := range 12 {
		p, err := publish.New(publish.Options{Source: store, Signing: publish.Signing{Signer: rig.Key(1)}, Conn: s.bus.Conn()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(2+3*i)*time.Millisecond)
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		store.Commit(rig.Random(s.r)...)
	}
	p, _ := s.publisher(store)
	s.published(p, store)
	s.readable(store)
}

func TestRevisionThatLostItsPublisherAmidPartsIsPublishedWhole(t *testing.T) {
	t.Parallel()
	s, store := newSite(t), rig.NewStore(1)
	p, stop := s.publisher(store)
	store.Commit(rig.Random(s.r)...)
	p.Notify()
	s.published(p, store)
	stop()
	r := store.Commit(rig.Large(s.r, 3*codec.PartSize)...)
	whole, err := codec.Seal(codec.Revision, r.Position, r.At, r.Changes, rig.Key(1))
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range whole.Parts()[:2] {
		if _, err := s.js.Publish(t.Context(), stream.LogSubject(1, r.Position.Revision, i), b); err != nil {
			t.Fatal(err)
		}
	}
	p, _ = s.publisher(store)
	s.published(p, store)
	s.readable(store)
}

func TestLogAlwaysReachesBackToTheSnapshot(t *testing.T) {
	t.Parallel()
	s, store := newSite(t), rig.NewStore(1)
	// So few messages that the oldest are discarded all the time.
	small := func(o *publish.Options) { o.Limits.LogMessages = 10 }
	p, stop := s.publisher(store, small)
	for i := range 50 {
		store.Commit(rig.Random(s.r)...)
		p.Notify()
		if i%7 == 0 {
			s.published(p, store)
			if _, n := s.readable(store); n > 10 {
				t.Errorf("%d messages in the log, want at most 10", n)
			}
		}
	}
	s.published(p, store)
	s.readable(store)
	stop()
	// A backlog longer than the log, and a store that has forgotten what the log ends with.
	for range 30 {
		store.Commit(rig.Random(s.r)...)
	}
	store.Forget(75)
	p, _ = s.publisher(store, small)
	s.published(p, store)
	s.readable(store)
}

// TestCompactedBetweenTwoLooks: a publisher at work finds that what follows its last
// revision has been compacted away, and goes on with a snapshot.
func TestCompactedBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	s, store := newSite(t), rig.NewStore(1)
	p, _ := s.publisher(store)
	store.Commit(rig.Random(s.r)...)
	p.Notify()
	s.published(p, store)
	// No word to it: by its next look all of this is past.
	for range 10 {
		store.Commit(rig.Random(s.r)...)
	}
	store.Forget(8)
	s.published(p, store)
	s.readable(store)
}

func TestSnapshotsComeWithRevisionsAndBytesAndOldOnesGo(t *testing.T) {
	t.Parallel()
	s, store := newSite(t), rig.NewStore(1)
	p, _ := s.publisher(store, func(o *publish.Options) { o.SnapshotRevisions = 5 })
	at := func() traffic.Position {
		head, _, err := stream.SnapshotHead(t.Context(), s.js, s.keys)
		if err != nil {
			t.Fatal(err)
		}
		return head.Position
	}
	s.published(p, store)
	for range 23 {
		store.Commit(rig.Random(s.r)...)
		p.Notify()
		s.published(p, store)
	}
	if pos, _ := store.State(); pos.Revision-at().Revision >= 5 {
		t.Errorf("snapshot at %s with the head at %s, want one every 5", at(), pos)
	}
	snap, err := s.js.Stream(t.Context(), stream.SnapName)
	if err != nil {
		t.Fatal(err)
	}
	if n := snap.CachedInfo().State.Msgs; n > 3 {
		t.Errorf("%d messages in the snapshot stream, want two snapshots and a head", n)
	}
	q, _ := s.publisher(store, func(o *publish.Options) { o.SnapshotBytes = 1 << 20 })
	before := at()
	store.Commit(rig.Large(s.r, 2<<20)...)
	q.Notify()
	s.published(q, store)
	rig.Eventually(t, "a snapshot because of the bytes", func() bool { return at() != before })
}

func TestStreamsThatAreLostComeBackByThemselves(t *testing.T) {
	t.Parallel()
	s, store := newSite(t), rig.NewStore(1)
	p, _ := s.publisher(store)
	store.Commit(rig.Random(s.r)...)
	p.Notify()
	s.published(p, store)
	for _, name := range []string{stream.LogName, stream.SnapName} {
		if err := s.js.DeleteStream(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		rig.Eventually(t, name+" is back", func() bool {
			_, err := stream.Last(t.Context(), s.js, stream.SnapName, stream.SnapHead)
			_, missing := s.js.Stream(t.Context(), stream.LogName)
			return err == nil && missing == nil
		})
		s.readable(store)
	}
}

// broken is a store with something wrong.
type broken struct {
	*rig.Store
	head   func(traffic.Position) traffic.Position
	revs   func([]publish.Revision) []publish.Revision
	failed atomic.Pointer[error]
}

func (b *broken) Head(ctx context.Context) (traffic.Position, error) {
	if err := b.failed.Load(); err != nil {
		return traffic.Position{}, *err
	}
	p, err := b.Store.Head(ctx)
	if b.head != nil {
		p = b.head(p)
	}
	return p, err
}

func (b *broken) Revisions(ctx context.Context, after uint64, limit int) ([]publish.Revision, error) {
	r, err := b.Store.Revisions(ctx, after, limit)
	if b.revs != nil {
		r = b.revs(r)
	}
	return r, err
}

func TestStoresThatAreWrongAreNotPublished(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, alarm string
		change      func(*broken)
	}{
		{"a store that lost revisions", "lost revisions", func(b *broken) {
			b.head = func(p traffic.Position) traffic.Position { p.Revision -= 2; return p }
		}},
		{"a chain that does not fit", "chain is broken", func(b *broken) {
			b.Commit(rig.Address("x", "192.0.2.7", ""))
			b.revs = func(list []publish.Revision) []publish.Revision {
				list = append([]publish.Revision(nil), list...)
				for i := range list {
					if list[i].Position.Revision == 4 {
						list[i].Changes = []byte("[]")
					}
				}
				return list
			}
		}},
		{"a head without revisions", "has none", func(b *broken) {
			b.Commit(rig.Address("x", "192.0.2.7", ""))
			b.revs = func(list []publish.Revision) []publish.Revision {
				if len(list) > 0 && list[0].Position.Revision == 4 {
					return nil
				}
				return list
			}
		}},
		{"a database that fails", "disk I/O", func(b *broken) {
			err := errors.New("disk I/O")
			b.failed.Store(&err)
		}},
		{"an older epoch", "another control with a newer store", func(b *broken) {
			b.head = func(p traffic.Position) traffic.Position { p.Epoch--; return p }
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, store := newSite(t), rig.NewStore(2)
			for range 3 {
				store.Commit(rig.Random(s.r)...)
			}
			p, stop := s.publisher(store)
			s.published(p, store)
			stop()
			before, messages := s.readable(store)
			b := &broken{Store: store}
			tt.change(b)
			q, _ := s.publisher(b)
			rig.Eventually(t, "an alarm", func() bool { return strings.Contains(fmt.Sprint(q.Alarms()), tt.alarm) })
			log, err := s.js.Stream(t.Context(), stream.LogName)
			if err != nil {
				t.Fatal(err)
			}
			if n := log.CachedInfo().State.Msgs; int(n) != messages {
				t.Errorf("%d messages in the log, want the %d (%d revisions) of before", n, messages, before)
			}
		})
	}
}

func TestSomebodyElsesMessagesAreCleanedAway(t *testing.T) {
	t.Parallel()
	s, store := newSite(t), rig.NewStore(1)
	store.Commit(rig.Random(s.r)...)
	p, stop := s.publisher(store)
	s.published(p, store)
	stop()
	for _, subject := range []string{stream.LogSubject(1, 2, 0), stream.SnapHead} {
		if _, err := s.js.Publish(t.Context(), subject, []byte("noise")); err != nil {
			t.Fatal(err)
		}
		p, stop := s.publisher(store)
		s.published(p, store)
		s.readable(store)
		stop()
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, o := range map[string]publish.Options{
		"no source": {Signing: publish.Signing{Signer: rig.Key(1)}, Conn: s.bus.Conn()},
		"no key":    {Source: rig.NewStore(1), Conn: s.bus.Conn()},
		"no bus":    {Source: rig.NewStore(1), Signing: publish.Signing{Signer: rig.Key(1)}},
	} {
		if _, err := publish.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

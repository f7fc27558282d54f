package publish

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// Revision is one committed change set.
type Revision struct {
	Position traffic.Position
	Changes  []byte // traffic.EncodeChanges; Position.Next of it leads here
	At       time.Time
}

// Source is the store of record.
type Source interface {
	// Head is the position of the newest committed revision.
	Head(ctx context.Context) (traffic.Position, error)
	// Revisions returns up to limit revisions of the current epoch after the given one,
	// consecutive and in order. Fewer than asked, or none, when that is all; a first one
	// that is not after+1 when those between have been compacted away.
	Revisions(ctx context.Context, after uint64, limit int) ([]Revision, error)
	// Snapshot returns the whole configuration and its position, of one moment:
	// traffic.EncodeChanges of Model.All.
	Snapshot(ctx context.Context) (traffic.Position, []byte, error)
}

// Signing is the key that signs, and how nodes learn of it.
type Signing struct {
	Signer ed25519.PrivateKey
	// Trusted are the public keys that nodes trust, the signer's first; default the
	// signer's alone.
	Trusted []ed25519.PublicKey
	// Rotations are all key rotations so far in order of serial, as codec.SealRotation
	// made them.
	Rotations [][]byte
}

// Options of a Publisher. Source, Signer and Conn are required.
type Options struct {
	Source Source
	Signing
	// Current, if set, reads the signing key again. It is asked when the streams hold what
	// is signed by a key unknown here: another control process may have rotated it.
	Current func(ctx context.Context) (Signing, error)
	Conn    *nats.Conn
	// Blobs, if set, lists the location maps that nodes need, newest last, or says that
	// another publisher does; Blob gives the bytes of one, or ErrNoBlob when it cannot be
	// had here. Both are called from Run.
	Blobs func() (list []traffic.Hash, ours bool)
	Blob  func(ctx context.Context, hash traffic.Hash) ([]byte, error)

	Limits stream.Limits
	// SnapshotRevisions and SnapshotBytes: a snapshot is made when the log after the last
	// one is longer than either; default 1,000 revisions or 8 MiB, but at least the size of
	// the last snapshot, so that a large configuration is not sent for small changes.
	SnapshotRevisions uint64
	SnapshotBytes     int
	Log               *slog.Logger
}

// Publisher is made by New and works while Run runs.
type Publisher struct {
	o    Options
	log  *slog.Logger
	keys *codec.Keys
	wake chan struct{}

	// Owned by Run.
	js jetstream.JetStream
	// made: the streams were there when we last asked. known: the fields below say what
	// is in them. placed: tail is on the store's chain and joins the snapshot.
	made, known, placed bool
	seq, first          uint64           // last and first sequence of the log
	empty               bool             // nothing in the log
	tail                traffic.Position // of the last message in the log; once placed, where to go on
	partial             bool             // that message is not the last part of its revision
	snap                *codec.Sealed    // header of the latest snapshot; nil if none can be used
	snapAt              uint64           // stream sequence of it, 0 if none
	bytes, messages     int              // in the log after snap, as far as we saw them come
	logBytes            uint64           // of the log, as last looked at
	blobList            []traffic.Hash   // as last checked
	blobAt              time.Time

	mu    sync.Mutex // guards the fields below
	done  traffic.Position
	alarm string
	count Stats
	next  *Signing // to be put in force by Run
}

// Intervals.
const (
	// announceEvery bounds how long a node that missed an announcement does not know
	// that it is behind, and how long streams that a server lost stay lost.
	announceEvery = 2 * time.Second
	maxBackoff    = 5 * time.Second
	// page is how many revisions are read from the store at once.
	page = 256
	// connectPoll is how soon a connection that came back is noticed.
	connectPoll = 100 * time.Millisecond
)

// ErrNoBlob: this process does not have a location map. Nodes that have it keep it.
var ErrNoBlob = errors.New("not here")

// New checks the options.
func New(o Options) (*Publisher, error) {
	if o.Source == nil || o.Conn == nil || len(o.Signer) != ed25519.PrivateKeySize {
		return nil, errors.New("make publisher: source, connection and signing key are required")
	}
	if o.SnapshotRevisions == 0 {
		o.SnapshotRevisions = 1000
	}
	if o.SnapshotBytes == 0 {
		o.SnapshotBytes = 8 << 20
	}
	o.Limits = o.Limits.WithDefaults()
	p := &Publisher{o: o, log: o.Log, wake: make(chan struct{}, 1)}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.sign(o.Signing)
	var err error
	if p.js, err = stream.New(o.Conn); err != nil {
		return nil, fmt.Errorf("make publisher: %w", err)
	}
	return p, nil
}

// Notify says that the store has a new revision. It never blocks.
func (p *Publisher) Notify() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// SetSigning puts another signing key in force: its rotation goes out first, then
// everything is signed by it.
func (p *Publisher) SetSigning(s Signing) {
	p.mu.Lock()
	p.next = &s
	p.mu.Unlock()
	p.Notify()
}

func (p *Publisher) sign(s Signing) {
	if len(s.Trusted) == 0 {
		s.Trusted = []ed25519.PublicKey{s.Signer.Public().(ed25519.PublicKey)}
	}
	p.o.Signing, p.keys = s, codec.NewKeys(s.Trusted...)
	p.known = false // look again with these keys
}

// overtaken takes another signing key if there is one, and then fails with ErrRaced:
// what was just read must be read again.
func (p *Publisher) overtaken(ctx context.Context) error {
	if p.o.Current == nil {
		return nil
	}
	s, err := p.o.Current(ctx)
	if err != nil {
		return fmt.Errorf("read the signing key: %w", err)
	}
	if len(s.Rotations) == len(p.o.Rotations) {
		return nil
	}
	p.sign(s)
	return fmt.Errorf("%w: another control process has rotated the signing key", stream.ErrRaced)
}

// PutBlob stores a location map at once, before the revision that names it is
// committed. Without Options.Blobs nobody brings it back if the server loses it.
func (p *Publisher) PutBlob(ctx context.Context, hash traffic.Hash, data []byte) error {
	if err := stream.Ensure(ctx, p.js, p.o.Limits); err != nil {
		return fmt.Errorf("put blob %s: %w", hash, err)
	}
	return stream.PutBlob(ctx, p.js, hash, data)
}

// Position is the newest position that the streams are known to hold.
func (p *Publisher) Position() traffic.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// Stats is what a publisher has done since it began.
type Stats struct {
	Revisions uint64
	Snapshots uint64
	Failures  uint64 // attempts that were made again
}

// Stats returns the present numbers.
func (p *Publisher) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *Publisher) counted(f func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.count)
}

// Alarms says what keeps configuration from going out, in sentences.
func (p *Publisher) Alarms() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.alarm == "" {
		return nil
	}
	return []string{p.alarm}
}

// Run publishes until ctx ends and then returns nil. Trouble is retried for ever.
func (p *Publisher) Run(ctx context.Context) error {
	wait := time.Duration(0)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
			if wait > 0 { // in trouble: a new revision does not shorten the wait
				continue
			}
		case <-timer.C:
		}
		live, stop, err := stream.WhileConnected(ctx, p.o.Conn)
		if err == nil {
			err = p.sync(live)
			if errors.Is(context.Cause(live), stream.ErrDisconnected) {
				err = stream.ErrDisconnected
			}
			stop()
		}
		switch {
		case err == nil:
			wait = 0
			p.setAlarm("")
			timer.Reset(announceEvery)
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, stream.ErrRaced):
			p.known = false
			timer.Reset(rand.N(20 * time.Millisecond))
		case errors.Is(err, stream.ErrDisconnected):
			p.made, p.known, wait = false, false, 0
			p.setAlarm("configuration is not published: " + err.Error())
			timer.Reset(connectPoll)
		default:
			p.made, p.known = false, false
			wait = min(maxBackoff, max(100*time.Millisecond, 2*wait))
			p.setAlarm("configuration is not published: " + err.Error())
			p.counted(func(s *Stats) { s.Failures++ })
			p.log.Warn("publish configuration", "error", err, "again_in", wait)
			timer.Reset(wait/2 + rand.N(wait/2))
		}
	}
}

func (p *Publisher) setAlarm(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alarm = s
}

// sync brings the streams to the store's head and says so.
func (p *Publisher) sync(ctx context.Context) error {
	p.mu.Lock()
	next := p.next
	p.next = nil
	p.mu.Unlock()
	if next != nil {
		p.sign(*next)
	}
	if err := p.look(ctx); err != nil {
		return err
	}
	head, err := p.o.Source.Head(ctx)
	if err != nil {
		return fmt.Errorf("read the store's head: %w", err)
	}
	if head, err = p.checkAge(ctx, head); err != nil {
		return err
	}
	if !p.placed || p.snap == nil || p.snap.Position.Epoch != head.Epoch || p.tail.Epoch != head.Epoch {
		if err := p.place(ctx, head); err != nil {
			return err
		}
		p.placed = true
	}
	if !p.snap.SignedBy(p.o.Trusted[0]) {
		// Nodes put it in place of what the key before has signed, which is soon worthless.
		if err := p.snapshot(ctx); err != nil {
			return err
		}
	}
	if head.Revision > p.tail.Revision+p.backlog() {
		// Nodes are as far behind; they are served sooner by one snapshot.
		if err := p.restart(ctx); err != nil {
			return err
		}
	}
	if err := p.revisions(ctx, head); err != nil {
		return err
	}
	if err := p.blobs(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	p.done = p.tail
	p.mu.Unlock()
	return p.announce()
}

// announce tells nodes where the streams are. It goes out after what it announces
// has been acknowledged.
func (p *Publisher) announce() error {
	b, err := json.Marshal(stream.Head{Position: p.tail, Snapshot: p.snap.Position, Keys: uint64(len(p.o.Rotations)), Sent: time.Now().UTC()})
	if err != nil {
		return fmt.Errorf("encode announcement: %w", err)
	}
	if err := p.o.Conn.Publish(stream.HeadSubject, b); err != nil {
		return fmt.Errorf("announce %s: %w", p.tail, err)
	}
	return nil
}

// revisions appends what the store has beyond the tail.
func (p *Publisher) revisions(ctx context.Context, head traffic.Position) error {
	for p.tail.Revision < head.Revision {
		list, err := p.o.Source.Revisions(ctx, p.tail.Revision, page)
		if err != nil {
			return fmt.Errorf("read revisions after %d: %w", p.tail.Revision, err)
		}
		if len(list) == 0 {
			return fmt.Errorf("read revisions after %d: the store has none though its head is %d", p.tail.Revision, head.Revision)
		}
		if list[0].Position.Revision != p.tail.Revision+1 {
			// Those between are compacted away: nodes behind them need the whole.
			if err := p.restart(ctx); err != nil {
				return err
			}
			continue
		}
		for len(list) > 0 {
			n, err := p.append(ctx, list)
			if err != nil {
				return err
			}
			list = list[n:]
			p.counted(func(s *Stats) { s.Revisions += uint64(n) })
			if p.due() {
				if err := p.snapshot(ctx); err != nil {
					return err
				}
			}
		}
	}
	if p.due() { // by what another publisher wrote
		return p.snapshot(ctx)
	}
	return nil
}

// due asks for a snapshot well before the log's limits could discard a revision that
// a reader of the last one needs.
func (p *Publisher) due() bool {
	return p.dueAfter(p.tail) || p.bytes >= max(p.o.SnapshotBytes, p.snap.Size()) ||
		2*int64(p.messages) >= p.o.Limits.LogMessages || 2*int64(p.bytes) >= p.o.Limits.LogBytes
}

// dueAfter asks for a snapshot by the number of revisions alone.
func (p *Publisher) dueAfter(tail traffic.Position) bool {
	since := tail.Revision - min(tail.Revision, p.snap.Position.Revision)
	return since >= max(p.o.SnapshotRevisions, uint64(p.snap.Size()/smallRevision))
}

// smallRevision is what a change of one record takes in the log, in bytes. A log of
// small revisions may grow as long as the snapshot is large: one of 100,000 names costs
// control half a second, as much as it takes to publish a thousand revisions.
const smallRevision = 512

// backlog is how many revisions are published one by one to catch up with the store.
func (p *Publisher) backlog() uint64 {
	return max(1, min(5*p.o.SnapshotRevisions, uint64(p.o.Limits.LogMessages)/2))
}

func (p *Publisher) blobsDue(list []traffic.Hash) bool {
	const every = time.Minute
	if slices.Equal(list, p.blobList) && time.Since(p.blobAt) < every {
		return false
	}
	p.blobList, p.blobAt = slices.Clone(list), time.Now()
	return true
}

// A run is what is under way at once: as many revisions as one group of commits has, so
// that nodes find them together and compile once for all, and no more than may be sent
// again when another publisher was faster.
const (
	runMessages = 64
	runBytes    = 1 << 20
)

// append writes the first of some revisions as one run, part after part, and returns how
// many they were. Each message names the sequence of the one before, so the server takes
// them in order up to the first that it refuses; what follows that one it refuses too.
func (p *Publisher) append(ctx context.Context, list []Revision) (int, error) {
	var acks []jetstream.PubAckFuture
	tail, n, bytes, logBytes := p.tail, 0, 0, 0
	most := min(runMessages, max(1, int(p.o.Limits.LogMessages/8)))
	for _, r := range list {
		if n > 0 && (len(acks) >= most || bytes >= runBytes || p.dueAfter(tail)) {
			break
		}
		if want := tail.Next(r.Changes); r.Position != want {
			return 0, fmt.Errorf("revision %s does not follow %s: the store's chain is broken", r.Position, tail)
		}
		s, err := codec.Seal(codec.Revision, r.Position, r.At, r.Changes, p.o.Signer)
		if err != nil {
			return 0, err
		}
		for i, b := range s.Parts() {
			ack, err := p.js.PublishAsync(stream.LogSubject(r.Position.Epoch, r.Position.Revision, i), b, jetstream.WithExpectLastSequence(p.seq+uint64(len(acks))))
			if err != nil {
				return 0, fmt.Errorf("publish revision %d: %w", r.Position.Revision, err)
			}
			acks = append(acks, ack)
			logBytes += len(b)
		}
		tail = r.Position
		bytes += s.Size()
		n++
	}
	for _, a := range acks {
		select {
		case ack := <-a.Ok():
			p.seq = ack.Sequence
		case err := <-a.Err():
			return 0, fmt.Errorf("publish revisions from %d on: %w", p.tail.Revision+1, stream.Raced(err))
		case <-ctx.Done():
			return 0, fmt.Errorf("publish revisions from %d on: %w", p.tail.Revision+1, ctx.Err())
		}
	}
	p.messages += len(acks)
	p.logBytes += uint64(logBytes)
	p.empty = false
	p.tail = tail
	p.bytes += bytes
	return n, nil
}

// snapshot publishes the store's whole configuration of now.
func (p *Publisher) snapshot(ctx context.Context) error {
	pos, content, err := p.o.Source.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	s, err := codec.Seal(codec.Snapshot, pos, time.Now(), content, p.o.Signer)
	if err != nil {
		return err
	}
	if err := stream.WriteSnapshot(ctx, p.js, s, p.snap, p.snapAt); err != nil {
		return err
	}
	head, at, err := stream.SnapshotHead(ctx, p.js, p.keys)
	if err != nil {
		return fmt.Errorf("read back snapshot %s: %w", pos, err)
	}
	p.snap, p.snapAt, p.bytes, p.messages = head, at, 0, 0
	p.counted(func(s *Stats) { s.Snapshots++ })
	p.log.Info("published a snapshot", "position", pos.String(), "bytes", s.Size(), "parts", s.Count())
	return nil
}

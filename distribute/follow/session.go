package follow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// errGap ends a session whose stream does not go on where the node is.
var errGap = errors.New("the log does not continue the configuration in use")

const (
	// fetchSize is how many messages one pull asks for. A part has at most 512 KiB, so
	// 64 of them stay below the server's 64 MiB of pending bytes per client.
	fetchSize = 64
	fetchFor  = 10 * time.Second
	heartbeat = 2 * time.Second

	// A batch is applied when the stream has no more at the moment, or at these bounds:
	// a node that is far behind compiles few times, and still shows progress.
	maxBatch      = 512
	maxBatchBytes = 4 << 20
	maxBatchAge   = 250 * time.Millisecond
)

// session looks where the streams stand, catches up, and follows until something
// requires another look.
func (f *Follower) session(ctx context.Context) (err error) {
	live, stop, err := stream.WhileConnected(ctx, f.o.Conn)
	if err != nil {
		return err
	}
	defer func() {
		if errors.Is(context.Cause(live), stream.ErrDisconnected) {
			err = stream.ErrDisconnected
		}
		stop()
	}()
	if err := f.rotate(live); err != nil {
		return err
	}
	start, err := f.join(live)
	if err != nil {
		return err
	}
	cons, err := f.js.CreateConsumer(live, stream.LogName, jetstream.ConsumerConfig{
		// One filter, in the singular field: it then stands in the API subject, which is
		// what a node's permissions allow.
		FilterSubject:     stream.LogAll,
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       start,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: 30 * time.Second,
	})
	if err != nil {
		return fmt.Errorf("make consumer at %d: %w", start, err)
	}
	defer func() {
		if !f.o.Conn.IsConnected() {
			return // it expires by itself
		}
		done, cancel := context.WithTimeout(context.WithoutCancel(ctx), 500*time.Millisecond)
		defer cancel()
		_ = f.js.DeleteConsumer(done, stream.LogName, cons.CachedInfo().Name) // as above
	}()
	if cons.CachedInfo().NumPending == 0 {
		f.leveled()
	}
	return f.consume(live, cons)
}

// rotate takes the key rotations that came since.
func (f *Follower) rotate(ctx context.Context) error {
	for {
		m, err := stream.Last(ctx, f.js, stream.SnapName, stream.KeySubject(f.keys.Serial()+1))
		if errors.Is(err, stream.ErrNone) {
			return nil
		}
		if err != nil {
			return err
		}
		before := f.keys.List()
		changed, err := f.keys.Rotate(m.Data)
		if err != nil {
			// A bad rotation must not keep the node from what the keys here have signed.
			f.note(err)
			return nil
		}
		if !changed {
			return nil
		}
		f.log.Info("took a rotation of the signing keys", "serial", f.keys.Serial())
		// What lies on the disk may be signed by a key that is trusted no more.
		err = f.disk.saveOldKeys(before)
		if err == nil {
			err = f.disk.saveKeys(f.keys)
		}
		if err != nil {
			f.raise(alarmDisk, err.Error())
		}
		f.resignAt = time.Now().Add(rand.N(f.o.Spread)) // all nodes hear of it together
	}
}

// trusts reports whether err is about a key that a rotation has meanwhile brought in.
func (f *Follower) trusts(ctx context.Context, err error) bool {
	const every = time.Second // whoever sends rubbish shall not make us ask for each piece
	if !errors.Is(err, codec.ErrSignature) || time.Since(f.inVain) < every {
		return false
	}
	before := f.keys.Serial()
	if err := f.rotate(ctx); err != nil {
		f.log.Debug("look for a rotation of the signing keys", "error", err)
	}
	if f.keys.Serial() == before {
		f.inVain = time.Now()
		return false
	}
	return true
}

// resign puts a snapshot that the newest key has signed in place of what the disk holds,
// and then forgets the keys before.
func (f *Follower) resign(ctx context.Context) error {
	const again = time.Second
	f.resignAt = time.Now().Add(again)
	snap, _, err := stream.SnapshotHead(ctx, f.js, f.keys)
	if err == nil && snap.SignedBy(f.keys.List()[0]) {
		snap, err = stream.ReadSnapshot(ctx, f.js, snap, f.keys)
		if pos, _ := f.Position(); err == nil && pos.Before(snap.Position) {
			return errGap // it is news
		}
		if err == nil {
			err = f.disk.replace(snap)
			f.stored(err)
		}
		if err == nil {
			err = f.disk.dropOldKeys()
		}
		if err == nil {
			f.resignAt = time.Time{}
		}
	}
	if err != nil {
		f.log.Debug("store what the newest key has signed", "error", err)
	}
	return nil
}

// join finds the sequence of the log from which to read, after adopting the snapshot
// if that is what leads on.
func (f *Follower) join(ctx context.Context) (start uint64, err error) {
	for range 3 {
		pos, have := f.Position()
		// The log's end is read before we look for the next revision, so that one which
		// is published between cannot be missed.
		log, err := f.js.Stream(ctx, stream.LogName)
		if err != nil {
			if errors.Is(err, jetstream.ErrStreamNotFound) {
				err = fmt.Errorf("%w: %w", stream.ErrNone, err)
			}
			return 0, fmt.Errorf("look up stream %s: %w", stream.LogName, err)
		}
		if have {
			m, err := stream.LastOf(ctx, log, stream.LogSubject(pos.Epoch, pos.Revision+1, 0))
			if err == nil {
				return m.Sequence, nil
			}
			if !errors.Is(err, stream.ErrNone) {
				return 0, err
			}
		}
		adopted, err := f.adopt(ctx)
		if err != nil {
			if !have {
				return 0, err
			}
			f.note(err)
		}
		if !adopted {
			if !have {
				return 0, fmt.Errorf("%w: no snapshot yet", stream.ErrNone)
			}
			return log.CachedInfo().State.LastSeq + 1, nil
		}
	}
	return 0, errGap
}

// adopt takes the snapshot in the stream if it is newer than what is in use.
func (f *Follower) adopt(ctx context.Context) (bool, error) {
	pos, have := f.Position()
	head, _, err := stream.SnapshotHead(ctx, f.js, f.keys)
	if f.trusts(ctx, err) {
		head, _, err = stream.SnapshotHead(ctx, f.js, f.keys)
	}
	if errors.Is(err, stream.ErrNone) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if have && !pos.Before(head.Position) {
		return false, nil
	}
	whole, err := stream.ReadSnapshot(ctx, f.js, head, f.keys)
	if err != nil {
		return false, err
	}
	content, err := whole.Content()
	if err != nil {
		return false, err
	}
	changes, err := traffic.DecodeChanges(content)
	if err != nil {
		f.raise(alarmFormat, fmt.Sprintf("snapshot %s cannot be used: %v", whole.Position, err))
		return false, err
	}
	if err := f.apply(Update{Position: whole.Position, Full: true, Changes: changes}); err != nil {
		return false, err
	}
	f.log.Info("took a snapshot", "position", whole.Position.String(), "before", nameOf(pos, have), "bytes", whole.Size())
	f.stored(f.disk.replace(whole))
	f.compactAt = time.Time{}
	return true, nil
}

func (f *Follower) apply(u Update) error {
	if err := f.o.Apply(u); err != nil {
		f.raise(alarmApply, fmt.Sprintf("configuration %s is not in use: %v", u.Position, err))
		return fmt.Errorf("apply %s: %w", u.Position, err)
	}
	f.clear(alarmApply)
	f.reached(u.Position)
	return nil
}

// stored keeps the disk alarm in step with the disk.
func (f *Follower) stored(err error) {
	if err != nil {
		f.raise(alarmDisk, "the configuration is in use but cannot be stored, and would be older after a restart: "+err.Error())
		return
	}
	f.clear(alarmDisk)
}

// batch is what has been read and verified, but not applied.
type batch struct {
	revs    []*codec.Sealed
	changes []traffic.Change
	end     traffic.Position // of the last one; that in use when there is none
	bytes   int
	begun   time.Time
}

func (f *Follower) flush(b *batch) error {
	if len(b.revs) == 0 {
		return nil
	}
	defer func() { *b = batch{end: b.end} }()
	if err := f.apply(Update{Position: b.end, Changes: b.changes}); err != nil {
		return err
	}
	f.stored(f.disk.append(b.revs))
	return nil
}

// consume pulls messages until something calls for another look.
func (f *Follower) consume(ctx context.Context, cons jetstream.Consumer) (err error) {
	pos, _ := f.Position()
	b := &batch{end: pos}
	asm := &codec.Assembler{} // take has asked the keys
	f.progress = time.Now()
	defer func() { err = errors.Join(err, f.flush(b)) }()
	for {
		if err := f.pull(ctx, cons, b, asm); err != nil {
			return err
		}
	}
}

// pull makes one request and takes what it brings.
func (f *Follower) pull(ctx context.Context, cons jetstream.Consumer, b *batch, asm *codec.Assembler) error {
	// The library asks the server to end the pull a little before this deadline.
	ctx, cancel := context.WithTimeout(ctx, fetchFor)
	got, err := cons.Fetch(fetchSize, jetstream.FetchHeartbeat(heartbeat), jetstream.FetchContext(ctx))
	if err != nil {
		cancel()
		return fmt.Errorf("pull: %w", err)
	}
	defer func() {
		cancel()
		for range got.Messages() { // until the library's goroutine has ended
		}
	}()
	timer := time.NewTicker(tick)
	defer timer.Stop()
	for {
		select {
		case m, ok := <-got.Messages():
			if !ok {
				if err := got.Error(); err != nil {
					return fmt.Errorf("pull: %w", err)
				}
				return nil
			}
			pending := uint64(0)
			if meta, err := m.Metadata(); err == nil {
				pending = meta.NumPending
			}
			if err := f.take(ctx, m.Data(), b, asm); err != nil {
				return err
			}
			if pending == 0 || len(b.revs) >= maxBatch || b.bytes >= maxBatchBytes {
				if err := f.flush(b); err != nil {
					return err
				}
			}
			if pending == 0 {
				f.leveled()
			}
		case <-timer.C:
			if len(b.revs) > 0 && time.Since(b.begun) > maxBatchAge {
				if err := f.flush(b); err != nil {
					return err
				}
			}
			if err := f.tend(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take reads one message of the log. It fails when the session cannot go on.
func (f *Follower) take(ctx context.Context, data []byte, b *batch, asm *codec.Assembler) error {
	p, err := codec.DecodePart(data)
	if err == nil {
		if err = p.Verify(f.keys); f.trusts(ctx, err) {
			err = p.Verify(f.keys)
		}
	}
	if err == nil && p.Kind != codec.Revision {
		err = fmt.Errorf("a %s in the log: %w", p.Kind, codec.ErrDamaged)
	}
	if err != nil {
		// Skipped: if it stood for something, what follows does not join, and the session
		// after that finds another way.
		f.note(err)
		return nil
	}
	switch next := b.end.Revision + 1; {
	case p.Position.Epoch < b.end.Epoch, p.Position.Epoch == b.end.Epoch && p.Position.Revision < next:
		return nil // known
	case p.Position.Epoch > b.end.Epoch, p.Position.Revision > next:
		return errGap
	}
	whole, err := asm.Add(p)
	if err != nil || whole == nil {
		return err
	}
	content, err := whole.Content()
	if err != nil {
		return err
	}
	if b.end.Next(content) != whole.Position {
		f.raise(alarmChain, fmt.Sprintf("revision %s is signed but does not follow %s, which is in use; it is refused", whole.Position, b.end))
		return errGap
	}
	changes, err := traffic.DecodeChanges(content)
	if err != nil {
		f.raise(alarmFormat, fmt.Sprintf("revision %s cannot be used; upgrade this node: %v", whole.Position, err))
		return err
	}
	if len(b.revs) == 0 {
		b.begun = time.Now()
	}
	b.revs, b.changes, b.end = append(b.revs, whole), append(b.changes, changes...), whole.Position
	b.bytes += len(content)
	return nil
}

// tend does what is due between messages. It fails when another look is.
func (f *Follower) tend(ctx context.Context) error {
	f.mu.Lock()
	behind, pos, head := f.behind, f.pos, f.head
	f.mu.Unlock()
	if !behind.IsZero() {
		newEpoch := head.Position.Epoch > pos.Epoch
		if newEpoch || (time.Since(behind) > behindFor && time.Since(f.progress) > behindFor) {
			return errGap
		}
	}
	if err, tried := f.disk.retry(); tried {
		f.stored(err)
	}
	if head.Keys > f.keys.Serial() {
		if err := f.rotate(ctx); err != nil {
			return err
		}
	}
	if !f.resignAt.IsZero() && time.Now().After(f.resignAt) {
		if err := f.resign(ctx); err != nil {
			return err
		}
	}
	return f.compact(ctx, head)
}

// compact replaces the stored snapshot and log by a newer snapshot, some random time
// after there is one: all nodes hear of it at the same moment.
func (f *Follower) compact(ctx context.Context, head stream.Head) error {
	now := time.Now()
	switch due := f.disk.wantsCompaction() && f.disk.snapshotAt().Before(head.Snapshot); {
	case !due:
		f.compactAt = time.Time{}
		return nil
	case f.compactAt.IsZero():
		f.compactAt = now.Add(rand.N(f.o.Spread))
		return nil
	case now.Before(f.compactAt):
		return nil
	}
	f.compactAt = time.Time{}
	snap, _, err := stream.SnapshotHead(ctx, f.js, f.keys)
	if err == nil {
		snap, err = stream.ReadSnapshot(ctx, f.js, snap, f.keys)
	}
	if err != nil {
		f.note(err)
		return nil // the log only grows a little longer
	}
	if pos, _ := f.Position(); pos.Before(snap.Position) {
		return errGap // it is news
	}
	f.stored(f.disk.replace(snap))
	f.log.Debug("compacted the stored log", "snapshot", snap.Position.String())
	return nil
}

package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// look compares what we believe of the streams with what is there, and reads again
// what differs. In quiet times it costs three small requests.
func (p *Publisher) look(ctx context.Context) error {
	if !p.made {
		if err := stream.Ensure(ctx, p.js, p.o.Limits); err != nil {
			return err
		}
		p.made, p.known = true, false
	}
	log, err := p.js.Stream(ctx, stream.LogName) // asks the server
	if err != nil {
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			p.made = false // the server lost it; the next round makes it again
		}
		return fmt.Errorf("look up stream %s: %w", stream.LogName, err)
	}
	state := log.CachedInfo().State
	var snapAt uint64
	m, err := stream.Last(ctx, p.js, stream.SnapName, stream.SnapHead)
	switch {
	case err == nil:
		snapAt = m.Sequence
	case !errors.Is(err, stream.ErrNone):
		return err
	case errors.Is(err, jetstream.ErrStreamNotFound):
		p.made = false
		return err
	}
	if p.known && state.LastSeq == p.seq && state.FirstSeq == p.first && snapAt == p.snapAt {
		return nil
	}
	if p.known && state.LastSeq > p.seq {
		p.messages += int(state.LastSeq - p.seq)
		p.bytes += int(state.Bytes - min(state.Bytes, p.logBytes))
	}
	p.logBytes = state.Bytes
	if !p.known || state.LastSeq != p.seq || state.Msgs == 0 {
		if err := p.readTail(ctx, log, state); err != nil {
			return err
		}
	}
	if !p.known || snapAt != p.snapAt {
		if err := p.readSnapshot(ctx); err != nil {
			return err
		}
	}
	if !p.known {
		p.blobAt = time.Time{}
		if err := p.rotations(ctx); err != nil {
			return err
		}
	}
	p.seq, p.first, p.known, p.placed = state.LastSeq, state.FirstSeq, true, false
	return nil
}

// readTail finds where the log ends.
func (p *Publisher) readTail(ctx context.Context, log jetstream.Stream, state jetstream.StreamState) error {
	p.tail, p.partial, p.empty = traffic.Position{}, false, state.Msgs == 0
	if p.empty {
		return nil
	}
	part, err := p.message(ctx, log, state.LastSeq)
	switch {
	case errors.Is(err, errStrange):
		if err := p.overtaken(ctx); err != nil {
			return err
		}
		// Somebody else wrote there, or our key is new. Nothing to build on.
		p.log.Warn("the log does not end with a revision of this control; making it anew", "error", err)
	case err != nil:
		return err
	default:
		p.tail, p.partial = part.Position, !part.Last()
	}
	return nil
}

var errStrange = errors.New("not written by this control")

// message reads one message of the log. errStrange when it is none of ours.
func (p *Publisher) message(ctx context.Context, log jetstream.Stream, seq uint64) (codec.Part, error) {
	m, err := log.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return codec.Part{}, fmt.Errorf("%w: the log moved while it was read", stream.ErrRaced)
	}
	if err != nil {
		return codec.Part{}, fmt.Errorf("read message %d of the log: %w", seq, err)
	}
	part, err := codec.DecodePart(m.Data)
	if err == nil {
		err = part.Verify(p.keys)
	}
	if err == nil && part.Kind != codec.Revision {
		err = fmt.Errorf("it is a %s", part.Kind)
	}
	if err != nil {
		return codec.Part{}, fmt.Errorf("%w: %w", errStrange, err)
	}
	return part, nil
}

// readSnapshot reads the latest snapshot as a node would; one that cannot be read
// counts as none.
func (p *Publisher) readSnapshot(ctx context.Context) error {
	old := p.snap
	head, at, err := stream.SnapshotHead(ctx, p.js, p.keys)
	p.snap, p.snapAt = nil, at
	// Its parts are fetched once for each set: a large one is not read again only
	// because another publisher was faster.
	if err == nil && (old == nil || old.Set() != head.Set()) {
		_, err = stream.ReadSnapshot(ctx, p.js, head, p.keys)
	}
	switch {
	case err == nil:
		p.snap, p.bytes, p.messages = head, 0, 0
	case errors.Is(err, stream.ErrNone):
	case errors.Is(err, codec.ErrDamaged), errors.Is(err, codec.ErrSignature), errors.Is(err, codec.ErrVersion):
		if err := p.overtaken(ctx); err != nil {
			return err
		}
		p.log.Warn("the snapshot in the stream cannot be read; publishing another", "error", err)
	default:
		return err
	}
	return nil
}

// checkAge refuses to publish an older history over a newer one: then somebody runs
// control on a store that has since been replaced. It returns the head of the store,
// read again if another publisher was ahead of it.
func (p *Publisher) checkAge(ctx context.Context, head traffic.Position) (traffic.Position, error) {
	there := p.tail
	if p.snap != nil && there.Before(p.snap.Position) {
		there = p.snap.Position
	}
	if there.Epoch > head.Epoch {
		return head, fmt.Errorf("the streams hold epoch %d, this store is of epoch %d: another control with a newer store publishes here", there.Epoch, head.Epoch)
	}
	if there.Epoch < head.Epoch || there.Revision <= head.Revision {
		return head, nil
	}
	// The other publisher may have committed and published between our two looks.
	head, err := p.o.Source.Head(ctx)
	if err != nil {
		return head, fmt.Errorf("read the store's head: %w", err)
	}
	if there.Epoch == head.Epoch && there.Revision > head.Revision {
		return head, fmt.Errorf("the streams hold revision %d, the store only %d: it lost revisions; restore it from a backup so that it begins a new epoch", there.Revision, head.Revision)
	}
	return head, nil
}

// place decides where to go on: behind what the log holds if that is on the store's
// chain, else with a new snapshot and an empty log.
func (p *Publisher) place(ctx context.Context, head traffic.Position) error {
	if p.snap != nil {
		at, err := p.positionAt(ctx, p.snap.Position.Epoch, p.snap.Position.Revision, head)
		if err != nil {
			return err
		}
		if at != p.snap.Position {
			p.snap = nil // of another history
		}
	}
	if p.snap == nil {
		if err := p.snapshot(ctx); err != nil {
			return err
		}
	}
	switch {
	case p.empty:
		p.tail = p.snap.Position
	case p.partial:
		// Whoever published this revision died amid its parts, or is still at it; then
		// one of us loses the race at the next part.
		if p.tail.Revision == 0 {
			return p.restart(ctx)
		}
		at, err := p.positionAt(ctx, p.tail.Epoch, p.tail.Revision-1, head)
		if err != nil {
			return err
		}
		if at == (traffic.Position{}) {
			return p.restart(ctx)
		}
		p.tail, p.partial = at, false
	default:
		at, err := p.positionAt(ctx, p.tail.Epoch, p.tail.Revision, head)
		if err != nil {
			return err
		}
		if at != p.tail || at == (traffic.Position{}) {
			return p.restart(ctx)
		}
	}
	return p.cover(ctx)
}

// positionAt is the store's position at a revision, zero when the store has no such
// one (another epoch, or compacted away).
func (p *Publisher) positionAt(ctx context.Context, epoch, revision uint64, head traffic.Position) (traffic.Position, error) {
	switch {
	case epoch != head.Epoch || revision > head.Revision:
		return traffic.Position{}, nil
	case revision == head.Revision:
		return head, nil
	case revision == 0:
		return traffic.Position{Epoch: epoch}, nil
	}
	list, err := p.o.Source.Revisions(ctx, revision-1, 1)
	if err != nil {
		return traffic.Position{}, fmt.Errorf("read revision %d: %w", revision, err)
	}
	if len(list) == 0 || list[0].Position.Revision != revision {
		return traffic.Position{}, nil
	}
	return list[0].Position, nil
}

// cover makes a new snapshot when the log no longer reaches back to the one there is.
func (p *Publisher) cover(ctx context.Context) error {
	if p.empty || p.tail.Revision <= p.snap.Position.Revision {
		return nil
	}
	log, err := p.js.Stream(ctx, stream.LogName)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", stream.LogName, err)
	}
	part, err := p.message(ctx, log, log.CachedInfo().State.FirstSeq)
	if errors.Is(err, errStrange) {
		return p.restart(ctx)
	}
	if err != nil {
		return err
	}
	first := part.Position.Revision
	if part.Index > 0 {
		first++ // the beginning of that one was discarded
	}
	if part.Position.Epoch == p.snap.Position.Epoch && first > p.snap.Position.Revision+1 {
		return p.snapshot(ctx)
	}
	return nil
}

// restart begins the log again behind a new snapshot. The snapshot goes first, so
// that there is no moment without anything for a node to read.
func (p *Publisher) restart(ctx context.Context) error {
	if err := p.snapshot(ctx); err != nil {
		return err
	}
	log, err := p.js.Stream(ctx, stream.LogName)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", stream.LogName, err)
	}
	if log.CachedInfo().State.LastSeq != p.seq {
		return fmt.Errorf("%w: the log grew while it was to be made anew", stream.ErrRaced)
	}
	if err := log.Purge(ctx, jetstream.WithPurgeSequence(p.seq+1)); err != nil {
		return fmt.Errorf("purge the log: %w", err)
	}
	p.log.Info("began the log anew", "position", p.snap.Position.String())
	p.tail, p.partial, p.empty, p.first = p.snap.Position, false, true, p.seq+1
	return nil
}

// rotations publishes the key rotations that are not there.
func (p *Publisher) rotations(ctx context.Context) error {
	for i, b := range p.o.Rotations {
		subject := stream.KeySubject(uint64(i) + 1)
		m, err := stream.Last(ctx, p.js, stream.SnapName, subject)
		switch {
		case err == nil && bytes.Equal(m.Data, b):
			continue
		case err == nil:
			p.log.Warn("a key rotation in the stream is not ours; publishing it again", "serial", i+1)
		case !errors.Is(err, stream.ErrNone):
			return err
		}
		if _, err := p.js.Publish(ctx, subject, b); err != nil {
			return fmt.Errorf("publish key rotation %d: %w", i+1, err)
		}
	}
	return nil
}

// blobs publishes the location maps that nodes need and that are not there. The check
// costs two requests each, so it is done when the list changes and once a minute.
func (p *Publisher) blobs(ctx context.Context) error {
	if p.o.Blobs == nil {
		return nil
	}
	list, ours := p.o.Blobs()
	if !ours || !p.blobsDue(list) {
		return nil
	}
	for _, h := range list {
		has, err := stream.HasBlob(ctx, p.js, h)
		if err != nil {
			return fmt.Errorf("look for blob %s: %w", h, err)
		}
		if has {
			continue
		}
		data, err := p.o.Blob(ctx, h)
		if errors.Is(err, ErrNoBlob) {
			p.log.Warn("a location map is in no stream and not here", "hash", h.String())
			continue
		}
		if err != nil {
			return fmt.Errorf("read blob %s: %w", h, err)
		}
		if err := stream.PutBlob(ctx, p.js, h, data); err != nil {
			return err
		}
		p.log.Info("published a location map", "hash", h.String(), "bytes", len(data))
	}
	return stream.KeepBlobs(ctx, p.js, list)
}

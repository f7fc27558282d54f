package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute/codec"
)

// SnapshotHead reads the signed header of the latest snapshot and the stream
// sequence at which it lies. ErrNone when there is none.
func SnapshotHead(ctx context.Context, js jetstream.JetStream, keys *codec.Keys) (*codec.Sealed, uint64, error) {
	m, err := Last(ctx, js, SnapName, SnapHead)
	if err != nil {
		return nil, 0, err
	}
	head, err := codec.ReadHead(m.Data, keys)
	if err != nil {
		return nil, m.Sequence, err
	}
	if head.Kind != codec.Snapshot {
		return nil, m.Sequence, fmt.Errorf("read snapshot head: it is a %s: %w", head.Kind, codec.ErrDamaged)
	}
	return head, m.Sequence, nil
}

// ReadSnapshot fetches the parts of the snapshot with the given header and checks
// the whole.
func ReadSnapshot(ctx context.Context, js jetstream.JetStream, head *codec.Sealed, keys *codec.Keys) (*codec.Sealed, error) {
	s, err := js.Stream(ctx, SnapName)
	if err != nil {
		return nil, none(fmt.Errorf("look up stream %s: %w", SnapName, err))
	}
	asm := codec.Assembler{Keys: keys}
	for i := range head.Count() {
		m, err := LastOf(ctx, s, PartSubject(head.Set(), i))
		if err != nil {
			return nil, fmt.Errorf("read snapshot %s: %w", head.Position, err)
		}
		p, err := codec.DecodePart(m.Data)
		if err != nil {
			return nil, fmt.Errorf("read snapshot %s: %w", head.Position, err)
		}
		if p.Kind != codec.Snapshot || p.Position != head.Position {
			return nil, fmt.Errorf("read snapshot %s: part %d belongs to %s: %w", head.Position, i, p.Position, codec.ErrDamaged)
		}
		whole, err := asm.Add(p)
		if err != nil {
			return nil, fmt.Errorf("read snapshot %s: %w", head.Position, err)
		}
		if whole != nil {
			return whole, nil
		}
	}
	return nil, fmt.Errorf("read snapshot %s: parts do not make a whole: %w", head.Position, codec.ErrDamaged)
}

// WriteSnapshot stores the parts, then the header that makes them the latest
// snapshot, then forgets all but this and the one before. Whoever reads sees the old
// or the new one, whole. last is the sequence at which the header that is being
// replaced lies, 0 for none; ErrRaced when it has been replaced meanwhile.
func WriteSnapshot(ctx context.Context, js jetstream.JetStream, whole *codec.Sealed, old *codec.Sealed, last uint64) error {
	for i, b := range whole.Parts() {
		if _, err := js.Publish(ctx, PartSubject(whole.Set(), i), b); err != nil {
			return fmt.Errorf("publish part %d of snapshot %s: %w", i, whole.Position, err)
		}
	}
	if _, err := js.Publish(ctx, SnapHead, whole.Head(), jetstream.WithExpectLastSequencePerSubject(last)); err != nil {
		return fmt.Errorf("publish head of snapshot %s: %w", whole.Position, Raced(err))
	}
	// The snapshot before stays for nodes that are reading it now. A set that another
	// publisher is writing at this moment lies after both, so a purge of what lies
	// before them cannot touch it.
	s, err := js.Stream(ctx, SnapName)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", SnapName, err)
	}
	first := whole
	if old != nil {
		first = old
	}
	m, err := LastOf(ctx, s, PartSubject(first.Set(), 0))
	if errors.Is(err, ErrNone) {
		return nil // nothing of the old one is left
	}
	if err != nil {
		return err
	}
	if err := s.Purge(ctx, jetstream.WithPurgeSubject(partAll), jetstream.WithPurgeSequence(m.Sequence)); err != nil {
		return fmt.Errorf("purge old snapshots: %w", err)
	}
	return nil
}

// ErrRaced says that another publisher was faster: look again, then go on.
var ErrRaced = errors.New("another publisher was faster")

// Raced turns the server's "wrong last sequence" into ErrRaced.
func Raced(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return fmt.Errorf("%w: %w", ErrRaced, err)
	}
	return err
}

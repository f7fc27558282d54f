package stream_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBlobsComeBackWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	js, err := stream.New(rig.Dial(t, rig.Broker(t, broker.Options{})).Conn())
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if _, err := stream.GetBlob(ctx, js, traffic.Hash{}); !errors.Is(err, stream.ErrNone) {
		t.Errorf("without streams: %v", err)
	}
	if err := stream.Ensure(ctx, js, stream.Limits{}); err != nil {
		t.Fatal(err)
	}
	var hashes []traffic.Hash
	for _, size := range []int{0, 1, codec.PartSize, codec.PartSize + 1, 3 * codec.PartSize} {
		data := bytes.Repeat([]byte("x"), size)
		hash := traffic.Hash(sha256.Sum256(data))
		hashes = append(hashes, hash)
		for range 2 { // again changes nothing
			if err := stream.PutBlob(ctx, js, hash, data); err != nil {
				t.Fatal(err)
			}
		}
		got, err := stream.GetBlob(ctx, js, hash)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back as %d (%v)", size, len(got), err)
		}
	}
	if err := stream.PutBlob(ctx, js, hashes[0], []byte("other")); err == nil {
		t.Error("data was stored under a hash that is not its own")
	}
	if _, err := js.Publish(ctx, "meridian.blob."+hashes[4].String()+".1", []byte("damaged")); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.GetBlob(ctx, js, hashes[4]); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("a damaged chunk: %v", err)
	}
	if err := stream.KeepBlobs(ctx, js, hashes[1:3]); err != nil {
		t.Fatal(err)
	}
	for i, h := range hashes {
		has, err := stream.HasBlob(ctx, js, h)
		if want := i == 1 || i == 2; has != want || err != nil {
			t.Errorf("blob %d is there: %v, want %v (%v)", i, has, want, err)
		}
	}
}

func TestSnapshotThatWasReplacedMeanwhileIsARace(t *testing.T) {
	t.Parallel()
	js, err := stream.New(rig.Dial(t, rig.Broker(t, broker.Options{})).Conn())
	if err != nil {
		t.Fatal(err)
	}
	ctx, keys := t.Context(), codec.NewKeys(rig.Public(1))
	if err := stream.Ensure(ctx, js, stream.Limits{}); err != nil {
		t.Fatal(err)
	}
	snap := func(revision uint64) *codec.Sealed {
		s, err := codec.Seal(codec.Snapshot, traffic.Position{Epoch: 1, Revision: revision}, time.Now(), []byte("[]"), rig.Key(1))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := stream.WriteSnapshot(ctx, js, snap(1), nil, 0); err != nil {
		t.Fatal(err)
	}
	if err := stream.WriteSnapshot(ctx, js, snap(2), nil, 0); !errors.Is(err, stream.ErrRaced) {
		t.Errorf("a head that was there: %v", err)
	}
	head, at, err := stream.SnapshotHead(ctx, js, keys)
	if err != nil || head.Position.Revision != 1 {
		t.Fatalf("head %v, %v", head, err)
	}
	if err := stream.WriteSnapshot(ctx, js, snap(2), head, at); err != nil {
		t.Fatal(err)
	}
	// The one before can still be read by a node that is at it, though its content is equal.
	if whole, err := stream.ReadSnapshot(ctx, js, head, keys); err != nil || whole.Position.Revision != 1 {
		t.Errorf("the snapshot before: %v", err)
	}
	if head, _, err = stream.SnapshotHead(ctx, js, keys); err != nil || head.Position.Revision != 2 {
		t.Errorf("head %v, %v", head, err)
	}
}

func TestWhileConnectedEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	bus := rig.Dial(t, rig.Broker(t, broker.Options{}))
	live, stop, err := stream.WhileConnected(t.Context(), bus.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if live.Err() != nil {
		t.Error("ended while connected")
	}
	bus.Close()
	select {
	case <-live.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("still there without a connection")
	}
	if !errors.Is(context.Cause(live), stream.ErrDisconnected) {
		t.Errorf("cause %v", context.Cause(live))
	}
	stop()
	if _, _, err := stream.WhileConnected(t.Context(), bus.Conn()); !errors.Is(err, stream.ErrDisconnected) {
		t.Errorf("without a connection: %v", err)
	}
}

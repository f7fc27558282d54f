package stream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/traffic"
)

// MaxBlob is the largest blob, in bytes.
const MaxBlob = 512 << 20

// sizeHeader on chunk 0 tells how many bytes the blob has.
const sizeHeader = "Meridian-Size"

func blobSubject(hash traffic.Hash, chunk int) string {
	return fmt.Sprintf("%sblob.%s.%d", Prefix, hash, chunk)
}

func chunks(size int) int { return max(1, (size+codec.PartSize-1)/codec.PartSize) }

// PutBlob stores data under its SHA-256 in chunks; chunk 0 goes last, so that a blob
// which can be found is whole. Putting it again replaces equal bytes by equal bytes.
func PutBlob(ctx context.Context, js jetstream.JetStream, hash traffic.Hash, data []byte) error {
	if got := traffic.Hash(sha256.Sum256(data)); got != hash {
		return fmt.Errorf("put blob %s: the data hashes to %s", hash, got)
	}
	if len(data) > MaxBlob {
		return fmt.Errorf("put blob %s: %d bytes are more than the limit of %d", hash, len(data), MaxBlob)
	}
	for i := chunks(len(data)) - 1; i >= 0; i-- {
		msg := nats.NewMsg(blobSubject(hash, i))
		msg.Data = data[i*codec.PartSize : min((i+1)*codec.PartSize, len(data))]
		if i == 0 {
			msg.Header.Set(sizeHeader, strconv.Itoa(len(data)))
		}
		if _, err := js.PublishMsg(ctx, msg); err != nil {
			return fmt.Errorf("put blob %s: chunk %d: %w", hash, i, err)
		}
	}
	return nil
}

// HasBlob reports whether the first and the last chunk of a blob are there. It looks
// at those two only: the store discards oldest first, and the last chunk is the oldest.
func HasBlob(ctx context.Context, js jetstream.JetStream, hash traffic.Hash) (bool, error) {
	s, size, _, err := openBlob(ctx, js, hash)
	if err == nil {
		_, err = LastOf(ctx, s, blobSubject(hash, chunks(size)-1))
	}
	if errors.Is(err, ErrNone) {
		return false, nil
	}
	return err == nil, err
}

func openBlob(ctx context.Context, js jetstream.JetStream, hash traffic.Hash) (s jetstream.Stream, size int, first []byte, err error) {
	if s, err = js.Stream(ctx, BlobName); err != nil {
		return nil, 0, nil, none(fmt.Errorf("look up stream %s: %w", BlobName, err))
	}
	m, err := LastOf(ctx, s, blobSubject(hash, 0))
	if err != nil {
		return nil, 0, nil, err
	}
	size, err = strconv.Atoi(m.Header.Get(sizeHeader))
	if err != nil || size < 0 || size > MaxBlob {
		return nil, 0, nil, fmt.Errorf("size %q: %w", m.Header.Get(sizeHeader), codec.ErrDamaged)
	}
	return s, size, m.Data, nil
}

// GetBlob fetches a blob and checks it against its hash. ErrNone when it is not
// there, codec.ErrDamaged when it is not what its name says.
func GetBlob(ctx context.Context, js jetstream.JetStream, hash traffic.Hash) ([]byte, error) {
	s, size, data, err := openBlob(ctx, js, hash)
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w", hash, err)
	}
	for i := 1; i < chunks(size) && len(data) == i*codec.PartSize; i++ {
		m, err := LastOf(ctx, s, blobSubject(hash, i))
		if err != nil {
			return nil, fmt.Errorf("get blob %s: %w", hash, err)
		}
		data = append(data, m.Data...)
	}
	if traffic.Hash(sha256.Sum256(data)) != hash {
		return nil, fmt.Errorf("get blob %s: %w", hash, codec.ErrDamaged)
	}
	return data, nil
}

// KeepBlobs removes every blob that is not in the list.
func KeepBlobs(ctx context.Context, js jetstream.JetStream, keep []traffic.Hash) error {
	s, err := js.Stream(ctx, BlobName)
	if err != nil {
		return none(fmt.Errorf("look up stream %s: %w", BlobName, err))
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(Prefix+"blob.*.0"))
	if err != nil {
		return fmt.Errorf("list blobs: %w", err)
	}
	wanted := map[string]bool{}
	for _, h := range keep {
		wanted[blobSubject(h, 0)] = true
	}
	for subject := range info.State.Subjects {
		if wanted[subject] {
			continue
		}
		name := subject[len(Prefix+"blob.") : len(subject)-len(".0")]
		if raw, err := hex.DecodeString(name); err != nil || len(raw) != sha256.Size {
			continue // not ours
		}
		if err := s.Purge(ctx, jetstream.WithPurgeSubject(Prefix+"blob."+name+".*")); err != nil {
			return fmt.Errorf("remove blob %s: %w", name, err)
		}
	}
	return nil
}

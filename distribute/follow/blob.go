package follow

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute/internal/durable"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// Blobs is a node's cache of location maps, by hash. Safe for concurrent use.
type Blobs struct {
	dir string
	nc  *nats.Conn
	js  jetstream.JetStream
	log *slog.Logger

	mu sync.Mutex // held while one is read or fetched
}

// NewBlobs opens the cache in dir.
func NewBlobs(dir string, nc *nats.Conn, log *slog.Logger) (*Blobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open blob cache: %w", err)
	}
	js, err := stream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("open blob cache: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Blobs{dir: dir, nc: nc, js: js, log: log}, nil
}

// ErrAbsent says that a blob is neither on disk nor in the stream, or that there is
// no connection to fetch it over. Ask again later.
var ErrAbsent = errors.New("not here and cannot be fetched now")

// Get returns the blob with that SHA-256, from disk if it is there and undamaged,
// else from control. Whatever it returns has that hash. A disk that does not take it
// is logged, and no error.
func (b *Blobs) Get(ctx context.Context, hash traffic.Hash) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	path := filepath.Join(b.dir, hash.String())
	data, err := os.ReadFile(path)
	if err == nil && traffic.Hash(sha256.Sum256(data)) == hash {
		return data, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		b.log.Warn("the stored blob is damaged or cannot be read; fetching it again", "hash", hash.String(), "error", err)
	}
	live, stop, err := stream.WhileConnected(ctx, b.nc)
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w: %w", hash, ErrAbsent, err)
	}
	defer stop()
	data, err = stream.GetBlob(live, b.js, hash)
	if errors.Is(err, stream.ErrNone) {
		return nil, fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	if err != nil {
		return nil, err
	}
	if err := durable.Replace(path, data); err != nil {
		b.log.Warn("the blob is in use but cannot be stored", "hash", hash.String(), "error", err)
	}
	return data, nil
}

// Latest returns the blob that was stored last and is undamaged, without a connection;
// ok is false when there is none.
func (b *Blobs) Latest() (hash traffic.Hash, data []byte, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return hash, nil, false
	}
	var last time.Time
	for _, e := range entries {
		var h traffic.Hash
		info, err := e.Info()
		if err != nil || h.UnmarshalText([]byte(e.Name())) != nil || ok && !info.ModTime().After(last) {
			continue
		}
		if d, err := os.ReadFile(filepath.Join(b.dir, e.Name())); err == nil && traffic.Hash(sha256.Sum256(d)) == h {
			hash, data, ok, last = h, d, true, info.ModTime()
		}
	}
	return hash, data, ok
}

// Keep removes every stored blob that is not in the list.
func (b *Blobs) Keep(hashes ...traffic.Hash) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return fmt.Errorf("list stored blobs: %w", err)
	}
	for _, e := range entries {
		var h traffic.Hash
		known := h.UnmarshalText([]byte(strings.TrimSuffix(e.Name(), ".tmp"))) == nil
		if !known || slices.Contains(hashes, h) && !strings.HasSuffix(e.Name(), ".tmp") {
			continue
		}
		if err := os.Remove(filepath.Join(b.dir, e.Name())); err != nil {
			return fmt.Errorf("remove stored blob: %w", err)
		}
	}
	return nil
}

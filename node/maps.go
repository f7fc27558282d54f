package node

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// mapCache keeps location maps on the node's disk by hash, so that a node which
// starts without control locates its clients as before.
type mapCache struct {
	dir string
	js  jetstream.JetStream
}

// keepMaps is how many maps stay: the one in force and the previous one, for the
// way back.
const keepMaps = 2

func (c mapCache) get(ctx context.Context, h traffic.Hash) ([]byte, error) {
	path := filepath.Join(c.dir, h.String()+".map")
	if b, err := os.ReadFile(path); err == nil && sha256.Sum256(b) == h {
		return b, nil
	}
	b, err := stream.GetBlob(ctx, c.js, h)
	if err != nil {
		return nil, err
	}
	// A disk that refuses costs the next start a fetch, no more.
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return b, nil
	}
	if err := os.Rename(tmp, path); err != nil {
		return b, nil
	}
	c.tidy(path)
	return b, nil
}

// tidy removes the oldest maps.
func (c mapCache) tidy(newest string) {
	list, err := filepath.Glob(filepath.Join(c.dir, "*.map"))
	if err != nil {
		return
	}
	for len(list) > keepMaps {
		oldest := -1
		for i, p := range list {
			if p == newest {
				continue
			}
			a, errA := os.Stat(p)
			if errA != nil {
				return
			}
			if oldest < 0 {
				oldest = i
				continue
			}
			if b, err := os.Stat(list[oldest]); err == nil && a.ModTime().Before(b.ModTime()) {
				oldest = i
			}
		}
		os.Remove(list[oldest])
		list = append(list[:oldest], list[oldest+1:]...)
	}
}

func (n *node) openMaps(dir string) (err error) {
	n.maps.dir = filepath.Join(dir, "maps")
	if err := os.MkdirAll(n.maps.dir, 0o700); err != nil {
		return fmt.Errorf("make map folder: %w", err)
	}
	if n.maps.js, err = jetstream.New(n.bus.Conn()); err != nil {
		return fmt.Errorf("open map stream: %w", err)
	}
	return nil
}

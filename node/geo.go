package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/control/geo"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// mapFile is the compiled location map in control's folder, as bytes for the nodes.
type mapFile struct {
	dir string

	mu   sync.Mutex // guards the fields below
	hash traffic.Hash
	data []byte
	mark fs.FileInfo // of the file that was read last
}

// load reads the map if its file is another than before, and returns its hash as
// settings name it, "" when there is none.
func (f *mapFile) load() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(geo.MapPath(f.dir))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if f.mark != nil && os.SameFile(info, f.mark) && info.ModTime().Equal(f.mark.ModTime()) && info.Size() == f.mark.Size() {
		return f.hash.String(), nil
	}
	m, err := geo.Open(f.dir)
	if err != nil {
		return "", err
	}
	h, err := parseHash(m.Hash())
	if err != nil {
		return "", fmt.Errorf("location map: %w", err)
	}
	f.hash, f.data, f.mark = h, m.AppendTo(nil), info
	return h.String(), nil
}

// bytes returns the map in the folder, nil when it is another one or none.
func (f *mapFile) bytes(h traffic.Hash) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hash != h {
		return nil
	}
	return f.data
}

// offeredMaps lists the map that the configuration names, and the one in the folder of
// the control that leads, which it soon will name: nodes must find it before a revision
// asks for it. Only that control says which maps there are; the others may have older
// folders.
func (n *node) offeredMaps() (list []traffic.Hash, ours bool) {
	if !n.leads() {
		return nil, false
	}
	f := n.control.maps
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, err := parseHash(n.inForce()); err == nil && h != f.hash {
		list = append(list, h)
	}
	if f.data != nil {
		list = append(list, f.hash)
	}
	return list, true
}

// inForce is the hash of the location map that the configuration names, "" for none.
func (n *node) inForce() (hash string) {
	n.control.service.View(func(m *traffic.Model, _ traffic.Position) { hash = m.Settings().GeoMap })
	return hash
}

// mapBytes gets a location map from control's folder, or from what this process keeps as
// a node: the map in force may come from a control that is gone.
func (n *node) mapBytes(ctx context.Context, h traffic.Hash) ([]byte, error) {
	if b := n.control.maps.bytes(h); b != nil {
		return b, nil
	}
	b, err := n.maps.Get(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("location map %s: %w (%w)", h, publish.ErrNoBlob, err)
	}
	return b, nil
}

// geoEvery is how often control looks whether `meridian geo update` has put another
// map into its folder.
const geoEvery = 5 * time.Second

// watchGeo makes the map in the folder the one that the configuration names, so that
// all nodes change to it at one revision (design D11).
func (n *node) watchGeo(ctx context.Context) error {
	for {
		wait := geoEvery
		switch err := n.adoptMap(ctx); {
		case errors.Is(err, errNotPublished):
			wait = 50 * time.Millisecond
		case err != nil && ctx.Err() == nil:
			n.alarm("geo", "the location data in "+n.o.Geo+" is not in force: "+err.Error())
		default:
			n.alarm("geo", "")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

var errNotPublished = errors.New("nodes cannot fetch the map yet")

func (n *node) adoptMap(ctx context.Context) error {
	c := n.control
	h, err := c.maps.load()
	if err != nil || h == "" {
		return err // none: default and custom lines work without
	}
	if n.inForce() == h {
		return nil
	}
	c.pub.Notify()
	hash, err := parseHash(h)
	if err != nil {
		return err
	}
	js, err := jetstream.New(n.bus.Conn())
	if err != nil {
		return fmt.Errorf("look for the published map: %w", err)
	}
	look, cancel := context.WithTimeout(ctx, geoEvery)
	defer cancel()
	if there, err := stream.HasBlob(look, js, hash); err != nil || !there {
		return errNotPublished
	}
	if _, err := c.service.SetGeoMap(ctx, h, "control", "location data updated"); err != nil {
		return err
	}
	n.log.Info("location map in force", "hash", h)
	return nil
}

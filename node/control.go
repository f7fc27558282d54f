package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/geo"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// controlRole is what a process with the role control has.
type controlRole struct {
	store   *store.Store
	service *control.Service
	broker  *broker.Broker // nil with an external server
	signer  ed25519.PrivateKey
	pub     *publish.Publisher
	roster  *distribute.Roster
	maps    *mapFile

	adminToken string // path of the file, if it was written or is still there
}

func (n *node) startControl(ctx context.Context, dial *distribute.DialOptions) error {
	c := &controlRole{maps: &mapFile{dir: n.o.Geo}}
	n.control = c
	var err error
	if c.store, err = store.Open(ctx, n.o.Store); err != nil {
		return err
	}
	n.onStop(func() { c.store.Close() })
	seed, err := c.store.SigningSeed(ctx)
	if err != nil {
		return err
	}
	c.signer = ed25519.NewKeyFromSeed(seed)
	c.adminToken = filepath.Join(n.o.Data, "admin.token")
	if made, err := auth.Bootstrap(ctx, c.store, c.adminToken, time.Now()); err != nil {
		return err
	} else if made {
		n.log.Info("wrote the first admin token", "file", c.adminToken)
	}
	if c.service, err = control.New(ctx, control.Options{Store: c.store, Rules: []control.Rule{steer.CheckAssertions}, Log: n.log}); err != nil {
		return err
	}
	n.run("control", c.service.Run)

	if n.o.NATS != "embedded" {
		dial.Servers = strings.Split(n.o.NATS, ",")
		return nil
	}
	dir, err := n.dir("nats")
	if err != nil {
		return err
	}
	users, err := n.invited(ctx)
	if err != nil {
		return err
	}
	if c.broker, err = broker.Start(broker.Options{Dir: dir, Listen: n.o.Listen, Advertise: urls(n.o.Advertise), Users: users, Log: n.log}); err != nil {
		return err
	}
	n.onStop(c.broker.Close)
	dial.Extra = append(dial.Extra, c.broker.ControlOptions()...)
	return nil
}

func urls(hosts []string) []string {
	out := make([]string, 0, len(hosts))
	for _, h := range hosts {
		if !strings.Contains(h, "://") {
			h = "nats://" + h
		}
		out = append(out, h)
	}
	return out
}

// startPublishing sends what is committed to the nodes, and collects what they say.
func (n *node) startPublishing() error {
	c := n.control
	var err error
	c.pub, err = publish.New(publish.Options{Source: source{c.store}, Signer: c.signer, Conn: n.bus.Conn(), Log: n.log,
		Blobs: c.maps.offered,
		Blob:  func(_ context.Context, h traffic.Hash) ([]byte, error) { return c.maps.bytes(h) }})
	if err != nil {
		return err
	}
	n.run("publisher", c.pub.Run)
	n.run("notify", func(ctx context.Context) error {
		for {
			ch := c.service.Changed()
			c.pub.Notify()
			select {
			case <-ch:
			case <-ctx.Done():
				return nil
			}
		}
	})
	c.roster = distribute.NewRoster(n.bus, n.log)
	c.roster.OnChange(func(id string) {
		for _, h := range c.roster.Nodes() {
			if h.ID == id {
				c.service.Stream.Publish("node", toNode(h))
			}
		}
	})
	n.run("roster", c.roster.Run)
	currents := distribute.NewCurrentsControl(c.store, n.bus, n.log)
	n.run("current members of all", currents.Run)
	n.run("resets", func(ctx context.Context) error { return n.resetCurrents(ctx, currents) })
	n.run("location data", n.watchGeo)
	return nil
}

// resetCurrents lets a policy that is no longer non-preemptive forget the member it
// was on, so that it begins anew if it becomes so again (design 5.1.3).
func (n *node) resetCurrents(ctx context.Context, currents *distribute.CurrentsControl) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case scope := <-n.resets:
			if c, ok := currents.Get(scope); !ok || c.Member == "" {
				continue
			}
			if err := currents.Reset(ctx, scope); err != nil {
				n.log.Error("forget current member", "scope", scope.String(), "error", err)
			}
		}
	}
}

// noteResets looks for policies that a step of configuration turns away from
// non-preemptive. It does not block the step: a full queue loses a reset of a mode
// that nobody changes a thousand times a second.
func (n *node) noteResets(changes []traffic.Change) {
	for _, c := range changes {
		stays := false
		switch v := c.After.(type) {
		case *traffic.Pool:
			stays = v.Mode == traffic.NonPreemptive
		case *traffic.AccessDomain:
			stays = v.Mode == traffic.NonPreemptive
		}
		if stays || c.Key.Kind != traffic.KindPool && c.Key.Kind != traffic.KindAccessDomain {
			continue
		}
		if _, ok := n.currents.Get(c.Key); !ok {
			continue
		}
		select {
		case n.resets <- c.Key:
		default:
		}
	}
}

// source hands the store to the publisher: both speak of the same revisions in their
// own types.
type source struct{ s *store.Store }

func (s source) Head(ctx context.Context) (traffic.Position, error) { return s.s.Head(ctx) }

func (s source) Revisions(ctx context.Context, after uint64, limit int) ([]publish.Revision, error) {
	list, err := s.s.Revisions(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]publish.Revision, len(list))
	for i, r := range list {
		out[i] = publish.Revision{Position: r.Position, Changes: r.Changes, At: r.At}
	}
	return out, nil
}

// Snapshot reads rows of one moment and folds them as every node does.
func (s source) Snapshot(ctx context.Context) (traffic.Position, []byte, error) {
	pos, rows, err := s.s.Load(ctx)
	if err != nil {
		return pos, nil, err
	}
	m := traffic.NewModel()
	changes := make([]traffic.Change, len(rows))
	for i, r := range rows {
		o, err := traffic.Decode(r.Key.Kind, r.Body)
		if err != nil {
			return pos, nil, fmt.Errorf("read stored %s: %w", r.Key, err)
		}
		changes[i] = traffic.Change{Key: r.Key, After: o}
	}
	m.Apply(changes)
	return pos, traffic.EncodeChanges(m.All()), nil
}

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

// offered lists the map in the folder, whether the configuration names it already or
// soon will: nodes must find it before a revision asks for it.
func (f *mapFile) offered() []traffic.Hash {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.data == nil {
		return nil
	}
	return []traffic.Hash{f.hash}
}

func (f *mapFile) bytes(h traffic.Hash) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.data == nil || f.hash != h {
		return nil, fmt.Errorf("location map %s is not here any more", h)
	}
	return f.data, nil
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
	have := ""
	c.service.View(func(m *traffic.Model, _ traffic.Position) { have = m.Settings().GeoMap })
	if have == h {
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

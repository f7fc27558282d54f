package node

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/auth/oidc"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/lease"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/internal/pki"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// controlRole is what a process with the role control has.
type controlRole struct {
	store   *store.Store
	gate    *auth.Gate
	oidc    *oidc.Provider // nil: people sign in here only
	service *control.Service
	history *history.History
	alerts  *alert.Service
	sender  *send.Sender
	broker  *broker.Broker                  // nil with an external server
	signing atomic.Pointer[publish.Signing] // the key that signs
	pub     *publish.Publisher
	roster  *distribute.Roster
	// currents are the members that non-preemptive policies are on, as control says them.
	currents *distribute.CurrentsControl
	maps     *mapFile
	id       string // among the control processes of the store
	lease    *lease.Keeper
	peers    atomic.Pointer[[]store.Process] // the control processes on the store, as last looked at
	leader   atomic.Pointer[string]          // which of them leads, nil for none
	heard    atomic.Pointer[time.Time]       // when another of them last spoke on the bus

	authority     *pki.Authority
	authorityFile string        // its certificate
	limits        stream.Limits // of the streams
	natsCA        [][]byte      // authorities of an external server
	natsKey       string        // public key by which control signs in there, "" for other means

	counts   *controlCounts
	sessions atomic.Int64 // as last counted; -1 when the store did not answer

	heads  heads         // when revisions came
	orders chan struct{} // there is something new to tell nodes

	adminToken string // path of the file, if it was written or is still there
}

func (n *node) startControl(ctx context.Context, dial *distribute.DialOptions) error {
	c := &controlRole{orders: make(chan struct{}, 1), maps: &mapFile{dir: n.o.Geo}, counts: newControlCounts()}
	n.control = c
	var err error
	if c.store, err = store.Open(ctx, n.o.Store); err != nil {
		return err
	}
	n.onStop(func() { c.store.Close() })
	c.store.Observe = c.counts.stored
	c.gate = auth.NewGate(c.store, time.Now)
	if err := n.startProvider(ctx); err != nil {
		return err
	}
	if err := n.openSigning(ctx); err != nil {
		return err
	}
	if err := n.openAuthority(ctx); err != nil {
		return err
	}
	c.adminToken = filepath.Join(n.o.Data, "admin.token")
	if made, err := auth.Bootstrap(ctx, c.store, c.adminToken, time.Now()); err != nil {
		return err
	} else if made {
		n.log.Info("wrote the first admin token", "file", c.adminToken)
	}
	if err := n.startHistory(ctx); err != nil {
		return err
	}
	if c.service, err = control.New(ctx, control.Options{Store: c.store, Events: c.history, Rules: []control.Rule{steer.CheckAssertions}, Shared: n.shared, Committed: c.counts.commit, Log: n.log}); err != nil {
		return err
	}
	n.run("control", c.service.Run)
	n.run("sessions", n.countSessions)
	if err := n.startLeading(ctx); err != nil {
		return err
	}
	n.lead("idempotency keys", c.service.Sweep)
	n.lead("retention", func(ctx context.Context) error { return c.service.Retain(ctx, n.o.Retention) })

	if n.o.NATS != "embedded" {
		return n.useExternal(ctx, dial)
	}
	users, older, err := n.invited(ctx)
	if err != nil {
		return err
	}
	return n.startBroker(dial, users, older)
}

// startPublishing sends what is committed to the nodes, and collects what they say.
func (n *node) startPublishing() error {
	c := n.control
	var err error
	c.pub, err = publish.New(publish.Options{Source: source{c.store, c.service}, Signing: *c.signing.Load(), Current: n.currentSigning, Conn: n.bus.Conn(), Limits: c.limits, Log: n.log,
		Blobs: n.offeredMaps, Blob: n.mapBytes})
	if err != nil {
		return err
	}
	n.run("publisher", c.pub.Run)
	n.run("signing keys", n.watchKeys)
	n.run("notify", func(ctx context.Context) error {
		for {
			ch := c.service.Changed()
			c.pub.Notify()
			c.service.View(func(_ *traffic.Model, p traffic.Position) { c.heads.note(p) })
			select {
			case <-ch:
			case <-ctx.Done():
				return nil
			}
		}
	})
	if c.broker == nil {
		n.run("other control processes", n.tellPeers)
	}
	c.roster = distribute.NewRoster(n.bus, n.log)
	c.roster.OnChange(func(id string) {
		for _, h := range c.roster.Nodes() {
			if h.ID == id {
				c.service.Stream.Publish("node", toNode(h))
			}
		}
	})
	n.run("roster", c.roster.Run)
	n.run("orders", n.giveOrders)
	n.feedHistory()
	c.currents = distribute.NewCurrentsControl(c.store, n.bus, n.log)
	n.run("current members of all", c.currents.Run)
	n.lead("resets", func(ctx context.Context) error { return n.resetCurrents(ctx, c.currents) })
	n.lead("overrides", func(ctx context.Context) error { return c.service.KeepOverrides(ctx, live{n}.Nodes, n.moment()) })
	n.lead("location data", n.watchGeo)
	return nil
}

// source hands what is committed to the publisher: both speak of the same revisions in
// their own types.
type source struct {
	s       *store.Store
	service *control.Service
}

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

// Snapshot is the configuration in memory: reading 100,000 names from the store again
// would cost two seconds for each 1,000 revisions.
func (s source) Snapshot(ctx context.Context) (traffic.Position, []byte, error) {
	if err := s.service.CatchUp(ctx); err != nil {
		return traffic.Position{}, nil, err
	}
	return s.service.Snapshot(ctx)
}

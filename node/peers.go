package node

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

const (
	// seeEvery is how often a control process notes that it lives; one that missed three
	// is taken for dead.
	seeEvery = 5 * time.Second
	peerLost = 3*seeEvery + time.Second

	// movedSubject is where a control process says that it has committed, so that the
	// others on its store look at once and not within a second. It is a hint: nobody
	// believes what it says.
	movedSubject = "control.moved"
)

// enter notes this control process in the store, and refuses to work beside one that it
// cannot work with.
func (n *node) enter(ctx context.Context) error {
	c := n.control
	if err := c.store.EnterProcess(ctx, n.self()); err != nil {
		return err
	}
	list, err := c.store.Processes(ctx)
	if err != nil {
		return err
	}
	// Of two that start in one moment the later by the database's clock gives way.
	var own store.Process
	for _, p := range list {
		if p.ID == c.id {
			own = p
		}
	}
	for _, p := range list {
		earlier := p.Started.Before(own.Started) || p.Started.Equal(own.Started) && p.ID < own.ID
		if why := n.clash(p); why != "" && earlier {
			if err := c.store.ForgetProcess(context.WithoutCancel(ctx), c.id); err != nil {
				n.log.Warn("this control process stays in the list until it is forgotten", "error", err)
			}
			return fmt.Errorf("%s; it was last seen %s ago: if it is dead, start again in %s", why, p.Silent.Round(time.Second), peerLost)
		}
	}
	c.peers.Store(&list)
	n.onStop(func() {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime/2)
		defer cancel()
		if err := c.store.ForgetProcess(ctx, c.id); err != nil {
			n.log.Warn("the others take this control process for dead", "error", err)
		}
	})
	n.run("control processes", n.watchPeers)
	return nil
}

func (n *node) self() store.Process {
	p := store.Process{ID: n.control.id, Node: n.o.ID, API: n.o.API, Bus: "embedded", Version: n.o.Version}
	if n.o.NATS != "embedded" {
		p.Bus = "external"
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.addrs.API != "" {
		p.API = n.addrs.API
	}
	return p
}

// clash says why this process and another live one cannot share a store, "" if they can.
func (n *node) clash(p store.Process) string {
	switch {
	case p.ID == n.control.id || p.Silent > peerLost:
		return ""
	case p.Bus == "embedded" || n.o.NATS == "embedded":
		return fmt.Sprintf("control process %s (API %s) works on this store too, and two share one only over a NATS server that belongs to neither: start both with --nats nats://…", p.Node, p.API)
	case p.Node == n.o.ID:
		return fmt.Sprintf("another control process on this store (API %s) has the node id %s too; start one of them with another --id", p.API, p.Node)
	}
	return ""
}

// shared reports whether another live control process works on the store.
func (n *node) shared() bool {
	list := n.control.peers.Load()
	if list == nil {
		return false
	}
	for _, p := range *list {
		if p.ID != n.control.id && p.Silent <= peerLost {
			return true
		}
	}
	// One that has just begun is in no list yet, but it has said where it is.
	heard := n.control.heard.Load()
	return heard != nil && time.Since(*heard) <= peerLost
}

// watchPeers notes that this process lives and looks who else does.
func (n *node) watchPeers(ctx context.Context) error {
	c := n.control
	t := time.NewTicker(seeEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		// No alarm when it fails: those who follow the store say that it is away.
		if err := c.store.SeeProcess(ctx, n.self()); err != nil {
			continue
		}
		list, err := c.store.Processes(ctx)
		if err != nil {
			continue
		}
		c.peers.Store(&list)
		if l, err := c.store.Lease(ctx, leaseName); err == nil && l.Left > 0 {
			c.leader.Store(&l.Holder)
		} else {
			c.leader.Store(nil)
		}
		why := ""
		for _, p := range list {
			if s := n.clash(p); s != "" {
				why = s
			}
		}
		n.alarm("control processes", why)
	}
}

func (l live) Controls() []control.Process {
	c := l.n.control
	_, leads := c.lease.Holds()
	out := []control.Process{}
	for _, p := range *c.peers.Load() {
		this := p.ID == c.id
		if this {
			p.Silent = 0
		}
		out = append(out, control.Process{Node: p.Node, API: p.API, Version: p.Version, Started: p.Started, Silent: traffic.Duration(p.Silent.Round(time.Millisecond)),
			Lost: p.Silent > peerLost, This: this, Leads: this && leads || !this && !leads && p.ID == l.n.leader()})
	}
	return out
}

// leader is the control process that has the lease by the last look at the store.
func (n *node) leader() string {
	if s := n.control.leader.Load(); s != nil {
		return *s
	}
	return ""
}

// moved is what one control process tells the others.
type moved struct {
	V        int    `json:"v"`
	ID       string `json:"id"` // who says so
	Epoch    uint64 `json:"epoch"`
	Revision uint64 `json:"revision"`
}

// tellPeers says when the head moves, and listens for what the others say.
func (n *node) tellPeers(ctx context.Context) error {
	c := n.control
	ahead := func(m moved) bool {
		h, err := c.service.Head(ctx)
		return err == nil && (m.Epoch != h.Epoch || m.Revision > h.Revision)
	}
	cancel, err := n.bus.Subscribe(movedSubject, func(_ string, data []byte) {
		var m moved
		if json.Unmarshal(data, &m) != nil || m.ID == c.id {
			return
		}
		now := time.Now()
		c.heard.Store(&now)
		if ahead(m) {
			c.service.Nudge()
		}
	})
	if err != nil {
		return fmt.Errorf("listen for other control processes: %w", err)
	}
	defer cancel()
	for {
		ch := c.service.Changed()
		h, err := c.service.Head(ctx)
		if err != nil {
			return err
		}
		b, err := json.Marshal(moved{V: 1, ID: c.id, Epoch: h.Epoch, Revision: h.Revision})
		if err != nil {
			return fmt.Errorf("encode a hint: %w", err)
		}
		if err := n.bus.Publish(movedSubject, b); err != nil {
			n.log.Debug("other control processes see this change within a second", "error", err)
		}
		select {
		case <-ch:
		case <-ctx.Done():
			return nil
		}
	}
}

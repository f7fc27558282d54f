package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// How far an override has come.
const (
	StatePlanned   = "planned"   // in a dry run
	StateSpreading = "spreading" // a present resolver does not have it yet
	StateDraining  = "draining"  // all have it, caches may still hold answers from before
	StateDrained   = "drained"
	StateSettling  = "settling" // of enable, what draining is of drain
	StateInForce   = "in_force" // of enable, what drained is of drain
	StateEnded     = "ended"    // its end has come, control is about to remove it
	StateUnknown   = "unknown"  // in force; the store cannot be asked how far it has come
)

// OverrideState is an override and how far it has come.
type OverrideState struct {
	traffic.Override
	Version     uint64    `json:"version" doc:"For If-Match; moves with every change."`
	UpdatedAt   time.Time `json:"updated_at"`
	State       string    `json:"state" enum:"planned,spreading,draining,drained,settling,in_force,ended,unknown"`
	Reaches     int       `json:"reaches" doc:"How many objects it is about now; 0 when its target is gone or nothing has its labels."`
	Waiting     []string  `json:"waiting" doc:"Resolver nodes heard within 30 s that do not have it yet."`
	Unknown     []string  `json:"unknown" doc:"Resolver nodes not heard for longer, or not since this control process started: they may answer as before, and are not waited for."`
	CachedFor   uint32    `json:"cached_for" doc:"Seconds that caches keep answers from before."`
	CachedUntil time.Time `json:"cached_until,omitzero" doc:"When the last answer from before that a cache can hold has expired; absent while it spreads."`
	Names       []string  `json:"names" doc:"Access domains, NAME/TYPE, that were answered otherwise before it."`
	More        int       `json:"more" doc:"How many there are besides names."`
}

// CountReached fills in how many objects each override is about. A selector costs a pass
// over addresses and pools, so commits may come in between.
func (s *Service) CountReached(list []OverrideState) {
	for i := range list {
		s.View(func(m *traffic.Model, _ traffic.Position) {
			steer.Reached(m, &list[i].Override, func(traffic.Key) { list[i].Reaches++ })
		})
	}
}

// Overrides returns every override and how far it has come, oldest first, without what
// CountReached counts.
func (s *Service) Overrides(ctx context.Context, nodes []Node) ([]OverrideState, error) {
	var out []OverrideState
	s.mu.RLock()
	s.model.Each(traffic.KindOverride, func(obj traffic.Object) bool {
		o := obj.(*traffic.Override)
		m := s.metas[o.Key()]
		out = append(out, OverrideState{Override: *o, Version: m.Revision, UpdatedAt: m.UpdatedAt, Waiting: []string{}, Unknown: []string{}, Names: []string{}})
		return true
	})
	s.mu.RUnlock()
	slices.SortFunc(out, func(a, b OverrideState) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	if len(out) == 0 {
		return out, nil
	}
	err := s.judgeAll(ctx, out, nodes)
	if errors.Is(err, store.ErrUnavailable) {
		// The orders are known and in force; only how far they have come is not.
		for i := range out {
			out[i].State = StateUnknown
		}
		err = nil
	}
	return out, err
}

func (s *Service) judgeAll(ctx context.Context, out []OverrideState, nodes []Node) error {
	spreads, err := s.store.Spreads(ctx)
	if err != nil {
		return err
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	silent, err := s.neverHeard(ctx, nodes)
	if err != nil {
		return err
	}
	for i := range out {
		out[i].judge(spreads[out[i].ID], nodes, now)
		out[i].Unknown = append(out[i].Unknown, silent...)
		slices.Sort(out[i].Unknown)
	}
	return nil
}

// neverHeard lists the invited resolvers that this process has not heard since it started.
func (s *Service) neverHeard(ctx context.Context, nodes []Node) (out []string, err error) {
	invited, err := s.store.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range invited {
		if i.Role == "resolver" && !slices.ContainsFunc(nodes, func(n Node) bool { return n.ID == i.ID }) {
			out = append(out, i.ID)
		}
	}
	return out, nil
}

func (o *OverrideState) judge(p store.Spread, nodes []Node, now time.Time) {
	o.Waiting, o.Unknown = behind(p, nodes)
	o.CachedFor, o.Names, o.More = p.CachedFor, p.Names, p.More
	if o.Names == nil {
		o.Names = []string{}
	}
	words := map[traffic.Action][2]string{traffic.Drain: {StateDraining, StateDrained}, traffic.Enable: {StateSettling, StateInForce}}[o.Action]
	if o.State = StateSpreading; !p.SpreadAt.IsZero() && len(o.Waiting) == 0 {
		o.CachedUntil = p.SpreadAt.Add(time.Duration(p.CachedFor) * time.Second)
		o.State = words[0]
		if !now.Before(o.CachedUntil) {
			o.State = words[1]
		}
	}
	if !o.EndsAt.IsZero() && !now.Before(o.EndsAt) {
		o.State = StateEnded
	}
}

// behind lists the resolvers that do not answer by a record's revision yet, and those
// of which nobody knows.
func behind(p store.Spread, nodes []Node) (waiting, unknown []string) {
	waiting, unknown = []string{}, []string{}
	for _, n := range nodes {
		switch {
		case !slices.Contains(n.Roles, "resolver"):
		case !n.Present():
			unknown = append(unknown, n.ID)
		case n.Position.Epoch < p.Epoch, n.Position.Epoch == p.Epoch && n.Position.Revision < p.Revision:
			waiting = append(waiting, n.ID)
		}
	}
	return waiting, unknown
}

func (s *Service) spreadOf(id string, revision uint64, e *steer.Effect) store.Spread {
	c := s.caches(e)
	p := store.Spread{ID: id, Revision: revision, CachedFor: e.CachedFor, Names: []string{}, More: c.More}
	for _, n := range c.Names {
		p.Names = append(p.Names, n.Name+"/"+n.Type)
	}
	s.View(func(_ *traffic.Model, at traffic.Position) { p.Epoch = at.Epoch })
	return p
}

const (
	// keepEvery is how often nodes are looked at while an override is on its way, and
	// keepIdle while all have theirs: a node may come back that has not.
	keepEvery = 200 * time.Millisecond
	keepIdle  = time.Second
	// hearWithin is how long a new leader listens before it believes that it knows all
	// nodes that are present, unless it has heard every invited one before: they speak
	// every 5 s, so each has had two chances.
	hearWithin = 11 * time.Second
)

// KeepOverrides removes overrides whose end has come, each by a revision of its own,
// and notes when all resolvers have one. It is for the process that leads, until ctx
// ends. Ends are judged by the database's clock alone.
func (s *Service) KeepOverrides(ctx context.Context, nodes func() []Node, h steer.Health) error {
	k := overrideKeeper{s: s, nodes: nodes, health: h, began: time.Now()}
	failing := false
	for {
		changed := s.Changed()
		wait, err := k.pass(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			wait = keepIdle
		}
		if (err != nil) != failing { // said once, not each second
			if failing = err != nil; failing {
				s.log.Error("overrides are not kept: one whose end has come stays until this succeeds, or nodes let it lapse", "err", err)
			} else {
				s.log.Info("overrides are kept again")
			}
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-changed:
		}
		t.Stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

type overrideKeeper struct {
	s      *Service
	nodes  func() []Node
	health steer.Health
	began  time.Time
}

// pass does what is due and returns how long nothing will be, unless something changes.
func (k *overrideKeeper) pass(ctx context.Context) (time.Duration, error) {
	type entry struct {
		o    *traffic.Override
		meta store.Meta
	}
	// The records first, then up to the store's head: a record of an override that is not
	// in the model is then of one that has gone, not of one that another process has just made.
	spreads, err := k.s.store.Spreads(ctx)
	if err != nil {
		return 0, err
	}
	if err := k.s.follow(ctx); err != nil {
		return 0, err
	}
	var all []entry
	k.s.mu.RLock()
	k.s.model.Each(traffic.KindOverride, func(obj traffic.Object) bool {
		all = append(all, entry{obj.(*traffic.Override), k.s.metas[obj.Key()]})
		return true
	})
	k.s.mu.RUnlock()
	now, err := k.s.store.Now(ctx)
	if err != nil {
		return 0, err
	}
	wait := time.Minute
	nodes := k.nodes()
	for _, e := range all {
		if !e.o.EndsAt.IsZero() {
			left := e.o.EndsAt.Sub(now)
			if left <= 0 {
				if err := k.expire(ctx, e.o, e.meta.Revision); err != nil {
					return 0, err
				}
				continue
			}
			wait = min(wait, left)
		}
		p, known := spreads[e.o.ID]
		if !known { // its writer died before it could say
			effect := k.s.effectOf(traffic.Change{Key: e.o.Key(), After: e.o}, k.health)
			p = k.s.spreadOf(e.o.ID, e.meta.Revision, &effect)
			if err := k.s.store.AddSpread(ctx, p); err != nil {
				return 0, err
			}
		}
		delete(spreads, e.o.ID)
		next, err := k.spread(ctx, p, nodes)
		if err != nil {
			return 0, err
		}
		wait = min(wait, next)
	}
	for id := range spreads {
		if err := k.s.store.DropSpread(ctx, id); err != nil {
			return 0, err
		}
	}
	return wait, nil
}

// spread notes when the last resolver has an override, anew when one comes back that
// has not.
func (k *overrideKeeper) spread(ctx context.Context, p store.Spread, nodes []Node) (time.Duration, error) {
	waiting, _ := behind(p, nodes)
	present := slices.ContainsFunc(nodes, func(n Node) bool { return n.Present() && slices.Contains(n.Roles, "resolver") })
	switch done := !p.SpreadAt.IsZero(); {
	case len(waiting) > 0 && done:
		return keepEvery, k.s.store.SetSpread(ctx, p.ID, time.Time{})
	case len(waiting) > 0, !done && !present:
		return keepEvery, nil
	case !done:
		if heard, err := k.heardAll(ctx, nodes); !heard || err != nil {
			return keepEvery, err
		}
		at, err := k.s.store.Now(ctx)
		if err != nil {
			return 0, err
		}
		return keepIdle, k.s.store.SetSpread(ctx, p.ID, at)
	}
	return keepIdle, nil
}

// heardAll reports whether no node can be there of which this process has not heard yet.
func (k *overrideKeeper) heardAll(ctx context.Context, nodes []Node) (bool, error) {
	if time.Since(k.began) >= hearWithin {
		return true, nil
	}
	silent, err := k.s.neverHeard(ctx, nodes)
	return len(silent) == 0, err
}

func (k *overrideKeeper) expire(ctx context.Context, o *traffic.Override, version uint64) error {
	key := o.Key()
	_, err := k.s.Commit(ctx, ChangeSet{Delete: []traffic.Key{key}, If: []Condition{{Key: key, Version: version}}, Author: "control", Source: "control",
		Comment: fmt.Sprintf("%s (%s) has ended", o.ID, o.Order())})
	switch {
	case errors.Is(err, ErrVersion), errors.Is(err, ErrNotFound):
		return nil // somebody was faster; the next pass sees what it is now
	case err != nil:
		return err
	}
	k.s.Record(orderEvent(traffic.Change{Key: key, Before: o}, "control", "expired"))
	return nil
}

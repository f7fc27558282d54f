package control

import (
	"slices"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// ground is what a change set is planned on: what is committed, and for a writer also
// the change sets that share its transaction and come before.
type ground struct {
	model    *traffic.Model
	metas    map[traffic.Key]store.Meta // as committed
	revision uint64

	// Of a writer only, and not committed yet.
	over map[traffic.Key]*store.Meta // nil for what is deleted
	gone map[string]uint32           // last serials of zones that are deleted
	laid []*store.Commit
}

// groundLocked is the ground of a dry run. mu is held.
func (s *Service) groundLocked() *ground {
	return &ground{model: s.model, metas: s.metas, revision: s.head.Revision}
}

// writersGround is the ground of the first of a group. The turn is held.
func (s *Service) writersGround() *ground {
	if s.ahead == nil { // a process that never writes does without
		s.ahead = s.model.Clone()
	}
	return &ground{model: s.ahead, metas: s.metas, revision: s.head.Revision, over: map[traffic.Key]*store.Meta{}, gone: map[string]uint32{}}
}

func (g *ground) meta(k traffic.Key) (store.Meta, bool) {
	if m, ok := g.over[k]; ok {
		if m == nil {
			return store.Meta{}, false
		}
		return *m, true
	}
	m, ok := g.metas[k]
	return m, ok
}

// stored returns an object that the changes leave as it is.
func (g *ground) stored(k traffic.Key, changes []traffic.Change) *Stored {
	if slices.ContainsFunc(changes, func(c traffic.Change) bool { return c.Key == k }) {
		return nil
	}
	if o := g.model.Get(k); o != nil {
		m, _ := g.meta(k)
		return &Stored{Object: o, Meta: m}
	}
	return nil
}

// lay moves a writer's ground by one commit.
func (g *ground) lay(c *store.Commit) {
	g.laid = append(g.laid, c)
	if len(c.Changes) > 0 {
		g.revision++
	}
	g.model.Apply(c.Changes)
	for _, ch := range c.Changes {
		if ch.After != nil {
			m := c.Metas[ch.Key]
			g.over[ch.Key] = &m
			continue
		}
		g.over[ch.Key] = nil
		if z, ok := ch.Before.(*traffic.Zone); ok {
			g.gone[z.Name] = z.Serial
		}
	}
	for _, k := range c.Mark {
		m, _ := g.meta(k)
		m.Set = c.Set
		g.over[k] = &m
	}
}

// takeUp puts the writer's model back to what is committed.
func (g *ground) takeUp() {
	for _, c := range slices.Backward(g.laid) {
		back := make([]traffic.Change, 0, len(c.Changes))
		for _, ch := range slices.Backward(c.Changes) {
			back = append(back, traffic.Change{Key: ch.Key, Before: ch.After, After: ch.Before})
		}
		g.model.Apply(back)
	}
	g.laid = nil
}

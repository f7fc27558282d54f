package control

import (
	"context"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// Plan is what a change set would do.
type Plan struct {
	Changes   []ObjectChange    `json:"changes"`
	Unchanged int               `json:"unchanged"`
	Warnings  []traffic.Problem `json:"warnings"`
}

// planned is a plan with what a commit needs.
type planned struct {
	Plan
	changes []traffic.Change
	metas   map[traffic.Key]store.Meta
	at      time.Time
	mark    []traffic.Key // unchanged objects that move to the set
}

// Plan says what a change set would do, or returns *Rejected or *Denied (*Collision
// for one of Rollback or Revert). It changes nothing.
func (s *Service) Plan(ctx context.Context, cs ChangeSet) (Plan, error) {
	for {
		if err := s.readUndo(ctx, &cs); err != nil {
			return Plan{}, err
		}
		p, current, err := s.planNow(ctx, &cs)
		if current || err != nil {
			return p, err
		}
	}
}

// planNow plans unless another commit came after the history was read.
func (s *Service) planNow(ctx context.Context, cs *ChangeSet) (p Plan, current bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if cs.undo != nil && cs.undo.to != s.head {
		return Plan{}, false, nil
	}
	full, err := s.plan(ctx, s.groundLocked(), cs)
	return full.Plan, true, err
}

// plan needs the ground not to move meanwhile: mu held for reading, or the writer's turn.
func (s *Service) plan(ctx context.Context, g *ground, cs *ChangeSet) (planned, error) {
	d, before, err := s.draft(ctx, g, cs)
	if err != nil {
		return planned{}, err
	}
	now := s.now()
	assignSerials(g.model, d, now)
	r := d.Check()
	r.Errors = append(r.Errors, before.Errors...)
	if r.OK() { // a rule that looks at answers needs a configuration that holds together
		for _, rule := range s.rules {
			rule(d, r)
		}
	}
	r.Sort()
	if !r.OK() {
		if cs.undo != nil { // its author wrote none of this: what stands now is against it
			return planned{}, &Collision{Revision: cs.undo.revision, Problems: r.Errors}
		}
		return planned{}, &Rejected{Report: r}
	}

	p := planned{changes: d.Changes(), at: now, metas: map[traffic.Key]store.Meta{}}
	p.Warnings = r.Warnings
	if p.Warnings == nil {
		p.Warnings = []traffic.Problem{}
	}
	p.Changes = make([]ObjectChange, len(p.changes))
	changed := make(map[traffic.Key]bool, len(p.changes))
	put := make(map[traffic.Key]bool, len(cs.Put))
	for _, o := range cs.Put {
		put[o.Key()] = true
	}
	for i, c := range p.changes {
		changed[c.Key] = true
		if p.Changes[i], err = diffChange(c); err != nil {
			return planned{}, err
		}
		if c.After == nil {
			continue
		}
		m, exists := g.meta(c.Key)
		if !exists {
			m = store.Meta{ID: store.NewID(string(c.Key.Kind)), CreatedAt: now}
			if c.Key.Kind == traffic.KindOverride { // its name is an id
				m.ID = c.Key.Name
			}
		}
		if put[c.Key] && cs.Set != "" {
			m.Set = cs.Set
		}
		p.metas[c.Key] = m
	}
	for k := range put {
		if changed[k] {
			continue
		}
		p.Unchanged++
		if m, stored := g.meta(k); stored && cs.Set != "" && m.Set != cs.Set {
			p.mark = append(p.mark, k)
		}
	}
	if err := g.permit(cs, d, &p); err != nil {
		return planned{}, err
	}
	if cs.watch != nil {
		cs.watch(g.model, d, p.changes)
	}
	return p, nil
}

func diffChange(c traffic.Change) (ObjectChange, error) {
	var before, after []byte
	if c.Before != nil {
		before = traffic.Encode(c.Before)
	}
	if c.After != nil {
		after = traffic.Encode(c.After)
	}
	return diffObject(c.Key, before, after)
}

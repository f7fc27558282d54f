package control

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// Rollback returns a change set that makes the configuration what it was at a
// revision, for one Plan or one Commit; the caller adds who and why. What control manages
// stays: the location map in force, and zone serials, which go forward. Sets and ids
// are not configuration: what was deleted since comes back with a new id and in no set.
// The error wraps ErrNotFound for a revision that is not in the history, and is
// *Compacted for one that is older than what is kept.
func (s *Service) Rollback(ctx context.Context, revision uint64) (ChangeSet, error) {
	return s.newUndo(ctx, &undo{revision: revision, after: revision}, fmt.Sprintf("rollback to revision %d", revision))
}

// Revert returns a change set that undoes one revision and leaves what later ones did.
// Where a later one touched the same objects, fields and list members are undone one by
// one; Plan and Commit return *Collision where it changed the very same. Errors are
// those of Rollback, and ErrOverride for a revision that holds an override: nobody shall
// believe that a drain was ended by it.
func (s *Service) Revert(ctx context.Context, revision uint64) (ChangeSet, error) {
	if revision == 0 {
		return ChangeSet{}, fmt.Errorf("revision %d %w", revision, ErrNotFound)
	}
	cs, err := s.newUndo(ctx, &undo{revision: revision, after: revision - 1, only: true}, fmt.Sprintf("revert revision %d", revision))
	if err != nil {
		return cs, err
	}
	r, err := s.store.Revision(ctx, revision)
	if err != nil {
		return cs, err
	}
	changes, err := traffic.DecodeChanges(r.Changes)
	if err != nil {
		return cs, fmt.Errorf("read revision %d: %w", revision, err)
	}
	// One write makes one order, and no other change is in its revision.
	if len(changes) > 0 && changes[0].Key.Kind == traffic.KindOverride {
		return cs, fmt.Errorf("revision %d %w", revision, ErrOverride)
	}
	return cs, nil
}

func (s *Service) newUndo(ctx context.Context, u *undo, comment string) (ChangeSet, error) {
	if _, err := s.revision(ctx, u.revision); err != nil {
		return ChangeSet{}, err
	}
	return ChangeSet{Comment: comment, undo: u}, s.reaches(ctx, u.after)
}

// undo gathers from the log what one or all revisions from a number on have changed. It
// reads forward and remembers how far, so that a plan on a moved head reads only what is new.
type undo struct {
	revision uint64
	after    uint64 // the log is read from the revision behind this one
	only     bool   // undo this revision alone
	orders   bool   // overrides too: to look back, never to undo

	to    traffic.Position // the log is read to here
	first map[traffic.Key]traffic.Change
	later map[traffic.Key][]uint64 // with only: revisions behind it that touched the object
}

// readUndo reads the log up to the head of this process. It holds no lock: the caller
// makes sure that the head has not moved since, or that it cannot.
func (s *Service) readUndo(ctx context.Context, cs *ChangeSet) error {
	u := cs.undo
	if u == nil {
		return nil
	}
	s.mu.RLock()
	head := s.head
	s.mu.RUnlock()
	if u.first == nil || u.to.Epoch != head.Epoch || head.Revision < u.to.Revision {
		u.to = traffic.Position{Epoch: head.Epoch, Revision: u.after}
		u.first, u.later = map[traffic.Key]traffic.Change{}, map[traffic.Key][]uint64{}
	}
	// A revision may hold megabytes.
	const page = 64
	for u.to.Revision < head.Revision {
		list, err := s.store.History(ctx, u.to.Revision, page)
		if err != nil {
			return err
		}
		before := u.to.Revision
		for _, r := range list {
			if r.Position.Revision != u.to.Revision+1 || r.Position.Revision > head.Revision {
				break
			}
			if err := u.add(r); err != nil {
				return fmt.Errorf("read revision %d: %w", r.Position.Revision, err)
			}
			u.to = r.Position
		}
		if u.to.Revision == before {
			return s.gap(ctx, before)
		}
	}
	u.to = head
	return nil
}

func (u *undo) add(r store.Revision) error {
	changes, err := traffic.DecodeChanges(r.Changes)
	if err != nil {
		return err
	}
	var before []json.RawMessage
	if err := json.Unmarshal(r.Before, &before); err != nil {
		return fmt.Errorf("what was before: %w", err)
	}
	if len(before) != len(changes) {
		return fmt.Errorf("%d objects before beside %d changes", len(before), len(changes))
	}
	own := r.Position.Revision == u.revision
	for i, c := range changes {
		if c.Key.Kind == traffic.KindOverride && !u.orders { // above configuration (design D12)
			continue
		}
		if b := body(before[i]); b != nil {
			if c.Before, err = traffic.Decode(c.Key.Kind, b); err != nil {
				return fmt.Errorf("what %s was before: %w", c.Key, err)
			}
		}
		_, seen := u.first[c.Key]
		switch {
		case !u.only && !seen, u.only && own:
			u.first[c.Key] = c
		case u.only:
			u.later[c.Key] = append(u.later[c.Key], r.Position.Revision)
		}
	}
	return nil
}

// fill makes the change set for a model.
func (u *undo) fill(m *traffic.Model, cs *ChangeSet) error {
	cs.Put, cs.Delete = nil, nil
	want := func(k traffic.Key, o traffic.Object) {
		if o != nil {
			cs.Put = append(cs.Put, o)
		} else if m.Get(k) != nil {
			cs.Delete = append(cs.Delete, k)
		}
	}
	if !u.only {
		for k, c := range u.first {
			want(k, c.Before)
		}
		return nil
	}
	r := &traffic.Report{}
	for k, c := range u.first {
		now := m.Get(k)
		o, err := u.without(c, now, r)
		if err != nil {
			return fmt.Errorf("revert %s: %w", k, err)
		}
		if o != now {
			want(k, o)
		}
	}
	u.keepRecords(m, cs, r)
	if !r.OK() {
		r.Sort()
		return &Collision{Revision: u.revision, Problems: r.Errors}
	}
	return nil
}

// keepRecords refuses to take a zone away from under records that came later: the
// deletion of a zone takes all of them, and nobody would have asked for that.
func (u *undo) keepRecords(m *traffic.Model, cs *ChangeSet, r *traffic.Report) {
	gone := make(map[traffic.Key]bool, len(cs.Delete))
	for _, k := range cs.Delete {
		gone[k] = true
	}
	for _, k := range cs.Delete {
		if k.Kind != traffic.KindZone {
			continue
		}
		for _, rec := range m.InZone(k.Name) {
			if _, own := u.first[rec]; !own && !gone[rec] {
				u.collide(r, rec, "", "stands in zone "+k.Name+", which would go")
			}
		}
	}
}

// collide says what is in the way of an object's undoing, and which revisions did it.
func (u *undo) collide(r *traffic.Report, k traffic.Key, field, what string) {
	by := make([]string, len(u.later[k]))
	for i, n := range u.later[k] {
		by[i] = strconv.FormatUint(n, 10)
	}
	r.For(k).Errorf(field, "changed_since", "%s (revision %s); revert that first, or make the change by hand", what, strings.Join(by, ", "))
}

package control

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// At returns the whole configuration as of a revision, as puts in reference order,
// and its position. It works back from what stands now, so its cost follows what came
// since. Overrides are those of then. The error wraps ErrNotFound for a number not reached yet, and is *Compacted
// for one that is older than what is kept.
func (s *Service) At(ctx context.Context, revision uint64) ([]traffic.Change, traffic.Position, error) {
	pos := traffic.Position{}
	if revision > 0 {
		r, err := s.revision(ctx, revision)
		if err != nil {
			return nil, pos, err
		}
		pos = r.Position
	}
	var all []traffic.Change
	err := s.asOf(ctx, func(at []*traffic.Draft, _ []traffic.Key) {
		for _, k := range traffic.Kinds {
			begin := len(all)
			at[0].Each(k, func(o traffic.Object) bool {
				all = append(all, traffic.Change{Key: o.Key(), After: o})
				return true
			})
			slices.SortFunc(all[begin:], func(a, b traffic.Change) int { return strings.Compare(a.Key.Name, b.Key.Name) })
		}
	}, revision)
	return all, pos, err
}

// Diff is what leads from one revision to another.
type Diff struct {
	From    uint64         `json:"from" doc:"Revision that is compared; 0 is the time before the first."`
	To      uint64         `json:"to" doc:"Revision that it is compared with."`
	Changes []ObjectChange `json:"changes" doc:"What makes the configuration at from that at to, whatever lay between."`
	Effect  steer.Effect   `json:"effect" doc:"What clients got at from and at to, with the overrides of then, as all tasks being good would have it: health of then is not in the history of changes."`
}

// Diff compares the configurations at two revisions, in either direction. Errors are
// those of At.
func (s *Service) Diff(ctx context.Context, from, to uint64) (Diff, error) {
	out := Diff{From: from, To: to, Changes: []ObjectChange{}}
	for _, n := range []uint64{from, to} {
		if n == 0 {
			continue
		}
		if _, err := s.revision(ctx, n); err != nil {
			return out, err
		}
	}
	var bad error
	err := s.asOf(ctx, func(at []*traffic.Draft, touched []traffic.Key) {
		var changes []traffic.Change
		for _, k := range touched {
			ch := traffic.Change{Key: k, Before: at[0].Get(k), After: at[1].Get(k)}
			b, a := encoded(ch.Before), encoded(ch.After)
			if bytes.Equal(b, a) {
				continue
			}
			oc, err := tellObject(k, b, a)
			bad = errors.Join(bad, err)
			changes, out.Changes = append(changes, ch), append(out.Changes, oc)
		}
		out.Effect = steer.Compare(at[0], at[1], changes, AllGood())
	}, from, to)
	return out, errors.Join(err, bad)
}

// AllGood is the state in which every task is good and no policy has moved.
func AllGood() steer.Health {
	return steer.Health{Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }}
}

func encoded(o traffic.Object) []byte {
	if o == nil {
		return nil
	}
	return traffic.Encode(o)
}

// pastView sees the configurations as of some revisions, and in order the keys of all
// objects that were touched since the oldest of them.
type pastView func(at []*traffic.Draft, touched []traffic.Key)

// asOf calls f with configurations of the past, laid over the model of one moment.
// Commits wait for f, and it must not keep the drafts.
func (s *Service) asOf(ctx context.Context, f pastView, revisions ...uint64) error {
	since := make([]ChangeSet, len(revisions))
	for i, n := range revisions {
		if err := s.reaches(ctx, n); err != nil {
			return err
		}
		since[i].undo = &undo{revision: n, after: n, orders: true}
	}
	for {
		for i := range since {
			if err := s.readUndo(ctx, &since[i]); err != nil {
				return err
			}
		}
		if s.overlay(since, f) {
			return nil
		}
	}
}

// overlay reports false when a commit came after the log was read.
func (s *Service) overlay(since []ChangeSet, f pastView) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at := make([]*traffic.Draft, len(since))
	var touched []traffic.Key
	for i := range since {
		u := since[i].undo
		if u.to != s.head {
			return false
		}
		d := traffic.NewDraft(s.model)
		// Deletions first, for that of a zone takes its records, and some may stay.
		for k, c := range u.first {
			if c.Before == nil {
				d.Delete(k)
			}
		}
		for _, c := range u.first {
			if c.Before != nil {
				d.Put(c.Before)
			}
		}
		at[i] = d
		if len(u.first) > len(touched) { // what was touched since later is among it
			touched = slices.Collect(maps.Keys(u.first))
		}
	}
	slices.SortFunc(touched, func(a, b traffic.Key) int {
		return cmp.Or(slices.Index(traffic.Kinds, a.Kind)-slices.Index(traffic.Kinds, b.Kind), strings.Compare(a.Name, b.Name))
	})
	f(at, touched)
	return true
}

// revision reads one from the log. The error wraps ErrNotFound if there is none.
func (s *Service) revision(ctx context.Context, n uint64) (store.Revision, error) {
	r, err := s.store.Revision(ctx, n)
	if errors.Is(err, store.ErrNotFound) {
		return r, fmt.Errorf("revision %d %w", n, ErrNotFound)
	}
	if err != nil {
		return r, err
	}
	// Another process may have made it a moment ago.
	return r, s.follow(ctx)
}

// reaches returns *Compacted when the log behind a revision is not whole any more.
func (s *Service) reaches(ctx context.Context, n uint64) error {
	oldest, err := s.store.Compacted(ctx)
	if err == nil && n < oldest {
		err = &Compacted{Revision: n, Oldest: oldest}
	}
	return err
}

// gap says why the log does not go on behind a revision.
func (s *Service) gap(ctx context.Context, n uint64) error {
	if err := s.reaches(ctx, n); err != nil {
		return err
	}
	return fmt.Errorf("revision %d %w in the history that is kept", n+1, ErrNotFound)
}

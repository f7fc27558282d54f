package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// Result is what a commit did.
type Result struct {
	// Revision holds the change; if nothing changed it is the one that stood.
	Revision uint64
	Plan
	// Object is the one asked for with ChangeSet.Return, nil when deleted.
	Object *Stored
	// Replayed: the idempotency key was seen before, nothing was done now.
	Replayed bool
}

// commitTime bounds one commit. The caller's own cancellation is left aside from
// then on: half-way there the outcome would be unknown to everyone.
const commitTime = 30 * time.Second

// Commit plans a change set and commits it as one revision. A change set that
// changes nothing makes no revision. Errors: *Rejected, *Denied, *Collision, *ObjectError, ErrKeyReused,
// store.ErrUnavailable.
func (s *Service) Commit(ctx context.Context, cs ChangeSet) (Result, error) {
	if err := s.take(ctx); err != nil {
		return Result{}, err
	}
	defer s.give()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	// Each turn of the loop is lost only to another process that committed meanwhile.
	for range 100 {
		if cs.IdempotencyKey != "" {
			if r, err := s.replay(ctx, &cs); err == nil || !errors.Is(err, store.ErrNotFound) {
				return r, err
			}
		}
		r, err := s.attempt(ctx, &cs)
		switch {
		case errors.Is(err, store.ErrMoved):
			if err := s.catchUp(ctx); err != nil {
				return Result{}, err
			}
		case errors.Is(err, store.ErrExists) && cs.IdempotencyKey != "" && !errors.Is(err, ErrExists):
			// The same request through another process; its reply is there now.
		default:
			return r, err
		}
	}
	return Result{}, fmt.Errorf("commit: %w: other processes change the configuration without pause", store.ErrUnavailable)
}

func (s *Service) attempt(ctx context.Context, cs *ChangeSet) (Result, error) {
	if err := s.readUndo(ctx, cs); err != nil {
		return Result{}, err
	}
	p, err := s.plan(ctx, cs)
	if err != nil {
		return Result{}, err
	}
	if len(p.changes) == 0 {
		return s.commitNothing(ctx, cs, p)
	}
	c := store.Commit{Expected: s.head, At: p.at, Author: cs.Author, Source: cs.Source, Comment: cs.Comment,
		Principal: cs.Principal, Remote: cs.Remote,
		Changes: p.changes, Metas: p.metas, Set: cs.Set, Mark: p.mark, Audit: cs.Audit}
	res := Result{Revision: s.head.Revision + 1, Plan: p.Plan}
	for _, ch := range p.changes {
		if ch.After != nil {
			m := p.metas[ch.Key]
			m.Revision, m.UpdatedAt = res.Revision, c.At
			p.metas[ch.Key] = m
			if ch.Key == cs.Return {
				res.Object = &Stored{Object: ch.After, Meta: m}
			}
		}
	}
	if res.Object == nil {
		res.Object = s.stored(cs.Return, p.changes)
	}
	if c.Reply, err = cs.reply(res); err != nil {
		return Result{}, err
	}
	rev, err := s.store.Commit(ctx, c)
	if err != nil {
		if errors.Is(err, store.ErrUnavailable) {
			// The connection may have broken after the database committed.
			if cerr := s.catchUp(ctx); cerr != nil {
				s.log.Warn("outcome of a commit is unknown until the store answers", "err", cerr)
			}
		}
		return Result{}, err
	}
	s.mu.Lock()
	s.model.Apply(p.changes)
	for _, ch := range p.changes {
		if ch.After == nil {
			s.forgetLocked(ch.Key)
		} else {
			s.rememberLocked(ch.Key, p.metas[ch.Key])
		}
	}
	s.markLocked(cs.Set, p.mark)
	s.movedLocked(rev.Position)
	s.mu.Unlock()
	s.announce(rev)
	return res, nil
}

// stored returns an object that the changes leave as it is.
func (s *Service) stored(k traffic.Key, changes []traffic.Change) *Stored {
	for _, ch := range changes {
		if ch.Key == k {
			return nil
		}
	}
	if o := s.model.Get(k); o != nil {
		return &Stored{Object: o, Meta: s.metas[k]}
	}
	return nil
}

func (s *Service) commitNothing(ctx context.Context, cs *ChangeSet, p planned) (Result, error) {
	res := Result{Revision: s.head.Revision, Plan: p.Plan, Object: s.stored(cs.Return, nil)}
	if len(p.mark) > 0 {
		if err := s.store.MarkSet(ctx, cs.Set, p.mark); err != nil {
			return Result{}, err
		}
		s.mu.Lock()
		s.markLocked(cs.Set, p.mark)
		s.mu.Unlock()
	}
	reply, err := cs.reply(res)
	if err != nil || reply == nil {
		return res, err
	}
	return res, s.store.AddReply(ctx, *reply, s.now())
}

func (s *Service) markLocked(set string, keys []traffic.Key) {
	for _, k := range keys {
		m := s.metas[k]
		m.Set = set
		s.metas[k] = m
	}
}

// kept is the stored form of a Result.
type kept struct {
	Revision uint64          `json:"revision"`
	Plan     Plan            `json:"plan"`
	Kind     traffic.Kind    `json:"kind,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"`
	Meta     store.Meta      `json:"meta"`
}

func (cs *ChangeSet) reply(r Result) (*store.Reply, error) {
	if cs.IdempotencyKey == "" {
		return nil, nil
	}
	k := kept{Revision: r.Revision, Plan: r.Plan}
	if r.Object != nil {
		k.Kind, k.Body, k.Meta = r.Object.Object.Key().Kind, traffic.Encode(r.Object.Object), r.Object.Meta
	}
	b, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode reply: %w", err)
	}
	return &store.Reply{Principal: cs.Principal, Key: cs.IdempotencyKey, Request: cs.Request, Body: b}, nil
}

// replay returns what the same request got before; store.ErrNotFound if it is new.
func (s *Service) replay(ctx context.Context, cs *ChangeSet) (Result, error) {
	r, err := s.store.FindReply(ctx, cs.Principal, cs.IdempotencyKey)
	if err != nil {
		return Result{}, err
	}
	if !bytes.Equal(r.Request, cs.Request) {
		return Result{}, ErrKeyReused
	}
	var k kept
	if err := json.Unmarshal(r.Body, &k); err != nil {
		return Result{}, fmt.Errorf("read reply: %w", err)
	}
	res := Result{Revision: k.Revision, Plan: k.Plan, Replayed: true}
	if k.Body != nil {
		o, err := traffic.Decode(k.Kind, k.Body)
		if err != nil {
			return Result{}, fmt.Errorf("read reply: %w", err)
		}
		res.Object = &Stored{Object: o, Meta: k.Meta}
	}
	return res, nil
}

// SetGeoMap puts the hash of the location map that nodes must use into the
// settings, as a revision like any other (design D11).
func (s *Service) SetGeoMap(ctx context.Context, hash, author, comment string) (Result, error) {
	var next traffic.Settings
	s.View(func(m *traffic.Model, _ traffic.Position) { next = *m.Settings() })
	next.Nameservers = slices.Clone(next.Nameservers) // readers of the model hold the old list
	next.GeoMap = hash
	return s.Commit(ctx, ChangeSet{Put: []traffic.Object{&next}, Author: author, Source: "control", Comment: comment, managed: true})
}

package control

import (
	"bytes"
	"context"
	"encoding/json"
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

// Commit plans a change set and commits it as one revision. A change set that
// changes nothing makes no revision. Errors: *Rejected, *Denied, *Collision, *ObjectError, ErrKeyReused,
// store.ErrUnavailable.
//
// Change sets that wait at the same time share a transaction (see group.go). Each is
// planned on what those before it leave, and is applied or refused for itself.
func (s *Service) Commit(ctx context.Context, cs ChangeSet) (res Result, err error) {
	if s.committed != nil {
		defer func(began time.Time) { s.committed(time.Since(began), res, err) }(time.Now())
	}
	r := &request{ctx: ctx, cs: &cs, done: make(chan struct{})}
	s.enqueue(r)
	for {
		select {
		case <-r.done:
			return r.result, r.err
		case s.turn <- struct{}{}:
			s.takeTurn(r)
		case <-ctx.Done():
			if s.withdraw(r) {
				return Result{}, fmt.Errorf("wait for the writer's turn: %w", ctx.Err())
			}
			// Half-way there the outcome would be unknown to everyone: it is decided soon.
			<-r.done
			return r.result, r.err
		}
	}
}

// takeTurn serves those who wait, unless r is decided already. The turn is held, and
// given back whatever happens: nobody could ever write again else.
func (s *Service) takeTurn(r *request) {
	defer s.give()
	select {
	case <-r.done: // whoever had the turn before has done it; the next in line goes on
	default:
		s.serve()
	}
}

// prepare plans a change set on a ground. The commit is nil when there is nothing to write.
func (s *Service) prepare(ctx context.Context, g *ground, cs *ChangeSet) (Result, *store.Commit, error) {
	p, err := s.plan(ctx, g, cs)
	if err != nil {
		return Result{}, nil, err
	}
	c := &store.Commit{At: p.at, Author: cs.Author, Source: cs.Source, Comment: cs.Comment, Principal: cs.Principal, Remote: cs.Remote,
		Changes: p.changes, Metas: p.metas, Set: cs.Set, Mark: p.mark}
	res := Result{Revision: g.revision, Plan: p.Plan}
	if len(p.changes) > 0 {
		res.Revision++
		c.Audit = cs.Audit
	}
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
		res.Object = g.stored(cs.Return, p.changes)
	}
	if c.Reply, err = cs.reply(res); err != nil {
		return Result{}, nil, err
	}
	if len(c.Changes) == 0 && len(c.Mark) == 0 && c.Reply == nil {
		c = nil
	}
	return res, c, nil
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

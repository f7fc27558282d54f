package control

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// Revision is one committed change set, for people.
type Revision struct {
	Number  uint64       `json:"number"`
	Epoch   uint64       `json:"epoch"`
	Chain   traffic.Hash `json:"chain" doc:"Hash over the whole history up to here."`
	At      time.Time    `json:"at"`
	Author  string       `json:"author"`
	Source  string       `json:"source"`
	Comment string       `json:"comment,omitempty"`
	Objects int          `json:"objects" doc:"How many objects it touched."`
	Object  string       `json:"object" doc:"One of them, as kind/name."`
	// Principal is the author's id: names can be given anew, ids cannot.
	Principal string `json:"principal,omitempty" doc:"Id of the author, token-… or user-…; absent for control itself."`
	Remote    string `json:"remote,omitempty" doc:"Address that the request came from."`
}

func summary(r store.Revision) Revision {
	p := r.Position
	return Revision{Number: p.Revision, Epoch: p.Epoch, Chain: p.Chain, At: r.At, Author: r.Author, Source: r.Source, Comment: r.Comment, Objects: r.Objects, Object: r.Object, Principal: r.Principal, Remote: r.Remote}
}

func (s *Service) announce(r store.Revision) { s.Stream.Publish("revision", summary(r)) }

// ListRevisions returns the revisions that a filter selects, newest first.
func (s *Service) ListRevisions(ctx context.Context, f store.RevisionFilter) ([]Revision, error) {
	list, err := s.store.ListRevisions(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]Revision, len(list))
	for i, r := range list {
		out[i] = summary(r)
	}
	return out, nil
}

// Record of a revision: what it did, as far as it is kept.
type Record struct {
	Revision
	// Compacted: Changes name the objects and what was done to each, without fields.
	Compacted bool           `json:"compacted,omitempty" doc:"The content is not kept any more: changes have no fields, and one cannot go back before it."`
	Changes   []ObjectChange `json:"changes"`
}

// GetRevision returns a revision, with what it changed if that is asked for.
func (s *Service) GetRevision(ctx context.Context, number uint64, changes bool) (Record, error) {
	if !changes {
		list, err := s.store.ListRevisions(ctx, store.RevisionFilter{Before: number + 1, Limit: 1})
		if err != nil {
			return Record{}, err
		}
		if len(list) == 0 || list[0].Position.Revision != number {
			return Record{}, fmt.Errorf("revision %d %w", number, ErrNotFound)
		}
		return Record{Revision: summary(list[0]), Changes: []ObjectChange{}}, nil
	}
	r, err := s.store.Revision(ctx, number)
	if err != nil {
		return Record{}, err
	}
	out := Record{Revision: summary(r), Compacted: r.Compacted()}
	if out.Compacted {
		out.Changes = make([]ObjectChange, len(r.Touched))
		for i, t := range r.Touched {
			out.Changes[i] = ObjectChange{Kind: t.Key.Kind, Name: t.Key.Name, Action: t.Action}
		}
		return out, nil
	}
	var after []struct {
		Kind traffic.Kind    `json:"kind"`
		Name string          `json:"name"`
		Body json.RawMessage `json:"body"`
	}
	var before []json.RawMessage
	if err := json.Unmarshal(r.Changes, &after); err != nil {
		return Record{}, fmt.Errorf("read revision %d: %w", number, err)
	}
	if err := json.Unmarshal(r.Before, &before); err != nil || len(before) != len(after) {
		return Record{}, fmt.Errorf("read revision %d: what was before does not fit its changes (%w)", number, err)
	}
	out.Changes = make([]ObjectChange, len(after))
	for i, a := range after {
		if out.Changes[i], err = tellObject(traffic.Key{Kind: a.Kind, Name: a.Name}, body(before[i]), body(a.Body)); err != nil {
			return Record{}, fmt.Errorf("read revision %d: %w", number, err)
		}
	}
	return out, nil
}

func body(b json.RawMessage) []byte {
	if string(b) == "null" {
		return nil
	}
	return b
}

// Head returns the position that this process holds.
func (s *Service) Head(context.Context) (traffic.Position, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.head, nil
}

// Snapshot returns the whole configuration at one position, encoded as changes.
func (s *Service) Snapshot(context.Context) (traffic.Position, []byte, error) {
	s.mu.RLock()
	head, all := s.head, s.model.All()
	s.mu.RUnlock()
	return head, traffic.EncodeChanges(all), nil
}

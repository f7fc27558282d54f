package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// Commit is one change set, checked and complete: zone serials are in it.
type Commit struct {
	// Expected is the head that the change was planned on.
	Expected traffic.Position
	At       time.Time
	Author   string // who, as people know them
	Source   string // through what: api, cli, console
	Comment  string
	// Principal is the author's id, whose first word is its kind (token-…, user-…), and
	// Remote the address that the request came from. Both are "" for control itself.
	Principal, Remote string

	// Changes have Before and After, in the order of Draft.Changes.
	Changes []traffic.Change
	// Metas holds, for every object that is put, its id, set and creation time.
	Metas map[traffic.Key]Meta
	// Set and Mark name unchanged objects that now belong to the set.
	Set  string
	Mark []traffic.Key
	// Audit, when not nil, is the request's row of the audit; the store adds time and revision.
	Audit *Audit
	// Reply, when not nil, is kept with the commit for a repeat of the same request.
	Reply *Reply
}

// Revision is one committed change set.
type Revision struct {
	Position traffic.Position
	At       time.Time
	Author   string
	Source   string
	Comment  string

	Principal, Remote string // as in Commit

	Objects int    // how many it touched
	Object  string // one of them, kind/name; see about

	Changes []byte // traffic.EncodeChanges
	Before  []byte // JSON array beside Changes: bodies before, or null

	// Touched is set by Store.Revision alone, for a revision whose content has gone.
	Touched []Touched
}

// Commit is CommitAll of one commit that has changes.
func (s *Store) Commit(ctx context.Context, c Commit) (Revision, error) {
	list, err := s.CommitAll(ctx, c.Expected, []Commit{c})
	if err != nil {
		return Revision{}, err
	}
	return list[0], nil
}

// CommitAll appends the revisions of commits that follow each other, the first planned
// on the expected head, and brings the objects to them, in one transaction. A commit
// without changes makes no revision: only its marks and its reply are kept. Expected in
// the commits is not looked at.
//
// It returns ErrMoved when the head is not the expected one, ErrExists when a reply's
// idempotency key is taken; then nothing is written. After any other error the caller
// must read the head again: a connection that breaks at the commit itself leaves both
// outcomes open.
func (s *Store) CommitAll(ctx context.Context, expected traffic.Position, commits []Commit) ([]Revision, error) {
	var out []Revision
	w := newWriting(s.pg)
	for at := expected; len(commits) > 0; commits = commits[1:] {
		c := &commits[0]
		if len(c.Changes) > 0 {
			encoded := traffic.EncodeChanges(c.Changes)
			at = at.Next(encoded)
			r := Revision{Position: at, At: c.At, Author: c.Author, Source: c.Source, Comment: c.Comment,
				Principal: c.Principal, Remote: c.Remote, Changes: encoded, Before: encodeBefore(c.Changes)}
			r.Objects, r.Object = about(c.Changes)
			out = append(out, r)
			w.revision(r, c)
		}
		w.rest(at, c)
	}
	err := s.update(ctx, func(tx *sql.Tx) error {
		cur, err := head(ctx, tx, s.forUpdate())
		if err != nil {
			return err
		}
		if cur != expected {
			return ErrMoved
		}
		return w.write(ctx, tx, out)
	})
	switch {
	case errors.Is(err, ErrMoved):
		return nil, ErrMoved
	case err != nil:
		return nil, fmt.Errorf("commit behind revision %d: %w", expected.Revision, err)
	}
	return out, nil
}

// about says how many objects changes touch, and names the one that people would: a
// zone is often there for its serial alone.
func about(changes []traffic.Change) (n int, object string) {
	for i, c := range changes {
		if i == 0 || c.Key.Kind != traffic.KindZone {
			object = string(c.Key.Kind) + "/" + c.Key.Name
		}
		if c.Key.Kind != traffic.KindZone {
			break
		}
	}
	return len(changes), object
}

func encodeBefore(changes []traffic.Change) []byte {
	list := make([]json.RawMessage, len(changes))
	for i, c := range changes {
		list[i] = json.RawMessage("null")
		if c.Before != nil {
			list[i] = traffic.Encode(c.Before)
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("encode before: %v", err)) // bodies come from traffic.Encode
	}
	return b
}

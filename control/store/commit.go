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

	// Changes are not empty, with Before and After, in the order of Draft.Changes.
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

	Changes []byte // traffic.EncodeChanges
	Before  []byte // JSON array beside Changes: bodies before, or null

	// Touched is set by Store.Revision alone, for a revision whose content has gone.
	Touched []Touched
}

// Commit appends a revision and brings the objects to it, in one transaction. It
// returns ErrMoved when the head is not the expected one, ErrExists when the reply's
// idempotency key is taken. After any other error the caller must read the head
// again: a connection that breaks at the commit itself leaves both outcomes open.
func (s *Store) Commit(ctx context.Context, c Commit) (Revision, error) {
	encoded := traffic.EncodeChanges(c.Changes)
	r := Revision{Position: c.Expected.Next(encoded), At: c.At, Author: c.Author, Source: c.Source, Comment: c.Comment,
		Principal: c.Principal, Remote: c.Remote, Changes: encoded, Before: encodeBefore(c.Changes)}
	err := s.update(ctx, func(tx *sql.Tx) error {
		cur, err := head(ctx, tx, s.forUpdate())
		if err != nil {
			return err
		}
		if cur != c.Expected {
			return ErrMoved
		}
		return s.append(ctx, tx, r, c)
	})
	switch {
	case errors.Is(err, ErrMoved):
		return Revision{}, ErrMoved
	case err != nil:
		return Revision{}, fmt.Errorf("commit revision %d: %w", r.Position.Revision, err)
	}
	return r, nil
}

func (s *Store) append(ctx context.Context, tx *sql.Tx, r Revision, c Commit) error {
	p := r.Position
	if _, err := tx.ExecContext(ctx, `
INSERT INTO revision (epoch, number, chain, at, author, source, comment, principal, remote, changes, before)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		int64(p.Epoch), int64(p.Revision), p.Chain[:], r.At.UnixMicro(), r.Author, r.Source, r.Comment, r.Principal, r.Remote, r.Changes, r.Before); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE meta SET revision = $1, chain = $2 WHERE id = 1`, int64(p.Revision), p.Chain[:]); err != nil {
		return err
	}
	if err := writeObjects(ctx, tx, r, c); err != nil {
		return err
	}
	if err := noteObjects(ctx, tx, p.Revision, c.Changes); err != nil {
		return err
	}
	if err := markSet(ctx, tx, c.Set, c.Mark); err != nil {
		return err
	}
	if c.Audit != nil {
		row := *c.Audit
		row.At, row.Revision, row.Count = r.At, p.Revision, 1
		if err := row.insert(ctx, tx); err != nil {
			return err
		}
	}
	if c.Reply != nil {
		return c.Reply.insert(ctx, tx, r.At)
	}
	return nil
}

func writeObjects(ctx context.Context, tx *sql.Tx, r Revision, c Commit) error {
	put, err := tx.PrepareContext(ctx, `
INSERT INTO object (kind, name, id, revision, set_name, created_at, updated_at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision, set_name = excluded.set_name,
	updated_at = excluded.updated_at, body = excluded.body`)
	if err != nil {
		return err
	}
	defer put.Close()
	del, err := tx.PrepareContext(ctx, `DELETE FROM object WHERE kind = $1 AND name = $2`)
	if err != nil {
		return err
	}
	defer del.Close()
	for _, ch := range c.Changes {
		if ch.After == nil {
			if _, err := del.ExecContext(ctx, string(ch.Key.Kind), ch.Key.Name); err != nil {
				return fmt.Errorf("delete %s: %w", ch.Key, err)
			}
			if z, ok := ch.Before.(*traffic.Zone); ok {
				if err := keepSerial(ctx, tx, z); err != nil {
					return err
				}
			}
			continue
		}
		m := c.Metas[ch.Key]
		if _, err := put.ExecContext(ctx, string(ch.Key.Kind), ch.Key.Name, m.ID, int64(r.Position.Revision), m.Set,
			m.CreatedAt.UnixMicro(), r.At.UnixMicro(), traffic.Encode(ch.After)); err != nil {
			return fmt.Errorf("put %s: %w", ch.Key, err)
		}
	}
	return nil
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

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// Head returns the position of the last commit.
func (s *Store) Head(ctx context.Context) (p traffic.Position, err error) {
	defer s.observed(OpHead, time.Now(), &err)
	p, err = scanHead(s.read.QueryRowContext(ctx, `SELECT epoch, revision, chain FROM meta WHERE id = 1`))
	if err != nil {
		return p, fmt.Errorf("read head: %w", classify(err))
	}
	return p, nil
}

const revisionColumns = `r.epoch, r.number, r.chain, r.at, r.author, r.source, r.comment, r.principal, r.remote, r.objects, r.object`

// Revisions returns up to limit revisions after a number, oldest first, with their
// changes but not with what was before. Those that are compacted are left out: then
// the first is not the next one.
func (s *Store) Revisions(ctx context.Context, after uint64, limit int) ([]Revision, error) {
	return s.after(ctx, after, limit, `r.changes`, func(r *Revision) []any { return []any{&r.Changes} })
}

// History is Revisions with what was before each.
func (s *Store) History(ctx context.Context, after uint64, limit int) ([]Revision, error) {
	return s.after(ctx, after, limit, `r.changes, r.before`, func(r *Revision) []any { return []any{&r.Changes, &r.Before} })
}

func (s *Store) after(ctx context.Context, after uint64, limit int, columns string, more func(*Revision) []any) ([]Revision, error) {
	q, err := s.read.QueryContext(ctx, `
SELECT `+revisionColumns+`, `+columns+` FROM revision r
WHERE r.number > $1 AND LENGTH(r.changes) > 0 ORDER BY r.number LIMIT $2`, int64(after), limit)
	if err != nil {
		return nil, fmt.Errorf("read revisions after %d: %w", after, classify(err))
	}
	out, err := scanRevisions(q, more)
	if err != nil {
		return nil, fmt.Errorf("read revisions after %d: %w", after, classify(err))
	}
	return out, nil
}

// RevisionFilter selects revisions; zero fields select all.
type RevisionFilter struct {
	Before       uint64      // numbers below this one
	Object       traffic.Key // that changed this object
	Author       string
	Since, Until time.Time // Until is exclusive
	Text         string    // part of comment or author, any case
	Limit        int
}

// ListRevisions returns the revisions that a filter selects, newest first, without
// their content.
func (s *Store) ListRevisions(ctx context.Context, f RevisionFilter) ([]Revision, error) {
	var where []string
	var args []any
	add := func(clause string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			clause = strings.Replace(clause, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where = append(where, clause)
	}
	if f.Before != 0 {
		add(`r.number < ?`, int64(f.Before))
	}
	if f.Object != (traffic.Key{}) {
		add(`r.number IN (SELECT o.revision FROM revision_object o WHERE o.kind = ? AND o.name = ?)`, string(f.Object.Kind), f.Object.Name)
	}
	if f.Author != "" {
		add(`r.author = ?`, f.Author)
	}
	if !f.Since.IsZero() {
		add(`r.at >= ?`, f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		add(`r.at < ?`, f.Until.UnixMicro())
	}
	if f.Text != "" {
		part := "%" + likeText.Replace(f.Text) + "%"
		add(`(LOWER(r.comment) LIKE LOWER(?) ESCAPE '\' OR LOWER(r.author) LIKE LOWER(?) ESCAPE '\')`, part, part)
	}
	add(`r.number > ?`, int64(0))
	args = append(args, f.Limit)
	q, err := s.read.QueryContext(ctx, `SELECT `+revisionColumns+` FROM revision r WHERE `+strings.Join(where, " AND ")+
		` ORDER BY r.number DESC LIMIT $`+strconv.Itoa(len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list revisions: %w", classify(err))
	}
	out, err := scanRevisions(q, func(*Revision) []any { return nil })
	if err != nil {
		return nil, fmt.Errorf("list revisions: %w", classify(err))
	}
	return out, nil
}

// Revision returns one revision whole, or ErrNotFound. A compacted one has Touched in
// place of Changes and Before.
func (s *Store) Revision(ctx context.Context, number uint64) (Revision, error) {
	var touched []byte
	q, err := s.read.QueryContext(ctx, `
SELECT `+revisionColumns+`, r.changes, r.before, r.touched FROM revision r WHERE r.number = $1`, int64(number))
	if err != nil {
		return Revision{}, fmt.Errorf("read revision %d: %w", number, classify(err))
	}
	out, err := scanRevisions(q, func(r *Revision) []any { return []any{&r.Changes, &r.Before, &touched} })
	switch {
	case err != nil:
		return Revision{}, fmt.Errorf("read revision %d: %w", number, classify(err))
	case len(out) == 0:
		return Revision{}, fmt.Errorf("read revision %d: %w", number, ErrNotFound)
	}
	if r := &out[0]; r.Compacted() {
		if r.Touched, err = decodeTouched(touched); err != nil {
			return Revision{}, fmt.Errorf("read revision %d: %w", number, err)
		}
	}
	return out[0], nil
}

func scanRevisions(q *sql.Rows, more func(*Revision) []any) ([]Revision, error) {
	defer q.Close()
	var out []Revision
	for q.Next() {
		var r Revision
		var epoch, number, at int64
		var chain []byte
		dest := append([]any{&epoch, &number, &chain, &at, &r.Author, &r.Source, &r.Comment, &r.Principal, &r.Remote, &r.Objects, &r.Object}, more(&r)...)
		if err := q.Scan(dest...); err != nil {
			return nil, err
		}
		var err error
		if r.Position, err = position(epoch, number, chain); err != nil {
			return nil, err
		}
		r.At = time.UnixMicro(at).UTC()
		out = append(out, r)
	}
	return out, q.Err()
}

// Delta is what brings a model from one position to the head.
type Delta struct {
	Head      traffic.Position
	Revisions []Revision // consecutive, with changes
	Rows      []Row      // objects as they stand at the head, those that changed
}

// Since returns what happened after a position, of one moment. ok is false when the
// position is not in this history (another epoch, or the log no longer holds what
// follows it): load everything.
func (s *Store) Since(ctx context.Context, from traffic.Position) (d Delta, ok bool, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		if d.Head, err = head(ctx, tx, ""); err != nil {
			return err
		}
		if d.Head == from {
			ok = true
			return nil
		}
		if d.Head.Epoch != from.Epoch || d.Head.Revision <= from.Revision {
			return nil
		}
		q, err := tx.QueryContext(ctx, `
SELECT `+revisionColumns+`, r.changes FROM revision r WHERE r.epoch = $1 AND r.number > $2 ORDER BY r.number`,
			int64(from.Epoch), int64(from.Revision))
		if err != nil {
			return err
		}
		if d.Revisions, err = scanRevisions(q, func(r *Revision) []any { return []any{&r.Changes} }); err != nil {
			return err
		}
		at := from
		for _, r := range d.Revisions {
			if at = at.Next(r.Changes); at != r.Position {
				return nil // a gap, or another history under the same epoch
			}
		}
		if ok = at == d.Head; !ok {
			return nil
		}
		d.Rows, err = objects(ctx, tx, from.Revision)
		return err
	})
	if err != nil {
		return Delta{}, false, fmt.Errorf("read changes after %v: %w", from, classify(err))
	}
	return d, ok, nil
}

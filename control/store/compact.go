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

// Touched is what is left of a change when the content of its revision has gone.
type Touched struct {
	Key    traffic.Key
	Action string // create, update, delete
}

// Compacted reports whether the content of a revision read whole has gone.
func (r Revision) Compacted() bool { return len(r.Changes) == 0 }

func encodeTouched(changes, before []byte) ([]byte, error) {
	var after []struct {
		Kind traffic.Kind    `json:"kind"`
		Name string          `json:"name"`
		Body json.RawMessage `json:"body"`
	}
	var was []json.RawMessage
	if err := json.Unmarshal(changes, &after); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(before, &was); err != nil {
		return nil, err
	}
	if len(was) != len(after) {
		return nil, fmt.Errorf("%d objects before beside %d changes", len(was), len(after))
	}
	out := make([][3]string, len(after))
	for i, c := range after {
		action := "update"
		switch {
		case len(c.Body) == 0 || string(c.Body) == "null":
			action = "delete"
		case string(was[i]) == "null":
			action = "create"
		}
		out[i] = [3]string{string(c.Kind), c.Name, action}
	}
	return json.Marshal(out)
}

func decodeTouched(b []byte) ([]Touched, error) {
	var list [][3]string
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("what it touched: %w", err)
	}
	out := make([]Touched, len(list))
	for i, v := range list {
		out[i] = Touched{Key: traffic.Key{Kind: traffic.Kind(v[0]), Name: v[1]}, Action: v[2]}
	}
	return out, nil
}

// Compacted returns the number of the last revision whose content has gone, 0 for
// none: what stood at it is the oldest configuration that can still be told.
func (s *Store) Compacted(ctx context.Context) (uint64, error) {
	n, err := counter(ctx, s.read, "compacted")
	if err != nil {
		return 0, fmt.Errorf("read how far the log is compacted: %w", classify(err))
	}
	return uint64(n), nil
}

func counter(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, name string) (int64, error) {
	var n int64
	err := db.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = $1`, name).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return n, err
}

// Compact takes the content from the oldest revisions that have it: up to limit of
// them, none of the newest keep and none from before or later. Who, when, why and
// which objects stays. The log is shortened from its beginning only, so what is left
// leads without a gap to the head. It returns how many it compacted.
func (s *Store) Compact(ctx context.Context, keep uint64, before time.Time, limit int) (done int, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		// The update takes the row's lock: of two processes one waits.
		var from int64
		if err := tx.QueryRowContext(ctx, `UPDATE counter SET value = value WHERE name = 'compacted' RETURNING value`).Scan(&from); err != nil {
			return err
		}
		p, err := head(ctx, tx, "")
		if err != nil {
			return err
		}
		list, err := compactable(ctx, tx, from, int64(p.Revision)-int64(keep), limit)
		if err != nil {
			return err
		}
		for _, r := range list {
			// A clock that was set back must not let a younger revision go before an older.
			if !r.At.Before(before) {
				break
			}
			touched, err := encodeTouched(r.Changes, r.Before)
			if err != nil {
				return fmt.Errorf("read revision %d: %w", r.Position.Revision, err)
			}
			if _, err := tx.ExecContext(ctx, `UPDATE revision SET touched = $1, changes = $2, before = $2 WHERE number = $3`,
				touched, []byte{}, int64(r.Position.Revision)); err != nil {
				return err
			}
			from, done = int64(r.Position.Revision), done+1
		}
		_, err = tx.ExecContext(ctx, `UPDATE counter SET value = $1 WHERE name = 'compacted'`, from)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("compact the log: %w", err)
	}
	return done, nil
}

func compactable(ctx context.Context, tx *sql.Tx, after, last int64, limit int) ([]Revision, error) {
	q, err := tx.QueryContext(ctx, `
SELECT `+revisionColumns+`, r.changes, r.before FROM revision r WHERE r.number > $1 AND r.number <= $2 ORDER BY r.number LIMIT $3`, after, last, limit)
	if err != nil {
		return nil, err
	}
	return scanRevisions(q, func(r *Revision) []any { return []any{&r.Changes, &r.Before} })
}

// noteObjects lets ListRevisions find the revisions of an object. Rows go in by the
// hundred: a change set may hold 100,000 objects.
func (s *Store) noteObjects(ctx context.Context, tx *sql.Tx, revision uint64, changes []traffic.Change) error {
	r := rows{head: insertRevisionObject, columns: 3, pg: s.pg, tail: ` ON CONFLICT DO NOTHING`}
	for _, c := range changes {
		r.add(string(c.Key.Kind), c.Key.Name, int64(revision))
	}
	if err := r.insert(ctx, tx); err != nil {
		return fmt.Errorf("note objects of revision %d: %w", revision, err)
	}
	return nil
}

const insertRevisionObject = `INSERT INTO revision_object (kind, name, revision)`

// indexLog notes the objects of revisions that came before that was done, or out of a
// backup, newest first and a few at a time. It does nothing once that is done.
func (s *Store) indexLog(ctx context.Context) error {
	for {
		var left int64
		err := s.update(ctx, func(tx *sql.Tx) error {
			err := s.beside(ctx, tx)
			if err != nil {
				return err
			}
			if left, err = counter(ctx, tx, "unindexed"); err != nil || left == 0 {
				return err
			}
			const step = 50
			from := max(0, left-step)
			q, err := tx.QueryContext(ctx, `
SELECT `+revisionColumns+`, r.changes, r.touched FROM revision r WHERE r.number > $1 AND r.number <= $2`, from, left)
			if err != nil {
				return err
			}
			var touched [][]byte
			list, err := scanRevisions(q, func(r *Revision) []any {
				touched = append(touched, nil)
				return []any{&r.Changes, &touched[len(touched)-1]}
			})
			if err != nil {
				return err
			}
			for i, r := range list {
				keys, err := keysOf(r.Changes, touched[i])
				if err != nil {
					return fmt.Errorf("read revision %d: %w", r.Position.Revision, err)
				}
				if err := s.noteObjects(ctx, tx, r.Position.Revision, keys); err != nil {
					return err
				}
				n, object := about(keys)
				if _, err := tx.ExecContext(ctx, `UPDATE revision SET objects = $1, object = $2 WHERE number = $3`, n, object, int64(r.Position.Revision)); err != nil {
					return err
				}
			}
			left = from
			_, err = tx.ExecContext(ctx, `UPDATE counter SET value = $1 WHERE name = 'unindexed'`, from)
			return err
		})
		if err != nil {
			return fmt.Errorf("index the log: %w", err)
		}
		if left == 0 {
			return nil
		}
	}
}

func keysOf(changes, touched []byte) ([]traffic.Change, error) {
	if len(changes) > 0 {
		return traffic.DecodeChanges(changes)
	}
	list, err := decodeTouched(touched)
	out := make([]traffic.Change, len(list))
	for i, t := range list {
		out[i].Key = t.Key
	}
	return out, err
}

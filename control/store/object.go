package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// Meta is what the store knows about an object besides its content.
type Meta struct {
	ID        string
	Revision  uint64 // that last changed it; with If-Match it is the version
	Set       string // under which it was last applied, or empty
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Row is one stored object.
type Row struct {
	Key  traffic.Key
	Meta Meta
	Body []byte // traffic.Encode
}

var idText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID returns a fresh id such as pool-mfrggzdfmztwq2lknnwg23tpoa: 128 random bits,
// so that ids need no coordination and say nothing.
func NewID(prefix string) string {
	var b [16]byte
	rand.Read(b[:])
	return strings.ReplaceAll(prefix, "_", "-") + "-" + idText.EncodeToString(b[:])
}

// Load reads the head and every object of one moment.
func (s *Store) Load(ctx context.Context) (traffic.Position, []Row, error) {
	var pos traffic.Position
	var rows []Row
	err := s.view(ctx, func(tx *sql.Tx) error {
		var err error
		if pos, err = head(ctx, tx, ""); err != nil {
			return err
		}
		rows, err = objects(ctx, tx, 0)
		return err
	})
	if err != nil {
		return traffic.Position{}, nil, fmt.Errorf("load objects: %w", classify(err))
	}
	return pos, rows, nil
}

// objects reads the objects that a revision after the given one changed.
func objects(ctx context.Context, tx *sql.Tx, after uint64) ([]Row, error) {
	q, err := tx.QueryContext(ctx, `
SELECT kind, name, id, revision, set_name, created_at, updated_at, body
FROM object WHERE revision > $1 OR $1 = 0`, int64(after))
	if err != nil {
		return nil, err
	}
	defer q.Close()
	var out []Row
	for q.Next() {
		var r Row
		var rev, created, updated int64
		if err := q.Scan(&r.Key.Kind, &r.Key.Name, &r.Meta.ID, &rev, &r.Meta.Set, &created, &updated, &r.Body); err != nil {
			return nil, err
		}
		r.Meta.Revision, r.Meta.CreatedAt, r.Meta.UpdatedAt = uint64(rev), time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
		out = append(out, r)
	}
	return out, q.Err()
}

// InSet returns the objects that were last applied under a set.
func (s *Store) InSet(ctx context.Context, set string) ([]traffic.Key, error) {
	q, err := s.read.QueryContext(ctx, `SELECT kind, name FROM object WHERE set_name = $1 ORDER BY kind, name`, set)
	if err != nil {
		return nil, fmt.Errorf("read set %q: %w", set, classify(err))
	}
	defer q.Close()
	var out []traffic.Key
	for q.Next() {
		var k traffic.Key
		if err := q.Scan(&k.Kind, &k.Name); err != nil {
			return nil, fmt.Errorf("read set %q: %w", set, classify(err))
		}
		out = append(out, k)
	}
	return out, q.Err()
}

// MarkSet notes that objects, unchanged in content, now belong to a set.
func (s *Store) MarkSet(ctx context.Context, set string, keys []traffic.Key) error {
	err := s.update(ctx, func(tx *sql.Tx) error { return markSet(ctx, tx, set, keys) })
	if err != nil {
		return fmt.Errorf("mark set %q: %w", set, err)
	}
	return nil
}

func markSet(ctx context.Context, tx *sql.Tx, set string, keys []traffic.Key) error {
	for _, k := range keys {
		if _, err := tx.ExecContext(ctx, `UPDATE object SET set_name = $1 WHERE kind = $2 AND name = $3`, set, string(k.Kind), k.Name); err != nil {
			return err
		}
	}
	return nil
}

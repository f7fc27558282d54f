package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
)

// writing gathers what several commits write, so that one transaction needs few
// statements: each costs a round trip to PostgreSQL, and each object is written once,
// as the last commit leaves it.
type writing struct {
	revisions, objects, index, audits, replies rows

	last  map[traffic.Key]int // where in state an object stands
	state []objectState
	marks map[traffic.Key]string
	zones []*traffic.Zone // deleted, in order
}

type objectState struct {
	key  traffic.Key
	args []any // nil for what is deleted
	gone bool  // deleted on the way: what stands there now is another object
}

func newWriting(pg bool) *writing {
	return &writing{
		revisions: rows{head: `INSERT INTO revision (epoch, number, chain, at, author, source, comment, principal, remote, objects, object, changes, before)`, columns: 13, pg: pg},
		objects: rows{head: `INSERT INTO object (kind, name, id, revision, set_name, created_at, updated_at, body)`, columns: 8, pg: pg,
			tail: ` ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision, set_name = excluded.set_name,
	updated_at = excluded.updated_at, body = excluded.body`},
		index:   rows{head: insertRevisionObject, columns: 3, pg: pg, tail: ` ON CONFLICT DO NOTHING`},
		audits:  rows{head: `INSERT INTO audit (` + auditColumns + `)`, columns: 14, pg: pg, tail: ` ON CONFLICT (at, request) DO NOTHING`},
		replies: rows{head: `INSERT INTO idempotency (principal, key, request, reply, at)`, columns: 5, pg: pg},
		last:    map[traffic.Key]int{}, marks: map[traffic.Key]string{},
	}
}

func (w *writing) revision(r Revision, c *Commit) {
	p := r.Position
	w.revisions.add(int64(p.Epoch), int64(p.Revision), p.Chain[:], r.At.UnixMicro(), r.Author, r.Source, r.Comment, r.Principal, r.Remote, r.Objects, r.Object, r.Changes, r.Before)
	for _, ch := range c.Changes {
		w.index.add(string(ch.Key.Kind), ch.Key.Name, int64(p.Revision))
		o := objectState{key: ch.Key}
		if ch.After != nil {
			m := c.Metas[ch.Key]
			o.args = []any{string(ch.Key.Kind), ch.Key.Name, m.ID, int64(p.Revision), m.Set, m.CreatedAt.UnixMicro(), r.At.UnixMicro(), traffic.Encode(ch.After)}
		} else if z, ok := ch.Before.(*traffic.Zone); ok {
			w.zones = append(w.zones, z)
		}
		delete(w.marks, ch.Key)
		o.gone = ch.After == nil
		if i, ok := w.last[ch.Key]; ok {
			o.gone = o.gone || w.state[i].gone
			w.state[i] = o
			continue
		}
		w.last[ch.Key] = len(w.state)
		w.state = append(w.state, o)
	}
}

func (w *writing) rest(at traffic.Position, c *Commit) {
	for _, k := range c.Mark {
		w.marks[k] = c.Set
	}
	if c.Audit != nil && len(c.Changes) > 0 {
		a := *c.Audit
		a.At, a.Revision, a.Count = c.At, at.Revision, 1
		w.audits.add(a.values()...)
	}
	if r := c.Reply; r != nil {
		w.replies.add(r.Principal, r.Key, r.Request, r.Body, c.At.UnixMicro())
	}
}

func (w *writing) write(ctx context.Context, tx *sql.Tx, revisions []Revision) error {
	if n := len(revisions); n > 0 {
		p := revisions[n-1].Position
		if _, err := tx.ExecContext(ctx, `UPDATE meta SET revision = $1, chain = $2 WHERE id = 1`, int64(p.Revision), p.Chain[:]); err != nil {
			return err
		}
	}
	for _, o := range w.state {
		if o.gone {
			if _, err := tx.ExecContext(ctx, `DELETE FROM object WHERE kind = $1 AND name = $2`, string(o.key.Kind), o.key.Name); err != nil {
				return fmt.Errorf("delete %s: %w", o.key, err)
			}
		}
		if o.args != nil {
			w.objects.add(o.args...)
		}
	}
	for _, z := range w.zones {
		if err := keepSerial(ctx, tx, z); err != nil {
			return err
		}
	}
	for _, r := range []*rows{&w.revisions, &w.objects, &w.index, &w.audits, &w.replies} {
		if err := r.insert(ctx, tx); err != nil {
			return err
		}
	}
	for k, set := range w.marks {
		if err := markSet(ctx, tx, set, []traffic.Key{k}); err != nil {
			return err
		}
	}
	return nil
}

// rows are inserted many to a statement.
type rows struct {
	head    string // INSERT INTO … (…)
	tail    string // ON CONFLICT …
	columns int
	pg      bool // of the store
	args    []any
}

func (r *rows) add(values ...any) { r.args = append(r.args, values...) }

// insert writes the rows, in statements of 256, 128, … and 1: so there are nine texts
// of each statement at most, which the driver keeps prepared. 256 rows of 14 columns
// are well below the 32,766 parameters that SQLite takes.
func (r *rows) insert(ctx context.Context, tx *sql.Tx) error {
	args := r.args
	for n := 256; n > 0; n /= 2 {
		size := n * r.columns
		for ; len(args) >= size; args = args[size:] {
			if _, err := tx.ExecContext(ctx, r.text(n), args[:size]...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rows) text(n int) string {
	var b strings.Builder
	b.WriteString(r.head)
	b.WriteString(" VALUES ")
	for i := range n * r.columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%r.columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		// SQLite takes $1 for a name and looks it up in a list, for each parameter: with
		// thousands that costs more than the rows.
		if !r.pg {
			b.WriteByte('?')
			continue
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	b.WriteString(r.tail)
	return b.String()
}

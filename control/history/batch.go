package history

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// batch is what one transaction of the writer writes.
type batch struct {
	h           *History
	db          *database
	now         time.Time
	events      []item[Event]
	transitions []item[Transition]
	probes      []item[probeReport]
	queries     []item[queryReport]

	ids   map[seriesKey]int32 // of all series in the batch
	found map[seriesKey]int32 // of those that are not in the cache yet
	rows  int
}

func (b *batch) write(ctx context.Context) error {
	b.ids, b.found = map[seriesKey]int32{}, map[seriesKey]int32{}
	b.rows = 0
	err := b.db.update(ctx, func(tx *txn) error {
		for _, f := range []func(context.Context, *txn) error{b.writeEvents, b.writeTransitions, b.writeQueries, b.writeProbes} {
			if err := f(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	b.rows += len(b.events) + len(b.transitions)
	return nil
}

func (b *batch) items() int {
	return len(b.events) + len(b.transitions) + len(b.queries) + len(b.probes)
}

// halves parts a batch in two, in the order of its queues.
func (b *batch) halves() (first, second *batch) {
	half := b.items() / 2
	first, second = &batch{h: b.h, db: b.db, now: b.now}, &batch{h: b.h, db: b.db, now: b.now}
	first.events, second.events, half = cutOff(b.events, half)
	first.transitions, second.transitions, half = cutOff(b.transitions, half)
	first.queries, second.queries, half = cutOff(b.queries, half)
	first.probes, second.probes, _ = cutOff(b.probes, half)
	return first, second
}

// cutOff cuts n items off a list; left is what is wanted of the next one.
func cutOff[T any](list []item[T], n int) (first, second []item[T], left int) {
	cut := min(n, len(list))
	return list[:cut:cut], list[cut:], n - cut
}

func (b *batch) putBack() {
	b.h.events.putBack(b.events)
	b.h.transitions.putBack(b.transitions)
	b.h.queries.putBack(b.queries)
	b.h.probes.putBack(b.probes)
}

// lose counts the batch as dropped.
func (b *batch) lose() {
	b.h.events.lose(b.events)
	b.h.transitions.lose(b.transitions)
	b.h.queries.lose(b.queries)
	b.h.probes.lose(b.probes)
}

// update runs f in a transaction that writes.
func (d *database) update(ctx context.Context, f func(*txn) error) error {
	tx, err := d.write.begin(ctx)
	if err != nil {
		return store.Classify(err)
	}
	if err := f(tx); err != nil {
		tx.tx.Rollback()
		return store.Classify(err)
	}
	return store.Classify(tx.tx.Commit())
}

// forUpdate makes two PostgreSQL writers take turns; SQLite's immediate transactions do.
func (d *database) forUpdate() string {
	if d.pg {
		return " FOR UPDATE"
	}
	return ""
}

// insertRows is how many rows one statement holds: a round trip to PostgreSQL costs as
// much as some dozens of rows, and either database takes 32,766 parameters.
const insertRows = 200

// insert gathers rows into statements of many. A row that conflicts with another one of
// the same statement is an error in PostgreSQL, so callers add a key once.
type insert struct {
	tx      *txn
	head    string
	tail    string
	columns int
	args    []any
	full    *sql.Stmt // of insertRows rows
	err     error
}

func newInsert(tx *txn, head string, columns int, tail string) *insert {
	return &insert{tx: tx, head: head, tail: tail, columns: columns}
}

func (in *insert) add(ctx context.Context, row ...any) {
	if in.err != nil {
		return
	}
	in.args = append(in.args, row...)
	if len(in.args) < insertRows*in.columns {
		return
	}
	if in.full == nil {
		if in.full, in.err = in.tx.PrepareContext(ctx, in.text(insertRows)); in.err != nil {
			return
		}
	}
	_, in.err = in.full.ExecContext(ctx, in.args...)
	in.args = in.args[:0]
}

func (in *insert) end(ctx context.Context) error {
	if in.full != nil {
		defer in.full.Close()
	}
	if in.err == nil && len(in.args) > 0 {
		_, in.err = in.tx.ExecContext(ctx, in.text(len(in.args)/in.columns), in.args...)
	}
	return in.err
}

func (in *insert) text(rows int) string {
	var b strings.Builder
	b.WriteString(in.head)
	b.WriteString(" VALUES ")
	for i := range rows * in.columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%in.columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteString(") ")
	b.WriteString(in.tail)
	return b.String()
}

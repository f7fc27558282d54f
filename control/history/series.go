package history

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// seriesKey is what the facts of one series are of: a task at a vantage, or a kind of
// answer at a node. port is -1 for answers.
type seriesKey struct {
	a, b, c, d, e string
	port          int
}

func probeKey(address, template string, port int, vantage string) seriesKey {
	return seriesKey{a: address, b: template, c: vantage, port: port}
}

func answerKey(node, domain, line, pool, address string) seriesKey {
	return seriesKey{node, domain, line, pool, address, -1}
}

// keptIDs bounds the cache: 10,000 tasks at 20 vantages, and some 100 bytes each.
const keptIDs = 200_000

// seriesIDs remembers the numbers of series.
type seriesIDs struct {
	mu  sync.Mutex // guards ids
	ids map[seriesKey]int32
}

func (s *seriesIDs) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = map[seriesKey]int32{}
}

func (s *seriesIDs) get(k seriesKey) (int32, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.ids[k]
	return id, ok
}

// keep takes numbers that were committed.
func (s *seriesIDs) keep(found map[seriesKey]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ids)+len(found) > keptIDs {
		clear(s.ids) // those in use are found again
	}
	for k, id := range found {
		s.ids[k] = id
	}
}

// series returns the number of a series that was resolved.
func (b *batch) series(k seriesKey) int32 { return b.ids[k] }

// seriesTables says where the two kinds of series are: of answers, and of probes.
var seriesTables = map[bool]struct {
	table   string
	columns string // keys, in the order of seriesKey's fields
	values  func(seriesKey) []any
}{
	false: {"answer_series", "node, domain, line, pool, address", func(k seriesKey) []any { return []any{k.a, k.b, k.c, k.d, k.e} }},
	true:  {"probe_series", "address, template, vantage, port", func(k seriesKey) []any { return []any{k.a, k.b, k.c, k.port} }},
}

// readAll is from how many unknown series on all are read at once: one statement costs
// what some hundred small ones do.
const readAll = 100

// resolve finds the numbers of series, all of one kind, and gives new ones to those that
// have none. With 10,000 tasks at five vantages that are 50,000 in the first minute.
func (b *batch) resolve(ctx context.Context, tx *txn, keys map[seriesKey]bool) error {
	missing := make([]seriesKey, 0, len(keys))
	for k := range keys {
		if id, ok := b.h.ids.get(k); ok {
			b.ids[k] = id // the cache may be emptied before it is used
		} else {
			missing = append(missing, k)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	// Another process that makes series waits here until the commit.
	if _, err := nextIDs(ctx, tx, "series", 0); err != nil {
		return err
	}
	probes := missing[0].port >= 0
	t := seriesTables[probes]
	known := map[seriesKey]int32{}
	if len(missing) < readAll {
		where := ` WHERE node = $1 AND domain = $2 AND line = $3 AND pool = $4 AND address = $5`
		if probes {
			where = ` WHERE address = $1 AND template = $2 AND vantage = $3 AND port = $4`
		}
		for _, k := range missing {
			var id int32
			switch err := tx.QueryRowContext(ctx, `SELECT id FROM @`+t.table+where, t.values(k)...).Scan(&id); err {
			case nil:
				known[k] = id
			case sql.ErrNoRows:
			default:
				return err
			}
		}
	} else if err := b.allSeries(ctx, tx, probes, keys, known); err != nil {
		return err
	}
	var fresh []seriesKey
	for _, k := range missing {
		if id, ok := known[k]; ok {
			b.ids[k], b.found[k] = id, id
		} else {
			fresh = append(fresh, k)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	last, err := nextIDs(ctx, tx, "series", len(fresh))
	if err != nil {
		return err
	}
	in := newInsert(tx, `INSERT INTO @`+t.table+` (`+t.columns+`, id, seen)`, len(t.values(seriesKey{}))+2, "")
	for i, k := range fresh {
		id := int32(last) - int32(len(fresh)-1-i)
		b.ids[k], b.found[k] = id, id
		in.add(ctx, append(t.values(k), id, levels[2].begin(b.now).UnixMicro())...)
	}
	return in.end(ctx)
}

// allSeries reads the numbers of all series of a kind, and keeps those that are wanted.
func (b *batch) allSeries(ctx context.Context, tx *txn, probes bool, wanted map[seriesKey]bool, known map[seriesKey]int32) error {
	t := seriesTables[probes]
	rows, err := tx.QueryContext(ctx, `SELECT id, `+t.columns+` FROM @`+t.table)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int32
		k := seriesKey{port: -1}
		into := []any{&id, &k.a, &k.b, &k.c, &k.d, &k.e}
		if probes {
			into = []any{&id, &k.a, &k.b, &k.c, &k.port}
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if wanted[k] {
			known[k] = id
		}
	}
	return rows.Err()
}

// periods places numbered intervals of senders in time: by the receiver's clock, each
// one after the one before, so that a clock that is a little off never puts two in one
// minute and none in the next.
type periods struct {
	mu   sync.Mutex // guards last
	last map[string]period
}

type period struct {
	instance string
	number   uint64
	at       time.Time // beginning of its minute
	seq      uint64
}

// place returns the minute of an interval; middle is its middle by our clock. ok is
// false for a message that was had already.
func (p *periods) place(from, instance string, seq, number uint64, middle time.Time) (at time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at = levels[0].begin(middle)
	was, known := p.last[from]
	if known && was.instance == instance {
		if seq <= was.seq {
			return at, false
		}
		next := was.at.Add(time.Duration(number-was.number) * time.Minute)
		if d := next.Sub(at); number >= was.number && number-was.number < 1000 && d <= time.Minute && d >= -time.Minute {
			at = next
		}
	}
	if p.last == nil || len(p.last) > 10_000 {
		p.last = map[string]period{} // nobody has so many vantages
	}
	p.last[from] = period{instance, number, at, seq}
	return at, true
}

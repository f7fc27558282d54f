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

// series returns the number of a series, a new one if need be.
func (b *batch) series(ctx context.Context, tx *sql.Tx, k seriesKey) (int32, error) {
	if id, ok := b.h.ids.get(k); ok {
		return id, nil
	}
	if id, ok := b.found[k]; ok {
		return id, nil
	}
	find, make, args := `SELECT id FROM answer_series WHERE node = $1 AND domain = $2 AND line = $3 AND pool = $4 AND address = $5`,
		`INSERT INTO answer_series (node, domain, line, pool, address, id, seen) VALUES ($1, $2, $3, $4, $5, $6, $7)`, []any{k.a, k.b, k.c, k.d, k.e}
	if k.port >= 0 {
		find, make, args = `SELECT id FROM probe_series WHERE address = $1 AND template = $2 AND vantage = $3 AND port = $4`,
			`INSERT INTO probe_series (address, template, vantage, port, id, seen) VALUES ($1, $2, $3, $4, $5, $6)`, []any{k.a, k.b, k.c, k.port}
	}
	var id int32
	err := tx.QueryRowContext(ctx, find, args...).Scan(&id)
	if err == sql.ErrNoRows {
		var next int64
		if next, err = nextIDs(ctx, tx, "series", 1); err != nil { // holds off another process until the commit
			return 0, err
		}
		if err = tx.QueryRowContext(ctx, find, args...).Scan(&id); err == sql.ErrNoRows {
			id = int32(next)
			_, err = tx.ExecContext(ctx, make, append(args, id, levels[2].begin(b.now).UnixMicro())...)
		}
	}
	if err != nil {
		return 0, err
	}
	b.found[k] = id
	return id, nil
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

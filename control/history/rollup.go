package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

const (
	// tidyEvery is how often adding up and forgetting is looked at.
	tidyEvery = time.Minute
	// grace is how long after its end an interval is added up: late pages and queues are
	// in by then. What comes later still is added to all levels by itself.
	grace = 5 * time.Minute
	// stepSeries is how many series of probes one transaction adds up: with 60 minutes
	// each, 15,000 rows.
	stepSeries = 250
)

// Lead writes what is measured, adds it up and forgets what is too old, until ctx ends.
// Only one process at a time should; two for a moment waste work and break nothing, for
// what a resolver counted is noted with its number, and sums replace each other.
func (h *History) Lead(ctx context.Context) error {
	h.leading.Add(1)
	defer h.leading.Add(-1)
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if h.database() != nil {
			if err := h.tidy(ctx); err != nil && ctx.Err() == nil {
				h.log.Warn("history is not tidied", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tidy does all that it can: rows that cannot be added up must not make everything else
// stay for ever.
func (h *History) tidy(ctx context.Context) error {
	var failed []error
	for i := range levels[:len(levels)-1] {
		for _, f := range families {
			if err := h.addUp(ctx, f, levels[i], levels[i+1]); err != nil {
				failed = append(failed, fmt.Errorf("add %s up to %ss: %w", f.table(levels[i]), levels[i+1].name, err))
			}
		}
	}
	return errors.Join(append(failed, h.forget(ctx))...)
}

// addUp adds the intervals of a level up that are complete.
func (h *History) addUp(ctx context.Context, f family, from, to level) error {
	for ctx.Err() == nil {
		db, err := h.reader()
		if err != nil {
			return err
		}
		done, err := upto(ctx, db.read, f.table(from))
		if err != nil {
			return store.Classify(err)
		}
		// The next interval that holds anything; the empty ones before it are done too.
		var first sql.NullInt64
		if err := db.read.QueryRowContext(ctx, `SELECT MIN(at) FROM @`+f.table(from)+` WHERE at >= $1`, micro(done)).Scan(&first); err != nil {
			return store.Classify(err)
		}
		limit := to.begin(h.now().Add(-grace))
		if from.step == time.Hour {
			// Only days whose hours are complete.
			hours, err := upto(ctx, db.read, f.table(levels[0]))
			if err != nil {
				return store.Classify(err)
			}
			if hours = to.begin(hours); hours.Before(limit) {
				limit = hours
			}
		}
		next := limit
		if first.Valid {
			next = to.begin(time.UnixMicro(first.Int64))
		}
		if !next.Before(limit) {
			if !done.Before(limit) {
				return nil
			}
			return h.settle(ctx, db, f.table(from), limit, nil)
		}
		if f.name == probes.name {
			err = h.addUpProbes(ctx, db, from, to, next)
		} else {
			err = h.settle(ctx, db, f.table(from), next.Add(to.step), func(ctx context.Context, tx *txn) error { return addUpSums(ctx, tx, f, from, to, next) })
		}
		if err != nil {
			return err
		}
		if err := h.breathe(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// settle notes, with what f writes, up to when a table is added up.
func (h *History) settle(ctx context.Context, db *database, table string, upto time.Time, f func(context.Context, *txn) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	return db.update(ctx, func(tx *txn) error {
		// First, so that it waits for a writer who thinks that the interval is still open,
		// and f then sees what that one wrote.
		if _, err := tx.ExecContext(ctx, `INSERT INTO @rollup (name, upto) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET upto = excluded.upto`, table, upto.UnixMicro()); err != nil || f == nil {
			return err
		}
		return f(ctx, tx)
	})
}

func addUpSums(ctx context.Context, tx *txn, f family, from, to level, at time.Time) error {
	keys := strings.Join(f.keys, ", ")
	var sum, set []string
	for _, c := range f.sums {
		sum, set = append(sum, "SUM("+c+")"), append(set, c+" = excluded."+c)
	}
	// SUM is NUMERIC in PostgreSQL, which its columns take.
	if _, err := tx.ExecContext(ctx, `INSERT INTO @`+f.table(to)+` (at, `+keys+`, `+strings.Join(f.sums, ", ")+`)
SELECT CAST($1 AS BIGINT), `+keys+`, `+strings.Join(sum, ", ")+` FROM @`+f.table(from)+` WHERE at >= $1 AND at < $2 GROUP BY `+keys+`
ON CONFLICT (at, `+keys+`) DO UPDATE SET `+strings.Join(set, ", "), at.UnixMicro(), at.Add(to.step).UnixMicro()); err != nil {
		return err
	}
	if f.name == clients.name {
		return topClients(ctx, tx, f.table(to), at)
	}
	if f.name == answers.name && to.step == day {
		return seen(ctx, tx, "answer_series", f.table(to), at)
	}
	return nil
}

// topClients keeps the networks with the most queries of an interval, and the rest as one.
func topClients(ctx context.Context, tx *txn, table string, at time.Time) error {
	const rest = ` WHERE at = $1 AND subnet <> $2 AND subnet NOT IN (SELECT subnet FROM (SELECT subnet, SUM(queries) AS n FROM @%[1]s WHERE at = $1 GROUP BY subnet ORDER BY n DESC LIMIT %[2]d) AS top)`
	where := fmt.Sprintf(rest, table, mostClients)
	if _, err := tx.ExecContext(ctx, `INSERT INTO @`+table+` (at, subnet, country, queries, samples)
SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), '', COALESCE(SUM(queries), 0), COALESCE(SUM(samples), 0) FROM @`+table+where+` HAVING COUNT(*) > 0
ON CONFLICT (at, subnet, country) DO UPDATE SET queries = `+table+`.queries + excluded.queries, samples = `+table+`.samples + excluded.samples`, at.UnixMicro(), stat.Other); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM @`+table+where, at.UnixMicro(), stat.Other)
	return err
}

// seen notes which series had facts on a day.
func seen(ctx context.Context, tx *txn, series, table string, at time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE @`+series+` SET seen = $1 WHERE seen < $1 AND id IN (SELECT series FROM @`+table+` WHERE at = $1)`, at.UnixMicro())
	return err
}

// addUpProbes adds one interval of probes up, some series at a time: each step reads
// its series' rows at each of the finer times, which the table's order makes short.
func (h *History) addUpProbes(ctx context.Context, db *database, from, to level, at time.Time) error {
	var most sql.NullInt64
	if err := db.read.QueryRowContext(ctx, `SELECT MAX(id) FROM @probe_series`).Scan(&most); err != nil {
		return store.Classify(err)
	}
	for first := int64(0); first <= most.Int64; first += stepSeries {
		if err := h.addUpSome(ctx, db, from, to, at, first); err != nil {
			return err
		}
		if err := h.breathe(ctx); err != nil {
			return err
		}
	}
	return h.settle(ctx, db, probes.table(from), at.Add(to.step), func(ctx context.Context, tx *txn) error {
		if to.step != day {
			return nil
		}
		return seen(ctx, tx, "probe_series", probes.table(to), at)
	})
}

func (h *History) addUpSome(ctx context.Context, db *database, from, to level, at time.Time, first int64) error {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	sum := map[int32]*stat.Task{}
	err := db.eachProbe(ctx, from, at, at.Add(to.step), `p.series >= $4 AND p.series < $5`, []any{first, first + stepSeries}, func(_ time.Time, series int32, t stat.Task) {
		if sum[series] == nil {
			sum[series] = &stat.Task{}
		}
		sum[series].Add(t)
	})
	if err != nil || len(sum) == 0 {
		return err
	}
	return db.update(ctx, func(tx *txn) error {
		in := newInsert(tx, `INSERT INTO @`+probes.table(to)+` (`+probeColumns+`)`, 9, `ON CONFLICT (at, series) DO UPDATE SET
		probes = excluded.probes, failed = excluded.failed, lost = excluded.lost, low = excluded.low, high = excluded.high, total = excluded.total, spread = excluded.spread`)
		for id, t := range sum {
			addTask(ctx, in, at, id, t)
		}
		return in.end(ctx)
	})
}

// eachProbe reads facts of probes between two times. It names each time, so that the
// database looks up the series at it: a range of times would be read with all series.
func (d *database) eachProbe(ctx context.Context, l level, from, until time.Time, where string, args []any, f func(at time.Time, series int32, t stat.Task)) error {
	q, err := d.read.QueryContext(ctx, `
WITH RECURSIVE t(at) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT at + $2 FROM t WHERE at + $2 < $3)
SELECT p.at, p.series, p.probes, p.failed, p.lost, p.low, p.high, p.total, p.spread FROM t JOIN @`+probes.table(l)+` p ON p.at = t.at WHERE `+where,
		append([]any{l.begin(from).UnixMicro(), l.step.Microseconds(), until.UnixMicro()}, args...)...)
	if err != nil {
		return store.Classify(err)
	}
	defer q.Close()
	for q.Next() {
		var at int64
		var series int32
		t, err := scanTask(q, &at, &series)
		if err != nil {
			return fmt.Errorf("read facts of probes: %w", err)
		}
		f(time.UnixMicro(at).UTC(), series, t)
	}
	return store.Classify(q.Err())
}

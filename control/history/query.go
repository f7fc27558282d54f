package history

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/traffic/stat"
)

// queryReport is one message of a resolver, with its place in time.
type queryReport struct {
	at time.Time // minute
	*stat.Queries
}

// Counted takes what a resolver counted, and reports whether that is settled here: the
// resolver then need not send it again. A process that does not lead counts it for the
// window of recent queries and leaves the rest to the one that does.
func (h *History) Counted(q *stat.Queries) (settled bool) {
	at := levels[0].begin(h.now().Add(-q.Age() - q.Span()/2))
	h.window.add(at, q)
	if h.leading.Load() == 0 {
		return false
	}
	h.queries.put(queryReport{at, q}, len(q.Answers)+len(q.Zones)+len(q.Codes)+len(q.Subnets)+len(q.Countries)+1)
	return true
}

// What one transaction writes of each family at most; the rest is written as one row of
// stat.Other, the smallest first.
const (
	mostAnswers   = 50_000
	mostZones     = 5_000
	mostClients   = 1_000
	mostCountries = 5_000
)

type sums struct{ queries, samples uint64 }

// fact is a row of a family: its interval and its keys.
type fact struct {
	at   int64
	keys [3]string
}

// writeQueries adds the reports up and writes them, each process's reports once and in
// order: what is written and its number are in one transaction.
func (b *batch) writeQueries(ctx context.Context, tx *txn) error {
	if len(b.queries) == 0 {
		return nil
	}
	answer := map[int64]map[seriesKey]uint64{}
	var zone, code, client, country, covered = map[fact]sums{}, map[fact]sums{}, map[fact]sums{}, map[fact]sums{}, map[fact]sums{}
	for i := range b.queries {
		r := &b.queries[i].v
		fresh, err := b.fresh(ctx, tx, r)
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		at, node := r.at.UnixMicro(), r.From
		if r.Page == 0 {
			add(covered, at, [3]string{node}, uint64(r.SpanMS), 0)
		}
		for _, a := range r.Answers {
			if answer[at] == nil {
				answer[at] = map[seriesKey]uint64{}
			}
			answer[at][answerKey(node, a.Domain, a.Line, a.Pool, a.Address)] += a.Count
		}
		for _, z := range r.Zones {
			add(zone, at, [3]string{node, z.Zone, z.Outcome}, z.Count, 0)
		}
		for _, c := range r.Codes {
			add(code, at, [3]string{node, TypeText(c.Type), RcodeText(c.Rcode)}, c.Count, 0)
		}
		for _, s := range r.Subnets {
			add(client, at, [3]string{s.Subnet, s.Country}, s.Queries, s.Samples)
		}
		for _, c := range r.Countries {
			add(country, at, [3]string{node, c.Country, c.Domain}, c.Queries, c.Samples)
		}
	}
	if err := b.addAnswers(ctx, tx, answer); err != nil {
		return err
	}
	for _, f := range []struct {
		family
		rows  map[fact]sums
		most  int
		other func(k [3]string) [3]string
	}{
		{zones, zone, mostZones, func(k [3]string) [3]string { return [3]string{k[0], stat.Other, k[2]} }},
		{codes, code, 1 << 30, nil},
		{clients, client, mostClients, func(k [3]string) [3]string { return [3]string{stat.Other, ""} }},
		{countries, country, mostCountries, func(k [3]string) [3]string { return [3]string{k[0], k[1], stat.Other} }},
		{cover, covered, 1 << 30, nil},
	} {
		if err := b.addFacts(ctx, tx, f.family, fold(f.rows, f.most, f.other)); err != nil {
			return err
		}
	}
	return nil
}

func add(m map[fact]sums, at int64, keys [3]string, queries, samples uint64) {
	k := fact{at, keys}
	s := m[k]
	m[k] = sums{s.queries + queries, s.samples + samples}
}

// fold keeps the rows with the most queries.
func fold(m map[fact]sums, most int, other func([3]string) [3]string) map[fact]sums {
	if len(m) <= most {
		return m
	}
	keys := make([]fact, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y fact) int { return cmp.Compare(m[y].queries, m[x].queries) })
	out := make(map[fact]sums, most+8)
	for i, k := range keys {
		if i < most {
			add(out, k.at, k.keys, m[k].queries, m[k].samples)
		} else {
			add(out, k.at, other(k.keys), m[k].queries, m[k].samples)
		}
	}
	return out
}

// fresh notes a report's number and tells whether it was not taken before.
func (b *batch) fresh(ctx context.Context, tx *txn, r *queryReport) (bool, error) {
	var seq int64
	err := tx.QueryRowContext(ctx, `SELECT seq FROM @query_source WHERE node = $1 AND instance = $2`, r.From, r.Instance).Scan(&seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if int64(r.Seq) <= seq {
		return false, nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO @query_source (node, instance, seq, missed, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (node, instance) DO UPDATE SET seq = excluded.seq, missed = query_source.missed + excluded.missed, at = excluded.at`,
		r.From, r.Instance, int64(r.Seq), int64(r.Seq)-seq-1, b.now.UnixMicro())
	return true, err
}

func (b *batch) addAnswers(ctx context.Context, tx *txn, by map[int64]map[seriesKey]uint64) error {
	rows, keys := map[fact]sums{}, map[seriesKey]bool{}
	for at, list := range by {
		if len(list) > mostAnswers {
			list = foldAnswers(list)
			by[at] = list
		}
		for k := range list {
			keys[k] = true
		}
	}
	if err := b.resolve(ctx, tx, keys); err != nil {
		return err
	}
	for at, list := range by {
		for k, n := range list {
			add(rows, at, [3]string{strconv.Itoa(int(b.series(k)))}, n, 0)
		}
	}
	return b.addFacts(ctx, tx, answers, rows)
}

func foldAnswers(list map[seriesKey]uint64) map[seriesKey]uint64 {
	keys := make([]seriesKey, 0, len(list))
	for k := range list {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y seriesKey) int { return cmp.Compare(list[y], list[x]) })
	out := make(map[seriesKey]uint64, mostAnswers+8)
	for i, k := range keys {
		if i >= mostAnswers {
			out[answerKey(k.a, stat.Other, "", "", "")] += list[k]
		} else {
			out[k] = list[k]
		}
	}
	return out
}

// addFacts adds rows to the minutes, and to the coarser levels where the minutes have
// been added up already: a node that was cut off tells late.
func (b *batch) addFacts(ctx context.Context, tx *txn, f family, rows map[fact]sums) error {
	b.rows += len(rows)
	var done [len(levels)]time.Time
	lock := "" // keeps adding up away until the commit
	if b.db.pg {
		lock = " FOR SHARE"
	}
	for i, l := range levels[:len(levels)-1] {
		var err error
		if done[i], err = upto(ctx, tx, f.table(l), lock); err != nil {
			return err
		}
	}
	for i, l := range levels {
		in := newInsert(tx, `INSERT INTO @`+f.table(l)+` (at, `+strings.Join(append(slices.Clone(f.keys), f.sums...), ", ")+`)`, 1+len(f.keys)+len(f.sums), f.conflict(l))
		out := rows
		if i > 0 { // several minutes may be one row here
			out = map[fact]sums{}
			for k, s := range rows {
				if t := time.UnixMicro(k.at); t.Before(done[i-1]) {
					add(out, l.begin(t).UnixMicro(), k.keys, s.queries, s.samples)
				}
			}
		}
		for k, s := range out {
			row := make([]any, 0, 6)
			row = append(row, k.at)
			for j := range f.keys {
				if f.keys[j] == "series" {
					id, err := strconv.Atoi(k.keys[j])
					if err != nil {
						return err
					}
					row = append(row, id)
					continue
				}
				row = append(row, k.keys[j])
			}
			row = append(row, int64(s.queries))
			if len(f.sums) > 1 {
				row = append(row, int64(s.samples))
			}
			in.add(ctx, row...)
		}
		if err := in.end(ctx); err != nil {
			return fmt.Errorf("%s: %w", f.table(l), err)
		}
	}
	return nil
}

// conflict adds to the row that is there.
func (f family) conflict(l level) string {
	var set []string
	for _, c := range f.sums {
		set = append(set, c+" = "+f.table(l)+"."+c+" + excluded."+c)
	}
	return "ON CONFLICT (at, " + strings.Join(f.keys, ", ") + ") DO UPDATE SET " + strings.Join(set, ", ")
}

package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// Dimensions by which queries are told apart. Name and Type are those of an access
// domain where answers are asked for.
const (
	ByName    = "name"
	ByType    = "type"
	ByLine    = "line"
	ByPool    = "pool"
	ByAddress = "address"
	ByNode    = "node"
	ByRcode   = "rcode"
	ByCountry = "country"
	ByZone    = "zone"
	ByOutcome = "outcome"
	BySubnet  = "subnet"
)

// Dimensions lists them in the order of a document.
var Dimensions = []string{ByName, ByType, ByLine, ByPool, ByAddress, ByCountry, ByNode, ByRcode, ByZone, ByOutcome, BySubnet}

// source is a family with the dimensions that it tells apart, each an SQL expression.
type source struct {
	family
	columns map[string]string
}

// sources, the first that knows all dimensions of a question answers it. Codes count
// all queries, the others those to our names.
var sources = []source{
	{codes, map[string]string{ByType: "f.type", ByRcode: "f.rcode", ByNode: "f.node"}},
	// An empty answer has no pool; it and others have the code NOERROR, so NODATA tells
	// them apart.
	{answers, map[string]string{ByName: "s.domain", ByType: "s.domain", ByLine: "s.line", ByPool: "s.pool", ByAddress: "s.address", ByNode: "s.node",
		ByRcode: "CASE WHEN s.pool = '' AND s.domain <> '" + stat.Other + "' THEN 'NODATA' ELSE 'NOERROR' END"}},
	{zones, map[string]string{ByZone: "f.zone", ByOutcome: "f.outcome", ByNode: "f.node"}},
	{countries, map[string]string{ByCountry: "f.country", ByName: "f.domain", ByType: "f.domain", ByNode: "f.node"}},
	{clients, map[string]string{BySubnet: "f.subnet", ByCountry: "f.country"}},
}

// ErrDimensions: no kind of counts knows all the dimensions of a question.
var ErrDimensions = errors.New("these are not counted together")

// ErrTooWide: a question whose answer would have to be picked from more than fits in memory.
var ErrTooWide = errors.New("more different answers than are looked through for one question")

// mostHeld bounds the sums that one question holds, in all groups and intervals: some 100
// MB at the worst. A day of 100,000 names by the minute would be 144 million.
const mostHeld = 1_000_000

// CountQuery asks for numbers of queries.
type CountQuery struct {
	GroupBy     []string
	Where       map[string]string // dimension: value
	From, Until time.Time
	Step        time.Duration // 0: what suits; -1: totals only; less: totals only, in intervals of that length
	Top         int           // how many series; the others are added up
}

// CountSeries is the queries of one group.
type CountSeries struct {
	Key     map[string]string `json:"key" doc:"Value of each dimension asked for; (other) for those that found no room."`
	Total   uint64            `json:"total"`
	Samples uint64            `json:"samples,omitempty" doc:"Of estimated numbers: how many queries they rest on."`
	Points  []CountPoint      `json:"points,omitempty" doc:"Intervals without a query are absent; those that no report covers are gaps, see covered."`
}

// CountPoint is one interval.
type CountPoint struct {
	At      time.Time `json:"at" doc:"Its beginning."`
	Queries uint64    `json:"queries"`
}

// Counted is the answer to a CountQuery.
type Counted struct {
	Of      string        `json:"of" enum:"codes,answers,zones,countries,clients" doc:"What was counted: codes are all responses; answers those of access domains; zones all queries to hosted names; countries and clients are estimated from samples."`
	Exact   bool          `json:"exact" doc:"False: estimated from samples."`
	Step    int           `json:"step_seconds" doc:"Length of an interval, of covered also where only totals were asked for."`
	Series  []CountSeries `json:"series" doc:"The most first."`
	Others  uint64        `json:"others" doc:"Queries of the series beyond the top."`
	Rest    []CountPoint  `json:"others_points,omitempty" doc:"Of others."`
	Total   uint64        `json:"total"`
	Covered []Covered     `json:"covered" doc:"How far the resolvers' reports cover each interval. Empty: nothing is known of the time."`
}

// Covered is how much of an interval the reports of resolvers cover.
type Covered struct {
	At    time.Time `json:"at"`
	Nodes int       `json:"nodes" doc:"Resolvers that reported for it."`
	Share float64   `json:"share" doc:"Of the interval, averaged over those."`
}

// Counts answers a question.
func (h *History) Counts(ctx context.Context, q CountQuery) (*Counted, error) {
	db, err := h.reader()
	if err != nil {
		return nil, err
	}
	src, err := sourceOf(q)
	if err != nil {
		return nil, err
	}
	step := max(q.Step, 0)
	if q.Step < -1 {
		step = -q.Step
	}
	r, err := h.span(ctx, db, src.family, q.From, q.Until, step)
	if err != nil {
		return nil, err
	}
	type group struct {
		key     []string
		total   sums
		buckets map[int64]uint64
	}
	groups, held := map[string]*group{}, 0
	out := &Counted{Of: map[string]string{"code": "codes", "answer": "answers", "zone": "zones", "country": "countries", "client": "clients"}[src.name], Series: []CountSeries{}, Covered: []Covered{}}
	out.Exact = len(src.sums) == 1
	for _, p := range r.parts {
		err := db.eachCount(ctx, src, p, q, func(at int64, key []string, s sums) error {
			at = time.UnixMicro(at).UTC().Truncate(r.step).UnixMicro()
			k := strings.Join(key, "\x00")
			g := groups[k]
			if g == nil {
				g = &group{key: key, buckets: map[int64]uint64{}}
				groups[k], held = g, held+1
			}
			g.total.queries += s.queries
			g.total.samples += s.samples
			if q.Step >= 0 {
				before := len(g.buckets)
				g.buckets[at] += s.queries
				held += len(g.buckets) - before
			}
			if held > h.mostHeld {
				return ErrTooWide
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if err := db.eachCover(ctx, p, r.step, q.Where[ByNode], out); err != nil {
			return nil, err
		}
	}
	list := make([]*group, 0, len(groups))
	for _, g := range groups {
		list = append(list, g)
		out.Total += g.total.queries
	}
	slices.SortFunc(list, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.total.queries, a.total.queries), slices.Compare(a.key, b.key))
	})
	out.Step = int(r.step / time.Second)
	rest := map[int64]uint64{}
	for i, g := range list {
		if i >= q.Top {
			out.Others += g.total.queries
			for at, n := range g.buckets {
				rest[at] += n
			}
			continue
		}
		s := CountSeries{Key: map[string]string{}, Total: g.total.queries, Samples: g.total.samples}
		for j, d := range q.GroupBy {
			s.Key[d] = g.key[j]
		}
		s.Points = pointsOf(g.buckets)
		out.Series = append(out.Series, s)
	}
	out.Rest = pointsOf(rest)
	return out, nil
}

func pointsOf(buckets map[int64]uint64) []CountPoint {
	var out []CountPoint
	for at, n := range buckets {
		out = append(out, CountPoint{time.UnixMicro(at).UTC(), n})
	}
	slices.SortFunc(out, func(a, b CountPoint) int { return a.At.Compare(b.At) })
	return out
}

func sourceOf(q CountQuery) (source, error) {
	for _, s := range sources {
		all := true
		for _, d := range q.GroupBy {
			all = all && s.columns[d] != ""
		}
		for d := range q.Where {
			all = all && s.columns[d] != ""
		}
		if all {
			return s, nil
		}
	}
	return source{}, ErrDimensions
}

// eachCount reads the sums of a part by time and by the dimensions asked for. Names and
// types stand together in the table; they are taken apart here.
func (d *database) eachCount(ctx context.Context, src source, p part, q CountQuery, f func(at int64, key []string, s sums) error) error {
	columns, where := []string{"f.at"}, ""
	args := []any{p.from.UnixMicro(), p.until.UnixMicro()}
	for _, g := range q.GroupBy {
		if c := src.columns[g]; !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	for _, g := range Dimensions {
		v, ok := q.Where[g]
		if !ok {
			continue
		}
		c, op := src.columns[g], "="
		switch {
		case g == ByName && src.name != codes.name:
			op, v = "LIKE", likeText.Replace(v)+"/%"
		case g == ByType && src.name != codes.name:
			op, v = "LIKE", "%/"+likeText.Replace(v)
		}
		args = append(args, v)
		where += " AND " + c + " " + op + " $" + strconv.Itoa(len(args))
		if op == "LIKE" {
			where += ` ESCAPE '\'`
		}
	}
	join := ""
	if src.name == answers.name {
		join = " JOIN @answer_series s ON s.id = f.series"
	}
	sum := "SUM(f.queries)"
	if len(src.sums) > 1 {
		sum += ", SUM(f.samples)"
	}
	list := strings.Join(columns, ", ")
	rows, err := d.read.QueryContext(ctx, `SELECT `+list+`, `+sum+` FROM @`+src.table(p.level)+` f`+join+` WHERE f.at >= $1 AND f.at < $2`+where+` GROUP BY `+list, args...)
	if err != nil {
		return fmt.Errorf("read counts: %w", store.Classify(err))
	}
	defer rows.Close()
	values := make([]string, len(columns)-1)
	for rows.Next() {
		var at, queries, samples int64
		into := []any{&at}
		for i := range values {
			into = append(into, &values[i])
		}
		into = append(into, &queries)
		if len(src.sums) > 1 {
			into = append(into, &samples)
		}
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("read counts: %w", store.Classify(err))
		}
		key := make([]string, len(q.GroupBy))
		for i, g := range q.GroupBy {
			v := values[slices.Index(columns, src.columns[g])-1]
			if at := strings.LastIndexByte(v, '/'); at >= 0 && src.name != codes.name {
				switch g {
				case ByName:
					v = v[:at]
				case ByType:
					v = v[at+1:]
				}
			}
			key[i] = v
		}
		if err := f(at, key, sums{uint64(queries), uint64(samples)}); err != nil {
			return err
		}
	}
	return store.Classify(rows.Err())
}

func (d *database) eachCover(ctx context.Context, p part, step time.Duration, node string, out *Counted) error {
	rows, err := d.read.QueryContext(ctx, `SELECT at, node, covered FROM @`+cover.table(p.level)+` WHERE at >= $1 AND at < $2 AND (node = $3 OR $3 = '') ORDER BY at`,
		p.from.UnixMicro(), p.until.UnixMicro(), node)
	if err != nil {
		return fmt.Errorf("read coverage: %w", store.Classify(err))
	}
	defer rows.Close()
	nodes, sum := map[string]bool{}, int64(0)
	var at time.Time
	flush := func() {
		if len(nodes) == 0 {
			return
		}
		share := float64(sum) / float64(step.Milliseconds()) / float64(len(nodes))
		c := Covered{at, len(nodes), min(float64(int(share*1000))/1000, 1)}
		if last := len(out.Covered) - 1; last >= 0 && out.Covered[last].At.Equal(at) { // the part before ended within it
			c.Nodes, c.Share = max(c.Nodes, out.Covered[last].Nodes), min(c.Share+out.Covered[last].Share, 1)
			out.Covered = out.Covered[:last]
		}
		out.Covered = append(out.Covered, c)
		nodes, sum = map[string]bool{}, 0
	}
	for rows.Next() {
		var t, n int64
		var name string
		if err := rows.Scan(&t, &name, &n); err != nil {
			return fmt.Errorf("read coverage: %w", store.Classify(err))
		}
		if b := time.UnixMicro(t).UTC().Truncate(step); !b.Equal(at) {
			flush()
			at = b
		}
		nodes[name] = true
		sum += n
	}
	flush()
	return store.Classify(rows.Err())
}

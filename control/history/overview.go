package history

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/sync/errgroup"
)

// overviewQuestions is how many questions of one overview are asked at once.
const overviewQuestions = 3

// OverviewQuery asks for all that a page of traffic shows.
type OverviewQuery struct {
	Where       map[string]string // dimension: value
	By          []string          // dimensions, each for itself
	From, Until time.Time
	Before      time.Duration // how much earlier the time is that it is compared with
	Step        time.Duration // 0: what suits
	Top         int           // how many of each dimension
}

// Overview is the queries of a time beside those of an earlier one.
type Overview struct {
	Of          string                `json:"of" enum:"codes,answers,zones,countries,clients" doc:"What total counts, as in /stats/queries."`
	Exact       bool                  `json:"exact" doc:"False: estimated from samples."`
	Total       uint64                `json:"total"`
	TotalBefore uint64                `json:"total_before" doc:"Of the earlier time. Where that is kept in longer intervals only, those at its ends count in part."`
	Change      *float64              `json:"change,omitempty" doc:"From total_before to total: 0.1 is 10 % more. Absent when nothing is known of either time, or there were none before."`
	Known       bool                  `json:"known" doc:"False: no resolver has reported of the time, so zeros mean nothing."`
	KnownBefore bool                  `json:"known_before"`
	Success     *float64              `json:"success,omitempty" doc:"Share of the responses that are NOERROR; of access domains, that held an address. Absent where that is not counted together with the filters, or nothing was asked."`
	SuccessThen *float64              `json:"success_before,omitempty"`
	Step        int                   `json:"step_seconds"`
	Points      []CountPoint          `json:"points" doc:"Of total. Intervals without a query are absent."`
	PointsThen  []CountPoint          `json:"points_before" doc:"Of total_before, each at the moment of the present time that it is compared with."`
	Covered     []Covered             `json:"covered" doc:"How far the resolvers' reports cover each interval."`
	By          map[string]*Breakdown `json:"by" doc:"By each dimension asked for."`
}

// Breakdown is the queries of a time by one dimension.
type Breakdown struct {
	Of     string `json:"of,omitempty"`
	Exact  bool   `json:"exact"`
	Absent string `json:"absent,omitempty" doc:"Why it cannot be told: this dimension is not counted together with the filters, or tells too many apart."`
	Total  uint64 `json:"total" doc:"Of all values. Where of is another word than above, it counts other things."`
	Others uint64 `json:"others" doc:"Of values beyond those listed."`
	Items  []Item `json:"items" doc:"The most first."`
}

// Item is one value of a dimension.
type Item struct {
	Value   string   `json:"value"`
	Queries uint64   `json:"queries"`
	Share   float64  `json:"share" doc:"Of total."`
	Before  uint64   `json:"queries_before"`
	Change  *float64 `json:"change,omitempty" doc:"As above."`
	Samples uint64   `json:"samples,omitempty"`
}

// Overview answers a question. Its parts are reads of their own, so a value may have
// moved by some seconds' queries between them.
//
// The earlier time may be kept by the hour where the present one is kept by the minute.
// Then the intervals at its ends count by how much of them lies in it.
func (h *History) Overview(ctx context.Context, q OverviewQuery) (*Overview, error) {
	now, err := h.Counts(ctx, CountQuery{Where: q.Where, From: q.From, Until: q.Until, Step: q.Step, Top: 1})
	if err != nil {
		return nil, err
	}
	step := time.Duration(now.Step) * time.Second
	from := q.From.UTC().Truncate(step) // what was counted
	present := CountQuery{Where: q.Where, From: from, Until: q.Until, Step: -step}
	past := CountQuery{Where: q.Where, From: from.Add(-q.Before), Until: q.Until.Add(-q.Before), Step: step, Top: mostHeld}
	out := &Overview{Of: now.Of, Exact: now.Exact, Total: now.Total, Step: now.Step, Covered: now.Covered, Known: len(now.Covered) > 0, Points: points(now, 0), By: map[string]*Breakdown{}}

	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(overviewQuestions)
	by := func(c CountQuery, d string) CountQuery {
		c.GroupBy = []string{d}
		return c
	}
	g.Go(func() error {
		then, err := h.Counts(ctx, past)
		if err != nil {
			return err
		}
		out.KnownBefore, out.PointsThen = len(then.Covered) > 0, points(then, q.Before)
		for _, s := range then.Series {
			out.TotalBefore += within(s, then.Step, past)
		}
		return nil
	})
	if q.Where[ByRcode] == "" {
		g.Go(func() error {
			all := present
			all.Top = mostHeld
			now, err := h.Counts(ctx, by(all, ByRcode))
			if err == nil {
				out.Success = success(now, func(s CountSeries) uint64 { return s.Total })
			}
			then, err2 := h.Counts(ctx, by(past, ByRcode))
			if err2 == nil {
				out.SuccessThen = success(then, func(s CountSeries) uint64 { return within(s, then.Step, past) })
			}
			if err = errors.Join(err, err2); errors.Is(err, ErrDimensions) {
				return nil
			}
			return err
		})
	}
	for _, d := range q.By {
		b := &Breakdown{Items: []Item{}}
		out.By[d] = b
		g.Go(func() error {
			top := present
			top.Top = q.Top
			err := h.breakDown(ctx, b, d, by(top, d), by(past, d))
			switch {
			case errors.Is(err, ErrDimensions):
				b.Absent = "is not counted together with the filters"
			case errors.Is(err, ErrTooWide):
				b.Absent = "tells too many apart; filter, or take less time"
			default:
				return err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if out.Known && out.KnownBefore {
		out.Change = change(out.TotalBefore, out.Total)
		return out, nil
	}
	for _, b := range out.By { // to what is not known nothing can be compared
		for i := range b.Items {
			b.Items[i].Change = nil
		}
	}
	return out, nil
}

func (h *History) breakDown(ctx context.Context, b *Breakdown, d string, present, past CountQuery) error {
	now, err := h.Counts(ctx, present)
	if err != nil {
		return err
	}
	then, err := h.Counts(ctx, past)
	if err != nil {
		return err
	}
	before := map[string]uint64{}
	for _, s := range then.Series {
		before[s.Key[d]] = within(s, then.Step, past)
	}
	b.Of, b.Exact, b.Total, b.Others = now.Of, now.Exact, now.Total, now.Others
	for _, s := range now.Series {
		v := s.Key[d]
		i := Item{Value: v, Queries: s.Total, Before: before[v], Change: change(before[v], s.Total), Samples: s.Samples}
		if now.Total > 0 {
			i.Share = float64(s.Total) / float64(now.Total)
		}
		b.Items = append(b.Items, i)
	}
	return nil
}

// within adds up what a series has within the time that was asked for: its intervals may
// reach beyond.
func within(s CountSeries, step int, q CountQuery) uint64 {
	length, sum := time.Duration(step)*time.Second, 0.0
	for _, p := range s.Points {
		begin, end := p.At, p.At.Add(length)
		if begin.Before(q.From) {
			begin = q.From
		}
		if end.After(q.Until) {
			end = q.Until
		}
		sum += float64(p.Queries) * max(0, float64(end.Sub(begin))/float64(length))
	}
	return uint64(math.Round(sum))
}

// change is how much more there is now, nil when there was nothing.
func change(before, now uint64) *float64 {
	if before == 0 {
		return nil
	}
	v := float64(now)/float64(before) - 1
	return &v
}

// success is the share of NOERROR, nil when nothing was asked. Answers of access domains
// without an address have a code of their own.
func success(c *Counted, count func(CountSeries) uint64) *float64 {
	good, all := uint64(0), uint64(0)
	for _, s := range c.Series {
		n := count(s)
		all += n
		if s.Key[ByRcode] == "NOERROR" {
			good += n
		}
	}
	if all == 0 {
		return nil
	}
	v := float64(good) / float64(all)
	return &v
}

// points are those of all series, moved on.
func points(c *Counted, by time.Duration) []CountPoint {
	sum := map[int64]uint64{}
	for _, s := range c.Series {
		for _, p := range s.Points {
			sum[p.At.UnixMicro()] += p.Queries
		}
	}
	moved := make(map[int64]uint64, len(sum))
	for at, n := range sum {
		moved[at+by.Microseconds()] = n
	}
	if out := pointsOf(moved); out != nil {
		return out
	}
	return []CountPoint{}
}

// StepFor is a length of interval that gives about as many points.
func StepFor(length time.Duration, points int) time.Duration {
	for _, m := range []int{1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720} {
		if s := time.Duration(m) * time.Minute; length <= s*time.Duration(points) {
			return s
		}
	}
	days := (length + day*time.Duration(points) - 1) / (day * time.Duration(points))
	return max(days, 1) * day
}

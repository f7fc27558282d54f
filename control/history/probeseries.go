package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// Limits of one answer.
const (
	MaxSeries = 200
	MaxPoints = 1500 // a day by the minute, and a month by the hour
)

// What a caller asks for otherwise.
var (
	ErrTooMany = errors.New("more series than one answer holds")
	ErrTooFine = errors.New("more points than one answer holds")
)

// ProbeQuery asks for measurements of health tasks. Empty fields select all.
type ProbeQuery struct {
	Address, Template, Vantage string
	Port                       int // -1: any
	From, Until                time.Time
	Step                       time.Duration // 0: what suits the time asked for
	ByTask, ByVantage          bool          // else they are added up
}

// ProbeSeries is one line of a chart.
type ProbeSeries struct {
	Task    *traffic.TaskKey `json:"task,omitempty"`
	Vantage string           `json:"vantage,omitempty"`
	Points  []ProbePoint     `json:"points" doc:"Intervals without a measurement are absent: a gap, not a failure."`
}

// ProbePoint is one interval.
type ProbePoint struct {
	At     time.Time `json:"at" doc:"Its beginning."`
	Probes uint32    `json:"probes"`
	Failed uint32    `json:"failed" doc:"Of probes: those that were bad."`
	Lost   uint32    `json:"lost" doc:"Of failed: those to which nothing came back."`
	Min    float64   `json:"min_ms,omitempty" doc:"Latencies in milliseconds, of probes that were answered; absent when none was."`
	Avg    float64   `json:"avg_ms,omitempty"`
	P50    float64   `json:"p50_ms,omitempty" doc:"Median, within 13 %."`
	P95    float64   `json:"p95_ms,omitempty"`
	Max    float64   `json:"max_ms,omitempty"`
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func pointOf(at time.Time, t *stat.Task) ProbePoint {
	p := ProbePoint{At: at, Probes: t.Probes, Failed: t.Failed, Lost: t.Lost, Min: ms(t.Min), Max: ms(t.Max)}
	// The middle of a bucket may lie beyond what was measured.
	p.P50, p.P95 = ms(min(max(t.Spread.Quantile(0.5), t.Min), t.Max)), ms(min(max(t.Spread.Quantile(0.95), t.Min), t.Max))
	if n := t.Answered(); n > 0 {
		p.Avg = ms(t.Sum / time.Duration(n))
	}
	return p
}

// Series returns measurements, by key and time. step is the length of an interval.
func (h *History) Series(ctx context.Context, q ProbeQuery) (out []ProbeSeries, step time.Duration, err error) {
	db, err := h.reader()
	if err != nil {
		return nil, 0, err
	}
	r, err := h.span(ctx, db, probes, q.From, q.Until, q.Step)
	if err != nil {
		return nil, 0, err
	}
	type key struct {
		task    traffic.TaskKey
		vantage string
	}
	rows, err := db.read.QueryContext(ctx, `
SELECT id, address, template, port, vantage FROM @probe_series
WHERE (address = $1 OR $1 = '') AND (template = $2 OR $2 = '') AND (vantage = $3 OR $3 = '') AND (port = $4 OR $4 = -1)
LIMIT $5`, q.Address, q.Template, q.Vantage, q.Port, MaxSeries+1)
	if err != nil {
		return nil, 0, fmt.Errorf("read series: %w", store.Classify(err))
	}
	ids := map[int32]key{}
	for rows.Next() {
		var id int32
		var k key
		if err := rows.Scan(&id, &k.task.Address, &k.task.Template, &k.task.Port, &k.vantage); err != nil {
			rows.Close()
			return nil, 0, fmt.Errorf("read series: %w", store.Classify(err))
		}
		if !q.ByTask {
			k.task = traffic.TaskKey{}
		}
		if !q.ByVantage {
			k.vantage = ""
		}
		ids[id] = k
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("read series: %w", store.Classify(err))
	}
	if len(ids) > MaxSeries {
		return nil, 0, ErrTooMany
	}
	sum := map[key]map[time.Time]*stat.Task{}
	for id, k := range ids {
		for _, part := range r.parts {
			err := db.eachProbe(ctx, part.level, part.from, part.until, `p.series = $4`, []any{id}, func(at time.Time, _ int32, t stat.Task) {
				at = at.Truncate(r.step)
				if sum[k] == nil {
					sum[k] = map[time.Time]*stat.Task{}
				}
				if sum[k][at] == nil {
					sum[k][at] = &stat.Task{}
				}
				sum[k][at].Add(t)
			})
			if err != nil {
				return nil, 0, err
			}
		}
	}
	out = []ProbeSeries{}
	for k, points := range sum {
		s := ProbeSeries{Vantage: k.vantage}
		if q.ByTask {
			s.Task = &k.task
		}
		for at, t := range points {
			s.Points = append(s.Points, pointOf(at, t))
		}
		slices.SortFunc(s.Points, func(a, b ProbePoint) int { return a.At.Compare(b.At) })
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b ProbeSeries) int {
		task := func(s ProbeSeries) string {
			if s.Task == nil {
				return ""
			}
			return s.Task.String()
		}
		return cmp.Or(strings.Compare(task(a), task(b)), strings.Compare(a.Vantage, b.Vantage))
	})
	return out, r.step, nil
}

// spanned is a time that is asked for, cut into parts by the level that they are read from.
type spanned struct {
	step  time.Duration
	parts []part
}

type part struct {
	level       level
	from, until time.Time
}

// span chooses the levels for a time: the finest that the step needs and that still is
// there. What a coarser level does not hold yet comes from the finer ones.
func (h *History) span(ctx context.Context, db *database, f family, from, until time.Time, step time.Duration) (spanned, error) {
	keep, err := h.Retention(ctx)
	if err != nil {
		return spanned{}, err
	}
	now := h.now()
	finest := 0
	if from.Before(now.Add(-time.Duration(keep.Minutes))) {
		finest = 1
	}
	if from.Before(now.Add(-time.Duration(keep.Hours))) {
		finest = 2
	}
	if step == 0 {
		step = levels[0].step
		for _, s := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 6 * time.Hour, day} {
			if step = s; until.Sub(from)/s <= 400 {
				break
			}
		}
	}
	step = max(step.Truncate(time.Minute), levels[finest].step)
	at := 0
	for i, l := range levels {
		if step >= l.step && step%l.step == 0 {
			at = i
		}
	}
	if at < finest {
		at = finest
		step = (step + levels[at].step - 1).Truncate(levels[at].step)
	}
	if until.Sub(from)/step > MaxPoints {
		return spanned{}, ErrTooFine
	}
	out := spanned{step: step}
	from = from.UTC().Truncate(step)
	for i := at; i >= 0 && from.Before(until); i-- {
		end := until
		if i > 0 {
			done, err := upto(ctx, db.read, f.table(levels[i-1]))
			if err != nil {
				return spanned{}, fmt.Errorf("read history: %w", store.Classify(err))
			}
			if done.Before(end) {
				end = done
			}
		}
		if end.After(from) {
			out.parts = append(out.parts, part{levels[i], from, end})
			from = end
		}
	}
	return out, nil
}

package history

import (
	"context"
	"time"

	"github.com/meridian-gtm/meridian/traffic/stat"
)

// probeReport is one page of a vantage's minute, with its place in time.
type probeReport struct {
	at    time.Time
	from  string
	tasks []stat.Task
}

// Probed takes what a vantage measured in a minute. Only a process that leads keeps it.
func (h *History) Probed(p *stat.Probes) {
	middle := h.now().Add(-p.Age() - p.Span()/2)
	at, ok := h.places.place(p.From, p.Instance, p.Seq, p.Period, middle)
	if !ok || h.leading.Load() == 0 {
		return
	}
	h.probes.put(probeReport{at, p.From, p.Tasks}, len(p.Tasks))
}

const probeColumns = `at, series, probes, failed, lost, low, high, total, spread`

// writeProbes writes whole minutes. Two pages with one task and minute are one too many:
// the second would be added to the first, whose spread cannot be read back cheaply, so
// the later one counts.
func (b *batch) writeProbes(ctx context.Context, tx *txn) error {
	type fact struct {
		at time.Time
		id int32
	}
	seen := map[fact]bool{}
	keys := map[seriesKey]bool{}
	for i := range b.probes {
		for j, r := 0, &b.probes[i].v; j < len(r.tasks); j++ {
			k := r.tasks[j].Key
			keys[probeKey(k.Address, k.Template, k.Port, r.from)] = true
		}
	}
	if err := b.resolve(ctx, tx, keys); err != nil {
		return err
	}
	in := newInsert(tx, `INSERT INTO @probe_minute (`+probeColumns+`)`, 9, `ON CONFLICT (at, series) DO UPDATE SET
		probes = excluded.probes, failed = excluded.failed, lost = excluded.lost, low = excluded.low, high = excluded.high, total = excluded.total, spread = excluded.spread`)
	for i := len(b.probes) - 1; i >= 0; i-- {
		r := &b.probes[i].v
		for j := range r.tasks {
			t := &r.tasks[j]
			id := b.series(probeKey(t.Key.Address, t.Key.Template, t.Key.Port, r.from))
			if f := (fact{r.at, id}); !seen[f] {
				seen[f] = true
				addTask(ctx, in, r.at, id, t)
				b.rows++
			}
		}
	}
	return in.end(ctx)
}

func addTask(ctx context.Context, in *insert, at time.Time, series int32, t *stat.Task) {
	in.add(ctx, at.UnixMicro(), series, int64(t.Probes), int64(t.Failed), int64(t.Lost), t.Min.Microseconds(), t.Max.Microseconds(), t.Sum.Microseconds(), t.Spread.AppendTo([]byte{}))
}

// scanTask reads the columns of probeColumns behind at and series.
func scanTask(q interface{ Scan(...any) error }, at *int64, series *int32) (t stat.Task, err error) {
	var probes, failed, lost, low, high, total int64
	var spread []byte
	if err = q.Scan(at, series, &probes, &failed, &lost, &low, &high, &total, &spread); err != nil {
		return t, err
	}
	t.Probes, t.Failed, t.Lost = uint32(probes), uint32(failed), uint32(lost)
	t.Min, t.Max, t.Sum = time.Duration(low)*time.Microsecond, time.Duration(high)*time.Microsecond, time.Duration(total)*time.Microsecond
	t.Spread, err = stat.ParseSketch(spread)
	return t, err
}

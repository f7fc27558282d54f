package history

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

func TestMain(m *testing.M) {
	code := storetest.Main(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// each runs a test on SQLite and PostgreSQL.
func each(t *testing.T, f func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, "sqlite:"+filepath.Join(t.TempDir(), "history.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, storetest.Postgres(t))
	})
}

// opened is a history whose writer is the test: nothing runs beside it.
func opened(t *testing.T, dsn string, now *time.Time) *History {
	t.Helper()
	h, err := New(Options{DSN: dsn, Now: func() time.Time { return *now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if h.db, err = open(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	h.leading.Add(1)
	h.pause = 0
	t.Cleanup(func() { h.db.close() })
	return h
}

func (h *History) flush(t *testing.T) {
	t.Helper()
	for h.pending() > 0 {
		if err := h.write(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func TestEvents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		h.Record(Event{Kind: "health", Subject: "hz-1/web/80", Severity: "error", Text: "down: Timeout 0% answered", Data: []byte(`{"a":1}`)},
			Event{Kind: "health", Subject: "hz_1", Severity: "info", Text: "up"})
		h.flush(t)
		now = now.Add(time.Hour)
		h.Record(Event{Kind: "node", Subject: "r1", Severity: "warning", Text: "lags"})
		h.flush(t)
		told, err := h.Events(t.Context(), EventFilter{Limit: 10, Forward: true})
		if last, lerr := h.LastEvent(t.Context()); err != nil || lerr != nil || last != told[2].ID {
			t.Fatal(err, lerr, last)
		}
		if len(told) != 3 || told[0].ID == 0 || told[2].ID != told[0].ID+2 || !told[0].At.Equal(start) {
			t.Fatalf("told %+v", told)
		}
		for _, row := range []struct {
			name string
			f    EventFilter
			want []int
		}{
			{"newest first", EventFilter{}, []int{2, 1, 0}},
			{"a follower reads forward from where it was", EventFilter{After: told[0].ID, Forward: true}, []int{1, 2}},
			{"an older page", EventFilter{Before: told[2].ID}, []int{1, 0}},
			{"of one kind", EventFilter{Kind: "node"}, []int{2}},
			{"of one subject", EventFilter{Subject: "hz-1/web/80"}, []int{0}},
			{"warnings", EventFilter{Severity: "warning"}, []int{2}},
			{"text in any case", EventFilter{Text: "TIMEOUT"}, []int{0}},
			{"text is no pattern", EventFilter{Text: "0%"}, []int{0}},
			{"nor is an underscore", EventFilter{Text: "hz_1"}, []int{1}},
			{"of a time", EventFilter{From: start.Add(time.Minute)}, []int{2}},
			{"up to a time", EventFilter{Until: now}, []int{1, 0}},
		} {
			row.f.Limit = 10
			got, err := h.Events(t.Context(), row.f)
			if err != nil || len(got) != len(row.want) {
				t.Errorf("%s: %v %+v", row.name, err, got)
				continue
			}
			for i, w := range row.want {
				if !reflect.DeepEqual(got[i], told[w]) {
					t.Errorf("%s: %d is %+v, want %+v", row.name, i, got[i], told[w])
				}
			}
		}
	})
}

// TestEventsAreTakenOverOnce: those of an earlier release keep their numbers, new ones
// go on from them, and another start brings none again.
func TestEventsAreTakenOverOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		const old = 2*takeOverPage + 7
		h.opt.Old = func(_ context.Context, after uint64, limit int) (out []Event, _ error) {
			for id := max(after+1, 5); id < 5+old && len(out) < limit; id++ {
				out = append(out, Event{ID: id, At: start, Kind: "k", Subject: "s", Severity: "info", Text: "old"})
			}
			return out, nil
		}
		for range 2 {
			if err := h.takeOver(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		h.Record(Event{Kind: "k", Text: "new"})
		h.flush(t)
		got, err := h.Events(t.Context(), EventFilter{Limit: 2 * old})
		if err != nil || len(got) != old+1 || got[0].ID != 5+old || got[0].Text != "new" || got[old].ID != 5 {
			t.Errorf("%v: %d events, the first %+v", err, len(got), got[:1])
		}
	})
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		h.Moved([]Transition{{Kind: OfTask, Subject: "a/web/80", Address: "a", From: "up", To: "down", Cause: "2 of 2", Data: []byte(`[{"vantage":"hz"}]`)},
			{Kind: OfAddress, Subject: "a", Address: "a", From: "available", To: "unavailable"}, {Kind: OfPool, Subject: "p", From: "available", To: "unavailable"}})
		h.Moved([]Transition{{Kind: OfVantage, Subject: "hz", From: "heard", To: "lost"}})
		h.flush(t)
		all, err := h.Transitions(t.Context(), TransitionFilter{Limit: 10})
		if err != nil || len(all) != 4 || all[3].Incident != all[3].ID || all[1].Incident != all[3].ID || all[0].Incident != all[0].ID || string(all[3].Data) != `[{"vantage":"hz"}]` {
			t.Fatalf("%v: %+v", err, all)
		}
		for _, row := range []struct {
			name string
			f    TransitionFilter
			want int
		}{
			{"of an address with its tasks", TransitionFilter{Address: "a"}, 2},
			{"of a pool", TransitionFilter{Kind: OfPool, Subject: "p"}, 1},
			{"of an incident", TransitionFilter{Incident: all[3].ID}, 3},
			{"an older page", TransitionFilter{Before: all[2].ID}, 1},
			{"of a later time", TransitionFilter{From: start.Add(1)}, 4 - 4*1},
		} {
			row.f.Limit = 10
			if row.name == "of a later time" {
				row.f.From = start.Add(time.Second)
			}
			if got, err := h.Transitions(t.Context(), row.f); err != nil || len(got) != row.want {
				t.Errorf("%s: %v %+v", row.name, err, got)
			}
		}
		h.leading.Add(-1)
		h.Moved([]Transition{{Kind: OfVantage, Subject: "x"}})
		if h.pending() != 0 {
			t.Error("a process that does not lead keeps a transition")
		}
	})
}

// TestProbesAddUp: over two days and a bit, what is read at any level is what was
// measured, also where finer levels are forgotten and the last hours not added up yet.
func TestProbesAddUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		rng := rand.New(rand.NewPCG(1, 2))
		type key struct {
			vantage, address string
			hour             int
		}
		want := map[key]*stat.Task{}
		var total stat.Task
		seq := uint64(0)
		const minutes = 51 * 60
		for m := 0; m < minutes; m += 7 { // every seventh: gaps between
			now = start.Add(time.Duration(m)*time.Minute + 61*time.Second)
			seq++
			for _, v := range []string{"hz", "bj"} {
				p := &stat.Probes{Head: stat.Head{From: v, Instance: "i", Seq: seq, SpanMS: 60_000, AgeMS: 1000, Period: uint64(m)}}
				for _, a := range []string{"a", "b"} {
					task := stat.Task{Key: traffic.TaskKey{Address: a, Template: "web", Port: 80}}
					for range 6 {
						task.Observe(rng.IntN(5) > 0, time.Duration(rng.IntN(3)*(1+rng.IntN(40_000)))*time.Microsecond)
					}
					p.Tasks = append(p.Tasks, task)
					k := key{v, a, m / 60}
					if want[k] == nil {
						want[k] = &stat.Task{}
					}
					want[k].Add(task)
					total.Add(task)
				}
				h.Probed(p)
				h.Probed(p) // once more: not counted again
			}
			h.flush(t)
			if m%(60*6) == 0 {
				if err := h.tidy(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		now = start.Add(minutes * time.Minute)
		if err := h.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, step, err := h.Series(t.Context(), ProbeQuery{Port: -1, From: start, Until: now, Step: time.Hour, ByTask: true, ByVantage: true})
		if err != nil || step != time.Hour || len(got) != 4 {
			t.Fatalf("%v: %v, %d series", err, step, len(got))
		}
		for _, s := range got {
			if len(s.Points) != 51 {
				t.Errorf("%s at %s: %d points", s.Task, s.Vantage, len(s.Points))
			}
			for _, p := range s.Points {
				if w := pointOf(p.At, want[key{s.Vantage, s.Task.Address, int(p.At.Sub(start) / time.Hour)}]); p != w {
					t.Errorf("%s at %s: %+v\nwant %+v", s.Task, s.Vantage, p, w)
				}
			}
		}
		days, step, err := h.Series(t.Context(), ProbeQuery{Port: -1, From: start, Until: now, Step: day})
		sum := uint32(0)
		for _, p := range days[0].Points {
			sum += p.Probes
		}
		if err != nil || step != day || len(days) != 1 || len(days[0].Points) != 3 || sum != total.Probes {
			t.Errorf("%v: by day %+v, %d probes of %d", err, days, sum, total.Probes)
		}
		// The first day's minutes are gone; asked for, hours answer.
		var n int
		if err := h.db.read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM @probe_minute WHERE at < $1`, now.Add(-day-time.Minute).UnixMicro()).Scan(&n); err != nil || n != 0 {
			t.Errorf("%v: %d minutes are older than a day", err, n)
		}
		if _, step, err = h.Series(t.Context(), ProbeQuery{Port: -1, Address: "a", From: start, Until: start.Add(time.Hour), Step: time.Minute}); err != nil || step != time.Hour {
			t.Errorf("%v: step %v where minutes are gone", err, step)
		}
		fine, step, err := h.Series(t.Context(), ProbeQuery{Port: 80, Address: "a", Vantage: "hz", From: now.Add(-time.Hour), Until: now})
		if err != nil || step != time.Minute || len(fine) != 1 || len(fine[0].Points) < 8 || len(fine[0].Points) > 9 {
			t.Errorf("%v: last hour by %v: %+v", err, step, fine)
		}
	})
}

func report(node, instance string, seq uint64, at time.Time, now time.Time, n uint64) *stat.Queries {
	return &stat.Queries{Head: stat.Head{From: node, Instance: instance, Seq: seq, SpanMS: 10_000, AgeMS: now.Sub(at).Milliseconds()},
		Answers:   []stat.Answer{{Domain: "www.example.com/A", Line: "cn", Pool: "p", Address: "a", Count: n}, {Domain: "www.example.com/A", Line: "default", Count: 1}, {Domain: "w_w.example.com/AAAA", Line: "default", Pool: "q", Address: "b", Count: 2}},
		Zones:     []stat.Zone{{Zone: "example.com", Outcome: "steered", Count: n + 3}},
		Codes:     []stat.Code{{Type: 1, Rcode: 0, Count: n + 1}, {Type: 28, Rcode: 0, Count: 2}, {Type: 0, Rcode: 5, Count: 7}},
		Subnets:   []stat.Subnet{{Subnet: "8.8.8.0/24", Country: "us", Queries: n, Samples: n / 2}},
		Countries: []stat.Country{{Country: "us", Domain: "www.example.com/A", Queries: n, Samples: n / 2}}}
}

// TestQueriesAreCountedOnce: whoever repeats a report, whichever of two processes takes
// it, after a restart and for times that are added up already, the sums are those of
// the reports.
func TestQueriesAreCountedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		total, seq := uint64(0), uint64(0)
		give := func(h *History, back time.Duration, n uint64) {
			t.Helper()
			seq++
			total += n
			r := report("r1", "i", seq, now.Add(-back), now, n)
			for range 2 { // the second is a redelivery
				if !h.Counted(r) {
					t.Fatal("not settled")
				}
			}
			h.flush(t)
			h.Counted(r)
			h.flush(t)
		}
		for i := range 300 {
			now = start.Add(time.Duration(i) * 10 * time.Minute)
			give(h, 0, uint64(10+i))
			if i%40 == 0 {
				if err := h.tidy(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := h.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		give(h, 30*time.Minute, 1000) // added up already
		give(h, 3*time.Hour, 5000)
		if err := h.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		other := opened(t, dsn, &now) // another life, or another process
		if !other.Counted(report("r1", "i", seq, now, now, 77)) {
			t.Fatal("not settled")
		}
		other.flush(t)
		check := func(name string, q CountQuery, of string, want map[string]uint64) {
			t.Helper()
			q.From, q.Until, q.Top = start.Add(-time.Hour), now.Add(time.Hour), 10
			got, err := other.Counts(t.Context(), q)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			have := map[string]uint64{}
			for _, s := range got.Series {
				var k []string
				for _, d := range q.GroupBy {
					k = append(k, s.Key[d])
				}
				sum := uint64(0)
				for _, p := range s.Points {
					sum += p.Queries
				}
				if q.Step >= 0 && sum != s.Total {
					t.Errorf("%s: points of %v are %d, total %d", name, k, sum, s.Total)
				}
				have[strings.Join(k, " ")] = s.Total
			}
			if got.Of != of || !reflect.DeepEqual(have, want) || got.Exact != (of != "countries" && of != "clients") {
				t.Errorf("%s: %s %v, want %s %v", name, got.Of, have, of, want)
			}
		}
		n := seq
		type m = map[string]uint64
		check("by name", CountQuery{GroupBy: []string{ByName, ByType}}, "answers", m{"www.example.com A": total + n, "w_w.example.com AAAA": 2 * n})
		check("by day", CountQuery{GroupBy: []string{ByName}, Step: day}, "answers", m{"www.example.com": total + n, "w_w.example.com": 2 * n})
		check("totals", CountQuery{GroupBy: []string{ByPool, ByAddress}, Step: -1, Where: m2("name", "www.example.com")}, "answers", m{"p a": total, " ": n})
		check("a name is no pattern", CountQuery{GroupBy: []string{ByLine}, Where: m2("name", "w_w.example.com", "type", "AAAA")}, "answers", m{"default": 2 * n})
		check("empty ones", CountQuery{GroupBy: []string{ByRcode}, Where: m2("name", "www.example.com")}, "answers", m{"NODATA": n, "NOERROR": total})
		check("all responses", CountQuery{GroupBy: []string{ByType, ByRcode}}, "codes", m{"A NOERROR": total + n, "AAAA NOERROR": 2 * n, "other REFUSED": 7 * n})
		check("by zone", CountQuery{GroupBy: []string{ByZone, ByOutcome, ByNode}}, "zones", m{"example.com steered r1": total + 3*n})
		check("by country", CountQuery{GroupBy: []string{ByCountry}, Where: m2("name", "www.example.com")}, "countries", m{"us": total})
		check("by network", CountQuery{GroupBy: []string{BySubnet, ByCountry}}, "clients", m{"8.8.8.0/24 us": total})
		if _, err := other.Counts(t.Context(), CountQuery{GroupBy: []string{BySubnet, ByPool}, From: start, Until: now}); err != ErrDimensions {
			t.Errorf("networks by pool: %v", err)
		}
		// The second life knows the last hour from what the first one wrote.
		if err := other.fillWindow(t.Context()); err != nil {
			t.Fatal(err)
		}
		of, ok := other.RecentQueries()
		if q := of("www.example.com/A"); !ok || q["default"] == 0 || q["default"] > 10 || q["cn"] < 1000 {
			t.Errorf("recent queries %v %v", ok, q)
		}
		if q := of("none.example.com/A"); len(q) != 0 {
			t.Errorf("recent queries of a name that nobody asked for: %v", q)
		}
	})
}

func m2(kv ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		out[kv[i]] = kv[i+1]
	}
	return out
}

// TestGapsAreNoZeros: where no report covers a time, the answer says so.
func TestGapsAreNoZeros(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		for i := range 18 { // three minutes, of which the second is missing
			now = start.Add(time.Duration(i+1) * 10 * time.Second)
			if i/6 != 1 {
				h.Counted(report("r1", "i", uint64(i+1), now, now, 0))
			}
		}
		h.flush(t)
		got, err := h.Counts(t.Context(), CountQuery{GroupBy: []string{ByName}, From: start, Until: now, Step: time.Minute, Top: 5})
		if err != nil || len(got.Covered) != 2 || !got.Covered[0].At.Equal(start) || !got.Covered[1].At.Equal(start.Add(2*time.Minute)) || got.Covered[0].Nodes != 1 || got.Covered[0].Share != 1 {
			t.Errorf("%v: %+v", err, got)
		}
		var missed int
		if err := h.db.read.QueryRowContext(t.Context(), `SELECT missed FROM @query_source`).Scan(&missed); err != nil || missed != 6 {
			t.Errorf("%v: %d reports known to be missing, want 6", err, missed)
		}
	})
}

// TestNothingWaits: with the database blocked, whoever gives something goes on at once,
// the queues stay in bounds by dropping the oldest, the alarm tells, and when the
// database is back what is left is written.
func TestNothingWaits(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		h, err := New(Options{DSN: dsn, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		h.events.limit = 1000
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		eventually(t, "the database is open", func() bool { return h.database() != nil })
		other, err := open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer other.close()
		tx, err := other.write.begin(t.Context()) // SQLite: holds the file
		if err != nil {
			t.Fatal(err)
		}
		if other.pg {
			if _, err := tx.ExecContext(t.Context(), `LOCK TABLE @event, @counter IN ACCESS EXCLUSIVE MODE`); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 5000 {
			h.Record(Event{Kind: "k", Severity: "info", Text: fmt.Sprint(i)})
		}
		eventually(t, "the alarm tells", func() bool { return strings.Contains(h.Alarm(), "dropped since the start: ") })
		if n := h.events.rows(); n > 1000 {
			t.Errorf("%d events wait, at most 1000 may", n)
		}
		if err := tx.tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		var got []Event
		eventually(t, "all are written or dropped", func() bool {
			drops, _ := h.events.lost()
			got, err = h.Events(t.Context(), EventFilter{Limit: 10_000})
			return err != nil || len(got)+int(drops) == 5000
		})
		if err != nil || got[0].Text != "4999" || len(got) > 2000 {
			t.Errorf("%v: %d are left of 5000, the last %+v", err, len(got), got[0])
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 40 s: %s", what)
		}
	}
}

// TestFullDisk: history says so and goes on when there is room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	now := start
	h := opened(t, "sqlite:"+filepath.Join(t.TempDir(), "history.db"), &now)
	pages := func(n int) {
		t.Helper()
		if _, err := h.db.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	pages(1) // SQLite takes the present size instead
	h.Record(Event{Kind: "k", Text: strings.Repeat("x", 100_000)})
	err := h.write(t.Context())
	h.setTrouble(err)
	if a := h.Alarm(); err == nil || !strings.Contains(a, "the disk is full") {
		t.Errorf("%v; alarm %q", err, a)
	}
	pages(1 << 30)
	h.flush(t)
	h.setTrouble(nil)
	if got, err := h.Events(t.Context(), EventFilter{Limit: 1}); err != nil || len(got) != 1 || h.Alarm() != "" {
		t.Errorf("%v: %d events, alarm %q", err, len(got), h.Alarm())
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		r, err := h.Retention(t.Context())
		if f, _ := r.Check(); err != nil || r != DefaultRetention || f != "" {
			t.Fatalf("%v: %+v %s", err, r, f)
		}
		r.Events, r.Transitions = traffic.Duration(10*day), traffic.Duration(20*day)
		if err := h.SetRetention(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		for range 2500 {
			h.Record(Event{Kind: "old"})
		}
		h.Moved([]Transition{{Kind: OfPool, Subject: "p"}})
		h.flush(t)
		now = now.Add(11 * day)
		h.Record(Event{Kind: "new"})
		h.flush(t)
		if err := h.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		events, err := h.Events(t.Context(), EventFilter{Limit: 10})
		moves, err2 := h.Transitions(t.Context(), TransitionFilter{Limit: 10})
		if got, err3 := h.Retention(t.Context()); err != nil || err2 != nil || err3 != nil || got != r || len(events) != 1 || len(moves) != 1 {
			t.Errorf("%v %v: retention %+v, %d events, %d transitions", err, err2, got, len(events), len(moves))
		}
		r.Hours = traffic.Duration(day)
		if f, text := r.Check(); f != "hours" || !strings.Contains(text, "48h") {
			t.Errorf("%q %q", f, text)
		}
	})
}

// TestBehindAPooler: in transaction mode there are no sessions to hold a search path.
func TestBehindAPooler(t *testing.T) {
	t.Parallel()
	now := start
	dsn := storetest.Pooler(t)
	h := opened(t, dsn, &now)
	other := opened(t, dsn, &now)
	h.Record(Event{Kind: "k", Text: "t"})
	h.Counted(report("r1", "i", 1, now, now, 5))
	h.flush(t)
	now = now.Add(day)
	if err := h.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := other.Events(t.Context(), EventFilter{Limit: 9})
	if err != nil || len(list) != 1 {
		t.Errorf("%v: %+v", err, list)
	}
	got, err := other.Counts(t.Context(), CountQuery{GroupBy: []string{ByName}, From: start.Add(-day), Until: now, Step: -1, Top: 9})
	if err != nil || got.Total != 8 {
		t.Errorf("%v: %+v", err, got)
	}
}

// TestARoleThatMayMakeNoSchema uses the one that was made for it.
func TestARoleThatMayMakeNoSchema(t *testing.T) {
	t.Parallel()
	dsn := storetest.Postgres(t)
	admin, err := open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.close()
	role := "narrow" + strings.TrimPrefix(path.Base(strings.SplitN(dsn, "?", 2)[0]), "/")
	for _, s := range []string{`DROP SCHEMA ` + Schema + ` CASCADE`, `CREATE ROLE ` + role + ` LOGIN`} {
		if _, err := admin.write.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	narrow := strings.Replace(dsn, "//postgres@", "//"+role+"@", 1)
	if d, err := open(t.Context(), narrow); err == nil {
		d.close()
		t.Error("a schema was made without the right to")
	}
	if _, err := admin.write.ExecContext(t.Context(), `CREATE SCHEMA `+Schema+` AUTHORIZATION `+role); err != nil {
		t.Fatal(err)
	}
	d, err := open(t.Context(), narrow)
	if err != nil {
		t.Fatal(err)
	}
	d.close()
}

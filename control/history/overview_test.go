package history

import (
	"math"
	"testing"
	"time"
)

// TestOverviewComparesLikeWithLike: the hour of yesterday that is compared with the last
// one is known by whole hours only, and begins and ends in the middle of two.
func TestOverviewComparesLikeWithLike(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		const every = 10 * time.Minute
		end := start.Add(50*time.Hour + 30*time.Minute)
		for i := 1; !now.Equal(end); i++ {
			now = start.Add(time.Duration(i) * every)
			n := uint64(10)
			if now.After(end.Add(-day / 2)) {
				n = 20
			}
			r := report("r1", "i", uint64(i), now.Add(-time.Second), now, n)
			r.SpanMS = every.Milliseconds()
			if !h.Counted(r) {
				t.Fatal("not settled")
			}
			h.flush(t)
			if i%20 == 0 {
				if err := h.tidy(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := h.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		near := func(what string, got *float64, want float64) {
			t.Helper()
			if got == nil || math.Abs(*got-want) > 0.01 {
				t.Errorf("%s is %v, want %v", what, got, want)
			}
		}
		ask := func(q OverviewQuery) *Overview {
			t.Helper()
			if q.Until.IsZero() {
				q.Until = now
			}
			if q.From.IsZero() {
				q.From = now.Add(-time.Hour)
			}
			q.Top = 10
			o, err := h.Overview(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		o := ask(OverviewQuery{Where: m2(ByName, "www.example.com"), By: []string{ByLine, ByPool, ByCountry, BySubnet, ByRcode}, Before: day})
		// Each report has n answers with an address and one without.
		if o.Of != "answers" || !o.Exact || o.Total != 6*21 || o.TotalBefore != 6*11 || !o.Known || !o.KnownBefore {
			t.Errorf("%+v", o)
		}
		near("change", o.Change, 21.0/11-1)
		near("success", o.Success, 20.0/21)
		near("success before", o.SuccessThen, 10.0/11)
		sum := uint64(0)
		for _, p := range o.Points {
			sum += p.Queries
		}
		if sum != o.Total || len(o.PointsThen) == 0 || o.PointsThen[0].At.Before(now.Add(-2*time.Hour)) {
			t.Errorf("points %v, before %v", o.Points, o.PointsThen)
		}
		line := o.By[ByLine]
		if len(line.Items) != 2 || line.Items[0].Value != "cn" || line.Items[0].Queries != 120 || line.Items[0].Before != 60 || line.Total != o.Total {
			t.Fatalf("by line: %+v", line)
		}
		near("change of a line", line.Items[0].Change, 1)
		if s := line.Items[0].Share; math.Abs(s-120.0/126) > 1e-9 {
			t.Errorf("share %v", s)
		}
		if c := o.By[ByCountry]; c.Of != "countries" || c.Exact || len(c.Items) != 1 || c.Items[0].Value != "us" || c.Items[0].Samples == 0 {
			t.Errorf("by country: %+v", c)
		}
		if s := o.By[BySubnet]; s.Absent == "" || len(s.Items) != 0 {
			t.Errorf("by network: %+v", s)
		}
		// All responses: of n+10 in each report 7 are REFUSED.
		all := ask(OverviewQuery{By: []string{ByRcode, ByName, BySubnet}, Before: time.Hour})
		if all.Of != "codes" || all.Total != 6*30 || all.TotalBefore != 6*30 || all.By[ByName].Total != 6*23 || len(all.By[BySubnet].Items) != 1 {
			t.Errorf("%+v", all)
		}
		near("change", all.Change, 0)
		near("success", all.Success, 23.0/30)
		// Nothing is known of what was before the first report.
		first := ask(OverviewQuery{From: start, Until: start.Add(2 * time.Hour), By: []string{ByRcode}, Before: day})
		if first.KnownBefore || first.Change != nil || first.By[ByRcode].Items[0].Change != nil || first.SuccessThen != nil {
			t.Errorf("%+v", first)
		}
		only := ask(OverviewQuery{Where: m2(ByRcode, "REFUSED"), Before: day})
		if only.Total != 6*7 || only.Success != nil {
			t.Errorf("%+v", only)
		}
	})
}

func TestStepFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		length time.Duration
		points int
		want   time.Duration
	}{
		{time.Hour, 60, time.Minute}, {time.Hour, 30, 2 * time.Minute}, {day, 30, time.Hour}, {7 * day, 30, 6 * time.Hour}, {30 * day, 30, day}, {30 * day, 10, 3 * day}, {400 * day, 2, 200 * day}, {time.Minute, 2, time.Minute},
	} {
		if got := StepFor(c.length, c.points); got != c.want {
			t.Errorf("%v in %d: %v, want %v", c.length, c.points, got, c.want)
		}
	}
}

package node

import (
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/watch"
	"github.com/meridian-gtm/meridian/control/history"
)

// TestWindowsOfTraffic: minutes become stretches of five, those that reports do not cover
// count for nothing, and without the newest nothing is judged.
func TestWindowsOfTraffic(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	counts := func(gap int) (all, empty *history.Counted) {
		all, empty = &history.Counted{}, &history.Counted{}
		s, e := history.CountSeries{Key: map[string]string{"name": "gtm.example.com", "type": "A"}}, history.CountSeries{Key: map[string]string{"name": "gtm.example.com", "type": "A"}}
		other := history.CountSeries{Key: map[string]string{"name": "(other)", "type": ""}, Points: []history.CountPoint{{At: until.Add(-time.Minute), Queries: 7}}}
		for m := 1; m <= 65; m++ {
			at := until.Add(-time.Duration(m) * time.Minute)
			if m != gap {
				all.Covered = append(all.Covered, history.Covered{At: at, Nodes: 2, Share: 1})
			}
			s.Points = append(s.Points, history.CountPoint{At: at, Queries: uint64(m)})
			e.Points = append(e.Points, history.CountPoint{At: at, Queries: 1})
		}
		all.Series, empty.Series = []history.CountSeries{s, other}, []history.CountSeries{e}
		return all, empty
	}
	all, empty := counts(0)
	list, ok := windows(all, empty, until)
	if !ok || len(list) != 1 || list[0].Domain != "gtm.example.com/A" || list[0].Last != (watch.Window{Queries: 1 + 2 + 3 + 4 + 5, Empty: 5}) || len(list[0].Past) != 12 {
		t.Fatalf("%t %+v", ok, list)
	}
	var sum uint64
	for _, w := range list[0].Past {
		sum += w.Queries
	}
	if sum != 65*66/2-15 {
		t.Errorf("%d queries in the past", sum)
	}
	if list, ok = func() ([]watch.Series, bool) { a, e := counts(7); return windows(a, e, until) }(); !ok || len(list[0].Past) != 11 {
		t.Errorf("with a gap: %t %+v", ok, list)
	}
	if a, e := counts(2); func() bool { _, ok := windows(a, e, until); return ok }() {
		t.Error("judged though the newest minutes are not covered")
	}
}

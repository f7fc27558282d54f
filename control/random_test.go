package control_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

// anyObject draws from few names, so that objects meet: replace, use and hide each other.
func anyObject(t *rapid.T) traffic.Object {
	n := func(of string) string { return of + rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, of) }
	ip := fmt.Sprintf("192.0.2.%d", rapid.IntRange(1, 3).Draw(t, "ip"))
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return address(n("a"), ip)
	case 1:
		return pool(n("p"), n("a"))
	case 2:
		return zone(rapid.SampledFrom([]string{"example.com", "sub.example.com"}).Draw(t, "zone"))
	case 3:
		return record("example.com", n("www"), "A", ip)
	case 4:
		return domain(n("www")+".example.com", n("p"))
	}
	return object(traffic.KindSettings, func(s *traffic.Settings) { s.Nameservers = []string{n("ns") + ".example.net"} })
}

// TestMemoryIsTheStore: whatever is asked for, accepted or refused, the process holds
// what a fresh one would read; the plan says exactly whether something changes.
func TestMemoryIsTheStore(t *testing.T) {
	t.Parallel()
	// One store for all cases, each case a new process on it: making a database costs
	// more than all else here.
	st := storetest.SQLite(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t, st)
		for range rapid.IntRange(1, 6).Draw(rt, "changes") {
			cs := put(rapid.SliceOfN(rapid.Custom(anyObject), 0, 5).Draw(rt, "put")...)
			cs.Delete = append(cs.Delete, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) traffic.Key { return anyObject(t).Key() }), 0, 2).Draw(rt, "delete")...)
			cs.Set = rapid.SampledFrom([]string{"", "x", "y"}).Draw(rt, "set")
			cs.Prune = cs.Set != "" && rapid.Bool().Draw(rt, "prune")
			pos, before := whole(t, s)
			plan, perr := s.Plan(t.Context(), cs)
			r, err := s.Commit(t.Context(), cs)
			if (perr == nil) != (err == nil) {
				rt.Fatalf("plan %v, commit %v", perr, err)
			}
			now, after := whole(t, s)
			var rejected *control.Rejected
			switch {
			case errors.As(err, &rejected):
				if now != pos || after != before {
					rt.Fatalf("a refused change moved something: %v", err)
				}
			case err != nil:
				rt.Fatal(err)
			case len(plan.Changes) != len(r.Changes) || (now == pos) != (len(r.Changes) == 0) || (before == after) != (len(r.Changes) == 0):
				rt.Fatalf("plan %v, result %v, from %v to %v", actions(plan), actions(r.Plan), pos, now)
			}
			fresh := open(t, st)
			if p, w := whole(t, fresh); p != now || w != after {
				rt.Fatalf("memory at %v and store at %v differ:\n%s\n%s", now, p, after, w)
			}
			for _, k := range []traffic.Kind{traffic.KindAddress, traffic.KindPool, traffic.KindZone, traffic.KindRecord} {
				a, errA := s.List(control.Query{Kind: k, Limit: 100})
				b, errB := fresh.List(control.Query{Kind: k, Limit: 100})
				if errA != nil || errB != nil || len(a.Items) != len(b.Items) {
					rt.Fatal(errA, errB, len(a.Items), len(b.Items))
				}
				for i := range a.Items {
					if a.Items[i].Meta != b.Items[i].Meta {
						rt.Fatalf("meta of %s: %+v in memory, %+v stored", a.Items[i].Object.Key(), a.Items[i].Meta, b.Items[i].Meta)
					}
				}
			}
		}
	})
}

// TestReadersMayKeepObjects: what was read once never changes under its reader. The
// race detector holds this.
func TestReadersMayKeepObjects(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	z := zone("example.com")
	z.(*traffic.Zone).Nameservers = []string{"ns1.example.com"}
	must(t, s, put(z, object(traffic.KindSettings, func(s *traffic.Settings) { s.Nameservers = []string{"ns1.example.net"} })))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, k := range []traffic.Kind{traffic.KindZone, traffic.KindSettings} {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				p, err := s.List(control.Query{Kind: k, Limit: 1})
				if err != nil {
					t.Error(err)
					return
				}
				traffic.Encode(p.Items[0].Object)
			}
		})
	}
	for i := range 5 {
		must(t, s, put(record("example.com", "www", "A", fmt.Sprintf("192.0.2.%d", i+1))))
		if _, err := s.SetGeoMap(t.Context(), fmt.Sprint(i), "ann", ""); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

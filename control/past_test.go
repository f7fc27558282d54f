package control_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

func diff(t *testing.T, s *control.Service, from, to uint64) control.Diff {
	t.Helper()
	d, err := s.Diff(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDiffOfRevisions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st func() *store.Store) {
		s := open(t, st())
		must(t, s, put(address("a", "192.0.2.1"), address("b", "192.0.2.2"), pool("p", "a", "b"), zone("example.com"), domain("www.example.com", "p")))
		must(t, s, put(address("a", "192.0.2.9")))
		must(t, s, put(pool("p", "b")))
		must(t, s, put(address("a", "192.0.2.1")))
		must(t, s, control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindAddress, Name: "a"}}})
		got := func(from, to uint64) []string { return actions(control.Plan{Changes: diff(t, s, from, to).Changes}) }
		member := `{"address":"a","enabled":true,"lines":["default"],"serial":1,"weight":1}`
		same(t, "one step", got(1, 2), []string{`update a address "192.0.2.1"->"192.0.2.9"`})
		same(t, "the same step back", got(2, 1), []string{`update a address "192.0.2.9"->"192.0.2.1"`})
		same(t, "what came and went between is nothing", got(1, 4), []string{"update p members[a] " + member + "->, members[b].serial 2->1"})
		same(t, "a member by what it links", got(4, 1), []string{"update p members[a] ->" + member + ", members[b].serial 1->2"})
		same(t, "equal sides", got(3, 3), []string{})
		if d := got(4, 5); len(d) != 1 || d[0][:24] != `delete a address "192.0.` {
			t.Errorf("a deletion tells what went: %q", d)
		}
		if d := diff(t, s, 0, 5).Changes; len(d) != 4 || d[0].Action != "create" || len(d[0].Fields) == 0 {
			t.Errorf("from nothing: %q", d)
		}
		e := diff(t, s, 1, 2).Effect
		if len(e.Names) != 1 || e.Names[0].Change != steer.Changed || e.Empty != 0 {
			t.Errorf("effect of 2: %+v", e)
		}
		must(t, s, put(object(traffic.KindAddress, func(a *traffic.Address) {
			a.Name, a.Address, a.Mode = "b", "192.0.2.2", traffic.ManualUnavailable
		})))
		if e := diff(t, s, 5, 6).Effect; e.Empty != 1 || e.Names[0].Change != steer.GoesEmpty {
			t.Errorf("effect of 6: %+v", e)
		}
		for _, pair := range [][2]uint64{{1, 7}, {9, 1}} {
			if _, err := s.Diff(t.Context(), pair[0], pair[1]); !errors.Is(err, control.ErrNotFound) {
				t.Errorf("%v: %v", pair, err)
			}
		}
	})
}

func TestWhoChangedWhat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st func() *store.Store) {
		s := open(t, st())
		must(t, s, put(address("a", "192.0.2.1"), address("b", "192.0.2.2")))
		bob := put(address("a", "192.0.2.3"))
		bob.Author, bob.Comment = "bob", "move A"
		must(t, s, bob)
		must(t, s, put(address("b", "192.0.2.4")))
		must(t, s, control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindAddress, Name: "a"}}, Author: "ann"})
		numbers := func(s *control.Service, f store.RevisionFilter) string {
			t.Helper()
			f.Limit = 100
			list, err := s.ListRevisions(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			out := []uint64{}
			for _, r := range list {
				out = append(out, r.Number)
			}
			return fmt.Sprint(out)
		}
		a := traffic.Key{Kind: traffic.KindAddress, Name: "a"}
		at := noon.Add(1234 * time.Microsecond)
		rows := []struct {
			says string
			f    store.RevisionFilter
			want string
		}{
			{"all", store.RevisionFilter{}, "[4 3 2 1]"},
			{"of an object, its deletion too", store.RevisionFilter{Object: a}, "[4 2 1]"},
			{"of an object on the next page", store.RevisionFilter{Object: a, Before: 4}, "[2 1]"},
			{"of an object that never was", store.RevisionFilter{Object: traffic.Key{Kind: traffic.KindPool, Name: "a"}}, "[]"},
			{"of an author", store.RevisionFilter{Author: "bob"}, "[2]"},
			{"by text of the comment in any case", store.RevisionFilter{Text: "MOVE a"}, "[2]"},
			{"text is no pattern", store.RevisionFilter{Text: "m%"}, "[]"},
			{"since then", store.RevisionFilter{Since: at}, "[4 3 2 1]"},
			{"since later", store.RevisionFilter{Since: at.Add(time.Microsecond)}, "[]"},
			{"until then is exclusive", store.RevisionFilter{Until: at}, "[]"},
			{"all at once", store.RevisionFilter{Object: a, Author: "ann", Since: at, Until: at.Add(time.Second)}, "[4 1]"},
		}
		for _, r := range rows {
			if got := numbers(s, r.f); got != r.want {
				t.Errorf("%s: %s, want %s", r.says, got, r.want)
			}
		}
	})
}

// TestCompactionKeepsWhatIsWithinIt: after any history, compacted at any points, all
// that is still told is told as if nothing had been compacted, and what is not is
// refused with how far one can go back.
func TestCompactionKeepsWhatIsWithinIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st func() *store.Store) {
		db := st()
		rapid.Check(t, func(rt *rapid.T) {
			s := open(t, db)
			behind := open(t, db) // another process, which hears of nothing until the end
			begin := head(t, s)
			config, records := map[uint64]string{begin: now(t, s)}, map[uint64]control.Record{}
			diffs := map[[2]uint64]string{}
			tell := func(a, b uint64) string {
				d, err := s.Diff(t.Context(), a, b)
				if err != nil {
					rt.Fatalf("diff %d %d: %v", a, b, err)
				}
				out, err := json.Marshal(d)
				if err != nil {
					rt.Fatal(err)
				}
				return string(out)
			}
			for range rapid.IntRange(2, 6).Draw(rt, "changes") {
				cs := put(rapid.SliceOfN(rapid.Custom(anyObject), 0, 5).Draw(rt, "put")...)
				cs.Delete = append(cs.Delete, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) traffic.Key { return anyObject(t).Key() }), 0, 2).Draw(rt, "delete")...)
				var rejected *control.Rejected
				if _, err := s.Commit(t.Context(), cs); err != nil && !errors.As(err, &rejected) {
					rt.Fatal(err)
				}
				last := head(t, s)
				if _, seen := config[last]; seen {
					continue
				}
				config[last] = now(t, s)
				r, err := s.GetRevision(t.Context(), last, true)
				if err != nil {
					rt.Fatal(err)
				}
				records[last] = r
				diffs[[2]uint64{last - 1, last}] = tell(last-1, last)
				if floor, err := db.Compacted(t.Context()); err == nil && floor <= begin {
					diffs[[2]uint64{last, begin}] = tell(last, begin)
				}
				if !rapid.Bool().Draw(rt, "compact") {
					continue
				}
				keep := rapid.Uint64Range(0, 4).Draw(rt, "keep")
				done, err := db.Compact(t.Context(), keep, noon.Add(time.Hour), rapid.IntRange(1, 1000).Draw(rt, "limit"))
				if err != nil {
					rt.Fatal(err)
				}
				floor, err := db.Compacted(t.Context())
				if err != nil || done > 0 && floor > last-min(last, keep) {
					rt.Fatalf("compacted to %d of %d, to keep %d (%v)", floor, last, keep, err)
				}
				for n, want := range config {
					list, _, err := s.At(t.Context(), n)
					_, rerr := s.Rollback(t.Context(), n)
					if n < floor {
						var c *control.Compacted
						if !errors.As(err, &c) || c.Oldest != floor || c.Revision != n || n > 0 && !errors.As(rerr, &c) {
							rt.Fatalf("at %d with %d compacted: %v; rollback %v", n, floor, err, rerr)
						}
						continue
					}
					if err != nil || n > 0 && rerr != nil {
						rt.Fatalf("at %d with %d compacted: %v; rollback %v", n, floor, err, rerr)
					}
					if got := declared(list); got != want {
						rt.Fatalf("revision %d is told as\n%s\nnot\n%s", n, got, want)
					}
				}
				for pair, want := range diffs {
					if min(pair[0], pair[1]) >= floor {
						if got := tell(pair[0], pair[1]); got != want {
							rt.Fatalf("diff %v is told as\n%s\nnot\n%s", pair, got, want)
						}
					}
				}
				for n, want := range records {
					got, err := s.GetRevision(t.Context(), n, true)
					if err != nil || got.Revision != want.Revision || got.Compacted != (n <= floor) || len(got.Changes) != len(want.Changes) {
						rt.Fatalf("revision %d: %+v, %v; was %+v", n, got, err, want)
					}
					for i, c := range got.Changes {
						w := want.Changes[i]
						if c.Kind != w.Kind || c.Name != w.Name || c.Action != w.Action || n > floor && len(c.Fields) != len(w.Fields) {
							rt.Fatalf("revision %d: %+v, was %+v", n, c, w)
						}
					}
				}
			}
			must(t, behind, put(object(traffic.KindAddress, func(a *traffic.Address) {
				a.Name, a.Address, a.Remark = "x", "192.0.2.200", fmt.Sprint(head(t, behind))
			})))
			fresh := open(t, db)
			p1, w1 := whole(t, behind)
			if p2, w2 := whole(t, fresh); p1 != p2 || w1 != w2 {
				rt.Fatalf("who was behind at %v and the store at %v differ", p1, p2)
			}
		})
	})
}

// TestRetention: content goes by number and age, in small steps, and never out of order.
func TestRetention(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st func() *store.Store) {
		db, clock := st(), noon
		s, err := control.New(t.Context(), control.Options{Store: db, Now: func() time.Time { return clock }})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			clock = noon.Add(time.Duration(i) * time.Hour)
			if i == 4 { // set back: it must not go before those in front of it
				clock = noon
			}
			must(t, s, put(address("a", fmt.Sprintf("192.0.2.%d", i+1))))
		}
		for _, row := range []struct {
			says   string
			keep   uint64
			before time.Time
			limit  int
			done   int
			floor  uint64
		}{
			{"all are among the newest", 10, clock, 100, 0, 0},
			{"none is old enough", 0, noon, 100, 0, 0},
			{"one step", 0, clock, 2, 2, 2},
			{"an old one behind a young one stays", 0, noon.Add(3 * time.Hour), 100, 1, 3},
			{"the newest stay", 4, clock.Add(time.Hour), 100, 3, 6},
			{"again is nothing", 4, clock.Add(time.Hour), 100, 0, 6},
		} {
			n, err := db.Compact(t.Context(), row.keep, row.before, row.limit)
			if err != nil {
				t.Fatal(err)
			}
			if floor, _ := db.Compacted(t.Context()); n != row.done || floor != row.floor {
				t.Errorf("%s: %d done, to %d; want %d, to %d", row.says, n, floor, row.done, row.floor)
			}
		}
		if list, err := db.Revisions(t.Context(), 2, 10); err != nil || len(list) == 0 || list[0].Position.Revision != 7 {
			t.Errorf("what nodes get begins with the first whole one: %v %v", list, err)
		}
		if _, err := revert(t, s, 6); err == nil {
			t.Error("a compacted revision was reverted")
		}
		if _, err := rollback(t, s, 6); err != nil {
			t.Error(err)
		}
	})
}

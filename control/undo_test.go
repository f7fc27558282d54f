package control_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

// rollback commits a rollback; revert likewise.
func rollback(t *testing.T, s *control.Service, n uint64) (control.Result, error) {
	t.Helper()
	cs, err := s.Rollback(t.Context(), n)
	if err != nil {
		return control.Result{}, err
	}
	cs.Author, cs.Source = "ann", "api"
	return s.Commit(t.Context(), cs)
}

func revert(t *testing.T, s *control.Service, n uint64) (control.Result, error) {
	t.Helper()
	cs, err := s.Revert(t.Context(), n)
	if err != nil {
		return control.Result{}, err
	}
	cs.Author, cs.Source = "ann", "api"
	return s.Commit(t.Context(), cs)
}

// declared encodes a configuration without what control manages.
func declared(list []traffic.Change) string {
	out := make([]traffic.Change, len(list))
	for i, c := range list {
		switch v := c.After.(type) {
		case *traffic.Zone:
			z := *v
			z.Serial, c.After = 0, &z
		case *traffic.Settings:
			o := *v
			o.GeoMap, c.After = "", &o
		}
		out[i] = c
	}
	return string(traffic.EncodeChanges(out))
}

func at(t *testing.T, s *control.Service, n uint64) string {
	t.Helper()
	list, _, err := s.At(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return declared(list)
}

func now(t *testing.T, s *control.Service) string {
	t.Helper()
	var list []traffic.Change
	s.View(func(m *traffic.Model, _ traffic.Position) { list = m.All() })
	return declared(list)
}

func head(t *testing.T, s *control.Service) uint64 {
	t.Helper()
	p, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p.Revision
}

func serial(s *control.Service, zone string) (n uint32) {
	s.View(func(m *traffic.Model, _ traffic.Position) {
		if z := m.Zone(zone); z != nil {
			n = z.Serial
		}
	})
	return n
}

// collisions are the findings of a refused undo.
func collisions(t *testing.T, err error) []string {
	t.Helper()
	var c *control.Collision
	if !errors.As(err, &c) {
		t.Fatalf("%v, want a collision", err)
	}
	out := make([]string, len(c.Problems))
	for i, p := range c.Problems {
		out[i] = p.String()
	}
	return out
}

func weight(p traffic.Object, w ...int) traffic.Object {
	for i := range w {
		p.(*traffic.Pool).Members[i].Weight = w[i]
	}
	return p
}

func TestRollbackIsANewRevisionEqualToTheOld(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st func() *store.Store) {
		s := open(t, st())
		must(t, s, put(address("a", "192.0.2.1"), pool("p", "a"), zone("example.com"), record("example.com", "www", "A", "192.0.2.1")))
		must(t, s, put(address("b", "192.0.2.2"), pool("p", "b")))
		must(t, s, control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindAddress, Name: "a"}}})
		must(t, s, put(record("example.com", "www", "A", "192.0.2.7")))
		if _, err := s.SetGeoMap(t.Context(), "map", "ann", ""); err != nil {
			t.Fatal(err)
		}
		before := serial(s, "example.com")

		cs, err := s.Rollback(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.Plan(t.Context(), cs)
		if err != nil || head(t, s) != 5 {
			t.Fatalf("a plan moved the head to %d, or %v", head(t, s), err)
		}
		r, err := rollback(t, s, 1)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the plan is what is done", actions(plan), actions(r.Plan))
		if r.Revision != 6 || now(t, s) != at(t, s, 1) {
			t.Errorf("revision %d holds\n%s\nnot\n%s", r.Revision, now(t, s), at(t, s, 1))
		}
		if got := serial(s, "example.com"); got != before+1 {
			t.Errorf("serial %d after %d", got, before)
		}
		s.View(func(m *traffic.Model, _ traffic.Position) {
			if m.Settings().GeoMap != "map" {
				t.Errorf("location map %q", m.Settings().GeoMap)
			}
		})
		rev, err := s.GetRevision(t.Context(), 6, true)
		if err != nil || rev.Comment != "rollback to revision 1" || rev.Author != "ann" {
			t.Errorf("%+v %v", rev, err)
		}
		// Once there, again changes nothing, and the way back is open.
		if r, err := rollback(t, s, 1); err != nil || r.Revision != 6 || len(r.Changes) != 0 {
			t.Errorf("again: %v %v", actions(r.Plan), err)
		}
		if r, err := rollback(t, s, 5); err != nil || r.Revision != 7 || now(t, s) != at(t, s, 5) {
			t.Errorf("and back: %v", err)
		}
		fresh := open(t, st())
		p1, w1 := whole(t, s)
		if p2, w2 := whole(t, fresh); p1 != p2 || w1 != w2 {
			t.Errorf("memory and store differ at %v and %v", p1, p2)
		}
	})
}

func TestUndoOfARevisionThatDoesNotExist(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(address("a", "192.0.2.1")))
	for _, n := range []uint64{0, 2, 1 << 62} {
		if _, err := rollback(t, s, n); !errors.Is(err, control.ErrNotFound) {
			t.Errorf("rollback %d: %v", n, err)
		}
		if _, err := revert(t, s, n); !errors.Is(err, control.ErrNotFound) {
			t.Errorf("revert %d: %v", n, err)
		}
	}
}

// TestSerialOfAZoneThatComesBack: secondaries that saw it before must see it move on.
func TestSerialOfAZoneThatComesBack(t *testing.T) {
	t.Parallel()
	for name, undo := range map[string]func(*testing.T, *control.Service) (control.Result, error){
		"by rollback": func(t *testing.T, s *control.Service) (control.Result, error) { return rollback(t, s, 1) },
		"by revert":   func(t *testing.T, s *control.Service) (control.Result, error) { return revert(t, s, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, storetest.SQLite(t))
			must(t, s, put(zone("example.com")))
			for i := range 2 {
				must(t, s, put(record("example.com", "www", "A", fmt.Sprintf("192.0.2.%d", i+1))))
			}
			last := serial(s, "example.com")
			must(t, s, control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindZone, Name: "example.com"}}})
			if _, err := undo(t, s); err != nil {
				t.Fatal(err)
			}
			if got := serial(s, "example.com"); got != last+1 {
				t.Errorf("serial %d after %d", got, last)
			}
		})
	}
}

func TestRevert(t *testing.T) {
	t.Parallel()
	pp := traffic.Key{Kind: traffic.KindPool, Name: "p"}
	del := func(k traffic.Key) control.ChangeSet { return control.ChangeSet{Delete: []traffic.Key{k}} }
	policy := func(p traffic.Object, policy string) traffic.Object {
		p.(*traffic.Pool).Policy = traffic.Policy(policy)
		return p
	}
	base := func() control.ChangeSet { // anew for each row: a service owns what it is given
		return put(address("a", "192.0.2.1"), address("b", "192.0.2.2"), address("c", "192.0.2.3"), pool("p", "a", "b"), zone("example.com"))
	}
	www := domain("www.example.com", "q")
	for _, c := range []struct {
		name   string
		steps  []control.ChangeSet // the first is reverted
		undone []string            // what the revert does
		refuse []string            // or what stands in its way
	}{
		{"a created object goes", []control.ChangeSet{put(pool("q", "a"))}, []string{"delete q"}, nil},
		{"a deleted object comes back", []control.ChangeSet{del(pp)}, []string{"create p"}, nil},
		{"a change of another object is kept", []control.ChangeSet{put(address("a", "192.0.2.9")), put(address("b", "192.0.2.8"))},
			[]string{`update a address "192.0.2.9"->"192.0.2.1"`}, nil},
		{"a later change of another field is kept", []control.ChangeSet{put(policy(pool("p", "a", "b"), "weighted")), put(weight(policy(pool("p", "a", "b"), "weighted"), 5))},
			[]string{`update p answers 1->, policy "weighted"->"round_robin"`}, nil},
		{"a later change of another member is kept", []control.ChangeSet{put(weight(pool("p", "a", "b"), 5)), put(weight(pool("p", "a", "b"), 5, 7))},
			[]string{"update p members[a].weight 5->1"}, nil},
		{"a member that was added goes from among later ones", []control.ChangeSet{put(pool("p", "a", "b", "c")), put(weight(pool("p", "a", "b", "c"), 3))},
			[]string{`update p members[c] {"address":"c","enabled":true,"lines":["default"],"serial":3,"weight":1}->`}, nil},
		{"a member that was removed comes back to its place", []control.ChangeSet{put(pool("p", "b")), put(weight(pool("p", "b"), 4))},
			[]string{`update p members[a] ->{"address":"a","enabled":true,"lines":["default"],"serial":1,"weight":1}, members[b].serial 1->2`}, nil},
		{"what was undone by hand already is nothing to do", []control.ChangeSet{put(address("a", "192.0.2.9")), put(address("a", "192.0.2.1"))}, []string{}, nil},
		{"what was deleted by hand already is nothing to do", []control.ChangeSet{put(pool("q", "a")), del(traffic.Key{Kind: traffic.KindPool, Name: "q"})}, []string{}, nil},
		{"the same field changed again", []control.ChangeSet{put(address("a", "192.0.2.9")), put(address("b", "192.0.2.8")), put(address("a", "192.0.2.7"))},
			nil, []string{"address a: address has been changed again since (revision 4); revert that first, or make the change by hand"}},
		{"the same member's weight changed again", []control.ChangeSet{put(weight(pool("p", "a", "b"), 5)), put(weight(pool("p", "a", "b"), 6)), put(weight(pool("p", "a", "b"), 7))},
			nil, []string{"pool p: members[a].weight has been changed again since (revision 3, 4); revert that first, or make the change by hand"}},
		{"a created object that changed", []control.ChangeSet{put(pool("q", "a")), put(pool("q", "b"))},
			nil, []string{"pool q: was made there and has been changed since (revision 3); revert that first, or make the change by hand"}},
		{"a changed object that was deleted", []control.ChangeSet{put(weight(pool("p", "a", "b"), 5)), del(pp)},
			nil, []string{"pool p: has been deleted since (revision 3); revert that first, or make the change by hand"}},
		{"a deleted object that was made again otherwise", []control.ChangeSet{del(pp), put(pool("p", "b"))},
			nil, []string{"pool p: was deleted there and has been made again since (revision 3); revert that first, or make the change by hand"}},
		{"a changed order that was changed again", []control.ChangeSet{put(pool("p", "b", "a")), put(pool("p", "c", "b", "a"))},
			nil, []string{"pool p: members has been changed again since (revision 3); revert that first, or make the change by hand"}},
		{"a created zone with later records", []control.ChangeSet{put(zone("example.net")), put(record("example.net", "www", "A", "192.0.2.1"))},
			nil, []string{"record example.net/www.example.net/A: stands in zone example.net, which would go (revision 3); revert that first, or make the change by hand"}},
		{"a created pool that is in use now", []control.ChangeSet{put(pool("q", "a")), put(www)}, nil, []string{"pool q: is in use by access_domain www.example.com/A"}},
		{"a deleted user of what is gone now", []control.ChangeSet{del(pp), del(traffic.Key{Kind: traffic.KindAddress, Name: "b"})},
			nil, []string{"pool p: members[1].address address \"b\" does not exist"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, storetest.SQLite(t))
			must(t, s, base())
			for _, step := range c.steps {
				must(t, s, step)
			}
			was, before := whole(t, s)
			r, err := revert(t, s, 2)
			if c.refuse != nil {
				got := collisions(t, err)
				if len(got) != len(c.refuse) {
					t.Fatalf("got %q, want %q", got, c.refuse)
				}
				for i := range got {
					if !strings.HasPrefix(got[i], c.refuse[i]) {
						t.Errorf("got %q, want %q", got[i], c.refuse[i])
					}
				}
				if p, w := whole(t, s); p != was || w != before {
					t.Error("a refused revert changed something")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			same(t, "undone", actions(r.Plan), c.undone)
			if len(c.undone) > 0 && r.Revision != was.Revision+1 {
				t.Errorf("revision %d after %d", r.Revision, was.Revision)
			}
		})
	}
}

func TestARevertCanBeReverted(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(address("a", "192.0.2.1")))
	must(t, s, put(address("a", "192.0.2.2"), pool("p", "a")))
	for i := range uint64(4) {
		if _, err := revert(t, s, 2+i); err != nil {
			t.Fatal(err)
		}
		if want := at(t, s, 1+i%2); now(t, s) != want {
			t.Errorf("after %d reverts:\n%s\nwant\n%s", i+1, now(t, s), want)
		}
	}
}

// TestTheLocationMapIsNotUndone: it belongs to geo update.
func TestTheLocationMapIsNotUndone(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	for _, m := range []string{"one", "two"} {
		if _, err := s.SetGeoMap(t.Context(), m, "ann", ""); err != nil {
			t.Fatal(err)
		}
	}
	for name, f := range map[string]func(*testing.T, *control.Service, uint64) (control.Result, error){"rollback": rollback, "revert": revert} {
		if r, err := f(t, s, 1); err != nil || len(r.Changes) != 0 || r.Revision != 2 {
			t.Errorf("%s: %v %v", name, actions(r.Plan), err)
		}
	}
}

// TestUndoSeesWhatCameBetween: a commit between the reading of the log and the undo, by
// this process or another, is undone or kept as if it had come before.
func TestUndoSeesWhatCameBetween(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st func() *store.Store) {
		a, b := open(t, st()), open(t, st())
		must(t, a, put(address("x", "192.0.2.1")))
		must(t, a, put(address("x", "192.0.2.2")))
		back, err := b.Rollback(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Plan(t.Context(), back); err != nil { // b has read the log now
			t.Fatal(err)
		}
		must(t, a, put(address("y", "192.0.2.3")))
		if _, err := b.Commit(t.Context(), back); err != nil || now(t, b) != at(t, b, 1) {
			t.Errorf("rollback left (%v)\n%s", err, now(t, b))
		}

		must(t, a, put(address("x", "192.0.2.5"))) // revision 5
		only, err := b.Revert(t.Context(), 5)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Plan(t.Context(), only); err != nil {
			t.Fatal(err)
		}
		must(t, a, put(address("x", "192.0.2.6")))
		_, err = b.Commit(t.Context(), only)
		same(t, "collisions", collisions(t, err), []string{"address x: address has been changed again since (revision 6); revert that first, or make the change by hand"})

		// Under fire the result is exact whenever nobody wrote behind it.
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 5 {
					if _, err := []*control.Service{a, b}[w%2].Commit(t.Context(), put(address(fmt.Sprintf("w-%d", w), fmt.Sprintf("192.0.2.%d", i+1)))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		var done []uint64
		for range 5 {
			r, err := rollback(t, b, 4)
			if err != nil {
				t.Error(err)
			}
			if len(r.Changes) > 0 {
				done = append(done, r.Revision)
			}
		}
		wg.Wait()
		if len(done) == 0 {
			t.Error("no rollback changed anything")
		}
		fresh := open(t, st())
		for _, n := range done {
			if got, want := at(t, fresh, n), at(t, fresh, 4); got != want {
				t.Errorf("revision %d is\n%s\nnot\n%s", n, got, want)
			}
		}
	})
}

func TestRepeatedRollbackWithAnIdempotencyKeyDoesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(address("a", "192.0.2.1")))
	must(t, s, put(address("a", "192.0.2.2")))
	var got [2]control.Result
	for i := range got {
		cs, err := s.Rollback(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		cs.Principal, cs.IdempotencyKey, cs.Request = "ann", "k", []byte("rollback")
		got[i] = must(t, s, cs)
		must(t, s, put(address("a", "192.0.2.3")))
	}
	if got[1].Revision != 3 || !got[1].Replayed || got[0].Replayed {
		t.Errorf("%+v then %+v", got[0], got[1])
	}
}

// TestUndoOfAnything: after any history a rollback gives what was, and the revert of
// the last revision is the rollback to the one before it. Serials only go forward.
func TestUndoOfAnything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st func() *store.Store) {
		db := st()
		rapid.Check(t, func(rt *rapid.T) {
			s := open(t, db)
			begin := head(t, s)
			for range rapid.IntRange(1, 5).Draw(rt, "changes") {
				cs := put(rapid.SliceOfN(rapid.Custom(anyObject), 0, 5).Draw(rt, "put")...)
				cs.Delete = append(cs.Delete, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) traffic.Key { return anyObject(t).Key() }), 0, 2).Draw(rt, "delete")...)
				var rejected *control.Rejected
				if _, err := s.Commit(t.Context(), cs); err != nil && !errors.As(err, &rejected) {
					rt.Fatal(err)
				}
			}
			last := head(t, s)
			if last == begin || last < 2 {
				return
			}
			serials := map[string]uint32{}
			forward := func() {
				for _, z := range []string{"example.com", "sub.example.com"} {
					n := serial(s, z)
					if n != 0 && int32(n-serials[z]) < 0 {
						rt.Fatalf("serial of %s went from %d to %d", z, serials[z], n)
					}
					serials[z] = max(serials[z], n)
				}
			}
			forward()
			step := func(what string, r control.Result, err error, want uint64) {
				if err != nil {
					rt.Fatalf("%s: %v", what, err)
				}
				if got, was := now(t, s), at(t, s, want); got != was {
					rt.Fatalf("%s at revision %d gives\n%s\nnot revision %d:\n%s", what, r.Revision, got, want, was)
				}
				forward()
			}
			r, err := revert(t, s, last)
			step("revert of the last", r, err, last-1)
			n := uint64(rapid.IntRange(max(1, int(begin)), int(last)).Draw(rt, "to"))
			r, err = rollback(t, s, n)
			step("rollback", r, err, n)
			fresh := open(t, db)
			p1, w1 := whole(t, s)
			if p2, w2 := whole(t, fresh); p1 != p2 || w1 != w2 {
				rt.Fatalf("memory and store differ at %v and %v", p1, p2)
			}
		})
	})
}

// TestRevertKeepsLaterEdits: of two edits that touch different parts of one pool, the
// revert of the first leaves exactly the second; if they touch the same part, nothing.
func TestRevertKeepsLaterEdits(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	edits := []func(*traffic.Pool, string){
		func(p *traffic.Pool, v string) { p.Remark = v },
		func(p *traffic.Pool, v string) { p.Labels = map[string]string{"x": v, "y": "0"} },
		func(p *traffic.Pool, v string) { p.Labels = map[string]string{"x": "0", "y": v} },
		func(p *traffic.Pool, v string) { p.Members[0].Weight = len(v) + 1 },
		func(p *traffic.Pool, v string) { p.Members[1].Enabled = false; p.Members[1].Weight = len(v) + 1 },
		func(p *traffic.Pool, v string) { p.Members[2].Lines = []string{"default", "l-" + v} },
	}
	s := open(t, db)
	must(t, s, put(address("a", "192.0.2.1"), address("b", "192.0.2.2"), address("c", "192.0.2.3"),
		object(traffic.KindLine, func(l *traffic.Line) { l.Name, l.CIDRs = "l-one", []string{"192.0.2.0/25"} }),
		object(traffic.KindLine, func(l *traffic.Line) { l.Name, l.CIDRs = "l-three", []string{"192.0.2.128/25"} })))
	made := func(f ...func(*traffic.Pool)) traffic.Object {
		p := pool("p", "a", "b", "c").(*traffic.Pool)
		p.Labels = map[string]string{"x": "0", "y": "0"}
		for _, e := range f {
			e(p)
		}
		return p
	}
	for i, first := range edits {
		for j, second := range edits {
			one := func(p *traffic.Pool) { first(p, "one") }
			three := func(p *traffic.Pool) { second(p, "three") }
			if i == 1 && j == 2 || i == 2 && j == 1 { // both write the whole map; keep the other's part
				three = func(p *traffic.Pool) { p.Labels[map[int]string{1: "x", 2: "y"}[j]] = "three" }
			}
			must(t, s, put(made()))
			r := must(t, s, put(made(one)))
			must(t, s, put(made(one, three)))
			_, err := revert(t, s, r.Revision)
			if i == j {
				if len(collisions(t, err)) == 0 {
					t.Errorf("edit %d twice does not collide", i)
				}
				continue
			}
			if err != nil {
				t.Errorf("edits %d, %d: %v", i, j, err)
				continue
			}
			if r := must(t, s, put(made(three))); len(r.Changes) != 0 {
				t.Errorf("edits %d, %d: the revert left %q to do", i, j, actions(r.Plan))
			}
		}
	}
}

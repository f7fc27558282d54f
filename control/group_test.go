package control_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

// outcome is what one of several change sets came to.
type outcome struct {
	control.Result
	err error
}

// together commits change sets as one group: a reader holds up the commit before them
// until all stand in line. Meanwhile is done while they do.
func together(t *testing.T, s *control.Service, st *store.Store, meanwhile func(), list ...control.ChangeSet) []outcome {
	t.Helper()
	return togetherUnder(t, s, st, meanwhile, func(int) context.Context { return t.Context() }, list...)
}

func togetherUnder(t *testing.T, s *control.Service, st *store.Store, meanwhile func(), ctx func(int) context.Context, list ...control.ChangeSet) []outcome {
	t.Helper()
	out := make([]outcome, len(list))
	var all sync.WaitGroup
	plug, reading := make(chan struct{}), make(chan struct{})
	all.Go(func() {
		s.View(func(*traffic.Model, traffic.Position) {
			close(reading)
			<-plug
		})
	})
	<-reading
	all.Go(func() { must(t, s, put(address("plug", fmt.Sprintf("198.51.100.%d", rand.IntN(250))))) })
	// It is in the store, and waits for the reader.
	for was, _ := s.Head(t.Context()); ; runtime.Gosched() {
		if now, err := st.Head(t.Context()); err != nil || now != was {
			break
		}
	}
	for i := range list {
		before := s.Queued()
		all.Go(func() { out[i].Result, out[i].err = s.Commit(ctx(i), list[i]) })
		for s.Queued() == before {
			runtime.Gosched()
		}
	}
	if meanwhile != nil {
		meanwhile()
	}
	close(plug)
	all.Wait()
	return out
}

// memoryIsTheStore fails unless a fresh process reads what this one holds.
func memoryIsTheStore(t *testing.T, s *control.Service, st *store.Store) {
	t.Helper()
	fresh := open(t, st)
	p1, w1 := whole(t, s)
	p2, w2 := whole(t, fresh)
	if p1 != p2 || w1 != w2 {
		t.Errorf("memory and store differ at %v and %v:\n%s\n%s", p1, p2, w1, w2)
	}
	for _, k := range traffic.Kinds {
		a, errA := s.List(control.Query{Kind: k, Limit: 10_000})
		b, errB := fresh.List(control.Query{Kind: k, Limit: 10_000})
		if errA != nil || errB != nil || len(a.Items) != len(b.Items) {
			t.Fatal(errA, errB, len(a.Items), len(b.Items))
		}
		for i := range a.Items {
			if a.Items[i].Meta != b.Items[i].Meta {
				t.Errorf("meta of %s: %+v in memory, %+v stored", a.Items[i].Object.Key(), a.Items[i].Meta, b.Items[i].Meta)
			}
		}
	}
}

func TestEachOfAGroupIsDecidedOnWhatThoseBeforeItLeave(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, stores func() *store.Store) {
		st := stores()
		s := open(t, st)
		must(t, s, put(zone("example.com"), record("example.com", "www", "A", "192.0.2.1")))
		before, _ := s.Head(t.Context())
		key := traffic.Key{Kind: traffic.KindAddress, Name: "a"}
		again := put(address("a", "192.0.2.9"))
		again.If = []control.Condition{{Key: key, Absent: true}}
		after := put(address("a", "192.0.2.3"))
		after.If = []control.Condition{{Key: key, Version: before.Revision + 2}}
		marked := put(address("a", "192.0.2.3"))
		marked.Set = "site"
		keyed := func() control.ChangeSet {
			cs := put(address("k", "192.0.2.1"))
			request := sha256.Sum256([]byte("k"))
			cs.Principal, cs.IdempotencyKey, cs.Request = "token-1", "key", request[:]
			return cs
		}
		prune := put()
		prune.Set, prune.Prune = "site", true
		got := together(t, s, st, nil,
			put(address("a", "192.0.2.2")), // 0
			again,                          // 1
			put(pool("p", "a")),            // 2: uses what 0 made
			put(pool("q", "nobody")),       // 3: refused alone
			put(address("a", "192.0.2.2")), // 4: nothing to do any more
			after,                          // 5: expects the version that 0 gave
			control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindZone, Name: "example.com"}}}, // 6
			put(zone("example.com")), // 7: comes back
			keyed(), keyed(),         // 8, 9
			marked, // 10
			prune,  // 11: would take a, which p uses
		)
		var rejected *control.Rejected
		for i, want := range []struct {
			revision uint64 // after before
			err      func(error) bool
		}{
			{2, nil}, {0, func(err error) bool { return errors.Is(err, control.ErrExists) }}, {3, nil},
			{0, func(err error) bool { return errors.As(err, &rejected) }}, {3, nil}, {4, nil}, {5, nil}, {6, nil}, {7, nil}, {7, nil}, {7, nil},
			{0, func(err error) bool { return errors.As(err, &rejected) }},
		} {
			switch {
			case want.err != nil && !want.err(got[i].err), want.err == nil && got[i].err != nil:
				t.Errorf("%d came to %v", i, got[i].err)
			case want.err == nil && got[i].Revision != before.Revision+want.revision:
				t.Errorf("%d is in revision %d, want %d", i, got[i].Revision, before.Revision+want.revision)
			}
		}
		if got[8].Replayed || !got[9].Replayed {
			t.Errorf("of two equal requests the first is replayed %v, the second %v", got[8].Replayed, got[9].Replayed)
		}
		z, err := s.Get(traffic.Key{Kind: traffic.KindZone, Name: "example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if serial := z.Object.(*traffic.Zone).Serial; serial != 2026112201 {
			t.Errorf("the zone that went and came back has serial %d", serial)
		}
		if a, err := s.Get(key); err != nil || a.Meta.Set != "site" || a.Meta.Revision != before.Revision+4 {
			t.Errorf("a is %+v, %v", a.Meta, err)
		}
		memoryIsTheStore(t, s, st)
	})
}

func TestAFailedTransactionFailsAllAndAppliesNone(t *testing.T) {
	t.Parallel()
	st := storetest.SQLite(t)
	s := open(t, st)
	must(t, s, put(zone("example.com")))
	var pos traffic.Position
	var before string
	got := together(t, s, st, func() { st.Close() },
		put(pool("q", "nobody")), // refused on what is committed: it stays refused
		put(address("b", "192.0.2.2")), put(zone("example.org")), put(pool("p", "b")),
		put(pool("q", "nobody")), // refused on what was never committed
	)
	pos, before = whole(t, s)
	var rejected *control.Rejected
	if !errors.As(got[0].err, &rejected) {
		t.Errorf("a change that is wrong by itself came to %v", got[0].err)
	}
	for _, o := range got[1:] {
		if !errors.Is(o.err, store.ErrUnavailable) {
			t.Errorf("came to %v", o.err)
		}
	}
	// What the group planned is gone: the same change is as new as before.
	if plan, err := s.Plan(t.Context(), put(address("b", "192.0.2.2"))); err != nil || len(plan.Changes) != 1 {
		t.Errorf("plan %v, %v", plan, err)
	}
	if _, err := s.Commit(t.Context(), put(pool("p", "b"))); !errors.As(err, &rejected) {
		t.Errorf("a later writer sees what was never committed: %v", err)
	}
	if p, after := whole(t, s); p != pos || after != before || bytes.Contains([]byte(after), []byte("192.0.2.2")) {
		t.Errorf("the model moved without the store:\n%s\n%s", before, after)
	}
}

func TestAnotherProcessCommitsBesideAGroup(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, stores func() *store.Store) {
		st := stores()
		s, other := open(t, st), open(t, stores())
		got := together(t, s, st, func() { must(t, other, put(address("theirs", "192.0.2.8"))) },
			put(address("b", "192.0.2.2")), put(pool("p", "theirs")), put(pool("q", "nobody")))
		var rejected *control.Rejected
		if got[0].err != nil || got[1].err != nil || !errors.As(got[2].err, &rejected) {
			t.Errorf("came to %v, %v, %v", got[0].err, got[1].err, got[2].err)
		}
		memoryIsTheStore(t, s, st)
		// A refusal alone is held to the store too.
		must(t, other, put(address("late", "192.0.2.9")))
		if _, err := s.Commit(t.Context(), put(pool("r", "late"))); err != nil {
			t.Errorf("refused for what is committed: %v", err)
		}
	})
}

func TestAClientThatGoesHurtsNobody(t *testing.T) {
	t.Parallel()
	st := storetest.SQLite(t)
	s := open(t, st)
	gone, leave := context.WithCancel(t.Context())
	got := togetherUnder(t, s, st, func() {
		leave()
		for s.Queued() > 2 { // it has left the line
			runtime.Gosched()
		}
	}, func(i int) context.Context {
		if i == 1 {
			return gone
		}
		return t.Context()
	}, put(address("a", "192.0.2.1")), put(address("b", "192.0.2.2")), put(address("c", "192.0.2.3")))
	if got[0].err != nil || got[2].err != nil || !errors.Is(got[1].err, context.Canceled) {
		t.Errorf("came to %v, %v, %v", got[0].err, got[1].err, got[2].err)
	}
	if _, err := s.Get(traffic.Key{Kind: traffic.KindAddress, Name: "b"}); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("what was told to be cancelled is there: %v", err)
	}
	memoryIsTheStore(t, s, st)
}

// Whatever many writers do at two processes, what was acknowledged is in the log as it
// was told, and memory is the store.
func TestManyWritersAtTwoProcesses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, stores func() *store.Store) {
		st := stores()
		a, b := open(t, st), open(t, stores())
		must(t, a, put(zone("example.com")))
		var mu sync.Mutex
		told := map[uint64]string{}
		var all sync.WaitGroup
		for w := range 16 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), 1))
				s := []*control.Service{a, b}[w%2]
				for i := range 12 {
					cs := put(address(fmt.Sprintf("a%d", r.IntN(6)), fmt.Sprintf("192.0.2.%d", r.IntN(3))))
					cs.Comment = fmt.Sprintf("%d-%d", w, i)
					switch r.IntN(6) {
					case 0:
						cs.Put = append(cs.Put, pool(fmt.Sprintf("p%d", r.IntN(3)), fmt.Sprintf("a%d", r.IntN(6))))
					case 1:
						cs = control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindAddress, Name: fmt.Sprintf("a%d", r.IntN(6))}}, Comment: cs.Comment}
					case 2:
						cs.Set, cs.Prune = fmt.Sprintf("s%d", r.IntN(3)), r.IntN(2) == 0
					case 3:
						cs.Put = append(cs.Put, record("example.com", fmt.Sprintf("r%d", r.IntN(4)), "A", "192.0.2.1"))
					}
					res, err := s.Commit(t.Context(), cs)
					var rejected *control.Rejected
					switch {
					case err != nil && !errors.As(err, &rejected):
						t.Error(err)
					case err == nil && len(res.Changes) > 0:
						mu.Lock()
						if was := told[res.Revision]; was != "" {
							t.Errorf("revision %d was told to %s and to %s", res.Revision, was, cs.Comment)
						}
						told[res.Revision] = cs.Comment
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		list, err := st.Revisions(t.Context(), 1, 1000)
		if err != nil || len(list) != len(told) {
			t.Fatalf("%d revisions, %v; %d were told", len(list), err, len(told))
		}
		for _, r := range list {
			if told[r.Position.Revision] != r.Comment {
				t.Errorf("revision %d is of %s, told to %s", r.Position.Revision, r.Comment, told[r.Position.Revision])
			}
			var changes []json.RawMessage
			if err := json.Unmarshal(r.Changes, &changes); err != nil || len(changes) == 0 {
				t.Errorf("revision %d is empty (%v)", r.Position.Revision, err)
			}
		}
		must(t, a, put(address("end", "192.0.2.1")))
		must(t, b, put(address("end", "192.0.2.2")))
		must(t, a, put(address("end", "192.0.2.3")))
		memoryIsTheStore(t, a, st)
	})
}

// TestAPanicTakesNobodysTurn: a rule that panics refuses the change set that it looked
// at; those of the same group are decided, and the next writer has its turn.
func TestAPanicTakesNobodysTurn(t *testing.T) {
	t.Parallel()
	st := storetest.SQLite(t)
	s := open(t, st, func(d *traffic.Draft, _ *traffic.Report) {
		if d.Get(traffic.Key{Kind: traffic.KindAddress, Name: "boom"}) != nil {
			panic("boom")
		}
	})
	got := together(t, s, st, nil, put(address("a", "192.0.2.1")), put(address("boom", "192.0.2.2")), put(address("b", "192.0.2.3")))
	if got[0].err != nil || got[2].err != nil {
		t.Errorf("beside a panic: %v, %v", got[0].err, got[2].err)
	}
	if got[1].err == nil {
		t.Error("a plan that panicked was acknowledged")
	}
	must(t, s, put(address("c", "192.0.2.4")))
	memoryIsTheStore(t, s, st)
}

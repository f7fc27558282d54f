package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

var healthy = steer.Health{Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }}

// fleet is the nodes as control hears them.
type fleet struct {
	mu    sync.Mutex
	nodes []control.Node
}

func (f *fleet) Nodes() []control.Node {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.nodes)
}

// at says that a resolver is heard at a position.
func (f *fleet) at(id string, p traffic.Position, silent time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nodes = slices.DeleteFunc(f.nodes, func(n control.Node) bool { return n.ID == id })
	f.nodes = append(f.nodes, control.Node{NodeStatus: traffic.NodeStatus{ID: id, Roles: []string{"resolver"}, Position: p}, Silent: traffic.Duration(silent)})
}

func order(t *testing.T, c *control.Service, w control.OverrideWish) control.OverrideState {
	t.Helper()
	r, err := c.Override(t.Context(), w, control.ChangeSet{Author: "ann", Source: "api"}, false, healthy)
	if err != nil {
		t.Fatal(err)
	}
	return *r.Override
}

func overrides(t *testing.T, c *control.Service, f *fleet) []control.OverrideState {
	t.Helper()
	list, err := c.Overrides(t.Context(), f.Nodes())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// inBubble runs a test with fake time on a store and a keeper of its own.
func inBubble(t *testing.T, f func(t *testing.T, s *store.Store, c *control.Service, nodes *fleet)) {
	synctest.Test(t, func(t *testing.T) {
		s := storetest.SQLite(t)
		c, err := control.New(t.Context(), control.Options{Store: s, Events: &eventLog{}})
		if err != nil {
			t.Fatal(err)
		}
		must(t, c, put(address("a", "192.0.2.1"), pool("hz", "a"), zone("example.com"), domain("www.example.com", "hz")))
		nodes := &fleet{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.KeepOverrides(ctx, nodes.Nodes, healthy) }()
		f(t, s, c, nodes)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestAnEndedOverrideIsRemovedByARevisionOfItsOwn: at its end and not before, by
// control, with a word on which; one that was extended at the last moment stays.
func TestAnEndedOverrideIsRemovedByARevisionOfItsOwn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *store.Store, c *control.Service, nodes *fleet) {
		short := order(t, c, control.OverrideWish{Action: traffic.Drain, Target: "pool/hz", For: time.Hour, Reason: "racks"})
		long := order(t, c, control.OverrideWish{Action: traffic.Drain, Selector: "site=hz", For: time.Hour})
		order(t, c, control.OverrideWish{Action: traffic.Enable, Target: "address/a"})
		time.Sleep(time.Hour - 2*time.Second)
		if n := len(overrides(t, c, nodes)); n != 3 {
			t.Fatalf("%d overrides before the end", n)
		}
		more := 2 * time.Hour
		if _, err := c.EditOverride(t.Context(), long.ID, control.OverrideEdit{For: &more}, control.ChangeSet{Author: "bob"}, false, healthy); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		left := overrides(t, c, nodes)
		if len(left) != 2 || slices.ContainsFunc(left, func(o control.OverrideState) bool { return o.ID == short.ID }) {
			t.Fatalf("after the end: %+v", left)
		}
		list, err := c.ListRevisions(t.Context(), store.RevisionFilter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if r := list[0]; r.Author != "control" || r.Source != "control" || r.Comment != short.ID+" (drain pool/hz) has ended" {
			t.Errorf("revision: %+v", r)
		}
		events, err := c.Events(t.Context(), history.EventFilter{Kind: "override", Subject: short.ID, Limit: 9})
		if err != nil || len(events) != 2 || events[0].Text != "drain pool/hz expired by control: racks" {
			t.Errorf("events %+v, %v", events, err)
		}
		time.Sleep(2 * time.Hour)
		if left := overrides(t, c, nodes); len(left) != 1 || left[0].Action != traffic.Enable {
			t.Errorf("at the end of all: %+v", left)
		}
		if rows, err := s.Spreads(t.Context()); err != nil || len(rows) != 1 {
			t.Errorf("records of what is gone: %v, %v", rows, err)
		}
	})
}

// TestAnOverrideThatEndedWhileControlWasAway: a new leader removes it at once.
func TestAnOverrideThatEndedWhileControlWasAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := storetest.SQLite(t)
		c, err := control.New(t.Context(), control.Options{Store: s, Events: &eventLog{}})
		if err != nil {
			t.Fatal(err)
		}
		must(t, c, put(address("a", "192.0.2.1"), pool("hz", "a")))
		order(t, c, control.OverrideWish{Action: traffic.Drain, Target: "pool/hz", For: time.Minute})
		time.Sleep(time.Hour)
		if o := overrides(t, c, &fleet{}); len(o) != 1 || o[0].State != control.StateEnded {
			t.Fatalf("%+v", o)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.KeepOverrides(ctx, (&fleet{}).Nodes, healthy) }()
		time.Sleep(time.Second)
		if o := overrides(t, c, &fleet{}); len(o) != 0 {
			t.Errorf("%+v", o)
		}
		cancel()
		<-done
	})
}

// TestDrainingBeginsWhenTheLastNodeHasIt: nodes that are present are waited for, silent
// ones are named, one that comes back without it begins the wait anew.
func TestDrainingBeginsWhenTheLastNodeHasIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *store.Store, c *control.Service, nodes *fleet) {
		head := func() traffic.Position {
			p, err := c.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		old := head()
		nodes.at("a", old, 0)
		nodes.at("b", old, 0)
		nodes.at("away", old, time.Minute)
		if err := s.AddNode(t.Context(), store.Node{ID: "later", Role: "resolver", CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		order(t, c, control.OverrideWish{Action: traffic.Drain, Target: "pool/hz"})
		state := func() control.OverrideState { return overrides(t, c, nodes)[0] }
		unknown := []string{"away", "later"}
		expect := func(what, want string, waiting ...string) {
			t.Helper()
			if o := state(); o.State != want || !slices.Equal(o.Waiting, waiting) || !slices.Equal(o.Unknown, unknown) || o.CachedUntil.IsZero() != (want == control.StateSpreading) {
				t.Fatalf("%s: %+v, want %s, waiting %v", what, o, want, waiting)
			}
		}
		time.Sleep(time.Second)
		expect("at the start", control.StateSpreading, "a", "b")
		nodes.at("a", head(), 0)
		time.Sleep(time.Second)
		expect("one has it", control.StateSpreading, "b")
		nodes.at("b", head(), 0)
		time.Sleep(time.Second)
		expect("both have it, but an invited node may be there", control.StateSpreading)
		nodes.at("later", head(), 0)
		unknown = []string{"away"}
		time.Sleep(time.Second)
		expect("all have it", control.StateDraining)
		if o, left := state(), time.Until(state().CachedUntil); o.CachedFor != 60 || left > 60*time.Second || left < 58*time.Second {
			t.Errorf("cached for %d s, until in %s", o.CachedFor, left)
		}
		time.Sleep(50 * time.Second)
		nodes.at("late", old, 0) // never heard before
		time.Sleep(2 * time.Second)
		expect("one comes back", control.StateSpreading, "late")
		time.Sleep(20 * time.Second)
		nodes.at("late", head(), 0)
		time.Sleep(2 * time.Second)
		expect("it has it", control.StateDraining)
		if left := time.Until(state().CachedUntil); left < 57*time.Second {
			t.Errorf("the wait did not begin anew: %s left", left)
		}
		time.Sleep(time.Minute)
		expect("all caches are empty", control.StateDrained)
		// Longer is not another drain.
		more := time.Hour
		if _, err := c.EditOverride(t.Context(), state().ID, control.OverrideEdit{For: &more}, control.ChangeSet{Author: "ann"}, false, healthy); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		expect("after an extension", control.StateDrained)
	})
}

// TestConfigurationNeverTouchesOverrides: sets, pruning, rollback and revert leave them
// as they are, whatever revision they came in.
func TestConfigurationNeverTouchesOverrides(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, reopen func() *store.Store) {
		c := open(t, reopen(), steer.CheckAssertions)
		set := put(address("a", "192.0.2.1"), address("b", "192.0.2.2"), pool("hz", "a"), pool("sh", "b"))
		set.Set = "all"
		must(t, c, set)
		drain := order(t, c, control.OverrideWish{Action: traffic.Drain, Target: "pool/hz", For: time.Hour})
		must(t, c, put(address("c", "192.0.2.3")))
		same := func(what string) {
			t.Helper()
			list := overrides(t, c, &fleet{})
			if len(list) != 1 || list[0].Version != drain.Version || string(traffic.Encode(&list[0].Override)) != string(traffic.Encode(&drain.Override)) {
				t.Fatalf("%s: %+v, want %+v", what, list, drain)
			}
		}
		prune := put(address("b", "192.0.2.2"), pool("sh", "b"))
		prune.Set, prune.Prune = "all", true
		r := must(t, c, prune)
		if len(r.Warnings) != 1 || r.Warnings[0].Code != "overridden" || r.Warnings[0].Name != "hz" {
			t.Errorf("warnings: %v", r.Warnings)
		}
		same("pruning of its target")
		for revision := range uint64(4) {
			cs, err := c.Rollback(t.Context(), revision+1)
			if err != nil {
				t.Fatal(err)
			}
			must(t, c, cs)
			same("rollback")
		}
		if _, err := c.Revert(t.Context(), drain.Version); !errors.Is(err, control.ErrOverride) {
			t.Errorf("revert of an order: %v", err)
		}
		same("revert of its own revision")
		// Another process and a restart see the same.
		c = open(t, reopen())
		same("restart")
		if _, err := c.ClearOverride(t.Context(), drain.ID, control.ChangeSet{Author: "bob"}, false, healthy); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ClearOverride(t.Context(), drain.ID, control.ChangeSet{Author: "bob"}, false, healthy); !errors.Is(err, control.ErrNotFound) {
			t.Errorf("cleared twice: %v", err)
		}
		// Nor does going back bring one to life again.
		cs, err := c.Rollback(t.Context(), drain.Version)
		if err != nil {
			t.Fatal(err)
		}
		must(t, c, cs)
		if list := overrides(t, c, &fleet{}); len(list) != 0 {
			t.Errorf("rollback brought back %+v", list)
		}
	})
}

// TestHistoryTellsWhatAnOrderDid: looking back shows each revision with the orders of then,
// whatever stands now.
func TestHistoryTellsWhatAnOrderDid(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, reopen func() *store.Store) {
		c := open(t, reopen())
		must(t, c, put(address("a", "192.0.2.1"), pool("p", "a"), zone("example.com"), domain("www.example.com", "p")))
		drain := order(t, c, control.OverrideWish{Action: traffic.Drain, Target: "www.example.com/A"})
		must(t, c, put(address("a", "192.0.2.2")))
		if _, err := c.ClearOverride(t.Context(), drain.ID, control.ChangeSet{Author: "bob"}, false, healthy); err != nil {
			t.Fatal(err)
		}
		if d := diff(t, c, 1, 2); len(d.Changes) != 1 || d.Changes[0].Kind != traffic.KindOverride || d.Effect.Empty != 1 || d.Effect.Names[0].Change != steer.GoesEmpty {
			t.Errorf("the drain: %+v", d)
		}
		if d := diff(t, c, 2, 3); len(d.Changes) != 1 || len(d.Effect.Names) != 0 || d.Effect.Unchanged != 1 {
			t.Errorf("a change while it was drained: %+v", d)
		}
		if d := diff(t, c, 3, 4); len(d.Effect.Names) != 1 || d.Effect.Names[0].Change != steer.Changed || d.Effect.Empty != 0 {
			t.Errorf("its end: %+v", d)
		}
		if d := diff(t, c, 1, 4); len(d.Changes) != 1 || d.Changes[0].Kind != traffic.KindAddress || len(d.Effect.Names) != 1 {
			t.Errorf("over all: %+v", d)
		}
		orders := func(revision uint64) (n int) {
			all, _, err := c.At(t.Context(), revision)
			if err != nil {
				t.Fatal(err)
			}
			for _, ch := range all {
				if ch.Key.Kind == traffic.KindOverride {
					n++
				}
			}
			return n
		}
		for revision, want := range []int{0, 0, 1, 1, 0} {
			if got := orders(uint64(revision)); got != want {
				t.Errorf("%d orders at revision %d, want %d", got, revision, want)
			}
		}
	})
}

// TestEffectOfAnOrderKnowsWhoWasCurrent: nodes may have moved on before the effect is
// looked at; what clients got before is told all the same.
func TestEffectOfAnOrderKnowsWhoWasCurrent(t *testing.T) {
	t.Parallel()
	c := open(t, storetest.SQLite(t))
	p := pool("hz", "a", "b").(*traffic.Pool)
	p.Policy, p.Mode = traffic.Sequential, traffic.NonPreemptive
	must(t, c, put(address("a", "192.0.2.1"), address("b", "192.0.2.2"), p, zone("example.com"), domain("www.example.com", "hz")))
	committed := c.Changed()
	h := steer.Health{Verdict: healthy.Verdict, Current: func(traffic.Key) string {
		select {
		case <-committed:
			return "b"
		default:
			return "a"
		}
	}}
	r, err := c.Override(t.Context(), control.OverrideWish{Action: traffic.Drain, Target: "address/a"}, control.ChangeSet{Author: "ann"}, false, h)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(r.Effect.Names)
	if len(r.Effect.Names) != 1 || !strings.Contains(string(b), `"192.0.2.1"`) || r.Caches.CachedFor != 60 {
		t.Errorf("%s", b)
	}
}

// TestTwoKeepersRemoveItOnce: should two processes believe that they lead, what has
// ended goes by one revision all the same.
func TestTwoKeepersRemoveItOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, reopen func() *store.Store) {
		first, second := open(t, reopen()), open(t, reopen())
		must(t, first, put(address("a", "192.0.2.1"), pool("hz", "a")))
		order(t, first, control.OverrideWish{Action: traffic.Drain, Target: "pool/hz", For: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, c := range []*control.Service{first, second} {
			wg.Go(func() { c.Run(ctx) })
			wg.Go(func() { c.KeepOverrides(ctx, (&fleet{}).Nodes, healthy) })
		}
		gone := func(c *control.Service) bool { return len(overrides(t, c, &fleet{})) == 0 }
		for deadline := time.Now().Add(30 * time.Second); !gone(first) || !gone(second); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it never goes")
			}
		}
		cancel()
		wg.Wait()
		list, err := first.ListRevisions(t.Context(), store.RevisionFilter{Limit: 10})
		if err != nil || len(list) != 3 || list[0].Author != "control" {
			t.Errorf("revisions %+v, %v", list, err)
		}
		// Each process of this test has events of its own: either may have removed it.
		var texts []string
		for _, c := range []*control.Service{first, second} {
			events, err := c.Events(t.Context(), history.EventFilter{Kind: "override", Limit: 9})
			if err != nil {
				t.Error(err)
			}
			for _, e := range events {
				texts = append(texts, e.Text)
			}
		}
		if len(texts) != 2 || !strings.Contains(texts[0]+texts[1], "created") || !strings.Contains(texts[0]+texts[1], "expired") {
			t.Errorf("events %q", texts)
		}
	})
}

// BenchmarkOverrideOfMany measures a write of an order, with its effect, among 20,000
// access domains: one that reaches one name, and one that reaches 100 by their labels.
func BenchmarkOverrideOfMany(b *testing.B) {
	c, err := control.New(b.Context(), control.Options{Store: storetest.SQLite(b)})
	if err != nil {
		b.Fatal(err)
	}
	const n = 20_000
	objs := []traffic.Object{zone("example.com")}
	for i := range n {
		a := address(fmt.Sprint("a", i), fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)).(*traffic.Address)
		if i < 100 {
			a.Labels = map[string]string{"site": "hz"}
		}
		objs = append(objs, a, pool(fmt.Sprint("p", i), a.Name), domain(fmt.Sprintf("d%d.example.com", i), fmt.Sprint("p", i)))
	}
	if _, err := c.Commit(b.Context(), put(objs...)); err != nil {
		b.Fatal(err)
	}
	for name, w := range map[string]control.OverrideWish{"one": {Action: traffic.Drain, Target: "pool/p7"}, "hundred": {Action: traffic.Drain, Selector: "site=hz"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, err := c.Override(b.Context(), w, control.ChangeSet{Author: "ann"}, false, healthy)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.ClearOverride(b.Context(), r.Override.ID, control.ChangeSet{Author: "ann"}, false, healthy); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestALeaderKeepsWhatItHasNotSeenYet: how far an override has come, which another
// process has just made, is not taken for a leftover by a leader that has not followed.
func TestALeaderKeepsWhatItHasNotSeenYet(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, reopen func() *store.Store) {
		st := reopen()
		leader, other := open(t, reopen()), open(t, st)
		must(t, other, put(address("a", "192.0.2.1"), pool("hz", "a"), zone("example.com"), domain("www.example.com", "hz")))
		o := order(t, other, control.OverrideWish{Action: traffic.Drain, Target: "pool/hz"})
		before, err := st.Spreads(t.Context())
		if err != nil || len(before) != 1 {
			t.Fatal(before, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		passes := make(chan struct{}, 100)
		done := make(chan error, 1)
		go func() {
			done <- leader.KeepOverrides(ctx, func() []control.Node { passes <- struct{}{}; return nil }, healthy)
		}()
		for range 2 { // when the second begins, the first has ended
			select {
			case <-passes:
			case <-time.After(20 * time.Second):
				t.Error("the leader does not know of the override")
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		after, err := st.Spreads(t.Context())
		if err != nil || after[o.ID].Revision != before[o.ID].Revision {
			t.Errorf("before %+v, after %+v, %v", before, after, err)
		}
	})
}

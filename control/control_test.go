package control_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(main{m})
}

type main struct{ m *testing.M }

func (m main) Run() int { return storetest.Main(m.m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, s *store.Store, rules ...control.Rule) *control.Service {
	t.Helper()
	c, err := control.New(t.Context(), control.Options{Store: s, Events: &eventLog{}, Rules: rules, Now: func() time.Time { return noon.Add(1234567 * time.Nanosecond).Local() }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// eventLog keeps events in memory.
type eventLog struct {
	mu   sync.Mutex
	list []control.Event
}

func (l *eventLog) Record(events ...control.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, events...)
}

func (l *eventLog) Events(_ context.Context, f history.EventFilter) (out []control.Event, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range slices.Backward(l.list) {
		if (f.Kind == "" || f.Kind == e.Kind) && (f.Subject == "" || f.Subject == e.Subject) && len(out) < f.Limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (l *eventLog) LastEvent(context.Context) (uint64, error) { return 0, nil }
func (l *eventLog) EventsWritten() <-chan struct{}            { return nil }

func object[T traffic.Object](k traffic.Kind, set func(T)) traffic.Object {
	o := traffic.New(k).(T)
	set(o)
	return o
}

func address(name, ip string) traffic.Object {
	return object(traffic.KindAddress, func(a *traffic.Address) { a.Name, a.Address = name, ip })
}

func pool(name string, addresses ...string) traffic.Object {
	return object(traffic.KindPool, func(p *traffic.Pool) {
		p.Name = name
		for _, a := range addresses {
			p.Members = append(p.Members, traffic.Member{Address: a, Link: traffic.Link{Weight: 1, Enabled: true}})
		}
	})
}

func zone(name string) traffic.Object {
	return object(traffic.KindZone, func(z *traffic.Zone) { z.Name = name })
}

func record(zone, name, typ string, data ...string) traffic.Object {
	return object(traffic.KindRecord, func(r *traffic.Record) { r.Zone, r.Name, r.Type, r.TTL, r.Data = zone, name, typ, 300, data })
}

func domain(name, pool string) traffic.Object {
	return object(traffic.KindAccessDomain, func(d *traffic.AccessDomain) {
		d.Name, d.Pools = name, []traffic.PoolMember{{Pool: pool, Link: traffic.Link{Weight: 1, Enabled: true}}}
	})
}

func put(objects ...traffic.Object) control.ChangeSet {
	return control.ChangeSet{Put: objects, Author: "ann", Source: "api"}
}

func must(t *testing.T, s *control.Service, cs control.ChangeSet) control.Result {
	t.Helper()
	r, err := s.Commit(t.Context(), cs)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// whole is the configuration as nodes would get it.
func whole(t *testing.T, s *control.Service) (traffic.Position, string) {
	t.Helper()
	p, b, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p, string(b)
}

func actions(p control.Plan) []string {
	out := []string{}
	for _, c := range p.Changes {
		f := []string{}
		for _, x := range c.Fields {
			f = append(f, fmt.Sprintf("%s %s->%s", x.Field, x.Before, x.After))
		}
		out = append(out, strings.TrimSpace(c.Action+" "+c.Name+" "+strings.Join(f, ", ")))
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %q\n want %q", what, got, want)
	}
}

func TestPlanNamesWhatChanges(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(address("a", "192.0.2.1"), address("b", "192.0.2.2"), pool("p", "a")))
	p, err := s.Plan(t.Context(), put(address("a", "192.0.2.1"), address("c", "192.0.2.3"), pool("p", "c", "a")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "plan", actions(p), []string{
		"create c",
		`update p members[a].serial 1->2, members[c] ->{"address":"c","enabled":true,"lines":["default"],"serial":1,"weight":1}`,
	})
	if p.Unchanged != 1 {
		t.Errorf("unchanged %d, want 1", p.Unchanged)
	}
	if h, _ := s.Head(t.Context()); h.Revision != 1 {
		t.Errorf("a plan made revision %d", h.Revision)
	}
}

func TestCommitThatChangesNothingMakesNoRevision(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(address("a", "192.0.2.1")))
	if r := must(t, s, put(address("a", "192.0.2.1"))); r.Revision != 1 || len(r.Changes) != 0 || r.Unchanged != 1 {
		t.Errorf("%+v", r)
	}
}

func TestRejectedChangeLeavesAllAsItWas(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(address("a", "192.0.2.1"), pool("p", "a")))
	pos, before := whole(t, s)
	for _, row := range []struct {
		name string
		cs   control.ChangeSet
		code string
	}{
		{"a pool of an unknown address", put(address("b", "192.0.2.2"), pool("q", "b", "nobody")), "not_found"},
		{"an address in use goes", control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindAddress, Name: "a"}}}, "in_use"},
		{"what is not there goes", control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindAddress, Name: "zz"}}}, "not_found"},
		{"one name twice", put(address("c", "192.0.2.2"), address("c", "192.0.2.3")), "duplicate"},
		{"put and deleted at once", control.ChangeSet{Put: []traffic.Object{address("a", "192.0.2.9")}, Delete: []traffic.Key{{Kind: traffic.KindAddress, Name: "a"}}}, "duplicate"},
		{"records of a zone that has no name", control.ChangeSet{ReplaceRecords: []string{".."}}, "invalid_name"},
	} {
		_, err := s.Commit(t.Context(), row.cs)
		var rejected *control.Rejected
		if !errors.As(err, &rejected) || !slices.ContainsFunc(rejected.Report.Errors, func(p traffic.Problem) bool { return p.Code == row.code }) {
			t.Errorf("%s: %v, want code %s", row.name, err, row.code)
		}
	}
	if p, after := whole(t, s); p != pos || after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
}

func TestFailedStoreLeavesTheModel(t *testing.T) {
	t.Parallel()
	st := storetest.SQLite(t)
	s := open(t, st)
	must(t, s, put(address("a", "192.0.2.1")))
	pos, before := whole(t, s)
	st.Close()
	if _, err := s.Commit(t.Context(), put(address("b", "192.0.2.2"))); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("commit to a store that is gone: %v", err)
	}
	if p, after := whole(t, s); p != pos || after != before {
		t.Errorf("the model moved without the store:\n%s\n%s", before, after)
	}
	if _, err := s.Get(traffic.Key{Kind: traffic.KindAddress, Name: "a"}); err != nil {
		t.Errorf("reading needs the store: %v", err)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(address("a", "192.0.2.1")))
	key := traffic.Key{Kind: traffic.KindAddress, Name: "a"}
	with := func(c control.Condition) control.ChangeSet {
		cs := put(address("a", "192.0.2.2"))
		cs.If = []control.Condition{c}
		return cs
	}
	if _, err := s.Commit(t.Context(), with(control.Condition{Key: key, Version: 9})); !errors.Is(err, control.ErrVersion) {
		t.Errorf("another version: %v", err)
	}
	if _, err := s.Commit(t.Context(), with(control.Condition{Key: key, Absent: true})); !errors.Is(err, control.ErrExists) {
		t.Errorf("must not exist: %v", err)
	}
	if _, err := s.Commit(t.Context(), with(control.Condition{Key: traffic.Key{Kind: traffic.KindAddress, Name: "b"}})); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("must exist: %v", err)
	}
	if r := must(t, s, with(control.Condition{Key: key, Version: 1})); r.Revision != 2 {
		t.Errorf("its version: %+v", r)
	}
	// Deleted and made again it is another thing: the old version does not fit it.
	must(t, s, control.ChangeSet{Delete: []traffic.Key{key}})
	must(t, s, put(address("a", "192.0.2.1")))
	if _, err := s.Commit(t.Context(), with(control.Condition{Key: key, Version: 1})); !errors.Is(err, control.ErrVersion) {
		t.Errorf("version of a deleted namesake: %v", err)
	}
}

func TestSerialMovesWithTheZoneAndNothingElse(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(zone("example.com"), zone("sub.example.com"), zone("other.net"), address("a", "192.0.2.1"), pool("p", "a")))
	serials := func() (out [3]uint32) {
		s.View(func(m *traffic.Model, _ traffic.Position) {
			out = [3]uint32{m.Zone("example.com").Serial, m.Zone("sub.example.com").Serial, m.Zone("other.net").Serial}
		})
		return out
	}
	const day = 2026112200
	want := [3]uint32{day, day, day}
	if got := serials(); got != want {
		t.Fatalf("new zones begin at the day: %v", got)
	}
	for _, row := range []struct {
		name  string
		cs    control.ChangeSet
		moves [3]uint32
	}{
		{"a record comes", put(record("example.com", "www", "A", "192.0.2.1")), [3]uint32{1, 0, 0}},
		{"the same record again", put(record("example.com", "www", "A", "192.0.2.1")), [3]uint32{}},
		{"a record changes", put(record("example.com", "www", "A", "192.0.2.2")), [3]uint32{1, 0, 0}},
		{"a record goes", control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindRecord, Name: "example.com/www.example.com/A"}}}, [3]uint32{1, 0, 0}},
		{"an access domain comes in the child zone", put(domain("gtm.sub.example.com", "p")), [3]uint32{0, 1, 0}},
		{"its pool changes, which is no zone data", put(address("a", "192.0.2.3")), [3]uint32{}},
		{"an own field changes", put(object(traffic.KindZone, func(z *traffic.Zone) { z.Name, z.Nameservers = "other.net", []string{"ns1.other.net."} })), [3]uint32{0, 0, 1}},
		{"settings give other nameservers to the zones that have none", put(object(traffic.KindSettings, func(s *traffic.Settings) { s.Nameservers = []string{"ns9.example.net"} })), [3]uint32{1, 1, 0}},
		{"a user sets a serial, which is not his", put(object(traffic.KindZone, func(z *traffic.Zone) { z.Name, z.Serial = "example.com", 5 })), [3]uint32{}},
		{"two zones at once", put(record("example.com", "a", "A", "192.0.2.1"), record("other.net", "a", "A", "192.0.2.1")), [3]uint32{1, 0, 1}},
	} {
		must(t, s, row.cs)
		for i := range want {
			want[i] += row.moves[i]
		}
		if got := serials(); got != want {
			t.Errorf("%s: serials %v, want %v", row.name, got, want)
			want = got
		}
	}
	// Secondaries remember the serial of a zone that went; what comes back goes on.
	must(t, s, control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindZone, Name: "other.net"}}})
	must(t, s, put(zone("other.net")))
	want[2]++
	if got := serials(); got != want {
		t.Errorf("a zone that came back: serials %v, want %v", got, want)
	}
}

func TestUsersCannotSetTheLocationMap(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	if _, err := s.SetGeoMap(t.Context(), "abc", "ann", "new map"); err != nil {
		t.Fatal(err)
	}
	must(t, s, put(object(traffic.KindSettings, func(s *traffic.Settings) { s.GeoMap = "evil"; s.Remark = "x" })))
	s.View(func(m *traffic.Model, _ traffic.Position) {
		if set := m.Settings(); set.GeoMap != "abc" || set.Remark != "x" {
			t.Errorf("settings %+v", set)
		}
	})
}

func TestSetsAndPruning(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	team := func(prune bool, objects ...traffic.Object) control.ChangeSet {
		cs := put(objects...)
		cs.Set, cs.Prune = "team", prune
		return cs
	}
	must(t, s, put(address("mine", "192.0.2.9")))
	must(t, s, team(false, address("a", "192.0.2.1"), address("b", "192.0.2.2")))
	p, err := s.Plan(t.Context(), team(true, address("a", "192.0.2.1")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "prune deletes what the set no longer has, and nothing else", actions(p), []string{"delete b"})
	same(t, "without prune nothing goes", actions(must(t, s, team(false, address("a", "192.0.2.1"))).Plan), []string{})
	// b moves to another set without changing; the first set no longer owns it.
	other := put(address("b", "192.0.2.2"))
	other.Set = "other"
	if r := must(t, s, other); r.Revision != 2 {
		t.Errorf("moving between sets made revision %d", r.Revision)
	}
	same(t, "prune leaves what moved to another set", actions(must(t, s, team(true, address("a", "192.0.2.1"))).Plan), []string{})
}

func TestReplacingTheRecordsOfAZone(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	must(t, s, put(zone("example.com"), record("example.com", "a", "A", "192.0.2.1"), record("example.com", "b", "A", "192.0.2.1"),
		zone("other.net"), record("other.net", "c", "A", "192.0.2.1")))
	cs := put(zone("example.com"), record("example.com", "a", "A", "192.0.2.1"), record("example.com", "d", "A", "192.0.2.1"))
	cs.ReplaceRecords = []string{"Example.COM."}
	same(t, "replace", actions(must(t, s, cs).Plan), []string{
		"delete example.com/b.example.com/A", "update example.com serial 2026112200->2026112201", "create example.com/d.example.com/A"})
}

func TestRepeatWithAnIdempotencyKeyDoesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	cs := func(ip string) control.ChangeSet {
		c := put(address("a", ip))
		c.Principal, c.IdempotencyKey, c.Request = "token-1", "k1", []byte(ip)
		c.Return = traffic.Key{Kind: traffic.KindAddress, Name: "a"}
		return c
	}
	first := must(t, s, cs("192.0.2.1"))
	must(t, s, put(address("a", "192.0.2.9")))
	again := must(t, s, cs("192.0.2.1"))
	if !again.Replayed || again.Revision != first.Revision || again.Object.Meta.ID != first.Object.Meta.ID ||
		string(traffic.Encode(again.Object.Object)) != string(traffic.Encode(first.Object.Object)) || len(again.Changes) != 1 {
		t.Errorf("again: %+v, first: %+v", again, first)
	}
	if h, _ := s.Head(t.Context()); h.Revision != 2 {
		t.Errorf("the repeat made a revision: %d", h.Revision)
	}
	if _, err := s.Commit(t.Context(), cs("192.0.2.2")); !errors.Is(err, control.ErrKeyReused) {
		t.Errorf("the key for another request: %v", err)
	}
}

func TestRulesSeeTheDraftAndCanRefuse(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t), func(d *traffic.Draft, r *traffic.Report) {
		if k := (traffic.Key{Kind: traffic.KindAddress, Name: "forbidden"}); d.Get(k) != nil {
			r.For(k).Errorf("name", "assertion_failed", "may not be")
		}
	})
	must(t, s, put(address("a", "192.0.2.1")))
	if _, err := s.Commit(t.Context(), put(address("forbidden", "192.0.2.1"))); err == nil {
		t.Error("the rule was not asked")
	}
}

func TestTwoProcessesOnOneStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st func() *store.Store) {
		a, b := open(t, st()), open(t, st())
		must(t, a, put(address("a", "192.0.2.1")))
		// b has not seen it; its commit must, and must keep the version rule.
		key := traffic.Key{Kind: traffic.KindAddress, Name: "a"}
		stale := put(address("a", "192.0.2.2"))
		stale.If = []control.Condition{{Key: key, Absent: true}}
		if _, err := b.Commit(t.Context(), stale); !errors.Is(err, control.ErrExists) {
			t.Errorf("b creates what a has made: %v", err)
		}
		must(t, b, put(pool("p", "a")))

		const writers, each = 16, 6
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				s := []*control.Service{a, b}[w%2]
				for i := range each {
					if _, err := s.Commit(t.Context(), put(address(fmt.Sprintf("w-%d-%d", w, i), "192.0.2.7"), address("same", fmt.Sprintf("192.0.2.%d", w+1)))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		must(t, a, put(address("end", "192.0.2.1"))) // both see the other's last one
		must(t, b, put(address("end", "192.0.2.2")))
		must(t, a, put(address("end", "192.0.2.3")))
		fresh := open(t, st())
		p1, w1 := whole(t, a)
		p2, w2 := whole(t, fresh)
		if p1 != p2 || w1 != w2 {
			t.Errorf("memory and store differ at %v and %v:\n%s\n%s", p1, p2, w1, w2)
		}
		for _, name := range []string{"w-0-0", "w-1-0", "end"} {
			k := traffic.Key{Kind: traffic.KindAddress, Name: name}
			x, errX := a.Get(k)
			y, errY := fresh.Get(k)
			if errX != nil || errY != nil || x.Meta != y.Meta {
				t.Errorf("meta of %s differs: %+v %+v %v %v", name, x.Meta, y.Meta, errX, errY)
			}
		}
	})
}

func TestWritersOnOneObjectNeverLoseAnUpdate(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	key := traffic.Key{Kind: traffic.KindAddress, Name: "counter"}
	must(t, s, put(address("counter", "192.0.2.1")))
	const writers, each = 16, 5
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for done := 0; done < each; {
				o, err := s.Get(key)
				if err != nil {
					t.Error(err)
					return
				}
				next := *o.Object.(*traffic.Address)
				next.Remark += "x"
				cs := put(&next)
				cs.If = []control.Condition{{Key: key, Version: o.Meta.Revision}}
				switch _, err = s.Commit(t.Context(), cs); {
				case err == nil:
					done++
				case !errors.Is(err, control.ErrVersion):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	o, err := s.Get(key)
	if got := len(o.Object.(*traffic.Address).Remark); err != nil || got != writers*each {
		t.Errorf("%d updates of %d are there (%v)", got, writers*each, err)
	}
}

func TestRunFollowsAnotherProcess(t *testing.T) {
	t.Parallel()
	st := storetest.SQLite(t)
	a, b := open(t, st), open(t, st)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	changed := b.Changed()
	must(t, a, put(address("a", "192.0.2.1")))
	select {
	case <-changed:
	case <-time.After(20 * time.Second):
		t.Error("the other process's commit was not seen")
	}
	if _, err := b.Get(traffic.Key{Kind: traffic.KindAddress, Name: "a"}); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTenThousandObjectsInOneChangeSet(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	cs := put(zone("example.com"))
	for i := range 4000 {
		cs.Put = append(cs.Put, address(fmt.Sprintf("a-%d", i), fmt.Sprintf("10.%d.%d.1", i/250, i%250)))
		if i%2 == 0 {
			cs.Put = append(cs.Put, pool(fmt.Sprintf("p-%d", i), fmt.Sprintf("a-%d", i)), domain(fmt.Sprintf("d%d.example.com", i), fmt.Sprintf("p-%d", i)),
				record("example.com", fmt.Sprintf("r%d", i), "A", "192.0.2.1"))
		}
	}
	began := time.Now()
	r := must(t, s, cs)
	took := time.Since(began)
	t.Logf("%d objects in %v", len(r.Changes), took)
	if len(r.Changes) != len(cs.Put) {
		t.Errorf("%d changes of %d", len(r.Changes), len(cs.Put))
	}
	if took > 60*time.Second { // some 100 times what it takes alone on one core
		t.Errorf("took %v", took)
	}
	began = time.Now()
	must(t, s, put(address("a-7", "10.99.0.1")))
	t.Logf("one more on top in %v", time.Since(began))
}

func TestStreamResumesOrSaysThatItCannot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s control.Stream
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 3 {
			s.Publish("health", i)
		}
		ch, resumed := s.Watch(ctx, 1)
		if m := <-ch; !resumed || m.ID != 2 || string(m.Data) != "1" {
			t.Errorf("resumed %v with %+v", resumed, m)
		}
		if _, resumed := s.Watch(ctx, 99); resumed {
			t.Error("resumed after an id that never was")
		}
		for i := range 5000 {
			s.Publish("health", i)
		}
		if _, resumed := s.Watch(ctx, 3); resumed {
			t.Error("resumed over a gap")
		}
		n := 0
		for range ch { // the slow watcher is cut off, not waited for
			n++
		}
		if n == 0 || n > 2000 {
			t.Errorf("a slow watcher got %d messages", n)
		}
		last, _ := s.Watch(ctx, 0)
		cancel()
		synctest.Wait()
		if _, open := <-last; open {
			t.Error("open after its watcher ended")
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	labelled := object(traffic.KindAddress, func(a *traffic.Address) {
		a.Name, a.Address, a.Labels, a.Remark, a.Enabled = "c", "2001:db8::1", map[string]string{"site": "hz", "tier": "1"}, "The Spare", false
	})
	must(t, s, put(address("b", "192.0.2.2"), labelled))
	must(t, s, put(address("a", "192.0.2.1")))
	for _, row := range []struct {
		name string
		q    control.Query
		want []string
	}{
		{"by name", control.Query{}, []string{"a", "b", "c"}},
		{"by name, last first", control.Query{Sort: "-name"}, []string{"c", "b", "a"}},
		{"newest first", control.Query{Sort: "-version"}, []string{"a", "b", "c"}},
		{"by a filter of the kind", control.Query{Filters: map[string][]string{"type": {"IPv6"}}}, []string{"c"}},
		{"by any of two values", control.Query{Filters: map[string][]string{"address": {"192.0.2.1", "192.0.2.2"}}}, []string{"a", "b"}},
		{"by two filters that both hold", control.Query{Filters: map[string][]string{"type": {"IPv4"}, "name": {"b", "c"}}}, []string{"b"}},
		{"by labels", control.Query{Filters: map[string][]string{"label": {"site=hz,tier=1"}}}, []string{"c"}},
		{"by labels of which one is missing", control.Query{Filters: map[string][]string{"label": {"site=hz,tier=2"}}}, []string{}},
		{"disabled ones", control.Query{Filters: map[string][]string{"enabled": {"false"}}}, []string{"c"}},
		{"by text in a remark", control.Query{Text: "spare"}, []string{"c"}},
		{"by text in a label", control.Query{Text: "SITE=H"}, []string{"c"}},
		{"by text in the address", control.Query{Text: "192.0.2"}, []string{"a", "b"}},
	} {
		row.q.Kind, row.q.Limit = traffic.KindAddress, 10
		var got []string
		for one := row.q; ; { // whole, and page by page, must be the same
			one.Limit = 1
			p, err := s.List(one)
			if err != nil {
				t.Fatalf("%s: %v", row.name, err)
			}
			if p.Total != len(row.want) {
				t.Errorf("%s: total %d, want %d", row.name, p.Total, len(row.want))
			}
			for _, it := range p.Items {
				got = append(got, it.Object.Key().Name)
			}
			if one.Cursor = p.Next; p.Next == "" {
				break
			}
		}
		if got == nil {
			got = []string{}
		}
		same(t, row.name, got, row.want)
	}
	for _, q := range []control.Query{{Sort: "color"}, {Cursor: "x"}, {Filters: map[string][]string{"colour": {"red"}}}, {Filters: map[string][]string{"enabled": {"maybe"}}}, {Filters: map[string][]string{"label": {"nothing"}}}} {
		q.Kind, q.Limit = traffic.KindAddress, 1
		var bad *control.QueryError
		if _, err := s.List(q); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestResolveTakesIDsAndNames(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	v6 := object(traffic.KindAccessDomain, func(d *traffic.AccessDomain) { d.Name, d.Type, d.Enabled = "two.example.com", "AAAA", false })
	v4 := object(traffic.KindAccessDomain, func(d *traffic.AccessDomain) { d.Name, d.Enabled = "two.example.com", false })
	must(t, s, put(zone("example.com"), address("a", "192.0.2.1"), pool("p", "a"), domain("one.example.com", "p"), v4, v6,
		record("example.com", "www", "A", "192.0.2.1"), record("example.com", "@", "MX", "10 mail.example.com.")))
	one, err := s.Resolve(traffic.KindAccessDomain, "ONE.example.com.")
	if err != nil || one.Name != "one.example.com/A" {
		t.Fatal(one, err)
	}
	stored, err := s.Get(one)
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		"one.example.com/a": "one.example.com/A", stored.Meta.ID: "one.example.com/A", "two.example.com/AAAA": "two.example.com/AAAA",
	} {
		if k, err := s.Resolve(traffic.KindAccessDomain, ref); err != nil || k.Name != want {
			t.Errorf("%s: %v %v", ref, k, err)
		}
	}
	for ref, want := range map[string]string{
		"example.com/www/A": "example.com/www.example.com/A", "Example.com/WWW.example.com/a": "example.com/www.example.com/A",
		"example.com/www.example.com./A": "example.com/www.example.com/A", "example.com/@/mx": "example.com/example.com/MX",
	} {
		if k, err := s.Resolve(traffic.KindRecord, ref); err != nil || k.Name != want {
			t.Errorf("%s: %v %v", ref, k, err)
		}
	}
	if _, err := s.Resolve(traffic.KindAccessDomain, "two.example.com"); !errors.Is(err, control.ErrAmbiguous) {
		t.Errorf("a name of two: %v", err)
	}
	if _, err := s.Resolve(traffic.KindPool, stored.Meta.ID); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("an id of another kind: %v", err)
	}
}

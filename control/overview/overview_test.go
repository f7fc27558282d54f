package overview

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// site is one name over two pools of n addresses each; tasks that are down are so since
// as many minutes before noon.
type site struct {
	m    *traffic.Model
	down map[string]int
}

func newSite(n int) *site {
	s := &site{traffic.NewModel(), map[string]int{}}
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "t", traffic.Ping
	zone := traffic.New(traffic.KindZone).(*traffic.Zone)
	zone.Name = "example.com"
	s.put(tpl, zone)
	d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
	d.Name, d.Type = "www.example.com", "A"
	for _, p := range []string{"main", "spare"} {
		pool := traffic.New(traffic.KindPool).(*traffic.Pool)
		pool.Name = p
		for i := range n {
			a := traffic.New(traffic.KindAddress).(*traffic.Address)
			a.Name, a.Address, a.Tasks = fmt.Sprint(p, i), "192.0.2.1", []traffic.Task{{Template: "t", Enabled: true}}
			pool.Members = append(pool.Members, traffic.Member{Address: a.Name, Link: traffic.Link{Weight: 1, Enabled: true}})
			s.put(a)
		}
		s.put(pool)
		d.Pools = append(d.Pools, traffic.PoolMember{Pool: p, Link: traffic.Link{Weight: 1, Enabled: true}})
	}
	s.put(d)
	return s
}

func (s *site) put(list ...traffic.Object) {
	for _, o := range list {
		o.Normalize()
		s.m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
	}
}

func (s *site) source() Source {
	return Source{Model: s.m, Meta: func(traffic.Key) store.Meta { return store.Meta{UpdatedAt: noon.Add(-time.Hour)} }, Now: noon, Limit: 50, Chain: func(l string) []string { return []string{l} },
		Health: steer.Health{Verdict: func(k traffic.TaskKey) verdict.Verdict {
			if ago, down := s.down[k.Address]; down {
				return verdict.Verdict{State: verdict.Down, Voting: 2, Failed: 2, Since: noon.Add(-time.Duration(ago) * time.Minute)}
			}
			return verdict.Verdict{State: verdict.Up}
		}},
		Task: func(k traffic.TaskKey) (control.TaskHealth, bool) {
			return control.TaskHealth{TaskKey: k, Failed: 2, Voting: 2, Findings: []control.Finding{
				{Vantage: "sh", Finding: "failed", Reason: "timeout", Since: noon.Add(-time.Minute)}, {Vantage: "bj", Finding: "failed", Reason: "connection refused", Since: noon.Add(-2 * time.Minute)}}}, true
		}}
}

func (o *Overview) of(kind, name string) *Problem {
	for i := range o.Problems {
		if p := &o.Problems[i]; p.Kind == kind && p.Name == name {
			return p
		}
	}
	return nil
}

// TestFromWellToWorse walks one name from health to nothing left.
func TestFromWellToWorse(t *testing.T) {
	t.Parallel()
	s := newSite(2)
	if o := Look(s.source()); len(o.Problems) != 0 || o.Counts["access_domains"]["ok"] != 1 || o.Counts["tasks"]["up"] != 4 || o.Available["addresses"] != 4 {
		t.Errorf("well: %+v", o)
	}

	s.down["main0"] = 10
	o := Look(s.source())
	d, a := o.of("access_domain", "www.example.com/A"), o.of("address", "main0")
	if d == nil || d.State != "ok_alert" || d.Severity != Minor || d.Text.Code() != "overview.below" || len(d.Instead) != 1 || d.Instead[0].Line != "default" {
		t.Fatalf("one address down: %+v", d)
	}
	if a.Severity != Major || !a.Since.Equal(noon.Add(-10*time.Minute)) || a.Domains.Count != 1 || a.Domains.Names[0] != "www.example.com/A" {
		t.Errorf("the address: %+v", a)
	}
	if c := a.Causes[0]; c.Vantage != "bj" || c.Reason != "connection refused" || c.Task != "main0/t" {
		t.Errorf("cause %+v", c)
	}
	if o.of("pool", "main") != nil {
		t.Error("a pool that is available is told")
	}

	s.down["main1"] = 5
	o = Look(s.source())
	d, p := o.of("access_domain", "www.example.com/A"), o.of("pool", "main")
	if d.Severity != Major || d.Text.String() != "1 of 2 pools are unavailable" || !d.Since.Equal(noon.Add(-5*time.Minute)) || !p.Since.Equal(d.Since) || len(d.Causes) != 2 || d.Causes[0].Address != "main0" {
		t.Errorf("one pool down: %+v, pool %+v", d, p)
	}
	if in := d.Instead[0]; in.Before.Pools[0].Pool != "main" || in.Now.Pools[0].Pool != "spare" {
		t.Errorf("instead %+v", in)
	}

	s.down["spare0"], s.down["spare1"] = 3, 2
	o = Look(s.source())
	if d := o.Problems[0]; d.Kind != "access_domain" || d.Severity != Critical || d.Text.Code() != "overview.last_resort" || !d.Since.Equal(noon.Add(-2*time.Minute)) || o.Severity[Critical] != 1 {
		t.Errorf("all down: %+v", d)
	}
	if o.Available["access_domains"] != 0 || o.Counts["access_domains"]["exceptional"] != 1 || o.Counts["tasks"]["down"] != 4 {
		t.Errorf("counts %v", o.Counts)
	}
}

func TestWhatPeopleDidIsToldApart(t *testing.T) {
	t.Parallel()
	s := newSite(2)
	drain := &traffic.Override{ID: "o1", Action: traffic.Drain, Target: "address/main0", Author: "ann", CreatedAt: noon.Add(-time.Hour)}
	hand := *s.m.Address("main1")
	hand.Mode = traffic.ManualUnavailable
	unused := *s.m.Address("spare0")
	unused.Name = "unused"
	s.put(drain, &hand, &unused)
	s.down["unused"] = 1
	o := Look(s.source())
	if p := o.of("override", "o1"); p == nil || p.State != "withdrawn" || p.Domains.Count != 1 || !p.Since.Equal(drain.CreatedAt) {
		t.Errorf("override %+v", p)
	}
	if p := o.of("address", "main0"); p != nil {
		t.Errorf("a drained address stands beside its override: %+v", p)
	}
	if p := o.of("address", "main1"); p == nil || p.State != "withdrawn" || p.Severity != Info || !p.Since.Equal(noon.Add(-time.Hour)) {
		t.Errorf("by hand %+v", p)
	}
	if p := o.of("address", "unused"); p == nil || p.Severity != Info || p.Text.Code() != "overview.unused" {
		t.Errorf("unused %+v", p)
	}
	if p := o.of("pool", "main"); p == nil || p.Severity != Major {
		t.Errorf("the pool that both leave empty: %+v", p)
	}
	s.put(&traffic.Override{ID: "o2", Action: traffic.Drain, Target: "access-domain/www.example.com/A", Author: "ann", CreatedAt: noon})
	if p := Look(s.source()).of("access_domain", "www.example.com/A"); p == nil || p.State != "withdrawn" || p.Severity != Major || p.Override.ID != "o2" || p.Instead[0].Now.Basis != steer.NoData {
		t.Errorf("drained %+v", p)
	}
}

func TestNodesAndVantages(t *testing.T) {
	t.Parallel()
	s := newSite(1)
	src := s.source()
	node := func(id, verdicts string, silent time.Duration) control.Node {
		n := control.Node{NodeStatus: traffic.NodeStatus{ID: id, Roles: []string{"resolver"}, Ready: true, Verdicts: verdicts}, State: "heard", Silent: traffic.Duration(silent)}
		if silent > control.HeardWithin {
			n.State = "silent"
		}
		return n
	}
	lagging := node("lags", "x", 0)
	lagging.Behind, lagging.BehindFor = 3, traffic.Duration(time.Minute)
	alarmed := node("alarmed", "x", 0)
	alarmed.Alarms = []string{"the disk is full"}
	invited := control.Node{NodeStatus: traffic.NodeStatus{ID: "new"}, State: "invited"}
	src.Nodes = []control.Node{node("a", "x", 0), node("other", "y", 0), node("gone", "x", time.Hour), lagging, alarmed, invited}
	src.Vantages = []control.Vantage{{ID: "bj", State: "alive"}, {ID: "sh", State: "lost", Reason: "its heartbeat is missing"}, {ID: "gz", State: "isolated", Reason: "most of its tasks fail"}}
	o := Look(src)
	for _, want := range []struct{ kind, name, state, text string }{
		{KindNode, "gone", "silent", "not heard for 1h0m0s"}, {KindNode, "lags", "lagging", "3 revisions behind for 1m0s"}, {KindNode, "other", "differs", "its verdict table is not that of most resolvers"},
		{KindAlarm, "alarmed", "alarm", "the disk is full"}, {KindVantage, "sh", "lost", "its heartbeat is missing"}, {KindVantage, "gz", "isolated", "it abstains: most of its tasks fail"},
	} {
		if p := o.of(want.kind, want.name); p == nil || p.State != want.state || p.Text.String() != want.text {
			t.Errorf("%s %s: %+v", want.kind, want.name, p)
		}
	}
	if len(o.Problems) != 6 {
		t.Errorf("%d problems", len(o.Problems))
	}
}

// BenchmarkLook looks at 10,000 addresses, 1,000 pools and 100,000 access domains with
// every tenth address down.
func BenchmarkLook(b *testing.B) {
	s := &site{traffic.NewModel(), map[string]int{}}
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "t", traffic.Ping
	zone := traffic.New(traffic.KindZone).(*traffic.Zone)
	zone.Name = "example.com"
	s.put(tpl, zone)
	for i := range 1000 {
		p := traffic.New(traffic.KindPool).(*traffic.Pool)
		p.Name, p.Judgement = fmt.Sprint("p", i), traffic.AllOK
		for j := range 10 {
			a := traffic.New(traffic.KindAddress).(*traffic.Address)
			a.Name, a.Address, a.Tasks = fmt.Sprintf("a%d-%d", i, j), "192.0.2.1", []traffic.Task{{Template: "t", Enabled: true}}
			if (i+j)%10 == 0 {
				s.down[a.Name] = i
			}
			s.put(a)
			p.Members = append(p.Members, traffic.Member{Address: a.Name, Link: traffic.Link{Weight: 1, Enabled: true}})
		}
		s.put(p)
	}
	for i := range 100_000 {
		d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		d.Name, d.Type = fmt.Sprintf("d%d.example.com", i), "A"
		for j := range 2 {
			d.Pools = append(d.Pools, traffic.PoolMember{Pool: fmt.Sprint("p", (i+j)%1000), Link: traffic.Link{Weight: 1, Enabled: true}})
		}
		s.put(d)
	}
	b.ReportAllocs()
	for b.Loop() {
		o := Look(s.source())
		if _, err := json.Marshal(o); err != nil || o.Counts["access_domains"]["exceptional"] == 0 {
			b.Fatal(err, o.Counts)
		}
	}
}

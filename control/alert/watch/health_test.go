package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/watch"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

const site = `
apiVersion: meridian/v1
templates: [{name: web, protocol: http, http: {path: /}}, {name: tcp, protocol: tcp}]
addresses:
- {name: hz-1, address: 192.0.2.1, tasks: [{template: web}, {template: tcp, port: 22}]}
- {name: hz-2, address: 192.0.2.2, tasks: [{template: web}]}
- {name: bj-1, address: 192.0.2.3, tasks: [{template: web}]}
- {name: bare, address: 192.0.2.4}
- {name: by-hand, address: 192.0.2.5, mode: manual_unavailable, tasks: [{template: web}]}
- {name: off, address: 192.0.2.6, enabled: false, tasks: [{template: web}]}
- {name: alias, address: gtm.example.com, tasks: []}
pools:
- {name: hz, members: [{address: hz-1}, {address: hz-2}]}
- {name: bj, members: [{address: bj-1}, {address: by-hand}]}
- {name: empty, members: []}
- {name: names, type: domain, members: [{address: alias}]}
zones: [{name: example.com, nameservers: [ns1.example.net.], partial: true}]
access_domains:
- {name: gtm.example.com, type: A, policy: sequential, pools: [{pool: hz}, {pool: bj}]}
- {name: hz.example.com, type: A, pools: [{pool: hz}]}
- {name: off.example.com, type: A, enabled: false, pools: [{pool: hz}]}
- {name: over.example.com, type: CNAME, pools: [{pool: names}]}
`

func model(t testing.TB, text string) *traffic.Model {
	t.Helper()
	set, err := file.Parse("site", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m := traffic.NewModel()
	for _, o := range set.Objects {
		o.Normalize()
		m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
	}
	return m
}

// at is the moment at which tasks, each ADDRESS/TEMPLATE, are down.
func at(m *traffic.Model, own []string, down ...string) watch.Moment {
	since := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	isDown := func(k traffic.TaskKey) bool { return slices.Contains(down, k.Address+"/"+k.Template) }
	return watch.Moment{Model: m, Own: func(d string) bool { return slices.Contains(own, d) },
		Health: steer.Health{Current: func(traffic.Key) string { return "" }, Verdict: func(k traffic.TaskKey) verdict.Verdict {
			if isDown(k) {
				return verdict.Verdict{State: verdict.Down, Since: since.Add(time.Duration(slices.Index(down, k.Address+"/"+k.Template)) * time.Minute), Voting: 3, Failed: 2}
			}
			return verdict.Verdict{State: verdict.Up, Voting: 3}
		}},
		Findings: func(k traffic.TaskKey) []control.Finding {
			return []control.Finding{{Vantage: "v1", Finding: "failed", Reason: "refused"}, {Vantage: "v2", Finding: "good"}, {Vantage: "v3", Finding: "failed", Reason: "timeout"}}
		}}
}

func keys(list []alert.Condition) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Event+" "+c.Object)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func of(t *testing.T, list []alert.Condition, event, object string) alert.Condition {
	t.Helper()
	for _, c := range list {
		if c.Event == event && c.Object == object {
			return c
		}
	}
	t.Fatalf("no %s %s in %s", event, object, keys(list))
	return alert.Condition{}
}

func TestWhatIsWrong(t *testing.T) {
	t.Parallel()
	m := model(t, site)
	for _, c := range []struct {
		down []string
		want string
	}{
		{nil, ""},
		{[]string{"hz-1/tcp"}, "address_alert hz-1"},
		{[]string{"hz-1/tcp", "hz-1/web"}, "address_alert hz-1"},
		{[]string{"by-hand/web", "off/web"}, ""},
		{[]string{"bj-1/web"}, "address_alert bj-1, pool_unavailable bj"},
		{[]string{"hz-1/web", "hz-1/tcp", "hz-2/web"}, "address_alert hz-1, address_alert hz-2, domain_exceptional hz.example.com/A, pool_unavailable hz"},
		{[]string{"hz-1/web", "hz-1/tcp", "hz-2/web", "bj-1/web"}, "address_alert bj-1, address_alert hz-1, address_alert hz-2, domain_exceptional gtm.example.com/A, " +
			"domain_exceptional hz.example.com/A, domain_exceptional over.example.com/CNAME, pool_unavailable bj, pool_unavailable hz, pool_unavailable names"},
	} {
		if got := keys(watch.Health(at(m, nil, c.down...))); got != c.want {
			t.Errorf("down %v: %s, want %s", c.down, got, c.want)
		}
	}
}

func TestWhyAndWhatInstead(t *testing.T) {
	t.Parallel()
	m := model(t, site)
	list := watch.Health(at(m, []string{"hz.example.com/A"}, "hz-1/web", "hz-1/tcp", "hz-2/web"))
	a := of(t, list, alert.AddressAlert, "hz-1")
	if len(a.Facts.Tasks) != 2 || *a.Facts.Available || a.Facts.Value != "192.0.2.1" || a.Facts.Tasks[0].Votes != 2 || len(a.Facts.Tasks[0].Failed) != 2 || a.Facts.Tasks[0].Failed[1].Vantage != "v3" || a.Since.Minute() != 0 {
		t.Errorf("%+v", a)
	}
	if fmt.Sprint(a.Domains) != "[hz.example.com/A ]" || fmt.Sprint(a.Facts.Domains) != "[gtm.example.com/A hz.example.com/A]" || a.Facts.Reaches != 2 {
		t.Errorf("reaches %q %q %d", a.Domains, a.Facts.Domains, a.Facts.Reaches)
	}
	if fmt.Sprint(a.Facts.Instead) != "[{gtm.example.com/A default policy [bj] [192.0.2.3]} {hz.example.com/A default last_resort [hz] [192.0.2.1 192.0.2.2]}]" {
		t.Errorf("instead %v", a.Facts.Instead)
	}
	p := of(t, list, alert.PoolUnavailable, "hz")
	if p.Facts.OK != 0 || p.Facts.Total != 2 || fmt.Sprint(p.Facts.Members) != "[hz-1 hz-2]" || len(p.Causes) != 2 || p.Since.Minute() != 2 {
		t.Errorf("%+v", p)
	}
	d := of(t, list, alert.DomainExceptional, "hz.example.com/A")
	if len(d.Causes) != 1 || d.Causes[0] != p.Key || d.Since.Minute() != 2 || fmt.Sprint(d.Domains) != "[hz.example.com/A]" || d.Facts.Instead[0].Basis != "last_resort" {
		t.Errorf("%+v", d)
	}
	one := of(t, watch.Health(at(m, nil, "hz-1/tcp")), alert.AddressAlert, "hz-1")
	if !*one.Facts.Available || len(one.Facts.Tasks) != 1 || len(one.Domains) != 0 {
		t.Errorf("%+v", one)
	}
}

// TestWhatNobodyJudges: an alert goes on while its tasks are not judged, and none begins.
func TestWhatNobodyJudges(t *testing.T) {
	t.Parallel()
	w := at(model(t, site), nil)
	judge := w.Health.Verdict
	w.Health.Verdict = func(k traffic.TaskKey) verdict.Verdict {
		v := judge(k)
		v.Stale = k.Address == "bj-1"
		return v
	}
	if got := keys(watch.Health(w)); got != "" {
		t.Fatal(got)
	}
	w.Lasting = map[alert.Key]bool{{Event: alert.AddressAlert, Kind: alert.OfAddress, Object: "bj-1"}: true, {Event: alert.AddressAlert, Kind: alert.OfAddress, Object: "hz-1"}: true,
		{Event: alert.PoolUnavailable, Kind: alert.OfPool, Object: "bj"}: true, {Event: alert.PoolUnavailable, Kind: alert.OfPool, Object: "hz"}: true,
		{Event: alert.DomainExceptional, Kind: alert.OfDomain, Object: "gtm.example.com/A"}: true, {Event: alert.DomainExceptional, Kind: alert.OfDomain, Object: "hz.example.com/A"}: true}
	list := watch.Health(w)
	if got := keys(list); got != "address_alert bj-1, domain_exceptional gtm.example.com/A, pool_unavailable bj" {
		t.Fatal(got)
	}
	for _, c := range list {
		if !c.Hold {
			t.Errorf("%s begins", c.Object)
		}
	}
}

// TestOrdersAreNoAlerts: what somebody took out on purpose is not wrong; what that makes
// of others is.
func TestOrdersAreNoAlerts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ target, want string }{
		{"address/hz-1", ""},
		{"pool/hz", "domain_exceptional hz.example.com/A"},
		{"access-domain/hz.example.com/A", ""},
		{"address/bj-1", "pool_unavailable bj"},
	} {
		m := model(t, site)
		o := &traffic.Override{ID: "override-1", Action: traffic.Drain, Target: c.target}
		o.Normalize()
		m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
		if got := keys(watch.Health(at(m, nil))); got != c.want {
			t.Errorf("drain %s: %s, want %s", c.target, got, c.want)
		}
	}
}

// TestManyAccessDomains: the first are told one by one, the others together.
func TestManyAccessDomains(t *testing.T) {
	t.Parallel()
	m := model(t, site)
	var changes []traffic.Change
	for i := range 1500 {
		d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		d.Name, d.Type, d.Enabled, d.Pools = fmt.Sprintf("n%04d.example.com", i), "A", true, []traffic.PoolMember{{Pool: "hz", Link: traffic.Link{Enabled: true, Weight: 1, Serial: 1}}}
		d.Normalize()
		changes = append(changes, traffic.Change{Key: d.Key(), After: d})
	}
	m.Apply(changes)
	list := watch.Health(at(m, nil, "hz-1/web", "hz-1/tcp", "hz-2/web"))
	n := 0
	for _, c := range list {
		if c.Event == alert.DomainExceptional {
			n++
		}
	}
	if other := of(t, list, alert.DomainExceptional, "(other)"); n != 1001 || other.Facts.Count != 501 {
		t.Errorf("%d access domains, and %d others", n, other.Facts.Count)
	}
	if p := of(t, list, alert.PoolUnavailable, "hz"); p.Facts.Reaches != 1502 || len(p.Facts.Domains) != 20 || p.Facts.Domains[0] != "gtm.example.com/A" {
		t.Errorf("%d reached, %v", p.Facts.Reaches, p.Facts.Domains)
	}
}

// BenchmarkHealth looks at 10,000 addresses and pools under 100,000 access domains, of
// which one shared pool is down.
func BenchmarkHealth(b *testing.B) {
	m := model(b, site)
	var changes []traffic.Change
	put := func(o traffic.Object) {
		o.Normalize()
		changes = append(changes, traffic.Change{Key: o.Key(), After: o})
	}
	for i := range 10_000 {
		a := traffic.New(traffic.KindAddress).(*traffic.Address)
		a.Name, a.Address, a.Enabled, a.Mode, a.Judgement, a.Tasks = fmt.Sprint("a", i), fmt.Sprintf("10.0.%d.%d", i/250, i%250), true, traffic.Auto, traffic.AnyOK, []traffic.Task{{Template: "web", Enabled: true}}
		put(a)
		p := traffic.New(traffic.KindPool).(*traffic.Pool)
		p.Name, p.Enabled, p.Members = fmt.Sprint("p", i), true, []traffic.Member{{Address: a.Name, Link: traffic.Link{Enabled: true, Weight: 1, Serial: 1}}}
		put(p)
	}
	for i := range 100_000 {
		d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
		d.Name, d.Type, d.Enabled, d.Pools = fmt.Sprintf("n%d.example.com", i), "A", true, []traffic.PoolMember{{Pool: fmt.Sprint("p", i%10_000), Link: traffic.Link{Enabled: true, Weight: 1, Serial: 1}}, {Pool: "hz", Link: traffic.Link{Enabled: true, Weight: 1, Serial: 2}}}
		put(d)
	}
	m.Apply(changes)
	w := at(m, nil, "hz-1/web", "hz-1/tcp", "hz-2/web")
	for b.Loop() {
		if n := len(watch.Health(w)); n < 4 {
			b.Fatal(n)
		}
	}
}

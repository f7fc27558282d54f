package watch_test

import (
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/watch"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestPlant(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	long := traffic.Duration(2 * time.Minute)
	node := func(id string, change func(*control.Node)) control.Node {
		n := control.Node{NodeStatus: traffic.NodeStatus{ID: id}, State: "heard", LastSeen: now, Silent: traffic.Duration(time.Second)}
		change(&n)
		return n
	}
	day := 24 * time.Hour
	task := control.TaskHealth{TaskKey: traffic.TaskKey{Address: "hz-1", Template: "web", Port: 443}}
	stale, expired := task, task
	stale.Stale = true
	expired.Findings = []control.Finding{{Vantage: "v1", Finding: "good"}, {Vantage: "v2", Finding: "failed", Code: "expired", Reason: "the certificate expired on 1 May"}}
	for name, c := range map[string]struct {
		change func(*watch.Plant)
		want   string
	}{
		"nothing": {func(p *watch.Plant) {}, ""},
		"gone":    {func(p *watch.Plant) { p.Nodes = append(p.Nodes, node("n1", func(n *control.Node) { n.Silent = long })) }, "node_gone n1"},
		"invited": {func(p *watch.Plant) {
			p.Nodes = append(p.Nodes, node("n1", func(n *control.Node) { n.State, n.Silent = "invited", long }))
		}, ""},
		"silent a bit": {func(p *watch.Plant) {
			p.Nodes = append(p.Nodes, node("n1", func(n *control.Node) { n.Silent, n.Behind, n.BehindFor = traffic.Duration(40*time.Second), 3, long }))
		}, ""},
		"lagging": {func(p *watch.Plant) {
			p.Nodes = append(p.Nodes, node("n1", func(n *control.Node) { n.Behind, n.BehindFor = 3, long }))
		}, "node_lagging n1"},
		"lagging a bit": {func(p *watch.Plant) {
			p.Nodes = append(p.Nodes, node("n1", func(n *control.Node) { n.Behind, n.BehindFor = 3, traffic.Duration(time.Second) }))
		}, ""},
		"alarm": {func(p *watch.Plant) {
			p.Nodes = append(p.Nodes, node("n1", func(n *control.Node) { n.Alarms = []string{"its clock is off"} }))
		}, "node_alarm n1"},
		"alarm of what has an alert": {func(p *watch.Plant) {
			p.Nodes, p.Told, p.History = append(p.Nodes, node("n1", func(n *control.Node) { n.Alarms = []string{"no history", "this vantage abstains: x"} })), []string{"no history"}, "no history"
		}, "data_stale statistics"},
		"certificate": {func(p *watch.Plant) {
			p.Nodes = append(p.Nodes, node("n1", func(n *control.Node) {
				n.Certificates = []traffic.CertificateStatus{{File: "a.pem", EndsAt: now.Add(20 * day)}, {File: "b.pem", EndsAt: now.Add(22 * day)}}
			}))
		}, "certificate_expiring n1: a.pem"},
		"certificate by probe": {func(p *watch.Plant) { p.Tasks = []control.TaskHealth{expired} }, "certificate_expiring hz-1/web/443"},
		"vantage lost": {func(p *watch.Plant) {
			p.Vantages = []control.Vantage{{ID: "v1", State: "lost", Silent: long}, {ID: "v2", State: "lost", Silent: traffic.Duration(time.Second)}}
		}, "data_stale v1"},
		"vantage isolated": {func(p *watch.Plant) {
			p.Vantages = []control.Vantage{{ID: "v1", State: "isolated"}, {ID: "v2", State: "alive"}}
		}, "data_stale v1"},
		"held":               {func(p *watch.Plant) { p.Tasks, p.HeldFor = []control.TaskHealth{stale}, 2*time.Minute }, "data_stale verdicts"},
		"held a bit":         {func(p *watch.Plant) { p.Tasks, p.HeldFor = []control.TaskHealth{stale}, time.Second }, ""},
		"statistics":         {func(p *watch.Plant) { p.StatsMissing = true }, "data_stale statistics"},
		"old data":           {func(p *watch.Plant) { p.GeoAge, p.GeoAsked = 100*day, 40*day }, "geo_data_old location_data"},
		"as new as there is": {func(p *watch.Plant) { p.GeoAge, p.GeoAsked = 100*day, day }, ""},
	} {
		p := watch.Plant{Now: now, Limits: alert.DefaultSettings().Thresholds, GeoAge: -1, Nodes: []control.Node{node("n0", func(*control.Node) {})}}
		c.change(&p)
		list := p.Conditions()
		if got := keys(list); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		for _, c := range list {
			for _, language := range []string{"en", "zh"} {
				for _, action := range []string{alert.ActAlert, alert.ActResume, alert.ActRepeat} {
					said := alert.Telling{Action: action, Key: c.Key, Since: now, At: now.Add(time.Hour), Facts: c.Facts}
					if title := said.Title(language); len(title) < 10 || title == c.Event+": "+c.Object {
						t.Errorf("%s %s %s: %q", c.Event, action, language, title)
					}
				}
			}
		}
	}
	// A certificate that ends within days is graver.
	p := watch.Plant{Now: now, Limits: alert.DefaultSettings().Thresholds, GeoAge: -1, Nodes: []control.Node{node("n", func(n *control.Node) {
		n.Certificates = []traffic.CertificateStatus{{File: "a.pem", EndsAt: now.Add(-12 * time.Hour)}}
	})}}
	if c := p.Conditions(); c[0].Severity != alert.Error || c[0].Facts.Days != -1 {
		t.Errorf("%+v", c)
	}
}

func TestTraffic(t *testing.T) {
	t.Parallel()
	past := func(n int, queries, empty uint64) (out []watch.Window) {
		for range n {
			out = append(out, watch.Window{Queries: queries, Empty: empty})
		}
		return out
	}
	for name, c := range map[string]struct {
		last watch.Window
		past []watch.Window
		was  bool
		want string
	}{
		"as usual":           {watch.Window{Queries: 3000}, past(12, 3100, 0), false, ""},
		"twice":              {watch.Window{Queries: 6000}, past(12, 3000, 0), false, ""},
		"four times":         {watch.Window{Queries: 12000}, past(12, 3000, 0), false, "more_queries"},
		"in waves":           {watch.Window{Queries: 12000}, append(past(11, 3000, 0), watch.Window{Queries: 12500}), false, ""},
		"a fifth":            {watch.Window{Queries: 600}, past(12, 3000, 0), false, "fewer_queries"},
		"none":               {watch.Window{}, past(12, 3000, 0), false, "fewer_queries"},
		"quiet":              {watch.Window{Queries: 200}, past(12, 10, 0), false, ""},
		"quiet and gone":     {watch.Window{}, past(12, 200, 0), false, ""},
		"empty answers":      {watch.Window{Queries: 3000, Empty: 1500}, past(12, 3000, 30), false, "more_empty_answers"},
		"always empty":       {watch.Window{Queries: 3000, Empty: 1500}, past(12, 3000, 1400), false, ""},
		"too short a past":   {watch.Window{Queries: 12000}, past(3, 3000, 0), false, ""},
		"nearly over":        {watch.Window{Queries: 8400}, past(12, 3000, 0), true, "more_queries"},
		"over":               {watch.Window{Queries: 6000}, past(12, 3000, 0), true, ""},
		"not yet an anomaly": {watch.Window{Queries: 8400}, past(12, 3000, 0), false, ""},
	} {
		list := watch.Traffic([]watch.Series{{Domain: "gtm.example.com/A", Last: c.last, Past: c.past}}, alert.DefaultSettings().Thresholds, func(string) bool { return c.was }, nil, time.Now())
		got := ""
		if len(list) > 0 {
			got = list[0].Facts.What
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

package node

import (
	"reflect"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// TestANodeTellsOnlyOfWhatIsConfigured, and only so often: with a stolen credential one
// could name a million things that are not, each a row for ever.
func TestANodeTellsOnlyOfWhatIsConfigured(t *testing.T) {
	t.Parallel()
	m := traffic.NewModel()
	var changes []traffic.Change
	for _, o := range []traffic.Object{&traffic.Address{Name: "a"}, &traffic.Template{Name: "t"}, &traffic.Pool{Name: "p"}, &traffic.Line{Name: "office"},
		&traffic.Zone{Name: "example.com"}, &traffic.AccessDomain{Name: "www.example.com", Type: "A"}} {
		changes = append(changes, traffic.Change{Key: o.Key(), After: o})
	}
	m.Apply(changes)
	g := newStatGate(func(f func(*traffic.Model, traffic.Position)) { f(m, traffic.Position{}) })
	p := &stat.Probes{Tasks: []stat.Task{{Key: traffic.TaskKey{Address: "a", Template: "t"}}, {Key: traffic.TaskKey{Address: "b", Template: "t"}}, {Key: traffic.TaskKey{Address: "a", Template: "u"}}}}
	if g.knownTasks(p); len(p.Tasks) != 1 || p.Tasks[0].Key.Address != "a" || p.Tasks[0].Key.Template != "t" {
		t.Errorf("tasks %+v", p.Tasks)
	}
	const www = "www.example.com/A"
	q := &stat.Queries{Answers: []stat.Answer{{Domain: www, Line: "default", Pool: "p", Address: "a", Count: 1}, {Domain: www, Line: "office", Count: 2}, {Domain: www, Line: "cn", Count: 3},
		{Domain: www, Line: "nowhere", Count: 4}, {Domain: "made.up/A", Line: "cn", Pool: "p", Address: "a", Count: 5}, {Domain: www, Pool: "made-up", Count: 6}, {Domain: stat.Other, Count: 7}},
		Zones:     []stat.Zone{{Zone: "example.com", Count: 1}, {Zone: "made.up", Count: 2}, {Zone: stat.Other, Count: 3}},
		Countries: []stat.Country{{Country: "cn", Domain: www}, {Country: "cn"}, {Country: "cn", Domain: "made.up/A"}}}
	g.knownNames(q)
	want := &stat.Queries{Answers: []stat.Answer{{Domain: www, Line: "default", Pool: "p", Address: "a", Count: 1}, {Domain: www, Line: "office", Count: 2}, {Domain: www, Line: "cn", Count: 3},
		{Domain: www, Line: stat.Other, Count: 4}, {Domain: stat.Other, Count: 5}, {Domain: stat.Other, Count: 6}, {Domain: stat.Other, Count: 7}},
		Zones:     []stat.Zone{{Zone: "example.com", Count: 1}, {Zone: stat.Other, Count: 2}, {Zone: stat.Other, Count: 3}},
		Countries: []stat.Country{{Country: "cn", Domain: www}, {Country: "cn"}, {Country: "cn", Domain: stat.Other}}}
	if !reflect.DeepEqual(q, want) {
		t.Errorf("counts %+v", q)
	}
	heard := 0
	for range 2000 {
		if g.mayCount("r1") {
			heard++
		}
	}
	if heard < countsBurst || heard > countsBurst+20 || !g.mayCount("r2") || !g.mayProbe("r1") {
		t.Errorf("heard %d of 2000", heard)
	}
}

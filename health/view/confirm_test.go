package view

import (
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Whoever does not act on a verdict that is only held must hear when it is confirmed,
// although its state stays the same.
func TestADownThatIsConfirmedIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence    string
		held, voted verdict.State
		told        bool
	}{
		{"a held down that votes confirm", verdict.Down, verdict.Down, true},
		{"a held up that votes confirm: nobody waits for that", verdict.Up, verdict.Up, false},
		{"a held down that votes overturn", verdict.Down, verdict.Up, true},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
			tpl.Name = key.Template
			v := New(Options{Log: quiet})
			v.loaded = map[traffic.TaskKey]verdict.Verdict{key: {State: c.held, Stale: true}}
			v.vantages["hz"] = &source{id: "hz", live: true}
			v.SetTasks([]health.Task{{Key: key, Template: tpl, Def: 1}})
			if len(v.changed) > 0 {
				t.Fatal("told before anybody voted")
			}
			finding := verdict.Good
			if c.voted == verdict.Down {
				finding = verdict.Failed
			}
			v.vantages["hz"].obs = map[traffic.TaskKey]*entry{key: {Observation: health.Observation{Key: key, Def: 1, Finding: finding}}}
			v.settled = true
			v.judgeKeyLocked(key, time.Now())
			if got := v.tasks[key].v; got.State != c.voted || got.Stale {
				t.Fatalf("verdict %+v", got)
			}
			if v.changed[key] != c.told {
				t.Errorf("told: %v, want %v", v.changed[key], c.told)
			}
			clear(v.changed)
			v.judgeKeyLocked(key, time.Now())
			if v.changed[key] {
				t.Error("told twice")
			}
		})
	}
}

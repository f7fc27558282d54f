package resolve

import (
	"slices"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// A verdict that is only held from before, because too few vantages vote, says what
// was. A node that was cut off or down must not drag the others away with it (design
// 5.1.3): it answers by what it knows, and reports no move.
func TestANonPreemptivePolicyMovesOnlyOnFreshVerdicts(t *testing.T) {
	t.Parallel()
	p := pool("p", traffic.Sequential, member("a", 1), member("b", 1), member("c", 1))
	p.Mode = traffic.NonPreemptive
	task := func(name string) traffic.TaskKey { return traffic.TaskKey{Address: name, Template: "ping"} }
	down, held := verdict.Verdict{State: verdict.Down}, verdict.Verdict{State: verdict.Down, Stale: true}
	scope := p.Key()
	for name, c := range map[string]struct {
		current string
		health  healthMap
		after   string // current
		answer  string
	}{
		"the current member is down":                                        {"b", healthMap{task("b"): down}, "a", "192.0.2.1"},
		"the current member was down when votes were last had":              {"b", healthMap{task("b"): held}, "b", "192.0.2.1"},
		"another member was down then":                                      {"b", healthMap{task("a"): held}, "b", "192.0.2.2"},
		"the current member is down and the next one was":                   {"b", healthMap{task("a"): held, task("b"): down}, "c", "192.0.2.3"},
		"nobody was current and the first one was down":                     {"", healthMap{task("a"): held}, "b", "192.0.2.2"},
		"the current member was removed, and that needs no health":          {"gone", healthMap{}, "a", "192.0.2.1"},
		"the current member was removed, and the first one was down then":   {"gone", healthMap{task("a"): held}, "b", "192.0.2.2"},
		"all were down then, so what is answered is a last resort, no move": {"b", healthMap{task("a"): held, task("b"): held, task("c"): held}, "b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(1)
			n.health = c.health
			if c.current != "" {
				n.current[scope] = traffic.Current{Scope: scope, Member: c.current, Epoch: 5}
			}
			tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
			tpl.Name, tpl.Protocol = "ping", traffic.Ping
			objs := []traffic.Object{zoneObj("example.com"), tpl, p, domain("x.example.com", "A", traffic.Sequential, inPool("p", 1))}
			for i, name := range []string{"a", "b", "c"} {
				a := addr(name, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}[i])
				a.Tasks = []traffic.Task{{Template: "ping", Enabled: true}}
				objs = append(objs, a)
			}
			n.load(t, objs)
			n.Recompile()
			n.CurrentsChanged([]traffic.Current{n.current[scope]})
			if got := n.current[scope].Member; got != c.after {
				t.Errorf("current is %q, want %q", got, c.after)
			}
			got := rrs(ask(t, n.NewWorker(0, 1232), "8.8.8.8", "x.example.com", "A", "").Answer)
			if want := []string{"x.example.com. 30 IN A " + c.answer}; c.answer != "" && !slices.Equal(got, want) {
				t.Errorf("answers %v, want %v", got, want)
			}
		})
	}
}

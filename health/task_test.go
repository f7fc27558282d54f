package health_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestTasks(t *testing.T) {
	t.Parallel()
	web := traffic.New(traffic.KindTemplate).(*traffic.Template)
	web.Name, web.Protocol = "web", traffic.HTTP
	ping := traffic.New(traffic.KindTemplate).(*traffic.Template)
	ping.Name, ping.Protocol = "ping", traffic.Ping
	off := traffic.New(traffic.KindTemplate).(*traffic.Template)
	off.Name, off.Protocol, off.Enabled = "off", traffic.TCP, false
	address := func(name string, enabled bool, tasks ...traffic.Task) *traffic.Address {
		a := traffic.New(traffic.KindAddress).(*traffic.Address)
		a.Name, a.Address, a.Enabled, a.Tasks = name, "192.0.2.1", enabled, tasks
		return a
	}
	m := traffic.NewModel()
	for _, o := range []traffic.Object{web, ping, off,
		address("b", true, traffic.Task{Template: "web", Enabled: true}, traffic.Task{Template: "web", Port: 80, Enabled: true}, traffic.Task{Template: "web", Port: 8080, Enabled: true}),
		address("a", true, traffic.Task{Template: "ping", Port: 7, Enabled: true}, traffic.Task{Template: "web", Port: 81}, traffic.Task{Template: "off", Port: 1, Enabled: true}, traffic.Task{Template: "gone", Port: 1, Enabled: true}),
		address("c", false, traffic.Task{Template: "ping", Enabled: true})} {
		o.Normalize()
		m.Apply([]traffic.Change{{Key: o.Key(), After: o}})
	}
	var got []string
	for _, task := range health.Tasks(m) {
		got = append(got, task.Key.String())
	}
	// In order; the default port and its number are one task; nothing that is disabled.
	if want := "a/ping b/web/80 b/web/8080"; strings.Join(got, " ") != want {
		t.Errorf("tasks %v, want %s", got, want)
	}
}

func TestDefinitionCoversWhatAProbeMeans(t *testing.T) {
	t.Parallel()
	def := func(edit func(*traffic.Template)) uint64 { return health.Tasks(model(t, 1, edit))[0].Def }
	plain := def(func(*traffic.Template) {})
	for _, c := range []struct {
		sentence string
		edit     func(*traffic.Template)
		same     bool
	}{
		{"nothing", func(*traffic.Template) {}, true},
		{"the interval is pace", func(t *traffic.Template) { t.Interval = traffic.Duration(time.Minute) }, true},
		{"the evaluation count is judgement", func(t *traffic.Template) { t.EvaluationCount = 5 }, true},
		{"the failure rate is judgement", func(t *traffic.Template) { t.FailureRate = 1 }, true},
		{"the vantages are judgement", func(t *traffic.Template) { t.Vantages = []string{"hz"} }, true},
		{"a remark is for people", func(t *traffic.Template) { t.Remark = "x" }, true},
		{"the time limit is meaning", func(t *traffic.Template) { t.Timeout = traffic.Duration(time.Second) }, false},
		{"what is sent is meaning", func(t *traffic.Template) { t.TCP = &traffic.TCPOptions{Send: "x"} }, false},
		{"the protocol is meaning", func(t *traffic.Template) { t.Protocol = traffic.HTTP }, false},
		{"the family is meaning", func(t *traffic.Template) { t.IPVersion = "IPv6" }, false},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			if got := def(c.edit) == plain; got != c.same {
				t.Errorf("the same definition: %v, want %v", got, c.same)
			}
		})
	}
	seen := map[uint64]string{}
	for _, task := range health.Tasks(model(t, 5000)) {
		k := fmt.Sprint(task.Target, task.Key.Port)
		if other, dup := seen[task.Def]; dup {
			t.Fatalf("%s and %s have one definition", k, other)
		}
		seen[task.Def] = k
	}
}

package health_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/healthtest"
	"github.com/meridian-gtm/meridian/health/vantage"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// The template of most scenarios: bounds below are computed from it.
const (
	interval = 5 * time.Second
	timeout  = 2 * time.Second
	// bound is the promised time from a target's death to its verdict.
	bound = interval*2 + timeout + 500*time.Millisecond
)

// model has n addresses t0, t1, … with a tcp task each.
func model(t testing.TB, n int, edit ...func(*traffic.Template)) *traffic.Model {
	t.Helper()
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "web", traffic.TCP
	tpl.Interval, tpl.Timeout, tpl.EvaluationCount = traffic.Duration(interval), traffic.Duration(timeout), 2
	for _, f := range edit {
		f(tpl)
	}
	tpl.Normalize()
	changes := []traffic.Change{{Key: tpl.Key(), After: tpl}}
	for i := range n {
		a := traffic.New(traffic.KindAddress).(*traffic.Address)
		a.Name, a.Address = fmt.Sprint("t", i), target(i)
		a.Tasks = []traffic.Task{{Template: "web", Port: 80, Enabled: true}}
		changes = append(changes, traffic.Change{Key: a.Key(), After: a})
	}
	m := traffic.NewModel()
	m.Apply(changes)
	return m
}

func target(i int) string { return fmt.Sprintf("203.0.%d.%d", i/256, i%256) }
func key(i int) traffic.TaskKey {
	return traffic.TaskKey{Address: fmt.Sprint("t", i), Template: "web", Port: 80}
}
func targets(from, to int) (l []string) {
	for i := from; i < to; i++ {
		l = append(l, target(i))
	}
	return l
}

// stage runs vantages and views over one bus in a synctest bubble.
type stage struct {
	t     *testing.T
	bus   healthtest.Bus
	model *traffic.Model
	stops []func()
}

type place struct {
	*vantage.Vantage
	world *healthtest.World
	bus   *healthtest.Client
	stop  func()
	kill  func() // ends without a word, as kill -9 does
}

type eye struct {
	*view.View
	bus  *healthtest.Client
	stop func()
}

func play(t *testing.T, f func(s *stage)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t}
		defer func() { // also when f gives up
			for _, stop := range s.stops {
				stop()
			}
			s.bus.Close()
		}()
		f(s)
	})
}

func (s *stage) run(f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("run: %v", err)
		}
	}
	s.stops = append(s.stops, stop)
	return stop
}

func (s *stage) vantage(id string, world *healthtest.World) *place {
	p := &place{world: world, bus: s.bus.Client()}
	v, err := vantage.New(vantage.Options{ID: id, Labels: map[string]string{"site": id}, Bus: p.bus, Prober: world, Log: quiet})
	if err != nil {
		s.t.Fatal(err)
	}
	p.Vantage = v
	v.SetModel(s.model)
	p.stop = s.run(v.Run)
	p.kill = func() { p.bus.Cut(true); p.stop() }
	return p
}

func (s *stage) view(dir string) *eye {
	e := &eye{bus: s.bus.Client()}
	e.View = view.New(view.Options{Bus: e.bus, Dir: dir, Forget: 2 * time.Hour, Log: quiet})
	e.SetModel(s.model)
	e.stop = s.run(e.Run)
	return e
}

// want waits until the verdict of task i is as said, at most d, and returns how long
// it took.
func (s *stage) want(e *eye, i int, state verdict.State, stale bool, d time.Duration) time.Duration {
	s.t.Helper()
	begin := time.Now()
	for {
		synctest.Wait()
		v := e.Verdict(key(i))
		if v.State == state && v.Stale == stale {
			return time.Since(begin)
		}
		if time.Since(begin) > d {
			s.t.Fatalf("t%d is %v stale=%v (%d of %d failed, %d selected) after %v, want %v stale=%v\n%+v\n%+v",
				i, v.State, v.Stale, v.Failed, v.Voting, v.Selected, d, state, stale, e.Findings(key(i)), e.Vantages())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// keeps watches that the state of task i stays for d.
func (s *stage) keeps(e *eye, i int, state verdict.State, d time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if v := e.Verdict(key(i)); v.State != state {
			s.t.Fatalf("t%d turned %v, want it to stay %v: %+v", i, v.State, state, e.Findings(key(i)))
		}
	}
}

func TestDetectionIsWithinTheBound(t *testing.T) {
	for _, c := range []struct {
		sentence string
		how      healthtest.Condition
	}{{"a target that refuses", healthtest.Refuses}, {"a target that keeps silent", healthtest.Silent}, {"a prober that panics", healthtest.Panics}} {
		t.Run(c.sentence, func(t *testing.T) {
			play(t, func(s *stage) {
				s.model = model(t, 40)
				e := s.view("")
				p := s.vantage("here", healthtest.NewWorld())
				s.want(e, 7, verdict.Up, false, 3*interval)
				// Die at the worst moment: just after a good probe.
				n := p.world.Probes(target(7))
				for p.world.Probes(target(7)) == n {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(12 * time.Millisecond)
				p.world.Set(c.how, target(7))
				took := s.want(e, 7, verdict.Down, false, bound)
				t.Logf("down after %v, the bound is %v", took, bound)
				p.world.Set(healthtest.Fine, target(7))
				s.want(e, 7, verdict.Up, false, bound)
				s.keeps(e, 8, verdict.Up, interval)
			})
		})
	}
}

func TestThreeVantages(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 10)
		e := s.view("")
		hz, bj, gz := s.vantage("hz", healthtest.NewWorld()), s.vantage("bj", healthtest.NewWorld()), s.vantage("gz", healthtest.NewWorld())
		for i := range 10 {
			s.want(e, i, verdict.Up, false, 4*interval)
		}
		time.Sleep(3 * interval) // all three have voted
		gz.world.Set(healthtest.Refuses, target(0))
		time.Sleep(bound)
		if v := e.Verdict(key(0)); v.State != verdict.Up || v.Failed != 1 || v.Voting != 3 || v.Stale {
			t.Fatalf("one of three lies: %+v", v)
		}
		bj.world.Set(healthtest.Refuses, target(0))
		s.want(e, 0, verdict.Down, false, bound)
		bj.world.Set(healthtest.Fine, target(0))
		s.want(e, 0, verdict.Up, false, bound)

		// One alone left of three: it holds, whatever that one says.
		hz.kill()
		bj.stop()
		s.want(e, 0, verdict.Up, true, health.Lapse+time.Second)
		gz.world.Set(healthtest.Refuses, target(1), target(2))
		s.keeps(e, 1, verdict.Up, 2*bound)
		if v := e.Verdict(key(1)); !v.Stale || v.Selected != 3 || v.Voting != 1 {
			t.Fatalf("one alone left: %+v", v)
		}
		// All gone: the same, for hours.
		gz.kill()
		s.keeps(e, 1, verdict.Up, time.Hour)
		if v := e.Verdict(key(1)); !v.Stale || v.Voting != 0 {
			t.Fatalf("all gone: %+v", v)
		}
		var words []string
		for _, v := range e.Vantages() {
			words = append(words, v.ID+" "+v.State)
		}
		if got := strings.Join(words, ", "); got != "bj lost, gz lost, hz lost" {
			t.Errorf("vantages: %s", got)
		}
	})
}

func TestIsolatedVantageAbstains(t *testing.T) {
	for _, c := range []struct {
		sentence string
		how      healthtest.Condition
		edit     func(*traffic.Template)
	}{
		{"its packets vanish", healthtest.Silent, func(*traffic.Template) {}},
		{"its packets vanish and one bad probe suffices", healthtest.Silent, func(t *traffic.Template) { t.EvaluationCount = 1 }},
		{"it has no route", healthtest.NoRoute, func(*traffic.Template) {}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			play(t, func(s *stage) {
				s.model = model(t, 12, c.edit)
				e := s.view("")
				p := s.vantage("here", healthtest.NewWorld())
				for i := range 12 {
					s.want(e, i, verdict.Up, false, 3*interval)
				}
				p.world.All(c.how)
				for i := range 12 {
					s.want(e, i, verdict.Up, true, 2*bound)
				}
				s.keeps(e, 3, verdict.Up, time.Minute)
				if st := e.Vantages()[0]; st.State != "isolated" || st.Isolated == "" {
					t.Fatalf("%+v", st)
				}
				if f := e.Findings(key(3))[0]; f.Counts || f.Reason == "" {
					t.Fatalf("finding of an isolated vantage: %+v", f)
				}
				// Back, with one target really dead.
				p.world.Restore()
				p.world.Set(healthtest.Silent, target(5))
				s.want(e, 3, verdict.Up, false, bound)
				s.want(e, 5, verdict.Down, false, 2*bound)
				for _, ev := range e.Events() {
					if ev.To == "down" && ev.Task != key(5) {
						t.Errorf("%v went down: %s", ev.Task, ev.Cause)
					}
				}
			})
		})
	}
}

func TestMassFailureIsNoIsolation(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 100)
		e := s.view("")
		p := s.vantage("here", healthtest.NewWorld())
		for i := range 100 {
			s.want(e, i, verdict.Up, false, 3*interval)
		}
		// A site with 99 of 100 targets dies.
		p.world.Set(healthtest.Silent, targets(0, 99)...)
		begin := time.Now()
		for i := range 99 {
			s.want(e, i, verdict.Down, false, bound-time.Since(begin))
		}
		s.keeps(e, 99, verdict.Up, interval)
	})
}

func TestFewTargetsAreReported(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 2)
		e := s.view("")
		p := s.vantage("here", healthtest.NewWorld())
		s.want(e, 0, verdict.Up, false, 3*interval)
		s.want(e, 1, verdict.Up, false, 3*interval)
		p.world.All(healthtest.Silent)
		s.want(e, 0, verdict.Down, false, bound)
		s.want(e, 1, verdict.Down, false, bound)
	})
}

// Targets that died long ago testify nothing about the network.
func TestTargetsThatDieOneByOneAreReported(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 6)
		e := s.view("")
		p := s.vantage("here", healthtest.NewWorld())
		for i := range 6 {
			s.want(e, i, verdict.Up, false, 3*interval)
		}
		for i := range 6 {
			p.world.Set(healthtest.Silent, target(i))
			s.want(e, i, verdict.Down, false, bound)
			time.Sleep(time.Minute)
		}
		p.world.Set(healthtest.Fine, target(2))
		s.want(e, 2, verdict.Up, false, bound)
	})
}

func TestGapIsHealed(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 20)
		e := s.view("")
		p := s.vantage("here", healthtest.NewWorld())
		for i := range 20 {
			s.want(e, i, verdict.Up, false, 3*interval)
		}
		// Exactly the batch that tells of the failure is lost.
		p.bus.Drop(func(subject string, data []byte) bool {
			return strings.HasPrefix(subject, health.ObsPrefix) && strings.Contains(string(data), "failed")
		})
		p.world.Set(healthtest.Refuses, target(4))
		// A heartbeat tells the number, the view asks: a second and a half more.
		s.want(e, 4, verdict.Down, false, bound+1500*time.Millisecond)
		p.bus.Drop(nil)
		// A view that was cut off meanwhile learns all when it is back.
		e.bus.Cut(true)
		p.world.Set(healthtest.Refuses, target(5))
		time.Sleep(2 * bound)
		e.bus.Cut(false)
		s.want(e, 5, verdict.Down, false, 2*time.Second)
	})
}

func TestViewThatStartsLaterAgrees(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 2500) // more than two pages
		a := s.view("")
		p := s.vantage("here", healthtest.NewWorld())
		p.world.Set(healthtest.Refuses, targets(100, 130)...)
		time.Sleep(4 * interval)
		b := s.view("")
		if cold := b.Wait(context.Background()); cold {
			t.Error("cold although the vantage answers")
		}
		synctest.Wait()
		if a.Digest() != b.Digest() || a.Digest() == strings.Repeat("0", 24) {
			t.Fatalf("digests %s and %s", a.Digest(), b.Digest())
		}
		if n := len(b.Tasks()); n != 2500 {
			t.Fatalf("%d tasks", n)
		}
		for _, st := range b.Tasks() {
			i := 0
			fmt.Sscanf(st.Key.Address, "t%d", &i)
			want := verdict.Up
			if i >= 100 && i < 130 {
				want = verdict.Down
			}
			if st.Verdict.State != want {
				t.Fatalf("%v is %v, want %v", st.Key, st.Verdict.State, want)
			}
		}
	})
}

func TestNewcomerStandsBy(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 6)
		e := s.view("")
		old := s.vantage("here", healthtest.NewWorld())
		for i := range 6 {
			s.want(e, i, verdict.Up, false, 3*interval)
		}
		young := s.vantage("here", healthtest.NewWorld())
		young.world.All(healthtest.Refuses) // it would lie
		s.keeps(e, 0, verdict.Up, 3*bound)
		if young.Status().Active || !old.Status().Active || young.world.Probes(target(0)) != 0 {
			t.Fatalf("newcomer %+v, elder %+v", young.Status(), old.Status())
		}
		old.kill()
		s.want(e, 0, verdict.Up, true, health.Lapse+time.Second)
		s.want(e, 0, verdict.Down, false, 3*bound) // the newcomer took over and says what it sees
		if !young.Status().Active {
			t.Fatal("the newcomer still stands by")
		}
	})
}

func TestTwoThatStartAtOnceLeaveOneActive(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 3)
		e := s.view("")
		a, b := s.vantage("here", healthtest.NewWorld()), s.vantage("here", healthtest.NewWorld())
		s.want(e, 0, verdict.Up, false, 4*interval)
		if a.Status().Active == b.Status().Active {
			t.Fatalf("a active=%v, b active=%v", a.Status().Active, b.Status().Active)
		}
	})
}

func TestRestartedVantageVotesAfterItsFirstEvaluation(t *testing.T) {
	for _, c := range []struct {
		sentence string
		end      func(*place)
	}{{"ended on purpose", func(p *place) { p.stop() }}, {"killed", func(p *place) { p.kill() }}} {
		t.Run(c.sentence, func(t *testing.T) {
			play(t, func(s *stage) {
				s.model = model(t, 6)
				e := s.view("")
				p := s.vantage("here", healthtest.NewWorld())
				p.world.Set(healthtest.Refuses, target(1))
				s.want(e, 0, verdict.Up, false, 3*interval)
				s.want(e, 1, verdict.Down, false, 3*interval)
				c.end(p)
				p.world.Set(healthtest.Fine, target(1))
				s.vantage("here", p.world)
				begin := time.Now()
				s.want(e, 1, verdict.Down, true, health.Lapse+time.Second)
				for time.Since(begin) < interval-time.Second {
					// Two probes are an evaluation; before it nothing moves.
					if v := e.Verdict(key(1)); v.State != verdict.Down {
						t.Fatalf("after %v: %+v", time.Since(begin), v)
					}
					time.Sleep(50 * time.Millisecond)
				}
				s.want(e, 1, verdict.Up, false, 3*interval)
				s.keeps(e, 0, verdict.Up, interval)
			})
		})
	}
}

func TestEditKeepsTheVerdict(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 3)
		e := s.view("")
		p := s.vantage("here", healthtest.NewWorld())
		p.world.Set(healthtest.Refuses, target(1))
		s.want(e, 1, verdict.Down, false, 3*interval)
		s.want(e, 0, verdict.Up, false, 3*interval)
		// The answer to the old question is no answer to the new one.
		p.world.Set(healthtest.Fine, target(1))
		edited := model(t, 3, func(t *traffic.Template) { t.TCP = &traffic.TCPOptions{Send: "x"} })
		e.SetModel(edited)
		if v := e.Verdict(key(1)); v.State != verdict.Down || !v.Stale {
			t.Fatalf("at the edit: %+v", v)
		}
		time.Sleep(time.Second) // the configuration reaches the vantage later
		p.SetModel(edited)
		for i := range 3 {
			s.want(e, i, verdict.Up, false, 3*interval)
		}
		// What only moves the judgement does not start over.
		looser := model(t, 3, func(t *traffic.Template) { t.TCP = &traffic.TCPOptions{Send: "x"}; t.FailureRate = 80 })
		p.SetModel(looser)
		e.SetModel(looser)
		for i := range 3 {
			if v := e.Verdict(key(i)); v.State != verdict.Up || v.Stale {
				t.Fatalf("t%d after a change of the failure rate: %+v", i, v)
			}
		}
	})
}

func TestTasksComeAndGo(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 3)
		e := s.view("")
		p := s.vantage("here", healthtest.NewWorld())
		s.want(e, 2, verdict.Up, false, 3*interval)
		// The vantage has the new task first, the view hears of it before it knows it.
		more := model(t, 5)
		p.SetModel(more)
		time.Sleep(3 * interval)
		e.SetModel(more)
		s.want(e, 4, verdict.Up, false, 0)
		digest := e.Digest()

		less := model(t, 2)
		e.SetModel(less)
		p.SetModel(less)
		time.Sleep(time.Second)
		if v := e.Verdict(key(4)); v != (verdict.Verdict{}) {
			t.Errorf("a removed task has %+v", v)
		}
		n := p.world.Probes(target(4))
		time.Sleep(3 * interval)
		if p.world.Probes(target(4)) != n {
			t.Error("a removed task is probed")
		}
		// Back again: what was said before its removal does not count.
		p.world.Set(healthtest.Refuses, target(4))
		e.SetModel(more)
		p.SetModel(more)
		if v := e.Verdict(key(4)); v.State != verdict.Unknown {
			t.Errorf("a task that came back has %+v", v)
		}
		s.want(e, 4, verdict.Down, false, 3*interval)
		p.world.Set(healthtest.Fine, target(4))
		for i := range 5 {
			s.want(e, i, verdict.Up, false, 3*interval)
		}
		if e.Digest() != digest {
			t.Errorf("digest %s, was %s with equal states", e.Digest(), digest)
		}
	})
}

func TestSelectors(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 2, func(t *traffic.Template) { t.Vantages = []string{"site=hz", "bj"} })
		e := s.view("")
		s.vantage("hz", healthtest.NewWorld())
		s.vantage("bj", healthtest.NewWorld())
		gz := s.vantage("gz", healthtest.NewWorld())
		s.want(e, 0, verdict.Up, false, 4*interval)
		time.Sleep(3 * interval)
		if v := e.Verdict(key(0)); v.Selected != 2 || v.Voting != 2 || gz.world.Probes(target(0)) != 0 {
			t.Errorf("%+v, and the one not selected probed %d times", v, gz.world.Probes(target(0)))
		}
	})
}

func TestViewRestarts(t *testing.T) {
	dir := t.TempDir()
	play(t, func(s *stage) {
		s.model = model(t, 4)
		e := s.view(dir)
		hz, bj := s.vantage("hz", healthtest.NewWorld()), s.vantage("bj", healthtest.NewWorld())
		hz.world.Set(healthtest.Refuses, target(1))
		bj.world.Set(healthtest.Refuses, target(1))
		s.want(e, 0, verdict.Up, false, 4*interval)
		s.want(e, 1, verdict.Down, false, 4*interval)
		since := e.Verdict(key(1)).Since
		e.stop()
		hz.kill()
		bj.kill()
		digest := e.Digest()
		time.Sleep(time.Hour)

		// Nobody answers, and the configuration comes late: it serves by what it knew.
		e = &eye{bus: s.bus.Client()}
		e.View = view.New(view.Options{Bus: e.bus, Dir: dir, Forget: 2 * time.Hour, Log: quiet})
		e.stop = s.run(e.Run)
		e.SetModel(traffic.NewModel())
		time.Sleep(time.Second)
		e.SetModel(s.model)
		begin := time.Now()
		if cold := e.Wait(context.Background()); !cold || time.Since(begin) > time.Second {
			t.Errorf("cold=%v after %v, want cold at once: verdicts are kept", cold, time.Since(begin))
		}
		s.keeps(e, 1, verdict.Down, time.Minute)
		v := e.Verdict(key(1))
		if !v.Stale || v.Selected != 2 || v.Since.Sub(since).Abs() > time.Second {
			t.Errorf("%+v, it was down since %v", v, since)
		}
		if e.Digest() != digest {
			t.Errorf("digest %s, was %s", e.Digest(), digest)
		}
		// One of the two alone is half, and may judge.
		s.vantage("hz", healthtest.NewWorld())
		s.want(e, 1, verdict.Up, false, 3*interval)
		if e.Cold() {
			t.Error("still cold")
		}
		// The other is forgotten: it was silent for an hour before the start.
		time.Sleep(65 * time.Minute)
		if v := e.Verdict(key(1)); v.Selected != 1 {
			t.Errorf("after two hours of silence: %+v", v)
		}
	})
}

func TestColdStartWaitsTenSeconds(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 2)
		e := s.view("")
		begin := time.Now()
		if cold := e.Wait(context.Background()); !cold || time.Since(begin) != 10*time.Second {
			t.Errorf("cold=%v after %v", cold, time.Since(begin))
		}
		if v := e.Verdict(key(0)); !v.Available() || v.Stale {
			t.Errorf("a task that nobody has judged: %+v", v)
		}
		s.model = traffic.NewModel()
		none := s.view("")
		begin = time.Now()
		if cold := none.Wait(context.Background()); cold || time.Since(begin) != 0 {
			t.Errorf("without tasks: cold=%v after %v", cold, time.Since(begin))
		}
	})
}

func TestListenersHearOfEveryChange(t *testing.T) {
	play(t, func(s *stage) {
		s.model = model(t, 30)
		e := &eye{bus: s.bus.Client()}
		e.View = view.New(view.Options{Bus: e.bus, Log: quiet})
		e.SetModel(s.model)
		states := map[traffic.TaskKey]verdict.State{}
		calls, told := 0, []view.Event{}
		e.OnChange(func(keys []traffic.TaskKey) {
			calls++
			for _, k := range keys {
				states[k] = e.Verdict(k).State
			}
		})
		e.OnEvent(func(l []view.Event) { told = append(told, l...) })
		e.stop = s.run(e.Run)
		p := s.vantage("here", healthtest.NewWorld())
		time.Sleep(3 * interval)
		p.world.Set(healthtest.Refuses, targets(0, 10)...)
		time.Sleep(bound)
		e.stop()
		for i := range 30 {
			if got, want := states[key(i)], e.Verdict(key(i)).State; got != want {
				t.Errorf("told %v of t%d, it is %v", got, i, want)
			}
		}
		downs := 0
		for _, ev := range told {
			if ev.To == "down" {
				downs++
				if !strings.Contains(ev.Cause, "here: ") || !strings.Contains(ev.Cause, "refuses connections") {
					t.Errorf("cause %q", ev.Cause)
				}
			}
		}
		if downs != 10 || !slices.ContainsFunc(told, func(ev view.Event) bool { return ev.Vantage == "here" && ev.To == "heard" }) {
			t.Errorf("%d downs in %+v", downs, told)
		}
		if _, err := json.Marshal(told); err != nil {
			t.Error(err)
		}
	})
}

func TestTenThousandTasks(t *testing.T) {
	play(t, func(s *stage) {
		const n = 10_000
		s.model = model(t, n)
		e := s.view("")
		p := s.vantage("here", healthtest.NewWorld())
		time.Sleep(3*interval + time.Second)
		up := 0
		for i := range n {
			if e.Verdict(key(i)).State == verdict.Up {
				up++
			}
		}
		if up != n {
			t.Fatalf("%d of %d are up", up, n)
		}
		p.world.Set(healthtest.Silent, targets(0, n/2)...)
		time.Sleep(bound)
		for i := range n {
			want := verdict.Up
			if i < n/2 {
				want = verdict.Down
			}
			if v := e.Verdict(key(i)); v.State != want {
				t.Fatalf("t%d is %v, want %v", i, v.State, want)
			}
		}
		st := p.Status().Schedule
		if st.Skipped != 0 || st.MaxLate != 0 || st.Items != n {
			t.Errorf("%+v", st)
		}
		// Changes come together: far fewer batches than observations.
		if b := p.bus.Sent(health.ObsPrefix); b > 2000 {
			t.Errorf("%d batches", b)
		}
	})
}

package health_test

import (
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/healthtest"
	"github.com/meridian-gtm/meridian/traffic/stat"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// TestMinutesAreWhatWasProbed: each minute a vantage tells once what it measured of all
// its tasks, in numbered pages; what its own fault hides is a gap; and a transition
// carries what each vantage found at that moment.
func TestMinutesAreWhatWasProbed(t *testing.T) {
	play(t, func(s *stage) {
		const tasks = 2*stat.PageTasks + 100
		s.model = model(t, tasks)
		var mu sync.Mutex
		var got []*stat.Probes
		cancel, err := s.bus.Client().Subscribe(health.StatsPrefix+"*", func(subject string, data []byte) {
			p, err := stat.DecodeProbes("hz", data)
			if err != nil || subject != health.StatsPrefix+"hz" {
				t.Errorf("%s: %v", subject, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, p)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer cancel()
		e := s.view("")
		p := s.vantage("hz", healthtest.NewWorld())
		s.want(e, 7, verdict.Up, false, 3*interval)
		time.Sleep(2 * time.Minute)
		p.world.Set(healthtest.Refuses, target(7))
		s.want(e, 7, verdict.Down, false, bound)
		time.Sleep(time.Minute)
		p.world.All(healthtest.NoRoute) // the vantage's own fault
		time.Sleep(2 * time.Minute)
		p.stop()

		mu.Lock()
		defer mu.Unlock()
		failed, perPeriod := uint32(0), map[uint64]int{}
		for i, m := range got {
			if m.Seq != uint64(i+1) || m.Instance != got[0].Instance || m.Span() > 61*time.Second {
				t.Errorf("message %d: %+v", i, m.Head)
			}
			for _, task := range m.Tasks {
				perPeriod[m.Period]++
				if task.Key == key(7) {
					failed += task.Failed
				} else if task.Failed != 0 || task.Min < 10*time.Millisecond || task.Answered() != uint64(task.Probes) {
					t.Fatalf("%+v", task)
				}
			}
		}
		full := 0
		for period, n := range perPeriod {
			if n > tasks {
				t.Errorf("minute %d tells of %d tasks, there are %d", period, n, tasks)
			}
			if n == tasks {
				full++
			}
		}
		if full < 3 || len(perPeriod) > 5 || failed < 12 {
			t.Errorf("%d minutes, %d of them full; %d failures", len(perPeriod), full, failed)
		}
		for _, ev := range e.Events() {
			if ev.Task == key(7) && ev.To == "down" {
				if len(ev.Findings) != 1 || ev.Findings[0].Vantage != "hz" || ev.Findings[0].Finding != verdict.Failed || ev.Findings[0].Reason == "" {
					t.Errorf("found at that moment: %+v", ev.Findings)
				}
				return
			}
		}
		t.Error("no transition of t7")
	})
}

package schedule

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// starts records when each item ran, and how many at once.
type starts struct {
	mu        sync.Mutex
	at        map[string][]time.Time
	now, most int
	takes     func(id string) time.Duration
}

func (r *starts) run(ctx context.Context, id string) {
	r.mu.Lock()
	r.at[id] = append(r.at[id], time.Now())
	r.now++
	r.most = max(r.most, r.now)
	r.mu.Unlock()
	if d := r.takes(id); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	r.mu.Lock()
	r.now--
	r.mu.Unlock()
}

// play runs a scheduler in fake time for a while.
func play(opt Options, takes func(string) time.Duration, fill func(*Scheduler), forTime time.Duration) (*starts, Stats) {
	r := &starts{at: map[string][]time.Time{}, takes: takes}
	opt.Run = r.run
	s := New(opt)
	fill(s)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	time.Sleep(forTime)
	st := s.Stats()
	cancel()
	<-done
	return r, st
}

func TestTenThousandTasksKeepTheirPeriodAndTheCap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const tasks, every, limit = 10_000, 5 * time.Second, 600
		begin := time.Now()
		r, st := play(Options{Concurrency: limit, Workers: 4},
			func(string) time.Duration { return 200 * time.Millisecond },
			func(s *Scheduler) {
				for i := range tasks {
					id := fmt.Sprint("task ", i)
					s.Set(id, every, hash(id))
				}
			}, 26*time.Second)
		if len(r.at) != tasks {
			t.Fatalf("%d of %d tasks ran", len(r.at), tasks)
		}
		if r.most > limit {
			t.Errorf("%d ran at once, the cap is %d", r.most, limit)
		}
		perSecond := make([]int, 5)
		for id, at := range r.at {
			if len(at) < 5 {
				t.Fatalf("%s ran %d times in 26 s", id, len(at))
			}
			perSecond[int(at[0].Sub(begin)/time.Second)]++
			for i := 1; i < len(at); i++ {
				if d := at[i].Sub(at[i-1]); d != every {
					t.Fatalf("%s ran %v after the run before, want %v exactly", id, d, every)
				}
			}
		}
		for s, n := range perSecond {
			if n < tasks/5*9/10 || n > tasks/5*11/10 {
				t.Errorf("second %d had %d first runs of %d: not spread", s, n, tasks)
			}
		}
		if st.Skipped != 0 || st.MaxLate != 0 {
			t.Errorf("skipped %d, late %v without overload", st.Skipped, st.MaxLate)
		}
	})
}

func TestOverloadKeepsTheCapAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// 1,000 tasks a second of 1 s each need 1,000 places; there are 50.
		r, st := play(Options{Concurrency: 50, Workers: 2}, func(string) time.Duration { return time.Second }, func(s *Scheduler) {
			for i := range 1000 {
				id := fmt.Sprint(i)
				s.Set(id, time.Second, hash(id))
			}
		}, 30*time.Second)
		if r.most > 50 {
			t.Errorf("%d ran at once, the cap is 50", r.most)
		}
		if st.Skipped == 0 {
			t.Error("an overload of twenty times skipped nothing")
		}
		if n := st.Started; n < 50*28 {
			t.Errorf("%d runs in 30 s: the places were not used", n)
		}
	})
}

func TestPlan(t *testing.T) {
	t.Parallel()
	quick := func(string) time.Duration { return 0 }
	for _, c := range []struct {
		sentence string
		run      func(t *testing.T)
	}{
		{"a slow item never runs twice at once", func(t *testing.T) {
			r, st := play(Options{}, func(string) time.Duration { return 2500 * time.Millisecond },
				func(s *Scheduler) { s.Set("slow", time.Second, 1) }, 10*time.Second)
			if r.most != 1 || st.Skipped == 0 {
				t.Errorf("%d at once, %d skipped", r.most, st.Skipped)
			}
		}},
		{"an item of an hour first runs within the spread, then once an hour", func(t *testing.T) {
			begin := time.Now()
			r, _ := play(Options{}, quick, func(s *Scheduler) { s.Set("rare", time.Hour, hash("rare")) }, 5*time.Hour)
			at := r.at["rare"]
			if len(at) < 5 || at[0].Sub(begin) >= DefaultSpread {
				t.Fatalf("ran %d times, first after %v", len(at), at[0].Sub(begin))
			}
			for i := 2; i < len(at); i++ {
				if d := at[i].Sub(at[i-1]); d != time.Hour {
					t.Errorf("%v between runs", d)
				}
			}
		}},
		{"setting an item again leaves its plan alone", func(t *testing.T) {
			r, _ := play(Options{}, quick, func(s *Scheduler) {
				for range 100 {
					s.Set("x", time.Second, 5)
				}
			}, 10*time.Second+time.Millisecond)
			if n := len(r.at["x"]); n < 10 || n > 11 {
				t.Errorf("ran %d times in 10 s", n)
			}
		}},
		{"a removed item runs no more, and its place serves another", func(t *testing.T) {
			r, st := play(Options{Workers: 1}, quick, func(s *Scheduler) {
				s.Set("a", time.Second, 5)
				s.Remove("a")
				s.Set("b", time.Second, 6)
			}, 5500*time.Millisecond)
			if len(r.at["a"]) != 0 || len(r.at["b"]) < 5 || st.Items != 1 {
				t.Errorf("a ran %d times, b %d, %d items", len(r.at["a"]), len(r.at["b"]), st.Items)
			}
		}},
		{"a shorter period counts from the change", func(t *testing.T) {
			r, _ := play(Options{}, quick, func(s *Scheduler) {
				s.Set("x", 10*time.Second, 5)
				s.Set("x", time.Second, 5)
			}, 10*time.Second)
			if n := len(r.at["x"]); n < 9 || n > 11 {
				t.Errorf("ran %d times in 10 s", n)
			}
		}},
		{"an item that is added while running starts", func(t *testing.T) {
			r := &starts{at: map[string][]time.Time{}, takes: quick}
			s := New(Options{Run: r.run})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { s.Run(ctx); close(done) }()
			time.Sleep(time.Minute)
			s.Set("late", time.Second, 9)
			time.Sleep(2 * time.Second)
			cancel()
			<-done
			if n := len(r.at["late"]); n != 2 {
				t.Errorf("ran %d times in 2 s", n)
			}
		}},
		{"the end waits for what runs", func(t *testing.T) {
			r, _ := play(Options{}, func(string) time.Duration { return time.Hour }, func(s *Scheduler) {
				for i := range 20 {
					s.Set(fmt.Sprint(i), time.Second, hash(fmt.Sprint(i)))
				}
			}, 2*time.Second)
			if r.now != 0 || r.most != 20 {
				t.Errorf("%d of %d still run after the end", r.now, r.most)
			}
		}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, c.run)
		})
	}
}

func TestHeapGivesEntriesInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var h heap
		var want []int64
		for _, op := range rapid.SliceOf(rapid.Int64Range(-1, 50)).Draw(t, "ops") {
			if op >= 0 {
				h.push(entry{due: op})
				want = append(want, op)
				slices.Sort(want)
			} else if len(h) > 0 {
				if got := h.pop().due; got != want[0] {
					t.Fatalf("popped %d, want %d", got, want[0])
				}
				want = want[1:]
			}
		}
		for len(h) > 0 {
			if got := h.pop().due; got != want[0] {
				t.Fatalf("popped %d, want %d", got, want[0])
			}
			want = want[1:]
		}
	})
}

func TestPhaseIsInThePeriod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		every := rapid.Int64Range(1, 1e12).Draw(t, "every")
		it := item{every: every, phase: rapid.Int64Range(0, every-1).Draw(t, "phase")}
		now := rapid.Int64Range(-1, 1e15).Draw(t, "now")
		due := it.after(now)
		if due <= now || due > max(now, 0)+every || (due-it.phase)%every != 0 {
			t.Fatalf("after %d: %d (every %d, phase %d)", now, due, every, it.phase)
		}
	})
}

func BenchmarkFire(b *testing.B) {
	var h heap
	for i := range 100_000 {
		h.push(entry{due: int64(mix(uint64(i)) % 5e9), id: uint32(i)})
	}
	for b.Loop() {
		e := h.pop()
		e.due += 5e9
		h.push(e)
	}
}

package view

import (
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// source is one known vantage. Guarded by View.mu.
type source struct {
	id     string
	labels map[string]string

	instance string
	beat     time.Time     // when the last heartbeat came, by our monotonic clock; zero if none did since our start
	age      time.Duration // of the last heartbeat at our start, from disk
	active   time.Duration // what the last heartbeat said
	tasks    int
	isolated string
	live     bool // heartbeat not lapsed; changes only with an event

	obs   map[traffic.TaskKey]*entry
	seq   uint64    // all batches up to here were applied, or will be made good by need
	said  uint64    // highest number that a heartbeat spoke of
	late  time.Time // since when said is ahead of seq; zero when it is not
	need  bool      // the whole state must be asked for
	whole bool      // it was had, of this instance
	busy  bool      // someone is asking
	fails int       // requests in a row that failed
	retry time.Time
	gen   int // of the whole state that is being applied
}

// entry is an observation with its place in time. Of two about one task the one from
// the later batch holds, whether it came in a batch or in a page of the whole state.
type entry struct {
	health.Observation
	stamp uint64
	since time.Time // when the finding began, by our clock
	gen   int
}

// dead tells an entry that only remembers that there is nothing.
func (e *entry) dead() bool { return e.Finding == verdict.Abstain && e.Code == "" }

// vote returns what the vantage says of a task; false when it says nothing that counts.
func (s *source) vote(t *health.Task) (verdict.Finding, bool) {
	if !s.live || s.isolated != "" {
		return verdict.Abstain, false
	}
	e := s.obs[t.Key]
	if e == nil || e.Def != t.Def || e.Finding == verdict.Abstain {
		return verdict.Abstain, false
	}
	return e.Finding, true
}

// apply takes one observation and reports whether it was news.
func (s *source) apply(o health.Observation, stamp uint64, now time.Time) bool {
	e := s.obs[o.Key]
	if e != nil {
		e.gen = s.gen
		if e.stamp > stamp {
			return false
		}
	} else {
		e = &entry{gen: s.gen}
		s.obs[o.Key] = e
	}
	e.Observation, e.stamp, e.since = o, stamp, now.Add(-o.Age)
	return true
}

// start forgets what an earlier instance found.
func (s *source) start(b *health.Beat) {
	s.instance, s.obs = b.Instance, map[traffic.TaskKey]*entry{}
	// Batches up to this heartbeat are covered by the state that is asked for now.
	s.seq, s.said, s.late, s.fails, s.retry = b.Seq, b.Seq, time.Time{}, 0, time.Time{}
	s.need = b.Seq > 0 // an instance that has published nothing has nothing to tell
	s.whole = !s.need
}

func (v *View) onBeat(subject string, data []byte) {
	id, err := health.VantageOf(subject, health.BeatPrefix)
	if err != nil {
		v.log.Warn("heartbeat refused", "error", err)
		return
	}
	b, err := health.DecodeBeat(id, data)
	if err != nil {
		v.log.Warn("heartbeat refused", "error", err)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.beatLocked(b, time.Now())
}

func (v *View) beatLocked(b *health.Beat, now time.Time) {
	s := v.vantages[b.Vantage]
	if s == nil {
		if b.Leaving {
			return
		}
		s = &source{id: b.Vantage, labels: b.Labels}
		v.vantages[b.Vantage] = s
		v.unsaved = true
		v.reselectLocked(now)
	}
	if s.instance != b.Instance {
		if b.Leaving || s.live && !health.Outranks(b.Active, b.Instance, s.active+now.Sub(s.beat), s.instance) {
			return // a newcomer, while the elder lives
		}
		s.start(b)
		v.pokeSync()
		v.rejudgeLocked(s, now)
	}
	if b.Leaving {
		s.beat = now
		v.loseLocked(s, now, "it ended on purpose")
		return
	}
	was := s.word() // before it is heard: a new one was unknown, not lost
	s.beat, s.age, s.active, s.tasks = now, 0, b.Active, b.Tasks
	if b.Seq > s.seq && s.late.IsZero() {
		s.late = now
	}
	s.said = max(s.said, b.Seq)
	if s.said <= s.seq {
		s.late = time.Time{}
	}
	if !s.busy && !s.need {
		// No page is on its way that could bring back what a batch has ended.
		s.bury()
	}
	if !sameLabels(s.labels, b.Labels) {
		s.labels = b.Labels
		v.unsaved = true
		v.reselectLocked(now)
	}
	if !s.live || s.isolated != b.Isolated {
		is := "heard"
		s.live, s.isolated = true, b.Isolated
		if b.Isolated != "" {
			is = "isolated"
		}
		if was != is {
			v.eventLocked(Event{At: now, Vantage: s.id, From: was, To: is, Cause: b.Isolated})
		}
		v.rejudgeLocked(s, now)
	}
	v.heard = v.heard || s.whole
}

func (s *source) bury() {
	for k, e := range s.obs {
		if e.dead() {
			delete(s.obs, k)
		}
	}
}

func (s *source) word() string {
	switch {
	case s.beat.IsZero():
		return "unknown"
	case !s.live:
		return "lost"
	case s.isolated != "":
		return "isolated"
	}
	return "heard"
}

func sameLabels(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, x := range a {
		if y, ok := b[k]; !ok || x != y {
			return false
		}
	}
	return true
}

func (v *View) loseLocked(s *source, now time.Time, cause string) {
	if !s.live {
		return
	}
	was := s.word()
	s.live = false
	v.eventLocked(Event{At: now, Vantage: s.id, From: was, To: "lost", Cause: cause})
	v.rejudgeLocked(s, now)
}

func (v *View) onObs(subject string, data []byte) {
	id, err := health.VantageOf(subject, health.ObsPrefix)
	if err != nil {
		v.log.Warn("observations refused", "error", err)
		return
	}
	b, err := health.DecodeBatch(id, data)
	if err != nil {
		v.log.Warn("observations refused", "error", err)
		return
	}
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.vantages[id]
	if s == nil || s.instance != b.Instance {
		return // its heartbeat comes within a second and then we ask for all
	}
	if b.Seq > s.seq+1 {
		s.need = true
		v.pokeSync()
	}
	s.seq = max(s.seq, b.Seq)
	if s.said <= s.seq {
		s.late = time.Time{}
	}
	for _, o := range b.Observations {
		if s.apply(o, b.Seq, now) {
			if t := v.tasks[o.Key]; t != nil {
				v.judgeLocked(t, now)
			}
		}
	}
}

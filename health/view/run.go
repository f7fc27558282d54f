package view

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
)

const (
	// tick is how often lapses and gaps are looked for.
	tick = 100 * time.Millisecond
	// patience is how long a heartbeat may speak of a batch that has not come: the two
	// travel on different subjects and may overtake each other.
	patience = 300 * time.Millisecond
	// askLimit bounds one request for a page.
	askLimit = 2 * time.Second
	// saveEvery bounds how often the file is written.
	saveEvery = time.Second
	// saveAtLeast keeps the ages in the file useful when nothing changes.
	saveAtLeast = 10 * time.Minute
)

// Run collects until ctx ends, and returns after all that it started has ended. It is
// called once.
func (v *View) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopObs, err := v.opt.Bus.Subscribe(health.ObsPrefix+"*", v.onObs)
	if err != nil {
		return fmt.Errorf("subscribe to observations: %w", err)
	}
	defer stopObs()
	stopBeat, err := v.opt.Bus.Subscribe(health.BeatPrefix+"*", v.onBeat)
	if err != nil {
		return fmt.Errorf("subscribe to heartbeats: %w", err)
	}
	defer stopBeat()
	v.mu.Lock()
	v.begun = time.Now()
	v.mu.Unlock()

	wg.Go(func() { v.tell(ctx) })
	wg.Go(func() { v.saveUntil(ctx) })
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-v.sync:
		}
		for _, s := range v.look(time.Now()) {
			wg.Go(func() { v.ask(ctx, s) })
		}
	}
}

// look finds lapses, gaps and vantages to forget, and returns those to be asked.
func (v *View) look(now time.Time) (ask []*source) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.settled && now.Sub(v.begun) >= settle {
		v.settled = true
		for _, t := range v.tasks {
			v.judgeLocked(t, now)
		}
	}
	for id, s := range v.vantages {
		if s.live && now.Sub(s.beat) >= health.Lapse {
			v.loseLocked(s, now, fmt.Sprintf("no heartbeat for %v", health.Lapse))
		}
		if !s.live && s.silence(v.begun, now) >= v.opt.Forget {
			v.forgetLocked(id, now, fmt.Sprintf("silent for %v", v.opt.Forget))
			continue
		}
		if !s.late.IsZero() && now.Sub(s.late) >= patience {
			s.need, s.late = true, time.Time{}
			s.seq = max(s.seq, s.said)
		}
		if s.need && !s.busy && s.live && !now.Before(s.retry) {
			s.busy, s.need = true, false
			s.gen++
			ask = append(ask, s)
		}
	}
	return ask
}

// silence is how long nothing has been heard, counted on over our own restarts.
func (s *source) silence(begun, now time.Time) time.Duration {
	if s.beat.IsZero() {
		return s.age + now.Sub(begun)
	}
	return now.Sub(s.beat)
}

func (v *View) forgetLocked(id string, now time.Time, cause string) {
	s := v.vantages[id]
	delete(v.vantages, id)
	v.unsaved = true
	v.eventLocked(Event{At: now, Vantage: id, From: s.word(), To: "forgotten", Cause: cause})
	v.reselectLocked(now)
}

// Forget takes a vantage out of those selected, as when its node is removed. One that
// still sends heartbeats is known again a second later.
func (v *View) Forget(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.vantages[id] != nil {
		v.forgetLocked(id, time.Now(), "removed")
	}
}

// ask gets a vantage's whole state, page by page.
func (v *View) ask(ctx context.Context, s *source) {
	err := v.pages(ctx, s)
	v.mu.Lock()
	defer v.mu.Unlock()
	s.busy = false
	if err == nil {
		s.fails = 0
		return
	}
	if ctx.Err() != nil {
		return
	}
	// Its findings so far still count: they are what it said last.
	s.need = true
	s.retry = time.Now().Add(min(500*time.Millisecond<<s.fails, health.Lapse))
	s.fails = min(s.fails+1, 8)
	v.log.Warn("whole state not had", "vantage", s.id, "error", err)
}

func (v *View) pages(ctx context.Context, s *source) error {
	v.mu.RLock()
	q := health.StateRequest{Version: health.Version, Instance: s.instance}
	v.mu.RUnlock()
	instance := q.Instance
	var first uint64
	for n := 0; ; n++ {
		reqCtx, cancel := context.WithTimeout(ctx, askLimit)
		data, err := v.opt.Bus.Request(reqCtx, health.StatePrefix+s.id, health.Encode(q))
		cancel()
		if err != nil {
			return fmt.Errorf("ask vantage %q for its state: %w", s.id, err)
		}
		p, err := health.DecodePage(s.id, data)
		if err != nil {
			return err
		}
		if p.Instance != instance {
			return fmt.Errorf("ask vantage %q for its state: another instance answers", s.id)
		}
		if p.More != nil && q.After != nil && health.CompareKeys(*p.More, *q.After) <= 0 {
			return fmt.Errorf("ask vantage %q for its state: its pages do not go on", s.id)
		}
		if n == 0 {
			first = p.Seq
		}
		if !v.page(s, p, first, n == 0) {
			return nil // a new instance came meanwhile; it is asked by itself
		}
		if p.More == nil {
			return nil
		}
		q.After = p.More
	}
}

// page applies one page; false when the source has moved on.
func (v *View) page(s *source, p *health.StatePage, first uint64, begin bool) bool {
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if s.instance != p.Instance || v.vantages[s.id] != s {
		return false
	}
	if begin {
		s.seq = max(s.seq, p.Seq)
		if s.said <= s.seq {
			s.late = time.Time{}
		}
	}
	for _, o := range p.Observations {
		if s.apply(o, p.Seq, now) {
			v.judgeKeyLocked(o.Key, now)
		}
	}
	if p.More != nil {
		return true
	}
	for k, e := range s.obs {
		if e.gen != s.gen && e.stamp <= first {
			delete(s.obs, k) // the vantage no longer has it
			v.judgeKeyLocked(k, now)
		}
	}
	s.whole, v.heard = true, true
	return true
}

func (v *View) judgeKeyLocked(k traffic.TaskKey, now time.Time) {
	if t := v.tasks[k]; t != nil {
		v.judgeLocked(t, now)
	}
}

// tell calls the listeners with what has gathered.
func (v *View) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.wake:
		}
		v.mu.Lock()
		keys := make([]traffic.TaskKey, 0, len(v.changed))
		for k := range v.changed {
			keys = append(keys, k)
		}
		clear(v.changed)
		news := v.news
		v.news = nil
		onChange, onEvent := v.onChange, v.onEvent
		v.mu.Unlock()
		if len(keys) > 0 {
			for _, f := range onChange {
				f(keys)
			}
		}
		if len(news) > 0 {
			for _, f := range onEvent {
				f(news)
			}
		}
	}
}

// Wait holds a node back that has tasks but no verdicts: until every vantage that is
// heard has given its whole state, at most 10 s. It returns whether the node starts
// cold. Run must be under way.
func (v *View) Wait(ctx context.Context) (cold bool) {
	limit := time.NewTimer(waitLimit)
	defer limit.Stop()
	poll := time.NewTicker(tick / 4)
	defer poll.Stop()
	for !v.ready() {
		select {
		case <-ctx.Done():
			return v.Cold()
		case <-limit.C:
			return v.Cold()
		case <-poll.C:
		}
	}
	return v.Cold()
}

func (v *View) ready() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if len(v.tasks) == 0 || v.kept > 0 {
		return true
	}
	if !v.settled {
		return false
	}
	some := false
	for _, s := range v.vantages {
		if s.live {
			if !s.whole {
				return false
			}
			some = true
		}
	}
	return some
}

package alert

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/meridian-gtm/meridian/control/store"
)

const (
	// rulesEvery is how soon the leader sees what another control process has set.
	rulesEvery = 2 * time.Second
	// retryStore is how long the leader waits for a store that does not answer.
	retryStore = time.Second
	// keepFor is how long the log is kept.
	keepFor    = 90 * 24 * time.Hour
	sweepEvery = time.Hour
	// lostBundle is for how long after its first alert another may still join a bundle with
	// nothing to link them, if group_wait is shorter: alerts of one cause come apart.
	lostBundle = 2 * time.Second
)

// keeper is one term of the leader. Its fields belong to its loop.
type keeper struct {
	*Service
	tracker *tracker
	active  map[Key]*store.Alert
	told    map[uint64]map[string]string // alert, channel: state of its newest notice
	rules   *Rules
	read    time.Time           // when the rules were read
	open    map[string]openPack // by family
	asks    []ask               // incidents to look for
	swept   time.Time
	fresh   map[uint64]time.Time // when the facts of an alert were last written anew
}

// openPack is a bundle that further alerts may join.
type openPack struct {
	bundle uint64
	at     time.Time
}

// ask looks for the incident of an alert some times: history writes it later.
type ask struct {
	key   Key
	id    uint64
	since time.Time
	at    time.Time
	tries int
}

// Run raises, resolves and sends until ctx, which carries the term of the leader, ends.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.keep(ctx) })
	g.Go(func() error { return s.deliver(ctx) })
	if err := g.Wait(); ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// keep is the loop that raises and resolves.
func (s *Service) keep(ctx context.Context) error {
	k := &keeper{Service: s, tracker: newTracker(), open: map[string]openPack{}, fresh: map[uint64]time.Time{}, swept: s.now()}
	for k.begin(ctx) != nil {
		if !wait(ctx, retryStore) {
			return nil
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-s.observed:
			k.tracker.observe(o.events, o.list)
		case <-s.rules:
			k.read = time.Time{}
		case <-timer.C:
		}
		again := rulesEvery
		next, err := k.step(ctx)
		switch {
		case errors.Is(err, store.ErrFenced):
			return err
		case err != nil && ctx.Err() == nil:
			s.log.Warn("alerts wait for the store", "error", err)
			again = retryStore
			if errors.Is(err, store.ErrExists) { // somebody else has written: see what is there
				k.read = time.Time{}
				if err := k.begin(ctx); err != nil {
					s.log.Warn("alerts wait for the store", "error", err)
				}
			}
		case !next.IsZero():
			again = min(again, max(next.Sub(s.now()), time.Millisecond))
		}
		timer.Reset(again)
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// begin takes over what earlier terms left.
func (k *keeper) begin(ctx context.Context) error {
	look, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	last, err := k.o.Store.LastAlertID(look)
	if err != nil {
		return err
	}
	k.note(last)
	list, err := k.o.Store.ActiveAlerts(look)
	if err != nil {
		return err
	}
	notices, err := k.o.Store.ToldNotices(look)
	if err != nil {
		return err
	}
	k.active, k.told = map[Key]*store.Alert{}, map[uint64]map[string]string{}
	for i := range list {
		a := &list[i]
		k.active[Key{a.Event, a.Kind, a.Object}] = a
		if a.Incident == 0 {
			k.ask(a)
		}
	}
	for _, n := range notices {
		k.noteTold(n)
	}
	k.tellLasting()
	return nil
}

func (k *keeper) noteTold(n store.AlertNotice) {
	if k.told[n.Alert] == nil {
		k.told[n.Alert] = map[string]string{}
	}
	k.told[n.Alert][n.Channel] = n.State
}

func (k *keeper) refresh(ctx context.Context) error {
	if k.rules != nil && k.now().Sub(k.read) < rulesEvery && !k.read.IsZero() {
		return nil
	}
	look, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	at := k.now()
	r, err := k.Rules(look)
	if err != nil {
		return err
	}
	// Who takes care of what, by whatever process.
	list, err := k.o.Store.ActiveAlerts(look)
	if err != nil {
		return err
	}
	for i := range list {
		if a := k.active[Key{list[i].Event, list[i].Kind, list[i].Object}]; a != nil && a.ID == list[i].ID {
			a.AckedAt, a.AckedBy, a.AckReason = list[i].AckedAt, list[i].AckedBy, list[i].AckReason
		}
	}
	k.rules, k.read = r, at
	k.current.Store(r)
	return nil
}

// step brings the alerts to what is wrong now. What it has decided is in the store when
// it returns nil; else nothing of it is, and the next step decides anew.
func (k *keeper) step(ctx context.Context) (next time.Time, err error) {
	if err := k.refresh(ctx); err != nil {
		return next, err
	}
	set := &k.rules.Settings
	now := k.now()
	raise, end, next := k.tracker.step(now, func(key Key) bool { return k.active[key] != nil }, func(f func(Key)) {
		for key := range k.active {
			f(key)
		}
	}, time.Duration(set.MinDuration), time.Duration(set.ClearAfter))
	at := k.moment()
	w := &work{k: k, at: at}
	for _, c := range raise {
		w.raise(c)
	}
	for _, key := range end {
		w.resolve(k.active[key])
	}
	w.changed()
	if at := w.repeat(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
		next = at
	}
	if err := w.commit(ctx); err != nil {
		return next, err
	}
	if err := k.unmute(ctx, at); err != nil {
		return next, err
	}
	if at := k.incidents(ctx); !at.IsZero() && (next.IsZero() || at.Before(next)) {
		next = at
	}
	if now.Sub(k.swept) >= sweepEvery {
		k.swept = now
		if err := k.o.Store.DropAlerts(ctx, at.Add(-keepFor)); err != nil && ctx.Err() == nil {
			k.log.Warn("old alerts stay", "error", err)
		}
	}
	k.count(func(c *Counts) { c.Active = len(k.active) })
	k.tellLasting()
	return next, nil
}

func (k *keeper) mutedNow(key Key, a *store.Alert, at time.Time) bool {
	f := readFacts(a.Facts)
	return k.rules.muted(key, &f.Facts, at) != nil
}

// tellLasting makes a copy for those who watch, if it is another than before.
func (k *keeper) tellLasting() {
	old := k.Lasting()
	same := len(old) == len(k.active) && k.lasting.Load() != nil
	for key := range k.active {
		same = same && old[key]
	}
	if same {
		return
	}
	m := make(map[Key]bool, len(k.active))
	for key := range k.active {
		m[key] = true
	}
	k.lasting.Store(&m)
}

// unmute lets alerts be told whose mute has ended while they last.
func (k *keeper) unmute(ctx context.Context, at time.Time) error {
	var ids []uint64
	var keys []Key
	for key, a := range k.active {
		muted := false
		for _, state := range k.told[a.ID] {
			muted = muted || state == store.NoticeMuted
		}
		if muted && !k.mutedNow(key, a, at) {
			ids, keys = append(ids, a.ID), append(keys, key)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := k.o.Store.Unmute(ctx, ids, k.rules.due(at, k.active[keys[0]].Severity)); err != nil {
		return err
	}
	for _, id := range ids {
		for ch, state := range k.told[id] {
			if state == store.NoticeMuted {
				k.told[id][ch] = store.NoticeWaiting
			}
		}
	}
	k.outbox.set()
	return nil
}

// askAfter is when history is asked for an incident: it writes each second, but may be
// behind.
var askAfter = []time.Duration{1500 * time.Millisecond, 4 * time.Second, 20 * time.Second}

func (k *keeper) ask(a *store.Alert) {
	if k.o.Incident == nil || a.Kind != OfAddress && a.Kind != OfPool && a.Kind != OfDomain || a.Event == TrafficAnomaly {
		return
	}
	k.asks = append(k.asks, ask{Key{a.Event, a.Kind, a.Object}, a.ID, a.Since, k.now().Add(askAfter[0]), 0})
}

// incidents looks for those that are due and says when the next are.
func (k *keeper) incidents(ctx context.Context) (next time.Time) {
	now := k.now()
	found := map[uint64]uint64{}
	rest := k.asks[:0]
	looked := 0
	for _, q := range k.asks {
		if q.at.After(now) || looked >= 50 { // some ms of a step; the others have the next one
			rest = append(rest, q)
			continue
		}
		looked++
		if id := k.o.Incident(ctx, q.key, q.since); id != 0 {
			found[q.id] = id
		} else if q.tries++; q.tries < len(askAfter) {
			q.at = now.Add(askAfter[q.tries])
			rest = append(rest, q)
		}
	}
	k.asks = rest
	if len(found) > 0 {
		if err := k.o.Store.SetAlertIncident(ctx, found); err != nil {
			k.log.Warn("incidents of alerts are not noted", "error", err)
		} else {
			for _, a := range k.active {
				if id := found[a.ID]; id != 0 {
					a.Incident = id
				}
			}
		}
	}
	for _, q := range k.asks {
		if next.IsZero() || q.at.Before(next) {
			next = q.at
		}
	}
	return next
}

package alert

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// work is what one step writes. The keeper takes it over when it is written.
type work struct {
	k      *keeper
	at     time.Time
	batch  store.AlertBatch
	raised map[Key]*store.Alert
	over   map[uint64]bool     // alerts that end
	open   map[string]openPack // as the step leaves it
}

// nextID gives ids to what was decided, in the order in which it was.
func (w *work) nextID() uint64 { return w.k.ids(1) }

func (w *work) raise(c *Condition) {
	k := w.k
	f := keptFacts{Facts: c.Facts, Route: c.Domains}
	since := c.Since.UTC().Truncate(time.Microsecond)
	if c.Since.IsZero() || since.After(w.at) {
		since = w.at
	}
	a := &store.Alert{ID: w.nextID(), Event: c.Event, Kind: c.Kind, Object: c.Object, Severity: c.severity(), Since: since, RaisedAt: w.at, ToldAt: w.at}
	a.Bundle = w.bundle(c, a.ID)
	f.Since = since
	a.Facts = f.bytes()
	if w.raised == nil {
		w.raised = map[Key]*store.Alert{}
	}
	w.raised[c.Key] = a
	e := w.entry(a, ActAlert, f)
	muted := k.rules.muted(c.Key, &c.Facts, w.at) != nil
	for _, ch := range k.rules.route(c) {
		w.notice(e, a, ch, muted)
	}
}

// bundle says what an alert is told with: with what it follows from, else with what
// came just before it and may have the same cause.
func (w *work) bundle(c *Condition, id uint64) uint64 {
	for _, cause := range c.Causes {
		if a := w.raised[cause]; a != nil {
			return a.Bundle
		}
		if a := w.k.active[cause]; a != nil {
			return a.Bundle
		}
	}
	e, _ := EventOf(c.Event)
	within := max(time.Duration(w.k.rules.Settings.GroupWait), lostBundle)
	if w.open == nil {
		w.open = maps.Clone(w.k.open)
	}
	if p, ok := w.open[e.family]; ok && w.at.Sub(p.at) < within && !w.at.Before(p.at) {
		return p.bundle
	}
	w.open[e.family] = openPack{id, w.at}
	return id
}

func (w *work) entry(a *store.Alert, action string, f keptFacts) *store.AlertEntry {
	said := Telling{Action: action, Key: Key{a.Event, a.Kind, a.Object}, Since: a.Since, At: w.at, Facts: f.Facts}
	text := said.Title(send.English)
	if more := said.Text(send.English); more != "" {
		text += "\n" + more
	}
	w.batch.Log = append(w.batch.Log, store.AlertEntry{ID: w.nextID(), At: w.at, Alert: a.ID, Action: action, Event: a.Event, Kind: a.Kind, Object: a.Object, Severity: a.Severity,
		Incident: a.Incident, Text: text, Facts: f.bytes()})
	return &w.batch.Log[len(w.batch.Log)-1]
}

func (w *work) notice(e *store.AlertEntry, a *store.Alert, channel string, muted bool) {
	n := store.AlertNotice{Log: e.ID, Channel: channel, Alert: a.ID, Bundle: a.Bundle, State: store.NoticeWaiting, DueAt: w.k.rules.due(w.at, a.Severity)}
	if muted {
		n.State, n.DueAt = store.NoticeMuted, w.at
	}
	w.batch.Notices = append(w.batch.Notices, n)
}

// resolve ends an alert. Those who were told of it are told of its end, and no others.
func (w *work) resolve(a *store.Alert) {
	c := *a
	c.ResolvedAt = w.at
	f := readFacts(a.Facts)
	f.For = int64(w.at.Sub(a.Since) / time.Second)
	f.Since = a.Since
	f.Reason, f.ReasonSaid, f.Instead = "", said.Said{}, nil // as it was at the beginning; not any more
	w.batch.Alerts = append(w.batch.Alerts, c)
	e := w.entry(a, ActResume, f)
	for _, ch := range slices.Sorted(maps.Keys(w.k.told[a.ID])) {
		if w.k.told[a.ID][ch] != store.NoticeMuted {
			w.notice(e, a, ch, false)
		}
	}
	if w.over == nil {
		w.over = map[uint64]bool{}
	}
	w.over[a.ID] = true
}

// freshEvery is how often the facts of one alert are written anew: some hold numbers that
// move all the time.
const freshEvery = 5 * time.Second

// changed keeps the facts of alerts that last as they are now: what clients get instead
// may be another thing than when it began.
func (w *work) changed() {
	for key, c := range w.k.tracker.wrong {
		a := w.k.active[key]
		if a == nil {
			continue
		}
		if last := w.k.fresh[a.ID]; w.at.Sub(last) < freshEvery && w.at.After(last) {
			continue
		}
		f := keptFacts{Facts: c.Facts, Route: c.Domains, Since: a.Since}
		f.Seconds = readFacts(a.Facts).Seconds // it grows with each look
		if b := f.bytes(); string(b) != string(a.Facts) {
			n := *a
			n.Facts = b
			w.k.fresh[a.ID] = w.at
			w.batch.Alerts = append(w.batch.Alerts, n)
		}
	}
}

// repeat tells again what lasts, and says when the next is due.
func (w *work) repeat() (next time.Time) {
	every := time.Duration(w.k.rules.Settings.RepeatEvery)
	if every == 0 {
		return next
	}
	for key, a := range w.k.active {
		if !a.AckedAt.IsZero() || w.over[a.ID] {
			continue
		}
		if at := a.ToldAt.Add(every); at.After(w.at) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			continue
		}
		f := readFacts(a.Facts)
		var to []string
		if w.k.rules.muted(key, &f.Facts, w.at) == nil {
			to = w.k.rules.route(&Condition{Key: key, Severity: a.Severity, Domains: f.Route})
		}
		n := w.current(a)
		n.ToldAt = w.at
		if len(to) == 0 {
			continue
		}
		e := w.entry(a, ActRepeat, f)
		for _, ch := range to {
			w.notice(e, a, ch, false)
		}
	}
	return next
}

// current returns the row of an alert in the batch, put there if need be.
func (w *work) current(a *store.Alert) *store.Alert {
	for i := range w.batch.Alerts {
		if w.batch.Alerts[i].ID == a.ID {
			return &w.batch.Alerts[i]
		}
	}
	w.batch.Alerts = append(w.batch.Alerts, *a)
	return &w.batch.Alerts[len(w.batch.Alerts)-1]
}

// commit writes all and takes it over.
func (w *work) commit(ctx context.Context) error {
	for _, c := range slices.SortedFunc(maps.Values(w.raised), func(a, b *store.Alert) int { return int(int64(a.ID) - int64(b.ID)) }) {
		w.batch.Alerts = append(w.batch.Alerts, *c)
	}
	if len(w.batch.Alerts) == 0 && len(w.batch.Log) == 0 {
		return nil
	}
	write, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if err := w.k.o.Store.WriteAlerts(write, w.batch); err != nil {
		return err
	}
	k := w.k
	for i := range w.batch.Alerts {
		a := w.batch.Alerts[i]
		key := Key{a.Event, a.Kind, a.Object}
		if !a.ResolvedAt.IsZero() {
			delete(k.active, key)
			delete(k.told, a.ID)
			delete(k.fresh, a.ID)
			continue
		}
		k.active[key] = &a
		if w.raised[key] != nil {
			k.ask(&a)
		}
	}
	if w.open != nil {
		k.open = w.open
	}
	for _, n := range w.batch.Notices {
		if !w.over[n.Alert] {
			k.noteTold(n)
		}
	}
	k.count(func(c *Counts) { c.Raised += uint64(len(w.raised)); c.Resolved += uint64(len(w.over)) })
	if len(w.batch.Log) > 0 {
		k.written.set()
	}
	if len(w.batch.Notices) > 0 {
		k.outbox.set()
	}
	return nil
}

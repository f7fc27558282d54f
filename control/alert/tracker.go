package alert

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// tracker compares what is wrong with the alerts that last. It holds no clock and does
// no I/O; times of waiting are of the caller's clock.
type tracker struct {
	held  map[Key]bool       // what nobody knows of, as last observed
	wrong map[Key]*Condition // as last observed
	known map[string]bool    // events that were observed since the start
	begun map[Key]time.Time  // since when something is wrong that is no alert yet
	ended map[Key]time.Time  // since when something is right whose alert lasts
}

func newTracker() *tracker {
	return &tracker{held: map[Key]bool{}, wrong: map[Key]*Condition{}, known: map[string]bool{}, begun: map[Key]time.Time{}, ended: map[Key]time.Time{}}
}

// observe takes the complete set of what is wrong among some events.
func (t *tracker) observe(events []string, list []Condition) {
	for _, e := range events {
		t.known[e] = true
	}
	for k := range t.wrong {
		if slices.Contains(events, k.Event) {
			delete(t.wrong, k)
		}
	}
	for k := range t.held {
		if slices.Contains(events, k.Event) {
			delete(t.held, k)
		}
	}
	for i := range list {
		switch {
		case !slices.Contains(events, list[i].Event):
		case list[i].Hold:
			t.held[list[i].Key] = true
		default:
			t.wrong[list[i].Key] = &list[i]
		}
	}
}

// step returns what becomes an alert now and which alerts end, and when to look again if
// nothing is observed until then; the zero time for never. It changes nothing that a
// second call would not find again, until the caller has made the alerts so.
func (t *tracker) step(now time.Time, active func(Key) bool, each func(func(Key)), least, clear time.Duration) (raise []*Condition, end []Key, next time.Time) {
	wake := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for k, c := range t.wrong {
		delete(t.ended, k)
		if active(k) {
			delete(t.begun, k)
			continue
		}
		since, ok := t.begun[k]
		if !ok {
			since = now
			t.begun[k] = now
		}
		if at := since.Add(least); at.After(now) {
			wake(at)
			continue
		}
		raise = append(raise, c)
	}
	for k := range t.begun {
		if t.wrong[k] == nil {
			delete(t.begun, k)
		}
	}
	each(func(k Key) {
		if t.wrong[k] != nil || !t.known[k.Event] || t.held[k] {
			delete(t.ended, k)
			return
		}
		since, ok := t.ended[k]
		if !ok {
			since = now
			t.ended[k] = now
		}
		if at := since.Add(clear); at.After(now) {
			wake(at)
			return
		}
		end = append(end, k)
	})
	for k := range t.ended {
		if !active(k) {
			delete(t.ended, k)
		}
	}
	slices.SortFunc(raise, func(a, b *Condition) int { return compareKeys(a.Key, b.Key) })
	slices.SortFunc(end, compareKeys)
	return raise, end, next
}

// compareKeys puts causes before what follows from them: addresses, pools, access domains.
func compareKeys(a, b Key) int {
	place := func(k Key) int { return -slices.IndexFunc(Events, func(e Event) bool { return e.Code == k.Event }) }
	return cmp.Or(place(a)-place(b), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Object, b.Object))
}

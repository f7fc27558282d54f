package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/lease"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// eventLog writes the transitions that this process sees. Every control process sees
// them all, each by its own view; the one that leads writes them. The others hold the
// last ones back: should the leader have died before it wrote them, the next one does.
type eventLog struct {
	n    *node
	wake chan struct{}

	mu   sync.Mutex // guards the fields below
	last uint64     // number of the newest
	held []heldEvent
}

type heldEvent struct {
	control.Event
	number uint64
	seen   time.Time // monotonic
}

const (
	// holdBack covers the time between a leader's death and the next one's first look.
	holdBack = 2 * lease.Length
	// alike is how far apart two views may see one transition: a heartbeat that one of
	// them missed, and the time between two rounds of verdicts.
	alike = 5 * time.Second
	// maxHeld bounds what waits for a store that is away: the newest are kept.
	maxHeld = 10_000
)

// keepEvents writes transitions to the event log and tells those who watch.
func (n *node) keepEvents() {
	l := &eventLog{n: n, wake: make(chan struct{}, 1)}
	n.view.OnEvent(l.add)
	n.lead("events", l.write)
}

// add takes events from the view; it does not block.
func (l *eventLog) add(list []view.Event) {
	now := time.Now()
	l.mu.Lock()
	for _, e := range list {
		l.last++
		l.held = append(l.held, heldEvent{eventOf(e), l.last, now})
	}
	l.trimLocked(now)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	for _, e := range list {
		if e.Vantage == "" {
			l.n.control.service.Stream.Publish("health", map[string]any{"task": e.Task, "from": e.From, "to": e.To, "at": e.At.UTC(), "cause": e.Cause})
		}
	}
}

func (l *eventLog) trimLocked(now time.Time) {
	drop := max(0, len(l.held)-maxHeld)
	if !l.n.leads() {
		for drop < len(l.held) && now.Sub(l.held[drop].seen) > holdBack {
			drop++
		}
	}
	l.held = l.held[drop:]
}

// write stores what is held, as the one that leads.
func (l *eventLog) write(ctx context.Context) error {
	first := true
	for {
		err := l.flush(ctx, first)
		again := time.Hour
		if err != nil && ctx.Err() == nil {
			l.n.log.Warn("events wait for the store", "error", err)
			again = time.Second
		} else {
			first = false
		}
		t := time.NewTimer(again)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-l.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// flush stores what is held. The first time in a term it leaves out what the leader
// before has stored.
func (l *eventLog) flush(ctx context.Context, first bool) error {
	now := time.Now()
	l.mu.Lock()
	l.trimLocked(now)
	list := make([]control.Event, 0, len(l.held))
	for _, e := range l.held {
		list = append(list, e.Event)
	}
	last := l.last
	l.mu.Unlock()
	if first && len(list) > 0 {
		past, err := l.n.control.service.Events(ctx, history.EventFilter{Limit: maxHeld})
		if err != nil {
			return err
		}
		list = without(list, past)
	}
	if len(list) > 0 {
		l.n.control.service.Record(list...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.held) > 0 && l.held[0].number <= last {
		l.held = l.held[1:]
	}
	return nil
}

// without leaves out the events that stand in the log already, as another view saw them.
func without(list, past []control.Event) []control.Event {
	type what struct{ kind, subject, to string }
	of := func(e control.Event) what { return what{e.Kind, e.Subject, string(e.Data)} }
	at := map[what][]time.Time{}
	for _, e := range past {
		at[of(e)] = append(at[of(e)], e.At)
	}
	var out []control.Event
	for _, e := range list {
		known := false
		for _, t := range at[of(e)] {
			known = known || e.At.Sub(t).Abs() <= alike
		}
		if !known {
			out = append(out, e)
		}
	}
	return out
}

func eventOf(e view.Event) control.Event {
	var text said.Said
	ev := control.Event{At: e.At.UTC(), Kind: "health", Severity: "info", Data: fmt.Appendf(nil, `{"from":%q,"to":%q}`, e.From, e.To)}
	if e.Vantage != "" {
		ev.Kind, ev.Subject = "vantage", e.Vantage
		text = saidVantage.With(e.Vantage, e.To, e.From)
		if e.To == "lost" || e.To == "isolated" {
			ev.Severity = "warning"
		}
	} else {
		ev.Subject, text = e.Task.String(), saidTask.With(e.Task.String(), e.To, e.From)
		if e.To == "down" {
			ev.Severity = "error"
		}
	}
	if e.Cause != "" {
		if text = saidTaskSince.With(ev.Subject, e.To, e.From, e.Cause); e.Vantage != "" {
			text = saidVantageSince.With(ev.Subject, e.To, e.From, e.Cause)
		}
	}
	ev.Text = text.String()
	return ev
}

var (
	saidVantage      = said.New("event.vantage", "vantage {vantage} is {to} (was {from})")
	saidVantageSince = said.New("event.vantage_cause", "vantage {vantage} is {to} (was {from}): {cause:s}")
	saidTask         = said.New("event.task", "task {task} is {to} (was {from})")
	saidTaskSince    = said.New("event.task_cause", "task {task} is {to} (was {from}): {cause:s}")
)

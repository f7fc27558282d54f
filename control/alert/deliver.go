package alert

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
)

const (
	// firstRetry and mostRetry bound the pauses between attempts, which double.
	firstRetry, mostRetry = 5 * time.Second, 5 * time.Minute
	// lastTry is after how long a message is not sent any more: what is as old is told by
	// the repeat, if it still lasts.
	lastTry = 24 * time.Hour
	// mostFinal is how often a message is tried that the other side understood and refused.
	mostFinal = 3
	// lookOutbox is how often the outbox is looked at without a word that there is something.
	lookOutbox = 5 * time.Second
	// mostNotices bounds one look.
	mostNotices = 20_000
)

// courier is one term of the loop that sends. Its fields belong to the loop; workers
// get what they need and tell by signal that they are done.
type courier struct {
	*Service
	mu     sync.Mutex // guards the two below
	busy   map[string]bool
	noted  map[uint64]store.AlertDelivery // what became of attempts that the store has not heard of
	limits map[string]*bucket
	work   sync.WaitGroup
}

// bucket lets rate messages a minute through, few of them at once.
type bucket struct {
	tokens float64
	at     time.Time
	rate   int
}

// burst is how many messages may go out at once. With what refills in the minute it
// stays below what chat robots take.
const burst = 3

func (b *bucket) fill(now time.Time, rate int) {
	if b.at.IsZero() {
		b.tokens = 1 // nobody knows what went out before this term
	} else {
		b.tokens = min(b.tokens+now.Sub(b.at).Minutes()*float64(rate), burst)
	}
	b.at, b.rate = now, rate
}

// ready is in how long there is a token.
func (b *bucket) ready() time.Duration {
	if b.tokens >= 1 {
		return 0
	}
	return time.Duration((1 - b.tokens) / float64(b.rate) * float64(time.Minute))
}

// deliver is the loop that sends.
func (s *Service) deliver(ctx context.Context) error {
	c := &courier{Service: s, busy: map[string]bool{}, noted: map[uint64]store.AlertDelivery{}, limits: map[string]*bucket{}}
	defer c.work.Wait()
	for {
		next, err := c.round(ctx)
		if errors.Is(err, store.ErrFenced) {
			return err
		}
		again := lookOutbox
		if err != nil && ctx.Err() == nil {
			s.log.Warn("messages about alerts wait for the store", "error", err)
			again = retryStore
		} else if !next.IsZero() {
			again = min(again, max(next.Sub(s.now()), time.Millisecond))
		}
		t := time.NewTimer(again)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-s.outbox:
		case <-t.C:
		}
		t.Stop()
	}
}

// round gives every channel that is free its next message, and says when the next is due.
func (c *courier) round(ctx context.Context) (next time.Time, err error) {
	// Before the store is read: what a worker that ends meanwhile has noted may be missing
	// in what is read, and would be sent again.
	busy := c.taken()
	look, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	waiting, err := c.o.Store.WaitingNotices(look, mostNotices)
	if err != nil {
		return next, err
	}
	pending, err := c.o.Store.PendingDeliveries(look)
	if err != nil {
		return next, err
	}
	c.count(func(n *Counts) { n.Waiting = len(waiting) + len(pending) })
	if len(waiting) == 0 && len(pending) == 0 {
		return next, nil
	}
	rules, err := c.Rules(look)
	if err != nil {
		return next, err
	}
	due := map[string][]store.WaitingNotice{}
	for _, n := range waiting {
		due[n.Channel] = append(due[n.Channel], n)
	}
	first := map[string]*store.AlertDelivery{}
	for i := range pending {
		if d := &pending[i]; first[d.Channel] == nil {
			first[d.Channel] = d
			if due[d.Channel] == nil {
				due[d.Channel] = nil
			}
		}
	}
	for name := range due {
		if busy[name] {
			continue // it says so when it is done
		}
		ch := rules.channels[name]
		if ch == nil || !*ch.Enabled {
			if err := c.o.Store.DropNotices(look, name); err != nil {
				return next, err
			}
			continue
		}
		at, err := c.serve(ctx, rules, name, ch, first[name], due[name])
		if err != nil {
			return next, err
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, nil
}

// serve begins to send a channel's next message, if it is time for one.
func (c *courier) serve(ctx context.Context, rules *Rules, name string, ch *stored, again *store.AlertDelivery, list []store.WaitingNotice) (next time.Time, err error) {
	now := c.now()
	b := c.limits[name]
	if b == nil {
		b = &bucket{}
		c.limits[name] = b
	}
	b.fill(now, ch.rate())
	if wait := b.ready(); wait > 0 {
		return now.Add(wait), nil
	}
	if again != nil { // before all others: they are told in order
		c.mu.Lock()
		d, known := c.noted[again.ID]
		c.mu.Unlock()
		if known { // a store that reads and does not write: not sent again for that
			return now.Add(retryStore), c.write(ctx, d)
		}
		if again.NextAt.After(now) {
			return again.NextAt, nil
		}
		m, err := decodeMessage(again.Message)
		if err != nil {
			again.State, again.EndedAt, again.Answer = store.DeliveryFailed, c.moment(), err.Error()
			return now, c.o.Store.NoteDelivery(ctx, *again)
		}
		b.tokens--
		c.send(ctx, name, ch, *again, m)
		return next, nil
	}
	p, next := choose(list, now, int(b.tokens), send.Apart(ch.Kind))
	if p == nil {
		return next, nil
	}
	if p.open, err = c.openOf(ctx, name, p); err != nil {
		return next, err
	}
	at := c.moment()
	d := store.AlertDelivery{ID: c.ids(1), Channel: name, State: store.DeliveryPending, CreatedAt: at, NextAt: at}
	m := p.message(d.ID, at, ch.Language, &rules.Settings)
	d.Message = encodeMessage(m)
	log := make([]uint64, len(p.notices))
	for i := range p.notices {
		log[i] = p.notices[i].Log
	}
	if err := c.o.Store.Bind(ctx, d, log); err != nil {
		return next, err
	}
	b.tokens--
	c.send(ctx, name, ch, d, m)
	return next, nil
}

// choose takes what the next message is about: the bundle that is due for longest with all
// that waits of it, or all that is due when there are more bundles than messages may go
// out. nil: nothing is due before next.
func choose(list []store.WaitingNotice, now time.Time, tokens int, apart bool) (p *parcel, next time.Time) {
	first := map[uint64]time.Time{} // when a bundle is due
	for i := range list {
		n := &list[i]
		if at, ok := first[n.Bundle]; !ok || n.DueAt.Before(at) {
			first[n.Bundle] = n.DueAt
		}
	}
	var due []uint64
	for b, at := range first {
		if at.After(now) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
		} else {
			due = append(due, b)
		}
	}
	if len(due) == 0 {
		return nil, next
	}
	slices.SortFunc(due, func(a, b uint64) int { return cmp.Or(first[a].Compare(first[b]), cmp.Compare(a, b)) })
	if apart || len(due) <= tokens {
		due = due[:1]
	}
	p = &parcel{}
	for i := range list {
		if slices.Contains(due, list[i].Bundle) {
			p.notices = append(p.notices, list[i])
		}
	}
	return p, next
}

// openOf counts the alerts of a parcel's bundles that last, as far as the channel was told.
func (c *courier) openOf(ctx context.Context, name string, p *parcel) (int, error) {
	told, err := c.o.Store.ToldNotices(ctx)
	if err != nil {
		return 0, err
	}
	of := map[uint64]bool{}
	for i := range p.notices {
		of[p.notices[i].Bundle] = true
	}
	open := map[uint64]bool{}
	for i := range told {
		if n := &told[i]; n.Channel == name && n.State != store.NoticeMuted && of[n.Bundle] {
			open[n.Alert] = true
		}
	}
	return len(open), nil
}

// taken are the channels whose workers are under way.
func (c *courier) taken() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.busy)
}

// send makes an attempt beside the loop, and notes what became of it.
func (c *courier) send(ctx context.Context, name string, ch *stored, d store.AlertDelivery, m *send.Message) {
	c.mu.Lock()
	c.busy[name] = true
	c.mu.Unlock()
	c.work.Go(func() {
		d.Attempts++
		target, err := ch.resolve(name)
		answer := ""
		if err == nil {
			answer, err = c.o.Send(ctx, target, m)
		}
		if ctx.Err() == nil || err == nil { // else the term ended: the next leader sends it again
			c.settle(ctx, &d, answer, err)
		}
		c.mu.Lock()
		delete(c.busy, name)
		c.mu.Unlock()
		c.outbox.set()
	})
}

// settle notes what became of an attempt.
func (c *courier) settle(ctx context.Context, d *store.AlertDelivery, answer string, err error) {
	at := c.moment()
	var f *send.Failure
	final := errors.As(err, &f) && f.Final
	switch {
	case err == nil:
		d.State, d.EndedAt, d.Answer = store.DeliverySent, at, answer
	case at.Sub(d.CreatedAt) > c.giveUp || final && d.Attempts >= mostFinal:
		d.State, d.EndedAt, d.Answer = store.DeliveryFailed, at, err.Error()
	default:
		pause := pauseAfter(d.Attempts)
		if f != nil {
			pause = max(pause, f.After)
		}
		d.NextAt, d.Answer = at.Add(pause), err.Error()
	}
	c.count(func(n *Counts) {
		switch d.State {
		case store.DeliverySent:
			n.Sent++
		case store.DeliveryFailed:
			n.GivenUp++
		default:
			n.Retried++
		}
	})
	if err != nil {
		c.log.Warn("an alert was not delivered", "channel", d.Channel, "delivery", store.DeliveryText(d.ID), "attempt", d.Attempts, "state", d.State, "error", err)
	}
	// Not under the end of the term: what was sent shall not be sent again for want of a
	// moment. The fence still keeps it from writing into another's term.
	write, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	if err := c.write(write, *d); err != nil {
		c.log.Warn("a delivery is not noted; another control process may send it again", "delivery", store.DeliveryText(d.ID), "error", err)
		return
	}
	c.publish(Delivered{"delivery", d.Channel, showDelivery(d)})
}

// write notes what became of an attempt, now or when it is asked again.
func (c *courier) write(ctx context.Context, d store.AlertDelivery) error {
	err := c.o.Store.NoteDelivery(ctx, d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.noted[d.ID] = d
	} else {
		delete(c.noted, d.ID)
	}
	return err
}

// Delivered stands in the stream for what became of a message.
type Delivered struct {
	Action   string   `json:"action"` // delivery
	Channel  string   `json:"channel"`
	Delivery Delivery `json:"delivery"`
}

// pauseAfter is the pause after a number of attempts, somewhat spread.
func pauseAfter(attempts int) time.Duration {
	d := firstRetry << min(attempts-1, 10)
	d = min(d, mostRetry)
	return d - time.Duration(rand.Int64N(int64(d/5)))
}

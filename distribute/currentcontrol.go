package distribute

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// CurrentStore is where control keeps current members.
type CurrentStore interface {
	LoadCurrents(ctx context.Context) ([]traffic.Current, error)
	// SaveCurrent stores c unless the store holds a newer one of its scope
	// (traffic.Current.Newer): two control processes may save at once.
	SaveCurrent(ctx context.Context, c traffic.Current) error
}

// CurrentsControl is control's side: it adopts the highest epoch it hears of, saves
// it, and says it to all.
type CurrentsControl struct {
	store CurrentStore
	wire  Wire
	log   *slog.Logger
	wake  chan struct{}
	read  chan struct{} // closed when the store has been read

	mu       sync.Mutex // guards the fields below
	set      currents
	loaded   bool
	unsaved  map[traffic.Key]traffic.Current
	onChange []func([]traffic.Current)
}

// NewCurrentsControl is empty until Run has loaded the store.
func NewCurrentsControl(store CurrentStore, wire Wire, log *slog.Logger) *CurrentsControl {
	return &CurrentsControl{store: store, wire: wire, log: orDiscard(log), wake: make(chan struct{}, 1), read: make(chan struct{}), set: newCurrents(), unsaved: map[traffic.Key]traffic.Current{}}
}

// OnChange calls f with moves that were adopted, from a goroutine of the bus; f must
// not block. Register before Run.
func (c *CurrentsControl) OnChange(f func([]traffic.Current)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onChange = append(c.onChange, f)
}

// Loaded is closed when Run has read the store.
func (c *CurrentsControl) Loaded() <-chan struct{} { return c.read }

// All lists every current member by scope.
func (c *CurrentsControl) All() []traffic.Current {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.set.list())
}

// Get returns the current member of a scope.
func (c *CurrentsControl) Get(scope traffic.Key) (cur traffic.Current, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cur, ok = c.set.m[scope]
	return cur, ok
}

// Reset is the operator's failback: the scope has no current member any more, and
// every node chooses anew. When it returns nil the order is stored, and nodes that
// are cut off now will hear it when they return.
func (c *CurrentsControl) Reset(ctx context.Context, scope traffic.Key) error {
	c.mu.Lock()
	loaded, next := c.loaded, traffic.Current{Scope: scope, Epoch: c.set.m[scope].Epoch + 1}
	c.mu.Unlock()
	if !loaded {
		return errors.New("reset current member: the store has not been read yet; try again")
	}
	if err := checkCurrent(next); err != nil {
		return fmt.Errorf("reset current member of %s: %w", scope, err)
	}
	if err := c.store.SaveCurrent(ctx, next); err != nil {
		return fmt.Errorf("reset current member of %s: %w", scope, err)
	}
	c.adopt([]traffic.Current{next}, false)
	if _, err := sendCurrents(c.wire, currentSet, []traffic.Current{next}); err != nil {
		c.log.Warn("the reset of a current member reaches the nodes when the message bus is back", "scope", scope.String(), "error", err)
	}
	return nil
}

// Run loads, listens, saves and answers until ctx ends and then returns nil.
func (c *CurrentsControl) Run(ctx context.Context) error {
	const maxWait = 5 * time.Second
	for wait := 100 * time.Millisecond; ; wait = min(maxWait, 2*wait) {
		list, err := c.store.LoadCurrents(ctx)
		if err == nil {
			c.mu.Lock()
			c.set.merge(list)
			c.loaded = true
			c.mu.Unlock()
			close(c.read)
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		c.log.Warn("load current members", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
	hear := func(_ string, b []byte) {
		m, err := decodeCurrents(b)
		if err != nil {
			c.log.Warn("current members are not taken", "error", err)
			return
		}
		c.adopt(m.List, true)
	}
	cancelReport, err := c.wire.Subscribe(currentReport, hear)
	if err != nil {
		return fmt.Errorf("listen for current members: %w", err)
	}
	defer cancelReport()
	// What another control process says holds here too.
	cancelSet, err := c.wire.Subscribe(currentSet, hear)
	if err != nil {
		return fmt.Errorf("listen for current members: %w", err)
	}
	defer cancelSet()
	cancelGet, err := c.wire.Reply(currentGet, c.answer)
	if err != nil {
		return fmt.Errorf("answer for current members: %w", err)
	}
	defer cancelGet()
	cancelHook := c.wire.OnConnect(func() {
		if err := c.wire.Publish(currentSet, encodeCurrents(currentsMessage{Hello: true})); err != nil {
			c.log.Debug("greet the nodes", "error", err)
		}
	})
	defer cancelHook()
	again := time.NewTimer(storeGap)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-again.C:
		}
		c.save(ctx)
		again.Reset(storeGap)
	}
}

func (c *CurrentsControl) answer(data []byte) []byte {
	r, err := decodeRequest(data)
	if err != nil {
		c.log.Warn("request is not answered", "error", err)
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return encodeCurrents(c.set.page(r))
}

// adopt takes what is newer; save says that it must be stored and told to all, which
// is not so for what was just stored.
func (c *CurrentsControl) adopt(list []traffic.Current, save bool) {
	c.mu.Lock()
	taken, _ := c.set.merge(list)
	if save {
		for _, cur := range taken {
			c.unsaved[cur.Scope] = cur
		}
	}
	hooks := c.onChange
	c.mu.Unlock()
	if len(taken) == 0 {
		return
	}
	for _, f := range hooks {
		f(taken)
	}
	if save {
		poke(c.wake)
	}
}

// save stores what was adopted and says it to all. What cannot be stored is tried
// again; nodes have it meanwhile, from each other.
func (c *CurrentsControl) save(ctx context.Context) {
	c.mu.Lock()
	list := slices.Collect(maps.Values(c.unsaved))
	clear(c.unsaved)
	c.mu.Unlock()
	var saved []traffic.Current
	for i, cur := range list {
		if err := c.store.SaveCurrent(ctx, cur); err != nil {
			c.log.Warn("save current member", "scope", cur.Scope.String(), "error", err)
			c.mu.Lock()
			for _, rest := range list[i:] {
				if _, newer := c.unsaved[rest.Scope]; !newer {
					c.unsaved[rest.Scope] = rest
				}
			}
			c.mu.Unlock()
			break
		}
		saved = append(saved, cur)
	}
	if _, err := sendCurrents(c.wire, currentSet, saved); err != nil {
		c.log.Debug("publish current members", "error", err)
	}
}

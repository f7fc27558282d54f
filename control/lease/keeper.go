package lease

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// Store keeps leases by the database's clock.
type Store interface {
	AcquireLease(ctx context.Context, name, holder string, length time.Duration) (store.Fence, bool, error)
	RenewLease(ctx context.Context, f store.Fence, length time.Duration) error
	ReleaseLease(ctx context.Context, f store.Fence) error
}

const (
	// Length of a term. After the death of a holder another begins within it and poll; a
	// database that restarts within it changes nothing.
	Length = 6 * time.Second
	// Parts of a term: it is renewed each quarter, so three renewals may fail, and given
	// up at nine tenths, for clocks that do not run at one speed.
	renewAfter = 4
	giveUp     = 0.9
	// poll is how soon another's end is seen, retry how soon a failed call is made again.
	poll  = time.Second
	retry = 250 * time.Millisecond
)

// Options of a Keeper. Store, Name and Holder are required.
type Options struct {
	Store  Store
	Name   string
	Holder string        // of this process and no other that runs
	Length time.Duration // default Length
	Log    *slog.Logger
}

// Keeper is made by New and works while Run runs.
type Keeper struct {
	o   Options
	log *slog.Logger

	mu    sync.Mutex // guards the fields below
	term  *term      // nil while another holds the lease
	begun chan struct{}
}

// term is one holding of the lease.
type term struct {
	ctx   context.Context // ends with it, and carries its fence
	end   context.CancelFunc
	fence store.Fence
}

// New checks nothing and starts nothing.
func New(o Options) *Keeper {
	if o.Length == 0 {
		o.Length = Length
	}
	k := &Keeper{o: o, log: o.Log, begun: make(chan struct{})}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	return k
}

// Holds reports whether this process has the lease, and the epoch of its term.
func (k *Keeper) Holds() (epoch uint64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.term == nil || k.term.ctx.Err() != nil {
		return 0, false
	}
	return k.term.fence.Epoch, true
}

// Lead runs f in each term of this process until ctx ends, and returns when f has. The
// context of f ends with the term. If f returns nil before, it is not run again in that
// term; an error that does not come from the end of its context ends Lead.
func (k *Keeper) Lead(ctx context.Context, f func(ctx context.Context) error) error {
	for {
		t := k.await(ctx)
		if t == nil {
			return nil
		}
		// The part's own context, with the term's end and fence.
		own, cancel := context.WithCancel(store.WithFence(ctx, t.fence))
		stop := context.AfterFunc(t.ctx, cancel)
		err := f(own)
		ended := own.Err() != nil
		stop()
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !ended && !errors.Is(err, store.ErrFenced):
			return err
		}
		select {
		case <-t.ctx.Done():
		case <-ctx.Done():
			return nil
		}
	}
}

// await returns the present term or the next one, nil when ctx ends.
func (k *Keeper) await(ctx context.Context) *term {
	for {
		k.mu.Lock()
		t, begun := k.term, k.begun
		k.mu.Unlock()
		if t != nil && t.ctx.Err() == nil {
			return t
		}
		select {
		case <-begun:
		case <-ctx.Done():
			return nil
		}
	}
}

// Run acquires and renews until ctx ends; then it releases the lease and returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	failing := false
	for ctx.Err() == nil {
		asked := time.Now()
		call, cancel := context.WithTimeout(ctx, k.o.Length/2)
		f, ok, err := k.o.Store.AcquireLease(call, k.o.Name, k.o.Holder, k.o.Length)
		cancel()
		if ctx.Err() != nil {
			// It may have been acquired all the same; its end will come by itself.
			return nil
		}
		if (err != nil) != failing { // said once
			if failing = err != nil; failing {
				k.log.Warn("the lease cannot be asked for", "lease", k.o.Name, "err", err)
			}
		}
		if ok {
			k.hold(ctx, f, asked)
			continue
		}
		wait(ctx, poll)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// hold is one term, from its begin to its end.
func (k *Keeper) hold(ctx context.Context, f store.Fence, asked time.Time) {
	tctx, end := context.WithCancel(context.Background())
	t := &term{ctx: tctx, end: end, fence: f}
	length := time.Duration(giveUp * float64(k.o.Length))
	// The database counted from a moment after we asked.
	last := time.AfterFunc(time.Until(asked.Add(length)), end)
	defer last.Stop()
	k.mu.Lock()
	k.term = t
	close(k.begun)
	k.begun = make(chan struct{})
	k.mu.Unlock()
	k.log.Info("this control process leads", "lease", f.Name, "epoch", f.Epoch)
	defer func() {
		end()
		k.mu.Lock()
		k.term = nil
		k.mu.Unlock()
	}()
	until := asked.Add(length)
	for again := k.o.Length / renewAfter; ; {
		timer := time.NewTimer(again)
		select {
		case <-ctx.Done():
			timer.Stop()
			k.release(t)
			return
		case <-tctx.Done():
			timer.Stop()
			k.log.Warn("this control process no longer leads: the store did not confirm it in time", "lease", f.Name, "epoch", f.Epoch)
			return
		case <-timer.C:
		}
		asked = time.Now()
		call, cancel := context.WithDeadline(tctx, until)
		err := k.o.Store.RenewLease(call, f, k.o.Length)
		cancel()
		switch {
		case errors.Is(err, store.ErrFenced):
			k.log.Warn("this control process no longer leads: another does", "lease", f.Name, "epoch", f.Epoch)
			return
		case err != nil:
			again = retry
		case last.Stop():
			until = asked.Add(length)
			last.Reset(time.Until(until))
			again = k.o.Length / renewAfter
		}
	}
}

// release ends a term early, so that another process need not wait for its end. Those
// who lead have stopped: they end before Run does.
func (k *Keeper) release(t *term) {
	t.end()
	ctx, cancel := context.WithTimeout(context.Background(), k.o.Length/3)
	defer cancel()
	if err := k.o.Store.ReleaseLease(ctx, t.fence); err != nil && !errors.Is(err, store.ErrFenced) {
		k.log.Warn("the lease is held until its end", "lease", k.o.Name, "err", err)
	}
}

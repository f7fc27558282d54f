package schedule

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures a Scheduler. Run is required.
type Options struct {
	// Run does the item's work. It must end soon after ctx does and keep its own time
	// limit; while it runs it holds one of the Concurrency places.
	Run func(ctx context.Context, id string)
	// Concurrency is how many items may run at once; 0 means DefaultConcurrency.
	Concurrency int
	// Workers is how many goroutines start items, each with its own heap; 0 means one
	// per processor, at most four: one worker starts a million items a second.
	Workers int
	// Spread is the time over which the first runs of items with a longer period are
	// spread; 0 means DefaultSpread. Without it a task of an hour would be unknown for
	// an hour after every start.
	Spread time.Duration
}

// DefaultConcurrency allows 2,000 starts a second that all run into a time limit of
// 2 s. More would near the usual limit of open files.
const DefaultConcurrency = 4096

// DefaultSpread starts 10,000 items at 1,000 a second.
const DefaultSpread = 10 * time.Second

// Stats tells how the plan is kept, since the start.
type Stats struct {
	Started uint64        // runs
	Skipped uint64        // runs left out: the one before had not ended, or the start was a period late
	MaxLate time.Duration // worst delay of a start against its plan
	Running int           // now
	Items   int
}

// Scheduler runs items at their periods. Set and Remove may be called at any time
// by anyone, before and during Run.
type Scheduler struct {
	opt     Options
	workers []*worker
	places  chan struct{}
	base    time.Time // set by New; all phases count from here

	started, skipped atomic.Uint64
	maxLate          atomic.Int64
	running          atomic.Int64
}

type worker struct {
	s    *Scheduler
	wake chan struct{}

	mu    sync.Mutex // guards the fields below
	index map[string]uint32
	items []item
	free  []uint32
	heap  heap
}

type item struct {
	name    string
	gen     uint32
	every   int64 // ns
	phase   int64 // ns, below every
	running bool
}

// New returns a scheduler with no items. Phases count from this moment.
func New(opt Options) *Scheduler {
	if opt.Concurrency <= 0 {
		opt.Concurrency = DefaultConcurrency
	}
	if opt.Workers <= 0 {
		opt.Workers = min(4, runtime.GOMAXPROCS(0))
	}
	if opt.Spread <= 0 {
		opt.Spread = DefaultSpread
	}
	s := &Scheduler{opt: opt, places: make(chan struct{}, opt.Concurrency), base: time.Now()}
	for range opt.Workers {
		s.workers = append(s.workers, &worker{s: s, wake: make(chan struct{}, 1), index: map[string]uint32{}})
	}
	return s
}

// Set adds an item or changes its period (at least 1 ms). An item whose period stays
// the same is left alone. The hash chooses its phase; give equal ids equal hashes.
func (s *Scheduler) Set(id string, every time.Duration, hash uint64) {
	every = max(every, time.Millisecond)
	hash = mix(hash)
	w := s.workers[hash%uint64(len(s.workers))]
	w.mu.Lock()
	defer w.mu.Unlock()
	i, known := w.index[id]
	if known && w.items[i].every == int64(every) {
		return
	}
	if !known {
		if n := len(w.free); n > 0 {
			i = w.free[n-1]
			w.free = w.free[:n-1]
		} else {
			i = uint32(len(w.items))
			w.items = append(w.items, item{})
		}
		w.index[id] = i
		w.items[i] = item{name: id, gen: w.items[i].gen}
	}
	it := &w.items[i]
	it.gen++
	it.every = int64(every)
	it.phase = int64((hash >> 16) % uint64(every))
	now := int64(time.Since(s.base))
	due := it.after(now - 1)
	if every > s.opt.Spread {
		due = min(due, now+it.phase%int64(s.opt.Spread))
	}
	w.heap.push(entry{due, i, it.gen})
	w.poke()
}

// mix is the finalizer of splitmix64: ids that differ little must not get phases
// that differ little.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// after returns the first planned start later than t.
func (it *item) after(t int64) int64 {
	n := (t - it.phase) / it.every
	if t < it.phase {
		return it.phase
	}
	return (n+1)*it.every + it.phase
}

// Remove ends an item. A run under way goes on to its end.
func (s *Scheduler) Remove(id string) {
	for _, w := range s.workers {
		w.mu.Lock()
		if i, ok := w.index[id]; ok {
			delete(w.index, id)
			gen := w.items[i].gen + 1
			w.items[i] = item{gen: gen}
			w.free = append(w.free, i)
		}
		w.mu.Unlock()
	}
}

// Stats returns the counters.
func (s *Scheduler) Stats() Stats {
	st := Stats{Started: s.started.Load(), Skipped: s.skipped.Load(), MaxLate: time.Duration(s.maxLate.Load()), Running: int(s.running.Load())}
	for _, w := range s.workers {
		w.mu.Lock()
		st.Items += len(w.index)
		w.mu.Unlock()
	}
	return st
}

// Run starts items until ctx ends, and returns after all that it started have ended.
// It is called once.
func (s *Scheduler) Run(ctx context.Context) {
	var wg, runs sync.WaitGroup
	for _, w := range s.workers {
		wg.Go(func() { w.run(ctx, &runs) })
	}
	wg.Wait()
	runs.Wait()
}

func (w *worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) run(ctx context.Context, runs *sync.WaitGroup) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := w.startDue(ctx, runs)
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
	}
}

// startDue starts all that is due and returns how long nothing will be.
func (w *worker) startDue(ctx context.Context, runs *sync.WaitGroup) time.Duration {
	for ctx.Err() == nil {
		now := int64(time.Since(w.s.base))
		w.mu.Lock()
		if len(w.heap) == 0 {
			w.mu.Unlock()
			return time.Hour
		}
		if wait := w.heap[0].due - now; wait > 0 {
			w.mu.Unlock()
			return time.Duration(wait)
		}
		e := w.heap.pop()
		it := &w.items[e.id]
		if it.gen != e.gen {
			w.mu.Unlock()
			continue
		}
		next := it.after(e.due)
		if next <= now {
			// A whole period late: what was missed is not made up for, or an overload
			// would never end.
			missed := (now-next)/it.every + 1
			next += missed * it.every
			w.s.skipped.Add(uint64(missed))
		}
		w.heap.push(entry{next, e.id, e.gen})
		if it.running {
			w.s.skipped.Add(1)
			w.mu.Unlock()
			continue
		}
		it.running = true
		name := it.name
		w.mu.Unlock()

		select {
		case w.s.places <- struct{}{}:
		case <-ctx.Done():
			return 0
		}
		w.s.note(int64(time.Since(w.s.base)) - e.due)
		w.s.running.Add(1)
		runs.Go(func() { w.one(ctx, name, e) })
	}
	return 0
}

func (s *Scheduler) note(late int64) {
	s.started.Add(1)
	for {
		was := s.maxLate.Load()
		if late <= was || s.maxLate.CompareAndSwap(was, late) {
			return
		}
	}
}

func (w *worker) one(ctx context.Context, name string, e entry) {
	defer func() {
		<-w.s.places
		w.s.running.Add(-1)
		w.mu.Lock()
		// A changed period keeps the item but not the generation; only a removed or
		// replaced item is another one.
		if it := &w.items[e.id]; it.name == name {
			it.running = false
		}
		w.mu.Unlock()
	}()
	w.s.opt.Run(ctx, name)
}

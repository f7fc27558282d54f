package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// Options of a History. DSN is required; CheckDSN tells whether its form is right.
type Options struct {
	DSN string
	// Old reads events of an earlier release from where they were, oldest first.
	Old func(ctx context.Context, after uint64, limit int) ([]Event, error)
	Now func() time.Time // default time.Now
	Log *slog.Logger     // default slog.Default
}

const (
	// writeEvery gathers what comes: a transaction a second costs a disk little.
	writeEvery = time.Second
	// batchRows bounds one transaction, so that it is short and a failed one is soon
	// tried again: about 0.2 s of SQLite on a slow core.
	batchRows = 10_000
	// writeLimit bounds one transaction against a database that does not answer.
	writeLimit = 10 * time.Second
	// openEvery is how often a database that cannot be opened is tried.
	openEvery = 2 * time.Second
	// betweenSteps is what adding up and forgetting leave to the writer between two of
	// their transactions.
	betweenSteps = 20 * time.Millisecond
	// hurry bounds what the writer still does at the end.
	hurry = 3 * time.Second
)

// History is described in the package's comment.
type History struct {
	opt Options
	log *slog.Logger
	now func() time.Time

	events      queue[Event]
	transitions queue[Transition]
	probes      queue[probeReport]
	queries     queue[queryReport]
	wake        chan struct{}
	pause       time.Duration
	mostHeld    int
	window      window
	ids         seriesIDs
	places      periods
	opened      chan struct{}
	wrote       chan struct{} // events were written
	writing     atomic.Bool   // a batch is under way
	leading     atomic.Int32  // runs of Lead that are under way

	mu      sync.Mutex // guards the fields below
	db      *database  // nil until it could be opened
	trouble string     // why nothing can be written now
	since   time.Time  // of trouble
	took    time.Duration
	written uint64
}

// New returns a history whose database is opened by Run: it need not be there when
// control starts.
func New(o Options) (*History, error) {
	if err := CheckDSN(o.DSN); err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	h := &History{opt: o, log: o.Log, now: o.Now, wake: make(chan struct{}, 1), wrote: make(chan struct{}, 1), opened: make(chan struct{}), pause: betweenSteps, mostHeld: mostHeld}
	if h.log == nil {
		h.log = slog.Default()
	}
	if h.now == nil {
		h.now = time.Now
	}
	// Events and transitions are few and tell most: a flood of measurements must not push
	// them out. What is measured may wait some minutes at 10,000 tasks and five vantages.
	h.events.limit, h.transitions.limit, h.probes.limit, h.queries.limit = 20_000, 20_000, 250_000, 250_000
	h.ids.reset()
	return h, nil
}

// Run opens the database and writes until ctx ends, and what is left for a moment after.
func (h *History) Run(ctx context.Context) error {
	for h.database() == nil {
		opening, cancel := context.WithTimeout(ctx, writeLimit)
		db, err := open(opening, h.opt.DSN)
		cancel()
		if err == nil {
			h.mu.Lock()
			h.db = db
			h.mu.Unlock()
			close(h.opened)
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		h.setTrouble(err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(openEvery):
		}
	}
	defer func() {
		h.mu.Lock()
		db := h.db
		h.db = nil
		h.mu.Unlock()
		db.close()
	}()
	h.setTrouble(nil)
	if err := h.takeOver(ctx); err != nil && ctx.Err() == nil {
		h.log.Error("events of an earlier release stay where they were", "error", err)
	}
	if err := h.fillWindow(ctx); err != nil && ctx.Err() == nil {
		h.log.Warn("recent queries are counted from now on", "error", err)
	}
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	pause := time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), hurry)
			defer cancel()
			for h.pending() > 0 && h.write(last) == nil {
			}
			return nil
		case <-tick.C:
		case <-h.wake:
		}
		for h.pending() > 0 {
			err := h.write(ctx)
			if ctx.Err() != nil {
				break
			}
			h.setTrouble(err)
			if err == nil {
				pause = 0
				continue
			}
			pause = min(max(2*pause, writeEvery), 10*time.Second)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			break
		}
	}
}

// Opened is closed when the database is open for the first time.
func (h *History) Opened() <-chan struct{} { return h.opened }

func (h *History) database() *database {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.db
}

// reader returns the database for reading.
func (h *History) reader() (*database, error) {
	if db := h.database(); db != nil {
		return db, nil
	}
	return nil, fmt.Errorf("history: %w: its database is not open", store.ErrUnavailable)
}

func (h *History) setTrouble(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	h.mu.Lock()
	was := h.trouble
	if was == "" {
		h.since = time.Now()
	}
	h.trouble = text
	h.mu.Unlock()
	switch {
	case text != "" && was == "":
		h.log.Error("history cannot be written", "error", err)
	case text == "" && was != "":
		h.log.Info("history can be written again")
	}
}

// poke wakes the writer for what should be seen at once.
func (h *History) poke() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *History) pending() int {
	return h.events.rows() + h.transitions.rows() + h.probes.rows() + h.queries.rows()
}

// write takes a batch from the queues and writes it, as a rule in one transaction. What
// could not be written goes back to the front.
func (h *History) write(ctx context.Context) error {
	db, err := h.reader()
	if err != nil {
		return err
	}
	began := time.Now()
	b := batch{h: h, db: db, now: h.now()}
	h.writing.Store(true) // before they leave the queue
	defer h.writing.Store(false)
	left := batchRows
	b.events, left = h.events.take(left)
	b.transitions, left = h.transitions.take(left)
	b.queries, left = h.queries.take(left)
	b.probes, _ = h.probes.take(left)
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	if err := h.writeBatch(ctx, &b); err != nil {
		return err
	}
	h.mu.Lock()
	h.took = time.Since(began)
	h.mu.Unlock()
	if len(b.events) > 0 {
		select {
		case h.wrote <- struct{}{}:
		default:
		}
	}
	return nil
}

// writeBatch writes a batch and, when the database is there and refuses it, its halves:
// what comes from nodes may hold what no rule of ours has thought of, and must not hold
// up all that comes after it. What is refused alone is dropped.
func (h *History) writeBatch(ctx context.Context, whole *batch) error {
	for left := []*batch{whole}; len(left) > 0; {
		b := left[0]
		err := b.write(ctx)
		switch {
		case err == nil:
			h.ids.keep(b.found)
			h.mu.Lock()
			h.written += uint64(b.rows)
			h.mu.Unlock()
			left = left[1:]
		case errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil:
			for _, b := range slices.Backward(left) {
				b.putBack()
			}
			return err
		case b.items() <= 1:
			h.log.Error("history drops what its database refuses", "error", err)
			b.lose()
			left = left[1:]
		default:
			first, second := b.halves()
			left = append([]*batch{first, second}, left[1:]...)
		}
	}
	return nil
}

// Alarm says what is wrong in a sentence, "" for nothing.
func (h *History) Alarm() string {
	h.mu.Lock()
	trouble, since := h.trouble, h.since
	h.mu.Unlock()
	var lost []string
	falls := false
	for _, d := range h.Stats().Dropped {
		if d.Rows > 0 {
			lost = append(lost, fmt.Sprintf("%d %s", d.Rows, d.What))
		}
		falls = falls || d.now
	}
	text := ""
	switch {
	case trouble != "":
		text = fmt.Sprintf("history and statistics are not written since %s: %s", since.UTC().Format(time.RFC3339), trouble)
	case falls:
		text = "the database of history does not keep up"
	default:
		return ""
	}
	if len(lost) > 0 {
		text += "; dropped since the start: " + strings.Join(lost, ", ")
	}
	return text
}

// Stats tells how the writer keeps up.
type Stats struct {
	Queued  int // rows that wait
	Written uint64
	Took    time.Duration // of the last transaction
	Dropped []Dropped
}

// Dropped is what found no room in a queue, or was refused by the database.
type Dropped struct {
	What string
	Rows uint64
	now  bool
}

// Stats returns the present state.
func (h *History) Stats() Stats {
	h.mu.Lock()
	s := Stats{Written: h.written, Took: h.took}
	h.mu.Unlock()
	s.Queued = h.pending()
	drops := func(what string, rows uint64, now bool) { s.Dropped = append(s.Dropped, Dropped{what, rows, now}) }
	n, now := h.events.lost()
	drops("events", n, now)
	n, now = h.transitions.lost()
	drops("transitions", n, now)
	n, now = h.probes.lost()
	drops("probe_minutes", n, now)
	n, now = h.queries.lost()
	drops("query_counts", n, now)
	return s
}

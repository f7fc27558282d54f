package control

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// Rule is a check of whole change sets beside those of traffic.Draft, such as
// assertions, which need the engine. It runs only on drafts without errors.
type Rule func(*traffic.Draft, *traffic.Report)

// Options of a Service.
type Options struct {
	Store  *store.Store
	Events EventLog // nil: none are kept
	Rules  []Rule
	Now    func() time.Time // default time.Now
	Log    *slog.Logger     // default slog.Default
	// Committed, if set, is told how each change set ended and how long that took.
	Committed func(took time.Duration, r Result, err error)
	// Shared, if set, says whether other processes work on the store now.
	Shared func() bool
}

// Service holds the configuration. Its methods are safe for concurrent use.
type Service struct {
	// Set before use, read-only after.
	store *store.Store
	rules []Rule
	now   func() time.Time
	log   *slog.Logger
	// committed is Options.Committed.
	committed func(time.Duration, Result, error)
	// shared says whether others commit to the store.
	shared func() bool
	// away is set while the store does not answer.
	away atomic.Bool

	// Stream carries what happens to those who watch.
	Stream Stream

	trail trail // has a lock of its own

	// nudged holds at most one word that another process has written to the store.
	nudged chan struct{}

	events EventLog // nil: none are kept

	queueMu sync.Mutex // guards the field below
	queue   []*request

	// turn is the writer's turn: who holds it may commit and move the fields below.
	// A channel, so that a waiting request can be cancelled.
	turn chan struct{}
	// ahead is the writer's own model, nil until the first write: equal to model, or ahead
	// of it by what is being written. Owned by the turn's holder.
	ahead *traffic.Model

	mu      sync.RWMutex // guards the fields below; written only by the turn's holder
	model   *traffic.Model
	metas   map[traffic.Key]store.Meta
	ids     map[string]traffic.Key
	head    traffic.Position
	changed chan struct{} // closed when head moves

	replaced chan struct{} // closed when the epoch does
}

// New reads the configuration from the store.
func New(ctx context.Context, o Options) (*Service, error) {
	clock := o.Now
	if clock == nil {
		clock = time.Now
	}
	// Whole microseconds, as the store keeps: what is told before a restart is told after it.
	now := func() time.Time { return clock().UTC().Truncate(time.Microsecond) }
	s := &Service{store: o.Store, events: o.Events, rules: o.Rules, now: now, log: o.Log, shared: o.Shared, committed: o.Committed, turn: make(chan struct{}, 1), nudged: make(chan struct{}, 1), changed: make(chan struct{}), replaced: make(chan struct{})}
	if s.log == nil {
		s.log = slog.Default()
	}
	if err := s.reload(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

const (
	// followEvery is how soon a revision of another process on the same store is seen
	// when this one does not write and no Nudge comes; a write sees it at once.
	followEvery = time.Second
	// lookTime bounds one look: a store that is silent for longer counts as away.
	lookTime = 5 * time.Second
	// keepReplies is how long an idempotency key is remembered.
	keepReplies = 24 * time.Hour
)

// Sweep forgets old idempotency keys, sessions and rows of the audit until ctx ends. One process on a store is enough.
func (s *Service) Sweep(ctx context.Context) error {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := s.store.DropReplies(ctx, s.now().Add(-keepReplies)); err != nil && ctx.Err() == nil {
				s.log.Warn("old idempotency keys stay", "err", err)
			}
			if err := s.store.DropSessions(ctx, s.now(), s.now().Add(-auth.SessionIdle)); err != nil && ctx.Err() == nil {
				s.log.Warn("old sessions stay", "err", err)
			}
			if err := s.store.DropAudit(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("old rows of the audit stay", "err", err)
			}
		}
	}
}

// Run follows what other processes commit to the same store, and writes down what the
// audit of this process only counted, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	audit := time.NewTicker(trailWindow)
	defer audit.Stop()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), followEvery)
		defer cancel()
		if err := s.flushTrail(end, true); err != nil {
			s.log.Warn("counts of the audit are lost", "err", err)
		}
	}()
	follow := time.NewTicker(followEvery)
	defer follow.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-audit.C:
			if err := s.flushTrail(ctx, false); err != nil && ctx.Err() == nil {
				s.log.Warn("counts of the audit are lost", "err", err)
			}
			continue
		case <-s.nudged:
		case <-follow.C:
		}
		look, cancel := context.WithTimeout(ctx, lookTime)
		err := s.follow(look)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if failing := err != nil; s.away.Swap(failing) != failing { // said once, not each second
			if failing {
				s.log.Error("store cannot be read", "err", err)
			} else {
				s.log.Info("store can be read again")
			}
		}
	}
}

// Nudge says that another process has written to the store: Run looks at once. It never
// blocks.
func (s *Service) Nudge() {
	select {
	case s.nudged <- struct{}{}:
	default:
	}
}

// freshWait bounds how long a reader waits for a store that has just gone silent.
const freshWait = 500 * time.Millisecond

// Fresh catches up with what other processes have committed, so that a client which
// wrote at one and reads at another finds what it wrote. While the store is away, what
// this process holds is what there is to read.
func (s *Service) Fresh(ctx context.Context) {
	if s.shared == nil || !s.shared() || s.away.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, freshWait)
	defer cancel()
	if err := s.follow(ctx); err != nil {
		s.log.Debug("answered from memory", "err", err)
	}
}

// CatchUp brings this process to where the store is.
func (s *Service) CatchUp(ctx context.Context) error { return s.follow(ctx) }

// follow catches up if another process has moved the head.
func (s *Service) follow(ctx context.Context) error {
	head, err := s.store.Head(ctx)
	if err != nil {
		return err
	}
	s.mu.RLock()
	same := head == s.head
	s.mu.RUnlock()
	if same {
		return nil
	}
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.give()
	return s.catchUp(ctx)
}

func (s *Service) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the writer's turn: %w", ctx.Err())
	}
}

func (s *Service) give() { <-s.turn }

// catchUp brings the model to the store's head. The turn is held.
func (s *Service) catchUp(ctx context.Context) error {
	d, ok, err := s.store.Since(ctx, s.head)
	if err != nil {
		return err
	}
	if !ok {
		return s.reload(ctx)
	}
	var all [][]traffic.Change
	for _, r := range d.Revisions {
		changes, err := traffic.DecodeChanges(r.Changes)
		if err != nil {
			return fmt.Errorf("read revision %d: %w", r.Position.Revision, err)
		}
		all = append(all, changes)
	}
	if len(all) == 0 {
		return nil
	}
	s.mu.Lock()
	for _, changes := range all {
		s.model.Apply(changes)
		for _, c := range changes {
			if c.After == nil {
				s.forgetLocked(c.Key)
			}
		}
	}
	for _, r := range d.Rows {
		s.rememberLocked(r.Key, r.Meta)
	}
	s.movedLocked(d.Head)
	s.mu.Unlock()
	s.applied(all...)
	for _, r := range d.Revisions {
		s.announce(r)
	}
	return nil
}

// reload reads everything and swaps it in. The turn is held, or nobody else is there yet.
func (s *Service) reload(ctx context.Context) error {
	head, rows, err := s.store.Load(ctx)
	if err != nil {
		return err
	}
	changes := make([]traffic.Change, len(rows))
	for i, r := range rows {
		o, err := traffic.Decode(r.Key.Kind, r.Body)
		if err != nil {
			return fmt.Errorf("read stored %s: %w", r.Key, err)
		}
		changes[i] = traffic.Change{Key: r.Key, After: o}
	}
	model := traffic.NewModel()
	model.Apply(changes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model, s.ahead = model, nil
	s.metas, s.ids = make(map[traffic.Key]store.Meta, len(rows)), make(map[string]traffic.Key, len(rows))
	for _, r := range rows {
		s.rememberLocked(r.Key, r.Meta)
	}
	s.movedLocked(head)
	return nil
}

func (s *Service) rememberLocked(k traffic.Key, m store.Meta) {
	if old, ok := s.metas[k]; ok && old.ID != m.ID {
		delete(s.ids, old.ID)
	}
	s.metas[k] = m
	s.ids[m.ID] = k
}

func (s *Service) forgetLocked(k traffic.Key) {
	delete(s.ids, s.metas[k].ID)
	delete(s.metas, k)
}

func (s *Service) movedLocked(head traffic.Position) {
	if was := s.head.Epoch; was != 0 && was != head.Epoch && !s.isReplaced() {
		close(s.replaced)
	}
	s.head = head
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Service) isReplaced() bool {
	select {
	case <-s.replaced:
		return true
	default:
		return false
	}
}

// Changed returns a channel that is closed when the head moves next.
func (s *Service) Changed() <-chan struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changed
}

// View calls f with the model and its position. f must not keep the model, but may
// keep the objects in it; commits wait for it, so it must be short.
func (s *Service) View(f func(*traffic.Model, traffic.Position)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.model, s.head)
}

// MetaOf returns what the store knows about an object; zero for what is not there.
type MetaOf = func(traffic.Key) store.Meta

// ViewMeta is View with what the store knows about objects.
func (s *Service) ViewMeta(f func(m *traffic.Model, p traffic.Position, meta MetaOf)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.model, s.head, func(k traffic.Key) store.Meta { return s.metas[k] })
}

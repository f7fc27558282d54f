package control

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// request is a change set that waits for its turn.
type request struct {
	ctx context.Context // whoever takes it leaves its end aside
	cs  *ChangeSet

	// Written by the holder of the turn before done is closed, read after.
	result Result
	err    error
	done   chan struct{}
}

func (r *request) finish(res Result, err error) {
	r.result, r.err = res, err
	close(r.done)
}

const (
	// commitTime bounds one transaction with all that is planned for it.
	commitTime = 30 * time.Second
	// A group shares one transaction, of which the disk write is the larger part. More
	// than this many gain little and wait for each other's plans.
	groupRequests = 64
	groupObjects  = 2000
)

func (s *Service) enqueue(r *request) {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	s.queue = append(s.queue, r)
}

// withdraw takes a request back that nobody has taken yet.
func (s *Service) withdraw(r *request) bool {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	i := slices.Index(s.queue, r)
	if i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	return i >= 0
}

// takeGroup takes those who wait now, in order. It does not wait for more, so a lone
// writer loses no time.
func (s *Service) takeGroup() []*request {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	n, objects := 0, 0
	for n < len(s.queue) && n < groupRequests {
		cs := s.queue[n].cs
		// Who writes under a lease has a fence that is not the others' concern.
		alone := store.Fenced(s.queue[n].ctx)
		if objects += len(cs.Put) + len(cs.Delete); n > 0 && (alone || objects > groupObjects) {
			break
		}
		n++
		if alone {
			break
		}
	}
	group := slices.Clone(s.queue[:n])
	s.queue = slices.Delete(s.queue, 0, n)
	return group
}

// serve decides a group of those who wait. The turn is held.
func (s *Service) serve() {
	group := s.takeGroup()
	if len(group) == 0 {
		return
	}
	ctx := context.Background()
	if store.Fenced(group[0].ctx) {
		ctx = context.WithoutCancel(group[0].ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, commitTime)
	defer cancel()
	defer s.answerAll(group)
	// A round leaves some over when another process committed meanwhile, and those who
	// need what the round before has written.
	for rounds := 0; len(group) > 0; rounds++ {
		if rounds == 100+groupRequests {
			for _, r := range group {
				r.finish(Result{}, fmt.Errorf("commit: %w: other processes change the configuration without pause", store.ErrUnavailable))
			}
			return
		}
		group = s.round(ctx, group)
	}
}

// answerAll turns a panic into an error of every request that has no outcome yet: those
// who wait belong to other connections. What it left of the writer's model is not known.
func (s *Service) answerAll(group []*request) {
	v := recover()
	if v == nil {
		return
	}
	s.log.Error("commit panicked", "panic", v, "stack", string(debug.Stack()))
	s.ahead = nil
	for _, r := range group {
		select {
		case <-r.done:
		default:
			r.finish(Result{}, fmt.Errorf("commit panicked: %v", v))
		}
	}
}

// decided is a request with its outcome, should the transaction succeed.
type decided struct {
	*request
	result Result
	err    error
	// clean: decided on what is committed, so it holds whatever becomes of the others.
	clean bool
}

// round plans requests one after the other, each on what those before it leave, and
// writes them in one transaction, each as its own revision. It returns those that are
// still to be decided.
func (s *Service) round(ctx context.Context, list []*request) (left []*request) {
	g := s.writersGround()
	var group []decided
	keys := map[[2]string]bool{}
	keyed := false
	for i, r := range list {
		cs := r.cs
		if len(g.laid) > 0 && cs.readsStore() {
			left = list[i:]
			break
		}
		if cs.IdempotencyKey != "" {
			key := [2]string{cs.Principal, cs.IdempotencyKey}
			if keys[key] { // a repeat beside its first
				left = list[i:]
				break
			}
			keys[key], keyed = true, true
			if res, err := s.replay(ctx, cs); err == nil || !errors.Is(err, store.ErrNotFound) {
				r.finish(res, err)
				continue
			}
		}
		d := decided{request: r, clean: len(g.laid) == 0}
		var c *store.Commit
		if d.result, c, d.err = s.decide(ctx, g, cs); c != nil {
			g.lay(c)
			d.clean = false
		}
		group = append(group, d)
	}
	if len(group) == 0 {
		return left
	}
	commits := make([]store.Commit, len(g.laid))
	for i, c := range g.laid {
		commits[i] = *c
	}
	var revisions []store.Revision
	var err error
	if len(commits) > 0 {
		revisions, err = s.store.CommitAll(ctx, s.head, commits)
	} else {
		err = s.stillHead(ctx)
	}
	if err == nil {
		s.advance(g, revisions)
		for _, d := range group {
			d.finish(d.result, d.err)
		}
		for _, r := range revisions {
			s.announce(r)
		}
		return left
	}
	g.takeUp()
	// Another process was faster; or it has answered the same request, and its reply is
	// there now.
	if again := errors.Is(err, store.ErrMoved) || errors.Is(err, store.ErrExists) && keyed; again || errors.Is(err, store.ErrUnavailable) {
		// The connection may have broken after the database committed.
		cerr := s.catchUp(ctx)
		if again && cerr == nil {
			for i := len(group) - 1; i >= 0; i-- {
				left = slices.Insert(slices.Clone(left), 0, group[i].request)
			}
			return left
		}
		if cerr != nil {
			s.log.Warn("outcome of a commit is unknown until the store answers", "err", cerr)
		}
		if again {
			err = cerr
		}
	}
	for _, d := range group {
		if d.clean {
			d.finish(d.result, d.err)
		} else {
			d.finish(Result{}, err)
		}
	}
	return left
}

// decide reads what a change set is made from and plans it. A plan only reads its
// ground, so one that panics is refused alone, and those beside it go on.
func (s *Service) decide(ctx context.Context, g *ground, cs *ChangeSet) (res Result, c *store.Commit, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("plan panicked", "panic", v, "stack", string(debug.Stack()))
			res, c, err = Result{}, nil, fmt.Errorf("plan panicked: %v", v)
		}
	}()
	if err := s.readUndo(ctx, cs); err != nil {
		return Result{}, nil, err
	}
	return s.prepare(ctx, g, cs)
}

// readsStore tells a change set that is made from what the store holds: it must not
// stand behind others that the store does not hold yet.
func (cs *ChangeSet) readsStore() bool { return cs.Prune || cs.undo != nil }

// stillHead returns store.ErrMoved when another process has committed what this one has
// not seen: what was refused may be right there.
func (s *Service) stillHead(ctx context.Context) error {
	head, err := s.store.Head(ctx)
	if err == nil && head != s.head {
		err = store.ErrMoved
	}
	return err
}

// advance makes what was committed what readers see. The writer's model, which is there
// already, changes places with theirs, so that they wait for no more than that.
func (s *Service) advance(g *ground, revisions []store.Revision) {
	if len(g.laid) == 0 {
		return
	}
	s.mu.Lock()
	s.model, s.ahead = s.ahead, s.model
	for k, m := range g.over {
		if m == nil {
			s.forgetLocked(k)
		} else {
			s.rememberLocked(k, *m)
		}
	}
	if n := len(revisions); n > 0 {
		s.movedLocked(revisions[n-1].Position)
	}
	s.mu.Unlock()
	for _, c := range g.laid {
		s.ahead.Apply(c.Changes)
	}
}

// applied brings the writer's model behind the readers' after a step that both take.
func (s *Service) applied(changes ...[]traffic.Change) {
	if s.ahead == nil {
		return
	}
	for _, c := range changes {
		s.ahead.Apply(c)
	}
}

package lease

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// table is a lease table whose database can be cut off from one holder.
type table struct {
	mu     sync.Mutex
	holder string
	epoch  uint64
	until  time.Time
	cut    map[string]bool
	steps  []string // what those who led did
}

var errCut = errors.New("connection refused")

func (s *table) AcquireLease(_ context.Context, name, holder string, length time.Duration) (store.Fence, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut[holder] {
		return store.Fence{}, false, errCut
	}
	if s.holder != holder && time.Now().Before(s.until) {
		return store.Fence{}, false, nil
	}
	s.holder, s.until = holder, time.Now().Add(length)
	s.epoch++
	return store.Fence{Name: name, Holder: holder, Epoch: s.epoch}, true, nil
}

func (s *table) set(f store.Fence, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.cut[f.Holder]:
		return errCut
	case s.holder != f.Holder || s.epoch != f.Epoch:
		return store.ErrFenced
	}
	s.until = until
	return nil
}

func (s *table) RenewLease(_ context.Context, f store.Fence, length time.Duration) error {
	return s.set(f, time.Now().Add(length))
}

func (s *table) ReleaseLease(_ context.Context, f store.Fence) error { return s.set(f, time.Time{}) }

func (s *table) cutOff(holder string, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut[holder] = cut
}

func (s *table) note(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, step)
}

// process leads until it is stopped; stop waits for its end.
type process struct {
	keeper *Keeper
	stop   func()
}

func (s *table) start(t *testing.T, holder string) process {
	ctx, cancel := context.WithCancel(t.Context())
	k := New(Options{Store: s, Name: "control", Holder: holder})
	var leads, keeps sync.WaitGroup
	kctx, kcancel := context.WithCancel(t.Context())
	keeps.Go(func() { k.Run(kctx) })
	leads.Go(func() {
		k.Lead(ctx, func(ctx context.Context) error {
			s.note(holder + " begins")
			<-ctx.Done()
			s.mu.Lock()
			early := s.holder != holder || time.Now().Before(s.until)
			s.mu.Unlock()
			if !early {
				t.Errorf("%s was told to stop after the end of its term", holder)
			}
			s.note(holder + " ends")
			return ctx.Err()
		})
	})
	return process{k, sync.OnceFunc(func() {
		cancel()
		leads.Wait()
		kcancel()
		keeps.Wait()
	})}
}

func (s *table) expect(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.steps) != len(want) {
		t.Fatalf("steps %q, want %q", s.steps, want)
	}
	for i := range want {
		if s.steps[i] != want[i] {
			t.Fatalf("steps %q, want %q", s.steps, want)
		}
	}
}

func TestTheOtherLeadsAtOnceWhenTheHolderStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &table{cut: map[string]bool{}}
		a := s.start(t, "a")
		synctest.Wait()
		b := s.start(t, "b")
		time.Sleep(time.Minute)
		s.expect(t, "a begins")
		if _, ok := b.keeper.Holds(); ok {
			t.Error("b thinks that it leads")
		}
		a.stop()
		time.Sleep(poll)
		synctest.Wait()
		s.expect(t, "a begins", "a ends", "b begins")
		if epoch, ok := b.keeper.Holds(); !ok || epoch != 2 {
			t.Errorf("b holds epoch %d, %v", epoch, ok)
		}
		b.stop()
	})
}

func TestAHolderCutOffFromTheDatabaseStopsBeforeTheOtherBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &table{cut: map[string]bool{}}
		a := s.start(t, "a")
		synctest.Wait()
		b := s.start(t, "b")
		time.Sleep(10*time.Second + 300*time.Millisecond)
		s.cutOff("a", true)
		time.Sleep(Length + poll)
		synctest.Wait()
		s.expect(t, "a begins", "a ends", "b begins")
		s.cutOff("a", false)
		time.Sleep(time.Minute)
		s.expect(t, "a begins", "a ends", "b begins")
		a.stop()
		b.stop()
	})
}

func TestAShortLossOfTheDatabaseChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &table{cut: map[string]bool{}}
		a := s.start(t, "a")
		time.Sleep(10 * time.Second)
		s.cutOff("a", true)
		time.Sleep(Length/2 - retry)
		s.cutOff("a", false)
		time.Sleep(time.Minute)
		s.expect(t, "a begins")
		a.stop()
	})
}

func TestAProcessThatComesBackLeadsAgainUnderANewEpoch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &table{cut: map[string]bool{}}
		a := s.start(t, "a")
		synctest.Wait()
		s.cutOff("a", true)
		time.Sleep(Length)
		synctest.Wait()
		s.expect(t, "a begins", "a ends")
		s.cutOff("a", false)
		time.Sleep(poll)
		synctest.Wait()
		s.expect(t, "a begins", "a ends", "a begins")
		if epoch, ok := a.keeper.Holds(); !ok || epoch != 2 {
			t.Errorf("a holds epoch %d, %v", epoch, ok)
		}
		a.stop()
	})
}

func TestAFunctionThatEndsIsNotRunAgainInTheSameTermAndItsErrorEndsLead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &table{cut: map[string]bool{}}
		a := s.start(t, "a")
		ctx, cancel := context.WithCancel(t.Context())
		runs := 0
		done := make(chan error, 1)
		go func() {
			done <- a.keeper.Lead(ctx, func(context.Context) error { runs++; return nil })
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if runs != 1 {
			t.Errorf("ran %d times in one term", runs)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		broken := errors.New("broken")
		if err := a.keeper.Lead(t.Context(), func(context.Context) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("Lead returned %v", err)
		}
		a.stop()
	})
}

package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

func acquire(t *testing.T, s *store.Store, holder string, length time.Duration) (store.Fence, bool) {
	t.Helper()
	f, ok, err := s.AcquireLease(t.Context(), "control", holder, length)
	if err != nil {
		t.Fatal(err)
	}
	return f, ok
}

func TestALeaseHasOneHolderAndItsEpochRises(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		a, b := open(), open()
		ctx := t.Context()
		if _, err := a.Lease(ctx, "control"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a lease that nobody ever had: %v", err)
		}
		first, ok := acquire(t, a, "a", time.Hour)
		if !ok || first.Epoch != 1 {
			t.Fatalf("first term %+v, %v", first, ok)
		}
		if f, ok := acquire(t, b, "b", time.Hour); ok {
			t.Fatalf("b holds what a has: %+v", f)
		}
		if err := a.RenewLease(ctx, first, 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		if l, err := b.Lease(ctx, "control"); err != nil || l.Holder != "a" || l.Epoch != 1 || l.Left < time.Hour || l.Left > 2*time.Hour {
			t.Errorf("b sees %+v, %v", l, err)
		}
		// The same holder in its next life need not wait for its own end.
		again, ok := acquire(t, a, "a", time.Hour)
		if !ok || again.Epoch != 2 {
			t.Fatalf("second term %+v, %v", again, ok)
		}
		if err := a.RenewLease(ctx, first, time.Hour); !errors.Is(err, store.ErrFenced) {
			t.Errorf("renewal of a term that is over: %v", err)
		}
		if err := a.ReleaseLease(ctx, again); err != nil {
			t.Fatal(err)
		}
		third, ok := acquire(t, b, "b", time.Millisecond)
		if !ok || third.Epoch != 3 {
			t.Fatalf("third term %+v, %v", third, ok)
		}
		for deadline := time.Now().Add(10 * time.Second); ; {
			f, ok := acquire(t, a, "a", time.Hour)
			if ok {
				if f.Epoch != 4 {
					t.Errorf("the term after one that ran out has epoch %d", f.Epoch)
				}
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("a term of a millisecond never ends")
			}
		}
	})
}

func TestATermThatAnotherFollowedWritesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		a, b := open(), open()
		f, _ := acquire(t, a, "a", time.Hour)
		late := store.WithFence(t.Context(), f)
		if err := a.DropReplies(late, noon); err != nil {
			t.Fatal(err)
		}
		if err := a.ReleaseLease(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if _, ok := acquire(t, b, "b", time.Hour); !ok {
			t.Fatal("b cannot have a lease that was released")
		}
		if err := a.DropReplies(late, noon); !errors.Is(err, store.ErrFenced) {
			t.Errorf("a late writer: %v", err)
		}
	})
}

func TestControlProcessesAreListedWithHowLongTheyAreSilent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		a, b := open(), open()
		ctx := t.Context()
		one := store.Process{ID: "1", Node: "left", API: "x:1", Bus: "external", Version: "v1"}
		two := store.Process{ID: "2", Node: "right", API: "y:1", Bus: "external", Version: "v2"}
		for _, err := range []error{a.EnterProcess(ctx, one), b.EnterProcess(ctx, two)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		before, err := a.Processes(ctx)
		if err != nil || len(before) != 2 || before[0].Node != "left" || before[1].Version != "v2" || before[0].Started.IsZero() {
			t.Fatalf("%+v, %v", before, err)
		}
		one.API = "x:2"
		if err := a.SeeProcess(ctx, one); err != nil {
			t.Fatal(err)
		}
		after, err := b.Processes(ctx)
		if err != nil || len(after) != 2 || after[0].API != "x:2" || !after[0].Started.Equal(before[0].Started) || after[0].Silent < 0 || after[0].Silent > time.Minute {
			t.Errorf("%+v, %v", after, err)
		}
		if err := b.ForgetProcess(ctx, "1"); err != nil {
			t.Fatal(err)
		}
		if left, err := a.Processes(ctx); err != nil || len(left) != 1 || left[0].ID != "2" {
			t.Errorf("%+v, %v", left, err)
		}
	})
}

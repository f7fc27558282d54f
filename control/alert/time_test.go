package alert_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// inTime runs a test in time of its own, which passes when nothing else does.
func inTime(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "meridian.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		w := newWorld(t, s, &inbox{})
		defer func() {
			if w.stop != nil {
				w.stop()
			}
		}()
		f(w)
	})
}

// wait lets time pass.
func (w *world) wait(d time.Duration) {
	w.Helper()
	time.Sleep(d)
	synctest.Wait()
}

// background runs something until stop is called.
func (w *world) background(f func(context.Context) error) (context.Context, func()) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f(ctx); err != nil {
			w.Error(err)
		}
	}()
	return ctx, func() {
		cancel()
		<-done
	}
}

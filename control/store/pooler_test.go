package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

// Behind a pooler in transaction mode each transaction may run on another connection.
func TestAPoolerInTransactionMode(t *testing.T) {
	t.Parallel()
	url := storetest.Pooler(t)
	var opening sync.WaitGroup
	stores := make([]*store.Store, 4)
	for i := range stores { // migrations, all at once
		opening.Go(func() {
			var err error
			if stores[i], err = store.Open(context.Background(), url); err != nil {
				t.Error(err)
			}
		})
	}
	opening.Wait()
	if t.Failed() {
		return
	}
	for _, s := range stores {
		t.Cleanup(func() { s.Close() })
	}
	fence, ok := acquire(t, stores[0], "a", time.Hour)
	if !ok {
		t.Fatal("nobody has the lease, and it cannot be had")
	}
	fenced := store.WithFence(t.Context(), fence)
	const writers, each = 8, 10
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			s := stores[w%len(stores)]
			for n := 0; n < each; {
				head, rows, err := s.Load(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if int(head.Revision) != len(rows) {
					t.Errorf("revision %d beside %d objects: not of one moment", head.Revision, len(rows))
				}
				switch _, err := s.Commit(t.Context(), put(head, address(fmt.Sprintf("a%d-%d", w, n), "192.0.2.1"))); {
				case err == nil:
					n++
				case !errors.Is(err, store.ErrMoved):
					t.Error(err)
					return
				}
				if err := s.DropReplies(fenced, noon); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if head := mustHead(t, stores[0]); head.Revision != writers*each {
		t.Errorf("head is revision %d, %d commits were acknowledged", head.Revision, writers*each)
	}
}

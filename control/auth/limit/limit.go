// Package limit slows down those who guess: so many attempts at once for each key, such
// as an account or an address, and then one in a while.
//
// The table of keys is bounded; the key that was not used for the longest time is
// forgotten first. Whoever has more addresses than the table has room can make it
// forget, so callers put a limit over all keys beside it. Nothing is shared between
// processes: n of them allow n times as much.
package limit

import (
	"container/list"
	"sync"
	"time"
)

// Limiter is a table of token buckets. It is safe for concurrent use.
type Limiter struct {
	// Set before use, read-only after.
	burst int
	every time.Duration // one more attempt
	keys  int

	mu     sync.Mutex // guards the fields below
	bucket map[string]*list.Element
	recent list.List // of *bucket, the least recently used last
}

type bucket struct {
	key  string
	full time.Time // when all attempts are there again
}

// New returns a Limiter for at most keys keys: burst attempts at once, then one every so often.
func New(burst int, every time.Duration, keys int) *Limiter {
	return &Limiter{burst: burst, every: every, keys: keys, bucket: map[string]*list.Element{}}
}

// Take takes an attempt of a key. It returns 0, or how long to wait for the next; a
// refusal takes nothing.
func (l *Limiter) Take(key string, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.bucket[key]
	if !ok {
		if len(l.bucket) >= l.keys {
			last := l.recent.Back()
			delete(l.bucket, last.Value.(*bucket).key)
			l.recent.Remove(last)
		}
		e = l.recent.PushFront(&bucket{key: key})
		l.bucket[key] = e
	}
	l.recent.MoveToFront(e)
	b := e.Value.(*bucket)
	if b.full.Before(now) {
		b.full = now
	}
	next := b.full.Add(l.every)
	if wait = next.Sub(now) - time.Duration(l.burst)*l.every; wait > 0 {
		return wait
	}
	b.full = next
	return 0
}

// Give gives an attempt back that turned out to be good.
func (l *Limiter) Give(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.bucket[key]; ok {
		b := e.Value.(*bucket)
		b.full = b.full.Add(-l.every)
	}
}

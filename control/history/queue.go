package history

import (
	"sync"
	"time"
)

// queue holds what waits to be written, at most limit rows: then the oldest goes.
type queue[T any] struct {
	limit int

	mu      sync.Mutex // guards the fields below
	items   []item[T]
	sum     int // rows of items
	dropped uint64
	last    time.Time // when something was dropped
}

type item[T any] struct {
	v    T
	cost int // rows
}

// put appends; it never blocks.
func (q *queue[T]) put(v T, cost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, item[T]{v, cost})
	q.sum += cost
	q.trimLocked()
}

func (q *queue[T]) trimLocked() {
	n := 0
	for q.sum > q.limit && n < len(q.items) {
		q.sum -= q.items[n].cost
		q.dropped += uint64(q.items[n].cost)
		n++
	}
	if n > 0 {
		clear(q.items[:n])
		q.items = q.items[n:]
		q.last = time.Now()
	}
}

// take removes the oldest, of about as many rows as asked for, at least one item if
// any; it returns what is left of the number.
func (q *queue[T]) take(rows int) ([]item[T], int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.items) && rows > 0 {
		rows -= q.items[n].cost
		q.sum -= q.items[n].cost
		n++
	}
	out := make([]item[T], n)
	copy(out, q.items)
	clear(q.items[:n])
	if q.items = q.items[n:]; len(q.items) == 0 {
		q.items = nil
	}
	return out, rows
}

// putBack returns what was taken to the front.
func (q *queue[T]) putBack(list []item[T]) {
	if len(list) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(list, q.items...)
	for i := range list {
		q.sum += list[i].cost
	}
	q.trimLocked()
}

// lose counts what was taken and is written nowhere.
func (q *queue[T]) lose(list []item[T]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range list {
		q.dropped += uint64(list[i].cost)
	}
}

func (q *queue[T]) rows() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sum
}

// lost is how many rows were dropped, and whether some were in the last minute.
func (q *queue[T]) lost() (n uint64, now bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped, !q.last.IsZero() && time.Since(q.last) < time.Minute
}

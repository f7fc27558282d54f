package history

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

const (
	// Recent is how far back previews look for queries.
	Recent       = time.Hour
	windowSlice  = 10 * time.Minute
	windowSlices = int(Recent/windowSlice) + 1
	// windowKeys bounds a slice; names beyond it show no queries.
	windowKeys = 200_000
)

// window holds, in memory, how often access domains were asked for in the last hour: a
// preview must not wait for a database.
type window struct {
	mu     sync.Mutex // guards slices
	slices [windowSlices]slice
}

type slice struct {
	begin time.Time
	n     map[string]map[string]uint64 // access domain, line
	keys  int
}

func (w *window) add(at time.Time, q *stat.Queries) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sliceLocked(at)
	for _, a := range q.Answers {
		if s == nil {
			return
		}
		s.addLocked(a.Domain, a.Line, a.Count)
	}
}

// sliceLocked returns the slice of a time, nil for one that is past.
func (w *window) sliceLocked(at time.Time) *slice {
	begin := at.UTC().Truncate(windowSlice)
	s := &w.slices[int(begin.Unix()/int64(windowSlice/time.Second))%windowSlices]
	if begin.After(s.begin) {
		*s = slice{begin: begin, n: map[string]map[string]uint64{}}
	}
	if !begin.Equal(s.begin) {
		return nil
	}
	return s
}

func (s *slice) addLocked(domain, line string, n uint64) {
	lines := s.n[domain]
	if _, ok := lines[line]; !ok {
		if s.keys == windowKeys {
			return
		}
		s.keys++
		if lines == nil {
			lines = map[string]uint64{}
			s.n[domain] = lines
		}
	}
	lines[line] += n
}

// RecentQueries returns how often access domains (NAME/TYPE) were asked for in the last
// hour, by line. ok is false when no resolver has reported in that time: then nothing
// is known, and a name that is missing was not asked for otherwise.
func (h *History) RecentQueries() (of func(domain string) map[string]uint64, ok bool) {
	w := &h.window
	cut := h.now().Add(-Recent).Truncate(windowSlice)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.slices {
		ok = ok || w.slices[i].n != nil && !w.slices[i].begin.Before(cut)
	}
	return func(domain string) map[string]uint64 {
		sum := map[string]uint64{}
		w.mu.Lock()
		defer w.mu.Unlock()
		for i := range w.slices {
			if s := &w.slices[i]; !s.begin.Before(cut) {
				for line, n := range s.n[domain] {
					sum[line] += n
				}
			}
		}
		return sum
	}, ok
}

// fillWindow reads what was written before this process started.
func (h *History) fillWindow(ctx context.Context) error {
	db, err := h.reader()
	if err != nil {
		return err
	}
	q, err := db.read.QueryContext(ctx, `
SELECT f.at, s.domain, s.line, SUM(f.queries) FROM @answer_minute f JOIN @answer_series s ON s.id = f.series
WHERE f.at >= $1 GROUP BY f.at, s.domain, s.line`, h.now().Add(-Recent).UnixMicro())
	if err != nil {
		return fmt.Errorf("read recent queries: %w", store.Classify(err))
	}
	defer q.Close()
	h.window.mu.Lock()
	defer h.window.mu.Unlock()
	for q.Next() {
		var at, n int64
		var domain, line string
		if err := q.Scan(&at, &domain, &line, &n); err != nil {
			return fmt.Errorf("read recent queries: %w", err)
		}
		if s := h.window.sliceLocked(time.UnixMicro(at)); s != nil {
			s.addLocked(domain, line, uint64(n))
		}
	}
	return store.Classify(q.Err())
}

package control

import (
	"context"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
)

// Audit is one request that the audit keeps.
type Audit = store.Audit

// How much of one kind of request the audit keeps in a minute, so that nobody can fill
// the disk or crowd others out of the audit by asking: the rest is counted in one row.
const (
	trailWindow = time.Minute
	knownRows   = 600   // of one principal: ten a second, more than a person or a script needs
	strangeRows = 5     // of one source (auth.Source) that shows no valid credential
	strangeKeys = 100   // sources at a time; the others share one count
	trailKeys   = 2_000 // principals and sources at a time; so with these
)

// trail bounds what is written to the audit.
type trail struct {
	mu    sync.Mutex // guards the fields below
	began time.Time  // of the present window
	tally map[string]*tally
	// strangers is how many of tally are sources without a valid credential.
	strangers int
}

// tally counts the requests of one asker with one outcome in a window.
type tally struct {
	rows int
	rest store.Audit // stands for the ones too many; Count says how many
}

// Audit keeps one request that made no revision, at once or, of those who ask too
// often, as part of a count. A change that makes a revision carries its row with it.
func (s *Service) Audit(ctx context.Context, row Audit) error {
	row.At, row.Count = s.now(), 1
	over, now := s.trail.take(row)
	if !now {
		return s.store.AddAudit(ctx, over...)
	}
	return s.store.AddAudit(ctx, append(over, row)...)
}

// take counts a row. It returns what the last window was left with, and whether the row
// itself shall be written.
func (t *trail) take(row store.Audit) (over []store.Audit, now bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	over = t.turnLocked(row.At, false)
	limit, key, strange := knownRows, row.Principal, row.Principal == ""
	if strange {
		limit, key = strangeRows, auth.Source(row.Remote)
	}
	key += " " + row.Outcome
	n := t.tally[key]
	if n == nil && (len(t.tally) >= trailKeys || strange && t.strangers >= strangeKeys) {
		if key = "others " + row.Outcome; t.tally[key] == nil {
			t.tally[key] = &tally{rows: knownRows} // nothing of theirs alone
		}
		n = t.tally[key]
		row.Principal, row.Who, row.Kind, row.Remote = "", "", "", ""
	}
	if n == nil {
		n = &tally{}
		t.tally[key] = n
		if strange {
			t.strangers++
		}
	}
	if n.rows < limit {
		n.rows++
		return over, true
	}
	if n.rest.Count == 0 {
		n.rest, n.rest.Object, n.rest.Count = row, "", 0
	}
	n.rest.Count++
	return over, false
}

// turnLocked begins a new window when the old one is over or shall be, and returns its
// counts.
func (t *trail) turnLocked(now time.Time, end bool) (over []store.Audit) {
	if since := now.Sub(t.began); !end && since >= 0 && since < trailWindow {
		return nil
	}
	for _, n := range t.tally {
		if n.rest.Count > 0 {
			over = append(over, n.rest)
		}
	}
	t.began, t.tally, t.strangers = now, map[string]*tally{}, 0
	return over
}

// flushTrail writes counts whose window is over; all of them at the end.
func (s *Service) flushTrail(ctx context.Context, end bool) error {
	s.trail.mu.Lock()
	over := s.trail.turnLocked(s.now(), end)
	s.trail.mu.Unlock()
	if len(over) == 0 {
		return nil
	}
	return s.store.AddAudit(ctx, over...)
}

// ListAudit returns the rows that a filter selects, newest first.
func (s *Service) ListAudit(ctx context.Context, f store.AuditFilter) ([]Audit, error) {
	return s.store.Audit(ctx, f)
}

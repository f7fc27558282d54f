package history

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// Event is one thing that happened, as people read it later.
type Event = store.Event

// Record keeps events. It does not wait for the database. An event without a time happened now.
func (h *History) Record(events ...Event) {
	for _, e := range events {
		if e.At.IsZero() {
			e.At = h.now()
		}
		// Whole microseconds, as the database keeps.
		e.At = e.At.UTC().Truncate(time.Microsecond)
		h.events.put(e, 1)
	}
	if len(events) > 0 {
		h.poke()
	}
}

func (b *batch) writeEvents(ctx context.Context, tx *txn) error {
	if len(b.events) == 0 {
		return nil
	}
	last, err := nextIDs(ctx, tx, "event", len(b.events))
	if err != nil {
		return err
	}
	in := newInsert(tx, `INSERT INTO @event (id, at, kind, subject, severity, text, data)`, 7, "")
	for i := range b.events {
		e := &b.events[i].v
		e.ID = uint64(last) - uint64(len(b.events)-1-i)
		in.add(ctx, int64(e.ID), e.At.UnixMicro(), e.Kind, e.Subject, e.Severity, e.Text, append([]byte{}, e.Data...))
	}
	return in.end(ctx)
}

// nextIDs takes n numbers of a counter and returns the last of them.
func nextIDs(ctx context.Context, tx *txn, name string, n int) (last int64, err error) {
	err = tx.QueryRowContext(ctx, `UPDATE @counter SET value = value + $1 WHERE name = $2 RETURNING value`, n, name).Scan(&last)
	return last, err
}

// EventFilter selects events; empty fields select all.
type EventFilter struct {
	After, Before           uint64 // ids, exclusive; 0 means open
	From, Until             time.Time
	Kind, Subject, Severity string
	Text                    string // part of text or subject, any case
	Limit                   int
	// Forward asks for the oldest first, as a follower reads; else newest first.
	Forward bool
}

var likeText = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// EventsWritten has a word when events were written here.
func (h *History) EventsWritten() <-chan struct{} { return h.wrote }

// LastEvent returns the id of the newest event, 0 when there never was one.
func (h *History) LastEvent(ctx context.Context) (uint64, error) {
	db, err := h.reader()
	if err != nil {
		return 0, err
	}
	var id int64
	if err := db.read.QueryRowContext(ctx, `SELECT value FROM @counter WHERE name = 'event'`).Scan(&id); err != nil {
		return 0, fmt.Errorf("read the last event's number: %w", store.Classify(err))
	}
	return uint64(id), nil
}

// ownFirst is how long a reader waits for what this process has just recorded, so that
// who acts and looks sees it.
const ownFirst = 300 * time.Millisecond

func (h *History) awaitOwn(ctx context.Context) {
	for until := time.Now().Add(ownFirst); (h.events.rows() > 0 || h.writing.Load()) && time.Now().Before(until) && ctx.Err() == nil; {
		time.Sleep(2 * time.Millisecond)
	}
}

// Events returns the events that a filter selects.
func (h *History) Events(ctx context.Context, f EventFilter) ([]Event, error) {
	db, err := h.reader()
	if err != nil {
		return nil, err
	}
	h.awaitOwn(ctx)
	order := "DESC"
	if f.Forward {
		order = "ASC"
	}
	q, err := db.read.QueryContext(ctx, `
SELECT id, at, kind, subject, severity, text, data FROM @event
WHERE id > $1 AND (id < $2 OR $2 = 0) AND (kind = $3 OR $3 = '') AND (subject = $4 OR $4 = '') AND (severity = $5 OR $5 = '')
	AND ($6 = '' OR LOWER(text) LIKE LOWER($7) ESCAPE '\' OR LOWER(subject) LIKE LOWER($7) ESCAPE '\')
	AND (at >= $8 OR $8 = 0) AND (at < $9 OR $9 = 0)
ORDER BY id `+order+` LIMIT $10`,
		int64(f.After), int64(f.Before), f.Kind, f.Subject, f.Severity, f.Text, "%"+likeText.Replace(f.Text)+"%", micro(f.From), micro(f.Until), f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", store.Classify(err))
	}
	defer q.Close()
	var out []Event
	for q.Next() {
		var e Event
		var id, at int64
		var data []byte
		if err := q.Scan(&id, &at, &e.Kind, &e.Subject, &e.Severity, &e.Text, &data); err != nil {
			return nil, fmt.Errorf("read events: %w", store.Classify(err))
		}
		e.ID, e.At, e.Data = uint64(id), time.UnixMicro(at).UTC(), data
		if len(data) == 0 {
			e.Data = nil
		}
		out = append(out, e)
	}
	return out, store.Classify(q.Err())
}

func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// takeOverPage is how many events are brought over in one transaction.
const takeOverPage = 1000

// takeOver brings over, once, the events that an earlier release kept in the
// configuration's store, with their numbers.
func (h *History) takeOver(ctx context.Context) error {
	db, err := h.reader()
	if err != nil || h.opt.Old == nil {
		return err
	}
	for {
		last, done := int64(0), false
		err := db.update(ctx, func(tx *txn) error {
			if err := tx.QueryRowContext(ctx, `SELECT value FROM @counter WHERE name = 'event'`+db.forUpdate()).Scan(&last); err != nil {
				return err
			}
			n := 0
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM @setting WHERE name = 'events_taken_over'`).Scan(&n); err != nil || n > 0 {
				done = true
				return err
			}
			list, err := h.opt.Old(ctx, uint64(last), takeOverPage)
			if err != nil {
				return err
			}
			in := newInsert(tx, `INSERT INTO @event (id, at, kind, subject, severity, text, data)`, 7, "")
			for _, e := range list {
				last = int64(e.ID)
				in.add(ctx, last, e.At.UnixMicro(), e.Kind, e.Subject, e.Severity, e.Text, append([]byte{}, e.Data...))
			}
			if err := in.end(ctx); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE @counter SET value = $1 WHERE name = 'event'`, last); err != nil {
				return err
			}
			if done = len(list) < takeOverPage; done {
				_, err = tx.ExecContext(ctx, `INSERT INTO @setting (name, value) VALUES ('events_taken_over', 1)`)
			}
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

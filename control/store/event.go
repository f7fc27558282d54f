package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Event is one thing that happened, as people read it later. It is the API's form too.
type Event struct {
	ID       uint64          `json:"id" doc:"Given by the store, rising."`
	At       time.Time       `json:"at"`
	Kind     string          `json:"kind" doc:"health, vantage, node, token, …"`
	Subject  string          `json:"subject" doc:"What it is about."`
	Severity string          `json:"severity" enum:"info,warning,error"`
	Text     string          `json:"text" doc:"One sentence."`
	Data     json.RawMessage `json:"data,omitempty" doc:"Details for programs."`
}

// keepEvents is how many events stay: at 200 bytes each about 40 MB, and months of
// transitions on a quiet system.
const keepEvents = 200_000

// AddEvents stores events in one transaction and gives them their ids.
func (s *Store) AddEvents(ctx context.Context, events []Event) ([]Event, error) {
	if len(events) == 0 {
		return nil, nil
	}
	out := make([]Event, len(events))
	copy(out, events)
	err := s.update(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, `UPDATE counter SET value = value + $1 WHERE name = 'event' RETURNING value`, len(out)).Scan(&last); err != nil {
			return err
		}
		put, err := tx.PrepareContext(ctx, `INSERT INTO event (id, at, kind, subject, severity, text, data) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
		if err != nil {
			return err
		}
		defer put.Close()
		first := last - int64(len(out)) + 1
		for i := range out {
			e := &out[i]
			e.ID = uint64(first) + uint64(i)
			if _, err := put.ExecContext(ctx, int64(e.ID), e.At.UnixMicro(), e.Kind, e.Subject, e.Severity, e.Text, append([]byte{}, e.Data...)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM event WHERE id <= $1`, last-keepEvents)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("add %d events: %w", len(events), err)
	}
	return out, nil
}

// LastEvent returns the id of the newest event, 0 when there never was one.
func (s *Store) LastEvent(ctx context.Context) (uint64, error) {
	var id int64
	if err := s.read.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = 'event'`).Scan(&id); err != nil {
		return 0, fmt.Errorf("read the last event's number: %w", classify(err))
	}
	return uint64(id), nil
}

// EventFilter selects events; empty fields select all.
type EventFilter struct {
	After, Before           uint64 // ids, exclusive; 0 means open
	Kind, Subject, Severity string
	Text                    string // part of text or subject, any case
	Limit                   int
	// Forward asks for the oldest first, as a follower reads; else newest first.
	Forward bool
}

// Events returns the events that a filter selects.
func (s *Store) Events(ctx context.Context, f EventFilter) ([]Event, error) {
	order := "DESC"
	if f.Forward {
		order = "ASC"
	}
	q, err := s.read.QueryContext(ctx, `
SELECT id, at, kind, subject, severity, text, data FROM event
WHERE id > $1 AND (id < $2 OR $2 = 0) AND (kind = $3 OR $3 = '') AND (subject = $4 OR $4 = '') AND (severity = $5 OR $5 = '')
	AND ($6 = '' OR LOWER(text) LIKE LOWER($7) ESCAPE '\' OR LOWER(subject) LIKE LOWER($7) ESCAPE '\')
ORDER BY id `+order+` LIMIT $8`,
		int64(f.After), int64(f.Before), f.Kind, f.Subject, f.Severity, f.Text, "%"+likeText.Replace(f.Text)+"%", f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", classify(err))
	}
	defer q.Close()
	var out []Event
	for q.Next() {
		var e Event
		var id, at int64
		var data []byte
		if err := q.Scan(&id, &at, &e.Kind, &e.Subject, &e.Severity, &e.Text, &data); err != nil {
			return nil, fmt.Errorf("read events: %w", classify(err))
		}
		e.ID, e.At, e.Data = uint64(id), time.UnixMicro(at).UTC(), data
		out = append(out, e)
	}
	return out, q.Err()
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/traffic/said"
)

// Event is one thing that happened, as people read it later. It is the API's form too.
type Event struct {
	ID       uint64          `json:"id" doc:"Given when it is written, rising."`
	At       time.Time       `json:"at"`
	Kind     string          `json:"kind" doc:"health, vantage, node, token, …"`
	Subject  string          `json:"subject" doc:"What it is about."`
	Severity string          `json:"severity" enum:"info,warning,error"`
	Text     string          `json:"text" doc:"One sentence."`
	Data     json.RawMessage `json:"data,omitempty" doc:"Details for programs."`
	Said     *said.Said      `json:"said,omitempty" doc:"Text with its code."`
}

// MarshalJSON implements json.Marshaler.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	if e.Said == nil {
		e.Said = said.Of(e.Text)
	}
	return json.Marshal(plain(e))
}

// OldEvents returns events that an earlier release kept here, oldest first: package
// history takes them over. This release writes none here.
func (s *Store) OldEvents(ctx context.Context, after uint64, limit int) ([]Event, error) {
	q, err := s.read.QueryContext(ctx, `SELECT id, at, kind, subject, severity, text, data FROM event WHERE id > $1 ORDER BY id LIMIT $2`, int64(after), limit)
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
	return out, classify(q.Err())
}

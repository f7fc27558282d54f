package control

import (
	"context"
	"encoding/json"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// Event is one thing that happened, as people read it.
type Event struct {
	ID       uint64          `json:"id"`
	At       time.Time       `json:"at"`
	Kind     string          `json:"kind" doc:"health, node, token, …"`
	Subject  string          `json:"subject" doc:"What it is about."`
	Severity string          `json:"severity" enum:"info,warning,error"`
	Text     string          `json:"text"`
	Data     json.RawMessage `json:"data,omitempty" doc:"Details for programs."`
}

// Record keeps events, in one transaction, and tells those who watch. The caller
// gathers events for a moment and gives many at once: each call costs a disk write.
func (s *Service) Record(ctx context.Context, events ...Event) error {
	rows := make([]store.Event, len(events))
	for i, e := range events {
		if e.At.IsZero() {
			e.At = s.now()
		}
		rows[i] = store.Event{At: e.At, Kind: e.Kind, Subject: e.Subject, Severity: e.Severity, Text: e.Text, Data: e.Data}
	}
	added, err := s.store.AddEvents(ctx, rows)
	if err != nil {
		return err
	}
	for _, e := range added {
		s.Stream.Publish("event", eventOf(e))
	}
	return nil
}

// Events returns the events that a filter selects.
func (s *Service) Events(ctx context.Context, f store.EventFilter) ([]Event, error) {
	rows, err := s.store.Events(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = eventOf(r)
	}
	return out, nil
}

func eventOf(r store.Event) Event {
	e := Event{ID: r.ID, At: r.At, Kind: r.Kind, Subject: r.Subject, Severity: r.Severity, Text: r.Text, Data: r.Data}
	if string(e.Data) == "null" {
		e.Data = nil
	}
	return e
}

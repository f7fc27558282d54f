package control

import (
	"context"

	"github.com/meridian-gtm/meridian/control/store"
)

// Event is one thing that happened, as people read it.
type Event = store.Event

// Record keeps events, in one transaction, and tells those who watch. The caller
// gathers events for a moment and gives many at once: each call costs a disk write.
// An event without a time happened now.
func (s *Service) Record(ctx context.Context, events ...Event) error {
	for i := range events {
		if events[i].At.IsZero() {
			events[i].At = s.now()
		}
	}
	added, err := s.store.AddEvents(ctx, events)
	if err != nil {
		return err
	}
	for _, e := range added {
		s.Stream.Publish("event", e)
	}
	return nil
}

// Events returns the events that a filter selects.
func (s *Service) Events(ctx context.Context, f store.EventFilter) ([]Event, error) {
	return s.store.Events(ctx, f)
}

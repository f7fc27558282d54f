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
	if _, err := s.store.AddEvents(ctx, events); err != nil {
		return err
	}
	if err := s.tellEvents(ctx); err != nil { // they are kept; watchers hear of them at the next look
		s.log.Warn("events are told late", "err", err)
	}
	return nil
}

// tellEvents tells those who watch here what was recorded since, by whatever process.
func (s *Service) tellEvents(ctx context.Context) error {
	s.eventMu.Lock()
	defer s.eventMu.Unlock()
	const page = 1000
	for {
		list, err := s.store.Events(ctx, store.EventFilter{After: s.lastEvent, Forward: true, Limit: page})
		if err != nil {
			return err
		}
		for _, e := range list {
			s.Stream.Publish("event", e)
			s.lastEvent = e.ID
		}
		if len(list) < page {
			return nil
		}
	}
}

// Events returns the events that a filter selects.
func (s *Service) Events(ctx context.Context, f store.EventFilter) ([]Event, error) {
	return s.store.Events(ctx, f)
}

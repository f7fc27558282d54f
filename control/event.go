package control

import (
	"context"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store"
)

// Event is one thing that happened, as people read it.
type Event = history.Event

// EventLog keeps events; *history.History is one. Record does not wait for a disk, and
// Events shows what this process has recorded, at least after a moment.
type EventLog interface {
	Record(events ...Event)
	Events(ctx context.Context, f history.EventFilter) ([]Event, error)
	// LastEvent is the id of the newest event, 0 when there never was one.
	LastEvent(ctx context.Context) (uint64, error)
	// EventsWritten has a word when this process has written events.
	EventsWritten() <-chan struct{}
}

// Record keeps events, without waiting for a disk. Watchers hear of them when they are
// written. An event without a time happened now.
func (s *Service) Record(events ...Event) {
	if s.events == nil {
		return
	}
	for i := range events {
		if events[i].At.IsZero() {
			events[i].At = s.now()
		}
	}
	s.events.Record(events...)
}

// Events returns the events that a filter selects.
func (s *Service) Events(ctx context.Context, f history.EventFilter) ([]Event, error) {
	if s.events == nil {
		return nil, fmt.Errorf("read events: %w: no history is kept", store.ErrUnavailable)
	}
	return s.events.Events(ctx, f)
}

// TellEvents tells those who watch here what was recorded, by whatever process, from
// now on until ctx ends. It is apart from Run, which must not wait for history.
func (s *Service) TellEvents(ctx context.Context) error {
	if s.events == nil {
		return nil
	}
	follow := time.NewTicker(followEvery)
	defer follow.Stop()
	last, known := uint64(0), false
	for {
		look, cancel := context.WithTimeout(ctx, lookTime)
		if !known {
			var err error
			last, err = s.events.LastEvent(look)
			known = err == nil
		}
		if known {
			last = s.tellEvents(look, last)
		}
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-s.events.EventsWritten():
		case <-follow.C:
		}
	}
}

// tellEvents returns the last event that watchers were told of. What cannot be read now
// is told at a later look; history has an alarm of its own.
func (s *Service) tellEvents(ctx context.Context, last uint64) uint64 {
	const page = 1000
	for {
		list, err := s.events.Events(ctx, history.EventFilter{After: last, Forward: true, Limit: page})
		for _, e := range list {
			s.Stream.Publish("event", e)
			last = e.ID
		}
		if err != nil || len(list) < page {
			return last
		}
	}
}

package control

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// Message is one thing that watchers hear of. Type is health, revision, node, event or alert.
type Message struct {
	ID   uint64
	Type string
	Data json.RawMessage
}

// Stream hands messages to everyone who watches. The zero value is ready. It is
// safe for concurrent use; Publish never blocks.
type Stream struct {
	mu   sync.Mutex // guards the fields below
	last uint64
	ring [streamKeeps]Message
	subs map[chan Message]struct{}
}

const (
	// streamKeeps is how many messages a watcher may miss and still resume: a browser
	// reconnects within seconds, and a burst of health changes is about a hundred.
	streamKeeps = 1024
	// streamBuffer is how far a watcher may lag before it is cut off; it then comes
	// back with its last id and reads the rest from the ring.
	streamBuffer = 256
)

// Publish sends a message, whose data must encode as JSON.
func (s *Stream) Publish(typ string, data any) {
	b, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("publish %s: %v", typ, err)) // our own plain data
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	m := Message{ID: s.last, Type: typ, Data: b}
	s.ring[m.ID%streamKeeps] = m
	for ch := range s.subs {
		select {
		case ch <- m:
		default:
			delete(s.subs, ch)
			close(ch)
		}
	}
}

// Watch returns the messages after an id until ctx ends. resumed is false when some
// of them are gone (or the id is of another process's life): the watcher must read
// everything anew. An id of 0 begins now. The channel is closed when the watcher
// was too slow, or ctx ended.
func (s *Stream) Watch(ctx context.Context, after uint64) (messages <-chan Message, resumed bool) {
	ch := make(chan Message, streamBuffer+streamKeeps)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case after == 0:
		resumed = true
	case after <= s.last && s.last-after < streamKeeps:
		resumed = true
		for id := after + 1; id <= s.last; id++ {
			ch <- s.ring[id%streamKeeps]
		}
	}
	if s.subs == nil {
		s.subs = map[chan Message]struct{}{}
	}
	s.subs[ch] = struct{}{}
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, ok := s.subs[ch]; ok {
			delete(s.subs, ch)
			close(ch)
		}
	})
	return ch, resumed
}

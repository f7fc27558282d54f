// Package healthtest has an in-memory bus for the tests of the health layer and of
// those who use it. It delivers in order per subscription, each subscription on its
// own goroutine, as a NATS client does, and can lose what a test names.
package healthtest

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// ErrNoResponder is what Request returns when nobody answers the subject.
var ErrNoResponder = errors.New("nobody answers this subject")

// ErrCut is what a client returns while it is cut off.
var ErrCut = errors.New("the client is cut off from the bus")

// Bus joins its clients. The zero value is ready.
type Bus struct {
	mu      sync.Mutex
	subs    map[*sub]struct{}
	replies map[string][]*reply
	wg      sync.WaitGroup
}

type message struct {
	subject string
	data    []byte
}

type sub struct {
	pattern string
	client  *Client
	f       func(string, []byte)

	mu     sync.Mutex
	queue  []message
	closed bool
	wake   chan struct{}
}

type reply struct {
	client *Client
	f      func([]byte) []byte
}

// Client is one node's connection; it satisfies health.Bus.
type Client struct {
	bus *Bus

	mu   sync.Mutex
	cut  bool
	drop func(subject string, data []byte) bool
	sent map[string]int
}

// Client returns a further connection.
func (b *Bus) Client() *Client { return &Client{bus: b, sent: map[string]int{}} }

// Close ends all deliveries and waits for the callbacks that run.
func (b *Bus) Close() {
	b.mu.Lock()
	for s := range b.subs {
		s.close()
	}
	b.subs, b.replies = nil, nil
	b.mu.Unlock()
	b.wg.Wait()
}

// Cut takes the client off the bus, or back on.
func (c *Client) Cut(off bool) {
	c.mu.Lock()
	c.cut = off
	c.mu.Unlock()
}

// Drop loses messages that the client sends and f names; nil loses none.
func (c *Client) Drop(f func(subject string, data []byte) bool) {
	c.mu.Lock()
	c.drop = f
	c.mu.Unlock()
}

// Sent returns how many messages the client has published below a prefix.
func (c *Client) Sent(prefix string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for s, k := range c.sent {
		if strings.HasPrefix(s, prefix) {
			n += k
		}
	}
	return n
}

func (c *Client) isCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut
}

// Publish implements health.Bus. While cut off it loses the message silently, as a
// connection does that has not yet noticed.
func (c *Client) Publish(subject string, data []byte) error {
	c.mu.Lock()
	c.sent[subject]++
	lost := c.cut || c.drop != nil && c.drop(subject, data)
	c.mu.Unlock()
	if lost {
		return nil
	}
	m := message{subject, append([]byte(nil), data...)}
	c.bus.mu.Lock()
	defer c.bus.mu.Unlock()
	for s := range c.bus.subs {
		if match(s.pattern, subject) && !s.client.isCut() {
			s.push(m)
		}
	}
	return nil
}

// Subscribe implements health.Bus.
func (c *Client) Subscribe(subject string, f func(string, []byte)) (func(), error) {
	s := &sub{pattern: subject, client: c, f: f, wake: make(chan struct{}, 1)}
	c.bus.mu.Lock()
	if c.bus.subs == nil {
		c.bus.subs = map[*sub]struct{}{}
	}
	c.bus.subs[s] = struct{}{}
	c.bus.mu.Unlock()
	c.bus.wg.Go(s.run)
	return func() {
		c.bus.mu.Lock()
		delete(c.bus.subs, s)
		c.bus.mu.Unlock()
		s.close()
	}, nil
}

// Request implements health.Bus.
func (c *Client) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	if c.isCut() {
		return nil, ErrCut
	}
	c.bus.mu.Lock()
	var found *reply
	for _, r := range c.bus.replies[subject] {
		if !r.client.isCut() {
			found = r
			break
		}
	}
	c.bus.mu.Unlock()
	if found == nil {
		return nil, ErrNoResponder
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return found.f(append([]byte(nil), data...)), nil
}

// Reply implements health.Bus.
func (c *Client) Reply(subject string, f func([]byte) []byte) (func(), error) {
	r := &reply{c, f}
	c.bus.mu.Lock()
	if c.bus.replies == nil {
		c.bus.replies = map[string][]*reply{}
	}
	c.bus.replies[subject] = append(c.bus.replies[subject], r)
	c.bus.mu.Unlock()
	return func() {
		c.bus.mu.Lock()
		defer c.bus.mu.Unlock()
		var left []*reply
		for _, o := range c.bus.replies[subject] {
			if o != r {
				left = append(left, o)
			}
		}
		if c.bus.replies != nil {
			c.bus.replies[subject] = left
		}
	}, nil
}

func (s *sub) push(m message) {
	s.mu.Lock()
	s.queue = append(s.queue, m)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sub) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sub) run() {
	for {
		s.mu.Lock()
		queue, closed := s.queue, s.closed
		s.queue = nil
		s.mu.Unlock()
		if closed {
			return
		}
		for _, m := range queue {
			s.f(m.subject, m.data)
		}
		if len(queue) == 0 {
			<-s.wake
		}
	}
}

func match(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	if len(p) != len(s) {
		return false
	}
	for i := range p {
		if p[i] != "*" && p[i] != s[i] {
			return false
		}
	}
	return true
}

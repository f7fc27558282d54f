package rig

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/meridian-gtm/meridian/distribute"
)

// Hub is a message bus in memory. It delivers at once, from the publisher's goroutine,
// so it works in a bubble of fake time too.
type Hub struct {
	mu    sync.Mutex
	wires []*Wire
}

// Wire is one connection to a Hub.
type Wire struct {
	hub *Hub

	// Guarded by hub.mu.
	cut    bool
	subs   map[int]sub
	hooks  map[int]func()
	number int
}

type sub struct {
	subject string
	f       func(subject string, data []byte)
	reply   func(data []byte) []byte
}

var _ distribute.Wire = (*Wire)(nil)

var errCut = errors.New("not connected")

// Wire connects.
func (h *Hub) Wire() *Wire {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := &Wire{hub: h, subs: map[int]sub{}, hooks: map[int]func(){}}
	h.wires = append(h.wires, w)
	return w
}

// Cut takes the connection away, or brings it back.
func (w *Wire) Cut(cut bool) {
	w.hub.mu.Lock()
	back := w.cut && !cut
	w.cut = cut
	var hooks []func()
	if back {
		for _, f := range w.hooks {
			hooks = append(hooks, f)
		}
	}
	w.hub.mu.Unlock()
	for _, f := range hooks {
		f()
	}
}

// Publish implements distribute.Wire.
func (w *Wire) Publish(subject string, data []byte) error {
	found, err := w.find(subject, func(s sub) bool { return s.f != nil })
	for _, s := range found {
		s.f(subject, data)
	}
	return err
}

// Request implements distribute.Wire.
func (w *Wire) Request(_ context.Context, subject string, data []byte) ([]byte, error) {
	found, err := w.find(subject, func(s sub) bool { return s.reply != nil })
	if err != nil {
		return nil, err
	}
	for _, s := range found {
		if b := s.reply(data); b != nil {
			return b, nil
		}
	}
	return nil, errors.New("no responders")
}

func (w *Wire) find(subject string, kind func(sub) bool) ([]sub, error) {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	if w.cut {
		return nil, errCut
	}
	var out []sub
	for _, other := range w.hub.wires {
		for _, s := range other.subs {
			if !other.cut && kind(s) && matches(s.subject, subject) {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

func matches(pattern, subject string) bool {
	p, star := strings.CutSuffix(pattern, "*")
	if !star {
		return pattern == subject
	}
	rest, ok := strings.CutPrefix(subject, p)
	return ok && rest != "" && !strings.Contains(rest, ".")
}

// Subscribe implements distribute.Wire.
func (w *Wire) Subscribe(subject string, f func(subject string, data []byte)) (cancel func(), err error) {
	return w.add(sub{subject: subject, f: f}), nil
}

// Reply implements distribute.Wire.
func (w *Wire) Reply(subject string, f func(data []byte) []byte) (cancel func(), err error) {
	return w.add(sub{subject: subject, reply: f}), nil
}

func (w *Wire) add(s sub) func() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.number++
	id := w.number
	w.subs[id] = s
	return func() {
		w.hub.mu.Lock()
		defer w.hub.mu.Unlock()
		delete(w.subs, id)
	}
}

// OnConnect implements distribute.Wire.
func (w *Wire) OnConnect(f func()) (cancel func()) {
	w.hub.mu.Lock()
	w.number++
	id := w.number
	w.hooks[id] = f
	connected := !w.cut
	w.hub.mu.Unlock()
	if connected {
		f()
	}
	return func() {
		w.hub.mu.Lock()
		defer w.hub.mu.Unlock()
		delete(w.hooks, id)
	}
}

package dnstap

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/resolve"
)

const (
	// drainEvery is how often the workers' rings are emptied. At 100,000 messages a second
	// one holds some 20 ms of a worker; beyond that a collector's machine is the limit.
	drainEvery = 10 * time.Millisecond
	// Room of each worker's ring: at 150 octets a query and answer some 1,700.
	Room = 512 << 10
	// writeTime is how long a collector may take nothing before the connection is given up.
	// Meanwhile the rings fill, and what finds no room is dropped.
	writeTime = 5 * time.Second
	// endTime is how long the end may take: what was seen is sent, if it is taken.
	endTime = time.Second
	// dialTime and the waits between attempts: a collector that restarts is found within
	// seconds, and one that is gone costs nothing.
	dialTime = 3 * time.Second
	minWait  = 250 * time.Millisecond
	maxWait  = 10 * time.Second
	// flushAt bounds what is gathered for one write.
	flushAt = 256 << 10
)

// Target is where a collector listens: unix:PATH or tcp:HOST:PORT.
type Target struct{ Network, Address string }

// ParseTarget reads a target.
func ParseTarget(s string) (Target, error) {
	network, address, _ := strings.Cut(s, ":")
	switch {
	case network == "unix" && address != "":
		return Target{network, address}, nil
	case network == "tcp":
		if _, port, err := net.SplitHostPort(address); err == nil && port != "" && port != "0" {
			return Target{network, address}, nil
		}
	}
	return Target{}, fmt.Errorf("%q is no place of a collector; write unix:/run/dnstap.sock or tcp:192.0.2.1:6000", s)
}

// Options of a Sender. State and Target are required.
type Options struct {
	State    *resolve.State
	Target   Target
	Every    uint32   // one query in so many; 0 means 1
	Domains  []string // NAME/TYPE: only answers of these access domains; none means all
	Queries  bool     // AUTH_QUERY messages beside AUTH_RESPONSE
	Identity string   // of the server
	Version  string
	Log      *slog.Logger // default slog.Default
}

// Stats is what a sender has done since it began.
type Stats struct {
	Connected bool
	Sent      uint64 // messages handed to the system
	Dropped   uint64 // queries that were sampled and not sent
	Connects  uint64
}

// Sender sends to one collector.
type Sender struct {
	opt Options
	enc Encoder
	buf []byte

	connected               atomic.Bool
	sent, dropped, connects atomic.Uint64
}

// New makes a sender, which works while Run runs.
func New(o Options) *Sender {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Sender{opt: o, enc: Encoder{Identity: o.Identity, Version: o.Version}}
}

// Stats returns the present numbers.
func (s *Sender) Stats() Stats {
	return Stats{s.connected.Load(), s.sent.Load(), s.dropped.Load(), s.connects.Load()}
}

// Run sends until ctx ends. While there is no collector nothing is sampled, so workers
// have no more to do than without a sender.
func (s *Sender) Run(ctx context.Context) error {
	wait, told := minWait, false
	for ctx.Err() == nil {
		conn, err := s.connect(ctx)
		if err == nil {
			wait, told = minWait, false
			s.opt.Log.Info("dnstap collector connected", "to", s.opt.Target.Address)
			err = s.serve(ctx, conn)
			conn.Close()
		}
		if ctx.Err() != nil {
			return nil
		}
		if !told { // once, not at every attempt
			told = true
			s.opt.Log.Warn("no dnstap collector; trying again", "to", s.opt.Target.Address, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, maxWait)
	}
	return nil
}

func (s *Sender) connect(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTime}
	conn, err := d.DialContext(ctx, s.opt.Target.Network, s.opt.Target.Address)
	if err != nil {
		return nil, fmt.Errorf("reach the collector: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	defer stop()
	conn.SetDeadline(time.Now().Add(dialTime))
	if err := begin(conn); err != nil {
		conn.Close()
		return nil, fmt.Errorf("begin with the collector: %w", err)
	}
	conn.SetDeadline(time.Time{})
	s.connects.Add(1)
	return conn, nil
}

// serve sends on one connection.
func (s *Sender) serve(ctx context.Context, conn net.Conn) error {
	tap := s.opt.State.Tap(resolve.TapOptions{Rcode: -1, Every: s.opt.Every, Domains: s.opt.Domains, Messages: true, Room: Room})
	defer s.opt.State.Untap(tap)
	s.connected.Store(true)
	defer s.connected.Store(false)
	gone := make(chan struct{})
	go func() { // a collector says nothing until the end: what can be read is its going
		defer close(gone)
		var b [1]byte
		conn.Read(b[:])
	}()
	defer func() { <-gone }()
	defer conn.Close()
	// The end does not wait for a collector that takes nothing.
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now().Add(endTime)) })
	defer stop()
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			// What was seen is sent. The goroutine above reads the collector's FINISH for us.
			if err := s.drain(ctx, conn, tap); err != nil {
				return err
			}
			if _, err := conn.Write(appendControl(nil, controlStop, false)); err != nil {
				return err
			}
			<-gone
			return nil
		case <-gone:
			return fmt.Errorf("the collector has closed the connection")
		case <-tick.C:
			if err := s.drain(ctx, conn, tap); err != nil {
				return err
			}
		}
	}
}

// drain sends what the tap has seen.
func (s *Sender) drain(ctx context.Context, conn net.Conn, tap *resolve.Tap) error {
	var failed error
	s.buf = s.buf[:0]
	pending, n := uint64(0), uint64(0)
	flush := func() {
		if failed == nil && len(s.buf) > 0 {
			if ctx.Err() == nil { // else the end has its own
				conn.SetWriteDeadline(time.Now().Add(writeTime))
			}
			_, failed = conn.Write(s.buf)
		}
		if failed != nil {
			s.dropped.Add(pending)
		} else {
			s.sent.Add(n)
		}
		s.buf, pending, n = s.buf[:0], 0, 0
	}
	lost := tap.Drain(func(q *resolve.Sighting) {
		m := Message{TCP: q.TCP, Client: q.Client, Asked: q.Began, Answered: q.Began.Add(q.Took), Query: q.Query, Answer: q.Response}
		if s.opt.Queries {
			s.frame(&m)
			n++
		}
		m.Response = true
		s.frame(&m)
		n++
		if pending++; len(s.buf) >= flushAt {
			flush()
		}
	})
	flush()
	s.dropped.Add(lost)
	return failed
}

// frame appends a data frame.
func (s *Sender) frame(m *Message) {
	at := len(s.buf)
	s.buf = append(s.buf, 0, 0, 0, 0)
	s.buf = s.enc.Append(s.buf, m)
	binary.BigEndian.PutUint32(s.buf[at:], uint32(len(s.buf)-at-4))
}

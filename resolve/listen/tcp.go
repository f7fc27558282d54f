package listen

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// flushAt is how many octets of responses to pipelined requests are gathered
// before they are written.
const flushAt = 32 << 10

// tcpServer serves connections (RFC 7766). Requests of one connection are answered
// in order, several at once if they came so, and all by one worker: rotation is exact
// per worker, so whoever asks again on its connection sees the turns.
type tcpServer struct {
	cfg     Config
	count   *tcpCounts
	workers []slot
	next    atomic.Uint64 // connections are dealt to the slots in turn

	until atomic.Int64 // when a drain ends, in Unix nanoseconds; 0 before

	mu    sync.Mutex // guards the fields below
	conns map[net.Conn]struct{}
	perIP map[netip.Addr]int
}

// tcpCounts is what Stats tells of connections.
type tcpCounts struct {
	open              atomic.Int64
	accepted, refused atomic.Uint64
}

// slot is a worker that connections share. A request holds it for microseconds.
type slot struct {
	sync.Mutex
	Worker
}

func newTCPServer(cfg Config, count *tcpCounts) *tcpServer {
	s := &tcpServer{
		cfg:     cfg,
		count:   count,
		workers: make([]slot, cfg.Workers),
		conns:   map[net.Conn]struct{}{},
		perIP:   map[netip.Addr]int{},
	}
	for i := range s.workers {
		s.workers[i].Worker = cfg.NewWorker(true)
	}
	return s
}

// run accepts on l until ctx ends, and returns when its connections have.
func (s *tcpServer) run(ctx context.Context, l *net.TCPListener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() {
		<-ctx.Done()
		l.Close()
		s.drain()
	})
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if temporary(err) {
				// Out of file descriptors and the like: waiting is all that helps, and
				// the loop must not spin meanwhile.
				select {
				case <-ctx.Done():
				case <-time.After(50 * time.Millisecond):
				}
				continue
			}
			return err
		}
		if !s.admit(c) {
			s.count.refused.Add(1)
			c.Close()
			continue
		}
		s.count.accepted.Add(1)
		s.count.open.Add(1)
		wg.Go(func() {
			defer s.forget(c)
			s.serve(ctx, c)
		})
	}
}

// temporary reports errors of accept after which the listener still works.
func temporary(err error) bool {
	var ne interface{ Temporary() bool }
	return errors.As(err, &ne) && ne.Temporary()
}

func clientIP(c net.Conn) netip.AddrPort {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

// admit counts a connection in, or reports that a limit is reached.
func (s *tcpServer) admit(c net.Conn) bool {
	ip := clientIP(c).Addr()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= s.cfg.TCPConns || s.perIP[ip] >= s.cfg.TCPConnsPerIP {
		return false
	}
	s.conns[c] = struct{}{}
	s.perIP[ip]++
	return true
}

func (s *tcpServer) forget(c net.Conn) {
	c.Close()
	s.count.open.Add(-1)
	ip := clientIP(c).Addr()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.perIP[ip]--; s.perIP[ip] == 0 {
		delete(s.perIP, ip)
	}
}

// drain makes reads that wait end soon; what was read is answered.
func (s *tcpServer) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(s.cfg.Drain)
	s.until.CompareAndSwap(0, until.UnixNano())
	for c := range s.conns {
		c.SetReadDeadline(until)
	}
}

// serve answers requests until the client closes, is idle for too long, sends what
// cannot be answered, or ctx ends.
func (s *tcpServer) serve(ctx context.Context, c net.Conn) {
	in := bufio.NewReaderSize(c, 4096)
	from := clientIP(c)
	w := &s.workers[s.next.Add(1)%uint64(len(s.workers))]
	var req, out []byte
	for {
		var n int
		var err error
		// One deadline for a whole request: a client that drips octets gains nothing.
		c.SetReadDeadline(time.Now().Add(s.cfg.TCPIdle))
		if ctx.Err() != nil {
			// The drain may have set its deadline before the line above undid it, or
			// sets it soon. Either way a busy client does not put the end off.
			until := time.Now().Add(s.cfg.Drain)
			if t := s.until.Load(); t != 0 {
				until = time.Unix(0, t)
			}
			c.SetReadDeadline(until)
		}
		if n, err = readLength(in); err != nil {
			return
		}
		if cap(req) < n {
			req = make([]byte, n)
		}
		req = req[:n]
		if _, err = io.ReadFull(in, req); err != nil {
			return
		}

		start := len(out)
		out = append(out, 0, 0)
		w.Lock()
		w.begin()
		out = w.Handle(out, req, from, true)
		w.end()
		w.Unlock()

		size := len(out) - start - 2
		if size == 0 {
			// What gets no answer over UDP has no place on a connection either. What
			// was answered before still goes out.
			out = out[:start]
			s.write(c, out)
			return
		}
		binary.BigEndian.PutUint16(out[start:], uint16(size))
		if len(out) < flushAt && in.Buffered() > 2 {
			continue // RFC 7766 §6.2.1.1: more are here already
		}
		if !s.write(c, out) {
			return
		}
		out = out[:0]
	}
}

func readLength(in *bufio.Reader) (int, error) {
	b, err := in.Peek(2)
	if err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(b))
	_, err = in.Discard(2)
	return n, err
}

func (s *tcpServer) write(c net.Conn, b []byte) bool {
	if len(b) == 0 {
		return true
	}
	c.SetWriteDeadline(time.Now().Add(s.cfg.TCPWriteTimeout))
	_, err := c.Write(b)
	return err == nil
}

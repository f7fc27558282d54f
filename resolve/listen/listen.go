package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Handle answers one request: it appends the response to dst and returns it, or
// returns dst as it was to stay silent. It must not keep dst or req. from is the
// client's address, IPv4-mapped addresses already turned into IPv4.
type Handle func(dst, req []byte, from netip.AddrPort, tcp bool) []byte

// Worker is the state of one line of work. Begin and End may be nil; they enclose
// each batch of Handle calls, so that a view is loaded and counters are flushed
// once per batch. All three are called by one goroutine at a time.
type Worker struct {
	Handle Handle
	Begin  func()
	End    func()
}

func (w *Worker) begin() {
	if w.Begin != nil {
		w.Begin()
	}
}

func (w *Worker) end() {
	if w.End != nil {
		w.End()
	}
}

// Backends for UDP.
const (
	Auto     = ""         // the best that this system has
	Portable = "portable" // one datagram per system call, any system
	Mmsg     = "mmsg"     // recvmmsg and sendmmsg, Linux
)

// Config says how to serve. Zero values mean what the comments give.
type Config struct {
	NewWorker func(tcp bool) Worker // called once per UDP worker and TCP slot; required

	Backend string // Auto
	Workers int    // UDP sockets per address and TCP slots; GOMAXPROCS. 1 where the port cannot be shared

	TCPIdle         time.Duration // 10 s: a connection without a whole request for so long is closed (RFC 7766 §6.2.3)
	TCPWriteTimeout time.Duration // 5 s for a client to take a response
	TCPConns        int           // 1024 connections in all
	TCPConnsPerIP   int           // 64 connections of one client address
	Drain           time.Duration // 100 ms: how long requests are still taken after the end was asked for
}

func (c Config) withDefaults() (Config, error) {
	if c.NewWorker == nil {
		return c, errors.New("listen: Config.NewWorker is required")
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if !canShare {
		c.Workers = 1
	}
	switch c.Backend {
	case Auto:
		c.Backend = Portable
		if hasMmsg {
			c.Backend = Mmsg
		}
	case Portable:
	case Mmsg:
		if !hasMmsg {
			return c, fmt.Errorf("listen: backend %q needs Linux; use %q", Mmsg, Portable)
		}
	default:
		return c, fmt.Errorf("listen: unknown backend %q; use %q or %q", c.Backend, Portable, Mmsg)
	}
	setDefault(&c.TCPIdle, 10*time.Second)
	setDefault(&c.TCPWriteTimeout, 5*time.Second)
	setDefault(&c.TCPConns, 1024)
	setDefault(&c.TCPConnsPerIP, 64)
	setDefault(&c.Drain, 100*time.Millisecond)
	return c, nil
}

func setDefault[T time.Duration | int](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// Sockets are bound and not yet served. Requests that arrive wait in the kernel.
type Sockets struct {
	cfg   Config
	addrs []netip.AddrPort
	udp   []*net.UDPConn
	tcp   []*net.TCPListener
	conns tcpCounts
}

// Stats is what the sockets have done, since they were opened. ReceiveDrops are datagrams
// that the kernel dropped for want of room in the sockets' buffers; 0 where it does not
// tell.
type Stats struct {
	ReceiveDrops uint64
	TCPOpen      int64  // connections now
	TCPAccepted  uint64 // connections
	TCPRefused   uint64 // connections closed at once, for there were too many
}

// Stats returns the present numbers. Any goroutine may call it.
func (s *Sockets) Stats() Stats {
	out := Stats{TCPOpen: s.conns.open.Load(), TCPAccepted: s.conns.accepted.Load(), TCPRefused: s.conns.refused.Load()}
	for _, c := range s.udp {
		out.ReceiveDrops += receiveDrops(c)
	}
	return out
}

// Open binds every address ("127.0.0.1:5300", "[::1]:5300", ":53") for UDP and
// TCP. All are bound or none. Port 0 takes a free port, the same for both.
func Open(addrs []string, cfg Config) (*Sockets, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, errors.New("listen: no DNS address given")
	}
	s := &Sockets{cfg: cfg}
	for _, a := range addrs {
		if err := s.open(a); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Addrs returns the bound addresses in the order given to Open.
func (s *Sockets) Addrs() []netip.AddrPort { return s.addrs }

// Backend returns the name of the UDP backend in use.
func (s *Sockets) Backend() string { return s.cfg.Backend }

// Close gives the sockets back. It is for sockets that are not served; Run closes
// them itself.
func (s *Sockets) Close() {
	for _, c := range s.udp {
		c.Close()
	}
	for _, l := range s.tcp {
		l.Close()
	}
}

// open binds one address. With port 0 the free port that TCP gets may be taken
// for UDP, so it is tried a few times.
func (s *Sockets) open(addr string) error {
	const attempts = 10
	for i := 1; ; i++ {
		udp, tcp, err := bind(addr, s.cfg.Workers)
		if err == nil {
			s.udp = append(s.udp, udp...)
			s.tcp = append(s.tcp, tcp)
			local := tcp.Addr().(*net.TCPAddr).AddrPort()
			s.addrs = append(s.addrs, netip.AddrPortFrom(local.Addr().Unmap(), local.Port()))
			return nil
		}
		if _, port, splitErr := net.SplitHostPort(addr); splitErr == nil && port == "0" && i < attempts && errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		return explain(addr, err)
	}
}

func bind(addr string, workers int) (udp []*net.UDPConn, tcp *net.TCPListener, err error) {
	lc := net.ListenConfig{Control: socketOptions}
	l, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	tcp = l.(*net.TCPListener)
	host, _, _ := net.SplitHostPort(addr)
	at := net.JoinHostPort(host, fmt.Sprint(tcp.Addr().(*net.TCPAddr).Port))
	for range workers {
		c, err := lc.ListenPacket(context.Background(), "udp", at)
		if err != nil {
			tcp.Close()
			for _, u := range udp {
				u.Close()
			}
			return nil, nil, err
		}
		udp = append(udp, c.(*net.UDPConn))
	}
	return udp, tcp, nil
}

// explain says what to do about the common failures.
func explain(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("listen on %s: another program has the port; stop it or choose another address with --dns: %w", addr, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("listen on %s: ports below 1024 need a privilege (CAP_NET_BIND_SERVICE): %w", addr, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("listen on %s: this machine does not have the address: %w", addr, err)
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}

// Run serves until ctx ends or a socket fails, drains, and closes all sockets. It
// returns nil after a drain, when all it started has ended. Call it once.
func (s *Sockets) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	start := func(what string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil {
				once.Do(func() { first = fmt.Errorf("%s: %w", what, err) })
				cancel()
			}
		})
	}
	for _, c := range s.udp {
		start("serve UDP on "+c.LocalAddr().String(), func() error { return s.runUDP(c) })
	}
	srv := newTCPServer(s.cfg, &s.conns)
	for _, l := range s.tcp {
		start("serve TCP on "+l.Addr().String(), func() error { return srv.run(ctx, l) })
	}
	<-ctx.Done()
	// A deadline and not a close: what the kernel has already taken for us is
	// answered, so a process that took over the port loses no query of ours.
	deadline := time.Now().Add(s.cfg.Drain)
	for _, c := range s.udp {
		c.SetReadDeadline(deadline)
	}
	wg.Wait()
	s.Close()
	return first
}

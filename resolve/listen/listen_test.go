package listen

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with the request, "quiet" not at all, and counts batches.
type echo struct {
	begins, ends, handled atomic.Int64
	last                  sync.Map // request text -> from
}

func (e *echo) worker(bool) Worker {
	return Worker{
		Begin: func() { e.begins.Add(1) },
		End:   func() { e.ends.Add(1) },
		Handle: func(dst, req []byte, from netip.AddrPort, tcp bool) []byte {
			e.handled.Add(1)
			e.last.Store(string(req), from)
			switch {
			case string(req) == "quiet":
				return dst
			case strings.HasPrefix(string(req), "size "):
				var n int
				fmt.Sscanf(string(req), "size %d", &n)
				return append(dst, make([]byte, n)...)
			}
			return fmt.Appendf(dst, "%s tcp=%v", req, tcp)
		},
	}
}

// serve runs a server until the test ends and returns its first address.
func serve(t *testing.T, cfg Config, addrs ...string) (*echo, []netip.AddrPort) {
	t.Helper()
	e := &echo{}
	cfg.NewWorker = e.worker
	s, err := Open(addrs, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("run does not end")
		}
	})
	return e, s.Addrs()
}

func backends() []string {
	if hasMmsg {
		return []string{Portable, Mmsg}
	}
	return []string{Portable}
}

func dial(t *testing.T, network string, to netip.AddrPort) net.Conn {
	t.Helper()
	c, err := net.Dial(network, to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

func ask(t *testing.T, c net.Conn, req string) string {
	t.Helper()
	if _, err := c.Write([]byte(req)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 65535)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatalf("%q: %v", req, err)
	}
	return string(buf[:n])
}

func frame(req string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(req))), req...)
}

func readFrame(t *testing.T, c net.Conn) string {
	t.Helper()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, buf); err != nil {
		t.Fatal(err)
	}
	return string(buf)
}

func TestUDPAnswersOnEveryKindOfAddress(t *testing.T) {
	t.Parallel()
	for _, backend := range backends() {
		for _, addr := range []string{"127.0.0.1:0", "[::1]:0", ":0", "0.0.0.0:0"} {
			t.Run(backend+" "+addr, func(t *testing.T) {
				t.Parallel()
				e, addrs := serve(t, Config{Backend: backend}, addr)
				to := addrs[0]
				if to.Addr().IsUnspecified() {
					to = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), to.Port())
				}
				c := dial(t, "udp", to)
				if got := ask(t, c, "hello"); got != "hello tcp=false" {
					t.Errorf("got %q", got)
				}
				from, _ := e.last.Load("hello")
				if want := c.LocalAddr().(*net.UDPAddr).AddrPort(); from != want {
					t.Errorf("from %v, want %v", from, want)
				}
				if e.begins.Load() != e.ends.Load() && e.begins.Load() != e.ends.Load()+1 {
					t.Errorf("%d begins and %d ends", e.begins.Load(), e.ends.Load())
				}
			})
		}
	}
}

func TestReplyLeavesFromTheAddressThatWasAsked(t *testing.T) {
	t.Parallel()
	if !canShare {
		return // the wildcard is documented as unfit there
	}
	for _, backend := range backends() {
		for _, addr := range []string{"0.0.0.0:0", ":0"} {
			_, addrs := serve(t, Config{Backend: backend}, addr)
			// A connected socket takes answers from no other address.
			c := dial(t, "udp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.53"), addrs[0].Port()))
			if got := ask(t, c, "x"); got != "x tcp=false" {
				t.Errorf("%s %s: got %q", backend, addr, got)
			}
		}
	}
}

func TestUDPBatchesOfAllSizes(t *testing.T) {
	t.Parallel()
	for _, backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			_, addrs := serve(t, Config{Backend: backend, Workers: 2}, "127.0.0.1:0")
			c := dial(t, "udp", addrs[0])
			const burst = 100
			got := map[string]int{}
			for range 5 {
				want := 0
				for i := range burst {
					req := fmt.Sprintf("r%d", i)
					if i%7 == 3 {
						req = "quiet"
					} else {
						want++
					}
					if _, err := c.Write([]byte(req)); err != nil {
						t.Fatal(err)
					}
				}
				buf := make([]byte, 100)
				for range want {
					n, err := c.Read(buf)
					if err != nil {
						t.Fatalf("after %v: %v", got, err)
					}
					got[string(buf[:n])]++
				}
			}
			for i := range burst {
				if key := fmt.Sprintf("r%d tcp=false", i); i%7 != 3 && got[key] != 5 {
					t.Errorf("%q came %d times, want 5", key, got[key])
				}
			}
		})
	}
}

func TestAResponseThatCannotBeSentDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	for _, backend := range backends() {
		_, addrs := serve(t, Config{Backend: backend, Workers: 1}, "127.0.0.1:0")
		c := dial(t, "udp", addrs[0])
		for _, req := range []string{"a", "size 70000", "b", "size 70000", "c"} {
			if _, err := c.Write([]byte(req)); err != nil {
				t.Fatal(err)
			}
		}
		buf := make([]byte, 100)
		for _, want := range []string{"a", "b", "c"} {
			n, err := c.Read(buf)
			if err != nil {
				t.Fatalf("%s: %v", backend, err)
			}
			if got := string(buf[:n]); got != want+" tcp=false" {
				t.Errorf("%s: got %q, want %q", backend, got, want)
			}
		}
	}
}

func TestTCP(t *testing.T) {
	t.Parallel()
	_, addrs := serve(t, Config{}, "127.0.0.1:0", "[::1]:0")
	t.Run("pipelined requests are answered in order", func(t *testing.T) {
		c := dial(t, "tcp", addrs[0])
		var all []byte
		for i := range 300 {
			all = append(all, frame(fmt.Sprintf("req %d", i))...)
		}
		go c.Write(all)
		for i := range 300 {
			if got, want := readFrame(t, c), fmt.Sprintf("req %d tcp=true", i); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
	t.Run("a request in pieces", func(t *testing.T) {
		c := dial(t, "tcp", addrs[1])
		for _, b := range frame("drip") {
			if _, err := c.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		if got := readFrame(t, c); got != "drip tcp=true" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("the largest response", func(t *testing.T) {
		c := dial(t, "tcp", addrs[0])
		c.Write(frame("size 65535"))
		if got := len(readFrame(t, c)); got != 65535 {
			t.Errorf("%d octets", got)
		}
	})
	t.Run("silence closes, after what was answered", func(t *testing.T) {
		c := dial(t, "tcp", addrs[0])
		c.Write(append(frame("one"), frame("quiet")...))
		if got := readFrame(t, c); got != "one tcp=true" {
			t.Errorf("got %q", got)
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read: %v, want EOF", err)
		}
	})
}

func TestOneConnectionIsServedByOneWorker(t *testing.T) {
	t.Parallel()
	var made atomic.Int64
	s, err := Open([]string{"127.0.0.1:0"}, Config{Workers: 3, NewWorker: func(bool) Worker {
		id := made.Add(1)
		return Worker{Handle: func(dst, _ []byte, _ netip.AddrPort, _ bool) []byte { return fmt.Appendf(dst, "%d", id) }}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer func() { cancel(); <-done }()
	seen := map[string]bool{}
	for range 6 {
		c := dial(t, "tcp", s.Addrs()[0])
		first := ""
		for i := range 20 {
			c.Write(frame("who"))
			got := readFrame(t, c)
			if i == 0 {
				first = got
			} else if got != first {
				t.Fatalf("worker %s answered, after %s had", got, first)
			}
		}
		seen[first] = true
	}
	if len(seen) != 3 {
		t.Errorf("connections were dealt to %d of 3 workers", len(seen))
	}
}

// TestStats: what the kernel dropped while nobody read, and what became of connections.
func TestStats(t *testing.T) {
	t.Parallel()
	s, err := Open([]string{"127.0.0.1:0"}, Config{Workers: 1, TCPConnsPerIP: 2, NewWorker: (&echo{}).worker})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.udp[0].SetReadBuffer(1); err != nil { // the kernel makes it the least that it lets
		t.Fatal(err)
	}
	c := dial(t, "udp", s.Addrs()[0])
	for range 200 {
		c.Write(make([]byte, 1000))
	}
	if got := s.Stats(); hasMmsg && got.ReceiveDrops < 100 {
		t.Errorf("%d of 200 are told as dropped", got.ReceiveDrops)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for range 2 {
		c := dial(t, "tcp", s.Addrs()[0])
		c.Write(frame("x"))
		readFrame(t, c)
	}
	third := dial(t, "tcp", s.Addrs()[0])
	third.Read(make([]byte, 1)) // until it is closed
	if got := s.Stats(); got.TCPOpen != 2 || got.TCPAccepted != 2 || got.TCPRefused != 1 {
		t.Errorf("%+v", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := s.Stats(); got.TCPOpen != 0 {
		t.Errorf("%d connections are open at the end", got.TCPOpen)
	}
}

func TestTCPLimits(t *testing.T) {
	t.Parallel()
	closed := func(c net.Conn) bool {
		_, err := c.Read(make([]byte, 1))
		return err == io.EOF || errors.Is(err, syscall.ECONNRESET)
	}
	t.Run("connections of one client", func(t *testing.T) {
		t.Parallel()
		_, addrs := serve(t, Config{TCPConnsPerIP: 2}, "127.0.0.1:0")
		a, b := dial(t, "tcp", addrs[0]), dial(t, "tcp", addrs[0])
		for _, c := range []net.Conn{a, b} {
			c.Write(frame("x"))
			readFrame(t, c)
		}
		if c := dial(t, "tcp", addrs[0]); !closed(c) {
			t.Error("the third connection was served")
		}
		a.Close()
		// The place is free again, as soon as the server has noticed.
		for deadline := time.Now().Add(10 * time.Second); ; {
			c := dial(t, "tcp", addrs[0])
			c.Write(frame("x"))
			if _, err := io.ReadFull(c, make([]byte, 2)); err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the place never becomes free")
			}
		}
	})
	t.Run("connections in all", func(t *testing.T) {
		t.Parallel()
		_, addrs := serve(t, Config{TCPConns: 1}, "127.0.0.1:0")
		a := dial(t, "tcp", addrs[0])
		a.Write(frame("x"))
		readFrame(t, a)
		if c := dial(t, "tcp", addrs[0]); !closed(c) {
			t.Error("the second connection was served")
		}
	})
	t.Run("an idle connection is closed, and dripping octets do not help", func(t *testing.T) {
		t.Parallel()
		_, addrs := serve(t, Config{TCPIdle: 150 * time.Millisecond}, "127.0.0.1:0")
		idle, drip := dial(t, "tcp", addrs[0]), dial(t, "tcp", addrs[0])
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for _, b := range frame(strings.Repeat("x", 1000)) {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond): // real time: the kernel's clock decides
				}
				if _, err := drip.Write([]byte{b}); err != nil {
					return
				}
			}
		})
		if !closed(idle) || !closed(drip) {
			t.Error("still open")
		}
		close(stop)
		wg.Wait()
	})
}

func TestRunDrains(t *testing.T) {
	t.Parallel()
	for _, backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			e := &echo{}
			s, err := Open([]string{"127.0.0.1:0"}, Config{Backend: backend, NewWorker: e.worker})
			if err != nil {
				t.Fatal(err)
			}
			// Sent before anyone serves: the kernel keeps them, and Run answers them
			// though its context is over.
			u, c := dial(t, "udp", s.Addrs()[0]), dial(t, "tcp", s.Addrs()[0])
			u.Write([]byte("late"))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 100)
			n, err := u.Read(buf)
			if err != nil || string(buf[:n]) != "late tcp=false" {
				t.Errorf("got %q, %v", buf[:n], err)
			}
			if _, err := c.Read(buf); err == nil {
				t.Error("the connection outlived Run")
			}
			again, err := Open([]string{s.Addrs()[0].String()}, Config{Backend: backend, NewWorker: e.worker})
			if err != nil {
				t.Fatalf("the port is not free after Run: %v", err)
			}
			again.Close()
		})
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	worker := (&echo{}).worker
	// Another program: it did not ask to share.
	other, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	for _, tc := range []struct {
		name  string
		addrs []string
		cfg   Config
		want  string
	}{
		{"an occupied port", []string{"127.0.0.1:0", other.LocalAddr().String()}, Config{NewWorker: worker}, "another program has the port"},
		{"an address of another machine", []string{"192.0.2.1:0"}, Config{NewWorker: worker}, "does not have the address"},
		{"not an address", []string{"nonsense"}, Config{NewWorker: worker}, "nonsense"},
		{"no address", nil, Config{NewWorker: worker}, "no DNS address"},
		{"no worker", []string{"127.0.0.1:0"}, Config{}, "NewWorker"},
		{"an unknown backend", []string{"127.0.0.1:0"}, Config{NewWorker: worker, Backend: "magic"}, "magic"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Open(tc.addrs, tc.cfg)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestTheNextProcessBindsBesideThisOne(t *testing.T) {
	t.Parallel()
	if !canShare {
		return // documented: the port cannot be shared there
	}
	_, addrs := serve(t, Config{}, "127.0.0.1:0")
	serve(t, Config{}, addrs[0].String())
}

// A worker's loop allocates nothing: only the sockets of the test do, and those
// are kept out of the count by handing it a ready backend.
func TestReceivingAndSendingAllocateNothing(t *testing.T) {
	for _, kind := range backends() {
		t.Run(kind, func(t *testing.T) {
			s, err := Open([]string{"127.0.0.1:0"}, Config{Backend: kind, Workers: 1, NewWorker: (&echo{}).worker})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var b backend
			if kind == Mmsg {
				b, err = newMmsg(s.udp[0])
			} else {
				b, err = newPortable(s.udp[0])
			}
			if err != nil {
				t.Fatal(err)
			}
			c := dial(t, "udp", s.Addrs()[0])
			hello, buf := []byte("hello"), make([]byte, 100)
			once := func() {
				c.Write(hello)
				batch, err := b.recv()
				if err != nil {
					t.Fatal(err)
				}
				for i := range batch {
					batch[i].resp = append(batch[i].resp[:0], batch[i].req...)
				}
				if err := b.send(); err != nil {
					t.Fatal(err)
				}
				if n, err := c.Read(buf); err != nil || string(buf[:n]) != "hello" {
					t.Fatalf("got %q, %v", buf[:n], err)
				}
			}
			if n := testing.AllocsPerRun(500, once); n != 0 {
				t.Errorf("%v allocations per datagram, want 0", n)
			}
		})
	}
}

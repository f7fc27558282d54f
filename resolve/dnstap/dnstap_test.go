package dnstap_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	reader "github.com/dnstap/golang-dnstap"
	framestream "github.com/farsightsec/golang-framestream"
	"github.com/miekg/dns"
	"google.golang.org/protobuf/proto"

	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/resolve/dnstap"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

type none struct{}

func (none) Get(traffic.Key) (traffic.Current, bool)  { return traffic.Current{}, false }
func (none) Move(traffic.Key, string) traffic.Current { return traffic.Current{} }

// server is a state that answers for example.com.
func server(t *testing.T) (*resolve.State, *resolve.Worker) {
	s := resolve.NewState(resolve.Options{Workers: 1, Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }, Currents: none{}, Log: slog.New(slog.DiscardHandler)})
	z := traffic.New(traffic.KindZone).(*traffic.Zone)
	z.Name, z.Serial = "example.com", 1
	if err := s.Apply(traffic.Position{Epoch: 1, Revision: 1}, true, []traffic.Change{{Key: z.Key(), After: z}}); err != nil {
		t.Fatal(err)
	}
	return s, s.NewWorker(0, 1232)
}

func question(t testing.TB, id uint16) []byte {
	m := new(dns.Msg)
	m.SetQuestion("example.com.", dns.TypeSOA)
	m.Id = id
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// collector takes frames by the public library.
func collector(t *testing.T, network, address string) (target string, frames <-chan *reader.Dnstap, closeAll func()) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan *reader.Dnstap, 1<<16)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				r, err := framestream.NewReader(c, &framestream.ReaderOptions{ContentTypes: [][]byte{reader.FSContentType}, Bidirectional: true})
				if err != nil {
					return
				}
				buf := make([]byte, 1<<17)
				for {
					n, err := r.ReadFrame(buf)
					if err != nil {
						return
					}
					var d reader.Dnstap
					if err := proto.Unmarshal(buf[:n], &d); err != nil {
						t.Errorf("frame: %v", err)
						return
					}
					out <- &d
				}
			})
		}
	})
	closeAll = sync.OnceFunc(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	t.Cleanup(closeAll)
	return network + ":" + l.Addr().String(), out, closeAll
}

func run(t *testing.T, s *dnstap.Sender) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestAnotherLibraryReadsWhatIsSent: over both kinds of sockets, whole and in order, to
// the last one before the end.
func TestAnotherLibraryReadsWhatIsSent(t *testing.T) {
	t.Parallel()
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "d.sock")} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			state, w := server(t)
			to, frames, _ := collector(t, network, address)
			target, err := dnstap.ParseTarget(to)
			if err != nil {
				t.Fatal(err)
			}
			s := dnstap.New(dnstap.Options{State: state, Target: target, Queries: true, Identity: "edge-1", Version: "meridian 1", Log: slog.New(slog.DiscardHandler)})
			stop := run(t, s)
			eventually(t, "connected", func() bool { return s.Stats().Connected })
			clients := []netip.AddrPort{netip.MustParseAddrPort("198.51.100.7:5353"), netip.MustParseAddrPort("[2001:db8::7]:53")}
			var want [][]byte
			before := time.Now()
			for i, c := range clients {
				req := question(t, uint16(i+1))
				w.Begin()
				want = append(want, req, bytes.Clone(w.Handle(nil, req, c, i == 1)))
				w.End()
			}
			stop() // sends what it has
			for i, raw := range want {
				var d *reader.Dnstap
				select {
				case d = <-frames:
				case <-time.After(20 * time.Second):
					t.Fatalf("message %d does not come", i)
				}
				m := d.Message
				if string(d.Identity) != "edge-1" || string(d.Version) != "meridian 1" || d.GetType() != reader.Dnstap_MESSAGE {
					t.Errorf("%v", d)
				}
				c := clients[i/2]
				family, protocol := reader.SocketFamily_INET, reader.SocketProtocol_UDP
				if i/2 == 1 {
					family, protocol = reader.SocketFamily_INET6, reader.SocketProtocol_TCP
				}
				if a, _ := netip.AddrFromSlice(m.QueryAddress); a != c.Addr() || m.GetQueryPort() != uint32(c.Port()) || m.GetSocketFamily() != family || m.GetSocketProtocol() != protocol {
					t.Errorf("message %d is of %v %d", i, m.QueryAddress, m.GetQueryPort())
				}
				asked := time.Unix(int64(m.GetQueryTimeSec()), int64(m.GetQueryTimeNsec()))
				if asked.Before(before) || time.Since(asked) > time.Minute {
					t.Errorf("message %d was asked at %v", i, asked)
				}
				if i%2 == 0 {
					if m.GetType() != reader.Message_AUTH_QUERY || !bytes.Equal(m.QueryMessage, raw) || m.ResponseMessage != nil {
						t.Errorf("message %d: %v", i, m)
					}
					continue
				}
				at := time.Unix(int64(m.GetResponseTimeSec()), int64(m.GetResponseTimeNsec()))
				if m.GetType() != reader.Message_AUTH_RESPONSE || !bytes.Equal(m.ResponseMessage, raw) || at.Before(asked) {
					t.Errorf("message %d: %v", i, m)
				}
			}
			if st := s.Stats(); st.Sent != 4 || st.Dropped != 0 || st.Connected {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestACollectorThatHangsOrDiesHoldsNobodyBack: the worker goes on at its speed, what
// finds no room is counted, and a collector that comes back is found.
func TestACollectorThatHangsOrDiesHoldsNobodyBack(t *testing.T) {
	t.Parallel()
	state, w := server(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := dnstap.Target{Network: "tcp", Address: l.Addr().String()}
	s := dnstap.New(dnstap.Options{State: state, Target: target, Log: slog.New(slog.DiscardHandler)})
	run(t, s)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := framestream.NewReader(c, &framestream.ReaderOptions{ContentTypes: [][]byte{reader.FSContentType}, Bidirectional: true}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connected", func() bool { return s.Stats().Connected })
	// It reads nothing: buffers of the system fill, then the ring.
	req, from := question(t, 1), netip.MustParseAddrPort("198.51.100.7:53")
	buf := make([]byte, 0, 512)
	var slowest time.Duration
	asked := 0
	for s.Stats().Dropped == 0 && asked < 5_000_000 {
		begin := time.Now()
		w.Begin()
		for range 100 {
			w.Handle(buf, req, from, false)
		}
		w.End()
		asked += 100
		slowest = max(slowest, time.Since(begin))
		if asked%200_000 == 0 {
			time.Sleep(20 * time.Millisecond) // let the sender run into its write
		}
	}
	// A write of the sender may wait five seconds; a batch must not even notice.
	if slowest > 2*time.Second {
		t.Errorf("a batch waited %v", slowest)
	}
	eventually(t, "what has no room is counted", func() bool {
		w.Begin()
		w.Handle(buf, req, from, false)
		w.End()
		return s.Stats().Dropped > 0
	})
	c.Close()
	l.Close()
	eventually(t, "the loss is noticed", func() bool { return !s.Stats().Connected })
	_, frames, _ := collector(t, "tcp", target.Address)
	eventually(t, "it is found again", func() bool { return s.Stats().Connected && s.Stats().Connects == 2 })
	w.Begin()
	w.Handle(buf, req, from, false)
	w.End()
	select {
	case <-frames:
	case <-time.After(20 * time.Second):
		t.Error("nothing comes after the return")
	}
}

// TestSampling: one in so many, and only of some access domains.
func TestSampling(t *testing.T) {
	t.Parallel()
	state, w := server(t)
	to, frames, _ := collector(t, "tcp", "127.0.0.1:0")
	target, _ := dnstap.ParseTarget(to)
	s := dnstap.New(dnstap.Options{State: state, Target: target, Every: 10, Log: slog.New(slog.DiscardHandler)})
	only := dnstap.New(dnstap.Options{State: state, Target: target, Domains: []string{"gtm.example.com/A"}, Log: slog.New(slog.DiscardHandler)})
	stop, stopOnly := run(t, s), run(t, only)
	eventually(t, "connected", func() bool { return s.Stats().Connected && only.Stats().Connected })
	req, from := question(t, 1), netip.MustParseAddrPort("198.51.100.7:53")
	w.Begin()
	for range 2000 {
		w.Handle(nil, req, from, false)
	}
	w.End()
	stop()
	stopOnly()
	if n := s.Stats().Sent; n < 120 || n > 280 || only.Stats().Sent != 0 || len(frames) > 280 {
		t.Errorf("%d of 2000 sent, and %d of another access domain; want about 200 and 0", n, only.Stats().Sent)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]dnstap.Target{"unix:/run/d.sock": {Network: "unix", Address: "/run/d.sock"}, "tcp:[2001:db8::1]:6000": {Network: "tcp", Address: "[2001:db8::1]:6000"}} {
		if got, err := dnstap.ParseTarget(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "unix:", "tcp:", "tcp:host", "tcp:host:", "tcp:host:0", "udp:1.2.3.4:5", "/run/d.sock"} {
		if got, err := dnstap.ParseTarget(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestCollectorsThatSpeakSomethingElse are left, and tried again.
func TestCollectorsThatSpeakSomethingElse(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"nothing at all":      "",
		"HTTP":                "HTTP/1.1 400 Bad Request\r\n\r\n",
		"another type":        "\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x04nope",
		"an endless one":      "\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x01",
		"a field beyond it":   "\x00\x00\x00\x00\x00\x00\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x09",
		"not what comes next": "\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x05",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state, _ := server(t)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			s := dnstap.New(dnstap.Options{State: state, Target: dnstap.Target{Network: "tcp", Address: l.Addr().String()}, Log: slog.New(slog.DiscardHandler)})
			stop := run(t, s)
			var tried atomic.Int32
			for range 2 {
				c, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				io.WriteString(c, says)
				b := make([]byte, 64)
				if _, err := c.Read(b); err != nil && !errors.Is(err, io.EOF) {
					t.Logf("read: %v", err)
				}
				c.Close()
				tried.Add(1)
			}
			if st := s.Stats(); st.Connected || st.Connects != 0 {
				t.Errorf("%+v", st)
			}
			stop()
		})
	}
}

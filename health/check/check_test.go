package check

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func prober(t testing.TB, edit ...func(*Options)) *Prober {
	t.Helper()
	opt := Options{Policy: Policy{Allow: loopback}, Log: quiet}
	for _, f := range edit {
		f(&opt)
	}
	p := New(opt)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// job makes a task for a target, with the template's defaults.
func job(target string, port int, edit func(*traffic.Template)) health.Task {
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol = "test", traffic.TCP
	tpl.Timeout = traffic.Duration(5 * time.Second)
	if ip, err := netip.ParseAddr(target); err == nil && ip.Is6() {
		tpl.IPVersion = "IPv6"
	}
	if edit != nil {
		edit(tpl)
	}
	tpl.Normalize()
	return health.Task{Key: traffic.TaskKey{Address: "a", Template: "test", Port: port}, Target: target, Template: tpl}
}

func quick(t *traffic.Template) { t.Timeout = traffic.Duration(150 * time.Millisecond) }

// peer listens on loopback and gives every connection to serve.
func peer(t testing.TB, network, address string, serve func(net.Conn)) (host string, port int) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(20 * time.Second))
				if serve != nil {
					serve(c)
				}
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	a := l.Addr().(*net.TCPAddr)
	return a.IP.String(), a.Port
}

// closedPort is a port of loopback that nobody listens on.
func closedPort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// expectation is what a row of a table wants of a result.
func expect(t *testing.T, r Result, code, reason string) {
	t.Helper()
	if r.OK != (code == "") || r.Code != code {
		t.Fatalf("ok=%v code=%q reason=%q, want code %q", r.OK, r.Code, r.Reason, code)
	}
	if code == "" && r.Reason != "" || !strings.Contains(r.Reason, reason) {
		t.Fatalf("reason %q, want it to have %q", r.Reason, reason)
	}
	if r.OK && r.Latency <= 0 {
		t.Fatalf("latency %v", r.Latency)
	}
	if r.OK && (r.Local || r.Silent || !r.Reached) {
		t.Fatalf("good, but %+v", r)
	}
}

func greet(text string) func(net.Conn) { return func(c net.Conn) { io.WriteString(c, text) } }

func hang(c net.Conn) { io.Copy(io.Discard, c) }

func TestTCP(t *testing.T) {
	t.Parallel()
	p := prober(t)
	echo := func(c net.Conn) { io.Copy(c, c) }
	opts := func(send, expect string) func(*traffic.Template) {
		return func(t *traffic.Template) { t.TCP = &traffic.TCPOptions{Send: send, Expect: expect} }
	}
	for _, c := range []struct {
		sentence     string
		serve        func(net.Conn)
		edit         func(*traffic.Template)
		code, reason string
	}{
		{"a port that accepts is good", nil, nil, "", ""},
		{"a greeting that is expected is good", greet("220 mail.example.com ESMTP\r\n"), opts("", "220 "), "", ""},
		{"a reply to what was sent, with escapes, is good", echo, opts(`PING\x00\r\n`, `NG\x00\r`), "", ""},
		{"a reply in pieces is good", func(c net.Conn) {
			for _, s := range []string{"OK", " re", "ady"} {
				io.WriteString(c, s)
				time.Sleep(5 * time.Millisecond)
			}
		}, opts("", "ready"), "", ""},
		{"another greeting is bad", greet("554 go away\r\n"), opts("", "220 "), CodeBody, `do not contain "220 "`},
		{"no greeting is bad", nil, opts("", "220 "), CodeBody, "first 0 bytes"},
		{"a text after the first 4 KiB is not seen", greet(strings.Repeat("x", 4096) + "ready"), opts("", "ready"), CodeBody, "first 4096 bytes"},
		{"a peer that says nothing runs into the time limit", hang, func(t *traffic.Template) { opts("", "220")(t); quick(t) }, CodeTimeout, "while waiting for the expected text"},
		{"a peer that resets is bad", func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }, opts("", "220"), CodeReset, "broke the connection"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			host, port := peer(t, "tcp4", "127.0.0.1:0", c.serve)
			r := p.Probe(t.Context(), job(host, port, c.edit))
			expect(t, r, c.code, c.reason)
			if !r.Reached && c.code != "" {
				t.Errorf("the peer accepted, yet %+v", r)
			}
		})
	}
	t.Run("a closed port refuses, which is an answer", func(t *testing.T) {
		t.Parallel()
		r := p.Probe(t.Context(), job("127.0.0.1", closedPort(t), nil))
		expect(t, r, CodeRefused, "refuses connections")
		if !r.Reached || r.Silent || r.Local {
			t.Errorf("%+v", r)
		}
	})
	t.Run("IPv6 is probed too", func(t *testing.T) {
		t.Parallel()
		host, port := peer(t, "tcp6", "[::1]:0", nil)
		expect(t, p.Probe(t.Context(), job(host, port, nil)), "", "")
	})
	t.Run("an address of the wrong family is no vote", func(t *testing.T) {
		t.Parallel()
		r := p.Probe(t.Context(), job("127.0.0.1", 80, func(t *traffic.Template) { t.IPVersion = "IPv6" }))
		expect(t, r, CodeConfig, "does not fit")
		if !r.Local {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a probe that is broken off is no vote", func(t *testing.T) {
		t.Parallel()
		host, port := peer(t, "tcp4", "127.0.0.1:0", hang)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		r := p.Probe(ctx, job(host, port, opts("", "220")))
		if !r.Local || time.Since(start) > 2*time.Second {
			t.Errorf("%+v after %v", r, time.Since(start))
		}
	})
}

func TestPolicyIsHeldInTheDialer(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	_, port := peer(t, "tcp4", "127.0.0.1:0", func(net.Conn) { connections.Add(1) })
	strict := prober(t, func(o *Options) {
		o.Policy = Policy{}
		o.Lookup = func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
	})
	for _, target := range []string{"127.0.0.1", "rebound.example.com"} {
		r := strict.Probe(t.Context(), job(target, port, nil))
		if r.OK || !r.Local || r.Code != CodeDenied || !strings.Contains(r.Reason, "--probe-allow") {
			t.Errorf("%s: %+v", target, r)
		}
	}
	// Also when nobody asked before dialing.
	if _, err := strict.dial(t.Context(), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))); err == nil {
		t.Error("the dialer connects to a refused address")
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections to a refused address", n)
	}
}

func TestDomainTargets(t *testing.T) {
	t.Parallel()
	_, port := peer(t, "tcp4", "127.0.0.1:0", nil)
	addrs := func(list ...string) (out []netip.Addr) {
		for _, s := range list {
			out = append(out, netip.MustParseAddr(s))
		}
		return out
	}
	for _, c := range []struct {
		sentence     string
		found        []netip.Addr
		err          error
		code, reason string
		resolved     int
		check        func(Result) bool
	}{
		{"one address that is good", addrs("127.0.0.1"), nil, "", "", 1, nil},
		{"good when one of several is, and the reason names the bad", addrs("127.0.0.9", "127.0.0.1"), nil, "",
			"1 of 2 addresses of api.example.com are bad: 127.0.0.9: 127.0.0.9:", 2, func(r Result) bool { return r.Reached && !r.Local && !r.Silent }},
		{"bad when all are", addrs("127.0.0.8", "127.0.0.9"), nil, CodeRefused, "2 of 2", 2, nil},
		{"a refused address beside a dead one is the dead one's fault", addrs("169.254.169.254", "127.0.0.9"), nil, CodeRefused, "cloud metadata", 2,
			func(r Result) bool { return !r.Local }},
		{"only refused addresses are no vote", addrs("169.254.169.254", "0.0.0.0"), nil, CodeDenied, "2 of 2", 2, func(r Result) bool { return r.Local }},
		{"at most eight are probed, in order", addrs("127.0.0.30", "127.0.0.20", "127.0.0.21", "127.0.0.22", "127.0.0.23", "127.0.0.24", "127.0.0.25", "127.0.0.26", "127.0.0.27", "127.0.0.28"),
			nil, CodeRefused, "8 of 8", 8, func(r Result) bool { return r.Resolved[0] == netip.MustParseAddr("127.0.0.20") }},
		{"twice the same is once", addrs("127.0.0.1", "127.0.0.1"), nil, "", "", 1, nil},
		{"the other family's addresses are left out", addrs("::1"), nil, CodeDNS, "has no IPv4 address", 0, nil},
		{"a name that does not exist is bad", nil, &net.DNSError{Err: "no such host", IsNotFound: true}, CodeDNS, "has no IPv4 address", 0,
			func(r Result) bool { return r.Reached && !r.Silent }},
		{"a resolver that fails may be our own trouble", nil, &net.DNSError{Err: "server misbehaving"}, CodeDNS, "server misbehaving", 0,
			func(r Result) bool { return r.Silent && !r.Local }},
		{"a resolver that is silent may be our own trouble", nil, &net.DNSError{Err: "i/o timeout", IsTimeout: true}, CodeDNS, "time limit", 0,
			func(r Result) bool { return r.Silent }},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			p := prober(t, func(o *Options) {
				o.Lookup = func(_ context.Context, network, host string) ([]netip.Addr, error) {
					if network != "ip4" || host != "api.example.com." {
						return nil, fmt.Errorf("asked for %s %s", network, host)
					}
					return c.found, c.err
				}
			})
			r := p.Probe(t.Context(), job("api.example.com", port, nil))
			if r.OK != (c.code == "") || r.Code != c.code || !strings.Contains(r.Reason, c.reason) || len(r.Resolved) != c.resolved {
				t.Fatalf("%+v, want code %q, reason with %q, %d addresses", r, c.code, c.reason, c.resolved)
			}
			if c.check != nil && !c.check(r) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestTheMachinesResolverIsUsed(t *testing.T) {
	t.Parallel()
	_, port := peer(t, "tcp4", "127.0.0.1:0", nil)
	expect(t, prober(t).Probe(t.Context(), job("localhost", port, nil)), "", "")
}

func TestPanicIsABadProbe(t *testing.T) {
	t.Parallel()
	p := prober(t)
	broken := job("127.0.0.1", 80, func(t *traffic.Template) { t.Protocol = traffic.HTTP })
	broken.Template.HTTP = nil // no such template passes the checks
	r := p.Probe(t.Context(), broken)
	expect(t, r, CodePanic, "the prober has a defect")
	r = p.Probe(t.Context(), job("127.0.0.1", 80, func(t *traffic.Template) { t.Protocol = "quic" }))
	expect(t, r, CodeConfig, `no probe for protocol "quic"`)
}

func TestProbesLeaveNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p := New(Options{Policy: Policy{Allow: loopback}, Log: quiet})
	for _, j := range []health.Task{
		job("127.0.0.1", closedPort(t), nil),
		job("127.0.0.1", 0, func(t *traffic.Template) { t.Protocol = traffic.Ping }),
		job("localhost", 1, nil),
	} {
		p.Probe(t.Context(), j)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

var discardLog = log.New(io.Discard, "", 0)

package vantage_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/check"
	"github.com/meridian-gtm/meridian/health/healthtest"
	"github.com/meridian-gtm/meridian/health/healthtest/netns"
	"github.com/meridian-gtm/meridian/health/vantage"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func accept(t *testing.T, address string) (port int) {
	t.Helper()
	l, err := net.Listen("tcp4", address)
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
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().(*net.TCPAddr).Port
}

// eventually waits in real time, since real sockets have no other.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// A prober whose network is really cut abstains: no verdict moves, and when the
// network is back it votes again. One bad probe would suffice to fail a task here.
func TestVantageCutOffFromItsNetworkAbstains(t *testing.T) {
	t.Parallel()
	if !netns.Own(t) {
		return
	}
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol, tpl.EvaluationCount = "web", traffic.TCP, 1
	tpl.Interval, tpl.Timeout = traffic.Duration(600*time.Millisecond), traffic.Duration(500*time.Millisecond)
	tpl.Normalize()
	var tasks []health.Task
	for i := range 6 {
		host := fmt.Sprintf("127.0.0.%d", i+2)
		tasks = append(tasks, health.Task{Key: traffic.TaskKey{Address: fmt.Sprint("t", i), Template: "web", Port: accept(t, host+":0")}, Target: host, Template: tpl})
	}
	var bus healthtest.Bus
	defer bus.Close()
	prober := check.New(check.Options{Policy: check.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, Log: quiet})
	defer prober.Close()
	v, err := vantage.New(vantage.Options{ID: "here", Bus: bus.Client(), Prober: prober, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	v.SetTasks(tasks)
	e := view.New(view.Options{Bus: bus.Client(), Log: quiet})
	e.SetTasks(tasks)
	defer start(t, v.Run)()
	defer start(t, e.Run)()

	all := func(stale bool) func() bool {
		return func() bool {
			for _, k := range tasks {
				if got := e.Verdict(k.Key); got.State != verdict.Up || got.Stale != stale {
					return false
				}
			}
			return true
		}
	}
	eventually(t, "all up", all(false))
	netns.Loopback(t, false)
	eventually(t, "all held", all(true))
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if !all(true)() {
			t.Fatal("a verdict moved while the network was cut")
		}
	}
	if st := v.Status(); st.Isolated == "" {
		t.Errorf("%+v: does not say that it is isolated", st)
	}
	netns.Loopback(t, true)
	eventually(t, "all up again", all(false))
	for _, ev := range e.Events() {
		if ev.To == "down" {
			t.Errorf("%v went down: %s", ev.Task, ev.Cause)
		}
	}
}

func start(t *testing.T, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// References alone tell whether the network works, even for one target.
func TestReferences(t *testing.T) {
	t.Parallel()
	tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
	tpl.Name, tpl.Protocol, tpl.EvaluationCount = "web", traffic.TCP, 1
	tpl.Interval, tpl.Timeout = traffic.Duration(200*time.Millisecond), traffic.Duration(100*time.Millisecond)
	tpl.Normalize()
	task := health.Task{Key: traffic.TaskKey{Address: "only", Template: "web", Port: 80}, Target: "203.0.113.1", Template: tpl}

	port := accept(t, "127.0.0.1:0")
	answers := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))
	// A listener whose queue is full drops what comes: silence, on loopback.
	silent := fullQueue(t)
	for _, c := range []struct {
		sentence string
		refs     []netip.AddrPort
		isolated bool
	}{
		{"one answers: the target is dead", []netip.AddrPort{silent, answers}, false},
		{"a refusal is an answer", []netip.AddrPort{closed(t)}, false},
		{"none answers: the network is", []netip.AddrPort{silent}, true},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			world := healthtest.NewWorld()
			var bus healthtest.Bus
			defer bus.Close()
			v, err := vantage.New(vantage.Options{ID: "here", Bus: bus.Client(), Prober: world, References: c.refs, Log: quiet})
			if err != nil {
				t.Fatal(err)
			}
			v.SetTasks([]health.Task{task})
			defer start(t, v.Run)()
			finding := func() verdict.Finding { return v.Findings()[task.Key].Finding }
			eventually(t, "good", func() bool { return finding() == verdict.Good })
			world.All(healthtest.Silent)
			if c.isolated {
				eventually(t, "isolated", func() bool { return v.Status().Isolated != "" && finding() == verdict.Abstain })
				return
			}
			eventually(t, "failed", func() bool { return finding() == verdict.Failed && v.Status().Isolated == "" })
		})
	}
}

func closed(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// fullQueue is an address of loopback that neither answers nor refuses.
func fullQueue(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(name.(*unix.SockaddrInet4).Port))
	for range 4 {
		c, err := net.DialTimeout("tcp4", at.String(), 200*time.Millisecond)
		if err != nil {
			return at
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("the queue does not fill")
	return at
}

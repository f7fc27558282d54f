package check

import (
	"os"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/healthtest/netns"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestCutNetwork(t *testing.T) {
	t.Parallel()
	if !netns.Own(t) {
		return
	}
	p := prober(t)
	host, port := peer(t, "tcp4", "127.0.0.1:0", nil)
	limit := func(t *traffic.Template) { t.Timeout = traffic.Duration(time.Second) }
	here := []health.Task{
		job(host, port, limit),
		job("127.0.0.1", 0, func(t *traffic.Template) { pings(traffic.PingOptions{Packets: 1})(t); limit(t) }),
	}
	for _, j := range here {
		expect(t, p.Probe(t.Context(), j), "", "")
	}
	netns.Loopback(t, false)
	for _, j := range here {
		// The kernel still has the route, but the packets vanish: only silence.
		if r := p.Probe(t.Context(), j); !r.Silent || r.Local || r.Reached || r.Code != CodeTimeout {
			t.Errorf("%s: %+v", j.Template.Protocol, r)
		}
	}
	for _, target := range []string{"203.0.113.1", "2001:db8::1"} {
		for _, j := range []health.Task{job(target, 80, nil), job(target, 0, pings(traffic.PingOptions{}))} {
			if r := p.Probe(t.Context(), j); !r.Local || r.Code != CodeLocal || r.Reached || r.Silent {
				t.Errorf("%s %s: %+v", j.Template.Protocol, target, r)
			}
		}
	}
	netns.Loopback(t, true)
	for _, j := range here {
		expect(t, p.Probe(t.Context(), j), "", "")
	}
}

func TestUnprivilegedPing(t *testing.T) {
	t.Parallel()
	if !netns.Own(t) {
		return
	}
	// The kernel's setting is per network; by default it is closed to everyone.
	if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 0"), 0); err != nil {
		t.Fatal(err)
	}
	p := prober(t)
	for i, v6 := range []bool{false, true} {
		c, err := listenDatagram(v6)
		if err != nil {
			t.Fatal(err)
		}
		s := &pingSocket{conn: c, v6: v6, done: make(chan struct{}), waiting: map[uint64]*echo{}, cookie: [8]byte{7}}
		p.icmp[i].sock = s
		go s.read()
	}
	for _, target := range []string{"127.0.0.1", "::1"} {
		expect(t, p.Probe(t.Context(), job(target, 0, pings(traffic.PingOptions{Packets: 3}))), "", "")
	}
}

package cluster

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// question makes a query; client "" is none, otherwise a prefix for ECS.
func question(name, qtype, client string) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), dns.StringToType[qtype])
	m.RecursionDesired = false
	if client == "" {
		return m
	}
	p := netip.MustParsePrefix(client)
	o := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	o.SetUDPSize(1232)
	family := uint16(1)
	if p.Addr().Is6() {
		family = 2
	}
	o.Option = append(o.Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: family, SourceNetmask: uint8(p.Bits()), Address: p.Masked().Addr().AsSlice()})
	m.Extra = append(m.Extra, o)
	return m
}

// ask sends one query over UDP, and again when a packet gets lost.
func (p *process) ask(name, qtype, client string) (*dns.Msg, error) {
	c := dns.Client{Timeout: 2 * time.Second}
	var r *dns.Msg
	var err error
	for range 3 {
		if r, _, err = c.Exchange(question(name, qtype, client), p.dns()); err == nil {
			return r, nil
		}
		if !isTimeout(err) {
			break
		}
	}
	return nil, err
}

func isTimeout(err error) bool {
	n, ok := err.(net.Error)
	return ok && n.Timeout()
}

// addresses asks for A and returns what is answered, sorted and joined.
func (p *process) addresses(name, client string) (string, error) {
	r, err := p.ask(name, "A", client)
	if err != nil {
		return "", err
	}
	if r.Rcode != dns.RcodeSuccess {
		return "", fmt.Errorf("answer is %s", dns.RcodeToString[r.Rcode])
	}
	return strings.Join(values(r), " "), nil
}

func values(r *dns.Msg) []string {
	var list []string
	for _, rr := range r.Answer {
		if a, ok := rr.(*dns.A); ok {
			list = append(list, a.A.String())
		}
	}
	slices.Sort(list)
	return list
}

// answers waits until a node answers a name with exactly these addresses.
func (p *process) answers(name string, want ...string) {
	p.t.Helper()
	slices.Sort(want)
	eventually(p.t, fmt.Sprintf("%s answers %s with %v", p.name, name, want), func() error {
		got, err := p.addresses(name, "")
		if err == nil && got != strings.Join(want, " ") {
			err = fmt.Errorf("it answers %s", got)
		}
		return err
	})
}

// watch asks a node without end whether it answers as it should. A node that does not
// answer at all is not wrong: tests kill it. The returned function ends the watch and
// tells how many answers there were.
func (p *process) watch(name string, want ...string) (end func() int) {
	slices.Sort(want)
	good := strings.Join(want, " ")
	quit, done := make(chan struct{}), make(chan struct{})
	n := 0
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-time.After(5 * time.Millisecond):
			}
			c := dns.Client{Timeout: time.Second}
			r, _, err := c.Exchange(question(name, "A", ""), p.dns())
			if err != nil {
				continue
			}
			n++
			if got := strings.Join(values(r), " "); got != good || r.Rcode != dns.RcodeSuccess {
				p.t.Errorf("%s answered %s with %q (%s), never to be anything but %q", p.name, name, got, dns.RcodeToString[r.Rcode], good)
				return
			}
		}
	}()
	var once sync.Once
	stop := func() { once.Do(func() { close(quit) }); <-done }
	p.t.Cleanup(stop) // of a test that fails before it ends the watch
	return func() int { stop(); return n }
}

// silent fails unless nothing is bound at the node's DNS address, for UDP and TCP.
func (p *process) silent(t *testing.T) {
	t.Helper()
	for _, network := range []string{"udp", "tcp"} {
		c := dns.Client{Net: network, Timeout: 500 * time.Millisecond}
		r, _, err := c.Exchange(question("www.example.com", "A", ""), p.dns())
		if err == nil {
			t.Fatalf("%s answered over %s: %s", p.name, network, r)
		}
		if !strings.Contains(err.Error(), "connection refused") {
			t.Fatalf("%s over %s: %v, want connection refused as nothing is bound", p.name, network, err)
		}
	}
}

package resolve

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/traffic"
)

// tapped is a node with a name of two lines, a zone and a CNAME to that name.
func tapped(t testing.TB, workers int) *node {
	n := newNode(workers)
	n.load(t, append(customLines(), zoneObj("example.com"), zoneObj("example.net"), addr("in", "192.0.2.1"), addr("out", "192.0.2.2"),
		&traffic.Record{Zone: "example.com", Name: "www", Type: "CNAME", TTL: 300, Data: []string{"gtm.example.net."}, Meta: traffic.Meta{Enabled: true}},
		pool("inside", traffic.Sequential, member("in", 1)), pool("outside", traffic.Sequential, member("out", 1)),
		domain("gtm.example.net", "A", traffic.Proximity, inPool("inside", 1, "lab"), inPool("outside", 1, "default"))))
	return n
}

func wireName(t testing.TB, name string) []byte {
	b, err := rr.PackName(name + ".")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTapSeesWhatWasAnswered: every kind of answer, with what only the worker knew.
func TestTapSeesWhatWasAnswered(t *testing.T) {
	t.Parallel()
	n := tapped(t, 1)
	tap := n.Tap(TapOptions{Rcode: -1, Messages: true})
	w := n.NewWorker(0, 1232)
	w.Begin()
	var sent, got [][]byte
	for _, q := range []struct {
		req  []byte
		from string
		tcp  bool
	}{
		{query("GTM.example.net", "A", "203.0.115.0/26"), "8.8.8.8:53", false},
		{query("www.example.com", "A", ""), "[2001:db8::1]:53", true},
		{query("gtm.example.net", "AAAA", ""), "8.8.8.8:53", false},
		{query("no.example.net", "TXT", ""), "8.8.8.8:53", false},
		{query("elsewhere.org", "A", ""), "8.8.8.8:53", false},
		{query("example.net", "AXFR", ""), "8.8.8.8:53", true},
		{[]byte{0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0}, "8.8.8.8:1", false},
		{[]byte{1, 2, 3}, "8.8.8.8:1", false}, // no answer, so nothing to show
	} {
		dst := []byte("before")
		sent, got = append(sent, q.req), append(got, w.Handle(dst, q.req, netip.MustParseAddrPort(q.from), q.tcp)[len(dst):])
	}
	w.End()
	var lines []string
	i := 0
	drop := tap.Drain(func(s *Sighting) {
		if !bytes.Equal(s.Query, sent[i]) || !bytes.Equal(s.Response, got[i]) || s.Size != len(got[i]) {
			t.Errorf("query %d: messages are not those on the wire", i)
		}
		i++
		name := ""
		if len(s.Name) > 0 {
			name = rr.NameText(s.Name) + " " + rr.TypeText(s.Type)
		}
		lines = append(lines, fmt.Sprintf("%v tcp=%v %v %s %d %s %s %s %s", s.Client, s.TCP, s.ECS, name, s.Rcode, s.Domain, s.Line, s.Pool, s.Address))
		if s.Began.IsZero() || s.Took < 0 || s.Took > 1e9 {
			t.Errorf("query %d: began %v, took %v", i, s.Began, s.Took)
		}
	})
	want := []string{
		"8.8.8.8:53 tcp=false 203.0.115.0/26 gtm.example.net. A 0 gtm.example.net/A lab inside in",
		"[2001:db8::1]:53 tcp=true invalid Prefix www.example.com. A 0 gtm.example.net/A default outside out",
		"8.8.8.8:53 tcp=false invalid Prefix gtm.example.net. AAAA 0    ",
		"8.8.8.8:53 tcp=false invalid Prefix no.example.net. TXT 3    ",
		"8.8.8.8:53 tcp=false invalid Prefix elsewhere.org. A 5    ",
		"8.8.8.8:53 tcp=true invalid Prefix example.net. AXFR 5    ",
		"8.8.8.8:1 tcp=false invalid Prefix  1    ",
	}
	if !slices.Equal(lines, want) || drop != 0 {
		t.Errorf("%d dropped, seen:\n%q\nwant\n%q", drop, lines, want)
	}
	n.Untap(tap)
	w.Begin()
	w.Handle(nil, sent[0], netip.MustParseAddrPort("8.8.8.8:53"), false)
	w.End()
	if tap.Drain(func(*Sighting) { t.Error("seen after the end") }); n.taps.Load() != nil || w.taps != nil {
		t.Error("a tap that has ended is kept")
	}
}

// TestTapFilters: each of them alone lets one of the queries pass.
func TestTapFilters(t *testing.T) {
	t.Parallel()
	n := tapped(t, 1)
	lab := query("gtm.example.net", "A", "203.0.115.0/26")
	for name, c := range map[string]struct {
		o    TapOptions
		want int // of: lab, abroad, below, other zone
	}{
		"all":                                {TapOptions{Rcode: -1}, 4},
		"a name":                             {TapOptions{Rcode: -1, Name: wireName(t, "gtm.example.net")}, 2},
		"all below a name":                   {TapOptions{Rcode: -1, Name: wireName(t, "example.net"), Below: true}, 3},
		"not what only ends alike":           {TapOptions{Rcode: -1, Name: wireName(t, "e.net"), Below: true}, 0},
		"not the name itself":                {TapOptions{Rcode: -1, Name: wireName(t, "gtm.example.net"), Below: true}, 0},
		"a client by its subnet":             {TapOptions{Rcode: -1, Client: netip.MustParsePrefix("203.0.115.0/24")}, 1},
		"a client by its address, if no ECS": {TapOptions{Rcode: -1, Client: netip.MustParsePrefix("8.8.8.0/24")}, 3},
		"a line":                             {TapOptions{Rcode: -1, Line: "lab"}, 1},
		"a type":                             {TapOptions{Rcode: -1, Type: dns.TypeTXT}, 1},
		"a code":                             {TapOptions{Rcode: dns.RcodeNameError}, 1},
		"an access domain":                   {TapOptions{Rcode: -1, Domains: []string{"x/A", "gtm.example.net/A"}}, 2},
	} {
		tap := n.Tap(c.o)
		w := n.NewWorker(0, 1232)
		w.Begin()
		for _, q := range [][]byte{lab, query("gtm.example.net", "A", ""), query("a.example.net", "TXT", ""), query("example.org", "A", "")} {
			w.Handle(nil, q, netip.MustParseAddrPort("8.8.8.8:53"), false)
		}
		w.End()
		got := 0
		tap.Drain(func(*Sighting) { got++ })
		if n.Untap(tap); got != c.want {
			t.Errorf("%s: %d pass, want %d", name, got, c.want)
		}
	}
}

// TestTapNeverHoldsAWorkerBack: with a reader that is too slow or away the worker drops
// and counts; what the reader gets is whole, in order, and with what was dropped it is
// all there was.
func TestTapNeverHoldsAWorkerBack(t *testing.T) {
	t.Parallel()
	n := tapped(t, 2)
	tap := n.Tap(TapOptions{Rcode: -1, Messages: true})
	const each = 20_000
	stop := make(chan struct{})
	var wg, reader sync.WaitGroup
	last := map[uint16]uint16{}
	seen, dropped := uint64(0), uint64(0)
	read := func(s *Sighting) {
		seen++
		id := uint16(s.Query[0])<<8 | uint16(s.Query[1])
		if port := s.Client.Port(); last[port] != 0 && id <= last[port] {
			t.Errorf("of worker %d: %d after %d", port, id, last[port])
		} else {
			last[port] = id
		}
		if !bytes.Equal(s.Query[:2], s.Response[:2]) || string(s.Domain) != "gtm.example.net/A" {
			t.Error("torn record")
		}
	}
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				dropped += tap.Drain(read)
			}
		}
	})
	for i := range 2 {
		wg.Go(func() {
			w := n.NewWorker(i, 1232)
			req := query("gtm.example.net", "A", "8.8.8.0/24")
			buf := make([]byte, 0, 512)
			from := netip.AddrPortFrom(netip.MustParseAddr("8.8.8.8"), uint16(i+1))
			for id := 1; id <= each; id++ {
				req[0], req[1] = byte(id>>8), byte(id)
				w.Begin()
				w.Handle(buf, req, from, false)
				w.End()
			}
		})
	}
	wg.Wait()
	close(stop)
	reader.Wait()
	dropped += tap.Drain(read)
	if seen+dropped != 2*each || seen == 0 {
		t.Errorf("%d seen and %d dropped of %d", seen, dropped, 2*each)
	}
	// Nobody reads: it goes on, and all that find no room are counted.
	w := n.NewWorker(0, 1232)
	req := query("gtm.example.net", "A", "8.8.8.0/24")
	w.Begin()
	for range 1000 {
		w.Handle(nil, req, netip.MustParseAddrPort("8.8.8.8:53"), false)
	}
	w.End()
	last, seen = map[uint16]uint16{}, 0
	if drop := tap.Drain(func(*Sighting) { seen++ }); seen == 0 || drop == 0 || seen+drop != 1000 {
		t.Errorf("with no reader %d seen and %d dropped of 1000", seen, drop)
	}
}

// TestTapSamples: one in 50, by chance and not by turns.
func TestTapSamples(t *testing.T) {
	t.Parallel()
	n := tapped(t, 1)
	tap := n.Tap(TapOptions{Rcode: -1, Every: 50, Name: wireName(t, "gtm.example.net"), Room: 1 << 20})
	w := n.NewWorker(0, 1232)
	a, b := query("gtm.example.net", "A", ""), query("example.net", "SOA", "")
	const total = 100_000
	w.Begin()
	buf := make([]byte, 0, 512)
	for range total {
		w.Handle(buf, a, netip.MustParseAddrPort("8.8.8.8:53"), false)
		w.Handle(buf, b, netip.MustParseAddrPort("8.8.8.8:53"), false)
	}
	w.End()
	got := 0
	tap.Drain(func(*Sighting) { got++ })
	// Distances are even over 1 to 99: the deviation of the number is 26.
	if want := total / 50; got < want-200 || got > want+200 {
		t.Errorf("%d of %d, want about %d", got, total, want)
	}
}

// TestTapAllocatesNothing: neither while somebody looks at all of it with messages.
func TestTapAllocatesNothing(t *testing.T) {
	n := tapped(t, 1)
	tap := n.Tap(TapOptions{Rcode: -1, Messages: true, Line: "lab", Room: 1 << 20})
	defer n.Untap(tap)
	w := n.NewWorker(0, 1232)
	buf, req, from := make([]byte, 0, 4096), query("gtm.example.net", "A", "203.0.115.0/26"), netip.MustParseAddrPort("203.0.115.9:53")
	seen := 0
	if a := testing.AllocsPerRun(500, func() {
		w.Begin()
		w.Handle(buf, req, from, false)
		w.End()
	}); a != 0 {
		t.Errorf("%v allocations for a query that is seen, want 0", a)
	}
	if tap.Drain(func(*Sighting) { seen++ }); seen < 500 {
		t.Errorf("%d seen", seen)
	}
}

// BenchmarkHandleTapped: with a tail that one in a hundred passes.
func BenchmarkHandleTapped(b *testing.B) {
	n := tapped(b, 1)
	tap := n.Tap(TapOptions{Rcode: -1, Every: 100})
	w := n.NewWorker(0, 1232)
	buf, req := make([]byte, 0, 4096), query("gtm.example.net", "A", "203.0.115.0/26")
	from := netip.MustParseAddrPort("203.0.115.9:53")
	w.Begin()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			tap.Drain(func(*Sighting) {})
		}
		w.Handle(buf, req, from, false)
	}
}

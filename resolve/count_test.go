package resolve

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// TestCountsAreWhatWasAnswered: while revisions make new names, verdicts new plans and
// collections take the counts away, every answer is counted once, under the address
// that stood first in it.
func TestCountsAreWhatWasAnswered(t *testing.T) {
	t.Parallel()
	const workers = 3
	n := newNode(workers)
	n.opt.Counters = 1 << 16
	p := func(weight int) *traffic.Pool {
		return pool("x", traffic.Weighted, member("a", weight, "lab", "default"), member("b", 2), member("c", 3))
	}
	objs := []traffic.Object{addr("a", "192.0.2.1"), addr("b", "192.0.2.2"), addr("c", "192.0.2.3"), addr("d", "192.0.2.4"),
		pool("y", traffic.RoundRobin, member("d", 1), member("c", 1))}
	for _, o := range objs[:3] {
		o.(*traffic.Address).Tasks = []traffic.Task{{Template: "ping", Enabled: true}}
	}
	ping := traffic.New(traffic.KindTemplate).(*traffic.Template)
	ping.Name, ping.Protocol = "ping", "ping"
	names := []string{"w.example.com", "rr.example.com"}
	n.load(t, append(append(objs, customLines()...), ping, zoneObj("example.com"), p(1),
		domain(names[0], "A", traffic.Weighted, inPool("x", 3), inPool("y", 1)),
		domain(names[1], "A", traffic.Proximity, inPool("y", 1, "default"), inPool("x", 1, "lab"))))

	type seen map[[2]string]uint64 // access domain, value that came first
	asked := make([]seen, workers)
	list := make([]*Worker, workers)
	for i := range list {
		list[i], asked[i] = n.NewWorker(i, 1232), seen{}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i, w := range list {
		wg.Go(func() {
			buf, reqs := make([]byte, 0, 512), [][]byte{query(names[0], "A", ""), query(names[1], "A", "")}
			from := netip.MustParseAddrPort("203.0.115.9:53") // on the line lab
			for {
				select {
				case <-stop:
					return
				default:
				}
				w.Begin()
				for range 1 + rand.IntN(32) {
					k := rand.IntN(len(reqs))
					out := w.Handle(buf[:0], reqs[k], from, false)
					var m dns.Msg
					if err := m.Unpack(out); err != nil || len(m.Answer) == 0 {
						t.Errorf("answer %v: %v", &m, err)
						return
					}
					asked[i][[2]string{names[k] + "/A", m.Answer[0].(*dns.A).A.String()}]++
				}
				w.End()
			}
		})
	}
	got := NewCounts()
	for round := range 60 {
		switch round % 3 {
		case 0:
			n.health[traffic.TaskKey{Address: "a", Template: "ping"}] = verdict.Verdict{State: verdict.State(1 + round/3%2)}
			n.VerdictsChanged([]traffic.TaskKey{{Address: "a", Template: "ping"}})
		case 1:
			if err := n.Apply(traffic.Position{Epoch: 1, Revision: uint64(round + 2)}, false, puts([]traffic.Object{p(1 + round%7)})); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range list {
			w.Collect(got)
		}
		time.Sleep(time.Millisecond) // the workers answer meanwhile
	}
	close(stop)
	wg.Wait()
	for range 2 { // one counts as in use until it is turned
		for _, w := range list {
			w.Collect(got)
		}
	}
	want := seen{}
	total := uint64(0)
	for _, s := range asked {
		for k, v := range s {
			want[k] += v
			total += v
		}
	}
	value := map[string]string{"a": "192.0.2.1", "b": "192.0.2.2", "c": "192.0.2.3", "d": "192.0.2.4"}
	have := seen{}
	for k, v := range got.Answers {
		if k.Pool == "x" && k.Address == "d" || k.Pool == "y" && k.Address < "c" || k.Line != "lab" && k.Line != "default" {
			t.Errorf("no such answer: %+v", k)
		}
		have[[2]string{k.Domain, value[k.Address]}] += v
	}
	if !maps.Equal(have, want) || got.Lost != 0 || total == 0 {
		t.Errorf("counted %v, %d lost\nanswered %v", have, got.Lost, want)
	}
	if got.Codes[CodeKey{1, 0}] != total || got.Zones[ZoneKey{"example.com", "steered"}] != total || len(got.Codes) != 1 {
		t.Errorf("%d queries: codes %v, zones %v", total, got.Codes, got.Zones)
	}
	est := uint64(0)
	for _, e := range got.Clients {
		est += e.Queries
	}
	if est < total*9/10 || est > total*11/10 {
		t.Errorf("clients are estimated at %d queries of %d", est, total)
	}
}

// TestCountsOfOtherQueries: what no access domain answers is counted by zone and by
// code, and with few queries clients are exact.
func TestCountsOfOtherQueries(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	n.load(t, []traffic.Object{zoneObj("example.com"), addr("a", "192.0.2.1"), pool("x", traffic.RoundRobin, member("a", 1)),
		domain("gtm.example.com", "A", traffic.Sequential, inPool("x", 1))})
	w := n.NewWorker(0, 1232)
	ask(t, w, "198.51.100.7", "gtm.example.com", "A", "8.8.8.0/24")
	ask(t, w, "198.51.100.8", "gtm.example.com", "AAAA", "")
	ask(t, w, "198.51.100.9", "none.example.com", "A", "")
	ask(t, w, "2001:db8:1:2::3", "example.com", "SOA", "")
	ask(t, w, "198.51.100.7", "example.net", "HTTPS", "")
	ask(t, w, "198.51.100.7", "example.net", "NAPTR", "")
	w.Handle(nil, []byte{0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0}, netip.MustParseAddrPort("8.8.8.8:1"), false)
	got := NewCounts()
	w.Collect(got)
	want := NewCounts()
	want.Answers[AnswerKey{"gtm.example.com/A", "default", "x", "a"}] = 1
	want.Batches[1], want.Batched = 6, 6
	want.Zones = map[ZoneKey]uint64{{"example.com", "steered"}: 1, {"example.com", "nodata"}: 1, {"example.com", "nxdomain"}: 1, {"example.com", "answer"}: 1}
	want.Codes = map[CodeKey]uint64{{1, 0}: 1, {28, 0}: 1, {1, 3}: 1, {6, 0}: 1, {65, 5}: 1, {0, 5}: 1, {0, 1}: 1}
	want.Clients = map[ClientKey]Estimate{{netip.MustParsePrefix("8.8.8.0/24"), "gtm.example.com/A"}: {1, 1},
		{netip.MustParsePrefix("198.51.100.0/24"), ""}: {4, 4}, {netip.MustParsePrefix("2001:db8:1::/48"), ""}: {1, 1}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counted\n%v\nwant\n%v", got, want)
	}
	if again := NewCounts(); !func() bool { w.Collect(again); w.Collect(again); return len(again.Codes) == 0 }() {
		t.Errorf("counted twice: %v", again)
	}
}

// TestCountersGrow: answers that found no place are told as lost, and once a
// collection has seen that, there is room.
func TestCountersGrow(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	objs := []traffic.Object{zoneObj("example.com"), addr("a", "192.0.2.1"), pool("x", traffic.RoundRobin, member("a", 1))}
	const names = 1000 // two places each, of fewCounters
	for i := range names {
		objs = append(objs, domain(fmt.Sprintf("n%d.example.com", i), "A", traffic.Sequential, inPool("x", 1)))
	}
	n.load(t, objs)
	w := n.NewWorker(0, 1232)
	for round := range 8 {
		for i := range names {
			ask(t, w, "8.8.8.8", fmt.Sprintf("n%d.example.com", i), "A", "")
		}
		got := NewCounts()
		w.Collect(got)
		if sum := uint64(len(got.Answers)) + got.Lost; sum != names {
			t.Errorf("round %d: %d answers and %d lost, want %d together", round, len(got.Answers), got.Lost, names)
		}
		if round == 0 && got.Lost == 0 || round == 7 && got.Lost > 0 {
			t.Errorf("round %d: %d lost", round, got.Lost)
		}
	}
}

// TestBatchesAreCounted: how many queries a system call brought.
func TestBatchesAreCounted(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	n.load(t, []traffic.Object{zoneObj("example.com")})
	w := n.NewWorker(0, 1232)
	for _, size := range []int{1, 1, 2, 3, 7, 32, 200} {
		w.Begin()
		for range size {
			w.Handle(nil, query("example.com", "SOA", ""), netip.MustParseAddrPort("8.8.8.8:53"), false)
		}
		w.End()
	}
	got := NewCounts()
	w.Collect(got)
	if want := [BatchSizes]uint64{1: 2, 2: 2, 3: 1, 6: 1, 7: 1}; got.Batches != want || got.Batched != 246 {
		t.Errorf("%v of %d queries, want %v of 246", got.Batches, got.Batched, want)
	}
	w.Begin()
	w.Handle(nil, query("example.com", "SOA", ""), netip.MustParseAddrPort("8.8.8.8:53"), false)
	w.End()
	w.Collect(got) // those of the other half of the pair
	w.Collect(got)
	if got.Batched != 247 || got.Batches[1] != 3 {
		t.Errorf("%v of %d queries after one more", got.Batches, got.Batched)
	}
}

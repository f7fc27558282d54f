package node

import (
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic/querylog"
)

// asks a worker something n times.
func asks(w *resolve.Worker, n int) {
	m := new(dns.Msg)
	m.SetQuestion("www.example.com.", dns.TypeA)
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	w.Begin()
	for range n {
		w.Handle(nil, b, netip.MustParseAddrPort("198.51.100.77:53"), false)
	}
	w.End()
}

// TestTails: a look begins with the first question, shows no more than was asked for,
// tells how many more there were, and ends when there are no questions.
func TestTails(t *testing.T) {
	t.Parallel()
	s := resolve.NewState(resolve.Options{Workers: 1, Log: slog.New(slog.DiscardHandler)})
	w := s.NewWorker(0, 1232)
	tt, now := newTails(s, false), time.Now()
	ask := func(id string, a querylog.Ask) querylog.Answer {
		a.Version, a.ID = querylog.Version, id
		got, err := querylog.DecodeAnswer("n", querylog.Encode(tt.answer(querylog.Encode(a), now)))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	asks(w, 5) // nobody looks yet
	if a := ask("x", querylog.Ask{Rate: 20}); a.Refused != "" || len(a.Records) != 0 {
		t.Errorf("first: %+v", a)
	}
	asks(w, 30)
	now = now.Add(500 * time.Millisecond)
	a := ask("x", querylog.Ask{Rate: 20})
	if len(a.Records) != 10 || a.Dropped != 20 {
		t.Fatalf("%d shown and %d told, want 10 of 30", len(a.Records), a.Dropped)
	}
	if r := a.Records[0]; r.Client != "198.51.100.0/24" || r.Name != "www.example.com" || r.Type != "A" || r.Rcode != "REFUSED" || r.Transport != "udp" || time.Since(r.Time) > time.Minute || r.Size == 0 {
		t.Errorf("%+v", r)
	}
	// Another filter under the same id is another look, as is one with addresses.
	if a := ask("x", querylog.Ask{Rate: 20, Whole: true}); len(a.Records) != 0 {
		t.Errorf("%+v", a)
	}
	asks(w, 1)
	now = now.Add(time.Second)
	if a := ask("x", querylog.Ask{Rate: 20, Whole: true}); len(a.Records) != 1 || a.Records[0].Client != "198.51.100.77" {
		t.Errorf("whole: %+v", a)
	}
	for i := range mostTails + 1 {
		if a := ask(fmt.Sprint(i), querylog.Ask{Rate: 1}); (a.Refused == "") != (i < mostTails-1) {
			t.Errorf("look %d: refused %q", i, a.Refused)
		}
	}
	tt.end(now.Add(-time.Millisecond))
	if len(tt.list) != mostTails {
		t.Errorf("%d looks stay, want %d", len(tt.list), mostTails)
	}
	tt.end(now.Add(tailEnds))
	if len(tt.list) != 0 {
		t.Error("looks stay though nobody asks")
	}
	if a := tt.answer([]byte(`{"v":9,"id":"x"}`), now); a.Refused == "" {
		t.Error("a question of a later release is answered")
	}
	if shut := newTails(s, true); shut.answer(querylog.Encode(querylog.Ask{Version: 1, ID: "x"}), now).Refused == "" || len(shut.list) != 0 {
		t.Error("the node's own settings are not heeded")
	}
}

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// TestQueryCountsWaitForControl: while control is silent reports wait, in bounds, in
// order and with their age; nothing is told twice under two numbers.
func TestQueryCountsWaitForControl(t *testing.T) {
	t.Parallel()
	silent := true
	var heard []*stat.Queries
	q := &queryCounts{id: "r1", instance: "i", log: slog.New(slog.DiscardHandler), country: func(netip.Addr) string { return "cn" },
		collect: func(c *resolve.Counts) { c.Answers[resolve.AnswerKey{Domain: "w/A", Line: "default"}] = 1 },
		request: func(_ context.Context, subject string, data []byte) ([]byte, error) {
			r, err := stat.DecodeQueries("r1", data)
			if err != nil || subject != "stats.query.r1" {
				t.Errorf("%s: %v", subject, err)
			}
			if silent {
				return nil, errors.New("nobody answers")
			}
			heard = append(heard, r)
			return takenCounts, nil
		}}
	begin := time.Now().Add(-time.Hour)
	q.begin = begin
	for i := range keepReports + 20 {
		q.gather(begin.Add(time.Duration(i+1) * countEvery))
		q.send(t.Context())
	}
	silent = false
	q.send(t.Context())
	if len(heard) != keepReports || heard[0].Seq != 21 || heard[0].Age() < 50*time.Minute || heard[0].Span() != countEvery {
		t.Fatalf("%d reports, the first %+v", len(heard), heard[0])
	}
	for i, r := range heard {
		if r.Seq != uint64(21+i) || len(r.Answers) != 1 {
			t.Errorf("report %d is %+v", i, r)
		}
	}
	if q.send(t.Context()); len(heard) != keepReports || q.entries != 0 {
		t.Errorf("%d reports after all are told", len(heard))
	}
}

// TestPagesHoldEverything: however many names were asked for, the pages are small
// enough to travel and their sum is what was counted.
func TestPagesHoldEverything(t *testing.T) {
	t.Parallel()
	c := resolve.NewCounts()
	c.Lost = 17
	total := c.Lost
	for i := range mostAnswers + 5000 {
		k := resolve.AnswerKey{Domain: fmt.Sprintf("a-rather-long-name-of-a-service-%d.with.a-long.zone.example.com/AAAA", i), Line: "telecom:cn-huanan", Pool: "a-pool-with-a-long-name", Address: "an-address-with-a-long-name"}
		c.Answers[k] = uint64(i)
		total += uint64(i)
	}
	for i := range 3000 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)
		c.Clients[resolve.ClientKey{Subnet: p, Domain: fmt.Sprint(i)}] = resolve.Estimate{Queries: 8, Samples: 2}
		c.Zones[resolve.ZoneKey{Zone: fmt.Sprintf("z%d", i), Outcome: "nodata"}] = 1
	}
	q := &queryCounts{id: "r1", instance: "i", country: func(netip.Addr) string { return "" }, collect: func(out *resolve.Counts) { *out = *c }, begin: time.Now()}
	q.gather(time.Now())
	sum, subnets, countries := uint64(0), uint64(0), uint64(0)
	for i, w := range q.waiting {
		r, err := stat.DecodeQueries("r1", stat.Encode(w.Queries))
		if err != nil || r.Page != i {
			t.Fatalf("page %d: %v", i, err)
		}
		for _, a := range r.Answers {
			sum += a.Count
		}
		for _, s := range r.Subnets {
			subnets += s.Queries
		}
		for _, n := range r.Countries {
			countries += n.Queries
		}
	}
	if sum != total || subnets != 3000*8 || countries != 3000*8 || len(q.waiting) != 7 {
		t.Errorf("%d pages hold %d answers of %d, networks %d, countries %d", len(q.waiting), sum, total, subnets, countries)
	}
}

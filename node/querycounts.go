package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

const (
	// countEvery is how often a resolver tells what it has counted.
	countEvery = 10 * time.Second
	// countAnswer bounds one attempt to be heard by control.
	countAnswer = 5 * time.Second
	// keepReports bounds what waits while control is silent: half an hour, if each report
	// is one page; then the oldest goes, and is a gap.
	keepReports = 180
	// keepEntries bounds the same for reports of many names: about 20 MB.
	keepEntries = 200_000
	// mostAnswers bounds one report; those with the fewest queries are told as one.
	mostAnswers = 20_000

	countSubject = "stats.query."
)

// queryCounts tells control what the workers of this node answered. Each report has a
// number within this life of the process, and is sent again until control has it.
type queryCounts struct {
	id      string
	request func(ctx context.Context, subject string, data []byte) ([]byte, error)
	collect func(*resolve.Counts)
	country func(netip.Addr) string
	waits   func(reports int)
	log     *slog.Logger

	instance string
	seq      uint64
	period   uint64
	begin    time.Time // of what is being counted
	waiting  []waitingReport
	entries  int // of waiting
}

type waitingReport struct {
	*stat.Queries
	end     time.Time // monotonic
	entries int
}

func (n *node) countQueries() *queryCounts {
	return &queryCounts{id: n.o.ID, request: n.bus.Request, log: n.log, instance: rand.Text(), country: func(a netip.Addr) string { return n.state.Map().Country(a) },
		collect: func(c *resolve.Counts) {
			if list := n.workers.Load(); list != nil {
				for _, w := range *list {
					batches, batched := c.Batches, c.Batched
					w.Collect(c)
					if w.tcp.Load() { // each request is a batch there
						c.Batches, c.Batched = batches, batched
					}
				}
			}
			n.counted.add(c)
		}, waits: n.counted.waits}
}

// run tells until ctx ends, and then what is left.
func (q *queryCounts) run(ctx context.Context) error {
	t := time.NewTicker(countEvery)
	defer t.Stop()
	q.begin = time.Now()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			q.gather(time.Now())
			q.send(last)
			return nil
		case <-t.C:
			q.gather(time.Now())
			q.send(ctx)
		}
	}
}

// gather puts what was counted since the last time behind what waits.
func (q *queryCounts) gather(now time.Time) {
	c := resolve.NewCounts()
	q.collect(c)
	for _, r := range q.pages(c) {
		q.seq++
		r.Head = stat.Head{Version: stat.Version, From: q.id, Instance: q.instance, Seq: q.seq, SpanMS: now.Sub(q.begin).Milliseconds(), Period: q.period}
		w := waitingReport{r, now, len(r.Answers) + len(r.Zones) + len(r.Codes) + len(r.Subnets) + len(r.Countries)}
		q.waiting = append(q.waiting, w)
		q.entries += w.entries
	}
	q.period++
	q.begin = now
	for len(q.waiting) > keepReports || q.entries > keepEntries && len(q.waiting) > 1 {
		q.entries -= q.waiting[0].entries
		q.waiting = q.waiting[1:]
	}
}

// send tells what waits, oldest first, until control does not answer.
func (q *queryCounts) send(ctx context.Context) {
	if q.waits != nil {
		defer func() { q.waits(len(q.waiting)) }()
	}
	for len(q.waiting) > 0 {
		w := q.waiting[0]
		w.AgeMS = time.Since(w.end).Milliseconds()
		ask, cancel := context.WithTimeout(ctx, countAnswer)
		_, err := q.request(ask, countSubject+q.id, stat.Encode(w.Queries))
		cancel()
		if err != nil {
			q.log.Debug("query counts wait for control", "reports", len(q.waiting), "error", err)
			return
		}
		q.waiting = q.waiting[1:]
		q.entries -= w.entries
	}
}

// pages makes reports of counts, the first with all but the answers beyond a page. An
// empty one tells that nothing was asked.
func (q *queryCounts) pages(c *resolve.Counts) []*stat.Queries {
	first := &stat.Queries{Codes: make([]stat.Code, 0, len(c.Codes))}
	for k, n := range c.Codes {
		first.Codes = append(first.Codes, stat.Code{Type: k.Type, Rcode: k.Rcode, Count: n})
	}
	for k, n := range c.Zones {
		z := k.Zone
		if z == "" {
			z = stat.Other
		}
		first.Zones = append(first.Zones, stat.Zone{Zone: z, Outcome: k.Outcome, Count: n})
	}
	first.Zones = most(first.Zones, stat.MaxZones, func(z stat.Zone) uint64 { return z.Count }, nil)
	q.clients(c, first)

	answers := make([]stat.Answer, 0, len(c.Answers))
	for k, n := range c.Answers {
		answers = append(answers, stat.Answer{Domain: k.Domain, Line: k.Line, Pool: k.Pool, Address: k.Address, Count: n})
	}
	rest := stat.Answer{Domain: stat.Other, Count: c.Lost}
	answers = most(answers, mostAnswers, func(a stat.Answer) uint64 { return a.Count }, func(a stat.Answer) { rest.Count += a.Count })
	if rest.Count > 0 {
		answers = append(answers, rest)
	}
	out := []*stat.Queries{first}
	first.Answers = answers[:min(len(answers), stat.PageAnswers)]
	for at := stat.PageAnswers; at < len(answers); at += stat.PageAnswers {
		out = append(out, &stat.Queries{Page: len(out), Answers: answers[at:min(at+stat.PageAnswers, len(answers))]})
	}
	return out
}

// clients adds the samples up by network and by country.
func (q *queryCounts) clients(c *resolve.Counts, r *stat.Queries) {
	subnets, countries := map[netip.Prefix]stat.Subnet{}, map[[2]string]stat.Country{}
	for k, e := range c.Clients {
		s, known := subnets[k.Subnet]
		if !known {
			s.Subnet, s.Country = k.Subnet.String(), q.country(k.Subnet.Addr())
		}
		s.Queries, s.Samples = s.Queries+e.Queries, s.Samples+e.Samples
		subnets[k.Subnet] = s
		ck := [2]string{s.Country, k.Domain}
		n := countries[ck]
		countries[ck] = stat.Country{Country: ck[0], Domain: ck[1], Queries: n.Queries + e.Queries, Samples: n.Samples + e.Samples}
	}
	for _, s := range subnets {
		r.Subnets = append(r.Subnets, s)
	}
	for _, n := range countries {
		r.Countries = append(r.Countries, n)
	}
	rest := stat.Subnet{Subnet: stat.Other}
	r.Subnets = most(r.Subnets, stat.MaxSubnets, func(s stat.Subnet) uint64 { return s.Queries }, func(s stat.Subnet) {
		rest.Queries, rest.Samples = rest.Queries+s.Queries, rest.Samples+s.Samples
	})
	if rest.Queries > 0 {
		r.Subnets = append(r.Subnets, rest)
	}
	other := stat.Country{Domain: stat.Other}
	r.Countries = most(r.Countries, stat.MaxCountry, func(n stat.Country) uint64 { return n.Queries }, func(n stat.Country) {
		other.Queries, other.Samples = other.Queries+n.Queries, other.Samples+n.Samples
	})
	if other.Queries > 0 {
		r.Countries = append(r.Countries, other)
	}
}

// most keeps the n entries with the most queries and gives the others to drop.
func most[T any](list []T, n int, count func(T) uint64, drop func(T)) []T {
	if len(list) <= n {
		return list
	}
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(count(b), count(a)) })
	if drop != nil {
		for _, v := range list[n:] {
			drop(v)
		}
	}
	return list[:n]
}

package resolve

import (
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/plan"
	"github.com/meridian-gtm/meridian/resolve/zone"
	"github.com/meridian-gtm/meridian/traffic/line"
)

// maxChain is the longest CNAME chain that one response follows.
const maxChain = zone.MaxChain + 1

// Worker answers the packets of one loop. It owns its scratch, its random source,
// its rotation counters and its tallies; nothing in it may be used concurrently,
// but for Tally.
type Worker struct {
	state *State
	view  *View
	index int
	limit int // largest UDP response, octets

	zone.Responder[plan.Name]
	rng    *plan.Rand
	choice plan.Choice
	rdata  [plan.MaxAnswers][]byte
	client client
	count  Tally
	told   [8]uint64 // of count, as of the last End
	shared atomicTally
	counter
	first *plan.Name // access domain that answers at the query's own name, if any
	last  *plan.Name // access domain that answered last, whose choice stands in choice

	taps  *taps     // who looks at the batch under way, nil for nobody
	began time.Time // while somebody looks: when the batch was taken from the socket
}

// client is who asks, as far as one query has looked it up.
type client struct {
	addr     netip.Addr // what lines are looked up by
	resolver netip.Addr
	ecs      bool
}

// Tally counts what a worker did since it began.
type Tally struct {
	Queries   uint64
	Silent    uint64 // packets that got no answer
	FormErr   uint64
	Steered   uint64 // answers made by an access domain
	NXDomain  uint64
	Refused   uint64
	Truncated uint64
	ECS       uint64 // queries with a client subnet
}

// Add adds another worker's counts.
func (t *Tally) Add(o Tally) {
	t.Queries += o.Queries
	t.Silent += o.Silent
	t.FormErr += o.FormErr
	t.Steered += o.Steered
	t.NXDomain += o.NXDomain
	t.Refused += o.Refused
	t.Truncated += o.Truncated
	t.ECS += o.ECS
}

type atomicTally [8]atomic.Uint64

// NewWorker returns worker i of Options.Workers; maxUDP bounds UDP responses.
func (s *State) NewWorker(i, maxUDP int) *Worker {
	w := &Worker{state: s, index: i, limit: maxUDP, rng: plan.NewRand(rand.Uint64())}
	w.Response.UDPSize = uint16(maxUDP)
	w.counter.init(s.opt.Counters)
	w.view = s.view.Load()
	return w
}

// Begin takes the view in force and the counts for the batch that follows.
func (w *Worker) Begin() {
	w.view = w.state.view.Load()
	w.counter.begin()
	if w.taps = w.state.taps.Load(); w.taps != nil {
		w.began = time.Now()
	}
}

// End publishes the tallies of the batch: those that moved, for an atomic store costs
// as much as a good part of a query.
func (w *Worker) End() {
	w.now.batch(w.count.Queries - w.told[0])
	w.counter.end()
	if w.taps != nil {
		w.taps = nil // an idle worker keeps no ring alive
	}
	for i, v := range [...]uint64{w.count.Queries, w.count.Silent, w.count.FormErr, w.count.Steered, w.count.NXDomain, w.count.Refused, w.count.Truncated, w.count.ECS} {
		if v != w.told[i] {
			w.told[i] = v
			w.shared[i].Store(v)
		}
	}
}

// Tally returns the counts as of the last End. Any goroutine may call it.
func (w *Worker) Tally() Tally {
	s := &w.shared
	return Tally{s[0].Load(), s[1].Load(), s[2].Load(), s[3].Load(), s[4].Load(), s[5].Load(), s[6].Load(), s[7].Load()}
}

// Handle answers one request: it returns dst with the response appended, or dst
// itself when nothing may be sent. It allocates nothing.
func (w *Worker) Handle(dst, req []byte, from netip.AddrPort, tcp bool) []byte {
	q := &w.Query
	w.count.Queries++
	if rcode := q.Parse(req); rcode != dnswire.NoError {
		switch rcode {
		case dnswire.Silence:
			w.count.Silent++
			return w.Response.AppendError(dst, q, rcode)
		case dnswire.FormErr:
			w.count.FormErr++
		}
		w.now.code(0, rcode) // what was asked is not known for sure
		out := w.Response.AppendError(dst, q, rcode)
		if w.taps != nil && rcode != dnswire.Silence {
			w.seen(out[len(dst):], req, from, tcp, false, rcode, nil)
		}
		return out
	}
	owner := w.Responder.Begin(dst, q.Limit(w.limit, tcp))
	r := &w.Response
	if zone.Refuses(q) {
		w.count.Refused++
		r.Rcode = dnswire.Refused
		w.now.code(q.Type, dnswire.Refused)
		out := r.Finish()
		if w.taps != nil {
			w.seen(out[len(dst):], req, from, tcp, true, dnswire.Refused, nil)
		}
		return out
	}
	w.identify(from)
	w.first, w.last = nil, nil
	scope := uint8(0)
	for owner != nil {
		res := w.view.Lookup(&w.Walk, owner, q.Type)
		if w.First() && res.Zone != nil {
			w.now.inZone(res.Zone, res.Outcome)
		}
		switch {
		case res.Outcome == zone.Steered:
			owner = w.steer(owner, &res, &scope)
		case res.Outcome == zone.NoData && res.Node.Steer != [3]*plan.Name{}:
			owner = w.noData(&res)
		default:
			owner = w.Step(w.view, owner, &res)
		}
	}
	// Design 5.2: a chain has the longest scope of its names; negative answers,
	// referrals and truncated ones say nothing of the client, so scope 0.
	if r.Count(dnswire.Answer) > 0 {
		r.Scope = scope
	}
	w.tally(r)
	out := r.Finish()
	if w.taps != nil {
		w.seen(out[len(dst):], req, from, tcp, true, r.Rcode, w.last)
	}
	return out
}

func (w *Worker) tally(r *dnswire.Response) {
	switch r.Rcode {
	case dnswire.NXDomain:
		w.count.NXDomain++
	case dnswire.Refused:
		w.count.Refused++
	}
	if r.Truncated() {
		w.count.Truncated++
	}
	n := w.now
	n.code(w.Query.Type, r.Rcode)
	if n.skip--; n.skip == 0 {
		n.sample(w.client.addr, w.first, w.rng)
	}
}

// identify settles by which address the client is known (RFC 7871 §7.2.1): ECS where
// it says something, else the resolver that asks.
func (w *Worker) identify(from netip.AddrPort) {
	c := &w.client
	c.resolver = from.Addr().Unmap()
	c.addr, c.ecs = c.resolver, false
	if !w.Query.ECS.Present {
		return
	}
	w.count.ECS++
	// Source length 0 asks to be answered by the resolver's place, with scope 0.
	if p, ok := w.Query.ECS.Prefix(); ok {
		c.addr, c.ecs = p.Addr(), true
	}
}

// steer answers from an access domain, and returns the name that its CNAME leads to.
func (w *Worker) steer(owner []byte, res *zone.Result[plan.Name], scope *uint8) (next []byte) {
	r := &w.Response
	name := res.Slot
	if w.First() {
		r.AA = true
		w.first = name
	}
	w.count.Steered++
	w.last = name
	p := name.Slot.Load()
	class := 0
	if p.Lines != nil {
		var s uint8
		if class, s = classOf(p.Lines, w.client.addr, w.client.resolver, w.client.ecs); w.client.ecs && s > *scope {
			*scope = s
		}
	}
	c := &w.choice
	if !name.Choose(p, class, w.index, w.rng, c) {
		w.now.answer(name, name.Mark(w.index), c.Place)
		return w.negative(res.Zone, p.TTL)
	}
	qtype := w.Query.Type
	if t := c.Set.Type; t != qtype && t != dnswire.TypeCNAME && qtype != dnswire.TypeANY {
		c.Place = name.Layout.NoData(c.Place)
		w.now.answer(name, name.Mark(w.index), c.Place)
		return w.negative(res.Zone, p.TTL)
	}
	w.now.answer(name, name.Mark(w.index), c.Place)
	if !w.appendChoice(owner, p.TTL) {
		r.Truncate()
		return nil
	}
	if c.Set.Type != dnswire.TypeCNAME || qtype == dnswire.TypeCNAME || qtype == dnswire.TypeANY {
		return nil
	}
	return w.Follow(c.RData(0))
}

// appendChoice writes the chosen records, in the order that the choice gives.
func (w *Worker) appendChoice(owner []byte, ttl uint32) bool {
	c := &w.choice
	if !c.Drawn && c.N == len(c.Set.RData) {
		return w.Response.AppendRotated(dnswire.Answer, owner, c.Set.Type, ttl, c.Set.RData, c.First)
	}
	for i := range c.N {
		w.rdata[i] = c.RData(i)
	}
	return w.Response.AppendRRset(dnswire.Answer, owner, c.Set.Type, ttl, w.rdata[:c.N])
}

// noData says that a name owned by an access domain has no such type. Whoever
// caches that must not do so longer than the answers it stands beside.
func (w *Worker) noData(res *zone.Result[plan.Name]) (next []byte) {
	if w.First() {
		w.Response.AA = true
	}
	limit := ^uint32(0)
	for _, n := range res.Node.Steer {
		if n != nil {
			limit = min(limit, n.Slot.Load().TTL)
		}
	}
	return w.negative(res.Zone, limit)
}

func (w *Worker) negative(z *zone.Zone, limit uint32) (next []byte) {
	if !w.Negative(z, limit) {
		w.Response.Truncate()
	}
	return nil
}

// classOf finds the line class of a client and its scope. An ECS address that is
// private counts only where a custom line of the name holds it; else the resolver's
// address decides, and the scope covers the private block (design 5.2).
func classOf(lines *line.Partition, addr, resolver netip.Addr, ecs bool) (int, uint8) {
	class, scope, special := lines.Locate(addr)
	if special && ecs {
		class, _, _ = lines.Locate(resolver)
	}
	return class, scope
}

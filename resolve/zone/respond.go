package zone

import (
	"slices"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
)

// MaxChain is how many CNAME and DNAME links one response follows. Resolvers give
// up at 8 to 16; a client that wants more asks again from the last name.
const MaxChain = 10

// Responder is what one worker keeps to answer: scratch for lookups, the query,
// the response, and the state of the chain that is being followed. The zero value
// is ready. Not for concurrent use.
type Responder[S any] struct {
	Query    dnswire.Query
	Response dnswire.Response
	Walk     Walk

	// NegativeCap is the longest life of a negative answer in seconds, whatever the
	// SOA says (RFC 2308 §5 suggests hours; a bad import must not pin for a week).
	// 0 means one day.
	NegativeCap uint32

	links  int                  // owners passed, the query name included
	owners [MaxChain + 1][]byte // wire names, any case
	synth  [MaxChain + 1][]byte // buffers for names that DNAME makes
	dnames [MaxChain + 1]*RRset // written already, at the link where that was
}

// Begin starts the response in dst (see dnswire.Response.Begin) and the chain at
// the query name, which it returns.
func (p *Responder[S]) Begin(dst []byte, limit int) (qname []byte) {
	p.Response.Begin(dst, &p.Query, limit)
	qname = p.Query.Name()
	p.links = 1
	p.owners[0] = qname
	clear(p.dnames[:])
	return qname
}

// First reports whether the chain still stands at the query name.
func (p *Responder[S]) First() bool { return p.links == 1 }

// Refuses returns what to answer to queries that no zone is asked about, whatever
// their name: classes other than IN (version.bind included) and zone transfers.
func Refuses(q *dnswire.Query) bool {
	return q.Class != dnswire.ClassIN || q.Type == dnswire.TypeAXFR || q.Type == dnswire.TypeIXFR
}

// AnswerPlain answers a request that Query.Parse has accepted from the ordinary
// records of v alone, in dst. It is the loop for views without attachments and
// the model for one that takes the step [Steered] itself.
func (p *Responder[S]) AnswerPlain(dst []byte, v *View[S], limit int) []byte {
	owner := p.Begin(dst, limit)
	if Refuses(&p.Query) {
		p.Response.Rcode = dnswire.Refused
		return p.Response.Finish()
	}
	for owner != nil {
		res := v.Lookup(&p.Walk, owner, p.Query.Type)
		owner = p.Step(v, owner, &res)
	}
	return p.Response.Finish()
}

// Step writes what one lookup found of owner and returns the name at which the
// chain goes on, or nil when the response is complete. A response that does not
// fit is truncated. For Steered, which is the caller's, it says SERVFAIL.
func (p *Responder[S]) Step(v *View[S], owner []byte, res *Result[S]) (next []byte) {
	r := &p.Response
	if p.links == 1 {
		// RFC 1035 §4.1.1: AA speaks of the first owner name.
		r.AA = res.Outcome != Refused && res.Outcome != Referral
	}
	fits := true
	switch res.Outcome {
	case Refused:
		// A chain that leaves our zones ends there: the resolver goes on.
		if p.links == 1 {
			r.Rcode = dnswire.Refused
		}
	case Answer:
		fits = AppendSet(r, dnswire.Answer, owner, res.Set)
	case Alias:
		if fits = AppendSet(r, dnswire.Answer, owner, res.Set); fits {
			next = p.Follow(res.Set.RData[0])
		}
	case Renamed:
		next, fits = p.rename(owner, res)
	case NoData, NXDomain:
		// RFC 6604 §3: the code is that of the last name of the chain.
		if res.Outcome == NXDomain {
			r.Rcode = dnswire.NXDomain
		}
		fits = p.Negative(res.Zone, ^uint32(0))
	case Referral:
		fits = AppendReferral(r, v, &p.Walk, res)
	case Steered:
		r.Rcode = dnswire.ServFail
	}
	if !fits {
		r.Truncate()
		return nil
	}
	return next
}

// Follow moves the chain on to a CNAME's target and returns it, or nil when the
// chain is long enough or has come round.
func (p *Responder[S]) Follow(target []byte) []byte {
	if p.links > MaxChain {
		return nil
	}
	for _, seen := range p.owners[:p.links] {
		if dnswire.EqualFold(seen, target) {
			return nil
		}
	}
	p.owners[p.links] = target
	p.links++
	return target
}

// Negative writes the SOA that lets a negative answer be cached, for at most
// limit seconds (an access domain's TTL), the zone's own limits and NegativeCap.
func (p *Responder[S]) Negative(z *Zone, limit uint32) bool {
	ttlCap := p.NegativeCap
	if ttlCap == 0 {
		ttlCap = 86400
	}
	return AppendNegative(&p.Response, z, min(limit, ttlCap))
}

// rename applies the DNAME that res found above owner (RFC 6672 §3): the record
// itself, the CNAME made from it with the same TTL, and on along the chain.
func (p *Responder[S]) rename(owner []byte, res *Result[S]) (next []byte, fits bool) {
	r := &p.Response
	if !slices.Contains(p.dnames[:p.links], res.Set) { // one RRset stands in a message once
		if !AppendSet(r, dnswire.Answer, res.Node.Name, res.Set) {
			return nil, false
		}
		p.dnames[p.links-1] = res.Set
	}
	suffix := res.Set.RData[0]
	keep := owner[:len(owner)-len(res.Node.Name)]
	if len(keep)+len(suffix) > dnswire.MaxName {
		r.Rcode = dnswire.YXDomain // RFC 6672 §2.2
		return nil, true
	}
	buf := &p.synth[p.links-1]
	if *buf == nil {
		*buf = make([]byte, 0, dnswire.MaxName) // once per worker and link
	}
	*buf = append(append((*buf)[:0], keep...), suffix...)
	if !r.AppendRR(dnswire.Answer, owner, dnswire.TypeCNAME, res.Set.TTL, *buf) {
		return nil, false
	}
	if t := p.Query.Type; t == dnswire.TypeCNAME || t == dnswire.TypeANY {
		return nil, true // the CNAME is what was asked for
	}
	return p.Follow(*buf), true
}

// AppendSet appends a whole RRset owned by the wire name owner, or nothing.
func AppendSet(r *dnswire.Response, sec dnswire.Section, owner []byte, set *RRset) bool {
	return r.AppendRRset(sec, owner, set.Type, set.TTL, set.RData)
}

// AppendNegative appends the SOA of a negative answer, to live at most limit
// seconds (RFC 2308 §3).
func AppendNegative(r *dnswire.Response, z *Zone, limit uint32) bool {
	return r.AppendRR(dnswire.Authority, z.Apex, dnswire.TypeSOA, z.NegativeTTL(limit), z.SOA)
}

// AppendReferral appends the NS set of the cut that res found, and glue. It
// reports false when what a resolver cannot do without does not fit: the set and
// all addresses of nameservers below the cut (RFC 9471 §3.1). Addresses of
// nameservers elsewhere in the zone are added as far as they fit (§3.2).
func AppendReferral[S any](r *dnswire.Response, v *View[S], w *Walk, res *Result[S]) bool {
	if !AppendSet(r, dnswire.Authority, res.Node.Name, res.Set) {
		return false
	}
	cut := res.Node.Name
	for _, inDomain := range [...]bool{true, false} {
		for _, host := range res.Set.RData {
			if within(host, cut) != inDomain || !within(host, res.Zone.Apex) {
				continue
			}
			w.set(host)
			n := v.find(w, w.labels, res.Zone.id)
			if n == nil {
				continue
			}
			for i := range n.Sets {
				set := &n.Sets[i]
				if set.Type != dnswire.TypeA && set.Type != dnswire.TypeAAAA || n.hidden(set.Type) {
					continue
				}
				if !AppendSet(r, dnswire.Additional, host, set) && inDomain {
					return false
				}
			}
		}
	}
	return true
}

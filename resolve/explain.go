package resolve

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/plan"
	"github.com/meridian-gtm/meridian/resolve/zone"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// What is found at a name.
var (
	saidOwnRecord = said.New("name.record", "the zone's own record")
	saidWildcard  = said.New("name.wildcard", "synthesised from the wildcard {name}")
	saidDNAME     = said.New("name.dname", "the DNAME at {name} renames all below it")
	saidCut       = said.New("name.delegation", "the zone cut at {name} delegates it")
	saidNoType    = said.New("name.nodata", "the name exists without records of this type")
	saidNoName    = said.New("name.nxdomain", "neither the name nor a wildcard exists; the closest name is {name}")
	saidOutside   = said.New("name.outside", "no zone hosted here holds the name")
	saidOtherType = said.New("name.other_type", "{why:s}; it answers {type}, so other types have no data")
)

// ErrQuestion wraps what is wrong with a question; its text names the field.
var ErrQuestion = errors.New("cannot explain")

// Explain tells what a query would be answered and why, from the configuration,
// verdicts and map in force here. It follows the same steps as a query and asks
// the same engine.
func (s *State) Explain(q steer.Question) (steer.Explanation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &explainer{s: s, view: s.view.Load(), engine: s.engine()}
	if err := x.read(q); err != nil {
		return steer.Explanation{}, err
	}
	x.run()
	return x.out, nil
}

type explainer struct {
	s      *State
	view   *View
	engine *steer.Engine
	qtype  uint16
	name   []byte
	client steer.Client
	// addr is what lines are looked up by; resolver decides where addr is special.
	addr, resolver netip.Addr
	byLine         bool
	walk           zone.Walk
	out            steer.Explanation
}

func bad(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s %s", ErrQuestion, field, fmt.Sprintf(format, args...))
}

func (x *explainer) read(q steer.Question) error {
	name, err := traffic.CanonicalName(q.Name)
	if err != nil {
		return bad("name", "%q %v", q.Name, err)
	}
	if q.Type == "" {
		q.Type = "A"
	}
	q.Type = strings.ToUpper(q.Type)
	var known bool
	if x.qtype, known = rr.TypeNumber(q.Type); !known {
		return bad("type", "%q is no record type; write A, AAAA, MX, … or TYPE65280", q.Type)
	}
	x.name = plan.WireName(name)
	x.engine.Down = map[string]bool{}
	for _, d := range q.Down {
		if !x.knows(d) {
			return bad("down", "%q is no address of the configuration; give a name or an endpoint", d)
		}
		x.engine.Down[d] = true
	}
	x.out = steer.Explanation{Name: name, Type: q.Type, Position: x.s.position, Answer: []steer.Record{}}
	return x.readClient(q)
}

func (x *explainer) knows(addr string) bool {
	if x.s.model.Address(addr) != nil {
		return true
	}
	found := false
	x.s.model.Each(traffic.KindAddress, func(o traffic.Object) bool {
		found = o.(*traffic.Address).Address == addr
		return !found
	})
	return found
}

func (x *explainer) readClient(q steer.Question) error {
	c := &x.out.Client
	unknown := []line.Match{line.Everyone()}
	if q.Line != "" {
		if q.Client != "" {
			return bad("line", "stands beside client; give one of them")
		}
		chain, ok := x.s.world.ChainOf(q.Line)
		if !ok {
			return bad("line", "%q does not exist; meridian get lines and meridian get builtin-lines list them", q.Line)
		}
		x.byLine, c.Basis = true, "line"
		x.client.Lines = chain
		for _, l := range chain {
			c.Lines = append(c.Lines, line.Typical(l, q.Line))
		}
		return nil
	}
	var err error
	if q.Resolver != "" {
		if x.resolver, err = netip.ParseAddr(q.Resolver); err != nil {
			return bad("resolver", "%q is not an IP address", q.Resolver)
		}
	}
	if q.Client != "" {
		p, err := traffic.ParsePrefix(q.Client)
		if err != nil {
			return bad("client", "%q is neither an IP address nor a network", q.Client)
		}
		x.addr = p.Masked().Addr()
		c.Address = q.Client
	}
	at, basis := x.addr, "client"
	if !at.IsValid() {
		at, basis = x.resolver, "resolver"
		c.Address = q.Resolver
	}
	if !at.IsValid() {
		c.Basis, c.Lines = "none", unknown
		x.client.Lines = []string{"default"}
		return nil
	}
	loc := x.s.world.Locate(at)
	c.Basis, c.Lines, c.Country, c.Confidence = basis, loc.Lines, loc.Country, loc.Confidence
	return nil
}

// clientFor returns the client as one name sees it, and the scope. A private
// address that none of the name's custom lines holds counts for nothing, so the
// resolver's address decides (design 5.2), as on the packet path.
func (x *explainer) clientFor(lines *line.Partition) (steer.Client, int) {
	if lines == nil {
		return steer.Client{Lines: []string{"default"}}, 0
	}
	if x.byLine {
		return x.client, 0
	}
	addr, resolver := x.addr, x.resolver
	ecs := addr.IsValid()
	if !ecs {
		addr = resolver
	}
	if !addr.IsValid() {
		return x.client, 0
	}
	if !resolver.IsValid() {
		resolver = addr
	}
	class, scope := classOf(lines, addr, resolver, ecs)
	c := &lines.Classes[class]
	if !ecs {
		scope = 0
	}
	return steer.Client{Lines: c.Lines, Point: c.Point, PointOK: c.PointOK}, int(scope)
}

func (x *explainer) run() {
	name := x.name
	for link := 0; ; link++ {
		if link == maxChain {
			return
		}
		res := x.view.Lookup(&x.walk, name, x.qtype)
		step, why := steer.Step{Name: text(name)}, said.Said{}
		next := []byte(nil)
		switch res.Outcome {
		case zone.Steered:
			next, why = x.steered(&step, res, name)
		case zone.Answer, zone.Alias:
			step.Kind, why, step.TTL = "record", saidOwnRecord.With(), res.Set.TTL
			if res.Wildcard {
				step.Kind, why = "wildcard_record", saidWildcard.With(text(res.Node.Name))
			}
			for _, rd := range res.Set.RData {
				x.answer(name, res.Set.Type, res.Set.TTL, rd)
			}
			if res.Outcome == zone.Alias {
				next = res.Set.RData[0]
			} else {
				x.end("answer", "NOERROR")
			}
		case zone.Renamed:
			step.Kind, why, step.TTL = "dname", saidDNAME.With(text(res.Node.Name)), res.Set.TTL
			x.answer(res.Node.Name, dnswire.TypeDNAME, res.Set.TTL, res.Set.RData[0])
			next = zone.Substitute(name, res.Node.Name, res.Set.RData[0])
			if next == nil {
				x.end("answer", "YXDOMAIN")
				break
			}
			x.answer(name, dnswire.TypeCNAME, res.Set.TTL, next)
		case zone.Referral:
			step.Kind, why = "delegation", saidCut.With(text(res.Node.Name))
			x.end("referral", "NOERROR")
		case zone.NoData:
			step.Kind, why = "nodata", saidNoType.With()
			x.end("nodata", "NOERROR")
		case zone.NXDomain:
			step.Kind, why = "nxdomain", saidNoName.With(text(res.Node.Name))
			x.end("nxdomain", "NXDOMAIN")
		default:
			step.Kind, why = "outside", saidOutside.With()
			if link == 0 {
				x.end("refused", "REFUSED")
			} else {
				x.end("answer", "NOERROR")
			}
		}
		step.Reason, step.ReasonSaid = why.String(), why
		x.out.Steps = append(x.out.Steps, step)
		x.out.Scope = max(x.out.Scope, step.Scope)
		if next == nil {
			break
		}
		name = next
	}
	if len(x.out.Answer) == 0 {
		x.out.Scope = 0 // negative answers and referrals (design 5.2)
	}
}

// end settles outcome and rcode. An answer that ends in nothing is still an answer
// as far as the chain went; the rcode is that of its last name (RFC 6604 §3).
func (x *explainer) end(outcome, rcode string) {
	x.out.Outcome, x.out.Rcode = outcome, rcode
}

func (x *explainer) answer(owner []byte, typ uint16, ttl uint32, rdata []byte) {
	x.out.Answer = append(x.out.Answer, steer.Record{Name: text(owner), Type: rr.TypeText(typ), TTL: ttl, Data: rr.Text(typ, rdata)})
}

// steered explains an access domain and returns the target of its CNAME, if that is
// what it answers.
func (x *explainer) steered(step *steer.Step, res zone.Result[plan.Name], name []byte) (target []byte, why said.Said) {
	d := x.domainAt(res)
	p := res.Slot.Slot.Load()
	cl, scope := x.clientFor(p.Lines)
	dec, tr := x.engine.Explain(d, cl)
	step.Kind, step.AccessDomain, step.Policy = "access_domain", d.Key().Name, string(d.Policy)
	step.Basis, step.Line, step.Pools, why = dec.Basis, dec.Line, tr.Pools, dec.Reason
	step.ChoiceSaid = dec.Choice()
	step.Choice = step.ChoiceSaid.String()
	step.TTL, step.Scope, step.Override = d.TTL, scope, steer.OrderedBy(dec.Override)
	step.UsedLines, _ = steer.Uses(x.s.model, d)
	for _, pick := range dec.Picks {
		c := steer.Candidates{Pool: pick.Pool, Weight: pick.Weight, Rule: pick.Rule.String(), Answers: pick.Answers}
		for _, e := range pick.Entries {
			_, typ := plan.RData(e.Value)
			c.Type = rr.TypeText(typ)
			c.Data = append(c.Data, display(e.Value, pick.Alias))
			c.Weights = append(c.Weights, e.Weight)
		}
		step.Candidates = append(step.Candidates, c)
	}
	if len(dec.Picks) == 0 {
		x.end("nodata", "NOERROR")
		return nil, why
	}
	pick := dec.Picks[0]
	_, typ := plan.RData(pick.Entries[0].Value)
	if typ != x.qtype && typ != dnswire.TypeCNAME && x.qtype != dnswire.TypeANY {
		x.end("nodata", "NOERROR")
		return nil, saidOtherType.With(why, rr.TypeText(typ))
	}
	for _, e := range pick.Entries[:min(pick.Answers, len(pick.Entries))] {
		rd, typ := plan.RData(e.Value)
		x.answer(name, typ, d.TTL, rd)
	}
	x.end("answer", "NOERROR")
	if typ == dnswire.TypeCNAME && x.qtype != dnswire.TypeCNAME && x.qtype != dnswire.TypeANY {
		return plan.WireName(pick.Entries[0].Value), why
	}
	return nil, why
}

func display(value string, alias bool) string {
	if alias {
		return value + "."
	}
	return value
}

// domainAt finds the access domain behind an attachment: the type tells it, but
// for one that stands for every type at its name.
func (x *explainer) domainAt(res zone.Result[plan.Name]) *traffic.AccessDomain {
	owner := strings.TrimSuffix(text(res.Node.Name), ".")
	for _, k := range []struct {
		kind int
		typ  string
	}{{zone.SteerA, "A"}, {zone.SteerAAAA, "AAAA"}, {zone.SteerCNAME, "CNAME"}} {
		if res.Node.Steer[k.kind] == res.Slot {
			if d := x.s.model.AccessDomain(owner, k.typ); d != nil {
				return d
			}
		}
	}
	panic(fmt.Sprintf("access domain at %s is in the view and not in the model", owner)) // both are stored under one lock
}

func text(wire []byte) string { return rr.NameText(wire) }
